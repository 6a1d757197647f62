"""What an account's traffic has to tell, in sentences: the worst first, in 80 columns, without colour."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.bandwidth import NO_POLICY
from vmgen_analytics.cli.inquiry import are_asked
from vmgen_analytics.schema import MACHINE, MB_PER_GB
from vmgen_analytics.wording import counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vmgen_analytics.cli.inquiry import Inquiry

WIDTH = 79
FEW = 3
POSSIBLE = 0.1
"""Least chance to exceed a quota that is worth a finding."""

IDLE = {
    "powered_off": "is powered off",
    "zombie_likely": "is probably not in use",
    "zombie_possible": "may not be in use",
}
STALE_H = 24
UPLOAD = (
    "It sent much more for what it received than before: a backup or a release looks like this, and so does a leak."
)


@dataclass(frozen=True)
class Finding:
    """Something to look at.

    Attributes
    ----------
    urgency
        0 for now, and higher for later.
    word
        What it is, in capitals.
    sentences
        What there is to say.
    facts
        The row of its table.
    """

    urgency: int
    word: str
    sentences: tuple[str, ...]
    facts: dict[str, Any]


def findings(inquiry: Inquiry) -> list[Finding]:
    """Put all that is worth looking at in order, the worst first.

    Parameters
    ----------
    inquiry
        What was gathered.
    """
    beyond = inquiry.so_far[inquiry.so_far["is_beyond"]]
    found = [_now(row) for row in _rows(beyond)]
    found += [_anomaly(row, inquiry) for row in _rows(inquiry.anomalies) if row["severity"] != "note"]
    found += [_quota(row) for row in _rows(inquiry.quotas) if _is_worth_telling(row)]
    found += _idle(inquiry.idle)
    return sorted(found, key=lambda finding: finding.urgency)


def uncertainties(inquiry: Inquiry, now: pd.Timestamp) -> list[str]:
    """Say what makes all of it uncertain: syncs that did not run, days without a final report."""
    said = []
    if inquiry.last_sync is None:
        said.append("No sync has brought anything yet.")
    elif (hours := (now - inquiry.last_sync) / pd.Timedelta(hours=1)) > STALE_H:
        said.append(f"The last sync was {hours / 24:.1f} days ago: nothing is known of what happened since.")
    if len(inquiry.gaps):
        total = inquiry.days[(inquiry.days["date"] >= inquiry.first_day) & (inquiry.days["date"] < inquiry.today)]
        total = total[are_asked(total, inquiry.asked)] if inquiry.asked else total
        who = [
            f"{name_of(rows.iloc[0])} {_days(rows['date'])}"
            for _, rows in sorted(inquiry.gaps.groupby([*MACHINE]), key=lambda item: -len(item[1]))
        ]
        more = f"; and {counted(len(who) - FEW, 'more VM')}" if len(who) > FEW else ""
        said.append(
            f"{len(inquiry.gaps):,} of {counted(len(total), 'VM-day')} have no final report, and nothing unusual can "
            f"be found there: {'; '.join(who[:FEW])}{more}."
        )
    return said


def threshold(inquiry: Inquiry) -> str:
    """Say what score is an alert, and what that rests on."""
    found = inquiry.alert
    if math.isnan(found.alerts_per_vm_month):
        return f"What is an alert is told by {found.sentence}."
    return (
        f"An alert is a score of {found.alert:.1f} or more, which would have raised {found.alerts_per_vm_month:.2f} "
        f"alerts per VM and month in the {found.vm_months:,.0f} VM-months before."
    )


def refusals(inquiry: Inquiry) -> list[str]:
    """Say what cannot be told, and what it needs."""
    said = []
    if len(inquiry.young):
        who = ", ".join(f"{name_of(row)} ({row['known_days']})" for row in _rows(inquiry.young.head(FEW)))
        more = f" and {len(inquiry.young) - FEW} more" if len(inquiry.young) > FEW else ""
        said.append(
            f"Whether traffic is unusual takes 7 final days of a VM, and 28 for certainty; fewer than 7 are known of "
            f"{who}{more}."
        )
    if not inquiry.has_policy:
        said.append(NO_POLICY)
    elif inquiry.quotas.empty:
        said.append(
            f"No quota can be told: no VM that a transfer policy is about was seen in {inquiry.today:%B %Y} yet; "
            "`vmgen-analytics sync` looks for them."
        )
    else:
        unknown = inquiry.quotas[(inquiry.quotas["state"] == "unknown") & (inquiry.quotas["expected_GB"] != 0)]
        said += [f"Quota of {row['sentence']}" for row in _rows(unknown.head(FEW))]
        if len(unknown) > FEW:
            said.append(f"{counted(len(unknown) - FEW, 'more quota')} cannot be told either; --json has the reasons.")
    return said


def _now(row: dict[str, Any]) -> Finding:
    ways = []
    for way, word in (("out", "sent"), ("in", "received")):
        so_far, usual, high = (row[f"{way}_{each}"] for each in ("MB", "expected_MB", "high_MB"))
        if so_far > usual and not so_far <= high:
            ways.append(f"{word} {amount(so_far)}, where a whole day usually brings {amount(usual)}")
    when = f"on {weekday(row['date'])}, a day that is not over or may still change"
    return Finding(0, "NOW", (f"{name_of(row)} has {', and '.join(ways)}: {when}.",), row)


def _anomaly(row: dict[str, Any], inquiry: Inquiry) -> Finding:
    verb = {"in": "received", "out": "sent", "both": "moved"}[row["direction"]]
    expected, actual = row["expected_GB"] * MB_PER_GB, row["actual_GB"] * MB_PER_GB
    what = (
        f"{_about(row, inquiry)} {verb} {_times(actual, expected)} {_span(row)}: {amount(actual)} and not "
        f"{amount(expected)} ({amount(actual - expected, signed=True)})."
    )
    said = [what]
    if row["kind"] == "unusual_upload":
        said.append(UPLOAD)
    ongoing = inquiry.last_final is not None and row["last_day"] >= inquiry.last_final
    said.append(f"{'It goes on, as far as final reports reach' if ongoing else 'It is over'}.")
    if row["scope"] != "vm" and isinstance(row["explained_by"], str) and row["explained_by"]:
        said.append(f"It is made up of {row['explained_by']}.")
    said.append(f"At the same time: {row['coincides_with']}.")
    said.append(f"Score {row['score']:.1f} ({inquiry.alert.alert:.1f} is an alert), {row['confidence']} confidence.")
    word = {"unusual_upload": "UPLOAD", "spike": "SPIKE", "drop": "DROP"}[row["kind"]]
    return Finding(1, word, tuple(said), row)


def _quota(row: dict[str, Any]) -> Finding:
    return Finding({"exceeded": 1, "expected": 2}.get(row["state"], 3), "QUOTA", (row["sentence"],), row)


def _is_worth_telling(row: dict[str, Any]) -> bool:
    return row["state"] in ("exceeded", "expected") or (row["state"] == "possible" and row["chance_over"] >= POSSIBLE)


def _idle(idle: pd.DataFrame) -> list[Finding]:
    """The dearest ones by themselves, the others together."""
    rows = _rows(idle.sort_values("list_cost_per_month", ascending=False, kind="stable"))
    named = [_idle_vm(row) for row in rows[:FEW]]
    if len(rows) <= FEW:
        return named
    rest = idle.sort_values("list_cost_per_month", ascending=False, kind="stable").iloc[FEW:]
    cost = rest["list_cost_per_month"].sum(min_count=len(rest))
    price = "" if pd.isna(cost) else f" List cost {cost:,.2f} a month, together."
    who = ", ".join(name_of(row) for row in _rows(rest.head(FEW)))
    more = f" and {len(rest) - FEW} more" if len(rest) > FEW else ""
    said = f"{who}{more} seem to be idle as well; `vmgen-analytics export idle_vms` has the evidence.{price}"
    return [*named, Finding(4, "IDLE", (said,), {"vms": len(rest), "vm_ids": rest["vm_id"].tolist()})]


def _idle_vm(row: dict[str, Any]) -> Finding:
    cost = row["list_cost_per_month"]
    price = "" if pd.isna(cost) else f" List cost {cost:,.2f} a month."
    preview = " (few days are known yet)" if row["confidence"] == "preview" else ""
    return Finding(4, "IDLE", (f"{name_of(row)} {IDLE[row['kind']]}{preview}: {row['evidence']}.{price}",), row)


def name_of(row: Any) -> str:
    """Name a VM with its number, harmless on a terminal."""
    name = row["vm_name"]
    return f"{printable(name)} (VM {row['vm_id']})" if isinstance(name, str) and name.strip() else f"VM {row['vm_id']}"


def printable(text: str) -> str:
    """Leave out what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def amount(MB: float, *, signed: bool = False) -> str:
    """Write an amount of traffic in a unit that people read at a glance."""
    sign = "+" if signed and MB > 0 else "-" if MB < 0 else ""
    step = 0 if abs(MB) < MB_PER_GB else 1 if abs(MB) < MB_PER_GB**2 else 2
    size, unit = abs(MB) / MB_PER_GB**step, ("MB", "GB", "TB")[step]
    return f"{sign}{size:,.0f} {unit}" if size >= 100 or size == int(size) else f"{sign}{size:,.1f} {unit}"


