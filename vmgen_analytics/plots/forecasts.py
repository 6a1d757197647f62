"""The picture of what the month will have cost, beside the months before and the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COST_FORECAST = TABLES["cost_forecast"]
BAR = 0.7
MOST_MONTHS = 12
EVERYTHING = "everything"


def cost_forecast(
    forecast: pd.DataFrame,
    *,
    monthly: pd.DataFrame | None = None,
    budgets: pd.DataFrame | None = None,
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw what the month cost so far and will have cost, with its interval, beside the months before.

    Parameters
    ----------
    forecast
        Table ``cost_forecast`` with one row: of everything, or of one account.
    monthly
        Table ``monthly_costs`` without groups, for the bars of the months before; at most a year is drawn.
    budgets
        Table ``budget_status``: the month's budget for everything is drawn as a line.
    currency
        Printed beside the numbers; nothing is converted.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture, with the error of the back-test in the small print. What cannot be told is a sentence.

    Raises
    ------
    SchemaError
        A frame is not its table, or there are several forecasts.
    """
    COST_FORECAST.check(forecast)
    ax = style.place(ax)
    if forecast.empty:
        return style.nothing(ax, "No forecast to show: nothing is known of the month.")
    if len(forecast) > 1:
        raise SchemaError(f"a picture shows one forecast, the table has {len(forecast)}; choose one account")
    row = forecast.iloc[0]
    if pd.isna(row["so_far"]) and pd.isna(row["expected"]):
        return style.nothing(ax, f"No forecast of {labels.month_name(row['month'])}: {row['reason']}.")
    past = _past(monthly, row["month"])
    months = pd.period_range(past.index[0] if len(past) else row["month"], row["month"], freq="M")
    here = len(months) - 1
    heights = past.reindex(months[:-1]).to_numpy()
    ax.bar(np.arange(here), heights, BAR, color=style.MUTED)
    _draw_month(ax, here, row)
    budget = _budget(budgets, row["month"])
    highest = np.nanmax([*heights, row["so_far"], row["expected"], row["high"], budget, 0.0])
    lowest = min(0.0, np.nanmin([*heights, row["so_far"], 0.0]))
    pad = max(0.1, (4 - len(months)) / 2)
    ax.set(xlim=(-0.5 - pad, here + 0.5 + pad), ylim=(1.1 * lowest, 1.15 * highest or 1.0))
    decimals = labels.decimals([*heights, row["so_far"], row["expected"]])
    _label_past(ax, heights, decimals)
    if np.isfinite(budget):
        ax.plot([-0.5 - pad, here + BAR / 2], [budget] * 2, color=style.INK, linewidth=1.3, linestyle=(0, (5, 3)))
    _label_month(ax, here, row, budget, decimals)
    _month_axis(ax, months, "so far" if pd.isna(row["expected"]) else "expected")
    style.axis_label(ax, "y", labels.measured("cost a month", currency))
    style.number_axis(ax, "y")
    return style.dress(ax, _title(row, budget, currency, decimals), note=_note(row))


def _past(monthly: pd.DataFrame | None, month: pd.Period) -> pd.Series[float]:
    """Totals of the months before, without the ones before the first known."""
    if monthly is None:
        return pd.Series(dtype="float64")
    TABLES["monthly_costs"].check(monthly)
    totals = monthly.groupby("month")["allocated_cost"].sum()
    past: pd.Series[float] = totals[(totals.index < month) & (totals.index >= month - MOST_MONTHS)].sort_index()
    return past


