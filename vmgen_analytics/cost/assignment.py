"""Costs -> the same costs by who pays; whatever the rules say, the total stays what it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.cost_centres import judged_on
from vmgen_analytics.cost.millionths import PER_UNIT, exact_sums, spread, to_millionths
from vmgen_analytics.cost.shared_costs import SharedCosts
from vmgen_analytics.schema import TABLES, UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.cost.cost_centres import CostCentres, Rule
    from vmgen_analytics.cost.shared_costs import SharedCost

    Numbers = NDArray[np.int64]

BY_SHARE = ["key_value", "ratio", "list_cost", "transfer_cost"]
"""What is divided beside the money, without being rounded to millionths."""


def assigned_costs(costs: pd.DataFrame, centres: CostCentres, shared: SharedCosts | None = None) -> pd.DataFrame:
    """Each part of an invoice with the cost centre that pays for it, divided further where several do.

    What no rule fits stays ``unassigned``. Parts are whole millionths, and every invoice keeps its total exactly. A
    correction of a closed month goes by the rules and shared costs that are valid on the first day of that month; what
    ``direct_cost`` spreads it by is what each has in the month in which it is booked.

    Parameters
    ----------
    costs
        Table ``allocated_costs``; an earlier assignment is undone first.
    centres
        The rules.
    shared
        The cost centres that are spread over others, month by month.

    Returns
    -------
    DataFrame
        Table ``allocated_costs`` with cost_centre, shared_from and rule. [currency]

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    table = TABLES["allocated_costs"]
    table.check(costs, unique=False)
    costs = _unassigned(costs)
    rule_of = centres.rule_of(costs)
    pieces = [_kept(costs, np.flatnonzero(rule_of < 0))]
    for number, rule in enumerate(centres.rules):
        rows = np.flatnonzero(rule_of == number)
        shares = [(share.cost_centre, share.percent / 100, share.source) for share in rule.shares]
        pieces += _divided(costs, rows, "", [*shares, (UNASSIGNED, 1 - sum(part for _, part, _ in shares), None)])
    assigned = _together(costs, pieces)
    for each in (shared or SharedCosts()).shared:
        assigned = _spread(assigned, each, frozenset() if shared is None else shared.names)
    return table.check(table.sort(assigned), unique=False)


