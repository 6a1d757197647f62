"""A month in the words of FOCUS 1.2, the FinOps Foundation's specification of cost and usage.

The provider has no line items: this is made for the customer, not by the provider, and all money per VM is marked as
estimated. The source of every rule is the specification, https://focus.finops.org, tag v1.2.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.focus_estimates import estimates
from vmgen_analytics.cost.focus_fees import estimated_fees, invoiced_fees
from vmgen_analytics.cost.focus_rows import ONE_DAY, corrections, main_invoices, priced, traffic, unallocated
from vmgen_analytics.cost.focus_words import (
    PROVIDER,
    SERVICES,
    billing_account_id,
    check_currency,
    invoice_id,
    one_month,
    resource_id,
)
from vmgen_analytics.cost.millionths import exact_sums, to_millionths
from vmgen_analytics.cost.prices import unpriced
from vmgen_analytics.errors import AllocationError
from vmgen_analytics.schema import TABLES, UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from vmgen_analytics.cost.prices import PriceBook


def focus_charges(
    costs: pd.DataFrame,
    days: pd.DataFrame,
    invoices: pd.DataFrame,
    prices: PriceBook | None = None,
    *,
    month: pd.Period | str,
    currency: str,
    time_zones: Mapping[str, tzinfo | str] | None = None,
    assign: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """A month as FOCUS 1.2 charges, whose BilledCost equals each invoice of the month exactly.

    Every stretch of days on which a VM did not change is a charge of each invoice, with months as its quantity; several
    invoices share the quantity as they share the cost. Traffic has its own charges, at no cost. Credit notes are
    credits; what no VM can be given is an adjustment, and so is what is corrected of a closed month. An account without
    an invoice has charges without an InvoiceId, estimated by list price; what has no price there has no charge
    (`without_charge` names it).

    Parameters
    ----------
    costs
        Table ``allocated_costs``.
    days
        Table ``vm_days``.
    invoices
        Table ``invoices``, those that the costs divide.
    prices
        The price book, if there is one; without a price, ListCost is BilledCost and ListUnitPrice is missing.
    month
        The month; rows of others are left out.
    currency
        Three letters of ISO 4217, as EUR.
    time_zones
        Time zone of each account's days; UTC for those that are not named.
    assign
        Gives table ``allocated_costs`` to those who pay, as `assigned_costs` does: for what is not invoiced yet, which
        is unassigned without it. What is invoiced has the cost centres of the costs.

    Returns
    -------
    DataFrame
        Table ``focus_charges``.

    Raises
    ------
    SchemaError
        A frame is not its table, or the month is none.
    SettingsError
        The currency is not set, or is no code of ISO 4217.
    AllocationError
        The costs are not those of the invoices.
    """
    TABLES["allocated_costs"].check(costs, unique=False)
    TABLES["vm_days"].check(days, unique=False)
    TABLES["invoices"].check(invoices)
    check_currency(currency)
    month = one_month(month)
    of_month = costs[costs["month"] == month]
    costs, changes = _own_and_changes(of_month)
    days = priced(days[days["date"].dt.to_period("M") == month], prices)
    _check_totals(costs, invoices)
    main = main_invoices(costs)
    is_given, is_billed = costs["vm_id"].notna(), days["account"].isin(main.index)
    is_known = is_billed | days["monthly_price"].notna().groupby([days["account"], days["vm_id"]]).transform("any")
    expected = estimates(days[~is_billed], of_month, month, assign)
    known_costs = pd.concat([part for part in (costs, expected) if len(part)] or [costs], ignore_index=True)
    rows = [
        invoiced_fees(costs[is_given], days, month.days_in_month),
        estimated_fees(days[~is_billed], expected, month.days_in_month),
        traffic(days[is_known], known_costs, {str(account): int(number) for account, number in main.items()}),
        unallocated(costs[~is_given], month),
        corrections(changes),
    ]
    charges = pd.concat([part for part in rows if len(part)] or rows[:1], ignore_index=True)
    return _in_words_of_focus(charges, month, currency, time_zones or {})


def without_charge(
    costs: pd.DataFrame, days: pd.DataFrame, prices: PriceBook | None, *, month: pd.Period | str
) -> list[str]:
    """Name the packages that have VM-days of unknown cost: neither an invoice nor a price says it.

    Parameters
    ----------
    costs
        Table ``allocated_costs``.
    days
        Table ``vm_days``.
    prices
        The price book, if there is one.
    month
        The month.
    """
    month = one_month(month)
    invoiced = main_invoices(_own_and_changes(costs[costs["month"] == month])[0]).index
    rest = days[(days["date"].dt.to_period("M") == month) & ~days["account"].isin(invoiced)]
    return unpriced(rest, priced(rest, prices)["monthly_price"])


def _own_and_changes(costs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part what a month was billed from the corrections of closed months that are booked in it."""
    is_own = costs["corrects"].isna()
    return costs[is_own], costs[~is_own]


