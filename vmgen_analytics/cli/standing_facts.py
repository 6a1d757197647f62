"""The standing of an account as facts for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.cli.standing import utc
from vmgen_analytics.cli.standing_words import stake, warnings

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from vmgen_analytics.cli.standing import Standing


def facts(standing: Standing) -> dict[str, Any]:
    """Put the same facts into words for machines; every instant is in UTC, every day in the account's zone."""
    return {
        "time_zone": standing.zone.key,
        "time_zone_before": None if standing.syncs.before is None else standing.syncs.before[1],
        "is_synced": standing.is_synced,
        "months": [_month(standing, month) for month in standing.months.to_dict("records")],
        **_syncs(standing),
        "next_sync": utc(standing.next_sync),
        "next": stake(standing),
        "month_ends": utc(standing.month_ends),
        **_stakes(standing),
        "clock_ahead": _utc(standing.ahead),
        "lost": [
            {
                "month": loss.month,
                "since": _utc(loss.since),
                "days": _iso(loss.days),
                "vms": loss.vms,
                "tail": _iso(loss.tail),
                "tail_vms": loss.tail_vms,
                "by_vms": [
                    {
                        "vms": _vms(part.vms),
                        "days": _iso(part.days),
                        "tail": _iso(part.tail),
                        "seen_until": _utc(part.seen_until),
                    }
                    for part in loss.parts
                ],
            }
            for loss in standing.losses
        ],
        "last_days_whole": list(standing.grace[0]),
        "last_days_known": standing.grace[1],
        "left_sending": standing.left_sending["command_id"].tolist(),
        "warnings": warnings(standing),
    }


def _month(standing: Standing, counts: Mapping[Hashable, Any]) -> dict[str, Any]:
    month = str(counts["month"])
    days = standing.days.loc[month].dropna().to_dict() if month in standing.days.index else {}
    return {
        **{str(name): value for name, value in counts.items() if name != "account"},
        "month": month,
        "days": {f"{month}-{day:02d}": state for day, state in days.items()},
        "gaps": [
            {
                "vm_id": gap.vm_id,
                "vm_name": gap.vm_name,
                "missing": _iso(gap.missing),
                "lost_tail": _iso(gap.lost_tail),
                "seen_until": _utc(gap.seen_until),
            }
            for gap in standing.gaps.get(month, [])
        ],
        "seen_until": _utc(standing.syncs.seen_until.get(month)),
    }


def _syncs(standing: Standing) -> dict[str, Any]:
    attempt, success = standing.syncs.attempt, standing.syncs.success
    return {
        "last_sync": None if attempt is None else utc(attempt.started_at),
        "last_success": None if success is None else utc(success.started_at),
        "last_failures": 0 if attempt is None else int(attempt.failures),
        "incomplete": "" if attempt is None else str(attempt.incomplete),
        "error": None if attempt is None or pd.isna(attempt.error) else str(attempt.error),
        "learned": "" if attempt is None or pd.isna(attempt.learned) else str(attempt.learned),
    }


def _stakes(standing: Standing) -> dict[str, Any]:
    return {
        "loses_end": _iso(standing.stakes[-1].ends),
        "loses": _iso(standing.stakes[-1].days),
        "at_stake": [
            {
                "vms": _vms(each.vms),
                "loses_end": _iso(each.ends),
                "loses": _iso(each.days),
            }
            for each in standing.stakes
        ],
    }


def _vms(vms: Iterable[tuple[int, str]]) -> list[dict[str, int | str]]:
    return [{"vm_id": vm_id, "vm_name": vm_name} for vm_id, vm_name in vms]


def _utc(instant: pd.Timestamp | None) -> str | None:
    return None if instant is None else utc(instant)


def _iso(days: Iterable[pd.Timestamp]) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in days]
