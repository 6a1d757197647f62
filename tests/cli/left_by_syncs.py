"""An archive as syncs would have left it, and how its history stands."""

import pandas as pd

from vmgen_analytics import Archive
from vmgen_analytics.cli.standing import standings
from vmgen_analytics.schema import TABLES
from vmgen_analytics.settings import Account, Settings


class Kept:
    """An archive as syncs would have left it."""

    def __init__(self, folder, zone="UTC", account="main"):
        self.archive, self.zone, self.account = Archive(folder), zone, account

    def usage(self, vms, first, last, status="final", seen="1970-01-01"):
        """Days of one VM or of many."""
        days = self._days(vms, "date", pd.date_range(first, last))
        rows = days.assign(in_MB=1.0, out_MB=1.0, status=status, seen_at=pd.Timestamp(seen, tz=self.zone))
        self.archive.add("usage", TABLES["usage"].cast(rows))

    def seen(self, vms, *days, state="UP", **columns):
        """Days on which one VM or many were listed."""
        rows = self._days(vms, "seen_on", pd.to_datetime(list(days)))
        rows = rows.assign(**{"state": state, "vm_name": "web-" + rows["vm_id"].astype("str"), **columns})
        self.archive.add("vms", TABLES["vms"].cast(rows))

    def _days(self, vms, name, days):
        vm_ids = [vms] if isinstance(vms, int) else list(vms)
        return pd.DataFrame(
            {"account": self.account, "vm_id": [vm_id for vm_id in vm_ids for _ in days], name: [*days] * len(vm_ids)}
        )

    def sync(self, at, failures=0, incomplete="", error=None, zone=None):
        moment = pd.Timestamp(at, tz=zone or self.zone)
        row = {"account": [self.account], "started_at": [moment], "ended_at": [moment], "requests": [1]}
        row |= {"failures": [failures], "rows": [1], "incomplete": [incomplete], "error": [error], "time_zone": [zone]}
        self.archive.add("syncs", TABLES["syncs"].frame(row))

    def standing(self, at, **account):
        settings = Settings(accounts={self.account: Account(**{"time_zone": self.zone, **account})})
        (found,) = standings(self.archive, settings, pd.Timestamp(at, tz=self.zone))
        return found
