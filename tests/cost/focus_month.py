"""A small month for the tests of FOCUS: an October with a birth, a resize, two invoices and a credit note."""

import csv
import io

import pandas as pd

from vmgen_analytics.cost.prices import PriceBook
from vmgen_analytics.schema import TABLES

PRICES = PriceBook.of(
    [
        {"package": "S", "monthly_price": 5.1},
        {"package": "M", "monthly_price": 10},
        {"package": "M", "location": "Dallas", "monthly_price": 12.34},
    ],
    source="prices.csv, line",
)


def vm_days(vms, *, month="2026-10", account="main", traffic=2_500.5):
    """Table ``vm_days`` from VM -> (name, location, (package, first day, last day)...)."""
    rows = [
        (account, pd.Timestamp(f"{month}-{day:02d}"), vm_id, name, package, location)
        for vm_id, (name, location, *stays) in vms.items()
        for package, first, last in stays
        for day in range(first, last + 1)
    ]
    columns = dict(
        zip(("account", "date", "vm_id", "vm_name", "package", "location"), zip(*rows, strict=True), strict=True)
    )
    size = [{"S": 1.0, "M": 2.5}.get(package) for package in columns["package"]]
    return TABLES["vm_days"].frame(
        {
            **columns,
            "vcpus": [2.0] * len(rows),
            "ram_GB": size,
            "disk_GB": [40.0] * len(rows),
            "presence": ["seen"] * len(rows),
            "in_MB": [traffic] * len(rows),
            "out_MB": [None] * len(rows),
            "status": ["final"] * len(rows),
        }
    )


DAYS = vm_days(
    {
        101: ("web-1", "Warsaw", ("S", 1, 31)),
        102: ("=1+1", "Dallas", ("S", 1, 10), ("M", 11, 31)),
        103: ("", None, ("M", 20, 25), ("M", 28, 28)),
    }
)


def invoices(*totals, account="main", date="2026-10-05", first=5001):
    """Table ``invoices`` with these totals."""
    rows = len(totals)
    return TABLES["invoices"].frame(
        {
            "account": [account] * rows,
            "invoice_id": range(first, first + rows),
            "seen_at": ["2026-11-01T07:00:00Z"] * rows,
            "invoice_date": [date] * rows,
            "status": ["created"] * rows,
            "total_cost": totals,
        }
    )


def to_csv(cells):
    """Spell cells as a CSV, just as they are."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(cells)
    writer.writerows(cells.itertuples(index=False, name=None))
    return text.getvalue().encode("utf-8")
