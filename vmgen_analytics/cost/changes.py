"""What changed from one month to the next, in steps that add up to the change exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.millionths import PER_UNIT, to_millionths
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Sequence

REASONS = (
    "new VMs",
    "gone VMs",
    "days of existence",
    "resized",
    "list prices",
    "traffic",
    "rest of the bill",
    "not itemised",
    "unallocated",
    "credits",
    "corrections",
    "accounts not billed in both months",
)
"""In the order in which they are told. ``rest of the bill`` is what an invoice charges besides list prices and known
traffic; ``not itemised`` is the change of VMs of which a price is unknown."""


def cost_changes(costs: pd.DataFrame, month: pd.Period | str, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Why a month cost more or less than the one before: steps that lead from one total to the other.

    A VM that had no part of an invoice the month before is new, one that has none now is gone. Where the price of
    every day of a VM is known in both months, its change is told apart: more or fewer days of existence, another
    package, another price of the same package, traffic beyond the quota, and the rest, by which the invoice differs
    from the prices. Negative invoices are credits, and stand by themselves; so do corrections of closed months, and
    accounts that have an invoice of one of the months only.

    Parameters
    ----------
    costs
        Table ``allocated_costs``, of both months at least.
    month
        The later month.
    by
        ``vm_id`` for a row per reason and VM; none for one per reason.

    Returns
    -------
    DataFrame
        Table ``cost_changes``: month, position, reason (and account, vm_id, incarnation, vm_name), vms, change, and the
        running total before and after each row, from the earlier month's total to the later one's. [currency] Empty
        where one of the months has no invoice.

    Raises
    ------
    SchemaError
        The frame is not its table, or cannot be grouped so.
    """
    table = TABLES["cost_changes"]
    TABLES["allocated_costs"].check(costs, unique=False)
    groups = table.grouping(by, costs)
    if groups and groups != machine_key(costs):
        raise SchemaError("cost_changes can be grouped by vm_id, or not at all")
    now = pd.Period(month, "M")
    both = costs[costs["month"].isin([now - 1, now])]
    if both["month"].nunique() < 2:
        return table.frame({name: [] for name in [*groups, *(["vm_name"] if groups else [])]})
    steps = _steps(both, now)
    positions = {reason: position for position, reason in enumerate(REASONS, start=1)}
    steps = steps.assign(month=str(now), position=steps["reason"].map(positions).astype("int64"))
    if not groups:
        steps = steps.groupby(["month", "position", "reason"], as_index=False).agg(
            vms=("vm_id", "nunique"), change=("change", "sum")
        )
    steps = steps.sort_values(["position", *groups], ignore_index=True)
    before = int(to_millionths(both.loc[both["month"] == now - 1, "allocated_cost"]).sum())
    steps["total_after"] = before + steps["change"].cumsum()
    steps["total_before"] = steps["total_after"] - steps["change"]
    for name in ("change", "total_before", "total_after"):
        steps[name] = steps[name] / PER_UNIT
    return table.cast(steps)


def _steps(costs: pd.DataFrame, now: pd.Period) -> pd.DataFrame:
    """Account, VM, reason and change of each step, in millionths."""
    is_correction = costs["corrects"].notna()
    billed = costs[~is_correction].groupby("account")["month"].nunique()
    is_once = ~is_correction & (
        costs["account"].map(billed) < 2
    )  # what an account costs that has no invoice is unknown
    of_invoice = costs["allocated_cost"].groupby([costs["account"], costs["invoice_id"], costs["month"]])
    is_credit = ~is_correction & ~is_once & (of_invoice.transform("sum") < 0)
    is_lost = costs["vm_id"].isna() & ~is_credit & ~is_correction & ~is_once
    steps = [
        _whole(costs[is_once], now, "accounts not billed in both months"),
        _whole(costs[is_correction], now, "corrections"),
        _whole(costs[is_credit], now, "credits"),
        _whole(costs[is_lost], now, "unallocated"),
        _explained(_machines(costs[~is_credit & ~is_lost & ~is_correction & ~is_once], now)),
    ]
    parts = pd.concat(steps, ignore_index=True)
    parts["vms"] = parts["vm_id"].notna().astype("int64")
    return parts[parts["change"] != 0]


