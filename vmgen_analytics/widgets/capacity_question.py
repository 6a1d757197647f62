"""What is asked of the capacity panel, and what any answer to it looks like."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from vmgen_analytics.plots import labels

if TYPE_CHECKING:
    import datetime as dt

    from matplotlib.axes import Axes

    from vmgen_analytics.settings import Settings
    from vmgen_analytics.widgets.capacity_model import CapacityChoices, CapacityData, Part
    from vmgen_analytics.widgets.days import Days

NOUNS = {
    "vms": ("VM", "VMs"),
    "vcpus": ("vCPU", "vCPUs"),
    "ram_GB": ("GB of memory", "GB of memory"),
    "disk_GB": ("GB of disk", "GB of disk"),
}
NAMES = {"vms": "VMs", "vcpus": "vCPUs", "ram_GB": "Memory", "disk_GB": "Disk"}
UNITS = {"vms": "", "vcpus": "", "ram_GB": "GB", "disk_GB": "GB"}


@dataclass(frozen=True, eq=False)
class Question:
    """Data, choices, settings and the day that the presets are of."""

    data: CapacityData
    choices: CapacityChoices
    settings: Settings
    today: dt.date

    @property
    def measure(self) -> str:
        """The measure that is chosen."""
        return self.choices.measure

    @cached_property
    def part(self) -> Part:
        """The part of the fleet that is chosen."""
        return self.choices.part

    @cached_property
    def where(self) -> str:
        """The part in words, with a blank before it; empty for everything."""
        words = self.part.in_words()
        return f" {words}" if words else ""

    @cached_property
    def days(self) -> Days:
        """The days that are chosen."""
        return self.choices.days(self.today)

    @cached_property
    def newest(self) -> pd.DataFrame:
        """The VMs of the part, of each account's last day."""
        return self.part.of(self.data.today)

    @cached_property
    def currency(self) -> str:
        """The currency of the settings, else of the price book; empty if neither names one."""
        prices = self.data.planning.prices
        return self.settings.currency or (prices.currency if prices else "")

    def unknown_sentences(self, vms: pd.DataFrame) -> list[str]:
        """Say what is not known of some VMs: location, package, size.

        Parameters
        ----------
        vms
            Rows of table ``vm_days``, one a VM.
        """
        sentences = []
        for name, way in (("location", "the setting vm_locations can tell it"), ("package", "no sync has seen it")):
            if unknown := int(vms[name].isna().sum()):
                share = _share(unknown, len(vms))
                sentences.append(f"The {name} of {share} is unknown, and shown as unknown: {way}.")
        if unknown := int(vms[["vcpus", "ram_GB", "disk_GB"]].isna().any(axis=1).sum()):
            sentences.append(f"The size of {_share(unknown, len(vms))} is unknown, and not in vCPUs, memory and disk.")
        return sentences


class Shown(Protocol):
    """The answer to one kind of question; each part is computed when it is asked for."""

    def __init__(self, question: Question) -> None: ...

    @property
    def table(self) -> pd.DataFrame:
        """The table; empty where there is nothing to show."""
        ...

    @property
    def name(self) -> str:
        """What the files are called."""
        ...

    def sentence(self) -> str:
        """The answer in a sentence."""
        ...

    def notices(self) -> list[str]:
        """What is missing, refused or not to be trusted."""
        ...

    def numbers(self) -> list[tuple[str, str, str]]:
        """Name, number and remark of each key number."""
        ...

    def axes(self) -> Axes:
        """Draw the chart."""
        ...

    def printed(self) -> str:
        """The table as HTML."""
        ...

    def small_print(self) -> list[str]:
        """What the numbers are."""
        ...

    def python(self) -> list[str]:
        """Lines that make ``table`` and ``ax`` from ``planning``."""
        ...


def amount(value: float, measure: str = "vms", *, signed: bool = False) -> str:
    """Print a number as exactly as it is, with the unit of its measure if it has one; what is missing as a dash."""
    if not math.isfinite(value):
        return labels.MISSING
    number = f"{value + 0.0:{'+' if signed and value else ''},.10g}".replace("-", labels.MINUS)
    unit = UNITS[measure]
    return f"{number}\N{NO-BREAK SPACE}{unit}" if unit else number


def told(value: float, measure: str) -> str:
    """Print a number with its noun: 1 VM, 12 GB of memory."""
    return f"{amount(value)} {NOUNS[measure][int(value != 1)]}"


def short_day(day: pd.Timestamp) -> str:
    """Print a day for a column: 23 Nov 2026; what is missing as a dash."""
    return labels.MISSING if pd.isna(day) else f"{day.day} {day.month_name()[:3]} {day.year}"


def caption(text: str) -> str:
    """Say over one of two tables what it shows."""
    return f'<div class="small"><p>{html.escape(text)}</p></div>'


def _share(part: int, whole: int) -> str:
    noun = "VM" if whole == 1 else "VMs"
    return f"{part:,} of {whole:,} {noun} ({labels.percent(part / whole)})"
