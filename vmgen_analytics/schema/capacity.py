"""What runs where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import ACCOUNT, DISK, GROUPS, LOCATION, PACKAGE, RAM, VCPUS, VM, VM_NAME
from vmgen_analytics.table import DAY, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

FOOTPRINT_GROUPS = {name: GROUPS[name] for name in ("account", "package", "location", "continent")}
"""A VM by itself, and who pays for it, are in other tables."""

CAPACITY: Sequence[Table] = (
    Table(
        "footprint",
        "what runs in a group on a day",
        ("date",),
        {
            "date": Column(DAY, "day, in the account's time zone"),
            **FOOTPRINT_GROUPS,
            "vms": Column("int64", "VMs that exist, whatever their state", "VM"),
            "vcpus": replace(VCPUS, meaning="virtual CPUs of the VMs of known size"),
            "ram_GB": replace(RAM, meaning="memory of the VMs of known size"),
            "disk_GB": replace(DISK, meaning="disk of the VMs of known size"),
            "known_share": Column("float64", "part of the VMs whose size is known", "1"),
        },
        groups=tuple(FOOTPRINT_GROUPS),
    ),
    Table(
        "idle_vms",
        "a VM that seems to do nothing",
        ("account", "vm_id"),
        {
            "account": ACCOUNT,
            "vm_id": VM,
            "incarnation": GROUPS["incarnation"],
            "vm_name": replace(VM_NAME, meaning="its newest name"),
            "package": replace(PACKAGE, meaning="its newest package"),
            "location": LOCATION,
            "kind": Column(
                TEXT, "powered_off, zombie_likely (sends next to nothing) or zombie_possible (moves very little)"
            ),
            "confidence": Column(TEXT, "full, or preview where fewer days are known than were asked for"),
            "first_day": Column(DAY, "first day of those looked at"),
            "last_day": Column(DAY, "last day of those looked at"),
            "days_used": Column("int64", "days that it rests on: final ones, or days off", "d"),
            "quiet_days": Column("int64", "of these, days that fit", "d"),
            "in_MB_per_day": Column("float64", "traffic received on a middling day of these", "MB"),
            "out_MB_per_day": Column("float64", "traffic sent on a middling day of these", "MB"),
            "list_cost_per_month": Column("float64", "what it costs by the price book; missing without", "currency"),
            "evidence": Column(TEXT, "what was seen, and what that does not tell"),
        },
    ),
)
