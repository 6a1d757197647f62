"""A fleet that grows, made by hand: a sync every five days, a VM more every month, and two that go."""

from collections.abc import Mapping

import pandas as pd
from panels_to_drive import HOSTILE, LOCATIONS, PACKAGES, SYNCED_AT, VMS

from vmgen_analytics import Archive
from vmgen_analytics.schema import TABLES

BEGINS = pd.Timestamp("2026-01-01")
EVERY = pd.Timedelta("5D")
BORN = {200 + number: BEGINS + pd.Timedelta(days=31 + 30 * number) for number in range(9)}
"""Shop machines, each Small, and the day from which they exist."""
GONE = {201: pd.Timestamp("2026-06-20"), 203: pd.Timestamp("2026-09-08")}
"""Those of them that go, and the first day without them."""
PRICES = {"Small": 5.0, "Medium": 9.0, "Large": 21.0, "Odd": 6.0}
OFFERS = [(1, "Small"), (1, "Medium"), (2, "Large"), (1, "Odd"), (2, "Odd")]
PLACES = {101: "Amsterdam", 102: "Amsterdam", 103: "Dallas", **dict.fromkeys(BORN, "Amsterdam")}
"""Where VMs stand by a list; of 104 nobody knows."""
NOW = {"Small": 8, "Medium": 1, "Large": 1, "Odd": 1}
"""VMs of each package in the end."""


def grow(
    archive: Archive,
    *,
    account: str = "main",
    vms: Mapping[int, tuple[str, str]] = VMS,
    born: Mapping[int, pd.Timestamp] = BORN,
    gone: Mapping[int, pd.Timestamp] = GONE,
    begins: pd.Timestamp = BEGINS,
    synced_at: pd.Timestamp = SYNCED_AT,
    incomplete: str = "",
) -> Archive:
    """Store what each sync showed of a fleet and of what is on offer."""
    last = synced_at.tz_localize(None)
    looks = [*pd.date_range(begins + pd.Timedelta("12h"), last, freq=EVERY)]
    looks += [last] if looks[-1] != last else []
    named = {**vms, **{number: (f"shop-{number}", "Small") for number in born}}
    seen = [
        (number, look.normalize(), look.tz_localize("UTC"), *named[number])
        for look in looks
        for number in named
        if born.get(number, begins) <= look.normalize() < gone.get(number, pd.Timestamp.max)
    ]
    inventory = pd.DataFrame(seen, columns=["vm_id", "seen_on", "seen_at", "vm_name", "package"])
    places = pd.DataFrame(OFFERS, columns=["location_id", "package"])
    sizes = pd.DataFrame([PACKAGES[name] for name in places["package"]], columns=["vcpus", "ram_GB", "disk_GB"])
    catalogue = pd.concat([places, sizes], axis=1)
    numbers = dict.fromkeys(("requests", "failures", "rows"), 1)
    at = [look.tz_localize("UTC") for look in looks]
    syncs = pd.DataFrame({"started_at": at, "ended_at": at, "incomplete": "", "time_zone": "UTC", **numbers})
    syncs.loc[len(looks) - 1, "incomplete"] = incomplete
    tables = {
        "vms": inventory,
        "syncs": syncs,
        "packages": pd.concat([catalogue.assign(seen_on=look.normalize()) for look in looks]),
        "locations": pd.DataFrame(
            {"location_id": [*LOCATIONS], "location": [*LOCATIONS.values()], "seen_on": looks[0].normalize()}
        ),
    }
    for name, rows in tables.items():
        if len(rows):
            archive.add(name, TABLES[name].frame(rows.assign(account=account).to_dict("list")))
    return archive


def hostile_places() -> dict[int, str]:
    """The list of places with one that would be a script, if anyone let it."""
    return {**PLACES, 102: HOSTILE}
