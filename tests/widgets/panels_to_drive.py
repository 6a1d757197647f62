"""Archives made by hand, so that a test knows every number in them, and what a browser would send to a panel."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import ipywidgets
import pandas as pd

from vmgen_analytics import Archive
from vmgen_analytics.schema import TABLES

TODAY = dt.date(2026, 11, 23)
SYNCED_AT = pd.Timestamp("2026-11-23 12:00", tz="UTC")
HOSTILE = '<img src=x onerror="alert(1)"> & "quoted", =HYPERLINK(1)'
PACKAGES = {"Small": (1.0, 2.0, 20.0), "Medium": (2.0, 4.0, 40.0), "Large": (4.0, 8.0, 80.0), "Odd": (1.0, 1.0, 10.0)}
LOCATIONS = {1: "Amsterdam", 2: "Dallas"}
VMS = {101: ("web-1", "Small"), 102: ("web-2", "Medium"), 103: (HOSTILE, "Large"), 104: ("web-1", "Odd")}
TOTALS = {
    **{f"2026-{month:02d}": 100.01 + month for month in range(1, 11)},
    "2026-11": 60.07,
}


def fill(
    archive: Archive,
    *,
    account: str = "main",
    vms: Mapping[int, tuple[str, str]] = VMS,
    totals: Mapping[str, float] = TOTALS,
    incomplete: str = "",
    synced_at: pd.Timestamp = SYNCED_AT,
) -> Archive:
    """Store what an account showed: an invoice a month, and VMs that lived through all these months."""
    months = [pd.Period(month, freq="M") for month in totals]
    days = [day for month in months for day in (month.start_time, month.end_time.normalize())]
    seen_at = [day.tz_localize("UTC") for day in days]
    _add(
        archive,
        "invoices",
        account=account,
        invoice_id=range(1, len(months) + 1),
        seen_at=[synced_at] * len(months),
        invoice_date=[month.start_time for month in months],
        status=["paid"] * len(months),
        total_cost=list(totals.values()),
    )
    seen = [(vm_id, day, at, *vm) for vm_id, vm in vms.items() for day, at in zip(days, seen_at, strict=True)]
    inventory = pd.DataFrame(seen, columns=["vm_id", "seen_on", "seen_at", "vm_name", "package"])
    _add(archive, "vms", account=account, **inventory)
    _add(archive, "locations", account=account, location_id=[1, 2], seen_on=days[:1] * 2, location=LOCATIONS.values())
    offers = [(1, "Small"), (1, "Medium"), (2, "Large"), (1, "Odd"), (2, "Odd")]
    sizes = pd.DataFrame([PACKAGES[name] for _, name in offers], columns=["vcpus", "ram_GB", "disk_GB"])
    places = pd.DataFrame(offers, columns=["location_id", "package"])
    _add(archive, "packages", account=account, seen_on=days[:1] * len(offers), **places, **sizes)
    _add(
        archive,
        "syncs",
        account=account,
        started_at=[synced_at],
        ended_at=[synced_at],
        requests=[9],
        failures=[1 if incomplete else 0],
        rows=[9],
        incomplete=[incomplete],
    )
    return archive


def fill_traffic(
    archive: Archive,
    *,
    account: str = "main",
    vms: Mapping[int, tuple[str, str]] = VMS,
    first: str = "2026-08-01",
    last: str = "2026-11-23",
    incomplete: str = "",
    synced_at: pd.Timestamp = SYNCED_AT,
) -> Archive:
    """Store the traffic of VMs: alike on every day, but for weekends and what is said below.

    VM 101 sends 1 GB on a weekday, 102 sends 2 GB and so on; each receives a quarter of it. On a weekend it is half.
    """
    days = pd.date_range(first, last)
    ends = sorted({days[0], days[-1], *days[days.day == 1]})
    offers = [(1, "Small"), (1, "Medium"), (2, "Large"), (1, "Odd"), (2, "Odd")]
    sizes = pd.DataFrame([PACKAGES[name] for _, name in offers], columns=["vcpus", "ram_GB", "disk_GB"])
    places = pd.DataFrame(offers, columns=["location_id", "package"])
    _add(archive, "locations", account=account, location_id=[1, 2], seen_on=[days[0]] * 2, location=LOCATIONS.values())
    _add(archive, "packages", account=account, seen_on=[days[0]] * len(offers), **places, **sizes)
    seen = [(vm_id, day, day.tz_localize("UTC"), *vm) for vm_id, vm in vms.items() for day in ends]
    inventory = pd.DataFrame(seen, columns=["vm_id", "seen_on", "seen_at", "vm_name", "package"])
    _add(archive, "vms", account=account, **inventory)
    usage = [traffic for vm_id in vms for day in days if (traffic := _traffic(vm_id, day, days[-1]))]
    columns = ["vm_id", "date", "in_MB", "out_MB", "status"]
    _add(archive, "usage", account=account, seen_at=[synced_at] * len(usage), **pd.DataFrame(usage, columns=columns))
    restarted = pd.Timestamp(SPIKE, tz="UTC") + pd.Timedelta("9h")
    job = {"event": ["reboot"], "started_at": [restarted], "status": ["success"], "last_updated_at": [restarted]}
    _add(archive, "jobs", account=account, vm_id=[103], seen_at=[synced_at], **job)
    _add(
        archive,
        "syncs",
        account=account,
        started_at=[synced_at],
        ended_at=[synced_at],
        requests=[9],
        failures=[0],
        rows=[9],
        incomplete=[incomplete],
    )
    return archive


SPIKE, MISSING = "2026-11-12", "2026-11-10"
"""When 103 sends ten times as much as ever, and of which day 102 has no report."""


def _traffic(vm_id: int, day: pd.Timestamp, last: pd.Timestamp) -> tuple[Any, ...] | None:
    if vm_id == 102 and day == pd.Timestamp(MISSING):
        return None
    out_MB = (vm_id - 100) * 1000.0 * (0.5 if day.day_of_week >= 5 else 1)
    out_MB *= 10 if vm_id == 103 and day == pd.Timestamp(SPIKE) else 1
    status = "partial" if day == last else "final"
    return vm_id, day, out_MB / 4, out_MB, status


def _add(archive: Archive, name: str, *, account: str, **columns: Any) -> None:
    values = {column: list(value) for column, value in columns.items()}
    rows = len(next(iter(values.values())))
    archive.add(name, TABLES[name].frame({"account": [account] * rows, **values}))


def control(panel: ipywidgets.Widget, description: str) -> Any:
    """Find a control by its label, as a person does."""
    found = [each for each in _inside(panel) if getattr(each, "description", None) == description]
    assert len(found) == 1, description
    return found[0]


def choose(panel: ipywidgets.Widget, description: str, text: str) -> None:
    """Choose in a list what a browser would send."""
    dropdown = control(panel, description)
    texts = [option[0] if isinstance(option, tuple) else option for option in dropdown.options]
    dropdown.set_state({"index": texts.index(text)})


def click(panel: ipywidgets.Widget, description: str) -> None:
    control(panel, description)._handle_custom_msg({"event": "click"}, [])


def _inside(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _inside(child)
