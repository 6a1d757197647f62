"""Tables written by hand, as syncs would have left them."""

import pandas as pd

from vmgen_analytics.schema import TABLES


def days(texts):
    return pd.to_datetime(list(texts)).as_unit("us")


def listed(*rows, account="main", **columns):
    """Table vms of VM, day and package; other columns are the same in all rows."""
    ids, on, packages = zip(*rows, strict=True)
    own = {"vm_name": [f"vm-{vm_id}" for vm_id in ids], "fqdn": [f"vm-{vm_id}.example.net" for vm_id in ids]}
    same = {name: [value] * len(rows) for name, value in columns.items()}
    fixed = {"account": [account] * len(rows), "vm_id": list(ids), "seen_on": days(on), "package": list(packages)}
    return TABLES["vms"].frame({**fixed, "seen_at": [f"{day}T12:00Z" for day in on], **own, **same})


def used(*rows, account="main"):
    """Table usage of VM and day."""
    count = len(rows)
    fixed = {"account": [account] * count, "in_MB": [1.0] * count, "status": ["final"] * count}
    keys = {"vm_id": [vm_id for vm_id, _ in rows], "date": days(day for _, day in rows)}
    return TABLES["usage"].frame(fixed | keys | {"seen_at": ["2026-11-30"] * count})


def synced(*on, incomplete="", account="main", zone="UTC"):
    """Table syncs of days, or of instants."""
    at = [f"{day}T12:00Z" if len(day) == 10 else day for day in on]
    count = len(at)
    numbers = {name: [0] * count for name in ("requests", "failures", "rows")}
    words = {"incomplete": [incomplete] * count, "time_zone": [zone] * count}
    return TABLES["syncs"].frame({"account": [account] * count, "started_at": at, "ended_at": at} | numbers | words)


def places(*names, day="2026-11-01", account="main"):
    """Table locations, numbered from 1."""
    count = len(names)
    keys = {"account": [account] * count, "location_id": list(range(1, count + 1)), "seen_on": days([day] * count)}
    return TABLES["locations"].frame(keys | {"location": list(names)})


def offers(*rows, account="main"):
    """Table packages of location, package, day and vcpus."""
    numbers, names, on, vcpus = zip(*rows, strict=True)
    count = len(rows)
    keys = {"account": [account] * count, "location_id": list(numbers), "package": list(names), "seen_on": days(on)}
    sizes = {"vcpus": [float(each) for each in vcpus], "ram_GB": [1.0] * count, "disk_GB": [1.0] * count}
    return TABLES["packages"].frame(keys | sizes)


def routed(*rows, account="main", netmask="255.255.255.0", day="2026-11-05"):
    """Table networking of VM, address and gateway."""
    ids, addresses, gateways = zip(*rows, strict=True)
    count = len(rows)
    keys = {"account": [account] * count, "vm_id": list(ids), "ip": list(addresses), "seen_on": days([day] * count)}
    return TABLES["networking"].frame(keys | {"gateway": list(gateways), "netmask": [netmask] * count})


def commanded(command, vm_id, at, *, outcome="done", details="", finished_at=None, account="main"):
    """Table commands with one line."""
    columns = {"account": account, "requested_at": at, "command_id": f"{command}-{vm_id}-{at}", "vm_id": vm_id}
    told = {"command": command, "details": details, "outcome": outcome, "finished_at": finished_at or at}
    return TABLES["commands"].frame({name: [value] for name, value in (columns | told).items()})
