"""Pictures of traffic: day by day, and VM by VM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, style
from vmgen_analytics.plots.mirrored import HALVES, mirrored
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAILY_BANDWIDTH = TABLES["daily_bandwidth"]
MONTHLY_BANDWIDTH = TABLES["monthly_bandwidth"]


def daily_bandwidth(daily: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the traffic of each day: received above the line, sent below it.

    Days without any report are grey gaps, and days that not every VM has reported, or that may still change, are
    lighter and hatched: neither is a day with little traffic.

    Parameters
    ----------
    daily
        Table ``daily_bandwidth``; its groups, if any, are drawn as one.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The days as mirrored steps; without a report the sentence that there is none.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    DAILY_BANDWIDTH.check(daily)
    ax = style.place(ax)
    if daily.empty or not daily["days_covered"].any():
        return style.nothing(ax, "No traffic to show: no VM has reported any in this period.")
    drawn = mirrored(ax, daily)
    style.name_halves(ax, *HALVES)
    return style.dress(ax, _moved(drawn.days), note=drawn.note)


def _moved(days: pd.DataFrame) -> str:
    first, last = days.index[0], days.index[-1]
    when = f"on {labels.day_name(first)}"
    if first != last:
        when = f"from {labels.day_name(first)} to {labels.day_name(last)}"
    sums = f"{labels.traffic(days['in_MB'].sum())} in and {labels.traffic(days['out_MB'].sum())} out"
    return f"{sums} {when}".replace("\N{NO-BREAK SPACE}", " ")


def monthly_bandwidth(
    monthly: pd.DataFrame, *, month: pd.Period | str | None = None, top: int = 12, ax: Axes | None = None
) -> Axes:
    """Draw the traffic of each VM in a month, the busiest first.

    Parameters
    ----------
    monthly
        Table ``monthly_bandwidth``, by VM, package or location.
    month
        Which month; by default the newest.
    top
        So many by name; the others are summed in one grey pair of bars.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        A pair of bars for each VM; without a report the sentence that there is none in that month.

    Raises
    ------
    SchemaError
        The frame is not the table, or ``month`` is no month.
    """
    MONTHLY_BANDWIDTH.check(monthly)
    wanted = labels.newest_month(monthly) if month is None else labels.as_month(month)
    rows = monthly[monthly["month"] == wanted]
    if wanted is None or not rows["days_covered"].any():
        when = f"in {labels.month_name(wanted)}" if wanted is not None else "yet"
        return style.nothing(ax, f"No traffic to show: no VM has reported any {when}.")
    bars = _busiest(rows, top)
    ax = style.place(ax, 1.3 + 0.42 * len(bars))
    longest = bars.loc[~bars["is_rest"], ["in_MB", "out_MB"]].max().max()
    bars["has_bar"] = bars[["in_MB", "out_MB"]].max(axis="columns") <= style.LONGEST_REST * longest
    longest = bars.loc[bars["has_bar"], ["in_MB", "out_MB"]].max().max()
    unit = labels.traffic_unit(longest)
    for column, place, colour in (("in_MB", -0.2, style.INBOUND), ("out_MB", 0.2, style.OUTBOUND)):
        lengths = bars[column].where(bars["has_bar"]).fillna(0.0) / labels.UNITS_MB[unit]
        drawn = ax.barh(np.arange(len(bars)) + place, lengths, 0.38, color=colour, edgecolor="white", linewidth=0)
        for bar, whole, rest in zip(drawn, bars["is_complete"], bars["is_rest"], strict=True):
            bar.set(alpha=1.0 if whole else style.OPEN_ALPHA + 0.1, hatch=None if whole else style.HATCH)
            if rest:
                bar.set_facecolor(style.OTHER)
    for index, row in enumerate(bars.itertuples()):
        _values(ax, index, row, unit)
    ax.set_xlim(0, 1.22 * longest / labels.UNITS_MB[unit] or 1.0)
    indent_pt = style.bar_names(ax, list(bars["name"]))
    style.number_axis(ax, "x")
    style.axis_label(ax, "x", f"{unit} in {labels.month_name(wanted)}")
    style.dress(ax, _busy(bars, rows, wanted), note=_monthly_note(bars), grid="x", indent_pt=indent_pt)
    return ax


def _busiest(rows: pd.DataFrame, top: int) -> pd.DataFrame:
    """Name, traffic and days of each pair of bars: the busiest first, then the others in one, then the silent."""
    names = labels.names(rows)
    columns = ["in_MB", "out_MB", "days_covered", "days_expected", "is_complete"]
    named = rows[columns].assign(name=[names[key] for key in labels.keyed(rows)], is_rest=False)
    order = named[["in_MB", "out_MB"]].sum(axis="columns").sort_values(ascending=False, kind="stable").index
    named = named.loc[order].reset_index(drop=True)
    rest = named.iloc[top if len(named) > top + 1 else len(named) :]
    if rest.empty:
        return named
    other = rest[columns].sum(min_count=1).to_frame().T
    other = other.assign(name=labels.others(len(rest)), is_complete=bool(rest["is_complete"].all()), is_rest=True)
    return pd.concat([named.iloc[:top], other], ignore_index=True)


def _values(ax: Axes, index: int, row: Any, unit: str) -> None:
    beside = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": style.SMALL_PT - 0.5}
    if not row.days_covered:
        style.write(ax, "no report", (0, index), color=style.MUTED, **beside)
        return
    days = f"  ({row.days_covered:,.0f} of {row.days_expected:,.0f} days)"
    after = "" if row.days_covered >= row.days_expected else days
    for amount, place, text in ((row.in_MB, -0.2, "in"), (row.out_MB, 0.2, f"out{after}")):
        if pd.notna(amount):
            length = amount / labels.UNITS_MB[unit] if row.has_bar else 0.0
            printed = f"{labels.traffic(amount, unit)} {text}"
            style.write(ax, printed, (length, index + place), color=style.INK if row.has_bar else style.MUTED, **beside)


def _busy(bars: pd.DataFrame, rows: pd.DataFrame, month: pd.Period) -> str:
    first = bars.iloc[0]
    total = rows[["in_MB", "out_MB"]].sum().sum()
    moved = f"{labels.traffic(total)} in {labels.month_name(month)}".replace("\N{NO-BREAK SPACE}", " ")
    if len(bars) == 1 or not total:
        return f"{labels.drawable(first['name'], 24)} moved {moved}"
    part = labels.percent(first[["in_MB", "out_MB"]].sum() / total)
    return f"{labels.drawable(first['name'], 24)} moved {part} of {moved}"


def _monthly_note(bars: pd.DataFrame) -> str:
    parts = ["Blue: received. Orange: sent."]
    if not bars["is_complete"].all():
        parts.append("Hatched: days without a report, or not final.")
    if not bars.loc[bars["is_rest"], "has_bar"].all():
        parts.append(style.NO_BAR)
    return " ".join(parts)
