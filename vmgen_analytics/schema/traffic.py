"""What was sent and received."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import (
    ACCOUNT,
    CALENDAR_MONTH,
    COMPLETE,
    COVERED,
    EXPECTED,
    GROUPS,
    IN,
    LOCATION,
    NEWEST_NAME,
    OUT,
    PACKAGE,
    VM,
    VM_NAME,
)
from vmgen_analytics.table import DAY, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

TRAFFIC: Sequence[Table] = (
    Table(
        "daily_bandwidth",
        "the traffic of a group on a day",
        ("date",),
        {
            "date": Column(DAY, "day, in the account's time zone"),
            **GROUPS,
            **NEWEST_NAME,
            "in_MB": IN,
            "out_MB": OUT,
            "days_covered": COVERED,
            "days_expected": EXPECTED,
            "is_complete": COMPLETE,
        },
        groups=tuple(GROUPS),
    ),
    Table(
        "monthly_bandwidth",
        "the traffic of a group in a month",
        ("month",),
        {
            "month": CALENDAR_MONTH,
            **GROUPS,
            **NEWEST_NAME,
            "in_MB": IN,
            "out_MB": OUT,
            "days_covered": COVERED,
            "days_expected": EXPECTED,
            "is_complete": COMPLETE,
        },
        groups=tuple(GROUPS),
    ),
    Table(
        "bandwidth_anomalies",
        "something unusual in the traffic of a VM, of several on the same day, or of a whole group",
        ("anomaly",),
        {
            "anomaly": Column("int64", "its number in this answer, the worst first"),
            "account": ACCOUNT,
            "first_day": Column(DAY, "first unusual day, in the account's time zone"),
            "last_day": Column(DAY, "last unusual day"),
            "scope": Column(TEXT, "vm, several (VMs that began on the same day), account, location or package"),
            "group": Column(TEXT, "name of the VM, account, location or package; missing for several VMs"),
            "vm_id": Column("Int64", "number of the VM; missing where several are meant"),
            "vms": Column("int64", "VMs that it is about", "VM"),
            "kind": Column(TEXT, "spike, drop or unusual_upload"),
            "direction": Column(TEXT, "in, out or both"),
            "severity": Column(TEXT, "alert, review (unusual upload), or note (a lower score, or a small impact)"),
            "score": Column("float64", "how unusual the worst day is; 4.5 is an alert unless calibrated", "1"),
            "confidence": Column(TEXT, "low (7 to 13 days of history), medium (14 to 27) or high"),
            "unusual_days": Column("int64", "days that are unusual, of those from first to last", "d"),
            "expected_GB": Column("float64", "what those days would usually have brought", "GB"),
            "actual_GB": Column("float64", "what they brought", "GB"),
            "impact_GB": Column("float64", "actual less expected", "GB"),
            "explained_by": Column(TEXT, "VMs that make up four fifths of it, each with its part"),
            "coincides_with": Column(
                TEXT, "what else happened to them on those days; nobody says that it is the cause"
            ),
        },
    ),
    Table(
        "anomaly_contributions",
        "the part of a VM in an anomaly",
        ("anomaly", "vm_id"),
        {
            "anomaly": Column("int64", "number of the anomaly"),
            "vm_id": VM,
            "account": ACCOUNT,
            "vm_name": replace(VM_NAME, meaning="newest name of the VM"),
            "package": replace(PACKAGE, meaning="newest package of the VM"),
            "location": LOCATION,
            "contribution_GB": Column("float64", "actual less expected of the VM on the days of the anomaly", "GB"),
            "share": Column("float64", "part of all contributions that go the same way", "1"),
            "is_main": Column("bool", "whether it is among those that make up four fifths of their way"),
        },
    ),
)
