"""Everything that the costs of some months stand on, read once: VM-days, invoices, prices and their allocation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cost import (
    Budgets,
    CostCentres,
    PriceBook,
    SharedCosts,
    allocated_costs,
    assigned_costs,
    policies_of,
)
from vmgen_analytics.cost.closed_months import closed_costs
from vmgen_analytics.cost.corrections import Closings
from vmgen_analytics.fleet import read_vm_locations, vm_days
from vmgen_analytics.ledger.closed import ClosedMonths
from vmgen_analytics.schema import TABLES
from vmgen_analytics.transfer import TransferPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.cost.bills import InvoicePeriod
    from vmgen_analytics.settings import Settings


@dataclass(frozen=True)
class Ledger:
    """The tables of some months.

    Attributes
    ----------
    months
        The months, oldest first, without a gap.
    days, invoices, costs
        Tables ``vm_days``, ``invoices`` (those that bill these months) and ``allocated_costs``.
    prices
        The price book, None without one.
    centres
        The rules that say who pays, None without any: then all is unassigned.
    invoice_periods
        By account, whether an invoice bills the month of its date or the month before.
    budgets
        The budgets, None without any.
    transfer
        The transfer policies, or the one that the price book stands for; empty where none is known.
    shared
        How cost centres are spread over others, None where nothing says.
    """

    months: tuple[pd.Period, ...]
    days: pd.DataFrame
    invoices: pd.DataFrame
    costs: pd.DataFrame
    prices: PriceBook | None
    centres: CostCentres | None = None
    invoice_periods: Mapping[str, InvoicePeriod] = field(default_factory=dict)
    budgets: Budgets | None = None
    transfer: Sequence[TransferPolicy] = ()
    shared: SharedCosts | None = None

    @property
    def currency(self) -> str:
        """The currency that the price book names, empty if none does."""
        return self.prices.currency if self.prices else ""


def read_ledger(archive: Archive, settings: Settings, first: pd.Period | str, last: pd.Period | str) -> Ledger:
    """Read the tables of some months as the settings say: prices, locations, allocation, cost centres.

    Parameters
    ----------
    archive
        The history.
    settings
        Names the price book, the mapping of locations and who pays, and says how invoices are divided.
    first, last
        The first and the last month.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    SettingsError, PriceError, AllocationError
        What the settings name cannot be used, or does not suffice for the key that they ask for.
    """
    months = pd.period_range(first, last, freq="M")
    mapping = read_vm_locations(settings.vm_locations) if settings.vm_locations else ()
    prices = PriceBook.read(settings.prices, settings.currency) if settings.prices else None
    start, end = months[0].to_timestamp(), (months[-1] + 1).to_timestamp()
    days = vm_days(archive, start, end, vm_locations=mapping)
    observed = archive.history("invoices")
    periods = {str(account): settings.invoice_period(str(account)) for account in observed["account"].unique()}
    closings = {name: Closings(period, settings.zone(name).key) for name, period in periods.items()}
    past = {
        str(name): ClosedMonths.read(archive, part, closings[str(name)], months, mapping)
        for name, part in observed.groupby("account")
    }
    booked = [each.booked for each in past.values()]
    earliest = min([start, *(part["month"].min().to_timestamp() for part in booked if len(part))])
    known = days if earliest == start else vm_days(archive, earliest, end, vm_locations=mapping)
    divide = _divider(known, prices, settings)
    costs = [
        closed_costs(each.booked, divide, closings[name], each.beliefs)
        for name, each in past.items()
        if len(each.booked)
    ]
    together = pd.concat(costs, ignore_index=True) if costs else TABLES["allocated_costs"].frame()
    if any(each.beliefs for each in past.values()):  # what is booked in other months came along
        together = together[together["month"].isin(months)].reset_index(drop=True)
    centres = CostCentres.read(settings.cost_centres) if settings.cost_centres else None
    shared = SharedCosts.read(settings.shared_costs, centres) if centres and settings.shared_costs else None
    if centres:
        together = assigned_costs(together, centres, shared)
    invoices = _as_booked([part[part["booked_in"].isin(months)] for part in booked])
    budgets = Budgets.read(settings.budgets, centres) if settings.budgets else None
    return Ledger(
        tuple(months), days, invoices, together, prices, centres, periods, budgets, read_policies(settings, prices),
        shared,
    )  # fmt: skip


def read_policies(settings: Settings, prices: PriceBook | None) -> tuple[TransferPolicy, ...]:
    """Read the transfer policies that the settings name, or take the one that the price book stands for.

    Parameters
    ----------
    settings
        Name the file.
    prices
        The price book, if there is one.

    Raises
    ------
    SettingsError
        The file cannot be read, or a line is wrong.
    """
    return TransferPolicy.read(settings.transfer_policy) if settings.transfer_policy else policies_of(prices)


def _divider(
    known: pd.DataFrame, prices: PriceBook | None, settings: Settings
) -> Callable[[pd.DataFrame, pd.DataFrame | None], pd.DataFrame]:
    """Say how the settings divide invoices of one account, over what is known or over what was."""
    transfer = TransferPolicy.read(settings.transfer_policy) if settings.transfer_policy else None

    def divide(invoices: pd.DataFrame, days: pd.DataFrame | None) -> pd.DataFrame:
        account = "" if invoices.empty else str(invoices["account"].iloc[0])
        return allocated_costs(
            known if days is None else days,
            invoices,
            prices,
            key=settings.allocation.key,
            weights=settings.allocation.weights,
            invoice_period=settings.invoice_period(account),
            transfer=transfer,
        )

    return divide


def _as_booked(booked: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Each invoice as it is booked in the month that it bills, or else as its first correction has it."""
    table = TABLES["invoices"]
    if not booked:
        return table.frame()
    rows = pd.concat(booked, ignore_index=True)
    rows = rows.assign(is_late=rows["booked_in"] != rows["month"]).sort_values("is_late", kind="stable")
    return table.cast(rows.drop_duplicates(["account", "invoice_id"]))
