"""How this package fills the words of FOCUS: ids, services, the currency and the month."""

from __future__ import annotations

import re
from decimal import Context, Decimal

import pandas as pd

from vmgen_analytics.errors import SchemaError, SettingsError
from vmgen_analytics.table import moment_of

PROVIDER = "VMgen"
SERVICES = {
    "VMgen VM": ("Compute", "Virtual Machines"),
    "VMgen Bandwidth": ("Networking", "Other (Networking)"),
    "VMgen Account": ("Other", "Other (Other)"),
}


def check_currency(currency: str) -> None:
    """Refuse what is no currency code of ISO 4217.

    Raises
    ------
    SettingsError
        It is none, or there is none.
    """
    if not currency:
        raise SettingsError(
            'FOCUS needs a currency and the provider names none: set currency = "EUR", or yours, in vmgen.toml'
        )
    if not re.fullmatch("[A-Z]{3}", currency):
        raise SettingsError(
            f"the currency {currency!r} is no code of ISO 4217, which FOCUS needs: three letters, as EUR"
        )


def one_month(month: pd.Period | str) -> pd.Period:
    """Read a month.

    Raises
    ------
    SchemaError
        It is none.
    """
    if isinstance(month, pd.Period):
        return month
    if not re.fullmatch(r"\d{4}-\d{2}", str(month)):
        raise SchemaError(f"{month!r} is no month, as 2026-11")
    return moment_of(month).to_period("M")


def billing_account_id(account: object) -> str:
    """Spell the BillingAccountId of an account; never a number, which readers of CSV would take for one."""
    return f"vmgen-{account}"


def invoice_id(number: object) -> str:
    """Spell the InvoiceId of an invoice."""
    return f"INV-{number}"


def resource_id(vm_id: object) -> str:
    """Spell the ResourceId of a VM."""
    return f"vm-{vm_id}"


def product(price: Decimal, quantity: Decimal) -> Decimal:
    """Multiply exactly: no price and quantity of this package has more digits together."""
    return Context(prec=80).multiply(price, quantity)