def _budget(budgets: pd.DataFrame | None, month: pd.Period) -> float:
    if budgets is None:
        return float("nan")
    TABLES["budget_status"].check(budgets)
    of_month = (budgets["first_month"] == month) & (budgets["last_month"] == month)
    found = budgets.loc[of_month & (budgets["scope"] == EVERYTHING), "amount"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _draw_month(ax: Axes, here: int, row: pd.Series[Any]) -> None:
    so_far = 0.0 if pd.isna(row["so_far"]) else float(row["so_far"])
    if pd.notna(row["expected"]):
        rest = max(float(row["expected"]) - so_far, 0.0)
        look: dict[str, Any] = {
            "facecolor": "white",
            "edgecolor": style.INBOUND,
            "hatch": style.HATCH,
            "linewidth": 0.8,
        }
        ax.bar(here, rest, BAR, bottom=so_far, **look)
    ax.bar(here, so_far, BAR, color=style.INBOUND)
    if pd.notna(row["low"]):
        middle, low, high = (float(row[name]) for name in ("expected", "low", "high"))
        ax.errorbar(here, middle, [[middle - low], [high - middle]], color=style.INK, capsize=6, linewidth=1.4)


def _label_past(ax: Axes, heights: np.ndarray[Any, Any], decimals: int) -> None:
    low, high = ax.get_ylim()
    inside = style.SMALL_PT * 2 * (high - low) / style.size_pt(ax)[1]
    for place, height in enumerate(heights):
        text = "no data" if np.isnan(height) else labels.money(height, decimals=decimals)
        is_tall = height > inside  # there the number stands inside, clear of the budget's line
        look: dict[str, Any] = {"xytext": (0, -4), "va": "top", "color": "white"} if is_tall else {"xytext": (0, 3)}
        at = (place, 0.0 if np.isnan(height) else max(height, 0.0))
        style.write(ax, text, at, textcoords="offset points", ha="center", fontweight="bold", **look)


def _label_month(ax: Axes, here: int, row: pd.Series[Any], budget: float, decimals: int) -> None:
    """Print what is known of the month beside its bar, from below: so far, expected, its interval and the budget."""
    amounts = {"so far": row["so_far"], "at least": row["low"], "expected": row["expected"], "at most": row["high"]}
    known = [
        (float(amount), f"{word} {labels.money(float(amount), decimals=decimals)}")
        for word, amount in (amounts | {"budget": budget}).items()
        if pd.notna(amount)
    ]
    _, height_pt = style.size_pt(ax)
    low, high = ax.get_ylim()
    step = style.SMALL_PT * 1.5 / height_pt
    places = _apart([(amount - low) / (high - low) for amount, _ in sorted(known)], step)
    right, (left, end) = here + BAR / 2, ax.get_xlim()
    for (_, text), place in zip(sorted(known), places, strict=True):
        bold = "bold" if text.startswith("expected") else "normal"
        at = {"xycoords": "axes fraction", "xytext": (6, 0), "textcoords": "offset points"}
        style.write(ax, text, ((right - left) / (end - left), place), va="center", fontweight=bold, **at)
    ax.set_xlim(left, end)


def _apart(wanted: list[float], step: float) -> list[float]:
    """Move labels no more than they must so that they are a step apart, in their order: isotonic regression."""
    blocks: list[tuple[float, int]] = []  # mean place of labels that touch each other, and how many they are
    for number, place in enumerate(wanted):
        mean, count = place - number * step, 1
        while blocks and blocks[-1][0] > mean:
            other, others = blocks.pop()
            mean, count = (mean * count + other * others) / (count + others), count + others
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + number * step for number, mean in enumerate(means)]


def _month_axis(ax: Axes, months: pd.PeriodIndex, state: str) -> None:
    texts = [
        labels.month_name(month)[:3] + (f"\n{month.year}" if place == 0 or month.month == 1 else "")
        for place, month in enumerate(months)
    ]
    ax.set_xticks(range(len(months)), [*texts[:-1], f"{texts[-1]}\n{state}"])


def _title(row: pd.Series[Any], budget: float, currency: str, decimals: int) -> str:
    month = labels.month_name(row["month"])
    if pd.isna(row["expected"]):
        return f"{month} has cost {labels.money(row['so_far'], currency, decimals=decimals)} so far"
    sentence = f"{month} will have cost about {labels.money(row['expected'], currency, decimals=decimals)}"
    if not np.isfinite(budget):
        return sentence
    over = row["expected"] > budget
    part = labels.percent(abs(row["expected"] / budget - 1))
    return f"{sentence}, {part} {'over' if over else 'under'} its budget"


def _note(row: pd.Series[Any]) -> str:
    day = f"As of {labels.day_name(row['as_of'])}."
    if pd.isna(row["expected"]):
        return f"{day}\nNo forecast: {row['reason']}."
    interval = (
        "At least and at most: so it is in 8 months of 10."
        if pd.notna(row["low"])
        else f"No interval: {row['reason']}."
    )
    if pd.isna(row["error"]):
        return f"{day} {interval}\nNo closed month has enough months before it to test such a forecast on."
    tested = (
        f"Forecasts of closed months on that day were off by {labels.percent(row['error'], decimals=1)} in the median"
    )
    run_rate = labels.percent(row["run_rate_error"], decimals=1)
    return f"{day} {interval}\n{tested} (cost per day carried on: {run_rate})."
