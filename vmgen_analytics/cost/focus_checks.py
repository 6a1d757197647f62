"""Checks of a FOCUS file for what the FinOps Foundation's own validator lets pass."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from vmgen_analytics.cost.bills import exact_totals
from vmgen_analytics.cost.focus_files import as_cells, read_cells
from vmgen_analytics.cost.focus_rules import ROW_RULES, SLACK, Row
from vmgen_analytics.cost.focus_words import billing_account_id, invoice_id, resource_id
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

MANDATORY = (
    "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingAccountId", "BillingAccountName",
    "BillingCurrency", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
    "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "InvoiceId", "InvoiceIssuerName",
    "ProviderName", "PublisherName", "PricingQuantity", "PricingUnit", "ServiceCategory", "ServiceName",
    "ServiceSubcategory",
)  # fmt: skip
TEXTS = (
    "BillingAccountId", "BillingAccountName", "InvoiceId", "ResourceId", "ResourceName", "RegionId", "RegionName",
    "SkuId", "SkuPriceId", "SkuMeter", "ChargeDescription",
)  # fmt: skip
_NOT_TEXT = re.compile(
    r"\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|[+-]?inf|true|false|\d{4}-\d{2}-\d{2}.*)\s*", re.I
)
_EXACT = Context(prec=80)


@dataclass(frozen=True)
class Finding:
    """What a rule found in a row; row 0 means the file."""

    row: int
    column: str
    value: str
    says: str


@dataclass(frozen=True)
class Known:
    """What is known beside the file: totals of invoices, VMs, and whether readers must guess types."""

    totals: Mapping[tuple[str, str], Decimal] | None
    vms: frozenset[tuple[str, str]] | None
    is_guessed: bool


def check_focus(
    charges: pd.DataFrame | str | Path,
    *,
    invoices: pd.DataFrame | None = None,
    vms: pd.DataFrame | None = None,
    kind: Literal["csv", "parquet"] | None = None,
) -> pd.DataFrame:
    """What is wrong with a FOCUS file, among it what the official validator does not see.

    Parameters
    ----------
    charges
        Table ``focus_charges`` of one invoiced state, or a file, CSV or Parquet, whoever made it.
    invoices
        Table ``invoices``, those that bill the period: with it, their totals are compared.
    vms
        Table ``vms`` or ``vm_days``: with it, every ResourceId must be one of them.
    kind
        What a frame will be written as: in a CSV, a column of texts that are all numbers is a finding.

    Returns
    -------
    DataFrame
        Table ``focus_findings``: rule, row, column, value, finding; empty if nothing is wrong.

    Raises
    ------
    SchemaError
        The file cannot be read.
    """
    if isinstance(charges, pd.DataFrame):
        cells = as_cells(charges)
    else:
        cells, kind = read_cells(Path(charges)), "csv" if Path(charges).suffix.lower() == ".csv" else "parquet"
    known = Known(
        totals=None if invoices is None else _totals(invoices),
        vms=None if vms is None else _resources(vms),
        is_guessed=kind == "csv",
    )
    rows = [Row(number, record) for number, record in enumerate(_records(cells), start=1)]
    found = [("columns_are_there", each) for each in _absent_columns(cells)]
    for name, file_rule in FILE_RULES.items():
        found += [(name, each) for each in file_rule(rows, known)]
    for name, row_rule in ROW_RULES.items():
        found += [
            (name, Finding(row.number, column, row[column] or "", says))
            for row in rows
            for column, says in row_rule(row)
        ]
    return _table(found)


def _records(cells: pd.DataFrame) -> Iterator[dict[str, str | None]]:
    names = [str(name) for name in cells]
    return (dict(zip(names, values, strict=True)) for values in cells.itertuples(index=False, name=None))


def _table(found: Sequence[tuple[str, Finding]]) -> pd.DataFrame:
    table = TABLES["focus_findings"]
    if not found:
        return table.frame()
    return table.frame(
        {
            "rule": [rule for rule, _ in found],
            "row": [each.row or None for _, each in found],
            "column": [each.column for _, each in found],
            "value": [each.value for _, each in found],
            "finding": [_sentence(each) for _, each in found],
        }
    )


def _sentence(finding: Finding) -> str:
    where = f"row {finding.row}: {finding.column}" if finding.row else finding.column
    return (
        f"{where} {repr(finding.value) + ' ' if finding.value else '(missing) ' if finding.row else ''}{finding.says}"
    )


def _absent_columns(cells: pd.DataFrame) -> Iterator[Finding]:
    for name in MANDATORY:
        if name not in cells:
            yield Finding(0, name, "", "is not among the columns, and FOCUS needs it")


def _one_currency(rows: Sequence[Row], _: Known) -> Iterator[Finding]:
    for row in rows:
        if row["BillingCurrency"] != rows[0]["BillingCurrency"]:
            says = f"differs from row 1, {rows[0]['BillingCurrency']}: nothing is converted, so write a file for each"
            yield Finding(row.number, "BillingCurrency", row["BillingCurrency"] or "", says)


def _one_billing_period(rows: Sequence[Row], _: Known) -> Iterator[Finding]:
    """An account has one period in a file; that of another may begin at another instant, by its time zone."""
    first: dict[str | None, Row] = {}
    for row in rows:
        its = first.setdefault(row["BillingAccountId"], row)
        for name in ("BillingPeriodStart", "BillingPeriodEnd"):
            if row[name] != its[name]:
                says = f"differs from row {its.number}, {its[name]}: write a file for each period"
                yield Finding(row.number, name, row[name] or "", says)


def _one_state(rows: Sequence[Row], _: Known) -> Iterator[Finding]:
    for row in rows:
        if (row["InvoiceId"] is None) != (rows[0]["InvoiceId"] is None):
            says = "and row 1 are not both invoiced: write a file for each state"
            yield Finding(row.number, "InvoiceId", row["InvoiceId"] or "", says)


def _no_row_twice(rows: Sequence[Row], _: Known) -> Iterator[Finding]:
    first: dict[tuple[str | None, ...], int] = {}
    for row in rows:
        if (number := first.setdefault(tuple(row.cells.values()), row.number)) != row.number:
            says = f"and all else is as in row {number}: it is charged twice"
            yield Finding(row.number, "ChargeDescription", row["ChargeDescription"] or "", says)


def _no_month_twice(rows: Sequence[Row], _: Known) -> Iterator[Finding]:
    counted: dict[tuple[str | None, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        quantity = row.amounts["PricingQuantity"]
        if row["PricingUnit"] == "Months" and row["ResourceId"] and quantity is not None and not row.is_correction:
            resource = (row["BillingAccountId"], row["ResourceId"], row["BillingPeriodStart"])
            before, counted[resource] = counted[resource], counted[resource] + quantity
            if before <= 1 + SLACK < counted[resource]:
                says = f"makes {counted[resource]:f} months of {row['ResourceId']} in one month"
                yield Finding(row.number, "PricingQuantity", row["PricingQuantity"] or "", says)


def _totals_of_invoices(rows: Sequence[Row], known: Known) -> Iterator[Finding]:
    if known.totals is None:
        return
    sums: dict[tuple[str, str], Decimal] = {}
    first: dict[tuple[str, str], Row] = {}
    corrected = set()
    for row in rows:
        invoice = (row["BillingAccountId"] or "", row["InvoiceId"] or "")
        if row.is_correction:  # of an invoice of an earlier period, of which this file has no other part
            corrected.add(invoice)
        elif row["InvoiceId"] is not None:
            sums[invoice] = _EXACT.add(sums.get(invoice, Decimal(0)), row.amounts["BilledCost"] or Decimal(0))
            first.setdefault(invoice, row)
    for invoice, total in sums.items():
        value, row = f"{total:f}", first[invoice]
        if invoice not in known.totals:
            yield Finding(row.number, "InvoiceId", invoice[1], f"is no invoice of {invoice[0]} that bills this period")
        elif total != known.totals[invoice]:
            says = f"is the sum of {invoice[1]}, and that invoice's total is {known.totals[invoice]:f}"
            yield Finding(row.number, "BilledCost", value, says)
    if sums and (absent := {name for _, name in known.totals.keys() - sums.keys() - corrected}):
        yield Finding(0, "InvoiceId", "", f"lacks {', '.join(sorted(absent))}, which bill this period as well")


def _resources_exist(rows: Sequence[Row], known: Known) -> Iterator[Finding]:
    for row in rows:
        account, resource = row["BillingAccountId"] or "", row["ResourceId"]
        if known.vms is not None and resource is not None and (account, resource) not in known.vms:
            yield Finding(row.number, "ResourceId", resource, f"is no VM of {account} that the archive knows")


def _texts_look_like_texts(rows: Sequence[Row], known: Known) -> Iterator[Finding]:
    for name in TEXTS if known.is_guessed else ():
        values = [row for row in rows if row[name] is not None]
        if values and all(_NOT_TEXT.fullmatch(row[name] or "") for row in values):
            says = (
                f"is a number, a date or a truth like every other {name}: readers of CSV take it for one; write Parquet"
            )
            yield Finding(values[0].number, name, values[0][name] or "", says)


FILE_RULES: Mapping[str, Callable[[Sequence[Row], Known], Iterable[Finding]]] = {
    "one_currency": _one_currency,
    "one_billing_period": _one_billing_period,
    "one_invoiced_state": _one_state,
    "no_row_twice": _no_row_twice,
    "no_month_twice": _no_month_twice,
    "totals_of_invoices": _totals_of_invoices,
    "resources_exist": _resources_exist,
    "texts_look_like_texts": _texts_look_like_texts,
}


def _totals(invoices: pd.DataFrame) -> dict[tuple[str, str], Decimal]:
    TABLES["invoices"].check(invoices)
    totals = exact_totals(invoices)
    return {
        (billing_account_id(account), invoice_id(number)): Decimal(int(total)).scaleb(-6)
        for account, number, total in zip(invoices["account"], invoices["invoice_id"], totals, strict=True)
    }


def _resources(vms: pd.DataFrame) -> frozenset[tuple[str, str]]:
    known = vms[["account", "vm_id"]].drop_duplicates()
    return frozenset((billing_account_id(row.account), resource_id(row.vm_id)) for row in known.itertuples())
