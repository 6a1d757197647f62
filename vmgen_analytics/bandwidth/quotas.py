"""How a month's traffic stands against what is included: used, expected, the chance and the day of passing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.bandwidth.outlooks import Outlook, outlooks
from vmgen_analytics.bandwidth.pools import TERMS, is_about_any, pools
from vmgen_analytics.bandwidth.quota_words import sentence
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.forecast import PUBLISHED, Spans
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.transfer import TransferPolicy

STATES = ("exceeded", "expected", "possible", "unknown", "not_expected")
"""The worst first."""

NO_POLICY = (
    "No quota is known, so none is told: the provider publishes no transfer policy. Write yours into a file and name "
    "it as transfer_policy in the settings, or give the price book the column included_transfer_GB."
)
"""What to say where `quota_status` has no rows."""


def quota_status(
    days: pd.DataFrame,
    policies: Sequence[TransferPolicy],
    *,
    today: pd.Timestamp,
    terms: pd.DataFrame | None = None,
    spans: Spans = PUBLISHED,
) -> pd.DataFrame:
    """Each quota of the month that runs: what is used, what is expected, and when it is passed.

    The traffic of a pool is forecast as one series, from the days on which nine tenths of its VMs have a final report;
    the others are filled in by their usual day. What today has already brought beyond its usual is added. Where the
    larger of two directions counts, both are forecast, and taken to be large together.

    Without 3 final days nothing is forecast; the first days of a month say little without the weeks before. Chances
    are measured between 2.5 and 97.5 %, on public series unless the spans are your own, and know of no plan: a launch
    next week is in none of them. Days of unknown traffic count as usual ones, not as 0.

    Parameters
    ----------
    days
        Table ``vm_days``, with some weeks before the month. Without them, the first days of a month say little.
    policies
        Transfer policies; of those that hold today, the first that is about a VM decides. None is known unless the
        user wrote it: then there are no rows, and `NO_POLICY` says so.
    today
        The day, naive, in the account's time zone. It is not over, so its traffic is no final one.
    terms
        included_transfer_GB and overage_price_per_GB of each VM-day in the order of ``days``, for policies that take
        them from the price book; `vmgen_analytics.cost.transfer_terms` has them.
    spans
        How far forecasts stray; `vmgen_analytics.forecast.calibrated_spans` makes them of your own history.

    Returns
    -------
    DataFrame
        Table ``quota_status``, the worst first: rank, account, scope, group, vm_id, vms, month, as_of, direction,
        policy, quota_GB, used_GB, used_share, days_known, days_estimated, expected_GB, low_GB, high_GB, chance_over,
        exceeded_on, exceeded_early, exceeded_late, overage_GB, overage_cost, overage_cost_low, overage_cost_high,
        state, sentence. [GB of the policy, currency] A quota that accrues daily is what the VMs of the newest day will
        have brought by the end of the month.

    Raises
    ------
    SchemaError
        The frame is not its table, today is no naive day, or the terms are not as many as the days.
    """
    TABLES["vm_days"].check(days, unique=False)
    if today.tzinfo is not None or today != today.normalize():
        raise SchemaError(f"today is {today}; it is a day without a time zone, as 2026-11-23")
    if terms is not None and (len(terms) != len(days) or not set(TERMS) <= set(terms)):
        raise SchemaError(f"terms needs the columns {', '.join(TERMS)}, a row for each of the {len(days)} VM-days")
    table = TABLES["quota_status"]
    if not is_about_any(days, policies, today):
        return table.frame()
    found = pools(days, policies, today, terms)
    rows = pd.DataFrame([_row(outlook, today) for outlook in outlooks(found, policies, today, spans)])
    rows["order"] = rows["state"].map({state: place for place, state in enumerate(STATES)})
    worst = ["order", "chance_over", "overage_GB", "used_share"]
    rows = rows.sort_values(worst, ascending=[True, False, False, False], kind="stable", ignore_index=True)
    return table.cast(rows.drop(columns="order").assign(rank=np.arange(1, len(rows) + 1)))


def _row(outlook: Outlook, today: pd.Timestamp) -> dict[str, object]:
    pool, policy = outlook.pool, outlook.policy
    used = outlook.used / policy.MB_per_GB
    low, expected, high, highest = (outlook.totals / policy.MB_per_GB).tolist()
    quota = float(pool["quota_GB"]) if isinstance(pool["member"], str) else np.nan
    state = _state(quota, used, expected, highest)
    is_known = not np.isnan(quota)
    beyond = [_beyond(total, quota, policy) for total in (low, expected, high)]
    facts = {
        "account": pool["account"],
        "scope": policy.scope,
        "group": pool["group"],
        **{name: pool[name] for name in ("vm_id", "incarnation") if name in pool},
        "vms": pool["vms"],
        "month": today.to_period("M"),
        "as_of": today,
        "direction": policy.direction,
        "policy": policy.source,
        "quota_GB": quota,
        "used_GB": used,
        "used_share": used / quota if quota > 0 else np.nan,
        "days_known": outlook.days[0],
        "days_estimated": outlook.days[1],
        "expected_GB": expected,
        "low_GB": low,
        "high_GB": high,
        "chance_over": outlook.chance if is_known else np.nan,
        **{
            name: day if is_known else pd.NaT
            for name, day in zip(("exceeded_on", "exceeded_early", "exceeded_late"), outlook.dates, strict=True)
        },
        "overage_GB": beyond[1],
        "overage_cost": _cost(beyond[1], pool["price"]),
        "overage_cost_low": _cost(beyond[0], pool["price"]),
        "overage_cost_high": _cost(beyond[2], pool["price"]),
        "state": state,
    }
    return facts | {"sentence": sentence(facts, highest, outlook.why)}


def _state(quota: float, used: float, expected: float, highest: float) -> str:
    if used > quota:
        return "exceeded"
    if expected > quota:
        return "expected"
    if np.isnan([quota, highest]).any():
        return "unknown"
    return "possible" if highest > quota else "not_expected"


def _beyond(total: float, quota: float, policy: TransferPolicy) -> float:
    """What is charged of a total; started GB count whole where the policy says so."""
    beyond = max(total - quota, 0.0) if not np.isnan([total, quota]).any() else np.nan
    return float(np.ceil(round(beyond, 9))) if policy.rounding == "up" and not np.isnan(beyond) else beyond


def _cost(beyond: float, price: float) -> float:
    return 0.0 if beyond == 0 else beyond * price
