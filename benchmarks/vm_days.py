"""How quickly the VM-days of a year come out of the archive, beside a plain read and merge of the same in pandas.

    python benchmarks/vm_days.py [VMS] [FOLDER]

The archive is made once (10,000 VMs, a year, each listed and reported daily: 3.65 M rows) and kept in FOLDER if one is
named. Each figure is from a process of its own, the best of several runs; on a shared machine the CPU time and the
ratio count, not the time on the clock. Limits: 4 s, 2 GB.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pandas as pd

from vmgen_analytics import Archive, vm_days
from vmgen_analytics.schema import TABLES

FIRST, END, RUNS = "2025-11", "2026-11", 3
LIMIT_S, LIMIT_GB = 4.0, 2.0
PACKAGES = ("Nano", "Micro", "Small", "Medium", "Large")
PLACES = ("Warsaw", "Amsterdam", "New York", "Dallas", "Singapore")


def make(archive: Archive, vms: int) -> None:
    """Fill an archive as daily syncs through a year would."""
    chance = np.random.default_rng(1)
    names = [f"web-{number}" for number in range(vms)]
    bought = np.array(PACKAGES)[chance.integers(0, len(PACKAGES), vms)]
    for month in pd.period_range(FIRST, END, freq="M")[:-1]:
        days = pd.date_range(month.start_time, periods=month.days_in_month, unit="us")
        vm, day = np.repeat(np.arange(vms), len(days)), np.tile(days.to_numpy(), vms)
        at = pd.Series(day).dt.tz_localize("UTC") + pd.Timedelta(hours=18)
        keys = {"account": ["main"] * len(vm), "vm_id": vm + 10_000, "seen_at": at}
        traffic = chance.lognormal(8, 1, (2, len(vm)))
        used = {"date": day, "in_MB": traffic[0], "out_MB": traffic[1], "status": ["final"] * len(vm)}
        archive.add("usage", TABLES["usage"].frame(keys | used))
        listed = {
            "seen_on": day,
            "vm_name": np.array(names)[vm],
            "fqdn": np.char.add(names, ".example.net")[vm],
            "state": ["UP"] * len(vm),
            "uptime_h": chance.uniform(0, 9_000, len(vm)),
            "ipv4": np.array([f"198.18.{number // 240}.{number % 240}" for number in range(vms)])[vm],
            "package": bought[vm],
        }
        archive.add("vms", TABLES["vms"].frame(keys | listed))
        _surroundings(archive, days, vms if month.month == 10 else 0)


def _surroundings(archive: Archive, days: pd.DatetimeIndex, vms: int) -> None:
    offers = [(place, package, day) for place in range(5) for package in range(5) for day in days]
    place, package, day = map(list, zip(*offers, strict=True))
    sizes = {name: np.array(package) + 1.0 for name in ("vcpus", "ram_GB", "disk_GB")}
    names = {"location_id": [each + 1 for each in place], "package": [PACKAGES[each] for each in package]}
    main = {"account": ["main"] * len(day), "seen_on": day}
    archive.add("packages", TABLES["packages"].frame(main | names | sizes))
    where = {"location_id": list(range(1, 6)), "location": list(PLACES), "seen_on": [days[0]] * 5}
    archive.add("locations", TABLES["locations"].frame({"account": ["main"] * 5} | where))
    at = pd.Series(days).dt.tz_localize("UTC") + pd.Timedelta(hours=18)
    log = {"account": ["main"] * len(days), "started_at": at, "ended_at": at, "requests": [1] * len(days)}
    counts = {"failures": [0] * len(days), "rows": [1] * len(days), "incomplete": [""] * len(days)}
    archive.add("syncs", TABLES["syncs"].frame(log | counts | {"time_zone": ["UTC"] * len(days)}))
    if vms:
        nets = [f"198.18.{number // 240}" for number in range(vms)]
        addresses = {
            "ip": [f"{net}.{number % 240 + 2}" for number, net in enumerate(nets)],
            "seen_on": [days[-1]] * vms,
        }
        routes = {"gateway": [f"{net}.1" for net in nets], "netmask": ["255.255.255.0"] * vms}
        vm = {"account": ["main"] * vms, "vm_id": list(range(10_000, 10_000 + vms))}
        archive.add("networking", TABLES["networking"].frame(vm | addresses | routes))


def ours(url: str) -> pd.DataFrame:
    return vm_days(Archive(url), FIRST, END)


def a_month_of_it(url: str) -> pd.DataFrame:
    return vm_days(Archive(url), "2026-05", "2026-06")


def plain_pandas(url: str) -> pd.DataFrame:
    """Read and merge the same columns, without inferring, locations or sizes."""
    from deltalake import DeltaTable

    key = ["account", "vm_id", "date"]
    vms = DeltaTable(f"{url}/vms").to_pandas(
        columns=["account", "vm_id", "seen_on", "vm_name", "fqdn", "package", "state"]
    )
    usage = DeltaTable(f"{url}/usage").to_pandas(columns=[*key, "in_MB", "out_MB", "status"])
    merged = vms.rename(columns={"seen_on": "date"}).merge(usage, on=key, how="outer", validate="one_to_one")
    merged["date"] = pd.to_datetime(merged["date"])
    return merged.sort_values(["account", "date", "vm_id"], ignore_index=True)


CONTESTANTS = {run.__name__: run for run in (ours, a_month_of_it, plain_pandas)}


def measure(name: str, url: str) -> None:
    """Run one contestant in this process, and print what it took as JSON."""
    began, cpu = time.perf_counter(), time.process_time()
    rows = len(CONTESTANTS[name](url))
    took = {"rows": rows, "s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}
    print(json.dumps(took | {"GB": getrusage(RUSAGE_SELF).ru_maxrss / 1e6}))


def compare(vms: int, folder: Path) -> None:
    url = folder / f"{vms}-vms"
    if not url.exists():
        make(Archive(url), vms)
    best = {}
    for name in CONTESTANTS:
        words = [sys.executable, __file__, "--measure", name, str(url)]
        runs = [json.loads(subprocess.run(words, capture_output=True, check=True).stdout) for _ in range(RUNS)]
        best[name] = {column: min(run[column] for run in runs) for column in runs[0]}
        print(f"  {name:14} {best[name]['rows']:10,} rows {best[name]['s']:6.2f} s {best[name]['cpu_s']:6.2f} CPU-s "
              f"{best[name]['GB']:5.2f} GB at the most")  # fmt: skip
    ratio = best["ours"]["cpu_s"] / best["plain_pandas"]["cpu_s"]
    print(f"  ours / plain_pandas: {ratio:.2f} of its CPU time; limits {LIMIT_S:g} s and {LIMIT_GB:g} GB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(*sys.argv[2:4])
    else:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
        print(f"{count:,} VMs, {FIRST} to {END}")
        if len(sys.argv) > 2:
            compare(count, Path(sys.argv[2]))
        else:
            with tempfile.TemporaryDirectory() as spare:
                compare(count, Path(spare))
