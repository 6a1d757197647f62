"""What the month will cost: its VMs at their prices until it ends, by how invoices have differed from prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.expected_overage import ExpectedOverage
from vmgen_analytics.cost.keys import best_key, checked_weights, key_values
from vmgen_analytics.cost.millionths import exact_sums
from vmgen_analytics.cost.month_history import LEAST_MONTHS, History
from vmgen_analytics.cost.overage import policies_of
from vmgen_analytics.cost.rating import rated_costs
from vmgen_analytics.schema import TABLES
from vmgen_analytics.settings import Allocation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.cost.month_history import Guess
    from vmgen_analytics.cost.prices import PriceBook
    from vmgen_analytics.transfer import TransferPolicy

    Numbers = NDArray[np.float64]


def cost_forecast(
    days: pd.DataFrame,
    costs: pd.DataFrame,
    prices: PriceBook | None = None,
    *,
    today: pd.Timestamp,
    by: str | Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    transfer: Sequence[TransferPolicy] | None = None,
) -> pd.DataFrame:
    """What the current month will have cost when it ends, with an interval of 80 %.

    The VMs that run today are carried to the end of the month at their list prices (or weights, where a price is
    missing), and the sum is multiplied by what invoices of closed months were of theirs: that holds taxes, fees and
    discounts, as far as they stay in proportion. Traffic beyond a known quota is forecast by itself, VM by VM with
    its usual traffic; where no policy is known, it counts among what stays in proportion. The interval comes from
    the same forecast made on the same day of each closed month. Invoices that already exceed the interval, as one
    that bills something besides the VMs, stay what they are, and only the days to come are added to them. So do
    corrections of closed months, which judge no month.

    Parameters
    ----------
    days
        Table ``vm_days``, of the closed months and of this one until today.
    costs
        Table ``allocated_costs`` of these months; the newest month's may lack.
    prices
        The price book.
    today
        The day, naive, in the account's time zone.
    by
        ``account``, or none for the total.
    weights
        Weights of vcpus, ram_GB and disk_GB where there are no prices.
    transfer
        Transfer policies; None takes what the price book says.

    Returns
    -------
    DataFrame
        Table ``cost_forecast``: month (and account), as_of, so_far, expected, low, high, months_used, error,
        run_rate_error, coverage, key, reason. [currency] What cannot be told is missing, and ``reason`` says why.

    Raises
    ------
    SchemaError
        A frame is not its table, or cannot be grouped so.
    """
    table = TABLES["cost_forecast"]
    groups = table.grouping(by, costs)
    rows = [
        _row(history, today) | dict.fromkeys(groups, account)
        for account, history in _histories(days, costs, prices, today, groups, weights, transfer)
    ]
    return table.cast(pd.DataFrame(rows)) if rows else table.frame({name: [] for name in groups})


def cost_forecast_backtest(
    days: pd.DataFrame,
    costs: pd.DataFrame,
    prices: PriceBook | None = None,
    *,
    today: pd.Timestamp,
    by: str | Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    transfer: Sequence[TransferPolicy] | None = None,
) -> pd.DataFrame:
    """How the forecast would have done in each closed month, with nothing but what was known on its day.

    Parameters, Raises
        As for `cost_forecast`.

    Returns
    -------
    DataFrame
        Table ``cost_forecast_backtest``: month (and account), as_of, actual, expected, low, high, run_rate.
        [currency] A row for each day of the closed months that had three closed months before them.
    """
    table = TABLES["cost_forecast_backtest"]
    groups = table.grouping(by, costs)
    tested = [
        history.backtest().assign(**dict.fromkeys(groups, account))
        for account, history in _histories(days, costs, prices, today, groups, weights, transfer)
    ]
    found = [each for each in tested if len(each)]
    return table.cast(pd.concat(found)) if found else table.frame({name: [] for name in groups})


def _row(history: History, today: pd.Timestamp) -> dict[str, object]:
    """One row of the forecast."""
    month = history.current
    guess = history.outlook()
    same = history.backtest(today.day)
    amounts = dict(zip(("expected", "low", "high"), np.round([guess.expected, guess.low, guess.high], 2), strict=True))
    is_inside = None if same.empty else ((same["low"] <= same["actual"]) & (same["actual"] <= same["high"])).mean()
    has_bills = np.isfinite(month.invoiced) or month.corrections != 0
    return {
        "month": month.month,
        "as_of": today,
        "so_far": np.round(np.nan_to_num(month.invoiced) + month.corrections, 6) if has_bills else np.nan,
        **amounts,
        "months_used": guess.months,
        "error": np.nan if same.empty else float((same["expected"] / same["actual"] - 1).abs().median()),
        "run_rate_error": np.nan if same.empty else float((same["run_rate"] / same["actual"] - 1).abs().median()),
        "coverage": is_inside,
        "key": history.key,
        "reason": _reason(history, guess, is_tested=not same.empty),
    }


def _reason(history: History, guess: Guess, *, is_tested: bool) -> str:
    if not len(history.current.amounts):
        return f"no VM is known in {history.current.month}; sync once in it"
    if not guess.months:
        return "a forecast needs one closed month with an invoice and every day of its VMs known; there is none"
    if guess.months < LEAST_MONTHS:
        return f"an interval needs {LEAST_MONTHS} closed months with invoices; there are {guess.months}"
    if not is_tested:
        return f"a test on the past needs {LEAST_MONTHS + 1} closed months with invoices; there are {guess.months}"
    return ""


def _histories(
    days: pd.DataFrame,
    costs: pd.DataFrame,
    prices: PriceBook | None,
    today: pd.Timestamp,
    groups: Sequence[str],
    weights: Mapping[str, float] | None,
    transfer: Sequence[TransferPolicy] | None,
) -> list[tuple[str, History]]:
    """Take the months of each account, or of all together under an empty name."""
    TABLES["vm_days"].check(days, unique=False)
    TABLES["allocated_costs"].check(costs, unique=False)
    days = days[days["date"] <= today]
    amounts, key = _amounts(days, prices, checked_weights(weights or Allocation().weights))
    daily = days[[*groups, "date"]].assign(amount=amounts).groupby([*groups, "date"])["amount"].sum()
    is_late = costs["corrects"].notna()
    invoiced, corrected = (
        exact_sums(part, [*groups, "month"], "allocated_cost") for part in (costs[~is_late], costs[is_late])
    )
    now = today.to_period("M")
    policies = policies_of(prices) if transfer is None else transfer
    if not groups:
        return [("", History.of(daily, invoiced, corrected, now, key, ExpectedOverage.of(days, policies, prices)))]
    found = []
    for name in sorted({*days["account"], *costs["account"]}):
        overage = ExpectedOverage.of(days[days["account"] == name], policies, prices)
        sums = _of(daily, name), _of(invoiced, name), _of(corrected, name)
        found.append((name, History.of(*sums, now, key, overage)))
    return found


def _of(sums: pd.Series, account: str) -> pd.Series:
    """Take the sums of an account, by day or by month."""
    return sums[sums.index.get_level_values("account") == account].droplevel("account")


def _amounts(days: pd.DataFrame, prices: PriceBook | None, weights: Mapping[str, float]) -> tuple[Numbers, str]:
    """What each VM-day adds to its month: its list cost, else its weight over the days of the month."""
    listed = None if prices is None else rated_costs(days, prices)["list_cost"].to_numpy()
    key = best_key(days, listed, weights) if len(days) else "even"
    if key == "price_book" and listed is not None:
        return listed, key
    return key_values(days, None, key, weights) / days["date"].dt.days_in_month.to_numpy(), key
