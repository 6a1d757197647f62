"""The key numbers of the cost panel that look ahead: the forecast and the budget of the month that is not over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vmgen_analytics.cost import Budgets, budget_status
from vmgen_analytics.plots import labels
from vmgen_analytics.widgets.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from vmgen_analytics.widgets.cost_answer import CostAnswer


def outlook(answer: CostAnswer) -> list[tuple[str, str, str]]:
    """Name, number and remark of the forecast and the budget, as far as they are known for what is chosen.

    Parameters
    ----------
    answer
        What is chosen, and the data behind it.
    """
    month, today = answer.open_month, answer.as_of
    if month is None or today is None or replace(answer.choices.scope, account=None) != Scope():
        return []  # neither is of a location or a VM
    numbers = []
    whole = answer.data.forecast(None, today, answer.settings)
    name, choices = labels.month_name(month), answer.choices
    if choices.cost_centre is None:
        found = answer.data.forecast(choices.account, today, answer.settings) if choices.account else whole
        row = found.iloc[0] if len(found) else None
        if row is not None and np.isfinite(row["expected"]):
            numbers.append((f"{name} expected", answer.money(row["expected"]), _interval(answer, row)))
    status = budget_status(_budgets(answer), answer.data.costs, whole, today=today)
    of_month = status[(status["first_month"] == month) & (status["last_month"] == month)]
    mine = of_month[of_month["scope"] == _scope(answer)].to_dict("records")
    return [*numbers, *((f"Budget of {name}", answer.money(each["amount"]), _state(each)) for each in mine)]


def _interval(answer: CostAnswer, row: pd.Series) -> str:
    if not np.isfinite(row["low"]):
        return str(row["reason"])
    return f"8 of 10: {answer.money(row['low'])} to {answer.money(row['high'])}"


def _budgets(answer: CostAnswer) -> Budgets:
    ledger = answer.data.ledger
    return ledger.budgets if ledger is not None and ledger.budgets is not None else Budgets(())


def _scope(answer: CostAnswer) -> str:
    """Name the scope of a budget for what is chosen, as budgets do."""
    chosen = [
        f"{name.replace('_', ' ')} {value}"
        for name in ("account", "cost_centre")
        if (value := getattr(answer.choices, name)) is not None
    ]
    return ", ".join(chosen) or "everything"


def _state(budget: Mapping[Hashable, Any]) -> str:
    actual, expected = float(budget["actual_share"]), float(budget["forecast_share"])
    spent = f"{labels.percent(actual)} spent" if np.isfinite(actual) else "nothing billed yet"
    ends = f", {labels.percent(expected)} expected" if np.isfinite(expected) else ""
    return f"{spent}{ends}: {budget['state']}"
