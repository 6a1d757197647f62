"""What it costs, by prices and by invoices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import (
    ACCOUNT,
    CALENDAR_MONTH,
    CENTRE,
    COST,
    FQDN,
    GROUPS,
    LIST_COST,
    LOCATION,
    NEWEST_NAME,
    PACKAGE,
    VM,
    VM_NAME,
)
from vmgen_analytics.table import DAY, MACHINE, MONTH, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

COSTS: Sequence[Table] = (
    Table(
        "rated_costs",
        "a VM-day at list price",
        ("account", "date", "vm_id"),
        {
            "account": ACCOUNT,
            "date": Column(DAY, "day, in the account's time zone"),
            "vm_id": VM,
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
            "account": ACCOUNT,
            "invoice_id": Column("int64", "number of the invoice"),
            "date": Column(DAY, "day of the VM; first of the month for what is unallocated"),
            "vm_id": Column("Int64", "number of the VM; missing for what is unallocated"),
            "cost_centre": CENTRE,
            "shared_from": Column(TEXT, "cost centre whose shared cost it is; empty for one's own"),
            "incarnation": GROUPS["incarnation"],
            "month": replace(CALENDAR_MONTH, meaning="month that the invoice bills"),
            "vm_name": VM_NAME,
            "fqdn": FQDN,
            "package": PACKAGE,
            "location": LOCATION,
            "rule": Column(TEXT, "file and line that give it to the cost centre; missing where none does"),
            "key": Column(TEXT, "what the invoice was divided by, as price_book; unallocated where by nothing"),
            "key_value": Column("float64", "the row's amount of it; missing where no VM is known in the month"),
            "ratio": Column("float64", "its part of the invoice before rounding"),
            "is_estimate": Column("bool", "whether the cost is inferred, as all money per VM is"),
            "allocated_cost": COST,
            "list_cost": LIST_COST,
            "price_source": Column(TEXT, "file and line of the list price; missing without one"),
            "transfer_cost": Column("float64", "overage; missing where no transfer policy is known", "currency"),
            "corrects": Column(
                MONTH, "closed month that the row corrects; missing for what is billed in its own month"
            ),
            "reason": Column(TEXT, "why it is corrected; missing where it is not"),
        },
        groups=("incarnation",),
    ),
    Table(
        "estimated_prices",
        "a price that closed months tell",
        ("package", "location"),
        {
            "package": replace(PACKAGE, meaning="name of the package"),
            "location": Column(TEXT, "where it holds; empty where it holds everywhere"),
            "monthly_price": Column("float64", "what a VM with the package costs in a month", "currency"),
            "standard_error": Column("float64", "how far it may be off, by the fit without bounds", "currency"),
            "low": Column("float64", "in 95 of 100 cases it is between this", "currency"),
            "high": Column("float64", "and this", "currency"),
            "package_months": Column("float64", "months of VMs with the package that it rests on", "mo"),
            "months": Column("int64", "closed months of accounts that all these prices rest on", "mo"),
            "r_squared": Column("float64", "part of what the totals vary that all these prices explain", "1"),
            "largest_residual": Column(
                "float64", "total that fits least, less what these prices make of it", "currency"
            ),
            "left_out": Column(TEXT, "closed months and credits that do not count, and why; empty if all do"),
        },
    ),
    Table(
        "price_findings",
        "a line of the price book, or a package that has none",
        ("position",),
        {
            "position": Column("int64", "its place in the list"),
            "price_source": Column(TEXT, "file and line; missing for a package that has none"),
            "package": replace(PACKAGE, meaning="name of the package"),
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
            "month": CALENDAR_MONTH,
            **GROUPS,
            **NEWEST_NAME,
            "allocated_cost": COST,
            "list_cost": LIST_COST,
            "share": Column("float64", "part of the month's total", "1"),
            "change": Column(
                "float64",
                "against the month before; missing in the first one, and where an account is not billed in both",
                "currency",
            ),
        },
        groups=tuple(GROUPS),
    ),
    Table(
        "cost_changes",
        "a reason why a month cost more or less than the one before",
        ("month", "position"),
        {
            "month": replace(CALENDAR_MONTH, meaning="the later month"),
            "position": Column("int64", "place of the reason in the telling"),
            **{name: GROUPS[name] for name in MACHINE},
            **NEWEST_NAME,
            "reason": Column(TEXT, "new VMs, gone VMs, days of existence, resized, list prices, traffic and others"),
            "vms": Column("int64", "VMs that it concerns", "VM"),
            "change": Column("float64", "how much more, in whole millionths", "currency"),
            "total_before": Column("float64", "running total before the row; first the month's before", "currency"),
            "total_after": Column("float64", "running total after the row; last the month's", "currency"),
        },
        groups=MACHINE,
    ),
    Table(
        "cost_statement",
        "a line of a cost centre's statement",
        ("month", "cost_centre", "line"),
        {
            "month": CALENDAR_MONTH,
            "cost_centre": replace(CENTRE, meaning="whose statement it is; unassigned has one as well"),
            "line": Column("int64", "number of the line in the statement"),
            "kind": Column(TEXT, "own, unallocated (no VM), credit, shared, passed_on or correction"),
            "account": ACCOUNT,
            "vm_id": Column("Int64", "number of the VM; missing where no VM is meant"),
            "incarnation": GROUPS["incarnation"],
            "vm_name": replace(VM_NAME, meaning="newest name of the VM in the line"),
            "package": replace(PACKAGE, meaning="name of the package; another one has another line"),
            "location": LOCATION,
            "first_day": Column(
                DAY, "first day that is paid for; missing where no VM is meant, or a month is corrected"
            ),
            "last_day": Column(DAY, "last day that is paid for"),
            "days": Column("Int64", "days that are paid for", "d"),
            "invoices": Column(TEXT, "numbers of the account's invoices in it, separated by commas"),
            "counterpart": Column(TEXT, "cost centre whose cost is shared, or which takes over; missing for one's own"),
            "rule": Column(TEXT, "file and line that give it to the cost centre; missing where none does"),
            "corrects": Column(MONTH, "closed month that is corrected; missing for what is billed in its own month"),
            "reason": Column(TEXT, "why it is corrected; missing where it is not"),
            "is_estimate": Column("bool", "whether the cost is inferred, as all money per VM is"),
            "allocated_cost": replace(COST, meaning="part of the invoices, in whole millionths"),
            "printed_cost": Column(
                "float64",
                "the same in cents, which add up to the cents of the cost centre and of the month",
                "currency",
            ),
        },
    ),
    Table(
        "unit_costs",
        "what a unit cost a group in a month",
        ("month",),
        {
            "month": CALENDAR_MONTH,
            **{name: column for name, column in GROUPS.items() if name != "cost_centre"},
            **NEWEST_NAME,
            "allocated_cost": COST,
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
        groups=(*MACHINE, "package", "location", "continent"),
    ),
    Table(
        "reconciliation",
        "an invoice and what became of it; a later correction is a row of the month in which it is booked",
        ("account", "invoice_id", "month"),
        {
            "account": ACCOUNT,
            "invoice_id": Column("int64", "number of the invoice"),
            "month": replace(CALENDAR_MONTH, meaning="month that it bills, or in which a correction is booked"),
            "invoiced": Column(
                "float64", "its total when the month closed; of a correction the difference", "currency"
            ),
            "allocated": Column("float64", "given to VMs", "currency"),
            "unallocated": Column("float64", "given to none, because no VM was known", "currency"),
            "list_cost": Column("float64", "the month's VM-days by the price book, on its largest invoice", "currency"),
            "difference": Column(
                "float64", "the month's invoices less its list cost, on its largest invoice", "currency"
            ),
            "state": Column(TEXT, "matched, or why not"),
        },
    ),
)
