"""The picture of growth: what there was, what there may be, and when limits are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.plots.capacity import MEASURES
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

FOOTPRINT_FORECAST = TABLES["footprint_forecast"]
CAPACITY_FORECAST = TABLES["capacity_forecast"]
FOOTPRINT = TABLES["footprint"]
PERCENTILES = {"reached_p10": "P10", "reached_p50": "P50", "reached_p90": "P90"}


def footprint_forecast(
    forecast: pd.DataFrame,
    *,
    measure: str = "vms",
    past: pd.DataFrame | None = None,
    limits: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a measure may grow to, as a fan of 8 futures in 10, behind what there was and under the limits.

    Parameters
    ----------
    forecast
        Table ``footprint_forecast``.
    measure
        vms, vcpus, ram_GB or disk_GB.
    past
        Table ``footprint`` of the same place, for the way so far; its groups are summed.
    limits
        Table ``capacity_forecast`` of the same place: each limit of the measure is a line, with the days on which one
        future in ten, half of them and nine in ten have reached it.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; where nothing can be foretold it says why.

    Raises
    ------
    SchemaError
        A frame is not its table, or there is no such measure.
    """
    FOOTPRINT_FORECAST.check(forecast)
    if measure not in MEASURES:
        raise SchemaError(f"footprint_forecast has no measure {measure!r}; it has {', '.join(MEASURES)}")
    rows = forecast[forecast["measure"] == measure].sort_values("date")
    known = rows.dropna(subset=["middle"])
    way = _so_far(past, measure)
    if known.empty and way.empty:
        return style.nothing(ax, f"No growth to show: {_reason(rows)}.")
    ax = style.place(ax)
    ax.plot(
        [style.day_number(day) for day in way.index],
        way.to_numpy(),
        color=style.INK,
        linewidth=1.8,
        drawstyle="steps-post",
    )
    if len(known):
        _fan(ax, known)
    _axis(ax, way, known)
    own = _of(limits, measure)
    reach = _limits(ax, own, known, way)
    ax.set_ylim(0, 1.12 * reach or 1.0)
    _name_ends(ax, known, way)
    style.number_axis(ax, "y")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    style.axis_label(ax, "y", MEASURES[measure])
    return style.dress(ax, _title(known, way, own, measure), note=_note(rows, known, own))


def _so_far(past: pd.DataFrame | None, measure: str) -> pd.Series[float]:
    """What there was on each day; a day of which nothing is known is a gap."""
    if past is None or past.empty:
        return pd.Series(dtype="float64")
    FOOTPRINT.check(past)
    totals = past.groupby("date")[measure].sum(min_count=1).astype("float64")
    return totals.reindex(pd.date_range(totals.index.min(), totals.index.max(), unit="us"))


def _of(limits: pd.DataFrame | None, measure: str) -> pd.DataFrame:
    if limits is None:
        return CAPACITY_FORECAST.frame()
    CAPACITY_FORECAST.check(limits)
    return limits[limits["measure"] == measure]


def _reason(rows: pd.DataFrame) -> str:
    said = [str(reason) for reason in rows["reason"] if isinstance(reason, str) and reason]
    return labels.drawable(said[0], 240) if said else "the forecast has no rows of it"


def _fan(ax: Axes, known: pd.DataFrame) -> None:
    days = [style.day_number(day) for day in known["date"]]
    ax.fill_between(days, known["low"], known["high"], color=style.INBOUND, alpha=0.18, linewidth=0)
    ax.plot(days, known["middle"], color=style.INBOUND, linewidth=1.8, linestyle=(0, (4, 2)))


def _axis(ax: Axes, way: pd.Series[float], known: pd.DataFrame) -> None:
    days = [*way.index, *known["date"]]
    first, last = min(days), max(days)
    ax.set_xlim(style.day_number(first), max(style.day_number(last), style.day_number(first) + 1))
    style.day_axis(ax, pd.date_range(first, last, unit="us"))


def _limits(ax: Axes, own: pd.DataFrame, known: pd.DataFrame, way: pd.Series[float]) -> float:
    """Draw each limit that is not far beyond the rest, with its days, and say how high all that is."""
    highest = float(np.nanmax([*known["high"], *way, 0.0]))
    near = own[own["amount"] <= 3 * highest]
    for row in near.itertuples():
        _limit(ax, row)
    return float(np.nanmax([highest, *near["amount"]]))


