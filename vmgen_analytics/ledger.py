"""Everything that the costs of some months stand on, read once: VM-days, invoices, prices and their allocation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.cost import CostCentres, PriceBook, SharedCosts, allocated_costs, assigned_costs
from vmgen_analytics.fleet import read_vm_locations, vm_days
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """

    months: tuple[pd.Period, ...]
    days: pd.DataFrame
    invoices: pd.DataFrame
    costs: pd.DataFrame
    prices: PriceBook | None
    centres: CostCentres | None = None
    invoice_periods: Mapping[str, InvoicePeriod] = field(default_factory=dict)

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
    prices = PriceBook.read(settings.prices) if settings.prices else None
    start, end = months[0].to_timestamp(), (months[-1] + 1).to_timestamp()
    days = vm_days(archive, start, end, vm_locations=mapping)
    invoices = archive.read("invoices")
    costs = [
        allocated_costs(
            days,
            invoices[invoices["account"] == account],
            prices,
            key=settings.allocation.key,
            weights=settings.allocation.weights,
            invoice_period=settings.invoice_period(str(account)),
        )
        for account in invoices["account"].unique()
    ]
    together = pd.concat(costs, ignore_index=True) if costs else TABLES["allocated_costs"].frame()
    together = together[together["month"].isin(months)].reset_index(drop=True)
    centres = CostCentres.read(settings.cost_centres) if settings.cost_centres else None
    if centres:
        shared = SharedCosts.read(settings.shared_costs, centres) if settings.shared_costs else None
        together = assigned_costs(together, centres, shared)
    billed = together[["account", "invoice_id"]].drop_duplicates()
    invoices = invoices.merge(billed, on=["account", "invoice_id"], how="inner", validate="one_to_one")
    periods = {str(account): settings.invoice_period(str(account)) for account in invoices["account"].unique()}
    return Ledger(tuple(months), days, invoices, together, prices, centres, periods)
