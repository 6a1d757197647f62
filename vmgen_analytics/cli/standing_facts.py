"""The standing of an account as facts for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cli.standing import utc
from vmgen_analytics.cli.standing_words import stake, warnings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmgen_analytics.cli.standing import Standing


def facts(standing: Standing) -> dict[str, Any]:
    """Put the same facts into words for machines; every instant is in UTC, every day in the account's zone."""
    attempt, success = standing.syncs.attempt, standing.syncs.success
    months = standing.months.drop(columns="account").assign(month=standing.months["month"].astype("str"))
    records = [{str(name): value for name, value in record.items()} for record in months.to_dict("records")]
    for record in records:
        row = standing.days.loc[record["month"]].dropna() if record["month"] in standing.days.index else {}
        record["days"] = {f"{record['month']}-{day:02d}": state for day, state in dict(row).items()}
        record["gaps"] = [
            {
                "vm_id": gap.vm_id,
                "vm_name": gap.vm_name,
                "missing": _iso(gap.missing),
                "lost_tail": _iso(gap.lost_tail),
                "seen_until": None if gap.seen_until is None else utc(gap.seen_until),
            }
            for gap in standing.gaps.get(record["month"], [])
        ]
        until = standing.syncs.seen_until.get(record["month"])
        record["seen_until"] = None if until is None else utc(until)
    return {
        "time_zone": standing.zone.key,
        "is_synced": standing.is_synced,
        "months": records,
        "last_sync": None if attempt is None else utc(attempt.started_at),
        "last_success": None if success is None else utc(success.started_at),
        "last_failures": 0 if attempt is None else int(attempt.failures),
        "incomplete": "" if attempt is None else str(attempt.incomplete),
        "error": None if attempt is None or pd.isna(attempt.error) else str(attempt.error),
        "learned": "" if attempt is None or pd.isna(attempt.learned) else str(attempt.learned),
        "next_sync": utc(standing.next_sync),
        "next": stake(standing),
        "month_ends": utc(standing.month_ends),
        "loses_end": _iso(standing.stakes[-1].ends),
        "loses": _iso(standing.stakes[-1].days),
        "at_stake": [
            {
                "vms": [{"vm_id": vm_id, "vm_name": vm_name} for vm_id, vm_name in each.vms],
                "loses_end": _iso(each.ends),
                "loses": _iso(each.days),
            }
            for each in standing.stakes
        ],
        "clock_ahead": None if standing.ahead is None else utc(standing.ahead),
        "lost": [
            {
                "month": loss.month,
                "since": None if loss.since is None else utc(loss.since),
                "days": _iso(loss.days),
                "vms": loss.vms,
                "tail": _iso(loss.tail),
                "tail_vms": loss.tail_vms,
            }
            for loss in standing.losses
        ],
        "last_days_whole": list(standing.grace[0]),
        "last_days_known": standing.grace[1],
        "left_sending": standing.left_sending["command_id"].tolist(),
        "warnings": warnings(standing),
    }


def _iso(days: Iterable[pd.Timestamp]) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in days]
