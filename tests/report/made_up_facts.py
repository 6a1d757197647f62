"""Months of a made-up fleet as the tables that a report stands on."""

import pandas as pd

from vmgen_analytics.cost import PriceBook, allocated_costs, assigned_costs
from vmgen_analytics.fleet import coverage
from vmgen_analytics.fleet.coverage import month_state
from vmgen_analytics.report.facts import Facts
from vmgen_analytics.schema import TABLES

NOVEMBER = pd.Period("2026-11", "M")
PACKAGES = {"Small": (1.0, 2.0, 20.0, 5.0), "Large": (4.0, 8.0, 80.0, 20.0)}
PRICES = [{"package": name, "monthly_price": size[3], "currency": "EUR"} for name, size in PACKAGES.items()]


def vm(vm_id, name, package="Small", location="Paris", born="2026-09-01", dies="2026-12-01"):
    """A VM and its life."""
    return {"vm_id": vm_id, "vm_name": name, "package": package, "location": location, "born": born, "dies": dies}


FLEET = (
    vm(1, "web"),
    vm(2, "db", "Large", "Tokyo"),
    vm(3, "young", born="2026-11-11"),
    vm(4, "old", "Large", dies="2026-10-16"),
    vm(5, "nowhere", location=None),
)


def days_of(fleet, until="2026-12-01", silent=()):
    """Table vm_days: 1 GB in and 2 GB out a day; ``silent`` are (vm_id, day) without a report."""
    parts = []
    for each in fleet:
        dates = pd.date_range(each["born"], min(each["dies"], until), inclusive="left", unit="us")
        parts.append(pd.DataFrame({"date": dates}).assign(**each))
    rows = pd.concat(parts, ignore_index=True)
    vcpus, ram_GB, disk_GB, _ = zip(*(PACKAGES.get(name, (None,) * 4) for name in rows["package"]), strict=True)
    is_silent = [(vm_id, f"{day:%Y-%m-%d}") in silent for vm_id, day in zip(rows["vm_id"], rows["date"], strict=True)]
    return TABLES["vm_days"].frame(
        {
            **{name: rows[name] for name in ("date", "vm_id", "vm_name", "package", "location")},
            "account": ["main"] * len(rows),
            "vcpus": vcpus,
            "ram_GB": ram_GB,
            "disk_GB": disk_GB,
            "presence": ["seen"] * len(rows),
            "in_MB": [None if quiet else 1_000.0 for quiet in is_silent],
            "out_MB": [None if quiet else 2_000.0 for quiet in is_silent],
            "status": [None if quiet else "final" for quiet in is_silent],
        }
    )


def invoices_of(totals):
    """Table invoices from (month, total)."""
    rows = len(totals)
    return TABLES["invoices"].frame(
        {
            "account": ["main"] * rows,
            "invoice_id": range(rows),
            "seen_at": [pd.Timestamp("2026-12-02", tz="UTC")] * rows,
            "invoice_date": [pd.Period(month, "M").to_timestamp() for month, _ in totals],
            "status": ["paid"] * rows,
            "total_cost": [total for _, total in totals],
        }
    )


TOTALS = (("2026-09", 50.0), ("2026-10", 60.01), ("2026-11", 100.0))


def facts_of(
    fleet=FLEET, totals=TOTALS, month=NOVEMBER, now="2026-12-02", prices=True, silent=(), currency="EUR", **more
):
    """Everything behind a report, allocated for real; ``centres`` (rules) and other facts are taken as they are."""
    now = pd.Timestamp(now)
    book = PriceBook.of(PRICES) if prices else None
    days = days_of(fleet, until=min(f"{now:%Y-%m-%d}", f"{(month + 1).to_timestamp():%Y-%m-%d}"), silent=silent)
    invoices = invoices_of(totals)
    months = list(pd.period_range(min(each for each, _ in (*totals, ("2026-09", 0))), month, freq="M"))
    costs = allocated_costs(days, invoices, book)
    return Facts(
        month=month,
        months=months,
        days=days,
        invoices=invoices,
        costs=assigned_costs(costs, more["centres"]) if "centres" in more else costs,
        coverage=coverage(days, now),
        states={each: month_state(each, now) for each in months},
        prices=book,
        currency=currency,
        fetched_at=pd.Timestamp("2026-12-02 06:00", tz="UTC"),
        source="data/archive",
        now=now,
        **more,
    )
