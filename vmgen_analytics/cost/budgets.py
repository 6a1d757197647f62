"""Budgets: what was meant to be spent, beside what was and what is expected to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from vmgen_analytics.cost.millionths import PER_UNIT, exact_sums, to_millionths
from vmgen_analytics.lines import Line, read_lines
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from vmgen_analytics.cost.cost_centres import CostCentres

SCOPES = ("account", "cost_centre", "package", "location")
COLUMNS = (*SCOPES, "period", "amount", "note")
THRESHOLDS = (0.5, 0.8, 1.0)
"""Parts of a budget at which its state changes."""

LARGEST = 9e9


@dataclass(frozen=True)
class Budget:
    """An amount for a month, a quarter or a year, of everything or of what a scope names."""

    scope: Mapping[str, str]
    first: pd.Period
    last: pd.Period
    amount: float
    source: str

    @property
    def says(self) -> str:
        """The scope in words."""
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.scope.items()) or "everything"

    @property
    def months(self) -> list[pd.Period]:
        """Its months."""
        return list(pd.period_range(self.first, self.last, freq="M"))

    def of(self, costs: pd.DataFrame) -> pd.DataFrame:
        """Take the rows of its scope from a table with the columns of one."""
        inside = pd.Series(True, index=costs.index)
        for name, value in self.scope.items():
            inside &= costs[name] == value
        return costs[inside]


@dataclass(frozen=True)
class Budgets:
    """All budgets, in the order of their file."""

    budgets: tuple[Budget, ...]

    @classmethod
    def read(cls, path: str | Path, centres: CostCentres | None = None) -> Self:
        """Read budgets.

        Parameters
        ----------
        path
            CSV with the columns period (2026-11, 2026-Q4 or 2026) and amount, any of account, cost_centre, package
            and location (empty: all of them) and note.
        centres
            The rules, which must know every cost centre that is named.

        Raises
        ------
        SettingsError
            The file cannot be read, or a line is wrong: it is named.
        """
        return cls._of(read_lines(path, "budgets", COLUMNS, needed=("period", "amount")), centres)

    @classmethod
    def of(
        cls, budgets: Iterable[Mapping[str, object]], centres: CostCentres | None = None, source: str = "line"
    ) -> Self:
        """Make budgets from records with the columns of the file, for code that has none.

        Raises
        ------
        SettingsError
            As for `Budgets.read`.
        """
        records = [{name: "" if value is None else str(value) for name, value in each.items()} for each in budgets]
        lines = [Line(f"{source} {number}", record) for number, record in enumerate(records, start=1)]
        return cls._of(lines, centres)

    @classmethod
    def _of(cls, lines: Sequence[Line], centres: CostCentres | None) -> Self:
        found: dict[tuple[object, ...], Budget] = {}
        for line in lines:
            budget = _budget(line, centres)
            key = (tuple(budget.scope.items()), budget.first, budget.last)
            if key in found:
                raise line.wrong(f"{found[key].source} has a budget of the same scope and period; leave one")
            found[key] = budget
        return cls(tuple(found.values()))


def budget_status(
    budgets: Budgets, costs: pd.DataFrame, forecast: pd.DataFrame, *, today: pd.Timestamp
) -> pd.DataFrame:
    """Each budget beside what was spent of it and what is expected by its end.

    A scope's forecast is its part of its account's newest month with an invoice, times the forecast of the current
    month; a month of the period that is still to come is taken to cost what the current one will.

    Parameters
    ----------
    budgets
        The budgets.
    costs
        Table ``allocated_costs`` of their months, assigned to cost centres where a budget is for one.
    forecast
        Table ``cost_forecast`` of the current month, of all together or by account.
    today
        The day, naive, in the account's time zone.

    Returns
    -------
    DataFrame
        Table ``budget_status``: position, budget, scope, first_month, last_month, amount, actual, actual_share,
        forecast, forecast_low, forecast_high, forecast_share, state, reason. [currency] What is not known is missing,
        and ``reason`` says why.

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    TABLES["allocated_costs"].check(costs, unique=False)
    TABLES["cost_forecast"].check(forecast)
    now = today.to_period("M")
    rows = [
        {"position": position, **_row(budget, costs, forecast, now)}
        for position, budget in enumerate(budgets.budgets, start=1)
    ]
    return TABLES["budget_status"].cast(pd.DataFrame(rows)) if rows else TABLES["budget_status"].frame()


