"""Defects to plant in a FOCUS file, one at a time: what the official validator lets pass, and `check_focus` names."""

import functools
from decimal import Decimal

import pandas as pd
from focus_month import DAYS, PRICES, invoices

from vmgen_analytics import allocated_costs
from vmgen_analytics.cost.focus import focus_charges
from vmgen_analytics.cost.focus_files import as_cells

BILLED = invoices(30.0, 10.01, -2.5)


@functools.cache
def _sound():
    costs = allocated_costs(DAYS, BILLED, PRICES)
    return as_cells(focus_charges(costs, DAYS, BILLED, PRICES, month="2026-10", currency="EUR"))


def sound():
    """The cells of a file that has no defect."""
    return _sound().copy()


def first(cells, **wanted):
    """Position of the first row with these values."""
    fits = pd.Series(True, cells.index)
    for name, value in wanted.items():
        fits &= cells[name] == value
    return fits.idxmax()


def _set(cells, row, **values):
    for name, value in values.items():
        cells.loc[row, name] = value
    return cells


def _more(text, by="0.01"):
    return f"{Decimal(text) + Decimal(by):f}"


def _fee(cells):
    return first(cells, PricingUnit="Months", SkuId="package-M")


def cost_beside_the_invoice(cells):
    row = _fee(cells)
    more = _more(cells.loc[row, "BilledCost"])
    return _set(cells, row, BilledCost=more, EffectiveCost=more)


def list_cost_a_cent_off(cells):
    row = _fee(cells)
    return _set(cells, row, ListCost=_more(cells.loc[row, "ListCost"]))


def contracted_cost_a_billionth_off(cells):
    row = _fee(cells)
    return _set(cells, row, ContractedCost=_more(cells.loc[row, "ContractedCost"], "1e-9"))


def usage_without_a_quantity(cells):
    return _set(cells, _fee(cells), PricingQuantity=None, PricingUnit=None)


def instants_without_a_zone(cells):
    return cells.assign(ChargePeriodEnd=cells["ChargePeriodEnd"].str.removesuffix("Z"))


def instant_of_another_zone(cells):
    return _set(cells, _fee(cells), ChargePeriodEnd="2026-11-01T00:00:00+02:00")


def instant_with_a_fraction(cells):
    return _set(cells, _fee(cells), ChargePeriodEnd="2026-10-31T23:59:59.999Z")


def unit_in_prose(cells):
    row = first(cells, PricingUnit="GB")
    return _set(cells, row, PricingUnit="gigabytes per month", ConsumedUnit="gigabytes per month")


def charge_beyond_its_billing_period(cells):
    return _set(cells, _fee(cells), ChargePeriodEnd="2026-11-02T00:00:00Z")


def charge_that_ends_before_it_starts(cells):
    row = first(cells, ResourceId="vm-101", PricingUnit="GB")
    return _set(cells, row, ChargePeriodStart="2026-10-31T00:00:00Z", ChargePeriodEnd="2026-10-01T00:00:00Z")


def vm_that_nobody_knows(cells):
    return _set(cells, _fee(cells), ResourceId="vm-999999")


def charge_twice(cells):
    row = first(cells, PricingUnit="GB")
    return pd.concat([cells, cells.loc[[row]]], ignore_index=True)


def invoice_left_out(cells):
    return cells[cells["InvoiceId"] != "INV-5003"].reset_index(drop=True)


def second_currency(cells):
    return _set(cells, _fee(cells), BillingCurrency="USD")


def second_billing_period(cells):
    row = first(cells, PricingUnit="GB")
    september, october = "2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"
    periods = {"BillingPeriodStart": september, "ChargePeriodStart": september}
    return _set(cells, row, **periods, BillingPeriodEnd=october, ChargePeriodEnd=october)


def effective_cost_of_a_credit_is_0(cells):
    return _set(cells, first(cells, ChargeCategory="Credit"), EffectiveCost="0.00")


def credit_that_costs(cells):
    rows = cells.index[cells["ChargeCategory"] == "Credit"]
    for row in rows:
        positive = cells.loc[row, "BilledCost"].removeprefix("-")
        _set(cells, row, **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), positive))
    return cells


def more_months_than_days(cells):
    row = first(cells, ResourceId="vm-103", PricingUnit="Months")
    cost = f"{Decimal(cells.loc[row, 'ListUnitPrice']) * 2:f}"
    quantities = dict.fromkeys(("PricingQuantity", "ConsumedQuantity"), "2.00")
    return _set(cells, row, **quantities, ListCost=cost, ContractedCost=cost)


def month_counted_twice(cells):
    rows = cells[(cells["ResourceId"] == "vm-101") & (cells["PricingUnit"] == "Months")]
    for row in rows.index:
        price = cells.loc[row, "ListUnitPrice"]
        quantities = dict.fromkeys(("PricingQuantity", "ConsumedQuantity"), "1.00")
        _set(cells, row, **quantities, ListCost=price, ContractedCost=price)
    return cells


def tags_within_tags(cells):
    return _set(cells, _fee(cells), Tags='{"team": {"name": "web"}}')


DEFECTS = {
    cost_beside_the_invoice: "totals_of_invoices",
    list_cost_a_cent_off: "list_cost_is_a_product",
    contracted_cost_a_billionth_off: "contracted_cost_is_a_product",
    usage_without_a_quantity: "usage_has_a_quantity",
    instants_without_a_zone: "instants_are_utc",
    instant_of_another_zone: "instants_are_utc",
    instant_with_a_fraction: "instants_are_utc",
    unit_in_prose: "units_are_spelled_as_focus_does",
    charge_beyond_its_billing_period: "charges_lie_in_their_billing_period",
    charge_that_ends_before_it_starts: "periods_end_after_they_start",
    vm_that_nobody_knows: "resources_exist",
    charge_twice: "no_row_twice",
    invoice_left_out: "totals_of_invoices",
    second_currency: "one_currency",
    second_billing_period: "one_billing_period",
    effective_cost_of_a_credit_is_0: "effective_cost_is_billed",
    credit_that_costs: "credits_do_not_cost",
    more_months_than_days: "months_fit_their_period",
    month_counted_twice: "no_month_twice",
    tags_within_tags: "json_is_flat",
}
"""A defect, and the rule that must name it."""
