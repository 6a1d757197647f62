"""``vmgen-analytics investigate``: who sends the traffic, since when, and whether that is unusual."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.inquiry import Inquiry, are_asked, inquiries
from vmgen_analytics.cli.inquiry_words import (
    amount,
    findings,
    name_of,
    printable,
    refusals,
    threshold,
    uncertainties,
    weekday,
    wrapped,
)
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened
from vmgen_analytics.schema import SETTLED
from vmgen_analytics.wording import percent

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 20
"""Findings that are printed without -v."""


def investigate(
    vm: Annotated[
        list[str] | None,
        typer.Option("--vm", help="Only this VM, by number or exact name; may be repeated.", metavar="VM"),
    ] = None,
    days: Annotated[int, typer.Option("--days", help="How many days back to look.", min=1, max=366)] = 7,
    most_alerts: Annotated[
        float | None,
        typer.Option(
            "--most-alerts",
            help="Alerts for each VM and month, at most, by the weeks before; without it 1, by a score of 4.5 or more.",
            min=0.01,
            metavar="N",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Tell who sends the traffic, since when, and whether that is unusual: the worst first, in sentences.

    Looks at the archive only, so `sync` first. Quotas that will be exceeded, unusual uploads and VMs that seem idle are
    told as well, and so are the gaps that make it uncertain. What happens at the same time need not be the cause.
    """
    settings, store = opened(config, archive, verbose)
    at = terminal.now()
    found = inquiries(filled(store), settings, at, back_days=days, vms=vm or (), most_alerts=most_alerts)
    if as_json:
        told = {"archive": store.url, "accounts": {each.account: _facts(each, at) for each in found}}
        typer.echo(json.dumps(told, indent=2))
        return
    for each in found:
        typer.echo("\n".join(_told(each, at, verbose)))


def _told(inquiry: Inquiry, at: pd.Timestamp, verbose: int) -> Iterable[str]:
    yield from _header(inquiry)
    for sentence in uncertainties(inquiry, at):
        yield wrapped(sentence, "! ", "  ")
    yield ""
    found = findings(inquiry)
    if not found:
        yield "Nothing unusual was found."
    shown = found if verbose else found[:MOST]
    for number, finding in enumerate(shown, start=1):
        first = f"{number:>2}. {finding.word}: "
        yield wrapped(" ".join(finding.sentences), first, "    ")
    if len(found) > len(shown):
        yield f"    And {len(found) - len(shown)} more findings, which -v prints."
    notes = inquiry.anomalies[inquiry.anomalies["severity"] == "note"]
    if len(notes):
        few = ", ".join(dict.fromkeys(str(name) for name in notes["group"].dropna().head(5)))
        yield wrapped(f"And {len(notes)} of little score or impact ({few}); --json lists them.", "    ", "    ")
    yield ""
    yield from _of_vms(inquiry) if inquiry.asked else _of_everyone(inquiry)
    for sentence in refusals(inquiry):
        yield wrapped(sentence, "- ", "  ")
    yield wrapped(threshold(inquiry), "- ", "  ")
    if verbose:
        yield wrapped("Each day is compared with the 56 before it; days that may still change are not.", "- ", "  ")
    yield ""


def _header(inquiry: Inquiry) -> Iterable[str]:
    count = (
        len(inquiry.asked) or inquiry.days.loc[inquiry.days["date"] == inquiry.days["date"].max(), "vm_id"].nunique()
    )
    reach = "no day is final yet" if inquiry.last_final is None else f"final until {weekday(inquiry.last_final)}"
    yield wrapped(
        f"Traffic of {count:,} VM{'' if count == 1 else 's'} of account {inquiry.account} since "
        f"{weekday(inquiry.first_day)}; {reach}, in days of {inquiry.zone.key}.",
        then="  ",
    )
    if inquiry.last_sync is not None:
        yield f"Last sync {inquiry.last_sync.tz_convert(inquiry.zone):%a %Y-%m-%d %H:%M %Z}."


