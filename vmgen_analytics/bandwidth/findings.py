"""From episodes of VMs and of groups to what is worth telling: merged, ranked, and each told once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.bandwidth.detection import LEAST_DAYS, LEAST_POOLED_DEVIATION, Scores, scores
from vmgen_analytics.bandwidth.episodes import Episode, episodes, joined
from vmgen_analytics.forecast import DailySeries, robust
from vmgen_analytics.schema import MB_PER_GB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.bandwidth.series import Traffic

    Numbers = NDArray[np.float64]
    Rows = NDArray[np.int64]

DIRECTIONS = ("in", "out")
NOTE_BELOW_ALERT = 1.0
"""How far below an alert a score is still worth a note."""

MERGE_SHARE, MERGE_LEAST = 0.2, 2
"""Part of an account's VMs, and how many at least, whose episodes on the same day are one event."""

KNOWN_SHARE = 0.5
"""Part of a group's VMs that must have a final report, so that the group has one."""

EXPLAINED_SHARE = 0.5
"""Part of a group's anomaly that its VMs' own anomalies may explain before it is not told again."""

MOST_FLOOR_GB = 10.0
"""Most that an impact must have a day: a hundredth of a fleet of thousands would hide every VM."""

PCR_RISE, PCR_DAYS = 0.3, 28
"""Rise of (out - in) / (out + in) above its median over so many days, with which an upload is unusual."""


@dataclass(frozen=True)
class Scored:
    """Traffic with its scores.

    Attributes
    ----------
    traffic
        The series.
    values, scores
        By direction, in and out.
    shifts
        By direction: actual less expected of each VM and day. A VM too young to have an expectation counts whole, one
        that went counts with what it would have brought, for 14 days; 0 where a report is missing.
    """

    traffic: Traffic
    values: dict[str, Numbers]
    scores: dict[str, Scores]
    shifts: dict[str, Numbers]

    @classmethod
    def of(cls, traffic: Traffic) -> Scored:
        """Score each VM by itself."""
        series = {"in": traffic.received, "out": traffic.sent}
        found = {name: scores(each) for name, each in series.items()}
        shifts = {name: _shifts(series[name].values, found[name].expected, traffic.exists) for name in DIRECTIONS}
        return cls(traffic, {name: each.values for name, each in series.items()}, found, shifts)

    def shift(self, rows: Rows, first: int, last: int, direction: str) -> Numbers:
        """MB that came more than was expected of some VMs, over some days."""
        names = DIRECTIONS if direction == "both" else (direction,)
        total: Numbers = np.sum([self.shifts[name][rows, first : last + 1].sum(axis=1) for name in names], axis=0)
        return total


@dataclass(frozen=True)
class Finding:
    """An anomaly before it is a row: the episode, the VMs it is about, and what it is."""

    account: str
    scope: str
    group: str | None
    rows: Rows
    episode: Episode
    kind: str
    severity: str


def findings(scored: Scored, alert: float, floor_GB: float, floor_share: float) -> list[Finding]:
    """What is worth telling, the worst first.

    Parameters
    ----------
    scored
        Traffic with its scores.
    alert
        Score that is an alert.
    floor_GB, floor_share
        Impact that an alert must have: so much, and so much of what the account usually moves on those days, which is
        never more than 10 GB a day.
    """
    floors = _Floors(scored, alert, floor_GB * MB_PER_GB, floor_share)
    of_vms = joined(*(episodes(scored.values[name], scored.scores[name], floors.note, name) for name in DIRECTIONS))
    told = [*_of_vms(scored, of_vms, floors)]
    told += _of_groups(scored, told, floors)
    order = {"alert": 0, "review": 0, "note": 1}
    return sorted(told, key=lambda finding: (order[finding.severity], -abs(finding.episode.impact)))


@dataclass(frozen=True)
class _Floors:
    scored: Scored
    alert: float
    least_MB: float
    share: float

    @property
    def note(self) -> float:
        return self.alert - NOTE_BELOW_ALERT

    @cached_property
    def usual(self) -> dict[tuple[str, str], Numbers]:
        """MB that each account usually moves until each day, by account and direction."""
        return {
            (account, name): np.pad(np.cumsum(np.nansum(self.scored.scores[name].expected[rows], axis=0)), (1, 0))
            for account, rows in self.scored.traffic.rows_of.items()
            for name in DIRECTIONS
        }

    def severity(self, episode: Episode, account: str) -> str:
        names = DIRECTIONS if episode.direction == "both" else (episode.direction,)
        sums = [self.usual[account, name] for name in names]
        usual = sum(float(each[episode.last + 1] - each[episode.first]) for each in sums)
        most = MOST_FLOOR_GB * MB_PER_GB * (episode.last - episode.first + 1)
        is_large = abs(episode.impact) >= max(self.least_MB, min(self.share * usual, most))
        return "alert" if is_large and episode.score >= self.alert else "note"


def _shifts(values: Numbers, expected: Numbers, exists: NDArray[np.bool_]) -> Numbers:
    known = ~np.isnan(values)
    shifts = np.where(known, values - np.nan_to_num(expected), 0.0)
    lived = np.cumsum(exists, axis=1)
    is_gone = (lived > 0) & ~exists & (lived[:, -1:] == lived)
    return np.where(is_gone, -np.nan_to_num(expected), shifts)


