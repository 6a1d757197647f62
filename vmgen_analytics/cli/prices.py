"""``vmgen-analytics prices``: what the price book prices, what it lacks, and what the invoices say it should be."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.terminal import ArchiveUrl, Config, Verbose, filled, opened, say, show
from vmgen_analytics.cost import PriceBook, estimated_prices, price_findings
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.fleet import read_vm_locations, vm_days
from vmgen_analytics.observing import month_state
from vmgen_analytics.wording import percent

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings


def prices(
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Estimate prices from the invoices of closed months, and show the fit.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the estimated prices there, as a price book.", metavar="FILE")
    ] = None,
    config: Config = None,
    archive: ArchiveUrl = None,
    verbose: Verbose = 0,
) -> None:
    """Check the price book against the fleet, and estimate prices from past invoices."""
    settings, store = opened(config, archive, verbose)
    if out is not None and out.exists():
        raise SettingsError(f"{out} is there already; name another file with --out")
    days = _days(filled(store), settings)
    book = PriceBook.read(settings.prices, settings.currency) if settings.prices else None
    if book is None:
        say("There is no price book; let the setting prices name one, as data/prices.csv.")
    else:
        _check(book, days, store, settings)
    if estimate or out is not None:
        found = estimated_prices(
            days,
            store.read("invoices"),
            _open_month(settings),
            invoice_periods={name: settings.invoice_period(name) for name in settings.accounts},
        )
        _compare(found, book)
        if out is not None:
            _write(found, out)


def _days(store: Archive, settings: Settings) -> pd.DataFrame:
    months = store.months()
    mapping = read_vm_locations(settings.vm_locations) if settings.vm_locations else ()
    first, last = (months[0], months[-1] + 1) if months else (pd.Period("1970-01", "M"),) * 2
    return vm_days(store, first.to_timestamp(), last.to_timestamp(), vm_locations=mapping)


def _open_month(settings: Settings) -> pd.Period:
    """The first month that is not closed for every account."""
    now = terminal.now()
    here = min(now.tz_convert(settings.zone(name)).tz_localize(None) for name in settings.accounts)
    month = here.to_period("M")
    return month if month_state(month - 1, here) == "closed" else month - 1


def _check(book: PriceBook, days: pd.DataFrame, store: Archive, settings: Settings) -> None:
    """Print what each line prices, and what is strange."""
    packages = store.read("packages")["package"].dropna().unique()
    locations = store.read("locations")["location"].dropna().unique()
    found = price_findings(book, days, packages, locations)
    table = pd.DataFrame(
        {
            "line": [_short(source) for source in found["price_source"]],
            "package": found["package"].fillna("(unknown)"),
            "location": found["location"],
            "monthly price": [_amount(price) for price in found["monthly_price"]],
            "VM-days": found["days_priced"],
            "finding": found["finding"],
        }
    )
    show(table, f"Price book {settings.prices}" + (f" ({book.currency})" if book.currency else ""), is_data=True)
    strange = int((found["finding"] != "").sum())
    typer.echo("Nothing is strange about it." if not strange else f"{strange} of {len(found)} lines want a look.")


def _compare(found: pd.DataFrame, book: PriceBook | None) -> None:
    """Print estimated prices beside those of the book."""
    in_book = {(price.package, price.location): price.monthly_price for price in (book.prices if book else ())}
    kinds = zip(found["package"].tolist(), found["location"].tolist(), strict=True)
    beside = [in_book.get((package, place), in_book.get((package, ""), math.nan)) for package, place in kinds]
    table = pd.DataFrame(
        {
            "package": found["package"],
            "location": found["location"].replace("", "all"),
            "estimated": [_amount(price) for price in found["monthly_price"]],
            "in 95 of 100 cases": [
                f"{low:.2f} to {high:.2f}" for low, high in zip(found["low"], found["high"], strict=True)
            ],
            "in the book": [_amount(price) for price in beside],
            "package-months": [f"{amount:.1f}" for amount in found["package_months"]],
        }
    )
    first = found.iloc[0]
    show(table, f"Monthly prices, estimated from {first['months']} closed months", is_data=True)
    fit = (
        ""
        if pd.isna(first["r_squared"])
        else f"They explain {percent(first['r_squared'], 2)} of what the totals vary; "
    )
    typer.echo(f"{fit}the invoice that fits least is {abs(first['largest_residual']):.2f} off.")
    if first["left_out"]:
        typer.echo(f"Left out: {first['left_out']}.")


def _write(found: pd.DataFrame, out: Path) -> None:
    """Write a price book."""
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["package", "location", "monthly_price"])
            for row in found.itertuples():
                writer.writerow([row.package, row.location, f"{row.monthly_price:.4f}"])
    except OSError as error:
        raise SettingsError(f"cannot write {out}: {error.strerror or error}; name another with --out") from None
    say(f"{out}: {len(found)} prices; let the setting prices name it")


def _amount(amount: float) -> str:
    return "" if pd.isna(amount) else f"{amount:.2f}"


def _short(source: str | float) -> str:
    """Leave the file away, which the title has."""
    return "" if pd.isna(source) else str(source).rpartition(", ")[2]