def _check_totals(costs: pd.DataFrame, invoices: pd.DataFrame) -> None:
    key = ["account", "invoice_id"]
    parts = exact_sums(costs, key, "allocated_cost").rename("allocated").reset_index()
    both = parts.merge(invoices[[*key, "total_cost"]], on=key, how="left", validate="one_to_one")
    known = both["total_cost"].notna()
    if not known.all():
        invoice = both[~known].iloc[0]
        raise AllocationError(
            f"the costs divide invoice {invoice['invoice_id']} of account {invoice['account']}, which is not among the "
            "invoices given; give those that the costs were made from"
        )
    if (differs := to_millionths(both["allocated"]) != to_millionths(both["total_cost"])).any():
        invoice = both[differs].iloc[0]
        raise AllocationError(
            f"the costs of invoice {invoice['invoice_id']} of account {invoice['account']} add up to "
            f"{invoice['allocated']}, and its total is {invoice['total_cost']}; give all its rows"
        )


def _in_words_of_focus(
    rows: pd.DataFrame, month: pd.Period, currency: str, time_zones: Mapping[str, tzinfo | str]
) -> pd.DataFrame:
    table = TABLES["focus_charges"]
    if rows.empty:
        return table.frame()
    rows = rows.reindex(columns=[*rows, *(name for name in _ROWS if name not in rows)])
    begin, end = month.to_timestamp(), (month + 1).to_timestamp()
    periods = {
        "BillingPeriodStart": pd.Series(begin, rows.index),
        "BillingPeriodEnd": pd.Series(end, rows.index),
        "ChargePeriodStart": rows["first"],
        "ChargePeriodEnd": rows["last"] + ONE_DAY,
    }
    has_vm, billed = rows["vm_id"].notna(), rows["BilledCost"]
    listed = [total if pd.isna(cost) else cost for cost, total in zip(rows["ListCost"], billed, strict=True)]
    is_usage = rows["ChargeCategory"] == "Usage"
    services = [(name, *SERVICES[name]) for name in rows["service"]]
    given = {name: rows[name] for name in table.columns if name in rows}
    columns = given | {
        **{name: _instants(days, rows["account"], time_zones) for name, days in periods.items()},
        "BillingAccountId": rows["account"].map(billing_account_id),
        "BillingAccountName": [f"{PROVIDER} {account}" for account in rows["account"]],
        "BillingCurrency": [currency] * len(rows),
        **dict.fromkeys(("InvoiceIssuerName", "ProviderName", "PublisherName"), [PROVIDER] * len(rows)),
        "EffectiveCost": billed,
        **dict.fromkeys(("ListCost", "ContractedCost"), listed),
        "ContractedUnitPrice": rows["ListUnitPrice"],
        "ConsumedQuantity": rows["PricingQuantity"].where(is_usage, None),
        "ConsumedUnit": rows["PricingUnit"].where(is_usage),
        "PricingCategory": pd.Series("Standard", rows.index).where(is_usage),
        "InvoiceId": _named(rows["invoice_id"], invoice_id),
        "ResourceId": _named(rows["vm_id"], resource_id),
        "ResourceName": rows["vm_name"].where(has_vm),
        "ResourceType": pd.Series("Virtual Machine", rows.index).where(has_vm),
        **dict.fromkeys(("RegionId", "RegionName"), rows["location"].where(has_vm)),
        **dict(zip(("ServiceName", "ServiceCategory", "ServiceSubcategory"), zip(*services, strict=True), strict=True)),
        "Tags": _named(
            rows["cost_centre"].where(rows["cost_centre"] != UNASSIGNED),
            lambda name: json.dumps({"cost_centre": name}),
        ),
        "x_AllocationMethod": rows["key"],
        "x_AllocationRatio": rows["ratio"],
        "x_CostAllocationRuleName": rows["rule"],
        "x_CostCenter": rows["cost_centre"],
        "x_DaysPresent": rows["days"],
        "x_IsEstimated": has_vm,
        "x_PriceSource": rows["price_source"],
    }
    return table.frame({name: _plain(values) for name, values in columns.items()})


_ROWS = (
    "vm_id", "vm_name", "location", "cost_centre", "rule", "ratio", "key", "days", "price_source", "service",
    "ListCost", "ListUnitPrice", "PricingQuantity", "PricingUnit",
)  # fmt: skip


def _plain(values: object) -> object:
    """Leave missing decimals out as None: NaN among decimals is a number to some."""
    if isinstance(values, pd.Series) and values.dtype == object:
        return [None if value is None or value is pd.NA or value != value else value for value in values]  # noqa: PLR0124
    return values


def _named(values: pd.Series, name: Callable[[object], str]) -> list[str | None]:
    return [None if pd.isna(value) else name(value) for value in values]


def _instants(days: pd.Series, accounts: pd.Series, time_zones: Mapping[str, tzinfo | str]) -> pd.Series:
    """Say when days begin, in UTC; one that has no midnight begins at its first instant."""
    parts = [
        part.dt.tz_localize(
            time_zones.get(str(account), "UTC"), nonexistent="shift_forward", ambiguous=np.ones(len(part), dtype=bool)
        ).dt.tz_convert("UTC")
        for account, part in days.groupby(accounts)
    ]
    together: pd.Series = pd.concat(parts).reindex(days.index)
    return together
