"""What explains an anomaly: the VMs that make it up, and what else happened to them on those days.

Something that happened on the same day coincides with an anomaly. Whether it is the cause, traffic cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.bandwidth.findings import DIRECTIONS
from vmgen_analytics.schema import MB_PER_GB, SETTLED, TABLES, machine_key
from vmgen_analytics.wording import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vmgen_analytics.bandwidth.findings import Finding, Scored

    Numbers = NDArray[np.float64]
    Rows = NDArray[np.int64]

MAIN_SHARE = 0.8
"""Part of the contributions of one sign that is listed."""

NAMED = 5
"""VMs that a sentence names, of those that explain an anomaly."""

FLEET_SHARE, FLEET_SCORE = 0.5, 1.5
"""Part of an account's VMs that must have moved the same way, each by such a score, for a shift of the whole fleet."""

ORDER = ("gap", "life", "package", "job", "state", "fleet")


@dataclass(frozen=True)
class Contributions:
    """Parts of VMs in a finding, the largest first.

    Attributes
    ----------
    rows
        VMs.
    MB
        Actual less expected of each.
    share
        Part of all contributions of its sign.
    is_main
        Whether it is among those that make up four fifths of its sign.
    """

    rows: Rows
    MB: Numbers
    share: Numbers
    is_main: NDArray[np.bool_]


def contributions(scored: Scored, finding: Finding) -> Contributions:
    """Parts of the VMs of a finding in it, upwards and downwards apart.

    Parameters
    ----------
    scored
        Traffic with its scores.
    finding
        The finding.
    """
    episode = finding.episode
    if len(finding.rows) == 1:
        parts = np.array([episode.impact])
    else:
        parts = scored.shift(finding.rows, episode.first, episode.last, episode.direction)
    order = np.argsort(-np.abs(parts), kind="stable")
    parts, rows = parts[order], finding.rows[order]
    share, is_main = np.zeros(len(parts)), np.zeros(len(parts), dtype="bool")
    for own in (parts > 0, parts < 0):
        if own.any():
            share[own] = parts[own] / parts[own].sum()
            is_main[own] = np.cumsum(share[own]) - share[own] < MAIN_SHARE
    return Contributions(rows, parts, share, is_main)


def explained_by(scored: Scored, finding: Finding, parts: Contributions) -> str:
    """Name the VMs that make up four fifths of a finding, each with its part, as a sentence."""
    sign = finding.episode.sign
    main = np.flatnonzero(parts.is_main & (np.sign(parts.MB) == sign))
    names = scored.traffic.names
    named = [f"{names[parts.rows[each]]} ({parts.MB[each] / MB_PER_GB:+,.1f} GB)" for each in main[:NAMED]]
    others = [f"and {len(main) - NAMED} more"] if len(main) > NAMED else []
    against = parts.MB[np.sign(parts.MB) == -sign].sum() / MB_PER_GB
    netted = [f"others moved {against:+,.1f} GB against it"] if abs(against) >= 0.05 else []
    return "; ".join([", ".join([*named, *others]), *netted])


