"""What a report does not know, and what it estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cost import rated_costs
from vmgen_analytics.plots.labels import month_name
from vmgen_analytics.report.printing import name_of, named
from vmgen_analytics.report.shape import ReportTable, Section, joined, months, summed, text
from vmgen_analytics.schema import machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmgen_analytics.report.facts import Facts

KEYS = {
    "price_book": "the list price of each VM's package",
    "package_weight": "the size of each VM's package (vCPUs, RAM and disk with weights)",
    "bandwidth": "the traffic of each VM",
    "hours": "the days that each VM existed",
    "even": "the number of VM-days, all alike",
}
UNSETTLED = {
    "partial": "seen before the day ended",
    "provisional": "may still change",
    "lost_tail": "its end was never seen",
    "missing": "no report",
}
SELDOM = ("imported", "awaited")
"""Counts of days that have a column only where there are any."""


def missing(facts: Facts) -> Section:
    """Answers what is missing, and what is estimated."""
    found = [
        _allocation(facts),
        _days(facts),
        _places(facts),
        _prices(facts),
        _totals(facts),
        _months(facts),
        _currency(facts),
        _incomplete(facts),
    ]
    paragraphs = tuple(filter(None, found))
    tables = [_coverage(facts)] if len(facts.coverage) else []
    unsettled = _unsettled(facts)
    if unsettled.length:
        tables.append(unsettled)
    return Section("What is missing or estimated?", _answer(facts), paragraphs, (), tuple(tables))


def _answer(facts: Facts) -> str:
    rows = facts.of_month(facts.coverage)
    expected, final = int(rows["days_expected"].sum()), int(rows[["days_final", "days_imported"]].sum().sum())
    money = "All money per VM is an estimate"
    if not expected:
        return f"{money}, and nothing is known of any VM in {month_name(facts.month)}."
    if final == expected:
        return f"{money}; traffic is complete: all {expected:,} VM-days of {month_name(facts.month)} are final."
    return (
        f"{money}, and {expected - final:,} of {expected:,} VM-days of {month_name(facts.month)} have no final report "
        "of traffic."
    )


def _allocation(facts: Facts) -> str:
    keys = [key for key in facts.of_month(facts.costs)["key"].unique() if key != "unallocated"]
    sentence = "The provider bills one sum for all VMs, so what a VM, a package or a location cost is an estimate"
    if keys:
        sentence += (
            f": each invoice was divided by {' and '.join(KEYS.get(key, key) for key in keys)} (key {joined(keys)})"
        )
    return f"{sentence}. The parts of every invoice equal its total exactly."


def _days(facts: Facts) -> str:
    days = facts.of_month(facts.days)
    inferred = int((days["presence"] == "inferred").sum())
    if not inferred:
        return ""
    return (
        f"Of {month_name(facts.month)}, {counted(inferred, 'VM-day')} {'is' if inferred == 1 else 'are'} inferred: "
        "the VM was seen before and after, not on the day."
    )


def _places(facts: Facts) -> str:
    days = facts.of_month(facts.days)
    lost = days[days["location"].isna()].drop_duplicates(machine_key(days), keep="last")
    if lost.empty:
        return ""
    names = joined(sorted(name_of(row) for row in lost.itertuples()), 20)
    return (
        f"{counted(len(lost), 'VM')} without a known location: {names}. The provider does not say where a VM stands; "
        "name it in the file that the setting vm_locations points to."
    )


def _prices(facts: Facts) -> str:
    if facts.prices is None:
        return "No price book is set, so there is no list cost. Point the setting prices to one."
    days = facts.of_month(facts.days)
    without = days[rated_costs(days, facts.prices)["list_cost"].isna().to_numpy()]
    if without.empty:
        return ""
    places = without.drop_duplicates(["package", "location"])
    names = sorted(
        f"{named(package, 'package')} in {named(location, 'location')}"
        for package, location in zip(places["package"], places["location"], strict=True)
    )
    return f"Without a price: {joined(names, 20)}. Their list cost is unknown, not 0, until the price book has a line."


def _totals(facts: Facts) -> str:
    lacking = facts.without_total(facts.month)
    if not lacking:
        return ""
    names = joined([f"invoice {number} of account {account}" for account, number in lacking])
    return f"Without a total: {names}. What it charges is in no sum of {month_name(facts.month)}; sync again."


def _months(facts: Facts) -> str:
    unfinished = [f"{month_name(month)} is {state}" for month, state in facts.states.items() if state != "closed"]
    return f"{joined(unfinished)}: its numbers may still change." if unfinished else ""


def _currency(facts: Facts) -> str:
    if facts.currency:
        return ""
    return "The provider names no currency and none is set, so amounts are bare numbers; the setting currency names it."


def _incomplete(facts: Facts) -> str:
    if not facts.incomplete:
        return ""
    return f"The last sync could not fetch all of {joined(facts.incomplete)}; sync again."


def _coverage(facts: Facts) -> ReportTable:
    rows = facts.coverage.sort_values(["month", "account"], ascending=[False, True], kind="stable")
    several = len(rows["account"].unique()) > 1
    counts = {"expected": "VM-days", "final": "Final", "imported": "Imported", "provisional": "May change"}
    counts |= {"partial": "Under way", "awaited": "Not fetched yet", "lost_tail": "End not seen"}
    counts |= {"missing": "No report"}
    shown = {name: heading for name, heading in counts.items() if name not in SELDOM or rows[f"days_{name}"].any()}
    return ReportTable(
        "Days of traffic known",
        (
            months("Month", rows["month"], "Total"),
            *([text("Account", rows["account"])] if several else []),
            text("State", rows["state"]),
            *(summed(heading, "count", rows[f"days_{name}"]) for name, heading in shown.items()),
        ),
    )


def _unsettled(facts: Facts) -> ReportTable:
    """Which days are not final, and for whom; VMs with the same days are one line."""
    days = facts.of_month(pd.concat([facts.days, facts.unseen], ignore_index=True))
    status = days["status"].fillna("missing")
    rows = days.assign(status=status)[status.isin(list(UNSETTLED))]
    machine = days.groupby(machine_key(days)).ngroup()
    newest = days.assign(machine=machine).drop_duplicates("machine", keep="last")
    everyone = len(newest)
    names = {row.machine: name_of(row) for row in newest.itertuples()}
    which: dict[tuple[int, str], list[int]] = {}
    for number, why, day in zip(machine[rows.index], rows["status"], rows["date"].dt.day, strict=True):
        which.setdefault((int(number), str(why)), []).append(day)
    lines: dict[tuple[str, str], list[str]] = {}
    for (number, why), found in which.items():
        lines.setdefault((why, _ranges(found)), []).append(names[number])
    in_order = sorted(lines.items(), key=lambda line: (list(UNSETTLED).index(line[0][0]), -len(line[1]), line[0][1]))
    who = [f"all {len(names)} VMs" if len(names) == everyone > 1 else ", ".join(sorted(names)) for _, names in in_order]
    return ReportTable(
        "Days without a final report",
        (
            text("Days", [f"{which} {month_name(facts.month)}" for (_, which), _ in in_order]),
            text("Why", [UNSETTLED[why] for (why, _), _ in in_order]),
            text("VMs", who),
        ),
    )


def _ranges(days: Iterable[int]) -> str:
    """Write days of a month as 1-3, 7."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}\N{EN DASH}{run[-1]}" for run in runs)
