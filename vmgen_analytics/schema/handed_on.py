"""What is handed on to others, in their words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmgen_analytics.table import INSTANT, TEXT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOCUS_DECIMAL = "object"  # Decimal: FOCUS wants costs that are exact
_FOCUS_PROVIDER = Column(TEXT, "VMgen")

HANDED_ON: Sequence[Table] = (
    Table(
        "focus_charges",
        "a charge in the words of FOCUS 1.2, whose names and types these are",
        ("BillingAccountId", "ChargePeriodStart", "ChargeDescription"),
        {
            "BillingAccountId": Column(TEXT, "vmgen- and the account"),
            "ChargePeriodStart": Column(INSTANT, "first instant of what is charged"),
            "ChargeDescription": Column(TEXT, "the charge in words; tells it from the others of that instant"),
            "BilledCost": Column(_FOCUS_DECIMAL, "part of the invoice, or list cost before there is one", "currency"),
            "EffectiveCost": Column(_FOCUS_DECIMAL, "the same, as there are no commitments", "currency"),
            "ListCost": Column(_FOCUS_DECIMAL, "unit price x quantity; BilledCost without a price", "currency"),
            "ContractedCost": Column(_FOCUS_DECIMAL, "the same, by the price book", "currency"),
            "BillingAccountName": Column(TEXT, "VMgen and the account"),
            "BillingCurrency": Column(TEXT, "code of ISO 4217, from the settings"),
            "BillingPeriodStart": Column(INSTANT, "first instant of the month"),
            "BillingPeriodEnd": Column(INSTANT, "first instant after the month"),
            "ChargePeriodEnd": Column(INSTANT, "first instant after what is charged"),
            "ChargeCategory": Column(TEXT, "Usage, Credit or Adjustment (what no VM can be given)"),
            "ChargeClass": Column(TEXT, "missing, or Correction"),
            "ChargeFrequency": Column(TEXT, "Recurring, Usage-Based or One-Time"),
            "InvoiceIssuerName": _FOCUS_PROVIDER,
            "ProviderName": _FOCUS_PROVIDER,
            "PublisherName": _FOCUS_PROVIDER,
            "InvoiceId": Column(TEXT, "INV- and the number of the invoice; missing before there is one"),
            "PricingQuantity": Column(_FOCUS_DECIMAL, "months (days / days of the month), or GB"),
            "PricingUnit": Column(TEXT, "Months or GB"),
            "PricingCategory": Column(TEXT, "Standard, for usage"),
            "ListUnitPrice": Column(_FOCUS_DECIMAL, "monthly price of the price book", "currency"),
            "ContractedUnitPrice": Column(_FOCUS_DECIMAL, "the same", "currency"),
            "ConsumedQuantity": Column(_FOCUS_DECIMAL, "the quantity, for usage"),
            "ConsumedUnit": Column(TEXT, "its unit"),
            "CommitmentDiscountStatus": Column(TEXT, "missing: there are no commitments"),
            "ServiceName": Column(TEXT, "VMgen VM, VMgen Bandwidth or VMgen Account"),
            "ServiceCategory": Column(TEXT, "Compute, Networking or Other"),
            "ServiceSubcategory": Column(TEXT, "Virtual Machines, Other (Networking) or Other (Other)"),
            "ResourceId": Column(TEXT, "vm- and the number of the VM"),
            "ResourceName": Column(TEXT, "name of the VM then, as it is"),
            "ResourceType": Column(TEXT, "Virtual Machine"),
            "RegionId": Column(TEXT, "name of the location; missing where nothing tells"),
            "RegionName": Column(TEXT, "the same"),
            "SkuId": Column(TEXT, "package- and its name, traffic-sent or traffic-received"),
            "SkuPriceId": Column(TEXT, "what a price stands for: the SKU, its unit and the location"),
            "SkuMeter": Column(TEXT, "VM month, Traffic sent or Traffic received"),
            "SkuPriceDetails": Column(TEXT, "size of the package, as JSON"),
            "Tags": Column(TEXT, "the cost centre, as JSON; missing without one"),
            "x_AllocationMethod": Column(TEXT, "what the invoice was divided by, list_price for estimates, or metered"),
            "x_AllocationRatio": Column("float64", "part of the invoice before rounding", "1"),
            "x_CostAllocationRuleName": Column(TEXT, "file and line that give it to the cost centre"),
            "x_CostCenter": Column(TEXT, "who pays"),
            "x_DaysPresent": Column("Int64", "days of the VM in the charge period", "d"),
            "x_IsEstimated": Column("bool", "whether the provider did not say this cost: all money per VM is inferred"),
            "x_PriceSource": Column(TEXT, "file and line of the price"),
        },
    ),
    Table(
        "focus_findings",
        "something that is wrong with a FOCUS file",
        ("rule", "row", "column"),
        {
            "rule": Column(TEXT, "name of the rule"),
            "row": Column("Int64", "row of the file, from 1 on, its head not counted; missing where none is meant"),
            "column": Column(TEXT, "column of the value"),
            "value": Column(TEXT, "what stands there"),
            "finding": Column(TEXT, "what is wrong with it, in a sentence"),
        },
    ),
)
"""Tables in the words of a standard, which are made to be handed on; `export focus` writes them."""
