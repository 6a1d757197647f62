"""A month of the archive in the words of FOCUS, checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import pandas as pd

from vmgen_analytics.cost import assigned_costs
from vmgen_analytics.cost.focus import focus_charges, without_charge
from vmgen_analytics.cost.focus_checks import check_focus
from vmgen_analytics.cost.focus_files import by_state, to_bytes
from vmgen_analytics.cost.focus_words import one_month
from vmgen_analytics.errors import ArchiveError
from vmgen_analytics.ledger import read_ledger
from vmgen_analytics.writing import put

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings


@dataclass(frozen=True)
class FocusMonth:
    """A month in the words of FOCUS.

    Attributes
    ----------
    month
        The month.
    files
        Table ``focus_charges`` of each invoiced state: invoiced, not-invoiced.
    findings
        Table ``focus_findings`` of each.
    without_charge
        Packages that have VM-days which nothing prices: they are in neither file.
    """

    month: pd.Period
    files: Mapping[str, pd.DataFrame]
    findings: Mapping[str, pd.DataFrame]
    without_charge: list[str]


def focus_month(archive: Archive, settings: Settings, month: str, kind: Literal["csv", "parquet"]) -> FocusMonth:
    """Put a month of the archive into the words of FOCUS, a table for each invoiced state, and check them.

    Parameters
    ----------
    archive
        The history.
    settings
        Name prices, locations, allocation, time zones and the currency.
    month
        The month, as 2026-11.
    kind
        What it will be written as.

    Raises
    ------
    SchemaError
        The month is none.
    SettingsError
        The currency is not set, is no code of ISO 4217, or is not that of the price book.
    ArchiveError
        The archive has nothing of that month.
    """
    wanted = one_month(month)
    ledger = read_ledger(archive, settings, wanted, wanted)
    if ledger.days.empty and ledger.costs.empty:
        months = archive.months("usage", "vms")
        there = f"{months[0]} to {months[-1]}" if months else "no month"
        raise ArchiveError(f"the archive at {archive.url} has nothing of {wanted}; it has {there}: choose with --month")
    accounts = {*ledger.days["account"], *ledger.costs["account"]}
    charges = focus_charges(
        ledger.costs,
        ledger.days,
        ledger.invoices,
        ledger.prices,
        month=wanted,
        currency=settings.currency or ledger.currency,
        time_zones={str(account): settings.zone(str(account)) for account in accounts},
        assign=partial(assigned_costs, centres=ledger.centres, shared=ledger.shared) if ledger.centres else None,
    )
    files = by_state(charges)
    vms = pd.concat([table[["account", "vm_id"]].dropna() for table in (ledger.days, ledger.costs)])
    findings = {state: check_focus(part, invoices=ledger.invoices, vms=vms, kind=kind) for state, part in files.items()}
    without = without_charge(ledger.costs, ledger.days, ledger.prices, month=wanted)
    return FocusMonth(wanted, files, findings, without)


def write_focus(charges: pd.DataFrame, path: Path, kind: str) -> None:
    """Write charges to a file, as `write` does.

    Parameters
    ----------
    charges
        Table ``focus_charges``.
    path
        The file.
    kind
        csv or parquet.

    Raises
    ------
    VMgenError
        The file cannot be written.
    """
    put(path, lambda unfinished: unfinished.write_bytes(to_bytes(charges, kind)))
