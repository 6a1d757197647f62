"""Unusual traffic: what, when, how much, which VMs, and what else happened then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.bandwidth.detection import ALERT, CLOSE, LOCAL_DAYS, WEEK_DAYS
from vmgen_analytics.bandwidth.episodes import episode_count
from vmgen_analytics.bandwidth.explanations import Happenings, contribution_rows, contributions, explained_by
from vmgen_analytics.bandwidth.findings import DIRECTIONS, NOTE_BELOW_ALERT, Finding, Scored, findings
from vmgen_analytics.bandwidth.series import vm_traffic
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import MB_PER_GB, TABLES, machine_key

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS_PER_MONTH = 30.4375
FLOOR_GB, FLOOR_SHARE = 1.0, 0.01
LEAST_ALERT = CLOSE + NOTE_BELOW_ALERT
LEAST_VM_MONTHS = 3.0


def bandwidth_anomalies(
    days: pd.DataFrame,
    jobs: pd.DataFrame | None = None,
    *,
    alert: float = ALERT,
    floor_GB: float = FLOOR_GB,
    floor_share: float = FLOOR_SHARE,
) -> pd.DataFrame:
    """Unusual traffic of VMs, of several at once, and of accounts, locations and packages.

    Each day is compared with the 56 before it; 28 are wanted, and fewer than 7 give nothing. Days in a row, and within
    7 days, are one anomaly; VMs of an account that begin on the same day are one, if they are a fifth of it. A group is
    told where its VMs' own alerts explain less than half. `vmgen_analytics.bandwidth.detection` says how days are
    scored, what share of unusual days is found, and what is not: a slow drift, and what is unusual only for a day of
    the month or the year. Days without a final report are not judged, and "coincides with" is not "caused by".

    Parameters
    ----------
    days
        Table ``vm_days``, with some weeks before the days of interest. Only final and imported days are looked at.
    jobs
        Table ``jobs``, to be told what coincides.
    alert
        Score that is an alert; `calibrated_alert` finds one for your own fleet.
    floor_GB, floor_share
        Least impact of an alert: so many GB, and so much of what the account usually moves on those days, though
        never more than 10 GB a day. What is below is a note.

    Returns
    -------
    DataFrame
        Table ``bandwidth_anomalies``, the worst first: anomaly, account, first_day, last_day, scope, group, vm_id,
        incarnation, vms, kind, direction, severity, score, confidence, unusual_days, expected_GB, actual_GB, impact_GB,
        explained_by, coincides_with. [d, GB] Without rows where nothing is unusual, or too little is known.

    Raises
    ------
    SchemaError
        A frame is not its table, or a threshold is out of bounds.
    """
    scored, found = _found(days, alert, floor_GB, floor_share)
    happenings = Happenings(scored, days, jobs)
    table = TABLES["bandwidth_anomalies"]
    rows = [_row(scored, happenings, finding, number) for number, finding in enumerate(found, start=1)]
    names = [name for name in table.columns if name != "incarnation" or name in scored.traffic.vms]
    return table.cast(pd.DataFrame(rows, columns=names))


def anomaly_contributions(
    days: pd.DataFrame,
    *,
    alert: float = ALERT,
    floor_GB: float = FLOOR_GB,
    floor_share: float = FLOOR_SHARE,
    anomalies: Sequence[int] | None = None,
) -> pd.DataFrame:
    """The part of each VM in the anomalies of `bandwidth_anomalies`, asked with the same thresholds.

    Monitors of totals are blind to a rise that another VM's fall evens out; so rises and falls are shared out apart.

    Parameters
    ----------
    days
        Table ``vm_days``, the same as there.
    alert, floor_GB, floor_share
        As there.
    anomalies
        Numbers of those that are wanted; none means all.

    Returns
    -------
    DataFrame
        Table ``anomaly_contributions``: anomaly, vm_id, incarnation, account, vm_name, package, location,
        contribution_GB, share, is_main. [GB, 1]

    Raises
    ------
    SchemaError
        The frame is not its table, or a threshold is out of bounds.
    """
    scored, found = _found(days, alert, floor_GB, floor_share)
    table = TABLES["anomaly_contributions"]
    wanted = range(1, len(found) + 1) if anomalies is None else anomalies
    if strange := [number for number in wanted if not 1 <= number <= len(found)]:
        raise SchemaError(f"no anomaly {strange[0]}; there are {len(found)}")
    rows = [contribution_rows(scored, found[number - 1], number) for number in wanted]
    return table.cast(pd.concat(rows, ignore_index=True)) if rows else table.frame()


@dataclass(frozen=True)
class Calibration:
    """A threshold for a fleet, and what it costs.

    Attributes
    ----------
    alert
        Score that is an alert.
    alerts_per_vm_month
        Episodes that it would have raised in the archive, for each VM and month; NaN with too little history.
    vm_months
        What that rests on.
    sentence
        The same for people.
    """

    alert: float
    alerts_per_vm_month: float
    vm_months: float
    sentence: str


def calibrated_alert(days: pd.DataFrame, most_per_vm_month: float = 1.0, *, least: float = LEAST_ALERT) -> Calibration:
    """Find the lowest threshold that would have raised at most so many alerts, on one's own history.

    It rests on the past: a fleet that changes its ways raises more, or fewer. Leave out the days that are judged by it,
    as what is unusual in them would excuse itself.

    Parameters
    ----------
    days
        Table ``vm_days``, as long as there is.
    most_per_vm_month
        Alerts for each VM and month, at most. An alert in both directions counts twice here, and those below the impact
        floor count: what is told will be less.
    least
        It is never lower than that, however few alerts it would raise.

    Returns
    -------
    Calibration
        The usual threshold, with a sentence that says what is needed, where less than 3 VM-months can be scored.

    Raises
    ------
    SchemaError
        The frame is not its table, the number is not above 0, or the least threshold is below 3.
    """
    if not most_per_vm_month > 0:
        raise SchemaError(f"at most {most_per_vm_month} alerts per VM-month: it must be more than 0")
    _check(least)
    scored = Scored.of(vm_traffic(days))
    score = [scored.scores[name].score for name in DIRECTIONS]
    months = float(max((~np.isnan(each)).sum() for each in score)) / DAYS_PER_MONTH
    if months < LEAST_VM_MONTHS:
        needed = f"{LEAST_VM_MONTHS:g} VM-months with 7 days of history before them, and {months:.1f} are known"
        return Calibration(ALERT, np.nan, months, f"the usual threshold of {ALERT:g}: calibrating needs {needed}")
    steps = np.unique(np.concatenate([np.abs(each[~np.isnan(each)]) for each in score]))
    low, high = 0, len(steps)
    while low < high:  # fewer episodes the higher the threshold
        middle = (low + high) // 2
        if sum(episode_count(each, steps[middle]) for each in score) <= most_per_vm_month * months:
            high = middle
        else:
            low = middle + 1
    alert = max(float(steps[low]) if low < len(steps) else float(np.nextafter(steps[-1], np.inf)), least)
    rate = sum(episode_count(each, alert) for each in score) / months
    return Calibration(
        alert, rate, months, f"a threshold of {alert:.2f} would have raised {rate:.2f} alerts per VM-month"
    )


def _check(alert: float) -> None:
    if not LEAST_ALERT <= alert < np.inf:
        raise SchemaError(f"no alert at a score of {alert:g}: it is a number from {LEAST_ALERT:g} up")


def _found(days: pd.DataFrame, alert: float, floor_GB: float, floor_share: float) -> tuple[Scored, list[Finding]]:
    _check(alert)
    if not (floor_GB >= 0 and floor_share >= 0):
        raise SchemaError(f"the impact floor is {floor_GB:g} GB and a share of {floor_share:g}; neither is below 0")
    scored = Scored.of(vm_traffic(days))
    return scored, findings(scored, alert, floor_GB, floor_share)


def _row(scored: Scored, happenings: Happenings, finding: Finding, number: int) -> dict[str, object]:
    episode, parts = finding.episode, contributions(scored, finding)
    dates, vms = scored.traffic.days, scored.traffic.vms
    machine = vms[machine_key(vms)].iloc[finding.rows[0]].to_dict() if finding.scope == "vm" else {}
    return {
        **machine,
        "anomaly": number,
        "account": finding.account,
        "first_day": dates[episode.first],
        "last_day": dates[episode.last],
        "scope": finding.scope,
        "group": finding.group,
        "vms": len(finding.rows),
        "kind": finding.kind,
        "direction": episode.direction,
        "severity": finding.severity,
        "score": episode.score,
        "confidence": _confidence(episode.known),
        "unusual_days": episode.days,
        "expected_GB": episode.expected_MB / MB_PER_GB,
        "actual_GB": episode.actual_MB / MB_PER_GB,
        "impact_GB": episode.impact / MB_PER_GB,
        "explained_by": explained_by(scored, finding, parts),
        "coincides_with": happenings.during(finding, parts),
    }


def _confidence(known: int) -> str:
    if known < WEEK_DAYS:
        return "low"
    return "medium" if known < LOCAL_DAYS else "high"
