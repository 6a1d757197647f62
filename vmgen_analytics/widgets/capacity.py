"""The capacity panel: what runs where, how it grows, what is on offer, and what a plan would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from vmgen_analytics.widgets.capacity_answer import CapacityAnswer
from vmgen_analytics.widgets.capacity_model import (
    GROUPS,
    MEASURES,
    SHOWS,
    CapacityChoices,
    CapacityData,
    Part,
)
from vmgen_analytics.widgets.capacity_steps import PlanSteps
from vmgen_analytics.widgets.controls import dropdown, offer, show_if, with_chosen
from vmgen_analytics.widgets.days import DayControls
from vmgen_analytics.widgets.explorer import Explorer
from vmgen_analytics.widgets.scope import UNKNOWN

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings
    from vmgen_analytics.widgets.explorer import Model

HIGHEST = 1e9
THROUGH_TIME = ("footprint", "growth", "changes")


class CapacityControls:
    """What a person chooses with."""

    def __init__(self) -> None:
        self.show = dropdown("Show", [(text, show) for show, text in SHOWS.items()])
        self.measure = dropdown("Measure", [(text, measure) for measure, text in MEASURES.items()])
        self.days = DayControls()
        self.by = dropdown("Group by", [(text, by) for by, text in GROUPS.items()])
        self.account, self.location, self.package = (dropdown(name) for name in ("Account", "Location", "Package"))
        self.limit = ipywidgets.BoundedFloatText(
            value=0,
            min=0,
            max=HIGHEST,
            step=1,
            description="Supposed limit (0: none)",
            style={"description_width": "initial"},
            layout={"width": "270px"},
        )
        self.plan = PlanSteps()
        parts = (self.account, self.location, self.package)
        self.all = (self.show, self.measure, *self.days.all, self.by, *parts, self.limit, self.plan)
        self._followed = CapacityChoices()

    def choices(self) -> CapacityChoices:
        """Read what is chosen; a limit that was supposed of another measure is let go."""
        measure = self.measure.value
        return CapacityChoices.of(
            {
                "show": self.show.value,
                "measure": measure,
                **self.days.chosen(),
                "by": self.by.value,
                "account": self.account.value,
                "location": self.location.value,
                "package": self.package.value,
                "limit": (self.limit.value or None) if measure == self._followed.measure else None,
                "plan": self.plan.value,
            }
        )

    def follow(self, model: Model) -> None:
        """Show the choices of a model, and what else could be chosen."""
        choices: CapacityChoices = model.choices
        data: CapacityData | None = model.data
        self._followed = choices
        self.show.value, self.measure.value, self.by.value = choices.show, choices.measure, choices.by
        self.days.follow(choices.period, choices.days(model.today), model.today)
        accounts = with_chosen([] if data is None else data.accounts, choices.account)
        offer(self.account, [("All accounts", None), *((name, name) for name in accounts)], choices.account)
        for control, name, part in (
            (self.location, "location", Part(choices.account)),
            (self.package, "package", Part(choices.account, choices.location)),
        ):
            known = None if data is None else part.of(data.places)[name]
            offer(control, _offered(name, known, getattr(choices, name)), getattr(choices, name))
        self.limit.value = choices.limit or 0
        self.plan.follow(choices.plan, data)
        self._show(choices, several=len(accounts) > 1)

    def _show(self, choices: CapacityChoices, *, several: bool) -> None:
        """Show the controls that say something about what is shown."""
        show = choices.show
        is_limited = show == "growth" and choices.package is None and choices.location != UNKNOWN
        for control, is_shown in (
            (self.measure, show != "changes"),
            (self.days.period, show in THROUGH_TIME),
            (self.by, show in ("footprint", "changes")),
            (self.account, several and show != "what_if"),
            (self.location, show != "what_if"),
            (self.package, show != "what_if"),
            (self.limit, is_limited),
            (self.plan, show == "what_if"),
        ):
            show_if(control, is_shown=is_shown)
        if show not in THROUGH_TIME:
            for field in (self.days.start, self.days.last):
                show_if(field, is_shown=False)


def _offered(name: str, known: pd.Series[Any] | None, chosen: str | None) -> list[tuple[str, str | None]]:
    """Offer everything, each name that there is, and the unknown ones if there are any."""
    names = [] if known is None else sorted(known.dropna().unique())
    options: list[tuple[str, str | None]] = [(f"All {name}s", None)]
    options += [(each, each) for each in with_chosen(names, chosen or None)]
    if chosen == UNKNOWN or (known is not None and known.isna().any()):
        options.append((f"unknown {name}", UNKNOWN))
    return options


class CapacityPlanner(Explorer):
    """What runs where, how it grows and when a limit is reached, what is on offer, and what a plan would change.

    What it takes, raises and offers is said of `Explorer`. Its ``table`` is a group a row and days in columns, or
    ``footprint_forecast``, ``fleet_changes``, ``package_catalogue`` or ``what_if``. Nothing that it does reaches the
    provider.

    Examples
    --------
    >>> panel = CapacityPlanner("no/such/archive", view={"show": "growth", "limit": 80})
    >>> panel.view
    {'show': 'growth', 'measure': 'vms', 'period': 'last 90 days', 'by': 'location', 'limit': 80}
    """

    choices_type = CapacityChoices
    data_type = CapacityData
    answer_type = CapacityAnswer
    controls_type = CapacityControls

    def __init__(
        self,
        archive: Archive | str | Path,
        *,
        settings: Settings | None = None,
        view: Mapping[str, Any] | None = None,
        today: dt.date | None = None,
    ) -> None:
        super().__init__(archive, settings=settings, view=view, today=today)
        self._controls.plan.wire(self.guarded)  # type: ignore[attr-defined]  # its own controls