def _row(budget: Budget, costs: pd.DataFrame, forecast: pd.DataFrame, now: pd.Period) -> dict[str, object]:
    mine = budget.of(costs)
    billed = set(costs["month"])
    in_period = mine["month"].isin(budget.months)
    actual = _sum(mine[in_period]) if billed & set(budget.months) and len(mine) else np.nan
    to_come = [month for month in budget.months if month >= now]
    reason = _reason(budget, mine, billed, now)
    ends = dict.fromkeys(("expected", "low", "high"), np.nan)
    if not reason and not to_come:
        ends = dict.fromkeys(ends, actual)
    elif not reason:
        over = _sum(mine[in_period & (mine["month"] < now)])
        month = {name: _expected(budget, costs, forecast, name) for name in ends}
        ends = {name: over + amount * len(to_come) for name, amount in month.items()}
        if not np.isfinite(month["expected"]):
            reason = _refusal(forecast)
    return {
        "budget": budget.source,
        "scope": budget.says,
        "first_month": budget.first,
        "last_month": budget.last,
        "amount": budget.amount,
        "actual": actual,
        "actual_share": actual / budget.amount,
        "forecast": ends["expected"],
        "forecast_low": ends["low"],
        "forecast_high": ends["high"],
        "forecast_share": ends["expected"] / budget.amount,
        "state": _state(actual / budget.amount, ends["expected"] / budget.amount, is_over=not to_come),
        "reason": reason,
    }


def _reason(budget: Budget, mine: pd.DataFrame, billed: set[pd.Period], now: pd.Period) -> str:
    """Say why what was spent is not known whole; empty if it is."""
    if mine.empty:
        return f"nothing was ever billed for {budget.says}" if billed else "no invoice is known"
    missing = [month for month in budget.months if month < now and month not in billed]
    return f"no invoice is known for {', '.join(map(str, missing))}" if missing else ""


def _refusal(forecast: pd.DataFrame) -> str:
    told = [reason for reason in forecast["reason"] if reason]
    return told[0] if told else "nothing is forecast for what it is for"


def _expected(budget: Budget, costs: pd.DataFrame, forecast: pd.DataFrame, name: str) -> float:
    """What the current month is expected to charge for a scope."""
    if "account" not in forecast:
        return _part(budget, costs) * _first(forecast[name])
    shares = {
        account: _part(budget, costs[costs["account"] == account]) for account in budget.of(costs)["account"].unique()
    }
    return sum(part * _first(forecast.loc[forecast["account"] == account, name]) for account, part in shares.items())


def _first(values: pd.Series) -> float:
    return float(values.iloc[0]) if len(values) else np.nan


def _part(budget: Budget, costs: pd.DataFrame) -> float:
    """The scope's part of the newest month of each account in which more was charged than credited."""
    if not budget.scope:
        return 1.0
    monthly = exact_sums(costs, ["account", "month"], "allocated_cost").reset_index()
    newest = monthly[monthly["allocated_cost"] > 0].drop_duplicates("account", keep="last")[["account", "month"]]
    told = costs.merge(newest, on=["account", "month"], how="inner", validate="many_to_one")
    total = _sum(told)
    return _sum(budget.of(told)) / total if total > 0 else np.nan


def _sum(costs: pd.DataFrame) -> float:
    return int(to_millionths(costs["allocated_cost"]).sum()) / PER_UNIT


def _state(actual: float, expected: float, *, is_over: bool) -> str:
    """Put a budget into a word or some, the worst that holds: what is spent comes before what is expected."""
    if actual > THRESHOLDS[-1]:
        return "exceeded"
    if is_over:
        return "kept" if np.isfinite(expected) else "unknown"
    if expected > THRESHOLDS[-1]:
        return "will be exceeded"
    for threshold in reversed(THRESHOLDS[:-1]):
        words = f"over {100 * threshold:.0f} %"
        if actual >= threshold:
            return words
        if expected >= threshold:
            return f"will be {words}"
    return "on track" if np.isfinite(expected) else "unknown"


def _budget(line: Line, centres: CostCentres | None) -> Budget:
    scope = {name: line.text(name) for name in SCOPES if line.text(name)}
    if "cost_centre" in scope:
        if centres is None:
            raise line.wrong("a budget for a cost centre needs cost_centres: the rules that say who pays")
        centres.check(scope["cost_centre"], line)
    amount = line.number("amount", 0, LARGEST, needed=True)
    if amount == 0:
        raise line.wrong("the amount is 0; leave the line out where nothing is meant to be spent")
    first, last = _period(line)
    return Budget(scope, first, last, amount, line.where)


def _period(line: Line) -> tuple[pd.Period, pd.Period]:
    text = line.text("period", needed=True)
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        return pd.Period(text, "M"), pd.Period(text, "M")
    if re.fullmatch(r"\d{4}-?Q[1-4]", text):
        quarter = pd.Period(text.replace("-", ""), "Q")
        return quarter.asfreq("M", "start"), quarter.asfreq("M", "end")
    if re.fullmatch(r"\d{4}", text):
        return pd.Period(f"{text}-01", "M"), pd.Period(f"{text}-12", "M")
    raise line.wrong(f"period is {text!r}; it must be a month as 2026-11, a quarter as 2026-Q4 or a year")
