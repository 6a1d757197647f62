"""The tables of the bandwidth panel as they are printed: in GB, with a total where one makes sense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from vmgen_analytics.plots import labels
from vmgen_analytics.schema import MACHINE, MB_PER_GB
from vmgen_analytics.widgets import panel
from vmgen_analytics.widgets.bandwidth_model import GROUPS
from vmgen_analytics.widgets.days import DAY, Days
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from vmgen_analytics.widgets.bandwidth_answer import BandwidthAnswer

NOTHING_ELSE = "nothing else that is known"
"""As the table has it."""

WAYS = {"out": "Sent", "in": "Received", "sum": "Moved"}


def printed(answer: BandwidthAnswer) -> str:
    """Print the table that is shown."""
    by_show = {"talkers": _talkers, "anomalies": _anomalies, "quotas": _quotas}
    if answer.choices.show in by_show:
        return by_show[answer.choices.show](answer)
    return _days(answer) if answer.choices.group == "date" else _groups(answer)


def in_GB(amount_MB: float) -> str:  # noqa: N802 - units keep their spelling
    """Print an amount in GB; what is missing as a dash."""
    return labels.money(float(amount_MB) / MB_PER_GB)


def _groups(answer: BandwidthAnswer) -> str:
    table, by = answer.table, answer.choices.group
    names, keys = labels.names(_group(table)), labels.keyed(_group(table))
    rows = [
        [names[key], in_GB(row.out_MB), in_GB(row.in_MB), labels.percent(row.share, decimals=1), _of(row)]
        for key, row in zip(keys, _rows(table), strict=True)
    ]
    sums = table[["out_MB", "in_MB"]].sum(min_count=1)
    counts = table[["days_covered", "days_expected"]].sum()
    part = (
        labels.percent(float(table["share"].sum())) if len(table) and table["share"].notna().any() else labels.MISSING
    )
    total = ["Total", in_GB(sums["out_MB"]), in_GB(sums["in_MB"]), part, _of(counts)]
    share = {"out": "Part of sent", "in": "Part of received", "sum": "Part of both"}[answer.choices.direction]
    head = [GROUPS[by], "Sent [GB]", "Received [GB]", share, "VM-days known"]
    return panel.table(head, rows, total, f"Traffic by {GROUPS[by]}")


def _days(answer: BandwidthAnswer) -> str:
    table = answer.table
    rows = [
        [f"{row.date:%a} {labels.day_name(row.date)}", in_GB(row.out_MB), in_GB(row.in_MB), _of(row), _state(row)]
        for row in _rows(table)
    ]
    sums = table[["out_MB", "in_MB"]].sum(min_count=1)
    total = [
        "Total",
        in_GB(sums["out_MB"]),
        in_GB(sums["in_MB"]),
        _of(table[["days_covered", "days_expected"]].sum()),
        "",
    ]
    head = ["Day", "Sent [GB]", "Received [GB]", "VMs with a report", "Reports"]
    return panel.table(head, rows, total, "Traffic by day")


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _state(row: Any) -> str:
    if row.is_complete:
        return "final"
    return "not final" if row.days_covered == row.days_expected else "missing"


def _of(row: Any) -> str:
    return f"{row.days_covered:,.0f} of {row.days_expected:,.0f}"


def _group(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that name a row."""
    return table[[name for name in (*MACHINE, "vm_name", "location", "package") if name in table]]


def _talkers(answer: BandwidthAnswer) -> str:
    table, by = answer.table, answer.choices.group
    named = table[~table["is_other"]]
    names, keys = labels.names(_group(named)), labels.keyed(_group(named))
    known = [names[key] for key in keys] + [labels.others(int(number)) for number in table["groups"][table["is_other"]]]
    rows = [
        [
            name,
            in_GB(row.traffic_MB),
            labels.percent(row.share, decimals=1),
            in_GB(row.before_MB),
            _signed_GB(row.change_MB),
            labels.percent(row.change, signed=True),
            _of(row),
        ]
        for name, row in zip(known, _rows(table), strict=True)
    ]
    sums = table[["traffic_MB", "before_MB", "change_MB"]].sum(min_count=1)
    counts = table[["days_covered", "days_expected"]].sum()
    total = ["Total", in_GB(sums["traffic_MB"]), labels.percent(1.0) if sums["traffic_MB"] > 0 else labels.MISSING]
    total += [in_GB(sums["before_MB"]), _signed_GB(sums["change_MB"]), "", _of(counts)]
    way = WAYS[answer.choices.direction]
    head = [GROUPS[by], f"{way} [GB]", "Part", "Before [GB]", "Change [GB]", "Change", "VM-days final"]
    return panel.table(head, rows, total, f"Top talkers by {GROUPS[by]}")


def _signed_GB(amount_MB: float) -> str:  # noqa: N802 - units keep their spelling
    return labels.money(float(amount_MB) / MB_PER_GB, signed=True)


def _anomalies(answer: BandwidthAnswer) -> str:
    rows = [
        [
            f"{row.anomaly}",
            Days(row.first_day, row.last_day + DAY).in_words(),
            _finding(row),
            _signed_impact(row),
            _severity(row),
        ]
        for row in _rows(answer.table)
    ]
    head = ["No.", "When", "What was unusual", "Impact [GB]", "Severity"]
    return panel.table(head, rows, (), "What was unusual", texts={2})


def _severity(row: Any) -> str:
    return f"{row.severity}" if row.confidence == "high" else f"{row.severity}, {row.confidence} confidence"


def _signed_impact(row: Any) -> str:
    return labels.money(row.impact_GB, decimals=1, signed=True)


def _finding(row: Any) -> str:
    """Say who did what against what was expected, who makes it up, and what coincides with it."""
    way = {"in": "received", "out": "sent", "both": "moved"}[row.direction]
    vms = counted(row.vms, "VM")
    group = row.group if isinstance(row.group, str) else vms
    group = group if row.scope in ("vm", "several") else f"{row.scope.capitalize()} {group} ({vms})"
    said = f"{group} {way} {row.actual_GB:,.1f} GB, where {row.expected_GB:,.1f} GB was expected"
    said = f"{said}: an unusual upload." if row.kind == "unusual_upload" else f"{said}."
    if row.scope != "vm" and isinstance(row.explained_by, str) and row.explained_by:
        said = f"{said} Made up by {row.explained_by}."
    happened = (
        f"Coincides with {row.coincides_with}." if row.coincides_with != NOTHING_ELSE else "Nothing known coincides."
    )
    return f"{said} {happened}"


def _quotas(answer: BandwidthAnswer) -> str:
    rows = [
        [
            f"{row.group if isinstance(row.group, str) else f'unknown {row.scope}'}",
            *(labels.money(amount, decimals=1) for amount in (row.quota_GB, row.used_GB)),
            labels.percent(row.used_share),
            row.sentence,
        ]
        for row in _rows(answer.table)
    ]
    head = ["Quota of", "Quota [GB]", "Used [GB]", "Used", "How it stands"]
    return panel.table(head, rows, (), "Quotas of the month", texts={4})