def weekday(day: pd.Timestamp) -> str:
    """Write a day with its weekday."""
    return f"{day:%a %Y-%m-%d}"


def wrapped(text: str, first: str = "", then: str = "") -> str:
    """Break a paragraph at 79 columns."""
    return textwrap.fill(printable(text), WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)


def _about(row: dict[str, Any], inquiry: Inquiry) -> str:
    if row["scope"] == "vm":
        own = inquiry.days[are_asked(inquiry.days, [(row["vm_id"], row["incarnation"])])].iloc[-1]
        where = ", ".join(str(own[name]) for name in ("package", "location") if isinstance(own[name], str))
        return f"{name_of(row | {'vm_name': row['group']})}{f', {where},' if where else ''}"
    if row["scope"] == "several":
        return f"{counted(row['vms'], 'VM')} of account {row['account']} together"
    return f"{row['scope'].capitalize()} {row['group']} ({counted(row['vms'], 'VM')})"


def _times(actual: float, expected: float) -> str:
    ratio = actual / expected if expected > 0 else float("inf")
    if ratio > 1000:
        return "far more than usual"
    if ratio < 0.005:
        return "next to nothing"
    return f"{ratio:.1f} times the usual" if ratio >= 1 else f"only {percent(ratio)} of the usual"


def _span(row: dict[str, Any]) -> str:
    first, last = row["first_day"], row["last_day"]
    if first == last:
        return f"on {weekday(first)}"
    return f"on {counted(row['unusual_days'], 'day')} from {weekday(first)} to {weekday(last)}"


def _days(dates: Iterable[pd.Timestamp]) -> str:
    ordered = sorted(dates)
    return f"{ordered[0]:%m-%d}" if len(ordered) == 1 else f"{len(ordered)} days from {ordered[0]:%m-%d} on"


def _rows(frame: pd.DataFrame) -> Sequence[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
