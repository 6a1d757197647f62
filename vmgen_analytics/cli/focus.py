"""``vmgen-analytics export focus``: a month in the words of FOCUS 1.2, checked before it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from vmgen_analytics import exports
from vmgen_analytics.cli.terminal import PARTIAL, filled, say
from vmgen_analytics.cost.focus_files import FORMATS, STATES
from vmgen_analytics.errors import SettingsError, VMgenError

if TYPE_CHECKING:
    from pathlib import Path

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.exports import FocusMonth
    from vmgen_analytics.settings import Settings

SHOWN = 10


def export_focus(settings: Settings, store: Archive, month: str | None, out: Path | None) -> None:
    """Write a month to a file for each invoiced state, or say what is wrong with it and write nothing.

    Parameters
    ----------
    settings
        Name prices, locations, allocation, time zones and the currency.
    store
        The history.
    month
        The month, as 2026-11.
    out
        The file, whose name gets the state before its ending.

    Raises
    ------
    SettingsError
        The month, the file or the currency is missing or cannot be used.
    VMgenError
        The check has findings, there is nothing to write, or a file cannot be written.
    """
    if month is None or out is None:
        raise SettingsError("export focus needs a month and a file: --month 2026-11 --out costs.csv")
    if out.is_dir():
        raise SettingsError(f"{out} is a folder; name a file with --out, as {out / 'costs.csv'}")
    kind = out.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise SettingsError(f"{out} ends neither in .csv nor in .parquet; FOCUS files are one of them")
    targets = {state: out.with_name(f"{out.stem}-{state}{out.suffix}") for state in STATES}
    found = exports.focus_month(filled(store), settings, month, "csv" if kind == "csv" else "parquet")
    _refuse(found)
    for state, path in targets.items():
        if state in found.files:
            exports.write_focus(found.files[state], path, kind)
            say(_summary(path, found, state))
        elif path.exists():
            say(f"{path} is of an earlier export and was left as it is: {found.month} has no charges of that state")
    if found.without_charge:
        say(f"left out, as neither an invoice nor a price says what they cost: {', '.join(found.without_charge)}")
        raise typer.Exit(PARTIAL)


def _refuse(found: FocusMonth) -> None:
    if not found.files:
        raise VMgenError(
            f"{found.month} has no charges: no invoice bills it, and no price is known for "
            f"{', '.join(found.without_charge) or 'its VMs'}; name a price book with VMGEN_PRICES"
        )
    wrong = [sentence for findings in found.findings.values() for sentence in findings["finding"]]
    for sentence in wrong[:SHOWN]:
        say(f"  {sentence}")
    if len(wrong) > SHOWN:
        say(f"  and {len(wrong) - SHOWN} more")
    if wrong:
        raise VMgenError(f"{len(wrong)} findings in {found.month}, listed above; nothing was written")


def _summary(path: Path, found: FocusMonth, state: str) -> str:
    charges = found.files[state]
    total = f"{sum(charges['BilledCost']):,.2f} {charges['BillingCurrency'].iloc[0]}"
    invoices = sorted(charges["InvoiceId"].dropna().unique())
    paper = f"as invoiced by {', '.join(invoices)}" if invoices else "estimated by list price, not invoiced yet"
    return f"{path}: {len(charges)} charges of {found.month}, {total}, {paper}"
