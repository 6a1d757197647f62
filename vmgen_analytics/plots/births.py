"""The picture of how the fleet changes: births and deaths, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from vmgen_analytics.capacity.poisson import LEVEL, poisson_interval
from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLEET_CHANGES = TABLES["fleet_changes"]
BORN, DIED = style.INBOUND, style.MUTED
BAR = 0.62
COUNTS = ["days_observed", "entered", "births", "deaths", "unsure", "vms_end"]


def fleet_changes(changes: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw births above the line and deaths below it, each with the interval of the number that was to be expected.

    Parameters
    ----------
    changes
        Table ``fleet_changes``; its accounts and groups are drawn as one, with intervals of 80 % of their sum.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The bars, month by month; without rows the sentence that no account has been observed yet.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    FLEET_CHANGES.check(changes)
    if changes.empty:
        return style.nothing(ax, "No births or deaths to show: no account has been observed by a whole sync yet.")
    ax = style.place(ax)
    months = _by_month(changes)
    places = np.arange(len(months))
    for name, sign, colour in (("births", 1, BORN), ("deaths", -1, DIED)):
        _bars(ax, months, name, sign, colour)
    style.grey(ax, months["births"].isna().to_numpy(), np.arange(len(months) + 1) - 0.5)
    ax.axhline(0, color=style.INK, linewidth=0.9)
    pad = max(0.05, (4 - len(months)) / 2)
    ax.set(xlim=(-0.5 - pad, places[-1] + 0.5 + pad), ylim=_limits(months))
    style.month_axis(ax, pd.PeriodIndex(months.index))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    style.number_axis(ax, "y", lambda value: f"{abs(value):,.10g}")
    style.axis_label(ax, "y", "VMs a month, births above, deaths below")
    style.name_halves(ax, ("births", BORN), ("deaths", DIED))
    return style.dress(ax, _title(months), note=_note(months))


def _by_month(changes: pd.DataFrame) -> pd.DataFrame:
    """Give one row a month, without holes in the calendar, and the accounts and groups of a month together."""
    by_month = changes.groupby("month")
    sums = by_month[COUNTS].sum().astype("float64")
    sums["days_observed"] = by_month["days_observed"].max()
    for name in ("births", "deaths"):
        ends = [f"{name}_low", f"{name}_high"]
        if by_month.ngroups == len(changes):
            sums[ends] = by_month[ends].first()
        else:
            sums[ends] = [poisson_interval(int(count), LEVEL) for count in sums[name]]
    return sums.reindex(pd.period_range(sums.index.min(), sums.index.max(), freq="M"))


def _bars(ax: Axes, months: pd.DataFrame, name: str, sign: int, colour: str) -> None:
    places = np.arange(len(months))
    counts, low, high = (months[column].to_numpy() for column in (name, f"{name}_low", f"{name}_high"))
    is_part = (months["days_observed"] < pd.PeriodIndex(months.index).days_in_month).to_numpy()
    for bar, unfinished in zip(ax.bar(places, sign * np.nan_to_num(counts), BAR, color=colour), is_part, strict=True):
        if unfinished:
            bar.set(hatch=style.HATCH, alpha=style.OPEN_ALPHA, edgecolor="white")
    ax.vlines(places, sign * low, sign * high, color=style.INK, linewidth=1.1)
    if len(months) > 18:  # numbers would touch each other
        return
    beyond = {"textcoords": "offset points", "xytext": (3, 2 * sign), "va": "bottom" if sign > 0 else "top"}
    for place, count in zip(places.tolist(), counts, strict=True):
        if count > 0:
            style.write(ax, f"{count:,.0f}", (place, sign * count), fontweight="bold", **beyond)


def _limits(months: pd.DataFrame) -> tuple[float, float]:
    low, high = float(months["deaths_high"].max()), float(months["births_high"].max())
    room = 0.09 * (low + high)
    return -low - room, high + room


def _title(months: pd.DataFrame) -> str:
    births, deaths = int(months["births"].sum()), int(months["deaths"].sum())
    first, last = (labels.month_name(month) for month in (months.index[0], months.index[-1]))
    when = f"in {first}" if first == last else f"from {first} to {last}"
    left = counted(int(months["vms_end"].iloc[-1]), "VM")
    if not births and not deaths:
        return f"No VM came or went {when}: {left}"
    return f"{counted(births, 'VM')} came and {deaths:,} went {when}: {left} at the end"


def _note(months: pd.DataFrame) -> str:
    parts = ["Line: the number that was to be expected is on it in 8 months of 10 (Poisson)."]
    if (months["days_observed"] < pd.PeriodIndex(months.index).days_in_month).any():
        parts.append("Hatched: observed in part.")
    if months["births"].isna().any():
        parts.append("Grey: not observed.")
    entered, unsure = int(months["entered"].sum()), int(months["unsure"].sum())
    if entered:
        parts.append(f"{counted(entered, 'VM')} ran when first looked at: no births.")
    if unsure:
        parts.append(f"{unsure:,} of them may belong to a month beside.")
    return style.small_print(parts)
