"""The calendar of traffic: a column a week, a cell a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.plots.mirrored import by_day
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

DAILY_BANDWIDTH = TABLES["daily_bandwidth"]
DIRECTIONS = {"sum": "received and sent", "in": "received", "out": "sent"}
COLOURS = "YlGnBu"
"""From light for little to dark for much, so that it reads the same to colour-blind eyes and in print."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEK_DAYS = 7
MOST_WEEKS = 54
"""A year has no more; a longer calendar has a block for each year."""
NUMBERED_WEEKS = 20
"""So many weeks are wide enough for the day of the month in each cell."""
LEAST_WEEKS = 10
"""So many have room at least: a cell is no bar."""
FARTHEST = 4.0
"""The darkest colour is for so many middling days at most: one spike must not make all others pale."""


@dataclass(frozen=True)
class Cells:
    """Where each day stands: ``week`` from the left and ``row`` from the top, in ``blocks`` of ``weeks``."""

    week: np.ndarray[Any, np.dtype[np.int64]]
    row: np.ndarray[Any, np.dtype[np.int64]]
    weeks: int
    blocks: tuple[int, ...]
    """The first row of each."""

    @classmethod
    def of(cls, days: pd.DatetimeIndex) -> Cells:
        """Lay out days that follow one another."""
        span = (days[-1] - days[0]).days + days[0].weekday()
        is_long = span // WEEK_DAYS + 1 > MOST_WEEKS
        start = pd.to_datetime(days.year.astype("str") + "-01-01") if is_long else days[:1].repeat(len(days))
        weekday = days.day_of_week.to_numpy()
        week = ((days - start).days.to_numpy() + start.day_of_week.to_numpy()) // WEEK_DAYS
        block = (days.year - days.year[0]).to_numpy() if is_long else np.zeros(len(days), dtype="int64")
        firsts = tuple(int(each) * (WEEK_DAYS + 1) for each in np.unique(block))
        return cls(week - week.min(), block * (WEEK_DAYS + 1) + weekday, int(week.max() - week.min()) + 1, firsts)


def calendar_map(daily: pd.DataFrame, *, direction: str = "sum", ax: Axes | None = None) -> Axes:
    """Draw each day of traffic as a cell of a calendar, the darker the more.

    A day without any report is hatched and has no colour. A day that not every VM has reported, or that may still
    change, has a dot: it may be darker than it is shown.

    Parameters
    ----------
    daily
        Table ``daily_bandwidth``; its groups, if any, are drawn as one.
    direction
        sum, in or out.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The calendar; without a report the sentence that there is none.

    Raises
    ------
    SchemaError
        The frame is not the table, or there is no such direction.
    """
    DAILY_BANDWIDTH.check(daily)
    if direction not in DIRECTIONS:
        raise SchemaError(f"no direction {direction!r}; there are {', '.join(DIRECTIONS)}")
    if daily.empty or not daily["days_covered"].any():
        return style.nothing(ax, "No calendar to show: no VM has reported any traffic.")
    days = by_day(daily)
    calendar = pd.DatetimeIndex(days.index)
    cells = Cells.of(calendar)
    ax = style.place(ax, _height_in(cells))
    moved = days["in_MB"] + days["out_MB"] if direction == "sum" else days[f"{direction}_MB"]
    unit = labels.traffic_unit(moved.max())
    amounts = moved.to_numpy() / labels.UNITS_MB[unit]
    is_cut = _draw_days(ax, cells, amounts, days, f"{unit} a day, {DIRECTIONS[direction]}")
    _name_days(ax, cells, calendar)
    silent = int(np.isnan(amounts).sum())
    partial = int((~days["is_complete"].to_numpy() & ~np.isnan(amounts)).sum())
    style.dress(ax, _busiest(moved, days["is_complete"]), note=_note(silent, partial, is_cut))
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def _height_in(cells: Cells) -> float:
    wide = 7.4 / max(cells.weeks, LEAST_WEEKS)
    return min(
        0.95 + max(wide, 0.2) * (cells.blocks[-1] + WEEK_DAYS) * (0.6 if cells.weeks <= NUMBERED_WEEKS else 1), 9
    )


def _draw_days(ax: Axes, cells: Cells, amounts: np.ndarray[Any, Any], days: pd.DataFrame, label: str) -> bool:
    """Draw the cells and their colour bar, and tell whether days are beyond its end."""
    known = amounts[~np.isnan(amounts)]
    usual = float(np.median(known[known > 0])) if (known > 0).any() else 0.0
    end = min(float(known.max()), FARTHEST * usual) or 1.0
    is_cut = bool(known.max() > end)
    grid = np.full((cells.blocks[-1] + WEEK_DAYS, cells.weeks), np.nan)
    grid[cells.row, cells.week] = amounts
    corners = np.arange(cells.weeks + 1) - 0.5, np.arange(len(grid) + 1) - 0.5
    look: dict[str, Any] = {"cmap": COLOURS, "norm": Normalize(0, end), "edgecolor": "white", "linewidth": 1.2}
    mesh = ax.pcolormesh(*corners, np.ma.masked_invalid(grid), **look)
    silent = np.isnan(amounts)
    if silent.any():
        places = zip(cells.week[silent], cells.row[silent], strict=True)
        boxes = [Rectangle((week - 0.44, row - 0.44), 0.88, 0.88) for week, row in places]
        edge: dict[str, Any] = {"facecolor": "white", "edgecolor": style.UNKNOWN, "linewidth": 0.7, "hatch": "/////"}
        ax.add_collection(PatchCollection(boxes, **edge))
    partial = ~days["is_complete"].to_numpy() & ~silent
    ax.scatter(
        cells.week[partial] + 0.3, cells.row[partial] + 0.28, s=9, color="white", edgecolor=style.INK, linewidth=0.6
    )
    if cells.weeks <= NUMBERED_WEEKS:
        _number_days(ax, cells, pd.DatetimeIndex(days.index), amounts, mesh)
    beside = ax.inset_axes((1.015, 0.02, 0.016, 0.84))
    bar = ax.figure.colorbar(mesh, cax=beside, extend="max" if is_cut else "neither")
    bar.outline.set_visible(False)
    bar.ax.yaxis.set_major_locator(MaxNLocator(4))
    style.number_axis(bar.ax, "y")
    bar.ax.tick_params(colors=style.MUTED, labelsize=style.SMALL_PT, labelcolor=style.INK)
    style.axis_label(bar.ax, "y", label)
    return is_cut


