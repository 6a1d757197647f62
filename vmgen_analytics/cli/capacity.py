"""``vmgen-analytics capacity``: what runs where, how it grows, when limits are reached, what a plan would change."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

from vmgen_analytics.capacity import (
    Limit,
    Plan,
    capacity_forecast,
    fleet_changes,
    fleet_rates,
    footprint,
    footprint_forecast,
    vm_lifetime,
    vm_survival,
    what_if,
)
from vmgen_analytics.cli import capacity_words as words
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, show
from vmgen_analytics.planning import read_planning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmgen_analytics.planning import Planning

WIDTH = 80
"""Sentences are no wider than this, as they are hard to read beyond."""


def capacity(
    limits: Annotated[
        Path | None, typer.Option("--limits", help="Limits (CSV), instead of the settings'.", metavar="FILE")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="A plan (TOML), to compare before and after.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Tell what runs where, how it grows, when limits are reached, what is a bad buy, and what a plan would change.

    Nothing is sent to the provider. A file of limits has the columns measure (vms, vcpus, ram_GB or disk_GB), amount,
    account, location and note. A plan has a [[steps]] for each step, with action ("add", "remove", "resize" or "move"),
    vm (number, name or pattern), count, package and location.
    """
    settings, store = opened(config, archive, verbose)
    asked = Plan.read(plan) if plan else None
    held = read_planning(filled(store), settings)
    tables = _tables(held, Limit.read(limits) if limits else held.limits, asked)
    if as_json:
        typer.echo(json.dumps({name: _records(table) for name, table in tables.items()}, indent=2))
        return
    _tell_footprint(held, tables)
    _tell_growth(tables)
    _tell_limits(tables["capacity_forecast"])
    _tell_catalogue(held, tables["package_catalogue"])
    if asked is not None:
        _tell_plan(tables["what_if"], asked)


def _tables(held: Planning, limits: Sequence[Limit], plan: Plan | None) -> dict[str, pd.DataFrame]:
    """Compute everything that is told; the plan first, as it may be refused."""
    lives, syncs, days = held.lifetimes, held.syncs, held.days
    told = {} if plan is None else {"what_if": what_if(days, plan, held.catalogue, held.prices, held.policies)}
    last = days[days["date"] == days.groupby("account")["date"].transform("max")]
    changes = fleet_changes(lives, syncs)
    return told | {
        "footprint": footprint(last, "location"),
        "fleet_changes": changes,
        "fleet_rates": fleet_rates(changes),
        "vm_lifetime": vm_lifetime(vm_survival(lives, syncs)),
        "footprint_forecast": footprint_forecast(lives, syncs, days),
        "capacity_forecast": capacity_forecast(limits, lives, syncs, days),
        "package_catalogue": held.catalogue,
    }


def _tell_footprint(held: Planning, tables: dict[str, pd.DataFrame]) -> None:
    if held.days.empty:
        _say("No VM is known yet.")
        return
    _say(words.footprint_sentence(tables["footprint"]))
    show(words.footprint_rows(tables["footprint"]), is_data=True)


def _tell_growth(tables: dict[str, pd.DataFrame]) -> None:
    rates = tables["fleet_rates"]
    if rates.empty:
        _say("Growth: no complete inventory is known; `vmgen-analytics sync` makes one.")
        return
    for _, rate in rates.iterrows():
        _say(words.growth_sentence(rate, is_one_of_several=len(rates) > 1))
    show(words.changes_rows(tables["fleet_changes"]), is_data=True)
    _say(words.forecast_sentence(tables["footprint_forecast"]))
    for _, lifetime in tables["vm_lifetime"].iterrows():
        _say(words.lifetime_sentence(lifetime))
    typer.echo()


def _tell_limits(forecast: pd.DataFrame) -> None:
    if forecast.empty:
        _say("Limits: none are set; let the setting limits, or --limits, name a file as data/limits.csv.")
        typer.echo()
        return
    show(words.limit_rows(forecast), "Limits, by births and deaths as they were", is_data=True)
    for _, limit in forecast[forecast["reason"] != ""].iterrows():
        _say(f"{limit['limit']}: {limit['reason']}.")
    typer.echo()


def _tell_catalogue(held: Planning, catalogue: pd.DataFrame) -> None:
    for sentence in words.catalogue_sentences(catalogue, has_prices=held.prices is not None):
        _say(sentence)
    rows = words.dominated_rows(catalogue)
    if len(rows):
        show(rows, "Bad buys: another gives no less, for no more", is_data=True)
    typer.echo()


def _tell_plan(found: pd.DataFrame, plan: Plan) -> None:
    for sentence in words.plan_sentences(found, plan):
        _say(sentence)
    show(words.plan_totals(found), "The fleet before and after the plan", is_data=True)
    show(words.plan_places(found), "VMs and list cost of each location, before and after", is_data=True)
    for sentence in words.plan_reasons(found):
        _say(sentence)


def _say(sentence: str) -> None:
    typer.echo(textwrap.fill(sentence, min(WIDTH, shutil.get_terminal_size().columns), break_long_words=False))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Take a table as JSON has it: days as text, and null for what is missing."""
    texts = {
        str(name): table[name].dt.strftime("%Y-%m-%d" if table[name].dtype.kind == "M" else "%Y-%m")
        for name in table
        if table[name].dtype.kind == "M" or isinstance(table[name].dtype, pd.PeriodDtype)
    }
    plain = table.assign(**texts).astype("object")
    return [
        dict(zip(map(str, plain), row, strict=True)) for row in plain.where(plain.notna(), None).to_numpy().tolist()
    ]
