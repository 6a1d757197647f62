"""Columns that several tables have."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from vmgen_analytics.table import DAY, INSTANT, MONTH, TEXT, Column

if TYPE_CHECKING:
    from collections.abc import Mapping

MB_PER_GB = 1_000
"""1 GB = 1,000 MB, here and nowhere else."""

UNASSIGNED = "unassigned"
"""Cost centre of what no rule gives to one."""

SETTLED = ("final", "imported")
"""States of a report of traffic that will not change."""

OFF = ("DOWN", "OFF", "STOPPED", "SHUTOFF")
"""Words for a VM that is switched off, in capitals."""

ACCOUNT = Column(TEXT, "name of the account in the settings")
VM = Column("int64", "number of the VM")
VM_NAME = Column(TEXT, "name of the VM on that day")
LOCATION = Column(TEXT, "where it stands; missing where nothing tells")
CONTINENT = Column(TEXT, "continent of the location")
PACKAGE = Column(TEXT, "name of the package on that day")
VCPUS = Column("float64", "virtual CPUs", "vCPU")
RAM = Column("float64", "memory", "GB")
DISK = Column("float64", "disk", "GB")
IN = Column("float64", "traffic received", "MB")
OUT = Column("float64", "traffic sent", "MB")
SEEN_AT = Column(INSTANT, "when the provider said so, by its own clock")
SEEN_ON = Column(DAY, "day on which the provider said so, in the account's time zone")
INCARNATION = Column("int64", "1, or 2 and more for what came back under the same number as another machine")
CALENDAR_MONTH = Column(MONTH, "calendar month")
COST = Column("float64", "part of the invoices that falls on the row, in whole millionths; an estimate", "currency")
LIST_COST = Column("float64", "cost by the price book; missing where a price is", "currency")
COVERED = Column("int64", "VM-days with a report of traffic", "d")
EXPECTED = Column("int64", "VM-days on which the VMs existed", "d")
COMPLETE = Column("bool", "whether every expected VM-day has a report that will not change")
CENTRE = Column(TEXT, "who pays; unassigned where no rule says")
FQDN = Column(TEXT, "full domain name on that day")

GROUPS: Mapping[str, Column] = MappingProxyType(
    {
        name: replace(column, optional=True)
        for name, column in {
            "account": ACCOUNT,
            "vm_id": Column("Int64", "number of the VM; missing where no VM is meant"),
            "incarnation": replace(INCARNATION, dtype="Int64"),
            "package": PACKAGE,
            "location": LOCATION,
            "continent": CONTINENT,
            "cost_centre": CENTRE,
        }.items()
    }
)
NEWEST_NAME = {"vm_name": replace(VM_NAME, meaning="newest name of the VM in that period", optional=True)}
