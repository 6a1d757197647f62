"""The fleet: each VM on each day, its life, its location and what is known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import (
    ACCOUNT,
    CALENDAR_MONTH,
    CONTINENT,
    DISK,
    EXPECTED,
    FQDN,
    IN,
    INCARNATION,
    LOCATION,
    OUT,
    PACKAGE,
    RAM,
    VCPUS,
    VM,
    VM_NAME,
)
from vmgen_analytics.table import DAY, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

FLEET: Sequence[Table] = (
    Table(
        "vm_days",
        "a VM on a day of its life",
        ("account", "date", "vm_id"),
        {
            "account": ACCOUNT,
            "date": Column(DAY, "day, in the account's time zone"),
            "vm_id": VM,
            "incarnation": replace(INCARNATION, optional=True),
            "vm_name": VM_NAME,
            "fqdn": FQDN,
            "package": PACKAGE,
            "vcpus": VCPUS,
            "ram_GB": RAM,
            "disk_GB": DISK,
            "location": LOCATION,
            "continent": CONTINENT,
            "location_evidence": Column(
                TEXT,
                "what the location rests on: user_mapping, deployed, only_location, package_unique, same_gateway or "
                "fqdn_pattern",
            ),
            "state": Column(TEXT, "the provider's word for it, as UP"),
            "presence": Column(TEXT, "how its existence is known: seen, usage or inferred"),
            "in_MB": IN,
            "out_MB": OUT,
            "status": Column(TEXT, "status of the traffic; missing where none was reported"),
        },
    ),
    Table(
        "lifetimes",
        "a machine: a VM, or what came back under its number as another one",
        ("account", "vm_id", "incarnation"),
        {
            "account": ACCOUNT,
            "vm_id": VM,
            "incarnation": INCARNATION,
            "vm_name": replace(VM_NAME, meaning="its newest name"),
            "fqdn": Column(TEXT, "its newest full domain name"),
            "package": replace(PACKAGE, meaning="its newest package"),
            "born_min": Column(DAY, "day before which it did not exist; missing where no inventory came before it"),
            "born_max": Column(DAY, "day on which it existed at the latest"),
            "born_source": Column(TEXT, "what born_max rests on: inventory, usage, uptime, job or deployed"),
            "died_min": Column(DAY, "last day on which it is known to have existed"),
            "died_max": Column(DAY, "day on which it was gone at the latest; missing while it is not known to be gone"),
            "died_source": Column(TEXT, "what died_max rests on: inventory, or deleted where that was done here"),
        },
    ),
    Table(
        "location_evidence",
        "what a source says of where a machine stands",
        ("account", "vm_id", "incarnation", "source"),
        {
            "account": ACCOUNT,
            "vm_id": VM,
            "incarnation": INCARNATION,
            "source": Column(TEXT, "who says so, as in vm_days.location_evidence; none where nothing does"),
            "vm_name": replace(VM_NAME, meaning="its newest name"),
            "location": Column(TEXT, "where it stands by this source; missing where it only tells where not"),
            "strength": Column(
                "float64", "how often such a source is right, by assumption; location_accuracy measures", "1"
            ),
            "is_used": Column("bool", "whether this is what is believed"),
            "contradicts": Column("bool", "whether it does not fit what others say; then only the user is believed"),
            "detail": Column(TEXT, "what it rests on"),
        },
    ),
    Table(
        "location_accuracy",
        "a source of locations, tested on VMs whose location is certain",
        ("source",),
        {
            "source": Column(TEXT, "as in vm_days.location_evidence; together is what is believed of all"),
            "vms": Column("int64", "VMs that were hidden and looked for", "VM"),
            "right": Column("int64", "of which it told the right location", "VM"),
            "wrong": Column("int64", "of which it told another", "VM"),
            "silent": Column("int64", "of which it told none", "VM"),
            "accuracy": Column("float64", "right ones of those of which it told any", "1"),
        },
    ),
    Table(
        "coverage",
        "what is known of an account's traffic in a month",
        ("account", "month"),
        {
            "account": ACCOUNT,
            "month": CALENDAR_MONTH,
            "state": Column(TEXT, "open, closing (until noon of the first day after) or closed"),
            "vms": Column("int64", "VMs that existed", "VM"),
            "days_expected": EXPECTED,
            "days_final": Column("int64", "VM-days whose traffic will not change", "d"),
            "days_imported": Column("int64", "VM-days whose traffic was imported, which no sync confirmed", "d"),
            "days_provisional": Column("int64", "VM-days that are over and may still change", "d"),
            "days_partial": Column("int64", "VM-days that are under way", "d"),
            "days_awaited": Column("int64", "VM-days that are over, whose end no sync saw yet, and one still can", "d"),
            "days_lost_tail": Column("int64", "VM-days whose end was never seen", "d"),
            "days_missing": Column("int64", "VM-days without a report", "d"),
        },
    ),
)
