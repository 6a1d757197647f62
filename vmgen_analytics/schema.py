"""Every table that crosses a public border, declared once: columns, types, units, keys and meaning.

Days are naive datetimes, instants end in ``_at`` and are UTC, months are periods. An unknown value is
missing, never 0. ``python -m vmgen_analytics.schema`` prints the data dictionary of the README.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from vmgen_analytics.table import DAY, INSTANT, MONTH, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MB_PER_GB = 1_000
"""1 GB = 1,000 MB, here and nowhere else."""

UNASSIGNED = "unassigned"
"""Cost centre of what no rule gives to one."""

_ACCOUNT = Column(TEXT, "name of the account in the settings")
_VM = Column("int64", "number of the VM")
_VM_NAME = Column(TEXT, "name of the VM on that day")
_LOCATION = Column(TEXT, "where it stands; missing where nothing tells")
_CONTINENT = Column(TEXT, "continent of the location")
_PACKAGE = Column(TEXT, "name of the package on that day")
_VCPUS = Column("float64", "virtual CPUs", "vCPU")
_RAM = Column("float64", "memory", "GB")
_DISK = Column("float64", "disk", "GB")
_IN = Column("float64", "traffic received", "MB")
_OUT = Column("float64", "traffic sent", "MB")
_SEEN_AT = Column(INSTANT, "when the provider said so, by its own clock")
_SEEN_ON = Column(DAY, "day on which the provider said so, in the account's time zone")
_INCARNATION = Column("int64", "1, or 2 and more for what came back under the same number as another machine")
_MONTH = Column(MONTH, "calendar month")
_COST = Column("float64", "part of the invoices that falls on the row, in whole millionths; an estimate", "currency")
_LIST_COST = Column("float64", "cost by the price book; missing where a price is", "currency")
_COVERED = Column("int64", "VM-days with a report of traffic", "d")
_EXPECTED = Column("int64", "VM-days on which the VMs existed", "d")
_COMPLETE = Column("bool", "whether every expected VM-day has a report that will not change")
_CENTRE = Column(TEXT, "who pays; unassigned where no rule says")
_FQDN = Column(TEXT, "full domain name on that day")

_GROUPS: Mapping[str, Column] = MappingProxyType(
    {
        name: replace(column, optional=True)
        for name, column in {
            "account": _ACCOUNT,
            "vm_id": Column("Int64", "number of the VM; missing where no VM is meant"),
            "package": _PACKAGE,
            "location": _LOCATION,
            "continent": _CONTINENT,
            "cost_centre": _CENTRE,
        }.items()
    }
)
_LABEL = {"vm_name": replace(_VM_NAME, meaning="newest name of the VM in that period", optional=True)}

ARCHIVED: Sequence[Table] = (
    Table(
        "accounts",
        "an account as it was at an instant",
        ("account", "seen_at"),
        {
            "account": _ACCOUNT,
            "seen_at": _SEEN_AT,
            "credit": Column("float64", "what is left of what was paid in advance", "currency"),
            "invoicing_model": Column(TEXT, "before or after payment"),
            "billing_address": Column(TEXT, "as it stands on invoices"),
        },
    ),
    Table(
        "invoices",
        "an invoice as it was at an instant",
        ("account", "invoice_id", "seen_at"),
        {
            "account": _ACCOUNT,
            "invoice_id": Column("int64", "number of the invoice", source="id"),
            "seen_at": _SEEN_AT,
            "invoice_date": Column(DAY, "date of the invoice", source="date"),
            "status": Column(TEXT, "the provider's word for it"),
            "total_cost": Column("float64", "its total; a credit is negative", "currency"),
        },
    ),
    Table(
        "locations",
        "a location on a day",
        ("account", "location_id", "seen_on"),
        {
            "account": _ACCOUNT,
            "location_id": Column("int64", "number of the location", source="id"),
            "seen_on": _SEEN_ON,
            "location": Column(TEXT, "name of the location", source="name"),
            "continent": _CONTINENT,
        },
    ),
    Table(
        "packages",
        "a package that a location offers on a day",
        ("account", "location_id", "package", "seen_on"),
        {
            "account": _ACCOUNT,
            "location_id": Column("int64", "number of the location", source="id"),
            "package": Column(TEXT, "name of the package", source="name"),
            "seen_on": _SEEN_ON,
            "vcpus": _VCPUS,
            "ram_GB": _RAM,
            "disk_GB": _DISK,
        },
    ),
    Table(
        "vms",
        "a VM on a day",
        ("account", "vm_id", "seen_on"),
        {
            "account": _ACCOUNT,
            "vm_id": replace(_VM, source="id"),
            "seen_on": _SEEN_ON,
            "vm_name": replace(_VM_NAME, source="name"),
            "fqdn": Column(TEXT, "full domain name"),
            "state": Column(TEXT, "the provider's word for it, as UP"),
            "uptime": Column(TEXT, "as the provider words it"),
            "uptime_h": Column("float64", "uptime as a number, where it can be read", "h"),
            "ipv4": Column(TEXT, "address as it came"),
            "ipv6": Column(TEXT, "address as it came"),
            "package": _PACKAGE,
            "seen_at": _SEEN_AT,
        },
    ),
    Table(
        "usage",
        "the traffic of a VM on a day",
        ("account", "vm_id", "date"),
        {
            "account": _ACCOUNT,
            "vm_id": _VM,
            "date": Column(DAY, "day of the traffic, in the account's time zone"),
            "in_MB": _IN,
            "out_MB": _OUT,
            "seen_at": _SEEN_AT,
            "status": Column(TEXT, "partial, provisional, final, lost_tail or imported"),
        },
    ),
    Table(
        "superseded_usage",
        "a report of a day's traffic that a later one replaced",
        ("account", "vm_id", "date", "superseded_at"),
        {
            "account": _ACCOUNT,
            "vm_id": _VM,
            "date": Column(DAY, "day of the traffic, in the account's time zone"),
            "superseded_at": Column(INSTANT, "when the later one was made, or its month was closed"),
            "in_MB": _IN,
            "out_MB": _OUT,
            "seen_at": _SEEN_AT,
            "status": Column(TEXT, "status of the traffic until then"),
        },
    ),
    Table(
        "restatements",
        "a final day that the provider changed",
        ("account", "vm_id", "date", "seen_at"),
        {
            "account": _ACCOUNT,
            "vm_id": _VM,
            "date": Column(DAY, "day of the traffic, in the account's time zone"),
            "seen_at": _SEEN_AT,
            "in_MB": _IN,
            "out_MB": _OUT,
            "in_MB_before": replace(_IN, meaning="traffic received, as it was before"),
            "out_MB_before": replace(_OUT, meaning="traffic sent, as it was before"),
        },
    ),
    Table(
        "networking",
        "an address of a VM on a day",
        ("account", "vm_id", "ip", "seen_on"),
        {
            "account": _ACCOUNT,
            "vm_id": _VM,
            "ip": Column(TEXT, "address as it came"),
            "seen_on": _SEEN_ON,
            "ip_version": Column(TEXT, "IPv4 or IPv6"),
            "gateway": Column(TEXT, "as it came"),
            "netmask": Column(TEXT, "as it came"),
            "broadcast": Column(TEXT, "as it came"),
            "rev_dns": Column(TEXT, "reverse DNS name"),
            "is_primary": Column("boolean", "whether it is the VM's main address"),
        },
    ),
    Table(
        "jobs",
        "a job of a VM",
        ("account", "vm_id", "event", "started_at"),
        {
            "account": _ACCOUNT,
            "vm_id": _VM,
            "event": Column(TEXT, "what was done, as power_on"),
            "started_at": Column(INSTANT, "when it began"),
            "status": Column(TEXT, "the provider's word for it"),
            "last_updated_at": Column(INSTANT, "when it last changed"),
            "seen_at": _SEEN_AT,
        },
    ),
    Table(
        "superseded_jobs",
        "a report of a job that a later one replaced",
        ("account", "vm_id", "event", "started_at", "superseded_at"),
        {
            "account": _ACCOUNT,
            "vm_id": _VM,
            "event": Column(TEXT, "what was done, as power_on"),
            "started_at": Column(INSTANT, "when it began"),
            "superseded_at": Column(INSTANT, "when the later one was made"),
            "status": Column(TEXT, "the provider's word for it until then"),
            "last_updated_at": Column(INSTANT, "when it had last changed"),
            "seen_at": _SEEN_AT,
        },
    ),
    Table(
        "syncs",
        "a sync of an account",
        ("account", "started_at"),
        {
            "account": _ACCOUNT,
            "started_at": Column(INSTANT, "by the provider's clock"),
            "ended_at": Column(INSTANT, "by the provider's clock"),
            "requests": Column("int64", "requests sent"),
            "failures": Column("int64", "answers and values that could not be had"),
            "rows": Column("int64", "rows that are new or changed"),
            "incomplete": Column(TEXT, "tables that lack something, separated by commas"),
            "learned": Column(TEXT, "what the server does in its own way, separated by semicolons"),
            "time_zone": Column(TEXT, "in which the account's days begin and end, as Europe/Amsterdam"),
            "error": Column(TEXT, "why it was broken off; missing where it ran to its end"),
        },
    ),
    Table(
        "commands",
        "a command that was sent, or was about to be",
        ("account", "requested_at", "command_id"),
        {
            "account": _ACCOUNT,
            "requested_at": Column(INSTANT, "when it was about to be sent, by the provider's clock"),
            "command_id": Column(TEXT, "our own number of the command"),
            "vm_id": Column("Int64", "number of the VM; of a deployment once it is known; missing where none is meant"),
            "command": Column(TEXT, "power_on, power_off, reboot, deploy, delete, save_user_data_script or ticket"),
            "details": Column(TEXT, "what else was asked for, as JSON without its secrets; empty for most"),
            "user": Column(TEXT, "who asked, by the name on this machine"),
            "reason": Column(TEXT, "why, in their words"),
            "outcome": Column(
                TEXT, "sending, then accepted, then done, failed or timed_out; or not_sent, refused or unknown"
            ),
            "job_id": Column(TEXT, "the provider's number of the job, where it gave one"),
            "finished_at": Column(INSTANT, "when the outcome was known"),
        },
    ),
)

FETCHED: Sequence[Table] = (
    Table(
        "os_images",
        "an OS image that a VM can be deployed with",
        ("account", "os_image_id"),
        {
            "account": _ACCOUNT,
            "os_image_id": Column("int64", "number of the image", source="id"),
            "os": Column(TEXT, "operating system"),
            "bits": Column(TEXT, "width of its machine words, as it came"),
            "user_script": Column("boolean", "whether it runs user data scripts"),
            "cloud_init": Column("boolean", "whether it has cloud-init", source="clound_init"),
        },
    ),
    Table(
        "ssh_keys",
        "an SSH key of the account, without its content",
        ("account", "ssh_key_id"),
        {
            "account": _ACCOUNT,
            "ssh_key_id": Column("int64", "number of the key", source="id"),
            "ssh_key_name": Column(TEXT, "name of the key", source="name"),
            "created_at": Column(INSTANT, "when it was added"),
        },
    ),
    Table(
        "marketplace",
        "an item of the marketplace, without its script",
        ("account", "marketplace_id"),
        {
            "account": _ACCOUNT,
            "marketplace_id": Column("int64", "number of the item", source="id"),
            "description": Column(TEXT, "what it installs"),
            "os_description": Column(TEXT, "operating system that it comes with"),
            "type": Column(TEXT, "kind of script, as user_data"),
            "base64": Column("boolean", "whether its script is encoded"),
        },
    ),
    Table(
        "user_data_scripts",
        "a user data script of the account, without its content",
        ("account", "version_id"),
        {
            "account": _ACCOUNT,
            "version_id": Column("int64", "number of the script"),
            "description": Column(TEXT, "what its author says of it"),
            "type": Column(TEXT, "kind of script, as user_data"),
        },
    ),
)
"""Tables that are fetched when they are needed, and not kept: what they describe holds secrets."""

DERIVED: Sequence[Table] = (
    Table(
        "vm_days",
        "a VM on a day of its life",
        ("account", "date", "vm_id"),
        {
            "account": _ACCOUNT,
            "date": Column(DAY, "day, in the account's time zone"),
            "vm_id": _VM,
            "vm_name": _VM_NAME,
            "fqdn": _FQDN,
            "package": _PACKAGE,
            "vcpus": _VCPUS,
            "ram_GB": _RAM,
            "disk_GB": _DISK,
            "location": _LOCATION,
            "continent": _CONTINENT,
            "location_evidence": Column(
                TEXT,
                "what the location rests on: user_mapping, deployed, only_location, package_unique, same_gateway or "
                "fqdn_pattern",
            ),
            "state": Column(TEXT, "the provider's word for it, as UP"),
            "presence": Column(TEXT, "how its existence is known: seen, usage or inferred"),
            "in_MB": _IN,
            "out_MB": _OUT,
            "status": Column(TEXT, "status of the traffic; missing where none was reported"),
        },
    ),
    Table(
        "lifetimes",
        "a machine: a VM, or what came back under its number as another one",
        ("account", "vm_id", "incarnation"),
        {
            "account": _ACCOUNT,
            "vm_id": _VM,
            "incarnation": _INCARNATION,
            "vm_name": replace(_VM_NAME, meaning="its newest name"),
            "fqdn": Column(TEXT, "its newest full domain name"),
            "package": replace(_PACKAGE, meaning="its newest package"),
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
            "account": _ACCOUNT,
            "vm_id": _VM,
            "incarnation": _INCARNATION,
            "source": Column(TEXT, "who says so, as in vm_days.location_evidence; none where nothing does"),
            "vm_name": replace(_VM_NAME, meaning="its newest name"),
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
            "account": _ACCOUNT,
            "month": _MONTH,
            "state": Column(TEXT, "open, closing (until noon of the first day after) or closed"),
            "vms": Column("int64", "VMs that existed", "VM"),
            "days_expected": _EXPECTED,
            "days_final": Column("int64", "VM-days whose traffic will not change", "d"),
            "days_provisional": Column("int64", "VM-days that are over and may still change", "d"),
            "days_partial": Column("int64", "VM-days that were seen before they ended", "d"),
            "days_lost_tail": Column("int64", "VM-days whose end was never seen", "d"),
            "days_missing": Column("int64", "VM-days without a report", "d"),
        },
    ),
    Table(
        "rated_costs",
        "a VM-day at list price",
        ("account", "date", "vm_id"),
        {
            "account": _ACCOUNT,
            "date": Column(DAY, "day, in the account's time zone"),
            "vm_id": _VM,
            "list_cost": Column("float64", "monthly price / days of the month; missing without a price", "currency"),
            "transfer_cost": Column("float64", "overage; missing where no transfer policy is known", "currency"),
            "price_source": Column(TEXT, "file and line of the price; missing without one"),
        },
    ),
    Table(
        "allocated_costs",
        "a part of an invoice",
        ("account", "invoice_id", "date", "vm_id", "cost_centre", "shared_from"),
        {
            "account": _ACCOUNT,
            "invoice_id": Column("int64", "number of the invoice"),
            "date": Column(DAY, "day of the VM; first of the month for what is unallocated"),
            "vm_id": Column("Int64", "number of the VM; missing for what is unallocated"),
            "cost_centre": _CENTRE,
            "shared_from": Column(TEXT, "cost centre whose shared cost it is; empty for one's own"),
            "month": replace(_MONTH, meaning="month that the invoice bills"),
            "vm_name": _VM_NAME,
            "fqdn": _FQDN,
            "package": _PACKAGE,
            "location": _LOCATION,
            "rule": Column(TEXT, "file and line that give it to the cost centre; missing where none does"),
            "key": Column(TEXT, "what the invoice was divided by, as price_book; unallocated where by nothing"),
            "key_value": Column("float64", "the row's amount of it"),
            "ratio": Column("float64", "its part of the invoice before rounding"),
            "is_estimate": Column("bool", "whether the cost is inferred, as all money per VM is"),
            "allocated_cost": _COST,
            "list_cost": _LIST_COST,
            "transfer_cost": Column("float64", "overage; missing where no transfer policy is known", "currency"),
            "corrects": Column(MONTH, "closed month that the row corrects; missing for what is billed in its own month"),
            "reason": Column(TEXT, "why it is corrected; missing where it is not"),
        },
    ),
    Table(
        "estimated_prices",
        "a price that closed months tell",
        ("package", "location"),
        {
            "package": replace(_PACKAGE, meaning="name of the package"),
            "location": Column(TEXT, "where it holds; empty where it holds everywhere"),
            "monthly_price": Column("float64", "what a VM with the package costs in a month", "currency"),
            "standard_error": Column("float64", "how far it may be off; missing for a price of 0", "currency"),
            "package_months": Column("float64", "months of VMs with the package that it rests on", "mo"),
            "months": Column("int64", "closed months of accounts that all these prices rest on", "mo"),
            "r_squared": Column("float64", "part of what the totals vary that all these prices explain", "1"),
            "largest_residual": Column("float64", "total that fits least, less what these prices make of it", "currency"),
        },
    ),
    Table(
        "price_findings",
        "a line of the price book, or a package that has none",
        ("position",),
        {
            "position": Column("int64", "its place in the list"),
            "price_source": Column(TEXT, "file and line; missing for a package that has none"),
            "package": replace(_PACKAGE, meaning="name of the package"),
            "location": Column(TEXT, "where it holds; empty where it holds everywhere"),
            "monthly_price": Column("float64", "the price; missing where there is none", "currency"),
            "days_priced": Column("int64", "VM-days that it prices", "d"),
            "finding": Column(TEXT, "what is strange about it; empty if nothing is"),
        },
    ),
    Table(
        "cost_centre_rules",
        "a rule that says who pays",
        ("position",),
        {
            "position": Column("int64", "its place among the rules"),
            "rule": Column(TEXT, "file and line"),
            "says": Column(TEXT, "what it asks for"),
            "cost_centres": Column(TEXT, "who pays, separated by commas"),
            "days_fitted": Column("int64", "VM-days that it fits", "d"),
            "days_decided": Column("int64", "VM-days that it decides, as no earlier rule does", "d"),
            "allocated_cost": Column("float64", "what it decides", "currency"),
            "finding": Column(TEXT, "why it never decides; empty if it does"),
        },
    ),
    Table(
        "monthly_costs",
        "the cost of a group in a month",
        ("month",),
        {
            "month": _MONTH,
            **_GROUPS,
            **_LABEL,
            "allocated_cost": _COST,
            "list_cost": _LIST_COST,
            "share": Column("float64", "part of the month's total", "1"),
            "change": Column("float64", "against the month before; missing in the first month", "currency"),
        },
        groups=tuple(_GROUPS),
    ),
    Table(
        "cost_changes",
        "a reason why a month cost more or less than the one before",
        ("month", "position"),
        {
            "month": replace(_MONTH, meaning="the later month"),
            "position": Column("int64", "place of the reason in the telling"),
            **{name: _GROUPS[name] for name in ("account", "vm_id")},
            **_LABEL,
            "reason": Column(TEXT, "new VMs, gone VMs, days of existence, resized, list prices, traffic and others"),
            "vms": Column("int64", "VMs that it concerns", "VM"),
            "change": Column("float64", "how much more, in whole millionths", "currency"),
            "total_before": Column("float64", "running total before the row; first the month's before", "currency"),
            "total_after": Column("float64", "running total after the row; last the month's", "currency"),
        },
        groups=("account", "vm_id"),
    ),
    Table(
        "unit_costs",
        "what a unit cost a group in a month",
        ("month",),
        {
            "month": _MONTH,
            **{name: column for name, column in _GROUPS.items() if name != "cost_centre"},
            **_LABEL,
            "allocated_cost": _COST,
            "vm_months": Column("float64", "VM-days / days of the month", "VM"),
            "vcpu_months": Column("float64", "vCPUs of the VM-days / days of the month", "vCPU"),
            "ram_GB_months": Column("float64", "memory of the VM-days / days of the month", "GB"),
            "disk_GB_months": Column("float64", "disk of the VM-days / days of the month", "GB"),
            "out_TB": Column("float64", "traffic sent, 1 TB = 1,000,000 MB", "TB"),
            "cost_per_vm_month": Column("float64", "all of the cost / VM-months", "currency/VM"),
            "cost_per_vcpu_month": Column("float64", "all of the cost / vCPU-months", "currency/vCPU"),
            "cost_per_ram_GB_month": Column("float64", "all of the cost / GB-months of memory", "currency/GB"),
            "cost_per_disk_GB_month": Column("float64", "all of the cost / GB-months of disk", "currency/GB"),
            "cost_per_out_TB": Column("float64", "all of the cost / traffic sent", "currency/TB"),
            "missing": Column(TEXT, "why a number is missing; empty if none is"),
        },
        groups=("account", "vm_id", "package", "location", "continent"),
    ),
    Table(
        "cost_forecast",
        "what a month will have cost when it ends",
        ("month",),
        {
            "month": _MONTH,
            "account": _GROUPS["account"],
            "as_of": Column(DAY, "day on which it was forecast"),
            "so_far": Column("float64", "its invoices until then; missing without any", "currency"),
            "expected": Column("float64", "the middle of what may come", "currency"),
            "low": Column("float64", "in one month of ten it is less", "currency"),
            "high": Column("float64", "in one month of ten it is more", "currency"),
            "months_used": Column("int64", "closed months that it rests on", "month"),
            "error": Column("float64", "median error of such forecasts of closed months on that day", "1"),
            "run_rate_error": Column("float64", "the same of the cost so far per day", "1"),
            "coverage": Column("float64", "part of the closed months that ended inside the interval", "1"),
            "key": Column(TEXT, "what months are compared by: price_book, package_weight or even"),
            "reason": Column(TEXT, "why something is missing; empty if nothing is"),
        },
        groups=("account",),
    ),
    Table(
        "cost_forecast_backtest",
        "a forecast of a closed month, as it would have been on one of its days",
        ("month", "as_of"),
        {
            "month": _MONTH,
            "as_of": Column(DAY, "day on which it would have been forecast"),
            "account": _GROUPS["account"],
            "actual": Column("float64", "what the month cost", "currency"),
            "expected": Column("float64", "the middle of what might have come", "currency"),
            "low": Column("float64", "lower end of the interval of 80 %", "currency"),
            "high": Column("float64", "upper end of the interval of 80 %", "currency"),
            "run_rate": Column("float64", "the cost so far per day, for the whole month", "currency"),
        },
        groups=("account",),
    ),
    Table(
        "budget_status",
        "a budget, what was spent of it and what is expected",
        ("position",),
        {
            "position": Column("int64", "its place in the file"),
            "budget": Column(TEXT, "file and line"),
            "scope": Column(TEXT, "what it is for"),
            "first_month": replace(_MONTH, meaning="its first month"),
            "last_month": replace(_MONTH, meaning="its last month"),
            "amount": Column("float64", "what was meant to be spent", "currency"),
            "actual": Column("float64", "what invoices charge until now; missing without any", "currency"),
            "actual_share": Column("float64", "part of the amount", "1"),
            "forecast": Column("float64", "what is expected by its end", "currency"),
            "forecast_low": Column("float64", "in one case of ten it is less", "currency"),
            "forecast_high": Column("float64", "in one case of ten it is more", "currency"),
            "forecast_share": Column("float64", "part of the amount", "1"),
            "state": Column(
                TEXT, "on track, over 50 %, over 80 %, will be exceeded, exceeded; kept, when it is over; or unknown"
            ),
            "reason": Column(TEXT, "why something is missing; empty if nothing is"),
        },
    ),
    Table(
        "credit_runway",
        "how long an account's credit lasts",
        ("account",),
        {
            "account": _ACCOUNT,
            "seen_at": _SEEN_AT,
            "credit": Column("float64", "what is left of what was paid in advance", "currency"),
            "invoicing_model": Column(TEXT, "before or after payment"),
            "used_per_day": Column("float64", "what goes in a day", "currency/d"),
            "rests_on": Column(TEXT, "what that is read from"),
            "runs_out_on": Column(DAY, "first day on which nothing is left"),
            "reason": Column(TEXT, "why that cannot be told; empty if it can"),
        },
    ),
    Table(
        "reconciliation",
        "an invoice and what became of it; a later correction is a row of the month in which it is booked",
        ("account", "invoice_id", "month"),
        {
            "account": _ACCOUNT,
            "invoice_id": Column("int64", "number of the invoice"),
            "month": replace(_MONTH, meaning="month that it bills, or in which a correction is booked"),
            "invoiced": Column("float64", "its total when the month closed; of a correction the difference", "currency"),
            "allocated": Column("float64", "given to VMs", "currency"),
            "unallocated": Column("float64", "given to none, because no VM was known", "currency"),
            "list_cost": Column("float64", "the month's VM-days by the price book, on its largest invoice", "currency"),
            "difference": Column(
                "float64", "the month's invoices less its list cost, on its largest invoice", "currency"
            ),
            "state": Column(TEXT, "matched, or why not"),
        },
    ),
    Table(
        "daily_bandwidth",
        "the traffic of a group on a day",
        ("date",),
        {
            "date": Column(DAY, "day, in the account's time zone"),
            **_GROUPS,
            **_LABEL,
            "in_MB": _IN,
            "out_MB": _OUT,
            "days_covered": _COVERED,
            "days_expected": _EXPECTED,
            "is_complete": _COMPLETE,
        },
        groups=tuple(_GROUPS),
    ),
    Table(
        "monthly_bandwidth",
        "the traffic of a group in a month",
        ("month",),
        {
            "month": _MONTH,
            **_GROUPS,
            **_LABEL,
            "in_MB": _IN,
            "out_MB": _OUT,
            "days_covered": _COVERED,
            "days_expected": _EXPECTED,
            "is_complete": _COMPLETE,
        },
        groups=tuple(_GROUPS),
    ),
    Table(
        "bandwidth_anomalies",
        "something unusual in the traffic of a VM, of several on the same day, or of a whole group",
        ("anomaly",),
        {
            "anomaly": Column("int64", "its number in this answer, the worst first"),
            "account": _ACCOUNT,
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
            "coincides_with": Column(TEXT, "what else happened to them on those days; nobody says that it is the cause"),
        },
    ),
    Table(
        "anomaly_contributions",
        "the part of a VM in an anomaly",
        ("anomaly", "vm_id"),
        {
            "anomaly": Column("int64", "number of the anomaly"),
            "vm_id": _VM,
            "account": _ACCOUNT,
            "vm_name": replace(_VM_NAME, meaning="newest name of the VM"),
            "package": replace(_PACKAGE, meaning="newest package of the VM"),
            "location": _LOCATION,
            "contribution_GB": Column("float64", "actual less expected of the VM on the days of the anomaly", "GB"),
            "share": Column("float64", "part of all contributions that go the same way", "1"),
            "is_main": Column("bool", "whether it is among those that make up four fifths of their way"),
        },
    ),
    Table(
        "footprint",
        "what runs in a group on a day",
        ("date",),
        {
            "date": Column(DAY, "day, in the account's time zone"),
            **_GROUPS,
            "vms": Column("int64", "VMs that exist, whatever their state", "VM"),
            "vcpus": replace(_VCPUS, meaning="virtual CPUs of the VMs of known size"),
            "ram_GB": replace(_RAM, meaning="memory of the VMs of known size"),
            "disk_GB": replace(_DISK, meaning="disk of the VMs of known size"),
            "known_share": Column("float64", "part of the VMs whose size is known", "1"),
        },
        groups=tuple(_GROUPS),
    ),
)

_FOCUS_DECIMAL = "object"  # Decimal: FOCUS wants costs that are exact
_FOCUS_PROVIDER = Column(TEXT, "VMgen")

HANDED_ON: Sequence[Table] = (
    Table(
        "focus_charges",
        "a charge in the words of FOCUS 1.2, whose names and types these are",
        ("BillingAccountId", "ChargePeriodStart", "ChargeDescription"),
        {
            "BillingAccountId": Column(TEXT, "vmgen- and the account"),
            "ChargePeriodStart": Column(INSTANT, "first instant of what is charged"),
            "ChargeDescription": Column(TEXT, "the charge in words; tells it from the others of that instant"),
            "BilledCost": Column(_FOCUS_DECIMAL, "part of the invoice, or list cost before there is one", "currency"),
            "EffectiveCost": Column(_FOCUS_DECIMAL, "the same, as there are no commitments", "currency"),
            "ListCost": Column(_FOCUS_DECIMAL, "unit price x quantity; BilledCost without a price", "currency"),
            "ContractedCost": Column(_FOCUS_DECIMAL, "the same, by the price book", "currency"),
            "BillingAccountName": Column(TEXT, "VMgen and the account"),
            "BillingCurrency": Column(TEXT, "code of ISO 4217, from the settings"),
            "BillingPeriodStart": Column(INSTANT, "first instant of the month"),
            "BillingPeriodEnd": Column(INSTANT, "first instant after the month"),
            "ChargePeriodEnd": Column(INSTANT, "first instant after what is charged"),
            "ChargeCategory": Column(TEXT, "Usage, Credit or Adjustment (what no VM can be given)"),
            "ChargeClass": Column(TEXT, "missing, or Correction"),
            "ChargeFrequency": Column(TEXT, "Recurring, Usage-Based or One-Time"),
            "InvoiceIssuerName": _FOCUS_PROVIDER,
            "ProviderName": _FOCUS_PROVIDER,
            "PublisherName": _FOCUS_PROVIDER,
            "InvoiceId": Column(TEXT, "INV- and the number of the invoice; missing before there is one"),
            "PricingQuantity": Column(_FOCUS_DECIMAL, "months (days / days of the month), or GB"),
            "PricingUnit": Column(TEXT, "Months or GB"),
            "PricingCategory": Column(TEXT, "Standard, for usage"),
            "ListUnitPrice": Column(_FOCUS_DECIMAL, "monthly price of the price book", "currency"),
            "ContractedUnitPrice": Column(_FOCUS_DECIMAL, "the same", "currency"),
            "ConsumedQuantity": Column(_FOCUS_DECIMAL, "the quantity, for usage"),
            "ConsumedUnit": Column(TEXT, "its unit"),
            "CommitmentDiscountStatus": Column(TEXT, "missing: there are no commitments"),
            "ServiceName": Column(TEXT, "VMgen VM, VMgen Bandwidth or VMgen Account"),
            "ServiceCategory": Column(TEXT, "Compute, Networking or Other"),
            "ServiceSubcategory": Column(TEXT, "Virtual Machines, Other (Networking) or Other (Other)"),
            "ResourceId": Column(TEXT, "vm- and the number of the VM"),
            "ResourceName": Column(TEXT, "name of the VM then, as it is"),
            "ResourceType": Column(TEXT, "Virtual Machine"),
            "RegionId": Column(TEXT, "name of the location; missing where nothing tells"),
            "RegionName": Column(TEXT, "the same"),
            "SkuId": Column(TEXT, "package- and its name, traffic-sent or traffic-received"),
            "SkuPriceId": Column(TEXT, "what a price stands for: the SKU, its unit and the location"),
            "SkuMeter": Column(TEXT, "VM month, Traffic sent or Traffic received"),
            "SkuPriceDetails": Column(TEXT, "size of the package, as JSON"),
            "Tags": Column(TEXT, "the cost centre, as JSON; missing without one"),
            "x_AllocationMethod": Column(TEXT, "what the invoice was divided by, list_price for estimates, or metered"),
            "x_AllocationRatio": Column("float64", "part of the invoice before rounding", "1"),
            "x_CostAllocationRuleName": Column(TEXT, "file and line that give it to the cost centre"),
            "x_CostCenter": Column(TEXT, "who pays"),
            "x_DaysPresent": Column("Int64", "days of the VM in the charge period", "d"),
            "x_IsEstimated": Column("bool", "whether the provider did not say this cost: all money per VM is inferred"),
            "x_PriceSource": Column(TEXT, "file and line of the price"),
        },
    ),
    Table(
        "focus_findings",
        "something that is wrong with a FOCUS file",
        ("rule", "row", "column"),
        {
            "rule": Column(TEXT, "name of the rule"),
            "row": Column("Int64", "row of the file, from 1 on, its head not counted; missing where none is meant"),
            "column": Column(TEXT, "column of the value"),
            "value": Column(TEXT, "what stands there"),
            "finding": Column(TEXT, "what is wrong with it, in a sentence"),
        },
    ),
)
"""Tables in the words of a standard, which are made to be handed on; `export focus` writes them."""

TABLES: Mapping[str, Table] = MappingProxyType(
    {table.name: table for table in (*ARCHIVED, *FETCHED, *DERIVED, *HANDED_ON)}
)

_KINDS = {"Archived": ARCHIVED, "Fetched, not kept": FETCHED, "Derived": DERIVED, "Handed on": HANDED_ON}


def data_dictionary() -> str:
    """Every table as Markdown, for the README.

    Returns
    -------
    str
        A heading, the meaning of a row, the key and the columns of each table.
    """
    return "\n".join(_described(table) for table in TABLES.values())


def _described(table: Table) -> str:
    kind = next(name for name, tables in _KINDS.items() if table in tables)
    key = ", ".join([*table.key, *(["and its groups"] if table.groups else [])])
    lines = [
        f"#### `{table.name}`",
        "",
        f"A row is {table.row}. {kind}; key: {key}.",
        "",
        "| column | type | unit | meaning | API field |",
        "|---|---|---|---|---|",
    ]
    for name, column in table.columns.items():
        when = " (where grouped so)" if column.optional else ""
        lines.append(f"| {name} | {column.dtype} | {column.unit} | {column.meaning}{when} | {column.source} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(data_dictionary())  # noqa: T201 - this is the command that writes the README's dictionary
