"""The traffic and the size of the fleet in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics import plots
from vmgen_analytics.bandwidth import daily_bandwidth, monthly_bandwidth
from vmgen_analytics.capacity import footprint
from vmgen_analytics.plots.labels import day_name, month_name, percent, traffic
from vmgen_analytics.report.printing import name_of, named
from vmgen_analytics.report.shape import (
    Column,
    Picture,
    ReportTable,
    Section,
    joined,
    labelled,
    months,
    numbers,
    summed,
    text,
)
from vmgen_analytics.schema import MB_PER_GB, machine_key
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.report.facts import Facts


def moved(facts: Facts) -> Section:
    """Answers how much traffic there was."""
    totals = monthly_bandwidth(facts.days, by=())
    by_vm = facts.of_month(monthly_bandwidth(facts.days, by="vm_id"))
    pictures = (
        Picture("daily_bandwidth", plots.daily_bandwidth(daily_bandwidth(facts.of_month(facts.days)))),
        Picture("monthly_bandwidth", plots.monthly_bandwidth(by_vm, month=facts.month)),
    )
    question = "How much traffic was there?"
    row = facts.of_month(totals)
    if row.empty or not row["days_covered"].iloc[0]:
        return Section(question, f"No VM has reported any traffic in {month_name(facts.month)}.")
    tables = (_by_month(totals), _by_vm(by_vm))
    return Section(question, _moved(facts, totals), (_talkers(by_vm),), pictures, tables)


def _moved(facts: Facts, totals: pd.DataFrame) -> str:
    row = facts.of_month(totals).iloc[0]
    rest = f"from reports of {row['days_covered']:,} of {row['days_expected']:,} VM-days"
    sentence = (
        f"{traffic(row['in_MB'])} came in and {traffic(row['out_MB'])} went out in {month_name(facts.month)}, {rest}"
    )
    before = facts.of_month(totals, facts.month - 1)
    if before.empty:
        return f"{sentence}."
    earlier = before.iloc[0]
    whole = row["days_covered"] == row["days_expected"] and earlier["days_covered"] == earlier["days_expected"]
    if facts.open_month is not None:
        return f"{sentence}; the month is not over."
    if not whole:
        return f"{sentence}; it is not compared with {month_name(facts.month - 1)}, as days are missing."
    now, then = row["in_MB"] + row["out_MB"], earlier["in_MB"] + earlier["out_MB"]
    if not then > 0:
        return f"{sentence}."
    more = "more" if now >= then else "less"
    return f"{sentence}; {percent(abs(now / then - 1))} {more} than in {month_name(facts.month - 1)}."


def _talkers(by_vm: pd.DataFrame) -> str:
    both = by_vm[["in_MB", "out_MB"]].sum(axis="columns")
    if not both.sum():
        return "No VM moved anything."
    top = by_vm.assign(share=both / both.sum()).sort_values("share", ascending=False, kind="stable").head(3)
    parts = [f"{name_of(row)} ({percent(share)})" for row, share in zip(top.itertuples(), top["share"], strict=True)]
    return f"The busiest: {joined(parts)}."


def _by_month(totals: pd.DataFrame) -> ReportTable:
    return ReportTable(
        "Traffic by month",
        (months("Month", totals["month"]), *_columns(totals, add=False)),
    )


def _by_vm(by_vm: pd.DataFrame) -> ReportTable:
    both = by_vm[["in_MB", "out_MB"]].sum(axis="columns", min_count=1)
    rows = by_vm.assign(both=both, share=both / both.sum()).sort_values("both", ascending=False, kind="stable")
    several = len(rows["account"].unique()) > 1
    return ReportTable(
        "Traffic by VM",
        (
            labelled("VM", [name_of(row) for row in rows.itertuples()]),
            text("Number", rows["vm_id"]),
            *([text("Account", rows["account"])] if several else []),
            *_columns(rows, add=True),
            summed("Share", "percent", rows["share"]),
        ),
        note="1 GB = 1,000 MB.",
    )


def _columns(rows: pd.DataFrame, *, add: bool) -> list[Column]:
    column = summed if add else numbers
    return [
        column("In [GB]", "GB", rows["in_MB"] / MB_PER_GB),
        column("Out [GB]", "GB", rows["out_MB"] / MB_PER_GB),
        column("Days covered", "count", rows["days_covered"]),
        column("Days expected", "count", rows["days_expected"]),
    ]


def stands(facts: Facts) -> Section:
    """Answers what runs, and where."""
    by_location, by_package = (footprint(facts.days, by=by) for by in ("location", "package"))
    pictures = (
        Picture("footprint", plots.footprint(by_location)),
        Picture("footprint_by_package", plots.footprint(by_package)),
    )
    question = "What do we run, and where?"
    days = facts.of_month(facts.days)
    if days.empty:
        return Section(question, f"No VM is known in {month_name(facts.month)}.")
    last = days["date"].max()
    tables = (_on_day(by_location, last, "location"), _on_day(by_package, last, "package"))
    births = _births(facts, days)
    return Section(question, _stands(by_location, last), (births,) if births else (), pictures, tables)


def _stands(by_location: pd.DataFrame, last: pd.Timestamp) -> str:
    rows = by_location[by_location["date"] == last]
    vms, known = int(rows["vms"].sum()), rows["location"].notna()
    places, placed = int(known.sum()), int(rows.loc[known, "vms"].sum())
    sized = round(float((rows["known_share"] * rows["vms"]).sum()))
    sizes = ", ".join(
        f"{rows[name].sum():,.10g} {unit}"
        for name, unit in (("vcpus", "vCPUs"), ("ram_GB", "GB of RAM"), ("disk_GB", "GB of disk"))
    )
    some = f", {placed} of them" if placed < vms else ""
    where = f"{some} in {counted(places, 'location')}{',' if some else ''}" if places else ""
    if not sized:
        return f"{counted(vms, 'VM')}{where} on {day_name(last)}; the size of none is known."
    those = f" (those {sized} whose size is known)" if sized < vms else ""
    return f"{counted(vms, 'VM')}{where} on {day_name(last)}: {sizes}{those}."


def _births(facts: Facts, days: pd.DataFrame) -> str:
    """Who came and who went since the end of the month before."""
    before = facts.of_month(facts.days, facts.month - 1)
    if before.empty:
        return ""
    machine = machine_key(days)
    then = before[before["date"] == before["date"].max()].drop_duplicates(machine)
    now = days[days["date"] == days["date"].max()].drop_duplicates(machine)
    both = then.merge(now, on=machine, how="outer", suffixes=("_then", "_now"), indicator=True, validate="one_to_one")
    sentences = []
    for side, name, words in (("right_only", "vm_name_now", "came"), ("left_only", "vm_name_then", "went")):
        found = both[both["_merge"] == side]
        if len(found):
            names = joined([name_of(row) for row in found.rename(columns={name: "vm_name"}).itertuples()])
            sentences.append(f"{counted(len(found), 'VM')} {words}: {names}.")
    return " ".join(sentences) or f"The same VMs as on {day_name(then['date'].iloc[0])}."


def _on_day(table: pd.DataFrame, day: pd.Timestamp, group: str) -> ReportTable:
    rows = table[table["date"] == day].sort_values("vms", ascending=False, kind="stable")
    known = rows["vms"] * rows["known_share"]
    return ReportTable(
        f"Footprint by {group}",
        (
            labelled(group.capitalize(), [named(value, group) for value in rows[group]]),
            summed("VMs", "count", rows["vms"]),
            summed("vCPUs", "number", rows["vcpus"]),
            summed("RAM [GB]", "number", rows["ram_GB"]),
            summed("Disk [GB]", "number", rows["disk_GB"]),
            numbers("Size known", "percent", rows["known_share"], total=float(known.sum() / rows["vms"].sum())),
        ),
        note=f"On {day_name(day)}. VMs that exist, whatever their state; sizes of those whose size is known.",
    )
