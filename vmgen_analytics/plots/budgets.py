"""The picture of budgets: what is spent and what is expected, as parts of what was meant to be spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BUDGET_STATUS = TABLES["budget_status"]
MARKS = (0.5, 0.8, 1.0)
FURTHEST = 2.0
"""Where the axis ends: a bar that goes beyond is cut, and its number tells how far."""


def budget_status(
    budgets: pd.DataFrame,
    *,
    currency: str = "",
    top: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw each budget as a bullet: what is spent, what is expected by its end, and the marks at 50, 80 and 100 %.

    Parameters
    ----------
    budgets
        Table ``budget_status``.
    currency
        Printed beside the numbers; nothing is converted.
    top
        So many budgets; of more, those that are nearest to their amount or over it.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        A bullet for each budget; without rows the sentence that none is set.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    BUDGET_STATUS.check(budgets)
    if budgets.empty:
        return style.nothing(ax, "No budget to show: none is set for these months.")
    shown = _worst(budgets, top)
    ax = style.place(ax, 1.5 + 0.46 * len(shown))
    furthest = float(np.nanmax([1.0, *shown["actual_share"], *shown["forecast_share"]]))
    end = min(furthest, FURTHEST) * 1.04
    for low, high, shade in zip((0.0, *MARKS), (*MARKS, end), ("#f2f2f2", "#e6e6e6", "#d6d6d6", "white"), strict=True):
        ax.barh(range(len(shown)), high - low, 0.74, left=low, color=shade, linewidth=0)
    for place, row in enumerate(shown.itertuples()):
        _bullet(ax, place, row, end)
        _say(ax, place, row, end, currency)
    for mark in MARKS:
        ax.axvline(mark, color=style.INK, linewidth=1.4 if mark == 1.0 else 0.7, zorder=3)
    ax.set_xlim(0, end)
    indent_pt = style.bar_names(ax, [_name(row) for row in shown.itertuples()])
    ax.set_xticks([0, *MARKS, *([1.5] if end > 1.6 else [])])
    style.number_axis(ax, "x", labels.percent)
    style.axis_label(ax, "x", "part of the budget")
    style.dress(ax, _title(budgets), note=_note(budgets, shown), grid="x", indent_pt=indent_pt)
    ax.grid(visible=False)
    return ax


def _worst(budgets: pd.DataFrame, top: int) -> pd.DataFrame:
    if len(budgets) <= top:
        return budgets
    worst = budgets[["actual_share", "forecast_share"]].max(axis="columns").fillna(-1)
    return budgets.loc[worst.sort_values(ascending=False, kind="stable").index[:top]]


def _bullet(ax: Axes, place: int, row: Any, end: float) -> None:
    """Actual as a bar, dark if it is over; the forecast as a diamond with its interval."""
    if pd.notna(row.actual_share):
        colour = style.RISE if row.actual_share > 1 else style.INBOUND
        ax.barh(place, min(row.actual_share, end), 0.36, color=colour, linewidth=0, zorder=2)
    if _is_forecast(row) and row.forecast_share <= end:
        ends = row.forecast_low / row.amount, row.forecast_high / row.amount
        style.expected(ax, place, row.forecast_share, *ends, most=end)


def _is_forecast(row: Any) -> bool:
    return bool(pd.notna(row.forecast_share) and row.forecast != row.actual)


def _say(ax: Axes, place: int, row: Any, end: float, currency: str) -> None:
    amount = labels.money(row.amount, currency, decimals=labels.decimals([row.amount]))
    spent = "nothing billed" if pd.isna(row.actual_share) else f"{labels.percent(row.actual_share)} spent"
    expected = f", {labels.percent(row.forecast_share)} expected" if _is_forecast(row) else ""
    first, second = f"{spent}{expected}", f"of {amount}: {row.state}"
    beside = {"textcoords": "offset points", "annotation_clip": False, "fontsize": style.SMALL_PT - 0.5}
    worried = {"exceeded": style.RISE, "will be exceeded": style.RISE}
    style.write(ax, first, (end, place), xytext=(8, 1), va="bottom", **beside)
    weight = "bold" if row.state in worried else "normal"
    colour = worried.get(row.state, style.MUTED)
    style.write(ax, second, (end, place), xytext=(8, -1), va="top", fontweight=weight, color=colour, **beside)


def _name(row: Any) -> str:
    first, last = row.first_month, row.last_month
    when = str(first) if first == last else f"{first} to {last.month:02d}" if first.year == last.year else ""
    return f"{labels.drawable(row.scope, 22)}, {when or f'{first} to {last}'}"


def _title(budgets: pd.DataFrame) -> str:
    states = budgets["state"].value_counts()
    of = counted(len(budgets), "budget")
    told = [
        f"{states[state]} {words}"
        for state, words in (("exceeded", "exceeded"), ("will be exceeded", "expected to be exceeded"))
        if state in states
    ]
    if told:
        return f"Of {of}, {' and '.join(told)}"
    unknown = int(states.get("unknown", 0))
    return f"{of}, none exceeded" if not unknown else f"{of}, none known to be exceeded; of {unknown} nothing is known"


def _note(budgets: pd.DataFrame, shown: pd.DataFrame) -> str:
    parts = ["Bar: invoiced. Diamond: expected by the end, with the interval that holds 8 of 10."]
    if len(shown) < len(budgets):
        parts.append(f"Shown: the {len(shown)} nearest to their amount or over it.")
    parts += [
        f"Not known: {labels.drawable(reason, 90).rstrip('.')}."
        for reason in map(str, shown["reason"].unique()[:2])
        if reason
    ]
    return "\n".join(parts)