def cost_centre_rules(costs: pd.DataFrame, centres: CostCentres) -> pd.DataFrame:
    """What became of each rule, among them those that never decide anything.

    Parameters
    ----------
    costs
        Table ``allocated_costs`` of the months of interest.
    centres
        The rules.

    Returns
    -------
    DataFrame
        Table ``cost_centre_rules``: position, rule, says, cost_centres, days_fitted, days_decided, allocated_cost,
        finding. [d, currency]

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    TABLES["allocated_costs"].check(costs, unique=False)
    costs = _unassigned(costs)
    rule_of = centres.rule_of(costs)
    alone = [type(centres)((rule,)).rule_of(costs) >= 0 for rule in centres.rules]
    money = to_millionths(costs["allocated_cost"])
    vm_day = costs.groupby(["account", "date", "vm_id"], dropna=False, sort=False).ngroup().to_numpy()
    return TABLES["cost_centre_rules"].frame(
        {
            "position": list(range(1, len(centres.rules) + 1)),
            "rule": [rule.source for rule in centres.rules],
            "says": [rule.says for rule in centres.rules],
            "cost_centres": [", ".join(share.cost_centre for share in rule.shares) for rule in centres.rules],
            "days_fitted": [len(np.unique(vm_day[fits])) for fits in alone],
            "days_decided": [len(np.unique(vm_day[rule_of == number])) for number in range(len(centres.rules))],
            "allocated_cost": [int(money[rule_of == number].sum()) / PER_UNIT for number in range(len(centres.rules))],
            "finding": [_finding(centres.rules, rule_of[fits], number) for number, fits in enumerate(alone)],
        }
    )


def _finding(rules: Sequence[Rule], deciding: Numbers, number: int) -> str:
    """Say why a rule never decides, if so."""
    if not len(deciding):
        return "never fits anything in these months"
    if (deciding == number).any():
        return ""
    earlier = ", ".join(rules[other].source for other in sorted(set(deciding.tolist())))
    return f"never decides: all that it fits is taken before, by {earlier}"


@dataclass(frozen=True)
class _Piece:
    """Some rows of a frame: who pays which part of them, and why."""

    rows: Numbers
    cost_centre: str
    shared_from: str
    rule: Any
    part: float
    money: Numbers


def _kept(costs: pd.DataFrame, rows: Numbers) -> _Piece:
    return _Piece(rows, UNASSIGNED, "", None, 1.0, to_millionths(costs["allocated_cost"].iloc[rows]))


def _divided(
    costs: pd.DataFrame, rows: Numbers, shared_from: str, shares: Sequence[tuple[str, float, str | None]]
) -> list[_Piece]:
    """Divide rows among cost centres; the last one takes what the others leave."""
    shares = [share for share in shares if share[1] > 1e-12] if len(rows) else []
    parts = spread(to_millionths(costs["allocated_cost"].iloc[rows]), [part for _, part, _ in shares])
    return [
        _Piece(rows, centre, "" if centre in {UNASSIGNED, shared_from} else shared_from, rule, part, money)
        for (centre, part, rule), money in zip(shares, parts, strict=True)
    ]


def _together(costs: pd.DataFrame, pieces: Sequence[_Piece]) -> pd.DataFrame:
    lengths = [len(piece.rows) for piece in pieces]
    together = costs.iloc[np.concatenate([piece.rows for piece in pieces])].reset_index(drop=True)
    part = np.repeat([piece.part for piece in pieces], lengths)
    for name in ("cost_centre", "shared_from", "rule"):
        words = pd.Series([getattr(piece, name) for piece in pieces], dtype="str")
        together[name] = words.array.take(np.repeat(np.arange(len(pieces)), lengths))
    together["allocated_cost"] = np.concatenate([piece.money for piece in pieces]) / PER_UNIT
    for name in BY_SHARE:
        together[name] = together[name].to_numpy() * part
    return together


def _spread(costs: pd.DataFrame, shared: SharedCost, spread_names: frozenset[str]) -> pd.DataFrame:
    """Spread the costs of one cost centre over those that pay for it, each month by itself."""
    days = judged_on(costs)
    is_inside = (days >= shared.valid_from) & (days < shared.valid_to)
    is_shared = ((costs["cost_centre"] == shared.cost_centre) & is_inside).to_numpy()
    own = costs[(costs["shared_from"] == "") & ~costs["cost_centre"].isin([*spread_names, UNASSIGNED])]
    sums = exact_sums(own, ["month", "cost_centre"], "allocated_cost")
    of_months: dict[object, dict[str, float]] = {}
    for month, centre, amount in sums.reset_index().itertuples(index=False, name=None):
        of_months.setdefault(month, {})[centre] = amount
    pieces = []
    for month, within in costs[is_shared].groupby("month").indices.items():
        rows = np.flatnonzero(is_shared)[within]
        theirs = of_months.get(month, {})
        shares = [(target.cost_centre, part, target.source) for target, part in shared.weights(theirs).items()]
        rest = 1 - sum(part for _, part, _ in shares)
        pieces += _divided(costs, rows, shared.cost_centre, [*shares, (shared.cost_centre, rest, shared.source)])
    if not pieces:
        return costs
    return pd.concat([costs[~is_shared], _together(costs, pieces)], ignore_index=True)


def _unassigned(costs: pd.DataFrame) -> pd.DataFrame:
    """Put together again what an earlier assignment divided."""
    if (costs["cost_centre"] == UNASSIGNED).all():
        return costs
    key = ["account", "invoice_id", "date", "vm_id"]
    whole = costs.drop_duplicates(key).drop(columns=["allocated_cost", *BY_SHARE])
    money = exact_sums(costs, key, "allocated_cost")
    others = costs.groupby(key, dropna=False)[BY_SHARE].sum(min_count=1)
    whole = whole.merge(others.assign(allocated_cost=money).reset_index(), on=key, how="left", validate="one_to_one")
    names = pd.array([None], dtype="str").repeat(len(whole))
    return TABLES["allocated_costs"].sort(whole.assign(cost_centre=UNASSIGNED, shared_from="", rule=names))
