"""How long what was paid in advance lasts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vmgen_analytics.schema import TABLES

LEAST_DAYS = 7
"""Days between the first and the last look at a credit, without which its decline tells nothing."""

LOOK_BACK = pd.Timedelta(days=35)
LONGEST_D = 3_650


def credit_runway(accounts: pd.DataFrame, forecast: pd.DataFrame) -> pd.DataFrame:
    """When each account's credit runs out, if it goes on as it did.

    What is used in a day is how much the credit fell in the last five weeks, where it rose it was paid in, and that
    is left out. Where the credit does not fall, what a month is expected to cost is taken for accounts that pay
    before, and nothing for those that pay after.

    Parameters
    ----------
    accounts
        Table ``accounts``, all observations: ``archive.history("accounts")``.
    forecast
        Table ``cost_forecast`` by account.

    Returns
    -------
    DataFrame
        Table ``credit_runway``: account, seen_at, credit, invoicing_model, used_per_day, rests_on, runs_out_on,
        reason. [currency] Missing where it cannot be told, and ``reason`` says why.

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    TABLES["accounts"].check(accounts)
    TABLES["cost_forecast"].check(forecast)
    rows = [_row(str(name), part, forecast) for name, part in accounts.groupby("account")]
    return TABLES["credit_runway"].cast(pd.DataFrame(rows)) if rows else TABLES["credit_runway"].frame()


def _row(account: str, seen: pd.DataFrame, forecast: pd.DataFrame) -> dict[str, object]:
    newest = seen.iloc[-1]
    credit, model = float(newest["credit"]), newest["invoicing_model"]
    used, rests_on = _decline(seen), "the credit's decline"
    if not np.isfinite(used) and isinstance(model, str) and "before" in model.lower():
        used, rests_on = _expected(account, forecast), "the month's forecast"
    reason = _reason(credit, used, model)
    days = np.nan if reason else max(credit, 0.0) / used
    if not reason and days > LONGEST_D:
        reason = "it lasts for more than ten years"
    runs_out = None if reason else newest["seen_at"].tz_localize(None).normalize() + pd.Timedelta(days=int(days))
    return {
        "account": account,
        "seen_at": newest["seen_at"],
        "credit": credit,
        "invoicing_model": model,
        "used_per_day": used,
        "rests_on": rests_on if np.isfinite(used) else None,
        "runs_out_on": runs_out,
        "reason": reason,
    }


def _decline(seen: pd.DataFrame) -> float:
    """How much of the credit was used a day; NaN where it did not fall, or was not looked at long enough."""
    last = seen["seen_at"].iloc[-1]
    before = seen[seen["seen_at"] <= last - LOOK_BACK].tail(1)
    recent = pd.concat([before, seen[seen["seen_at"] > last - LOOK_BACK]]).dropna(subset=["credit"])
    if len(recent) < 2:
        return np.nan
    days = (recent["seen_at"].iloc[-1] - recent["seen_at"].iloc[0]) / pd.Timedelta(days=1)
    falls = recent["credit"].diff()
    fallen = float(-falls[falls < 0].sum())
    return fallen / days if days >= LEAST_DAYS and fallen > 0 else np.nan


def _expected(account: str, forecast: pd.DataFrame) -> float:
    mine = forecast[forecast["account"] == account] if "account" in forecast else forecast[:0]
    if mine.empty or not np.isfinite(mine["expected"].iloc[0]):
        return np.nan
    return float(mine["expected"].iloc[0]) / int(mine["month"].iloc[0].days_in_month)


def _reason(credit: float, used: float, model: object) -> str:
    if not np.isfinite(credit):
        return "the provider gave no credit"
    if np.isfinite(used) and used > 0:
        return ""
    if isinstance(model, str) and "after" in model.lower():
        return "the account pays after, and its credit has not fallen"
    return f"the credit has not fallen between two syncs at least {LEAST_DAYS} days apart, and nothing is forecast"
