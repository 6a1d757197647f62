"""Syncs of a simulated time, on a clock that runs with it: python years.py ARCHIVE FIRST_DAY SYNCS VMS HOURS.

What the provider answers is made up here; the rest is the sync's own way into the archive. The machine's clock is the
simulated one (libfaketime), as Delta decides by it what is old, and so are the times of the files. Prints the seconds
that each sync took, by the wall clock and of the processors, as JSON.
"""

import json
import os
import resource
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from vmgen_analytics import Archive, sync, syncing
from vmgen_analytics.fetch import Fetched
from vmgen_analytics.schema import TABLES

BILLED_MONTHLY = 4


class Fleet:
    """A provider of VMs that are always there, but for one in fifty that is replaced each month."""

    account_name = "main"
    zone = ZoneInfo("UTC")

    def __init__(self, vms, now):
        self.vms, self.moment = vms, now
        self.requests_sent = 0
        self.learned = {}
        self.clock = SimpleNamespace(ahead=timedelta(0), is_doubtful=False)

    def now(self):
        return self.moment

    @property
    def today(self):
        return pd.Timestamp(self.moment).tz_localize(None).normalize().as_unit("us")

    @property
    def months(self):
        return self.moment.year * 12 + self.moment.month

    @property
    def vm_ids(self):
        return np.arange(self.vms) + self.months * (self.vms // 50)

    def frame(self, name, rows, **columns):
        self.requests_sent += 1
        made = {column: [value] * rows if np.ndim(value) == 0 else value for column, value in columns.items()}
        table = TABLES[name]
        stamps = {"account": ["main"] * rows, "seen_at": [self.moment] * rows, "seen_on": [self.today] * rows}
        return Fetched(table.frame({key: each for key, each in (stamps | made).items() if key in table.columns}))

    def accounts(self, _):
        return self.frame("accounts", 1, credit=0.0, invoicing_model="after_payment", billing_address="Warsaw")

    def invoices(self, _):
        first = pd.Timestamp(self.today).replace(day=1)
        dates = pd.DatetimeIndex([first] * BILLED_MONTHLY).as_unit("us")
        numbers = self.months * 10 + np.arange(BILLED_MONTHLY)
        return self.frame(
            "invoices", BILLED_MONTHLY, invoice_id=numbers, invoice_date=dates, status="created", total_cost=812.5
        )

    def locations(self, _):
        names = ["Warsaw", "Oslo", "Miami", "Tokyo", "Perth"]
        return self.frame("locations", 5, location_id=np.arange(5), location=names, continent="Europe")

    def packages(self, _, __):
        names = [f"{2**number} GB" for number in range(6)] * 5
        sizes = np.tile(2.0 ** np.arange(6), 5)
        where = np.repeat(np.arange(5), 6)
        return self.frame(
            "packages", 30, location_id=where, package=names, vcpus=sizes, ram_GB=sizes, disk_GB=sizes * 20
        )

    def read_vms(self, _):
        ids, hours = self.vm_ids, int(self.moment.timestamp() // 3600)
        up = [(vm_id * 37) % 4000 + hours % 9000 for vm_id in ids]
        return self.frame(
            "vms",
            len(ids),
            vm_id=ids,
            vm_name=[f"web-{vm_id}" for vm_id in ids],
            fqdn=[f"web-{vm_id}.example.net" for vm_id in ids],
            state="UP",
            uptime=[f"{h // 24} days, {h % 24:02}:{h * 7 % 60:02}" for h in up],
            uptime_h=np.array(up, float),
            ipv4=[f"10.{vm_id >> 8 & 255}.{vm_id & 255}.7" for vm_id in ids],
            ipv6=[f"fd00::{vm_id:x}" for vm_id in ids],
            package=[f"{2 ** (vm_id % 6)} GB" for vm_id in ids],
        )

    def usage(self, _, vm_ids):
        """Traffic of this month; of a day that is over, the same whenever it is asked for."""
        days = pd.date_range(pd.Timestamp(self.today).replace(day=1), self.today, unit="us")
        chance = np.random.default_rng(self.months)
        traffic = chance.lognormal(6, 2, (2, 32, self.vms)).round(2)[:, : len(days)]
        traffic[:, -1] *= self.moment.hour / 24
        hours_since = (pd.Timestamp(self.moment).tz_localize(None) - days) / pd.Timedelta(hours=1)
        status = np.where(hours_since < 24, "partial", np.where(hours_since < 30, "provisional", "final"))
        return self.frame(
            "usage",
            len(days) * self.vms,
            vm_id=np.tile(vm_ids, len(days)),
            date=days.repeat(self.vms),
            in_MB=traffic[0].ravel(),
            out_MB=traffic[1].ravel(),
            status=status.repeat(self.vms).astype(object),
        )

    def networking(self, _, vm_ids):
        return self.frame(
            "networking",
            2 * len(vm_ids),
            vm_id=np.repeat(vm_ids, 2),
            ip=[ip for vm_id in vm_ids for ip in (f"10.{vm_id >> 8 & 255}.{vm_id & 255}.7", f"fd00::{vm_id:x}")],
            ip_version=["IPv4", "IPv6"] * len(vm_ids),
            gateway="10.0.0.1",
            netmask="255.255.255.0",
            broadcast="10.0.0.255",
            rev_dns="host.example.net",
            is_primary=True,
        )

    def jobs(self, _, vm_ids):
        """Two jobs on each day."""
        began = [self.moment.replace(hour=0)] * 2
        return self.frame(
            "jobs", 2, vm_id=vm_ids[:2], event="reboot", started_at=began, status="done", last_updated_at=began
        )


def run(folder, first, syncs, vms, hours):
    """Sync as often as asked, so many hours apart, and return the seconds of each."""
    fleet = Fleet(vms, datetime.fromisoformat(first))
    names = ("accounts", "invoices", "locations", "packages", "usage", "networking", "jobs")
    syncing.fetch = SimpleNamespace(read_vms=fleet.read_vms, **{f"read_{name}": getattr(fleet, name) for name in names})
    took_s = []
    for _ in range(syncs):
        os.environ["FAKETIME"] = f"{fleet.moment:%Y-%m-%d %H:%M:%S}"
        began = spent_s()
        report = sync(fleet, Archive(folder))
        took_s.append([end - start for start, end in zip(began, spent_s(), strict=True)])
        assert report.is_complete, report.failures
        date_files(Path(folder), fleet.moment.timestamp())
        fleet.moment += timedelta(hours=hours)
    return took_s


def spent_s():
    """Seconds by the wall clock, which is not simulated, and of the processors, which others cannot lengthen."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def date_files(folder, moment):
    """Give new files the simulated time: the file system's clock is not simulated."""
    for path in folder.rglob("*"):
        if path.stat().st_mtime > moment and (path.suffix != ".lock"):
            os.utime(path, (moment, moment))


if __name__ == "__main__":
    folder, first, syncs, vms, hours = sys.argv[1:]
    sys.stdout.write(json.dumps(run(folder, first, int(syncs), int(vms), int(hours))))
