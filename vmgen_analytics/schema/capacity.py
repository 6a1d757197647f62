"""What runs where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import DISK, GROUPS, RAM, VCPUS
from vmgen_analytics.table import DAY, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

CAPACITY: Sequence[Table] = (
    Table(
        "footprint",
        "what runs in a group on a day",
        ("date",),
        {
            "date": Column(DAY, "day, in the account's time zone"),
            **GROUPS,
            "vms": Column("int64", "VMs that exist, whatever their state", "VM"),
            "vcpus": replace(VCPUS, meaning="virtual CPUs of the VMs of known size"),
            "ram_GB": replace(RAM, meaning="memory of the VMs of known size"),
            "disk_GB": replace(DISK, meaning="disk of the VMs of known size"),
            "known_share": Column("float64", "part of the VMs whose size is known", "1"),
        },
        groups=tuple(GROUPS),
    ),
)