def _limit(ax: Axes, row: Any) -> None:
    ax.axhline(row.amount, color=style.INK, linewidth=1.3)
    left, right = ax.get_xlim()
    style.write(
        ax,
        f"limit: {labels.drawable(row.limit, 44)}",
        (left, row.amount),
        xytext=(5, 4),
        textcoords="offset points",
        fontweight="bold",
    )
    days = {name: getattr(row, name) for name in PERCENTILES}
    placed = {
        name: style.day_number(day) for name, day in days.items() if pd.notna(day) and style.day_number(day) <= right
    }
    if not placed:
        return
    until = placed.get("reached_p90", right)
    ax.plot(
        [min(placed.values()), until],
        [row.amount] * 2,
        color=style.RISE,
        linewidth=5,
        alpha=0.45,
        solid_capstyle="butt",
    )
    for name, place in placed.items():
        is_middle = name == "reached_p50"
        ax.plot(
            place, row.amount, "D" if is_middle else "|", color=style.RISE, markersize=8 if is_middle else 11, zorder=5
        )
    _name_days(ax, row.amount, [(place, PERCENTILES[name], days[name]) for name, place in placed.items()])


def _name_days(ax: Axes, amount: float, marks: Sequence[tuple[float, str, pd.Timestamp]]) -> None:
    """Name the days above the limit and before the first of them, where the fan is not."""
    left, right = ax.get_xlim()
    place = marks[0][0]
    texts = [f"{name} {day.day} {day.month_name()[:3]} {day.year}" for _, name, day in marks]
    is_near = place < left + 0.55 * (right - left)  # the name of the limit stands there
    is_first = place < left + 0.2 * (right - left)
    offset = (6 if is_first else -6, 4 + (style.SMALL_PT * 1.4 if is_near else 0))
    how = {"textcoords": "offset points", "va": "bottom", "color": style.RISE, "linespacing": 1.3}
    style.write(ax, "\n".join(texts), (place, amount), xytext=offset, ha="left" if is_first else "right", **how)


def _name_ends(ax: Axes, known: pd.DataFrame, way: pd.Series[float]) -> None:
    """Print the last numbers at the right edge, and what there is now."""
    low, high = ax.get_ylim()
    if len(known):
        last = known.iloc[-1]
        step, least = style.SMALL_PT * 1.4 / (0.8 * style.size_pt(ax)[1]), -1.0
        for name, word in (("low", "at least"), ("middle", "half:"), ("high", "at most")):
            least = max((last[name] - low) / (high - low), least + step)
            how = {"xycoords": "axes fraction", "xytext": (6, 0), "textcoords": "offset points", "va": "center"}
            bold = "bold" if name == "middle" else "normal"
            style.write(ax, f"{word} {last[name]:,.0f}", (1, least), fontweight=bold, **how)
    now = way.dropna()
    if len(now) and len(known):
        how = {"xytext": (-4, 7), "textcoords": "offset points", "ha": "right", "fontweight": "bold"}
        style.write(ax, f"now {now.iloc[-1]:,.10g}", (style.day_number(now.index[-1]), now.iloc[-1]), **how)


def _title(known: pd.DataFrame, way: pd.Series[float], own: pd.DataFrame, measure: str) -> str:
    noun = MEASURES[measure]
    reached = own[own["state"].isin(["expected", "possible"])]
    for row in own[own["state"] == "reached"].itertuples():
        return f"The limit of {labels.drawable(str(row.limit), 44)} is reached"
    for row in reached.sort_values("reached_p10").itertuples():
        day = labels.day_name(pd.Timestamp(str(row.reached_p10)))
        return f"{labels.drawable(str(row.limit), 44)} may be reached from {day}"
    if known.empty:
        now = way.dropna()
        noun = noun.removesuffix("s") if len(now) and now.iloc[-1] == 1 else noun
        return (
            f"{now.iloc[-1]:,.10g} {noun} on {labels.day_name(now.index[-1])}" if len(now) else f"{noun}: nothing known"
        )
    last = known.iloc[-1]
    month = labels.month_name(last["date"].to_period("M"))
    if last["low"] == last["high"]:
        return f"{last['middle']:,.0f} {noun} in {month}, as now"
    return f"Between {last['low']:,.0f} and {last['high']:,.0f} {noun} in {month}, if it goes on as it did"


def _note(rows: pd.DataFrame, known: pd.DataFrame, own: pd.DataFrame) -> str:
    parts = ["At least and at most: so it is in 8 futures of 10." if len(known) else f"No forecast: {_reason(rows)}."]
    if own[list(PERCENTILES)].notna().any(axis=None):
        parts.append("P10, P50, P90: the limit is reached by then in 1, 5 and 9 futures of 10.")
    told = own[own["reason"].fillna("").ne("") & ~own["reason"].isin(rows["reason"])]
    parts += [
        f"{labels.drawable(limit, 44)}: {labels.drawable(reason, 200)}."
        for limit, reason in zip(told["limit"], told["reason"], strict=True)
    ]
    return style.small_print(parts)
