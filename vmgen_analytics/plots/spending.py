"""The picture of what each month cost."""

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
        Table ``monthly_costs``, by VM, package, location, cost centre or nothing.
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
        The months as stacked bars; without rows the sentence that no invoice has been allocated.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    MONTHLY_COSTS.check(monthly)
    ax = style.place(ax)
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
    style.month_axis(ax, months, open_month)
    style.axis_label(ax, "y", labels.measured("cost a month", currency))
    style.number_axis(ax, "y")
    unbilled = _has_unbilled(monthly)
    said = _spent(present, open_month, currency, is_compared=not unbilled)
    style.dress(ax, said, note=_note(present, open_month, labels.group_of(monthly), unbilled=unbilled))
    if labels.group_of(monthly):
        stacks.name_bands(ax, bands, len(months) - 1 + BAR / 2)
    return ax


def _totals(ax: Axes, totals: pd.Series[Any], tops: np.ndarray[Any, Any], currency: str) -> None:
    decimals = labels.decimals(totals)
    width_pt = style.size_pt(ax)[0] * 0.82
    widest = max(len(labels.money(total, decimals=decimals)) for total in totals) * style.SMALL_PT * 0.68
    every = max(int(np.ceil(len(totals) * widest / width_pt)), 1)
    for index in range(len(totals) - 1, -1, -every):
        total = totals.iloc[index]
        text = labels.money(total, currency if len(totals) == 1 else "", decimals=decimals)
        lift = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center", "fontweight": "bold"}
        style.write(ax, "no data" if pd.isna(total) else text, (index, tops[index]), **lift)


def _has_unbilled(monthly: pd.DataFrame) -> bool:
    """Tell whether an account has no invoice for the newest month, or for the month before, as the changes tell it."""
    newest = monthly["month"].max()
    is_newest = monthly["month"] == newest
    return bool((monthly["month"] == newest - 1).any() and monthly.loc[is_newest, "change"].isna().any())


def _spent(totals: pd.Series[Any], open_month: pd.Period | None, currency: str, *, is_compared: bool) -> str:
    newest = totals.index[-1]
    decimals = labels.decimals(totals)
    spent = labels.money(totals.iloc[-1], currency, decimals=decimals)
    if newest == open_month:
        return f"{labels.month_name(newest)} has cost {spent} so far"
    sentence = f"{labels.month_name(newest)} cost {spent}"
    before = totals.iloc[-2] if is_compared and len(totals) > 1 else np.nan
    if pd.isna(before) or before <= 0 or pd.isna(totals.iloc[-1]):
        return sentence
    change = totals.iloc[-1] / before - 1
    if abs(change) < 0.005:
        return f"{sentence}, as much as the month before"
    return f"{sentence}, {labels.percent(abs(change))} {'more' if change > 0 else 'less'} than the month before"


def _note(totals: pd.Series[Any], open_month: pd.Period | None, group: str | None, *, unbilled: bool) -> str:
    what = (
        "Invoices, divided over VMs and assigned by rules" if group == "cost_centre" else "Invoices, divided over VMs"
    )
    parts = [labels.by(group), f"{what}: what each one cost is an estimate."]
    if open_month in totals.index:
        parts.append("Hatched: the month is not over.")
    if unbilled:
        newest = labels.month_name(totals.index[-1])
        parts.append(f"An account has no invoice for {newest} or for the month before: they are not compared.")
    return " ".join(filter(None, parts))
