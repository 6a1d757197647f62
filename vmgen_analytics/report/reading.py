"""Reads what a report stands on from the archive, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import ArchiveError
from vmgen_analytics.fleet import lifetimes
from vmgen_analytics.fleet.coverage import coverage_by_account, month_state, unseen_by_account
from vmgen_analytics.ledger import read_ledger
from vmgen_analytics.plots.labels import as_month
from vmgen_analytics.report.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings

MONTHS = 12
"""How many months a report looks at, its own included."""


def read_facts(
    archive: Archive, month: pd.Period | str | None, settings: Settings, now: pd.Timestamp | None = None
) -> Facts:
    """Read the tables of a month and of those before it.

    Parameters
    ----------
    archive
        The history.
    month
        Which month; None is the newest.
    settings
        Names prices, locations, allocation, currency and time zones.
    now
        The time, to tell which months are over; by default that of each account's last sync.

    Raises
    ------
    ArchiveError
        The archive cannot be read, is empty, or has nothing of that month.
    SchemaError
        The month is none.
    SettingsError, PriceError, AllocationError
        What the settings name cannot be used.
    """
    seen, billed = archive.months("usage", "vms"), _billed(archive, settings)
    known = sorted({*seen, *billed})
    if not known:
        raise ArchiveError(f"the archive at {archive.url} is empty; fill it with: vmgen-analytics sync")
    wanted = (seen or billed)[-1] if month is None else as_month(month)
    if wanted not in known:
        raise ArchiveError(_no_such_month(archive, wanted, known))
    ledger = read_ledger(archive, settings, wanted - (MONTHS - 1), wanted)
    months = [each for each in ledger.months if each >= known[0]]
    clocks = _clocks(archive)
    fetched_at = max(clocks.values()) if clocks else None
    asked = {account: _local(clock, settings, account) for account, clock in clocks.items()}
    earliest = min(asked.values(), default=(known[-1] + 1).to_timestamp())
    moments = _moments(clocks, {str(account) for account in ledger.days["account"]}, now, earliest)
    told = [_local(moment, settings, account) for account, moment in moments.items()]
    syncs = archive.read("syncs")
    unseen = unseen_by_account(ledger.days, syncs, settings, moments)
    accounts = [str(account) for account in ledger.days["account"].unique()] or list(settings.accounts)
    return Facts(
        month=wanted,
        months=months,
        days=ledger.days,
        invoices=ledger.invoices,
        costs=ledger.costs,
        coverage=_until(coverage_by_account(ledger.days, syncs, settings, moments), wanted),
        states={each: month_state(each, min(told, default=earliest)) for each in months},
        prices=ledger.prices,
        currency=settings.currency or ledger.currency,
        zones=tuple(dict.fromkeys(settings.zone(account).key for account in accounts)),
        fetched_at=fetched_at,
        incomplete=_incomplete(archive),
        source=archive.url,
        now=earliest,
        centres=ledger.centres,
        budgets=ledger.budgets,
        accounts=archive.history("accounts"),
        weights=settings.allocation.weights,
        invoice_periods=ledger.invoice_periods,
        lifetimes=lifetimes(archive),
        transfer=ledger.transfer,
        unseen=unseen,
    )


def _moments(
    clocks: Mapping[str, pd.Timestamp], accounts: Collection[str], now: pd.Timestamp | None, earliest: pd.Timestamp
) -> dict[str, pd.Timestamp]:
    """Tell the time of each account: now, or when it was last asked where nobody says or that is ahead."""
    unknown = earliest.tz_localize("UTC") if now is None else now
    told = {account: clocks.get(account, unknown) for account in accounts}
    return told if now is None else {account: max(now, clock) for account, clock in told.items()}


def _until(coverage: pd.DataFrame, month: pd.Period) -> pd.DataFrame:
    return coverage[coverage["month"] <= month].reset_index(drop=True)


def _billed(archive: Archive, settings: Settings) -> list[pd.Period]:
    """List the months that invoices bill, oldest first."""
    invoices = archive.read("invoices").dropna(subset="invoice_date")
    delays = [int(settings.invoice_period(str(account)) == "previous-month") for account in invoices["account"]]
    return sorted(set(invoices["invoice_date"].dt.to_period("M").to_numpy() - delays)) if delays else []


def _no_such_month(archive: Archive, month: pd.Period, present: Sequence[pd.Period]) -> str:
    span = str(present[0]) if len(present) == 1 else f"{present[0]} to {present[-1]}"
    return f"the archive at {archive.url} has nothing of {month}; it has {span}: choose one of these with --month"


def _clocks(archive: Archive) -> dict[str, pd.Timestamp]:
    """When each account was last asked, by the provider's clock."""
    syncs = archive.read("syncs")
    if syncs.empty:
        seen = archive.read("usage")
        return {str(account): at for account, at in seen.groupby("account")["seen_at"].max().dropna().items()}
    brought = syncs[syncs["rows"].gt(0) | syncs["error"].isna()]  # some syncs reached nobody
    return {str(account): at for account, at in brought.groupby("account")["ended_at"].max().dropna().items()}


def _local(clock: pd.Timestamp, settings: Settings, account: str) -> pd.Timestamp:
    return clock.tz_convert(settings.zone(account)).tz_localize(None)


def _incomplete(archive: Archive) -> tuple[str, ...]:
    syncs = archive.read("syncs").sort_values("started_at").drop_duplicates("account", keep="last")
    return tuple(sorted({name for names in syncs["incomplete"].dropna() for name in names.split(",") if name}))
