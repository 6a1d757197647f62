"""Traffic by day as two rows of steps: received above the line, sent below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, style
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Mirrored:
    """What was drawn: ``days`` (a row a day without holes, MB), its ``unit``, and which days are silent or partial."""

    days: pd.DataFrame
    unit: str
    silent: np.ndarray[Any, np.dtype[np.bool_]]
    partial: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def note(self) -> str:
        """The small print about its days."""
        return days_note(int(self.silent.sum()), int(self.partial.sum()))


def by_day(daily: pd.DataFrame) -> pd.DataFrame:
    """Give one row a day, without holes in the calendar, and the groups of a day together.

    Parameters
    ----------
    daily
        Table ``daily_bandwidth`` with one row at least.

    Returns
    -------
    DataFrame
        By date: in_MB and out_MB (missing where no VM reported), days_covered, is_complete.
    """
    days = daily.groupby("date").agg(
        in_MB=("in_MB", lambda values: values.sum(min_count=1)),
        out_MB=("out_MB", lambda values: values.sum(min_count=1)),
        days_covered=("days_covered", "sum"),
        is_complete=("is_complete", "all"),
    )
    days = days.reindex(pd.date_range(days.index.min(), days.index.max(), unit="us"))
    filled: dict[str, Any] = {"days_covered": days["days_covered"].fillna(0)}
    days = days.assign(**filled, is_complete=days["is_complete"].eq(other=True))
    is_known = days["days_covered"] > 0
    return days.assign(in_MB=days["in_MB"].where(is_known), out_MB=days["out_MB"].where(is_known))


HALVES = ("received", style.INBOUND), ("sent", style.SENT_TEXT)


def mirrored(ax: Axes, daily: pd.DataFrame) -> Mirrored:
    """Draw the days with their axes; what it is about, and the title, are the caller's.

    Parameters
    ----------
    ax
        Where to draw.
    daily
        Table ``daily_bandwidth`` with a report at least.
    """
    days = by_day(daily)
    calendar = pd.DatetimeIndex(days.index)
    unit = labels.traffic_unit(max(days["in_MB"].max(), days["out_MB"].max()))
    edges = style.day_edges(calendar)
    whole = days["is_complete"].to_numpy()
    for name, sign, colour in (("in_MB", 1, style.INBOUND), ("out_MB", -1, style.OUTBOUND)):
        heights = sign * days[name].to_numpy() / labels.UNITS_MB[unit]
        _steps(ax, np.where(whole, heights, np.nan), edges, facecolor=colour)
        partly = {"facecolor": colour, "edgecolor": "white", "alpha": style.OPEN_ALPHA, "hatch": style.HATCH}
        _steps(ax, np.where(whole, np.nan, heights), edges, **partly)
    silent = days["days_covered"].to_numpy() == 0
    style.grey(ax, silent, edges)
    ax.axhline(0, color=style.INK, linewidth=0.9)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(*_limits(days[["in_MB", "out_MB"]].max().fillna(0.0) / labels.UNITS_MB[unit]))
    style.day_axis(ax, calendar)
    style.number_axis(ax, "y", lambda value: f"{abs(value):,.10g}")
    style.axis_label(ax, "y", f"{unit} a day, received above, sent below")
    return Mirrored(days, unit, silent, ~whole & ~silent)


def days_note(silent: int, partial: int) -> str:
    """Say which days are not whole, as the small print of a picture of days."""
    if not silent and not partial:
        return "Every VM has reported every day."
    parts = ["Days with reports only."]
    if silent:
        parts.append(f"Grey: {counted(silent, 'day')} without any report.")
    if partial:
        parts.append(f"Hatched: {counted(partial, 'day')} with reports missing or not final.")
    return " ".join(parts)


def _steps(ax: Axes, heights: np.ndarray[Any, Any], edges: np.ndarray[Any, Any], **how: Any) -> None:
    if not np.isnan(heights).all():
        style.steps(ax, heights, edges, **how)


def _limits(most: pd.Series[float]) -> tuple[float, float]:
    """Leave a tenth of room beyond the busiest day of each direction."""
    low, high = -float(most["out_MB"]), float(most["in_MB"])
    room = 0.1 * (high - low)
    return (low - room, high + room) if room else (-1.0, 1.0)