def _of_everyone(inquiry: Inquiry) -> Iterable[str]:
    """Who sent the most, in the last week and on the last day."""
    for talkers, what in ((inquiry.talkers_week, "7 days until"), (inquiry.talkers_day, "day")):
        if inquiry.last_final is None or talkers.empty:
            continue
        yield f"Sent in the {what} {weekday(inquiry.last_final)}, against a week before:"
        for row in talkers.to_dict("records"):
            name = f"{row['groups']} others" if row["is_other"] else printable(name_of(row))
            share = "" if pd.isna(row["share"]) else percent(row["share"])
            yield f"  {name[:34]:<34} {_known(row['traffic_MB']):>9} {share:>5}   {_change(row)}".rstrip()
        yield ""


def _of_vms(inquiry: Inquiry) -> Iterable[str]:
    """The days of each VM that was asked about, and its place among all."""
    for machine in inquiry.asked:
        own = inquiry.days[are_asked(inquiry.days, [machine])]
        last = own.iloc[-1]
        if last["date"] < inquiry.days["date"].max():
            yield wrapped(f"{name_of(last)}, which is gone; its last day was {weekday(last['date'])}:")
        else:
            state = last["state"] if isinstance(last["state"], str) else "state unknown"
            yield wrapped(f"{name_of(last)}, {state}:")
        yield f"  {'day':<15} {'received':>10} {'sent':>10}"
        for row in own[own["date"] >= inquiry.first_day].to_dict("records"):
            status = (
                "" if row["status"] in SETTLED else row["status"] if isinstance(row["status"], str) else "no report"
            )
            yield f"  {weekday(row['date'])}  {_known(row['in_MB']):>10} {_known(row['out_MB']):>10} {status}".rstrip()
        talks = inquiry.talkers_week[are_asked(inquiry.talkers_week, [machine])]
        if len(talks):
            yield wrapped(_place(talks.iloc[0]), "  ", "  ")
        yield ""


def _place(row: Any) -> str:
    if pd.isna(row["share"]):
        return "Nothing is known of what was sent in the last 7 days."
    if row["days_expected"] == 0:
        return f"It was not there in the last 7 final days; in the 7 before it sent {_known(row['before_MB'])}."
    return (
        f"Number {row['rank']} by what was sent in the last 7 final days, with {percent(row['share'], 1)} of all: "
        f"{_known(row['traffic_MB'])}, {_change(row)} against the 7 days before."
    )


def _known(traffic_MB: float) -> str:
    return "?" if pd.isna(traffic_MB) else amount(traffic_MB)


def _change(row: Any) -> str:
    if pd.isna(row["change"]):
        return "new" if row["change_MB"] > 0 else "nothing to compare with" if row["compared_days"] == 0 else ""
    return f"{percent(row['change'], sign='+')} ({amount(row['change_MB'], signed=True)})"


def _facts(inquiry: Inquiry, at: pd.Timestamp) -> dict[str, Any]:
    """The same for machines: each finding with the row of its table."""
    said = [
        {"finding": finding.word.lower(), "sentence": printable(" ".join(finding.sentences)), **_plain(finding.facts)}
        for finding in findings(inquiry)
    ]
    tables = {
        "notes": inquiry.anomalies[inquiry.anomalies["severity"] == "note"],
        "top_talkers_7_days": inquiry.talkers_week,
        "top_talkers_last_day": inquiry.talkers_day,
        "quotas": inquiry.quotas,
        "gaps": inquiry.gaps[["vm_id", "incarnation", "vm_name", "date", "status"]],
    }
    return {
        "time_zone": inquiry.zone.key,
        "today": f"{inquiry.today:%Y-%m-%d}",
        "first_day": f"{inquiry.first_day:%Y-%m-%d}",
        "last_final_day": None if inquiry.last_final is None else f"{inquiry.last_final:%Y-%m-%d}",
        "last_sync": None if inquiry.last_sync is None else inquiry.last_sync.isoformat(timespec="seconds"),
        "alert": {
            "score": inquiry.alert.alert,
            "alerts_per_vm_month": _value(inquiry.alert.alerts_per_vm_month),
            "vm_months": inquiry.alert.vm_months,
            "sentence": threshold(inquiry),
        },
        "findings": said,
        "uncertain": uncertainties(inquiry, at),
        "refused": refusals(inquiry),
        **{name: [_plain(row) for row in table.to_dict("records")] for name, table in tables.items()},
    }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """A row in the words of JSON: days as ISO 8601 writes them, null for what is missing."""
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return value
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, pd.Period):
        return str(value)
    return value.item() if hasattr(value, "item") else value
