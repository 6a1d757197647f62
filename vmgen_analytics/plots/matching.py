"""The picture of whether it matches the invoices: what was given to VMs, and how far that is from the price book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.plots import labels, style
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RECONCILIATION = TABLES["reconciliation"]
HALF_A_CENT = 0.005
REASON_LETTERS = 58
MATCHED, COUNTED = "matched", "counted with"
"""How the states begin of what matches, and of what stands in another row."""


def reconciliation(matches: pd.DataFrame, *, currency: str = "", top: int = 14, ax: Axes | None = None) -> Axes:
    """Draw each month's invoices: what was given to VMs and to none, the list cost as a tick, and why they differ.

    Parameters
    ----------
    matches
        Table ``reconciliation``; the invoices of a month, of all accounts, are drawn as one.
    currency
        Printed beside the numbers; nothing is converted.
    top
        So many months, the newest.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    Axes
        The picture, the newest month on top; without rows it says what is missing.

    Raises
    ------
    SchemaError
        The frame is not the table.
    """
    RECONCILIATION.check(matches)
    if matches.empty:
        return style.nothing(ax, "No invoice to match: none has come yet.")
    months = _by_month(matches)
    shown = months.tail(top)[::-1]
    ax = style.place(ax, 1.5 + 0.42 * len(shown))
    longest = float(np.nanmax([*shown[["allocated", "list_cost", "invoiced"]].to_numpy().ravel(), 0.0])) or 1.0
    for place, row in enumerate(shown.itertuples()):
        _month(ax, place, row)
        _say(ax, place, row, longest, currency)
    ax.set_xlim(1.05 * float(np.nanmin([*shown["allocated"], 0.0])), 2.05 * longest)
    indent_pt = style.bar_names(ax, [labels.month_name(month) for month in shown.index])
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 1.05 * longest])
    style.number_axis(ax, "x")
    style.axis_label(ax, "x", labels.measured("invoices of the month", currency))
    return style.dress(ax, _title(months, currency), note=_note(months, shown), grid="x", indent_pt=indent_pt)


def _by_month(matches: pd.DataFrame) -> pd.DataFrame:
    """Sum the invoices of each month, and put their reasons together."""
    amounts = ["invoiced", "allocated", "unallocated", "list_cost", "difference"]
    by_month = matches.groupby("month")
    sums = by_month[amounts].sum(min_count=1)
    told = matches[~matches["state"].str.startswith(COUNTED)]
    words = told["state"].astype("str")
    if len(matches["account"].unique()) > 1:
        words = told["account"].astype("str") + ": " + words
    reasons = words.groupby(told["month"]).agg(lambda states: "; ".join(dict.fromkeys(states)))
    is_matched = told["state"].str.startswith(MATCHED).groupby(told["month"]).all()
    return sums.assign(reason=reasons, is_matched=is_matched).fillna({"reason": "", "is_matched": False})


def _month(ax: Axes, place: int, row: Any) -> None:
    """Given to VMs as a bar, given to none behind it, the list cost as a tick."""
    if pd.notna(row.allocated):
        ax.barh(place, row.allocated, 0.56, color=style.INBOUND, linewidth=0)
    if pd.notna(row.unallocated) and abs(row.unallocated) >= HALF_A_CENT:
        look: dict[str, Any] = {"color": "white", "edgecolor": style.RISE, "hatch": style.HATCH, "linewidth": 0.8}
        ax.barh(place, row.unallocated, 0.56, left=row.allocated, **look)
    if pd.notna(row.list_cost):
        ax.vlines(row.list_cost, place - 0.4, place + 0.4, color=style.INK, linewidth=2.0)


def _say(ax: Axes, place: int, row: Any, longest: float, currency: str) -> None:
    beside = {"textcoords": "offset points", "fontsize": style.SMALL_PT - 0.5}
    invoiced = f"{labels.money(row.invoiced, currency)} invoiced" if pd.notna(row.invoiced) else "not invoiced"
    beyond = ""
    if pd.notna(row.difference):
        beyond = f", {labels.money(row.difference, signed=True)} against list cost"
    at = (1.03 * longest, place)
    style.write(ax, f"{invoiced}{beyond}", at, xytext=(6, 1), va="bottom", **beside)
    how = {"color": style.MUTED} if row.is_matched else {"color": style.INK}
    style.write(ax, labels.drawable(str(row.reason), REASON_LETTERS), at, xytext=(6, -1), va="top", **beside, **how)


def _title(months: pd.DataFrame, currency: str) -> str:
    matched, all_of_them = int(months["is_matched"].sum()), len(months)
    lost = float(months["unallocated"].abs().sum())
    rest = f"; {labels.money(lost, currency)} went to no VM" if lost >= HALF_A_CENT else ""
    if all_of_them == 1:
        name = labels.month_name(months.index[0])
        return f"{name} {'matches' if matched else 'does not match'} its list cost{rest}"
    if matched == all_of_them:
        return f"All {all_of_them} months match their list cost{rest}"
    return f"Of {all_of_them} months, {matched:,} match their list cost{rest}"


def _note(months: pd.DataFrame, shown: pd.DataFrame) -> str:
    parts = ["Bar: given to VMs.", "Tick: list cost by the price book." if months["list_cost"].notna().any() else ""]
    if (months["unallocated"].abs() >= HALF_A_CENT).any():
        parts.append("Hatched: given to none.")
    if shown["list_cost"].isna().any():
        parts.append("A month without a tick has no list cost.")
    if len(shown) < len(months):
        parts.append(f"Shown: the newest {len(shown)} of {len(months):,} months.")
    return style.small_print(parts)
