"""What the capacity panel says about its data and choices: numbers and sentences, without any widget."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.widgets.capacity_catalogue import CatalogueShown
from vmgen_analytics.widgets.capacity_changes import ChangesShown
from vmgen_analytics.widgets.capacity_code import reproduction
from vmgen_analytics.widgets.capacity_footprint import FootprintShown
from vmgen_analytics.widgets.capacity_growth import GrowthShown
from vmgen_analytics.widgets.capacity_question import Question
from vmgen_analytics.widgets.capacity_what_if import WhatIfShown
from vmgen_analytics.widgets.syncs import fetched, state_of_syncs

if TYPE_CHECKING:
    import datetime as dt

    from matplotlib.axes import Axes

    from vmgen_analytics.settings import Settings
    from vmgen_analytics.widgets.capacity_model import CapacityChoices, CapacityData
    from vmgen_analytics.widgets.capacity_question import Shown

KINDS: dict[str, type[Shown]] = {
    "footprint": FootprintShown,
    "growth": GrowthShown,
    "changes": ChangesShown,
    "catalogue": CatalogueShown,
    "what_if": WhatIfShown,
}
READ_AGAIN = "then press Read again."


class CapacityAnswer:
    """Everything that the panel shows for one set of choices: one kind of answer, and what is common to all of them."""

    def __init__(self, data: CapacityData, choices: CapacityChoices, settings: Settings, today: dt.date) -> None:
        self.asked = Question(data, choices, settings, today)
        self.data = data
        self.settings = settings
        self.shown = KINDS[choices.show](self.asked)

    @cached_property
    def missing(self) -> str:
        """Say what there is nothing of, where the kind of answer cannot be given at all; empty if it can."""
        if self.data.is_empty:
            return "The archive is empty"
        is_of_vms = self.asked.choices.show != "catalogue"
        if is_of_vms and self.data.planning.days.empty:
            return "No VM is known yet"
        is_of_part = self.asked.choices.show == "growth"
        return f"No VM{self.asked.where} runs now" if is_of_part and self.asked.newest.empty else ""

    @property
    def table(self) -> pd.DataFrame:
        """The table of the panel."""
        return pd.DataFrame() if self.missing else self.shown.table

    @property
    def name(self) -> str:
        """What the files are called, without their ending."""
        return self.shown.name

    def sentence(self) -> str:
        """Say the answer."""
        return self.missing or self.shown.sentence()

    def notices(self) -> list[str]:
        """Say what a reader must know before trusting the numbers: what is missing, refused or old."""
        if self.data.is_empty:
            return [f"The archive is empty: fill it with vmgen-analytics sync, {READ_AGAIN}"]
        if self.missing and self.data.planning.days.empty:
            return [f"No VM is known yet: sync, {READ_AGAIN}", *self._syncs()]
        said = ["Choose another account, location or package."] if self.missing else self.shown.notices()
        return [*said, *self._syncs()]

    def numbers(self) -> list[tuple[str, str, str]]:
        """Name, number and remark of each key number."""
        return self.shown.numbers()

    def axes(self) -> Axes:
        """Draw the chart."""
        return self.shown.axes()

    def printed(self) -> str:
        """The table as HTML."""
        return self.shown.printed()

    def small_print(self) -> list[str]:
        """Say what the numbers are: source, zone, what counts, when they were fetched."""
        if self.missing or self.table.empty:
            return []
        zones = sorted({self.settings.zone(account).key for account in self.data.accounts})
        source = f"From the provider's inventories and catalogues, days of {' and '.join(zones)}."
        return [*self.shown.small_print(), f"{source} Fetched {fetched(self.data.syncs)}."]

    def python(self, url: str) -> str:
        """The script that ends with the same ``table`` and with ``ax``, its chart."""
        return reproduction(self, url)

    def _syncs(self) -> list[str]:
        return state_of_syncs(self.data.syncs, self.settings, self.asked.today)
