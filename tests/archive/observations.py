"""Small tables to put into archives, of several accounts and months."""

import pandas as pd

from vmgen_analytics.schema import TABLES


def usage(*rows, account="main"):
    """Table usage of VM, day and in_MB, seen on the day after."""
    days = pd.to_datetime([date for _, date, _ in rows]).as_unit("us")
    return TABLES["usage"].frame(
        {
            "account": [account] * len(rows),
            "vm_id": [vm_id for vm_id, _, _ in rows],
            "date": days,
            "in_MB": [in_MB for *_, in_MB in rows],
            "out_MB": [0.5] * len(rows),
            "seen_at": days.tz_localize("UTC") + pd.Timedelta(days=1),
            "status": ["final"] * len(rows),
        }
    )


def sync_line(started_at, account="main", **changed):
    """Table syncs of one sync."""
    moment = pd.Timestamp(started_at, tz="UTC")
    line = {"account": account, "started_at": moment, "ended_at": moment, "requests": 3, "failures": 0, "rows": 9}
    return TABLES["syncs"].frame({name: [value] for name, value in (line | changed).items()})


def fill(archive):
    """Two accounts, two months, and a day that was replaced."""
    for account in ("main", "żółw & co"):
        for day in ("2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02"):
            rows = usage(*[(vm_id, day, vm_id + 0.25) for vm_id in range(40)], account=account)
            assert archive.add("usage", rows) == 40
        archive.add("usage", usage((1, "2026-11-02", 77.0), account=account))
        archive.add("syncs", sync_line("2026-11-02T12:00", account))
    return archive
