"""Pictures of money: what each month cost, and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, stacks, style
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONTHLY_COSTS = TABLES["monthly_costs"]
BAR = 0.78


def monthly_costs(
    monthly: pd.DataFrame,
    *,
    currency: str = "",
    open_month: pd.Period | None = None,
    top: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each month cost, stacked by the group of the table, with the total on top.

    Parameters
    ----------
    monthly
        Table ``monthly_costs``, by VM, package, location or nothing.
    currency
        Printed beside the numbers; nothing is converted.
    open_month
        A month that is not over: hatched, and left out of the comparison in the title.
    top
        So many groups by name; the others are one grey band with their number.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; without rows it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    MONTHLY_COSTS.check(monthly)
    ax = style.new_axes() if ax is None else ax
    if monthly.empty:
        return style.nothing(ax, "No costs to show: no invoice has been allocated yet.")
    months = pd.period_range(monthly["month"].min(), monthly["month"].max(), freq="M")
    pad = max(0.05, (4 - len(months)) / 2)
    bands = stacks.bands(monthly, "month", months, "allocated_cost", top)
    x = np.arange(len(months))
    is_open = months == open_month
    up, down = np.zeros(len(months)), np.zeros(len(months))
    for band in bands:
        base = np.where(band.heights >= 0, up, down)
        bars = ax.bar(x, band.heights, BAR, bottom=base, color=band.colour, edgecolor="white", linewidth=0.6)
        for bar, unfinished in zip(bars, is_open, strict=True):
            if unfinished:
                bar.set(hatch=style.HATCH, alpha=style.OPEN_ALPHA)
        up, down = up + band.heights.clip(min=0), down + band.heights.clip(max=0)
    present = monthly.groupby("month")["allocated_cost"].sum(min_count=1).reindex(months)
    ax.set(xlim=(-0.5 - pad, len(months) - 0.5 + pad), ylim=(1.02 * down.min(), 1.1 * up.max() or 1.0))
    _totals(ax, present, up, currency)
    _month_axis(ax, months, open_month)
    style.axis_label(ax, "y", f"cost a month{f' [{currency}]' if currency else ''}")
    style.number_axis(ax, "y")
    style.dress(ax, _spent(present, open_month, currency), note=_note(present, open_month, labels.group_of(monthly)))
    if labels.group_of(monthly):
        stacks.name_bands(ax, bands, len(months) - 1 + BAR / 2)
    return ax


def _totals(ax: Axes, totals: pd.Series[Any], tops: np.ndarray[Any, Any], currency: str) -> None:
    decimals = 0 if totals.abs().max() >= 100 else 2
    width_pt = style.size_pt(ax)[0] * 0.82
    widest = max(len(labels.money(total, decimals=decimals)) for total in totals) * style.SMALL_PT * 0.68
    every = max(int(np.ceil(len(totals) * widest / width_pt)), 1)
    for index in range(len(totals) - 1, -1, -every):
        total = totals.iloc[index]
        text = labels.money(total, currency if len(totals) == 1 else "", decimals=decimals)
        lift = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center", "fontweight": "bold"}
        style.write(ax, "no data" if pd.isna(total) else text, (index, tops[index]), **lift)


def _month_axis(ax: Axes, months: pd.PeriodIndex, open_month: pd.Period | None) -> None:
    every = -(-len(months) // 14)
    shown = range((len(months) - 1) % every, len(months), every)
    texts = []
    for place, index in enumerate(shown):
        month = months[index]
        text = labels.month_name(month)[:3]
        text += f"\n{month.year}" if place == 0 or month.month <= every else ""
        texts.append(f"{text}\nso far" if month == open_month else text)
    ax.set_xticks(list(shown), texts)


def _spent(totals: pd.Series[Any], open_month: pd.Period | None, currency: str) -> str:
    newest = totals.index[-1]
    decimals = 0 if totals.abs().max() >= 100 else 2
    spent = labels.money(totals.iloc[-1], currency, decimals=decimals)
    if newest == open_month:
        return f"{labels.month_name(newest)} has cost {spent} so far"
    sentence = f"{labels.month_name(newest)} cost {spent}"
    before = totals.iloc[-2] if len(totals) > 1 else np.nan
    if pd.isna(before) or before <= 0 or pd.isna(totals.iloc[-1]):
        return sentence
    change = totals.iloc[-1] / before - 1
    if abs(change) < 0.005:
        return f"{sentence}, as much as the month before"
    return f"{sentence}, {labels.percent(abs(change))} {'more' if change > 0 else 'less'} than the month before"


def _note(totals: pd.Series[Any], open_month: pd.Period | None, group: str | None) -> str:
    parts = [labels.by(group), "Invoices, divided over VMs: what each one cost is an estimate."]
    if open_month in totals.index:
        parts.append("Hatched: the month is not over.")
    return " ".join(filter(None, parts))


def cost_changes(
    monthly: pd.DataFrame,
    *,
    month: pd.Period | str | None = None,
    currency: str = "",
    top: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw what became dearer and what became cheaper than in the month before, the largest change first.

    Parameters
    ----------
    monthly
        Table ``monthly_costs``, by VM, package or location.
    month
        Which month; by default the newest.
    currency
        Printed beside the numbers; nothing is converted.
    top
        So many changes by name; the others are summed in one bar.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture; without rows, or without a month before, it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table, or ``month`` is no month.
    """
    MONTHLY_COSTS.check(monthly)
    wanted = labels.newest_month(monthly) if month is None else labels.as_month(month)
    rows = monthly[(monthly["month"] == wanted) & monthly["change"].notna()]
    if wanted is None or rows.empty:
        when = f"for {labels.month_name(wanted)}" if wanted is not None else "yet"
        return style.nothing(
            style.new_axes() if ax is None else ax,
            f"No change of costs to show {when}: it takes two months with invoices.",
        )
    bars = _changes(rows, top)
    ax = style.new_axes(1.5 + 0.34 * len(bars)) if ax is None else ax
    total = float(rows["change"].sum())
    before = labels.month_name(wanted - 1)
    if not bars:
        return style.nothing(ax, f"{labels.month_name(wanted)} cost what {before} cost, VM by VM.")
    amounts = [amount for _, amount in bars]
    ax.barh(range(len(bars)), amounts, 0.72, color=[style.RISE if amount > 0 else style.FALL for amount in amounts])
    decimals = 0 if max(map(abs, amounts)) >= 100 else 2
    for index, amount in enumerate(amounts):
        text = labels.money(amount, decimals=decimals, signed=True)
        side = {"ha": "left", "xytext": (4, 0)} if amount > 0 else {"ha": "right", "xytext": (-4, 0)}
        style.write(ax, text, (amount, index), textcoords="offset points", va="center", **side)
    ax.axvline(0, color=style.INK, linewidth=0.9)
    ax.margins(x=0.14)
    indent_pt = style.bar_names(ax, [name for name, _ in bars])
    style.axis_label(ax, "x", f"change against {before}{f' [{currency}]' if currency else ''}")
    style.number_axis(ax, "x", lambda value: labels.money(value, decimals=0 if decimals == 0 else 2, signed=True))
    difference = labels.money(abs(total), currency, decimals=0 if abs(total) >= 100 else 2)
    if abs(total) < stacks.LEAST:
        title = f"{labels.month_name(wanted)} cost as much as {before}, but not for the same"
    else:
        title = f"{labels.month_name(wanted)} cost {difference} {'more' if total > 0 else 'less'} than {before}"
    return style.dress(
        ax, title, note="Dark: dearer. Light: cheaper. The bars add up to the change.", grid="x", indent_pt=indent_pt
    )


def _changes(rows: pd.DataFrame, top: int) -> list[tuple[str, float]]:
    """Name and change of each bar: what changed most first, then the others in one."""
    names = labels.names(rows)
    changed = rows.assign(_name=[names[key] for key in labels.keyed(rows)])
    changed = changed[changed["change"].abs() >= stacks.LEAST]
    order = changed["change"].abs().sort_values(ascending=False, kind="stable").index
    changed = changed.loc[order]
    if len(changed) == top + 1:
        top += 1
    bars = [
        (f"{labels.drawable(name)}{_event(cost, change)}", float(change))
        for name, cost, change in changed[["_name", "allocated_cost", "change"]].head(top).itertuples(index=False)
    ]
    rest = changed.iloc[top:]
    return [*bars, (f"other ({len(rest)})", float(rest["change"].sum()))] if len(rest) else bars


def _event(cost: float, change: float) -> str:
    if abs(cost - change) < stacks.LEAST:
        return " (new)"
    return " (gone)" if abs(cost) < stacks.LEAST else ""
