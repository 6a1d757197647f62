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
