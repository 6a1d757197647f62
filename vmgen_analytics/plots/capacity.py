"""Pictures of capacity: what runs where, through time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, stacks, style
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOOTPRINT = TABLES["footprint"]
NOTHING = "No footprint to show: no VM is known in this period."
MEASURES = {"vms": "VMs", "vcpus": "vCPUs", "ram_GB": "GB of RAM", "disk_GB": "GB of disk"}


def footprint(
    footprint: pd.DataFrame,
    *,
    measure: str = "vms",
    top: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw what runs, day by day, stacked by the group of the table.

    Parameters
    ----------
    footprint
        Table ``footprint``, by location, package or nothing.
    measure
        vms, vcpus, ram_GB or disk_GB.
    top
        So many groups by name; the others are one grey band with their number.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The days as stacked steps; without rows the sentence that no VM is known.

    Raises
    ------
    SchemaError
        The frame is not the table, or it has no such measure.
    """
    check(footprint, measure)
    ax = style.place(ax)
    if footprint.empty:
        return style.nothing(ax, NOTHING)
    days = pd.date_range(footprint["date"].min(), footprint["date"].max(), unit="us")
    known = days.isin(footprint["date"])
    bands = stacks.bands(footprint, "date", days, measure, top)
    edges = style.day_edges(days)
    base = np.zeros(len(days))
    for band in bands:
        tops = np.where(known, base + band.heights, np.nan)
        style.steps(ax, tops, edges, baseline=np.where(known, base, np.nan), facecolor=band.colour)
        style.steps(ax, tops, edges, baseline=None, fill=False, edgecolor="white", linewidth=0.6)
        base = base + band.heights
    style.grey(ax, ~known, edges)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.08 * base.max() or 1.0))
    style.day_axis(ax, days)
    style.number_axis(ax, "y")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    style.axis_label(ax, "y", MEASURES[measure])
    title = _stands(base, days, measure)
    parts = [labels.by(labels.group_of(footprint)), "VMs that exist, whatever their state."]
    unknown = what_is_unknown(footprint, measure, int((~known).sum()))
    style.dress(ax, title, note=style.small_print([*parts, *unknown]))
    if labels.group_of(footprint):
        stacks.name_bands(ax, bands, edges[-1])
    return ax


def check(footprint: pd.DataFrame, measure: str) -> None:
    """Hold a frame against the table ``footprint``, and a measure against those that it has.

    Raises
    ------
    SchemaError
        One of them is none.
    """
    FOOTPRINT.check(footprint)
    if measure not in MEASURES:
        raise SchemaError(f"footprint has no measure {measure!r}; it has {', '.join(MEASURES)}")


def _stands(totals: np.ndarray[Any, Any], days: pd.DatetimeIndex, measure: str) -> str:
    now, then = totals[-1], totals[0]
    noun = MEASURES[measure] if now != 1 else MEASURES[measure].removesuffix("s")
    sentence = f"{now:,.10g} {noun} on {labels.day_name(days[-1])}"
    if len(days) == 1:
        return sentence
    change = "as many as" if now == then else f"{abs(now - then):,.10g} {'more' if now > then else 'fewer'} than"
    return f"{sentence}, {change} on {labels.day_name(days[0])}"


def what_is_unknown(footprint: pd.DataFrame, measure: str, gaps: int) -> list[str]:
    """Say what a picture of a footprint cannot show: VMs of unknown size, and days of which nothing is known."""
    parts = []
    last = footprint[footprint["date"] == footprint["date"].max()]
    share = np.average(last["known_share"].fillna(0.0), weights=last["vms"]) if last["vms"].sum() else 1.0
    if measure != "vms" and share < 1:
        parts.append(f"The size of {labels.percent(1 - share)} of the VMs is unknown and not in the picture.")
    if gaps:
        parts.append(f"Grey: {counted(gaps, 'day')} of which nothing is known.")
    return parts
