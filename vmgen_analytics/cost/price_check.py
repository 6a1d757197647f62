"""What is strange about a price book, beside the fleet that it prices: shown, and no error."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from vmgen_analytics.cost.words import listed
from vmgen_analytics.schema import TABLES
from vmgen_analytics.wording import counted

if TYPE_CHECKING:
    from collections.abc import Collection

    from vmgen_analytics.cost.prices import Price, PriceBook


def price_findings(
    prices: PriceBook, days: pd.DataFrame, packages: Collection[str] = (), locations: Collection[str] = ()
) -> pd.DataFrame:
    """What each line of a price book prices, what it never prices and why, and what nothing prices.

    Parameters
    ----------
    prices
        The price book.
    days
        Table ``vm_days``, all that is known.
    packages, locations
        The names of all packages and locations that the accounts see, beside those of the VM-days. Without any
        packages, nothing tells whether the provider offers one that no VM had.

    Returns
    -------
    DataFrame
        Table ``price_findings``: position, price_source, package, location, monthly_price, days_priced, finding.
        [currency, d] Packages with VM-days that no line prices come after the lines.

    Raises
    ------
    SchemaError
        The frame is not the table ``vm_days``.
    """
    TABLES["vm_days"].check(days, unique=False)
    line = prices.lines(days)
    priced = np.bincount(line[line >= 0], minlength=len(prices.prices))
    had = {str(name) for name in days["package"].dropna().unique()}
    places = {*locations, *days["location"].dropna().unique()}
    rows: list[tuple[Any, ...]] = [
        (
            price.source,
            price.package,
            price.location,
            price.monthly_price,
            count,
            "" if count else _never(price, had, packages, places),
        )
        for price, count in zip(prices.prices, priced.tolist(), strict=True)
    ]
    rows += _unpriced(prices, days[line < 0])
    columns = ["price_source", "package", "location", "monthly_price", "days_priced", "finding"]
    found = pd.DataFrame(rows, columns=columns).assign(position=np.arange(1, len(rows) + 1))
    return TABLES["price_findings"].cast(found)


def _never(price: Price, had: set[str], packages: Collection[str], locations: Collection[str]) -> str:
    """Say why a line prices no VM-day."""
    if price.package not in had and price.package in packages:
        return "the provider offers this package, and no VM had it"
    if price.package not in had:
        known = "no such package is known" if len(packages) else "no VM had this package"
        return f"{known}{_nearest(price.package, {*had, *packages})}"
    if price.location and price.location not in locations:
        return f"no account sees a location {price.location}{_nearest(price.location, locations)}"
    return "no VM had this package there and then"


def _nearest(name: str, names: Collection[str]) -> str:
    nearest = difflib.get_close_matches(name, sorted(names), n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _unpriced(prices: PriceBook, days: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Tell of each package with VM-days that no line prices, and of which days."""
    rows = []
    for name, part in days.groupby("package", dropna=False):
        package = name if isinstance(name, str) else None
        first, last = part["date"].min(), part["date"].max()
        priced = any(price.package == package for price in prices.prices)
        names = sorted({"(unknown)" if pd.isna(place) else str(place) for place in part["location"].unique()})
        where = f", in {listed(names)}" if priced and "location" in part else ""
        why = "no line prices these days" if priced else "no line prices it" if package else "the package is unknown"
        finding = f"{why}: {counted(len(part), 'VM-day')} from {first:%Y-%m-%d} to {last:%Y-%m-%d}{where}"
        rows.append((None, package, "", np.nan, 0, finding))
    return rows