def _number_days(
    ax: Axes, cells: Cells, calendar: pd.DatetimeIndex, amounts: np.ndarray[Any, Any], mesh: ScalarMappable
) -> None:
    """Write the day of the month into each cell, in what stands out from its colour."""
    for week, row, day, amount in zip(cells.week, cells.row, calendar.day, amounts, strict=True):
        red, green, blue, _ = mesh.to_rgba(amount) if np.isfinite(amount) else (1, 1, 1, 1)
        is_dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        how = {"ha": "center", "va": "center", "fontsize": style.SMALL_PT - 1}
        style.write(ax, str(day), (week, row), color="white" if is_dark else style.INK, **how)


def _name_days(ax: Axes, cells: Cells, calendar: pd.DatetimeIndex) -> None:
    """Name weekdays at the left and months above their first whole week; a line parts the months."""
    rows = [first + row for first in cells.blocks for row in range(WEEK_DAYS)]
    every = 1 if cells.weeks <= NUMBERED_WEEKS else 2
    ax.set_yticks(
        rows[::1], [name if row % every == 0 else "" for _ in cells.blocks for row, name in enumerate(WEEKDAYS)]
    )
    ax.set(xlim=(-0.6, max(cells.weeks, LEAST_WEEKS) - 0.4), ylim=(cells.blocks[-1] + WEEK_DAYS - 0.4, -1.6))
    ax.set_xticks([])
    ax.tick_params(length=0)
    _month_names(ax, cells, calendar)
    _month_lines(ax, cells, calendar)


def _month_names(ax: Axes, cells: Cells, calendar: pd.DatetimeIndex) -> None:
    months = calendar.to_period("M")
    tops = cells.row - calendar.day_of_week.to_numpy()
    is_wide = cells.weeks <= NUMBERED_WEEKS
    letter = style.SMALL_PT * 0.66 / (0.85 * style.size_pt(ax)[0]) * max(cells.weeks, LEAST_WEEKS)
    named_block, free = -1, 0.0
    for place in np.flatnonzero(~months.duplicated()).tolist():
        week, top = int(cells.week[place]), int(tops[place])
        if top != named_block:
            free = -1.0
        is_first = free < 0 or months[place].month == 1
        name = labels.month_name(months[place])
        name = name if is_wide else f"{name[:3]} {months[place].year}"
        text = name if is_first else name.split()[0]
        if week >= free:
            style.write(ax, text, (week - 0.5, top - 0.62), color=style.MUTED, va="bottom", annotation_clip=False)
            named_block, free = top, week + letter * (len(text) + 1)


def _month_lines(ax: Axes, cells: Cells, calendar: pd.DatetimeIndex) -> None:
    """Part the months: a stair between the last day of one and the first day of the next."""
    for place in np.flatnonzero(calendar.day == 1).tolist():
        week, row, weekday = int(cells.week[place]), int(cells.row[place]), int(calendar[place].weekday())
        if place == 0 or cells.row[place - 1] - row > WEEK_DAYS or row > cells.row[place - 1] + 1:
            continue
        top, left, right = row - weekday - 0.5, week - 0.5, week + 0.5
        xs, ys = [left, left], [row - 0.5, row - weekday + WEEK_DAYS - 0.5]
        if weekday:
            xs, ys = [right, right, *xs], [top, row - 0.5, *ys]
        ax.plot(xs, ys, color=style.INK, linewidth=0.9, solid_capstyle="butt", clip_on=False)


def _busiest(moved: pd.Series[float], is_complete: pd.Series[bool]) -> str:
    final = moved[is_complete]
    known = final if final.notna().any() else moved
    day = pd.Timestamp(str(known.idxmax()))
    amount = labels.traffic(float(known.max())).replace("\N{NO-BREAK SPACE}", " ")
    if len(moved) == 1:
        return f"{amount} on {day.day_name()}, {labels.day_name(day)}"
    usual = labels.traffic(float(known.median())).replace("\N{NO-BREAK SPACE}", " ")
    return f"Most on {day.day_name()}, {labels.day_name(day)}: {amount}; a middling day has {usual}"


def _note(silent: int, partial: int, is_cut: bool) -> str:
    parts = ["A column is a week."]
    if silent:
        parts.append(f"Hatched: {counted(silent, 'day')} without any report.")
    if partial:
        parts.append(f"Dot: {counted(partial, 'day')} with reports missing or not final.")
    if is_cut:
        parts.append(f"End of the scale: {FARTHEST:g} middling days or more.")
    return style.small_print(parts)