def _of_vms(scored: Scored, of_vms: Sequence[Episode], floors: _Floors) -> Iterator[Finding]:
    """VMs alone, or several that began on the same day."""
    accounts, rows_of = scored.traffic.accounts, scored.traffic.rows_of
    together: dict[tuple[str, int, int], list[Episode]] = {}
    for episode in of_vms:
        account = accounts[episode.row]
        if floors.severity(episode, account) == "alert":
            together.setdefault((account, episode.first, episode.sign), []).append(episode)
        else:
            yield _of_vm(scored, episode, account, "note")
    for (account, first, _), same in together.items():
        scored_vms = int((scored.scores["out"].known[rows_of[account], first] >= LEAST_DAYS).sum())
        if len(same) >= max(MERGE_LEAST, MERGE_SHARE * scored_vms):
            rows = np.array([episode.row for episode in same])
            yield Finding(account, "several", None, rows, _sum_of(same), _kind(same[0].sign), "alert")
        else:
            for episode in same:
                yield _of_vm(scored, episode, account, "alert")


def _of_vm(scored: Scored, episode: Episode, account: str, severity: str) -> Finding:
    kind = _kind(episode.sign)
    if severity == "alert" and _is_unusual_upload(scored, episode):
        kind, severity = "unusual_upload", "review"
    name = scored.traffic.names[episode.row]
    return Finding(account, "vm", name, np.array([episode.row]), episode, kind, severity)


def _is_unusual_upload(scored: Scored, episode: Episode) -> bool:
    """Whether a VM sends more than it did, not receives more, and its ratio of the two moves towards sending.

    The producer/consumer ratio (out - in) / (out + in) is of Bullard and Gerth (FloCon 2014). Backups, releases and
    origins of content networks look the same.
    """
    if episode.sign < 0 or episode.direction != "out":
        return False
    start = max(episode.first - PCR_DAYS, 0)
    received, sent = (scored.values[name][episode.row, start : episode.last + 1] for name in DIRECTIONS)
    with np.errstate(invalid="ignore"):
        ratio = (sent - received) / np.where(sent + received > 0, sent + received, np.nan)
    before, during = ratio[: episode.first - start], ratio[episode.first - start :]
    return bool(np.nanmax(np.append(during, -1)) - robust.median(before[None])[0] >= PCR_RISE)


def _of_groups(scored: Scored, told: Sequence[Finding], floors: _Floors) -> list[Finding]:
    """Accounts, then locations and packages that no account tells: what no VM shows by itself."""
    found: list[Finding] = []
    for scope in ("account", "location", "package"):
        for account, name, rows in _groups(scored, scope):
            series = {each: _pooled(scored, rows, each) for each in DIRECTIONS}
            first = scored.traffic.received.first_day
            of_group = joined(
                *(episodes(series[each], _pooled_scores(first, series[each]), floors.note, each) for each in DIRECTIONS)
            )
            for episode in of_group:
                if floors.severity(episode, account) == "alert" and not (
                    _is_explained(scored, episode, rows, told) or _is_told(episode, account, found, scope)
                ):
                    found.append(Finding(account, scope, name, rows, episode, _kind(episode.sign), "alert"))
    return found


def _groups(scored: Scored, scope: str) -> Iterator[tuple[str, str, Rows]]:
    """Account, name and VMs of each group; those of one VM or of all of the account's are left out."""
    for account, rows in scored.traffic.rows_of.items():
        if scope == "account":
            if len(rows) > 1:
                yield account, account, rows
            continue
        for name, group in scored.traffic.vms.iloc[rows].groupby(scope):
            if 1 < len(group) < len(rows):
                yield account, str(name), group.index.to_numpy()


def _pooled(scored: Scored, rows: Rows, direction: str) -> Numbers:
    """Sum of a group by day; a VM whose report is missing counts with what was expected of it."""
    values, expected = scored.values[direction][rows], scored.scores[direction].expected[rows]
    exists = scored.traffic.exists[rows]
    known = ~np.isnan(values)
    filled = np.where(known, values, np.where(exists, np.nan_to_num(expected), 0.0))
    is_known = known.sum(axis=0) >= np.maximum(KNOWN_SHARE * exists.sum(axis=0), 1)
    pooled: Numbers = np.where(is_known, filled.sum(axis=0), np.nan)[None]
    return pooled


def _pooled_scores(first_day: np.datetime64, values: Numbers) -> Scores:
    return scores(DailySeries(first_day, values), 1, least_deviation=LEAST_POOLED_DEVIATION)


def _is_explained(scored: Scored, episode: Episode, rows: Rows, told: Sequence[Finding]) -> bool:
    """Whether alerts of the group's own VMs, on the same days and the same way, make up half of it."""
    own = [
        finding.rows
        for finding in told
        if finding.severity != "note" and finding.episode.sign == episode.sign and _overlap(finding.episode, episode)
    ]
    flagged = np.intersect1d(rows, np.concatenate(own)) if own else np.empty(0, dtype="int64")
    shift = scored.shift(flagged, episode.first, episode.last, episode.direction).sum()
    return bool(episode.sign * shift >= EXPLAINED_SHARE * abs(episode.impact))


def _is_told(episode: Episode, account: str, found: Sequence[Finding], scope: str) -> bool:
    return any(
        other.account == account
        and other.scope == "account" != scope
        and other.episode.sign == episode.sign
        and _overlap(other.episode, episode)
        for other in found
    )


def _overlap(one: Episode, other: Episode) -> bool:
    return one.first <= other.last and other.first <= one.last


def _sum_of(same: Sequence[Episode]) -> Episode:
    directions = {episode.direction for episode in same}
    return Episode(
        row=-1,
        sign=same[0].sign,
        first=same[0].first,
        last=max(episode.last for episode in same),
        score=max(episode.score for episode in same),
        expected_MB=sum(episode.expected_MB for episode in same),
        actual_MB=sum(episode.actual_MB for episode in same),
        days=max(episode.days for episode in same),
        known=min(episode.known for episode in same),
        direction=directions.pop() if len(directions) == 1 else "both",
    )


def _kind(sign: int) -> str:
    return "spike" if sign > 0 else "drop"