def _whole(costs: pd.DataFrame, now: pd.Period, reason: str) -> pd.DataFrame:
    """One step a VM for all that changed."""
    machine, money = machine_key(costs), to_millionths(costs["allocated_cost"])
    changes = costs[machine].assign(change=np.where(costs["month"] == now, money, -money))
    steps = changes.groupby(machine, dropna=False)["change"].sum()
    names = costs.sort_values("date").groupby(machine, dropna=False)["vm_name"].last()
    return steps.to_frame().join(names).reset_index().assign(reason=reason)


def _machines(costs: pd.DataFrame, now: pd.Period) -> pd.DataFrame:
    """Each VM with what it cost in both months, and what can explain it."""
    machine = machine_key(costs)
    in_order = costs.assign(money=to_millionths(costs["allocated_cost"])).sort_values("date")
    sides = []
    for month, side in ((now - 1, "before"), (now, "now")):
        mine = in_order[in_order["month"] == month]
        per_day = mine.drop_duplicates([*machine, "date", "cost_centre", "shared_from"])
        grouped = per_day.groupby(machine)
        days = grouped["date"].nunique() / month.days_in_month
        listed = grouped["list_cost"].sum(min_count=1).where(grouped["list_cost"].count() == grouped.size())
        sides.append(
            pd.DataFrame(
                {
                    f"cost_{side}": mine.groupby(machine)["money"].sum(),
                    f"presence_{side}": days,
                    f"listed_{side}": listed,
                    f"traffic_{side}": grouped["transfer_cost"].sum(min_count=1),
                    f"packages_{side}": grouped["package"].agg(lambda names: "|".join(sorted(map(str, set(names))))),
                    f"name_{side}": grouped["vm_name"].last(),
                }
            )
        )
    both: pd.DataFrame = sides[0].join(sides[1], how="outer").reset_index()
    return both


def _explained(machines: pd.DataFrame) -> pd.DataFrame:
    """Divide the change of each VM among reasons."""
    before, now = (machines[f"cost_{side}"].fillna(0).to_numpy("int64") for side in ("before", "now"))
    change = now - before
    is_new, is_gone = (machines[f"cost_{side}"].isna().to_numpy() for side in ("before", "now"))
    effects = {"new VMs": np.where(is_new, change, 0), "gone VMs": np.where(is_gone, change, 0)}
    left = np.where(is_new | is_gone, 0, change)
    presence_before, presence_now, listed_before, listed_now = (
        machines[name].to_numpy("float64")
        for name in ("presence_before", "presence_now", "listed_before", "listed_now")
    )
    price_before, price_now = listed_before / presence_before, listed_now / presence_now
    is_known = ~(is_new | is_gone) & np.isfinite(price_before) & np.isfinite(price_now)
    is_resized = (machines["packages_before"] != machines["packages_now"]).to_numpy()
    priced = (price_now - price_before) * presence_now
    traffic = machines["traffic_now"].fillna(0).to_numpy() - machines["traffic_before"].fillna(0).to_numpy()
    amounts = {
        "days of existence": (presence_now - presence_before) * price_before,
        "resized": np.where(is_resized, priced, 0.0),
        "list prices": np.where(is_resized, 0.0, priced),
        "traffic": traffic,
    }
    for reason, amount in amounts.items():
        effects[reason] = np.where(is_known, np.rint(np.where(is_known, amount, 0) * PER_UNIT), 0).astype("int64")
        left -= effects[reason]
    effects["rest of the bill"] = np.where(is_known, left, 0)
    effects["not itemised"] = np.where(is_known | is_new | is_gone, 0, left)
    names = machines["name_now"].fillna(machines["name_before"])
    told = [
        machines[machine_key(machines)].assign(vm_name=names, reason=reason, change=amount)[amount != 0]
        for reason, amount in effects.items()
    ]
    effects_of_all: pd.DataFrame = pd.concat(told, ignore_index=True)
    return effects_of_all
