"""What each cost centre pays for a month, line by line, in cents that add up to the printed total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.cents import printed_cents, rounded
from vmgen_analytics.cost.kinds import kinds
from vmgen_analytics.cost.millionths import PER_UNIT, to_millionths
from vmgen_analytics.schema import TABLES
from vmgen_analytics.table import moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = ("own", "unallocated", "credit", "shared", "passed_on", "correction")
"""Kinds of lines, in the order in which a statement has them."""

NAMING = ["vm_id", "incarnation", "vm_name", "package", "location"]
_OF_A_LINE = [
    "cost_centre",
    "kind",
    "account",
    "vm_id",
    "incarnation",
    "package",
    "location",
    "counterpart",
    "rule",
    "corrects",
    "reason",
]
_ORDER = ["cost_centre", "place", "account", "other", "corrects", "vm_name", "vm_id", "first_day", "rule"]


def cost_statement(costs: pd.DataFrame, month: pd.Period | str, cost_centre: str | None = None) -> pd.DataFrame:
    """The lines of a month's statements: own VMs, what is shared, credits and corrections.

    Amounts are printed in cents. The month's total is rounded first, halves away from zero. The totals of the cost
    centres are cents chosen by largest remainder so that they add up to it; in the same way the sums of the kinds of
    lines add up to the total of their cost centre, and the lines to the sum of their kind. So the lines of a statement
    equal its total, all statements together equal the invoices, and every number is less than a cent from its exact
    one.

    A cost centre that is spread over others has its VMs with all that they cost, and as much less as it passes on.

    Parameters
    ----------
    costs
        Table ``allocated_costs`` of the whole month, from `assigned_costs`.
    month
        The month.
    cost_centre
        Whose statement; None gives all of them, ``unassigned`` among them.

    Returns
    -------
    DataFrame
        Table ``cost_statement``: month, cost_centre, line, kind (own, unallocated, credit, shared, passed_on or
        correction), account, vm_id, incarnation, vm_name, package, location, first_day, last_day, days, invoices,
        counterpart, rule, corrects, reason, is_estimate, allocated_cost, printed_cost. [d, currency] Empty where no
        invoice bills the month.

    Raises
    ------
    SchemaError
        The frame is not its table, or the month is none.
    """
    table = TABLES["cost_statement"]
    TABLES["allocated_costs"].check(costs, unique=False)
    wanted = moment_of(month.to_timestamp() if isinstance(month, pd.Period) else month).to_period("M")
    of_month = costs[costs["month"] == wanted].reset_index(drop=True)
    if of_month.empty:
        return table.frame()
    lines = _lines(_entries(of_month))
    lines["printed_cost"] = _printed(lines)
    lines["allocated_cost"] = lines["allocated_cost"] / PER_UNIT
    lines["line"] = lines.groupby("cost_centre").cumcount() + 1
    if cost_centre is not None:
        lines = lines[lines["cost_centre"] == cost_centre]
    return table.cast(lines.assign(month=str(wanted)))


def _entries(costs: pd.DataFrame) -> pd.DataFrame:
    """Book each part with whom it stands: what is shared twice, and the second time with the sign turned."""
    is_shared = (costs["shared_from"] != "").to_numpy()
    booked = costs.assign(
        allocated_cost=to_millionths(costs["allocated_cost"]),
        kind=_kinds(costs),
        counterpart=pd.array([None] * len(costs), dtype="str"),
    )
    spread = booked[is_shared]
    if spread.empty:
        return booked
    gross = booked.assign(cost_centre=booked["cost_centre"].mask(is_shared, booked["shared_from"]))
    # the lines of a shared cost name the rule by which it is shared, so that of its VMs is not known any more
    gross["rule"] = gross["rule"].mask(gross["cost_centre"].isin(spread["shared_from"].unique()))
    nameless = spread.copy()
    naming = [name for name in NAMING if name in spread]
    nameless[naming] = spread[naming].iloc[:0].reindex(spread.index)
    is_correction = spread["corrects"].notna().to_numpy()
    received = nameless.assign(kind=np.where(is_correction, "correction", "shared"), counterpart=spread["shared_from"])
    passed_on = nameless.assign(
        kind=np.where(is_correction, "correction", "passed_on"),
        cost_centre=spread["shared_from"],
        counterpart=spread["cost_centre"],
        allocated_cost=-spread["allocated_cost"],
    )
    return pd.concat([gross, received, passed_on], ignore_index=True)


def _kinds(costs: pd.DataFrame) -> Any:
    """Tell what each part is, before anything is shared: parts of a negative invoice are credits."""
    whose, _ = kinds(costs, ["account", "invoice_id", "corrects"])
    totals = pd.Series(to_millionths(costs["allocated_cost"])).groupby(whose).transform("sum").to_numpy()
    is_correction = costs["corrects"].notna().to_numpy()
    is_lost = costs["vm_id"].isna().to_numpy()
    return np.select([is_correction, totals < 0, is_lost], ["correction", "credit", "unallocated"], "own")


def _lines(entries: pd.DataFrame) -> pd.DataFrame:
    """Put the entries of each line together, in the order in which they are printed."""
    whose, lines = kinds(entries, [name for name in _OF_A_LINE if name in entries])
    grouped = entries.groupby(whose)
    lines["allocated_cost"] = grouped["allocated_cost"].sum()
    lines["is_estimate"] = grouped["is_estimate"].any()
    is_dated = lines["kind"].isin(["own", "credit"]) & lines["vm_id"].notna()
    lines["first_day"] = grouped["date"].min().where(is_dated)
    lines["last_day"] = grouped["date"].max().where(is_dated)
    days, _ = kinds(entries.assign(whose=whose), ["whose", "date"])
    first = ~pd.Series(days).duplicated().to_numpy()
    lines["days"] = pd.Series(whose[first]).value_counts().reindex(lines.index).where(is_dated).astype("Int64")
    lines["invoices"] = _invoices(entries["invoice_id"], whose)
    newest = entries.assign(whose=whose).sort_values("date", kind="stable").drop_duplicates("whose", keep="last")
    lines["vm_name"] = newest.set_index("whose")["vm_name"].reindex(lines.index)
    places = {kind: place for place, kind in enumerate(KINDS)}
    ordered = lines.assign(place=lines["kind"].map(places), other=lines["counterpart"].fillna(""))
    return ordered.sort_values(_ORDER, kind="stable", ignore_index=True)


def _invoices(numbers: pd.Series, whose: Sequence[int] | Any) -> pd.Series:
    """List the invoices of each line."""
    pairs = pd.DataFrame({"line": whose, "invoice": numbers.to_numpy()}).drop_duplicates().sort_values("invoice")
    listed: pd.Series = pairs["invoice"].astype("str").groupby(pairs["line"]).agg(", ".join)
    return listed


def _printed(lines: pd.DataFrame) -> pd.Series:
    """Choose the cents: of the month, then of each cost centre, of each kind of its lines, and of each line."""
    exact = lines.groupby("cost_centre")["allocated_cost"].sum()
    totals = printed_cents(exact / PER_UNIT, rounded(int(exact.sum()) / PER_UNIT))
    printed = pd.Series(0.0, index=lines.index)
    for centre, total in zip(exact.index, totals, strict=True):
        own = lines[lines["cost_centre"] == centre].groupby("kind", sort=False)["allocated_cost"]
        sums = own.sum()
        for kind, of_kind in zip(sums.index, printed_cents(sums / PER_UNIT, total), strict=True):
            theirs = own.get_group(kind)
            printed[theirs.index] = printed_cents(theirs / PER_UNIT, of_kind)
    return printed