class Happenings:
    """Everything known to have happened to VMs, found by VM and day.

    Parameters
    ----------
    scored
        Traffic with its scores.
    days
        Table ``vm_days`` of that traffic.
    jobs
        Table ``jobs``; none is none known.
    """

    def __init__(self, scored: Scored, days: pd.DataFrame, jobs: pd.DataFrame | None) -> None:
        self._scored = scored
        self._of_vm: dict[int, list[tuple[int, str, str]]] = {}
        self._shifts: dict[tuple[str, str, int], tuple[Rows, Rows]] = {}
        ordered = days.sort_values([*machine_key(days), "date"], ignore_index=True)
        for kind, found in (
            ("gap", _gaps(ordered)),
            ("life", _lives(ordered)),
            ("package", _changes(ordered, "package")),
            ("job", _of_jobs(jobs)),
            ("state", _changes(ordered, "state")),
        ):
            self._add(kind, found)

    def during(self, finding: Finding, parts: Contributions) -> str:
        """What coincides with a finding, from the day before it to the day after, as a sentence.

        Parameters
        ----------
        finding
            The finding.
        parts
            Its contributions: those of the VMs that explain it are looked at.
        """
        episode = finding.episode
        several = len(finding.rows) > 1
        told: dict[str, list[str]] = {kind: [] for kind in ORDER}
        for row in parts.rows[parts.is_main][:NAMED].tolist():
            prefix = f"{self._scored.traffic.names[row]}: " if several else ""
            for day, kind, text in sorted(self._of_vm.get(row, [])):
                until = episode.last + (0 if kind == "gap" else 1)
                if episode.first - 1 <= day <= until:
                    told[kind].append(f"{prefix}{text}")
        told["fleet"] = self._fleet_shift(finding)
        return "; ".join(text for kind in ORDER for text in told[kind]) or "nothing else that is known"

    def _add(self, kind: str, found: pd.DataFrame) -> None:
        # a job names a number only: it is told of each machine that had it, and `during` takes those near in time
        vms = self._scored.traffic.vms
        found = vms.assign(row=np.arange(len(vms))).merge(found, on=machine_key(found))
        first = self._scored.traffic.received.first_day
        days = (found["date"].to_numpy().astype("datetime64[D]") - first).astype("int64")
        for row, day, text in zip(found["row"].tolist(), days.tolist(), found["text"].tolist(), strict=True):
            self._of_vm.setdefault(row, []).append((day, kind, text))

    def _fleet_shift(self, finding: Finding) -> list[str]:
        episode = finding.episode
        key = finding.account, episode.direction, episode.sign
        if key not in self._shifts:
            self._shifts[key] = self._moved(*key)
        counts, moved = (int(each[episode.first]) for each in self._shifts[key])
        if counts < 2 or moved < FLEET_SHARE * counts:
            return []
        way = "more" if episode.sign > 0 else "less"
        return [f"{percent(moved / counts)} of the account's {counts} VMs moved {way} than usual on that day"]

    def _moved(self, account: str, direction: str, sign: int) -> tuple[Rows, Rows]:
        """By day: VMs of an account that have a score, and those that moved one way."""
        rows = self._scored.traffic.rows_of[account]
        names = DIRECTIONS if direction == "both" else (direction,)
        signed = np.fmax.reduce([sign * self._scored.scores[name].score[rows] for name in names])
        return (~np.isnan(signed)).sum(axis=0), (np.nan_to_num(signed) >= FLEET_SCORE).sum(axis=0)


def contribution_rows(scored: Scored, finding: Finding, number: int) -> pd.DataFrame:
    """Rows of the table ``anomaly_contributions`` of one finding."""
    parts = contributions(scored, finding)
    vms = scored.traffic.vms.iloc[parts.rows].reset_index(drop=True)
    return TABLES["anomaly_contributions"].cast(
        vms.assign(anomaly=number, contribution_GB=parts.MB / MB_PER_GB, share=parts.share, is_main=parts.is_main)
    )


def _gaps(days: pd.DataFrame) -> pd.DataFrame:
    """VM-days without a final report."""
    open_days = days[~days["status"].isin(SETTLED)]
    words = (
        open_days["status"]
        .fillna("missing")
        .replace(
            {
                "missing": "no report of traffic",
                "partial": "only a part of the day was seen",
                "provisional": "the report of the day may still change",
                "lost_tail": "the end of the day was never seen",
            }
        )
    )
    told: pd.DataFrame = open_days[[*machine_key(days), "date"]].assign(
        text=words.astype("str") + " on " + _iso(open_days["date"])
    )
    return told


def _lives(days: pd.DataFrame) -> pd.DataFrame:
    """First and last day of each VM, unless it is an edge of what is looked at."""
    machine = machine_key(days)
    edges = days.groupby("account")["date"].agg(["min", "max"])
    found = []
    for own, edge, word in (
        (days.drop_duplicates(machine, keep="first"), "min", "first"),
        (days.drop_duplicates(machine, keep="last"), "max", "last"),
    ):
        inside = own[own["date"].to_numpy() != edges[edge].reindex(own["account"]).to_numpy()]
        found.append(inside[[*machine, "date"]].assign(text=f"{word} seen on " + _iso(inside["date"])))
    together: pd.DataFrame = pd.concat(found, ignore_index=True)
    return together


def _changes(days: pd.DataFrame, column: str) -> pd.DataFrame:
    """Days on which something of a VM is not what it was the day before."""
    machine = machine_key(days)
    before = days.groupby(machine)[column].shift()
    changed = days[before.notna() & days[column].notna() & (before != days[column])]
    text = f"{column} changed from " + before[changed.index] + " to " + changed[column] + " on " + _iso(changed["date"])
    told: pd.DataFrame = changed[[*machine, "date"]].assign(text=text.astype("str"))
    return told


def _of_jobs(jobs: pd.DataFrame | None) -> pd.DataFrame:
    jobs = TABLES["jobs"].check(TABLES["jobs"].frame() if jobs is None else jobs)
    dates = jobs["started_at"].dt.tz_localize(None).dt.normalize()
    text = "job " + jobs["event"] + " (" + jobs["status"].fillna("status unknown") + ") on " + _iso(dates)
    return jobs[machine_key(jobs)].assign(date=dates, text=text.astype("str"))


def _iso(dates: pd.Series) -> pd.Series:
    text: pd.Series = dates.dt.strftime("%Y-%m-%d").astype("str")
    return text
