"""What a reader of the bandwidth panel must know: what is missing, unfinished or old, and what the numbers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.bandwidth import NO_POLICY
from vmgen_analytics.plots import labels
from vmgen_analytics.schema import SETTLED, machine_key
from vmgen_analytics.widgets.scope import UNKNOWN
from vmgen_analytics.widgets.syncs import fetched, state_of_syncs
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.widgets.bandwidth_answer import BandwidthAnswer

FEW = 3
NOT_THERE = "What is chosen is not in the archive: choose something else."
LEAST_DAYS = 7
"""Final days before a day, without which it cannot be called unusual."""


def notices(answer: BandwidthAnswer) -> list[str]:
    """Say what a reader must know before trusting the numbers."""
    if answer.data.is_empty:
        return ["The archive is empty: fill it with vmgen-analytics sync, then press Read again."]
    if not answer.data.has_reports:
        return ["The archive has no traffic yet: sync, then press Read again."]
    own = {"talkers": _not_compared, "anomalies": _not_found}.get(answer.choices.show)
    if answer.choices.show == "quotas":
        said = [NOT_THERE] if answer.rows.empty else [] if answer.data.policies else [NO_POLICY]
    else:
        said = [*_outside(answer), *_gaps(answer), *(own(answer) if own else [])]
    return [*said, *state_of_syncs(answer.data.syncs, answer.settings, answer.today)]


def _outside(answer: BandwidthAnswer) -> list[str]:
    """Days of the period before the archive begins, or after it ends."""
    known, days = answer.data.days["date"], answer.days
    first, last = known.min(), known.max()
    if answer.chosen.empty:
        own = answer.rows["date"]
        if own.empty:
            return [NOT_THERE]
        known_from = f"{labels.day_name(own.min())} to {labels.day_name(own.max())}"
        return [f"Nothing is known of {days.in_words()}, but from {known_from}: choose another period."]
    said = []
    if days.start < first:
        missing = counted((first - days.start).days, "day")
        said.append(f"The archive begins on {labels.day_name(first)}: the {missing} before are not in the sums.")
    if days.last > last:
        missing = counted((days.last - last).days, "day")
        said.append(f"The archive ends on {labels.day_name(last)}: the {missing} after are not in the sums.")
    return said


def _gaps(answer: BandwidthAnswer) -> list[str]:
    """Days without a report, those that may still change, and those whose end was never seen."""
    rows = answer.chosen
    is_known = rows["in_MB"].notna() | rows["out_MB"].notna()
    absent = rows[~is_known]
    said = []
    if len(absent):
        said.append(
            f"{len(absent):,} of {counted(len(rows), 'VM-day')} {'has' if len(absent) == 1 else 'have'} no "
            f"report ({_names(answer, absent)}): the sums lack them, and they are left out of comparisons."
        )
    is_lost = rows["status"] == "lost_tail"
    is_open = is_known & ~rows["status"].isin(SETTLED) & ~is_lost
    if is_open.any():
        days = rows.loc[is_open, "date"]
        newest = labels.day_name(days.max())
        if (number := days.nunique()) == 1:
            said.append(f"Reports of {newest} may still change: it is marked, and left out of comparisons.")
        else:
            said.append(
                f"Reports of {number:,} days, the last of them {newest}, may still change: they are marked, and left "
                "out of comparisons."
            )
    if is_lost.any():
        lost = rows.loc[is_lost, "date"].unique()
        of = labels.day_name(lost[0]) if len(lost) == 1 else counted(len(lost), "day")
        said.append(f"The end of {of} was never fetched: what is known of it is in the sums, and not compared.")
    return said


def _names(answer: BandwidthAnswer, rows: pd.DataFrame) -> str:
    """Name the VMs that lack most days, and count the others."""
    machine = machine_key(rows)
    most = rows.groupby(machine).size().sort_values(ascending=False, kind="stable")
    few = answer.data.vms.set_index(machine)["name"].reindex(most.index[:FEW])
    others = f" and {labels.others(len(most) - FEW)}" if len(most) > FEW else ""
    return f"{', '.join(few)}{others}"


def _not_compared(answer: BandwidthAnswer) -> list[str]:
    if answer.table.empty:
        return []
    compared, days = int(answer.table["compared_days"].iloc[0]), len(answer.days)
    if not compared:
        return ["There is nothing to compare with: no day is final both here and in the period before."]
    if compared == days:
        return []
    return [f"Counted are {compared} of {days} days: those that are final here and in the period before."]


def _not_found(answer: BandwidthAnswer) -> list[str]:
    """Say what could not be looked at, and what the direction hides."""
    said = []
    settled = answer.rows[answer.rows["status"].isin(SETTLED) & (answer.rows["date"] < answer.days.end)]
    machine = machine_key(settled)
    here = pd.MultiIndex.from_frame(answer.chosen[machine].drop_duplicates())
    young = int((settled.groupby(machine).size().reindex(here, fill_value=0) < LEAST_DAYS).sum())
    if young > 0:
        one = young == 1
        said.append(
            f"{counted(young, 'VM')} {'has' if one else 'have'} fewer than {LEAST_DAYS} final days: nothing can "
            f"be called unusual there."
        )
    hidden = len(answer.of_the_period) - len(answer.table)
    if hidden:
        other = "received" if answer.choices.direction == "out" else "sent"
        said.append(f"{counted(hidden, 'finding')} on what was {other} only: choose Both to see all.")
    return said


def small_print(answer: BandwidthAnswer) -> list[str]:
    """Say what the numbers are: period, zone, unit, what is included, when they were fetched."""
    if answer.table.empty:
        return []
    names = answer.data.accounts if answer.choices.account is None else [answer.choices.account]
    zones = " and ".join(sorted({answer.settings.zone(name).key for name in names}))
    when = answer.days.resolved() if answer.choices.show != "quotas" else f"As of {labels.day_name(answer.as_of)}"
    first = f"{when}, {zones}; {_among(answer)}. Fetched {fetched(answer.data.syncs)}."
    return [first, *_method(answer)]


def _among(answer: BandwidthAnswer) -> str:
    scope = answer.choices.scope
    place = "unknown location" if scope.location == UNKNOWN else f"location {scope.location}"
    parts = [f"account {scope.account}"] if scope.account is not None else []
    parts += [place] if scope.location is not None else []
    parts += [f"VM {scope.vm_id}"] if scope.vm_id is not None else []
    return f"only {', '.join(parts)}" if parts else "all VMs"


def _method(answer: BandwidthAnswer) -> list[str]:
    unit = "1 GB is 1,000 MB"
    daily = f"{unit}. Daily totals as the provider reports them: no peak within a day, no 95th percentile."
    told = {
        "talkers": [
            f"{unit}. Only days that are final, here and in the period before; the file is in MB.",
            "The others are summed in one row, so that all rows add up to the whole.",
        ],
        "anomalies": [
            "Each final day beside the 56 before it. What coincides need not be the cause: traffic cannot tell.",
            "A VM is shown with what it explains of the findings of several VMs, its location and its account.",
        ],
        "quotas": [
            "Quotas are those that the settings or the price book name: the provider publishes none. GB as they say.",
            "Expected: the middle of what may come by the end of the month; a quota that several share is told whole.",
        ],
    }
    return told.get(answer.choices.show, [daily, "Location, package and name are those of the day; the file is in MB."])
