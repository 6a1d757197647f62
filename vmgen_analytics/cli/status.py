"""``vmgen-analytics status``: what the archive holds, and what will be lost when."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from vmgen_analytics.api.auth import checked_base_url
from vmgen_analytics.archive.rollcall import lost
from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.standing import Standing, named_accounts, standings
from vmgen_analytics.cli.standing_facts import facts
from vmgen_analytics.cli.standing_words import sentences, summary, warnings
from vmgen_analytics.cli.terminal import PARTIAL, ArchiveUrl, Config, Verbose, filled, opened
from vmgen_analytics.credentials import api_key
from vmgen_analytics.errors import SettingsError, VMgenError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vmgen_analytics.settings import Settings

MONTHS = 13
"""How many months are drawn: this one and the year before it."""
_log = logging.getLogger("vmgen_analytics.cli")


class Held(NamedTuple):
    """What the archive holds: its address, how each account stands, and which tables are gone."""

    url: str
    standings: Sequence[Standing]
    gone: Mapping[str, str]


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="For a monitor: print one line, and end with status 0 if all is well, 3 if not and 1 if that "
            "cannot be told.",
        ),
    ] = False,
    months: Annotated[
        int, typer.Option("--months", help="How many months to draw; 0 draws all.", metavar="N", min=0)
    ] = MONTHS,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Tell what the archive holds: by account and month what is final, partial and missing, and what will be lost.

    With --check, all is well while the last sync that brought everything is at most 24 hours old (2 hours on the last
    day of a month), the last sync lacked nothing, no command is left half sent, no table of the archive is gone, no
    day of this month lacks a report that it should have, and nothing was lost at the turn of a month that a sync in
    time would have kept (told for seven days after the month, and after the first sync that came too late); while
    every account that the settings name has its key and has synced, and no clock was wrong.
    """
    if as_json and check:
        raise SettingsError("--json and --check were both given; --json has what --check tells, under `warnings`")
    if not as_json and not check:
        _tell(_held(config, archive, verbose), months, verbose)
        return
    try:
        held = _held(config, archive, verbose)
    except Exception as error:
        _log.debug("status cannot be told", exc_info=True)
        said = " ".join(str(error).split()) if isinstance(error, VMgenError) else f"{type(error).__name__}: {error}"
        typer.echo(json.dumps({"error": said, "accounts": {}}, indent=2) if as_json else f"unknown: {_line(said)}")
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(_facts(held), indent=2))
    else:
        _check(held)


def _held(config: Path | None, archive: str | None, verbose: int) -> Held:
    settings, store = opened(config, archive, verbose)
    found = standings(filled(store), settings, terminal.now(), _hindrances(settings))
    return Held(store.url, found, lost(store.place))


def _hindrances(settings: Settings) -> dict[str, str]:
    """Tell why no sync of an account can run; a sync that fails so leaves nothing in the archive."""
    named, found = named_accounts(settings), {}
    for name, account in settings.accounts.items():
        try:
            checked_base_url(account.base_url)
            if name in named:  # without any, the key may be known to the sync alone
                api_key(name, account)
        except SettingsError as error:
            found[name] = str(error)
    return found


def _facts(held: Held) -> dict[str, Any]:
    accounts = {each.account: facts(each) for each in held.standings}
    return {"error": None, "archive": held.url, "lost": dict(held.gone), "accounts": accounts}


def _check(held: Held) -> None:
    """Print one line, and end with a warning status where there is something to tell."""
    wrong = {each.account: "; ".join(warnings(each)) for each in held.standings if each.is_synced}
    told = [f"the table {name}: {what}" for name, what in held.gone.items()]
    told += [f"{account}: {why}" for account, why in wrong.items() if why]
    if told:
        typer.echo(_line(f"warning: {' | '.join(told)}"))
        raise typer.Exit(PARTIAL)
    typer.echo(f"fine: {', '.join(wrong)}")


def _line(text: str) -> str:
    return " ".join(text.split())


def _tell(held: Held, months: int, verbose: int) -> None:
    """Draw the calendar and say the rest; of several accounts in short first."""
    from rich.console import Console  # noqa: PLC0415 - a third of a second that help can do without

    from vmgen_analytics.cli.calendar import calendar  # noqa: PLC0415

    _tell_gone(held.gone)
    if len(held.standings) > 1:
        for each in held.standings:
            _say(f"{each.account}: {summary(each)}")
        typer.echo()
    if drawn := [each for each in held.standings if len(each.months)]:
        Console(soft_wrap=True, highlight=False).print(calendar(drawn, months))
    _tell_sentences({each.account: _sentences(each, verbose) for each in held.standings})
    typer.echo()


def _tell_gone(gone: Mapping[str, str]) -> None:
    """Say first what is damaged: days without a report may have one in a table that is gone."""
    for name, what in gone.items():
        _say(f"{name}: {what}.")
    if gone:
        _say(f"What follows is told without what {'it' if len(gone) == 1 else 'they'} held.\n")


def _sentences(standing: Standing, verbose: int) -> list[str]:
    first = ["No VM is known yet."] if standing.months.empty else []
    return [*first, *sentences(standing, verbose)]


def _tell_sentences(said: Mapping[str, Sequence[str]]) -> None:
    """Say the sentences of each account, and once those that are the same of several."""
    often = Counter(sentence for each in said.values() for sentence in each)
    for account, each in said.items():
        own = [sentence for sentence in each if often[sentence] == 1]
        if len(said) > 1 and own:
            typer.echo(f"\n{account}:")
        for sentence in own:
            _say(sentence)
    if shared := [sentence for sentence, count in often.items() if count > 1]:
        typer.echo()
    for sentence in shared:
        whose = [account for account, each in said.items() if sentence in each]
        _say(f"{'All accounts' if len(whose) == len(said) else ', '.join(whose)}: {sentence}")


def _say(sentence: str) -> None:
    """Print a sentence: on a terminal in lines of whole words, elsewhere in one that can be searched."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        sentence = textwrap.fill(sentence, width, break_long_words=False, break_on_hyphens=False)
    typer.echo(sentence)
