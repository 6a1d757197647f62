"""The price book: what a package costs a month, where and when; the provider's API names no price."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from vmgen_analytics.cost.kinds import kinds
from vmgen_analytics.errors import PriceError, SettingsError
from vmgen_analytics.lines import Line, read_lines
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from pandas.api.extensions import ExtensionArray

COLUMNS = (
    "package",
    "location",
    "monthly_price",
    "included_transfer_GB",
    "overage_price_per_GB",
    "valid_from",
    "valid_to",
    "currency",
)

HIGHEST = 9_000_000_000
"""No price is beyond this, as no invoice is."""


@dataclass(frozen=True)
class Price:
    """One line of the book: a package's monthly price, in one location or in all, from a day until before another."""

    package: str
    monthly_price: float
    source: str
    location: str = ""
    included_transfer_GB: float = math.nan
    overage_price_per_GB: float = math.nan
    valid_from: pd.Timestamp = pd.Timestamp.min
    valid_to: pd.Timestamp = pd.Timestamp.max
    currency: str = ""

    @property
    def is_endless(self) -> bool:
        """Whether it holds on every day."""
        return self.valid_from == pd.Timestamp.min and self.valid_to == pd.Timestamp.max

    def holds_on(self, dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Tell on which of some days it holds."""
        return (dates >= self.valid_from.to_datetime64()) & (dates < self.valid_to.to_datetime64())

    def overlaps(self, other: Price) -> bool:
        """Tell whether both lines price the same package in the same place on some day."""
        same = (self.package, self.location) == (other.package, other.location)
        return same and self.valid_from < other.valid_to and other.valid_from < self.valid_to


@dataclass(frozen=True)
class PriceBook:
    """Prices, checked so that each day of a package has one.

    Parameters
    ----------
    prices
        The lines; a line with a location goes before one without.
    file
        The file that has them, for messages; empty for a book that was made of something else.

    Raises
    ------
    PriceError
        Two lines price the same day, naming both, or they name two currencies.
    """

    prices: tuple[Price, ...]
    file: str = ""

    def __post_init__(self) -> None:
        in_order = sorted(self.prices, key=lambda price: (price.package, price.location, price.valid_from))
        for price, following in itertools.pairwise(in_order):
            if price.overlaps(following):
                raise PriceError(
                    f"{price.source} and {following.source} both price {price.package!r} on the same day; "
                    "end one with valid_to"
                )
        first = {price.currency: price.source for price in reversed(self.prices)}
        if len(first) > 1:
            currencies = sorted(first)
            raise PriceError(
                f"the price book mixes the currencies {', '.join(map(repr, currencies))} "
                f"({' and '.join(first[currency] for currency in currencies)}); keep one"
            )

    @property
    def currency(self) -> str:
        """The currency that the book names, empty if it names none."""
        return self.prices[0].currency if self.prices else ""

    @classmethod
    def read(cls, path: str | Path, currency: str = "") -> Self:
        """Read a price book.

        Parameters
        ----------
        path
            CSV with the columns package and monthly_price, and any of location (empty: everywhere),
            included_transfer_GB, overage_price_per_GB, valid_from, valid_to (the first day after) and currency.
        currency
            The setting ``currency``, if there is one.

        Raises
        ------
        PriceError
            The file cannot be read, or a line is wrong: it is named.
        SettingsError
            The book is in another currency than the settings say.
        """
        lines = read_lines(path, "price book", COLUMNS, needed=("package", "monthly_price"), kind=PriceError)
        book = cls(tuple(_price(line) for line in lines), str(path))
        if currency and book.currency and book.currency != currency:
            raise SettingsError(
                f"{book.prices[0].source}: the settings say {currency}, the price book says {book.currency}; nothing "
                "is converted, so make them the same, there or in the setting currency"
            )
        return book

    @classmethod
    def of(cls, prices: Iterable[Mapping[str, object]], source: str = "line") -> Self:
        """Make a price book from records, for code that has no file.

        Parameters
        ----------
        prices
            Records with the columns of the file; None is empty.
        source
            What to call them in ``price_source``, before their number from 1 on.

        Raises
        ------
        PriceError
            As for `PriceBook.read`.
        """
        records = [{name: "" if value is None else str(value) for name, value in price.items()} for price in prices]
        lines = [Line(f"{source} {number}", record, PriceError) for number, record in enumerate(records, start=1)]
        return cls(tuple(_price(line) for line in lines))

    @classmethod
    def estimated(cls, prices: pd.DataFrame, currency: str = "") -> Self:
        """Make a price book of estimated prices, whose source says so.

        Parameters
        ----------
        prices
            Table ``estimated_prices``.
        currency
            That of the invoices, if it is known.

        Raises
        ------
        SchemaError
            The frame is not its table.
        """
        TABLES["estimated_prices"].check(prices)
        columns = (prices[name].tolist() for name in ("package", "location", "monthly_price", "months"))
        return cls(
            tuple(
                Price(
                    package=package,
                    location=location,
                    monthly_price=amount,
                    currency=currency,
                    source=f"estimated from {months} closed months",
                )
                for package, location, amount, months in zip(*columns, strict=True)
            )
        )

    def lines(self, days: pd.DataFrame) -> NDArray[np.int64]:
        """Find the line that prices each VM-day; one with the location goes before one without.

        Parameters
        ----------
        days
            Table ``vm_days``.

        Returns
        -------
        ndarray
            Positions in ``prices``, in the order of the days; -1 where there is no price.
        """
        kind, places = kinds(days, ["package", "location"])
        candidates = [self._candidates(*place) for place in places.itertuples(index=False, name=None)]
        if all(len(found) <= 1 and all(price.is_endless for _, price in found) for found in candidates):
            return np.array([found[0][0] if found else -1 for found in candidates] or [-1])[kind]
        dates = days["date"].to_numpy()
        line = np.full(len(days), -1)
        for number, found in enumerate(candidates):
            rows = np.flatnonzero(kind == number)
            for position, price in found:
                line[rows[price.holds_on(dates[rows])]] = position
        return line

    def rate(self, days: pd.DataFrame) -> pd.DataFrame:
        """Find the price of each VM-day, and where it stands.

        Parameters
        ----------
        days
            Table ``vm_days``.

        Returns
        -------
        DataFrame
            monthly_price and price_source, in the order of the days; missing where there is no price. [currency]
        """
        line = self.lines(days)
        amounts = np.array([price.monthly_price for price in self.prices] + [np.nan])
        return pd.DataFrame({"monthly_price": amounts[line], "price_source": self._sources(line)}, copy=False)

    def _sources(self, line: NDArray[np.int64]) -> ExtensionArray:
        """Say where lines stand; none for -1."""
        sources = pd.array([price.source for price in self.prices] + [None], dtype="str")
        named: ExtensionArray = sources.take(line)
        return named

    def _candidates(self, package: object, location: object) -> list[tuple[int, Price]]:
        """The lines that can price a package in a place, those that go before others last."""
        found = [(place, price) for place, price in enumerate(self.prices) if price.package == package]
        local = [(place, price) for place, price in found if price.location and price.location == location]
        if any(price.is_endless for _, price in local):
            return local
        return [(place, price) for place, price in found if not price.location] + local


def unpriced(days: pd.DataFrame, listed: NDArray[np.float64] | pd.Series) -> list[str]:
    """Name the packages that have VM-days without a price.

    Parameters
    ----------
    days
        Table ``vm_days``.
    listed
        Their list costs, row by row.
    """
    without = days.loc[np.isnan(np.asarray(listed)), "package"]
    return sorted({"(unknown)" if pd.isna(name) else str(name) for name in without.unique()})


def _price(line: Line) -> Price:
    start, end = line.day("valid_from"), line.day("valid_to")
    price = Price(
        package=line.text("package", needed=True),
        location=line.text("location"),
        monthly_price=line.number("monthly_price", 0, HIGHEST, needed=True),
        included_transfer_GB=line.number("included_transfer_GB", 0, HIGHEST),
        overage_price_per_GB=line.number("overage_price_per_GB", 0, HIGHEST),
        valid_from=pd.Timestamp.min if start is None else start,
        valid_to=pd.Timestamp.max if end is None else end,
        currency=line.text("currency"),
        source=line.where,
    )
    if price.valid_to <= price.valid_from:
        raise line.wrong(f"valid_to {line.text('valid_to')} is not after valid_from {line.text('valid_from')}")
    return price
