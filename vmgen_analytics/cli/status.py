"""``vmgen-analytics status``: what the archive holds, and what will be lost when."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from vmgen_analytics.archive.rollcall import lost
from vmgen_analytics.cli.standing import Standing, standings
from vmgen_analytics.cli.standing_words import facts, sentences, warnings
from vmgen_analytics.cli.terminal import PARTIAL, ArchiveUrl, Config, Verbose, filled, opened
from vmgen_analytics.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="For a monitor: print one line, and end with status 0 if all is well and 3 if not."
        ),
    ] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Tell what the archive holds: by account and month what is final, partial and missing, and what will be lost.

    With --check, all is well while the last sync that brought everything is at most 24 hours old (2 hours on the last
    day of a month), the last sync lacked nothing, no command is left half sent, no table of the archive is gone, no
    day of this month lacks a report that it should have, and nothing was lost at the turn of a month that a sync in
    time would have kept (told for seven days after the month, and after the first sync that came too late).
    """
    if as_json and check:
        raise SettingsError("--json and --check were both given; --json has what --check tells, under `warnings`")
    settings, store = opened(config, archive, verbose)
    found = standings(filled(store), settings, now())
    gone = lost(store.place)
    if as_json:
        held = {"archive": store.url, "lost": gone, "accounts": {each.account: facts(each) for each in found}}
        typer.echo(json.dumps(held, indent=2))
    elif check:
        _check(found, gone)
    else:
        for each in found:
            _tell(each, verbose)
        for name, what in gone.items():
            typer.echo(f"{name}: {what}.")


def now() -> pd.Timestamp:
    """Tell the time by this machine's clock."""
    return pd.Timestamp(datetime.now(UTC))


def _check(found: Sequence[Standing], gone: Mapping[str, str]) -> None:
    """Print one line, and end with a warning status where there is something to tell."""
    wrong = {each.account: "; ".join(warnings(each)) for each in found}
    told = [f"{account}: {why}" for account, why in wrong.items() if why]
    told += [f"the table {name}: {what}" for name, what in gone.items()]
    if told:
        typer.echo(f"warning: {' | '.join(told)}")
        raise typer.Exit(PARTIAL)
    typer.echo(f"fine: {', '.join(wrong)}")


def _tell(standing: Standing, verbose: int) -> None:
    from rich.console import Console  # noqa: PLC0415 - a third of a second that help can do without

    from vmgen_analytics.cli.calendar import calendar  # noqa: PLC0415

    if standing.months.empty:
        typer.echo(f"{standing.account}: no VM is known yet")
    else:
        Console(soft_wrap=True, highlight=False).print(calendar(standing))
    for sentence in sentences(standing, verbose):
        typer.echo(sentence)
    typer.echo()
