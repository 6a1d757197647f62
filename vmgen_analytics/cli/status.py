"""``vmgen-analytics status``: what the archive holds, and what will be lost when."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, say, show
from vmgen_analytics.fleet import coverage, vm_days
from vmgen_analytics.logbook import left_sending, sentence

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Tell what the archive holds: by account and month what is final, partial and missing, and what will be lost."""
    settings, store = opened(config, archive, verbose)
    found = holdings(filled(store), settings, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, account in found["accounts"].items():
        months = pd.DataFrame(account["months"]).rename(columns=_TITLES)
        if months.empty:
            say(f"{name}: no VM is known yet")
        else:
            show(months, f"{name}: VM-days of traffic by month ({account['time_zone']})")
        say(f"Last sync: {account['last_sync'] or 'never'}{_completeness(account)}")
        say(f"Next: {account['next']}")
        for command in account["left_sending"]:
            say(f"Nobody knows the end of: {command}")
        if verbose:
            say(f"Of the server: {account['learned'] or 'nothing was learned yet'}")


_TITLES = {"vms": "VMs", "days_expected": "all"} | {
    f"days_{kind}": kind.replace("_", " ") for kind in ("final", "provisional", "partial", "lost_tail", "missing")
}


def holdings(archive: Archive, settings: Settings, now: datetime) -> dict[str, Any]:
    """What the archive holds of each account, ready for JSON.

    Parameters
    ----------
    archive
        The history.
    settings
        For the time zones.
    now
        The time.

    Returns
    -------
    dict
        ``archive`` and ``accounts``: by name ``months`` (records of table ``coverage``), ``last_sync``,
        ``last_failures``, ``incomplete``, ``learned``, ``left_sending``, ``month_ends``, ``time_zone`` and ``next``.
    """
    months = archive.months()
    start, end = (months[0], months[-1] + 1) if months else (pd.Period(now, "M"), pd.Period(now, "M"))
    days = vm_days(archive, start.to_timestamp(), end.to_timestamp())
    syncs = archive.read("syncs")
    unended = left_sending(archive)
    names = sorted({*days["account"], *syncs["account"], *archive.read("accounts")["account"]})
    return {
        "archive": archive.url,
        "accounts": {
            name: {
                **_account(name, days, syncs, settings, pd.Timestamp(now)),
                "left_sending": _sentences(unended, name),
            }
            for name in names
        },
    }


def _account(
    name: str, days: pd.DataFrame, syncs: pd.DataFrame, settings: Settings, now: pd.Timestamp
) -> dict[str, Any]:
    zone = settings.zone(name)
    here = now.tz_convert(zone).tz_localize(None)
    months = coverage(days[days["account"] == name], here).drop(columns="account")
    mine = syncs[syncs["account"] == name].tail(1)
    ends = pd.Timestamp((here.to_period("M") + 1).to_timestamp()).tz_localize(zone).tz_convert("UTC")
    last = None if mine.empty else mine["started_at"].iloc[0]
    return {
        "months": months.assign(month=months["month"].astype("str")).to_dict("records"),
        "last_sync": None if last is None else last.isoformat(timespec="seconds"),
        "last_failures": 0 if mine.empty else int(mine["failures"].iloc[0]),
        "incomplete": "" if mine.empty else str(mine["incomplete"].iloc[0]),
        "learned": "" if mine.empty else str(mine["learned"].fillna("").iloc[0]),
        "month_ends": ends.isoformat(),
        "time_zone": zone.key,
        "next": _next(last, now, ends),
    }


def _sentences(unended: pd.DataFrame, account: str) -> list[str]:
    """Tell of commands whose process died while it sent them: they may have been carried out."""
    mine = unended[unended["account"] == account]
    return [sentence(row) for row in mine.itertuples()]


def _next(last: pd.Timestamp | None, now: pd.Timestamp, ends: pd.Timestamp) -> str:
    left = ends - now
    days_left = f"{left.days} d {left.components.hours} h"
    since = "everything" if last is None else f"what happens after {last:%Y-%m-%d %H:%M} UTC"
    return (
        f"sync at least once a day; at {ends:%Y-%m-%d %H:%M} UTC (in {days_left}) the provider forgets this month, "
        f"and {since} is lost if no sync runs before"
    )


def _completeness(account: dict[str, Any]) -> str:
    if not account["last_failures"]:
        return ""
    return f", which could not have {account['last_failures']} things ({account['incomplete']})"
