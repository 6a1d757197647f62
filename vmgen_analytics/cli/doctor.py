"""``vmgen-analytics doctor``: how the provider's answers differ from its page, ready to be sent to the developers."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from vmgen_analytics.api import Client
from vmgen_analytics.api.documents import read_document
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, progress, say, set_verbosity
from vmgen_analytics.credentials import auth_header
from vmgen_analytics.doctor import Examination, Seen, examine
from vmgen_analytics.settings import Settings


def doctor(
    account: Annotated[
        str | None, typer.Option("--account", help="Account in the settings; by default the only one.", metavar="NAME")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
    config: Config = None,
    archive: ArchiveUrl = None,  # noqa: ARG001 - every command takes it; this one has no use for it
    verbose: Verbose = 0,
) -> None:
    """Ask every read operation once, and tell how the answers differ from the provider's page and what to set.

    Nothing is changed, neither there nor here. What is printed are names of fields, kinds of values, counts and
    statuses: no VM, no address, no account, no key.
    """
    set_verbosity(verbose)
    name, chosen = Settings.load(config).account(account)
    with Client.from_env(name, config=config) as client, progress("doctor") as step:
        step("document")
        document = read_document(client.base_url)
        found = examine(client, auth_header(name, chosen), document, step)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print(found)
    say(_verdict(found))
    raise typer.Exit(found.exit_status)


def _print(found: Examination) -> None:
    from rich import box  # noqa: PLC0415 - a third of a second that help can do without
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(file=sys.stdout, highlight=False)
    requests = "1 request" if found.requests == 1 else f"{found.requests} requests"
    console.print(f"{escape(found.base_url)}: {requests}, which only read\n", soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("asked", "came", "fields", "read as"):
        table.add_column(title, no_wrap=title != "came")
    table.add_column("not as documented")
    for each in found.seen:
        if not each.is_after_failure:
            table.add_row(*map(escape, (each.name, _came(each), _fields(each), _made(each), _differences(each))))
    console.print(table)
    if skipped := sum(each.is_after_failure for each in found.seen):
        console.print(f"\nThe other {skipped} were not asked after this.")
    topics = Table.grid(padding=(0, 2))
    for topic, sentence in found.notes.items():
        topics.add_row(topic, escape(sentence))
    console.print("", topics, sep="\n")
    if found.exit_status != 1:
        console.print("\nSettings that fit, for vmgen.toml:\n")
        typer.echo(found.settings)


def _came(seen: Seen) -> str:
    if not seen.records:
        return seen.problem or "no records"
    paged = ", of several pages" if seen.has_pages else ""
    return f"{'1 record' if seen.records == 1 else f'{seen.records} records'}{paged}"


def _fields(seen: Seen) -> str:
    """Say how many of the documented fields came."""
    if not seen.records:
        return ""
    came = sum(set(seen.fields.get(name, {"missing"})) != {"missing"} for name in seen.documented)
    return f"{came} of {len(seen.documented)}"


def _made(seen: Seen) -> str:
    if seen.outcome != "usable":
        return "nothing"
    rows = seen.records if seen.rows is None else seen.rows
    noun = "record" if seen.rows is None else "row"
    return f"{rows} {noun if rows == 1 else noun + 's'}"


def _differences(seen: Seen) -> str:
    """Say a thing a line; the table may have to wrap them."""
    lines = [seen.problem] if seen.problem and seen.records else []
    if seen.wrapping.startswith("inside"):
        beside = f", beside {', '.join(seen.beside)}" if seen.beside else ""
        lines.append(f"{seen.wrapping}{beside}")
    lines += [f"{what}: {', '.join(names)}" for what, names in seen.differences().items()]
    if seen.unread:
        lines.append(f"cannot be read: {', '.join(f'{name} ({count})' for name, count in seen.unread.items())}")
    return "\n".join(lines)


def _verdict(found: Examination) -> str:
    good = sum(each.outcome == "usable" for each in found.seen)
    return (
        f"{good} of {len(found.seen)} operations answer in a way that the client can use. What was printed names no "
        "VM, address or account: it can be sent to the developers as it is."
    )
