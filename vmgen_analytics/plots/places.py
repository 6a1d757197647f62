"""The picture of what runs where: a small chart for each group, all of one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from vmgen_analytics.plots import labels, stacks, style
from vmgen_analytics.plots.capacity import MEASURES, NOTHING, check, what_is_unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4
CHART_IN = 1.55
"""Height of a row of small charts."""


def footprint_multiples(footprint: pd.DataFrame, *, measure: str = "vms", top: int = 8, ax: Axes | None = None) -> Axes:
    """Draw what runs in each group by itself, day by day, so that a small one can be read beside a large one.

    Parameters
    ----------
    footprint
        Table ``footprint``, by location, package or nothing.
    measure
        vms, vcpus, ram_GB or disk_GB.
    top
        So many groups by name; the others are summed in one grey chart.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture, with a small chart in it for each group, all of one scale; without rows it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table, or it has no such measure.
    """
    check(footprint, measure)
    if footprint.empty:
        return style.nothing(ax, NOTHING)
    days = pd.date_range(footprint["date"].min(), footprint["date"].max(), unit="us")
    known = days.isin(footprint["date"])
    bands = stacks.bands(footprint, "date", days, measure, top)
    columns = min(len(bands), COLUMNS)
    rows = -(-len(bands) // columns)
    ax = style.place(ax, 0.9 + CHART_IN * rows)
    highest = max(float(band.heights.max()) for band in bands) or 1.0
    for place, band in enumerate(bands):
        small = _small(ax, place, rows, columns)
        _draw(small, band, days, known, highest)
        small.set_title(
            labels.drawable(band.name, 24), loc="left", y=1.0, fontsize=style.TEXT_PT, color=style.INK, **style.plain()
        )
        if place % columns:
            small.tick_params(labelleft=False)
        if place + columns < len(bands):
            small.tick_params(labelbottom=False)
    note = [f"{MEASURES[measure]}, all charts of one scale.", labels.by(labels.group_of(footprint))]
    note += what_is_unknown(footprint, measure, int((~known).sum()))
    style.dress(ax, _most(bands, measure, days[-1]), note=style.small_print(note))
    ax.set_axis_off()
    return ax


def _small(ax: Axes, place: int, rows: int, columns: int) -> Axes:
    line, column = divmod(place, columns)
    width, height = 1 / columns, 1 / rows
    head, foot = 0.2 * height, 0.14 * height
    bounds = (column * width + 0.012, 1 - (line + 1) * height + foot, width - 0.05, height - head - foot)
    return ax.inset_axes(bounds)


def _draw(small: Axes, band: stacks.Band, days: pd.DatetimeIndex, known: np.ndarray[Any, Any], highest: float) -> None:
    """One group: an area, its last value, and grey where nothing is known."""
    edges = style.day_edges(days)
    heights = np.where(known, band.heights, np.nan)
    style.steps(small, heights, edges, facecolor=band.colour, alpha=0.85)
    style.steps(small, heights, edges, baseline=None, fill=False, edgecolor=style.INK, linewidth=0.8)
    style.grey(small, ~known, edges)
    small.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.18 * highest))
    style.dress_small(small)
    small.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    ends = [days[0], days[-1]] if len(days) > 1 else [days[0]]
    small.set_xticks(
        [edges[0], edges[-1]][: len(ends)],
        [f"{day.day} {day.month_name()[:3]} {day.year % 100:02}" for day in ends],
    )
    for label, is_last in zip(small.get_xticklabels(), (False, True), strict=False):
        label.set_horizontalalignment("right" if is_last else "left")
    how = {"xytext": (3, 0), "textcoords": "offset points", "va": "center", "fontweight": "bold"}
    style.write(small, f"{band.heights[-1]:,.10g}", (edges[-1], band.heights[-1]), annotation_clip=False, **how)


def _most(bands: list[stacks.Band], measure: str, day: pd.Timestamp) -> str:
    total = sum(float(band.heights[-1]) for band in bands)
    noun = MEASURES[measure]
    largest = max(bands, key=lambda band: float(band.heights[-1]))
    when = labels.day_name(day)
    if len(bands) == 1 or not total:
        return f"{total:,.10g} {noun if total != 1 else noun.removesuffix('s')} on {when}"
    share = labels.percent(float(largest.heights[-1]) / total)
    return f"{labels.drawable(largest.name, 24)} has {share} of the {total:,.10g} {noun} on {when}"
