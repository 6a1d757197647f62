"""What a row of a FOCUS file must be, and the official validator does not see.

Sources: FOCUS 1.2, specification/columns; the validator compiles every rule for charges that are no correction to a
condition that no row meets, takes any text for an instant that a parser takes, and never compares rows.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from vmgen_analytics.cost.focus_words import product

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Found = Iterator[tuple[str, str]]

INSTANTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
AMOUNTS = (*COSTS, "PricingQuantity", "ConsumedQuantity", "ListUnitPrice", "ContractedUnitPrice")
SLACK = Decimal("0.003")
"""Of a month: two hours, as clocks are put forward and back."""

_Z = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_UNIT = re.compile(r"(\d+ )?[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)*(/(Second|Minute|Hour|Day|Week|Month|Year))?")
_PLURALS = {"Second", "Minute", "Hour", "Day", "Week", "Month", "Year", "VM", "Request", "Count", "Unit"}


@dataclass(frozen=True)
class Row:
    """A row of the file, from 1 on: its texts, and its numbers and instants where they can be read."""

    number: int
    cells: Mapping[str, str | None]
    amounts: Mapping[str, Decimal | None] = field(init=False)
    moments: Mapping[str, datetime | None] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "amounts", {name: _amount(self[name]) for name in AMOUNTS})
        object.__setattr__(self, "moments", {name: _instant(self[name]) for name in INSTANTS})

    def __getitem__(self, column: str) -> str | None:
        return self.cells.get(column)

    @property
    def is_correction(self) -> bool:
        """Whether it corrects an earlier period, which frees it from most rules."""
        return self["ChargeClass"] == "Correction"


def instants_are_utc(row: Row) -> Found:
    """Instants have a Z and whole seconds."""
    for name in INSTANTS:
        if row.moments[name] is None:
            yield name, "is no instant in UTC with whole seconds and a Z, as 2026-11-01T00:00:00Z"


def amounts_are_numbers(row: Row) -> Found:
    """Amounts are decimals; costs are never missing."""
    for name in AMOUNTS:
        if row.amounts[name] is None and (row[name] is not None or name in COSTS):
            yield name, "is no decimal number"


def periods_end_after_they_start(row: Row) -> Found:
    """Ends are exclusive, so an end is after its start."""
    for name in ("BillingPeriod", "ChargePeriod"):
        start, end = row.moments[f"{name}Start"], row.moments[f"{name}End"]
        if start and end and end <= start:
            yield f"{name}End", f"is not after {name}Start, {row[f'{name}Start']}"


def charges_lie_in_their_billing_period(row: Row) -> Found:
    """What is charged is of the period that is billed, but for corrections."""
    start, end = row.moments["BillingPeriodStart"], row.moments["BillingPeriodEnd"]
    if start and end and not row.is_correction:
        for name in ("ChargePeriodStart", "ChargePeriodEnd"):
            moment = row.moments[name]
            if moment and not start <= moment <= end:
                yield name, f"is outside the billing period {row['BillingPeriodStart']} to {row['BillingPeriodEnd']}"


def usage_has_a_quantity(row: Row) -> Found:
    """Usage and purchases have a quantity and its unit; tax has none."""
    category, quantity, unit = row["ChargeCategory"], row["PricingQuantity"], row["PricingUnit"]
    if category in ("Usage", "Purchase") and not row.is_correction and quantity is None:
        yield "PricingQuantity", f"is missing, and a charge of the category {category} needs one"
    if category == "Tax" and quantity is not None:
        yield "PricingQuantity", "is given, and tax has no quantity"
    if (quantity is None) != (unit is None):
        yield "PricingUnit", f"does not go with the quantity {quantity or '(missing)'}: both are given, or none"


def consumption_is_of_usage(row: Row) -> Found:
    """Usage says what was consumed, in what unit; nothing else does."""
    quantity, unit = row["ConsumedQuantity"], row["ConsumedUnit"]
    if (quantity is None) != (unit is None):
        yield "ConsumedUnit", f"does not go with the quantity {quantity or '(missing)'}: both are given, or none"
    if quantity is not None and row["ChargeCategory"] != "Usage":
        yield "ConsumedQuantity", f"is given, and a charge of the category {row['ChargeCategory']} consumes nothing"


def list_cost_is_a_product(row: Row) -> Found:
    """ListCost = ListUnitPrice x PricingQuantity, exactly."""
    return _product(row, "ListCost", "ListUnitPrice")


def contracted_cost_is_a_product(row: Row) -> Found:
    """ContractedCost = ContractedUnitPrice x PricingQuantity, exactly."""
    return _product(row, "ContractedCost", "ContractedUnitPrice")


def effective_cost_is_billed(row: Row) -> Found:
    """Where nothing is paid in advance, the effective cost is the billed one."""
    billed, effective = row.amounts["BilledCost"], row.amounts["EffectiveCost"]
    if row["ChargeCategory"] != "Purchase" and None not in (billed, effective) and billed != effective:
        yield "EffectiveCost", f"is not BilledCost, {row['BilledCost']}, and nothing is paid in advance here"


def credits_do_not_cost(row: Row) -> Found:
    """A credit lowers the bill."""
    billed = row.amounts["BilledCost"]
    if row["ChargeCategory"] == "Credit" and billed is not None and billed > 0:
        yield "BilledCost", "is above 0, and the charge is a credit"


def units_are_spelled_as_focus_does(row: Row) -> Found:
    """Units are capitalised, times plural, joined by a hyphen: GB, Hours, VM-Months, GB/Month."""
    for name in ("PricingUnit", "ConsumedUnit"):
        unit = row[name]
        last = re.split("[- ]", (unit or "").partition("/")[0])[-1]
        if unit is not None and (not _UNIT.fullmatch(unit) or last in _PLURALS):
            yield name, "is no unit as FOCUS spells them, as GB, Hours, VM-Months or GB/Month"


def json_is_flat(row: Row) -> Found:
    """Tags and details are JSON objects of texts, numbers, booleans and nulls."""
    for name in ("Tags", "SkuPriceDetails"):
        text = row[name]
        if text is not None and not _is_flat(text):
            yield name, "is no flat JSON object of texts, numbers, true, false and null"


def months_fit_their_period(row: Row) -> Found:
    """Nothing runs for more months than its charge period has."""
    start, end, *charged = (row.moments[name] for name in INSTANTS)
    quantity = row.amounts["PricingQuantity"]
    if row["PricingUnit"] != "Months" or quantity is None or not (start and end and all(charged)) or end <= start:
        return
    share = Decimal((charged[1] - charged[0]).total_seconds()) / Decimal((end - start).total_seconds())  # type: ignore[operator]
    if quantity > share + SLACK:
        yield "PricingQuantity", f"is more months than the charge period has, {share:.3f}"


ROW_RULES: Mapping[str, Callable[[Row], Found]] = {
    rule.__name__: rule
    for rule in (
        instants_are_utc,
        amounts_are_numbers,
        periods_end_after_they_start,
        charges_lie_in_their_billing_period,
        usage_has_a_quantity,
        consumption_is_of_usage,
        list_cost_is_a_product,
        contracted_cost_is_a_product,
        effective_cost_is_billed,
        credits_do_not_cost,
        units_are_spelled_as_focus_does,
        json_is_flat,
        months_fit_their_period,
    )
}


def _product(row: Row, cost_name: str, price_name: str) -> Found:
    price, quantity, cost = row.amounts[price_name], row.amounts["PricingQuantity"], row.amounts[cost_name]
    if price is None or quantity is None or cost is None or row.is_correction:
        return
    if (exact := product(price, quantity)) != cost:
        yield cost_name, f"is not {price_name} x PricingQuantity, {price:f} x {quantity:f} = {exact:f}"


def _amount(text: str | None) -> Decimal | None:
    if text is None or not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _instant(text: str | None) -> datetime | None:
    if text is None or not _Z.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _is_flat(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and not any(isinstance(value, dict | list) for value in found.values())
