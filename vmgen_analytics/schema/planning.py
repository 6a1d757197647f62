"""How the fleet changes and what it grows to, what is on offer, and what a plan would make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vmgen_analytics.schema.columns import (
    ACCOUNT,
    CALENDAR_MONTH,
    CONTINENT,
    DISK,
    GROUPS,
    LOCATION,
    PACKAGE,
    RAM,
    VCPUS,
)
from vmgen_analytics.table import DAY, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WHERE: Mapping[str, Column] = {
    name: replace(GROUPS[name], meaning=f"{GROUPS[name].meaning}; of each VM the last one")
    for name in ("package", "location", "continent")
}
MEASURE = Column(TEXT, "vms, vcpus, ram_GB or disk_GB")


def _events(what: str) -> dict[str, Column]:
    return {
        what: Column("int64", f"{what} that were counted", "VM"),
        f"{what}_low": Column("float64", "so many were to be expected at least; exact interval of 80 %", "VM"),
        f"{what}_high": Column("float64", "so many were to be expected at most", "VM"),
    }


def _rate(name: str, meaning: str, unit: str) -> dict[str, Column]:
    return {
        name: Column("float64", f"{meaning}; missing with less than a month", unit),
        f"{name}_low": Column("float64", "lower end of its exact interval of 80 %", unit),
        f"{name}_high": Column("float64", "upper end", unit),
    }


PLANNING: Sequence[Table] = (
    Table(
        "fleet_changes",
        "what an account, or a group of its VMs, got and lost in a month of observation",
        ("account", "month"),
        {
            "account": ACCOUNT,
            "month": CALENDAR_MONTH,
            **WHERE,
            "days_observed": Column("int64", "days of the month from the first to the last complete inventory", "d"),
            "vms_start": Column("int64", "VMs at the beginning of what was observed of the month", "VM"),
            "entered": Column("int64", "VMs that were running when the account was first observed", "VM"),
            **_events("births"),
            **_events("deaths"),
            "unsure": Column("int64", "of the births and deaths those that may belong to a month beside", "VM"),
            "vms_end": Column("int64", "VMs at its end: vms_start + entered + births - deaths", "VM"),
            "vm_days": Column("int64", "days on which a VM existed, over all of them", "d"),
        },
        groups=tuple(WHERE),
    ),
    Table(
        "fleet_rates",
        "how fast an account, or a group of its VMs, changes",
        ("account",),
        {
            "account": ACCOUNT,
            **WHERE,
            "months": Column("float64", "months of observation, of 30.4375 days", "month"),
            "vm_months": Column("float64", "months of existence, over all VMs", "VM"),
            "vms": Column("int64", "VMs at the end", "VM"),
            "births": Column("int64", "births that were counted", "VM"),
            **_rate("births_per_month", "births to be expected in a month", "VM/month"),
            "deaths": Column("int64", "deaths that were counted", "VM"),
            **_rate("deaths_per_month", "deaths to be expected in a month", "VM/month"),
            **_rate("churn", "part of the VMs that dies in a month: deaths / VM-months", "1/month"),
            "net_per_month": Column("float64", "births less deaths a month", "VM/month"),
            "birth_dispersion": Column("float64", "1 where births come one by one, more where in batches", "1"),
            "reason": Column(TEXT, "why a number is missing; empty if none is"),
        },
        groups=tuple(WHERE),
    ),
    Table(
        "vm_survival",
        "an age at which a VM died, or was last seen",
        ("account", "age_d"),
        {
            "account": ACCOUNT,
            "age_d": Column("int64", "days since birth; the middle where they are bounds", "d"),
            **WHERE,
            "at_risk": Column("int64", "VMs that were observed at that age", "VM"),
            "deaths": Column("int64", "of which died at it", "VM"),
            "censored": Column("int64", "of which are not known any longer than that", "VM"),
            "survival": Column("float64", "part of the VMs that becomes older (Kaplan and Meier)", "1"),
            "survival_low": Column("float64", "lower end of its interval of 80 %", "1"),
            "survival_high": Column("float64", "upper end", "1"),
        },
        groups=tuple(WHERE),
    ),
    Table(
        "vm_lifetime",
        "how old the VMs of a group become",
        ("account",),
        {
            "account": ACCOUNT,
            **WHERE,
            "vms": Column("int64", "VMs whose birth is known", "VM"),
            "deaths": Column("int64", "of which died", "VM"),
            "median_d": Column("float64", "age that half of them reach; missing where it cannot be told", "d"),
            "median_low_d": Column("float64", "lower end of its interval of 80 %", "d"),
            "median_high_d": Column("float64", "upper end; missing where it is beyond what was observed", "d"),
            "reason": Column(TEXT, "why a number is missing; empty if none is"),
        },
        groups=tuple(WHERE),
    ),
    Table(
        "footprint_forecast",
        "what a measure may grow to by a day",
        ("measure", "date"),
        {
            "measure": MEASURE,
            "date": Column(DAY, "day; the first is the last one of observation"),
            "low": Column("float64", "in one future of ten it is less", "measure"),
            "middle": Column("float64", "in half of the futures it is less", "measure"),
            "high": Column("float64", "in one future of ten it is more", "measure"),
            "reason": Column(TEXT, "why the numbers are missing; empty if they are not"),
        },
    ),
    Table(
        "capacity_forecast",
        "a limit, and when it is reached",
        ("position",),
        {
            "position": Column("int64", "place of the limit in its file"),
            "limit": Column(TEXT, "the limit in words"),
            "measure": MEASURE,
            "account": replace(ACCOUNT, meaning="account that it holds for; missing for all"),
            "location": replace(LOCATION, meaning="location that it holds for; missing for all"),
            "amount": Column("float64", "so much is the most", "measure"),
            "used": Column("float64", "so much there is", "measure"),
            "free": Column("float64", "what is left; negative beyond the limit", "measure"),
            "used_share": Column("float64", "used / amount", "1"),
            "net_per_month": Column("float64", "growth a month by births and deaths, the middle", "measure/month"),
            "net_per_month_low": Column("float64", "in one future of ten it is less", "measure/month"),
            "net_per_month_high": Column("float64", "in one future of ten it is more", "measure/month"),
            "reached_p10": Column(DAY, "day by which one future in ten has reached it: for careful plans"),
            "reached_p50": Column(DAY, "day by which half of them have"),
            "reached_p90": Column(DAY, "day by which nine in ten have"),
            "chance": Column("float64", "part of the futures that reach it within the horizon", "1"),
            "state": Column(
                TEXT,
                "reached, expected (by half of the futures), possible (by one in ten), unlikely, no trend or unknown",
            ),
            "reason": Column(TEXT, "why something is missing, or what is left out; empty if neither"),
        },
    ),
    Table(
        "package_catalogue",
        "a package that a location offers or offered",
        ("account", "location_id", "package"),
        {
            "account": ACCOUNT,
            "location_id": Column("int64", "number of the location"),
            "package": replace(PACKAGE, meaning="name of the package"),
            "location": replace(LOCATION, meaning="name of the location"),
            "continent": CONTINENT,
            "vcpus": VCPUS,
            "ram_GB": RAM,
            "disk_GB": DISK,
            "is_offered": Column("bool", "whether it is, as far as is known"),
            "since_min": Column(DAY, "last complete look without it before; missing where none came before"),
            "since_max": Column(DAY, "day on which it was first seen"),
            "until_min": Column(DAY, "day on which it was last seen"),
            "until_max": Column(DAY, "first complete look without it; missing while it is offered"),
            "resized_on": Column(DAY, "day on which its newest size was first seen; missing if it had no other"),
            "monthly_price": Column("float64", "by the price book; missing where it has none", "currency/month"),
            "included_transfer_GB": Column("float64", "by the price book", "GB"),
            "price_per_vcpu_month": Column("float64", "all of the price / vCPUs", "currency/vCPU"),
            "price_per_ram_GB_month": Column("float64", "all of the price / GB of memory", "currency/GB"),
            "price_per_disk_GB_month": Column("float64", "all of the price / GB of disk", "currency/GB"),
            "dominated_by": Column(
                TEXT, "package on offer at the same place that gives no less of anything for no more; missing if none"
            ),
            "dominated_elsewhere": Column(TEXT, "the same in another place, as Small in Warsaw; missing if none"),
        },
    ),
    Table(
        "what_if",
        "a number before and after a plan, in a location or in all",
        ("position",),
        {
            "position": Column("int64", "place in the telling: all locations first"),
            "is_total": Column("bool", "whether it is of all locations"),
            "location": replace(LOCATION, meaning="location; missing for the total, and where none is known"),
            "measure": Column(
                TEXT,
                "vms, vcpus, ram_GB, disk_GB, list_cost, included_transfer_GB or vm_share (of all VMs; in the total of "
                "the location that has most)",
            ),
            "unit": Column(TEXT, "of the numbers"),
            "before": Column("float64", "without the plan; missing where it cannot be told", "unit"),
            "after": Column("float64", "with the plan", "unit"),
            "change": Column("float64", "after less before", "unit"),
            "reason": Column(TEXT, "why a number is missing; empty if none is"),
        },
    ),
)
