"""Lives, syncs and days written by hand, or drawn: what syncs would have left of a fleet."""

import numpy as np
import pandas as pd

from vmgen_analytics.schema import TABLES

SIZE = {"vcpus": 2.0, "ram_GB": 4.0, "disk_GB": 60.0}


def synced(first, last, account="main", *, incomplete=""):
    """Table syncs: one at noon of each day."""
    at = pd.date_range(first, last).tz_localize("UTC") + pd.Timedelta(hours=12)
    count = len(at)
    numbers = {name: [0] * count for name in ("requests", "failures", "rows")}
    columns = {"account": [account] * count, "started_at": at, "ended_at": at, "incomplete": [incomplete] * count}
    return TABLES["syncs"].frame(columns | numbers | {"time_zone": ["UTC"] * count})


def lives(*rows):
    """Table lifetimes of VM, birth and last day; None for a VM that ran before, or that still runs."""
    return TABLES["lifetimes"].cast(pd.DataFrame([life(*row) for row in rows])) if rows else TABLES["lifetimes"].frame()


def life(vm_id, born, died=None, **others):
    """A line of table lifetimes, of daily syncs: born and gone within a day."""
    first = pd.Timestamp(born or "2020-01-01")
    row = {"account": "main", "vm_id": vm_id, "incarnation": 1, "vm_name": f"vm-{vm_id}", "package": "Small"}
    row |= {"born_min": first if born else pd.NaT, "born_max": first}
    gone = pd.NaT if died is None else pd.Timestamp(died) + pd.Timedelta(days=1)
    return row | {"died_min": pd.Timestamp(died or "2026-12-31"), "died_max": gone} | others


def days_of(lifetimes, until, **others):
    """Table vm_days: the last day of each life, which is what sizes and locations are taken from."""
    rows = [
        {
            "account": row.account,
            "vm_id": row.vm_id,
            "vm_name": row.vm_name,
            "date": row.died_min if pd.notna(row.died_max) else pd.Timestamp(until),
            "package": row.package,
            "location": "Warsaw",
            "presence": "seen",
            **SIZE,
            **{name: values(row.vm_id) if callable(values) else values for name, values in others.items()},
        }
        for row in lifetimes.itertuples()
    ]
    return TABLES["vm_days"].cast(pd.DataFrame(rows)) if rows else TABLES["vm_days"].frame()


def drawn(seed, first, last, *, start, births_per_month, hazard_per_month):
    """Table lifetimes of a fleet that is born and dies by chance, and how many VMs exist after each day."""
    chance = np.random.default_rng(seed)
    dates = pd.date_range(first, last)
    alive = list(range(1, start + 1))
    born, died, counts = dict.fromkeys(alive), {}, []
    for date in dates:
        gone = chance.random(len(alive)) < hazard_per_month / 30.4375
        died |= {vm_id: date for vm_id, is_gone in zip(alive, gone, strict=True) if is_gone}
        alive = [vm_id for vm_id, is_gone in zip(alive, gone, strict=True) if not is_gone]
        for _ in range(chance.poisson(births_per_month / 30.4375)):
            alive.append(len(born) + 1)
            born[len(born) + 1] = date
        counts.append(len(alive))
    return lives(*((vm_id, day, died.get(vm_id)) for vm_id, day in born.items())), pd.Series(counts, index=dates)
