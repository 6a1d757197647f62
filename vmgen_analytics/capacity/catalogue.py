"""What each location offers, since and until when, for how much, and which package is a better buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from vmgen_analytics.capacity.machines import MEASURES
from vmgen_analytics.fleet.inventories import Inventories
from vmgen_analytics.fleet.lives import ABSENCES
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KEY = ["account", "location_id", "package"]
PER = {"price_per_vcpu_month": "vcpus", "price_per_ram_GB_month": "ram_GB", "price_per_disk_GB_month": "disk_GB"}


class PriceLine(Protocol):
    """A line of a price book, as far as it is needed here."""

    @property
    def monthly_price(self) -> float:
        """What a month costs."""

    @property
    def included_transfer_GB(self) -> float:  # noqa: N802 - units keep their spelling
        """The traffic that it includes, not a number where the book does not say."""


class Prices(Protocol):
    """A price book: `vmgen_analytics.PriceBook` is one."""

    @property
    def prices(self) -> Sequence[PriceLine]:
        """Its lines."""

    @property
    def currency(self) -> str:
        """The currency that it names, empty if none."""

    def lines(self, days: pd.DataFrame) -> NDArray[np.int64]:
        """Find the line for each package, location and date, -1 where there is none."""


def package_catalogue(
    packages: pd.DataFrame,
    locations: pd.DataFrame,
    prices: Prices | None = None,
    *,
    syncs: pd.DataFrame | None = None,
    on: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """What each location offers and offered: since and until when, how large, for how much, and what beats it.

    A package is gone after two complete looks at all locations without it: an answer that failed takes nothing away.
    One package dominates another if it gives no less vCPU, memory and disk for no more, and differs in one of them.
    Only packages on offer with a price and a size are compared.

    Parameters
    ----------
    packages, locations
        Tables ``packages`` and ``locations``, all observations: ``archive.history("packages")``.
    prices
        The price book; without one prices are missing, and nothing is known to dominate.
    syncs
        Table ``syncs``, which tells the complete looks; without it nothing is known to be gone.
    on
        The day whose prices hold; by default the last day on which any package was seen.

    Returns
    -------
    DataFrame
        Table ``package_catalogue``: account, location_id, package, location, continent, vcpus, ram_GB, disk_GB,
        is_offered, since_min, since_max, until_min, until_max, resized_on, monthly_price, included_transfer_GB,
        price_per_vcpu_month, price_per_ram_GB_month, price_per_disk_GB_month, dominated_by, dominated_elsewhere.
        [currency/month]

    Raises
    ------
    SchemaError
        A frame is not its table.
    """
    TABLES["packages"].check(packages)
    TABLES["locations"].check(locations)
    table = TABLES["package_catalogue"]
    if packages.empty:
        return table.frame()
    ordered = packages.sort_values("seen_on", kind="stable")
    newest = ordered.drop_duplicates(KEY, keep="last").sort_values(KEY, ignore_index=True)
    names = locations.sort_values("seen_on", kind="stable").drop_duplicates(["account", "location_id"], keep="last")
    offers = newest.drop(columns="seen_on").merge(
        names.drop(columns="seen_on"), on=["account", "location_id"], how="left", validate="many_to_one"
    )
    span = ordered.groupby(KEY)["seen_on"].agg(["min", "max"]).reset_index()
    offers = offers.assign(since_max=span["min"], until_min=span["max"], resized_on=_resized(ordered, offers))
    offers = _bounded(offers, syncs)
    offers = _priced(offers, prices, packages["seen_on"].max() if on is None else on)
    return table.cast(_compared(offers))


def fitting_packages(
    catalogue: pd.DataFrame,
    *,
    vcpus: float = 0,
    ram_GB: float = 0,
    disk_GB: float = 0,
    account: str = "",
    location: str = "",
) -> pd.DataFrame:
    """The packages on offer that suffice, the cheapest first.

    Parameters
    ----------
    catalogue
        Table ``package_catalogue``.
    vcpus, ram_GB, disk_GB
        What is needed at least.
    account, location
        Only there; empty for all.

    Returns
    -------
    DataFrame
        Rows of ``package_catalogue`` by price, of one price the larger first; those without a price stand last.

    Raises
    ------
    SchemaError
        The frame is not its table.
    """
    TABLES["package_catalogue"].check(catalogue)
    needs = {"vcpus": vcpus, "ram_GB": ram_GB, "disk_GB": disk_GB}
    fits = catalogue["is_offered"].copy()
    for name, need in needs.items():
        fits &= catalogue[name] >= need
    for name, wanted in {"account": account, "location": location}.items():
        if wanted:
            fits &= (catalogue[name] == wanted).fillna(value=False)
    order = ["monthly_price", *MEASURES]
    return catalogue[fits].sort_values(order, ascending=[True, False, False, False], ignore_index=True, kind="stable")


def _resized(ordered: pd.DataFrame, offers: pd.DataFrame) -> pd.Series:
    """Find the day from which each has its newest size; missing for those that never had another."""
    before = ordered.groupby(KEY)[list(MEASURES)].shift()
    is_same = pd.Series(True, index=ordered.index)
    for name in MEASURES:
        is_same &= (ordered[name] == before[name]) | (ordered[name].isna() & before[name].isna())
    is_first = ~ordered.duplicated(KEY)
    changed = ordered[~is_same & ~is_first].drop_duplicates(KEY, keep="last")
    found = offers[KEY].merge(changed[[*KEY, "seen_on"]], on=KEY, how="left", validate="one_to_one")
    return found["seen_on"]


def _bounded(offers: pd.DataFrame, syncs: pd.DataFrame | None) -> pd.DataFrame:
    """Tell between which looks each package came, and between which it went."""
    never = pd.Series(pd.NaT, index=offers.index, dtype="datetime64[us]")
    bounded = offers.assign(since_min=never, until_max=never)
    for account, mine in () if syncs is None else TABLES["syncs"].check(syncs).groupby("account"):
        looks = pd.Series(Inventories.of(mine).catalogues.astype("datetime64[D]").astype("datetime64[us]"))
        rows = bounded["account"] == account
        before = np.searchsorted(looks, bounded.loc[rows, "since_max"], side="left") - 1
        after = np.searchsorted(looks, bounded.loc[rows, "until_min"], side="right")
        nothing = pd.concat([looks, pd.Series([pd.NaT])], ignore_index=True)
        bounded.loc[rows, "since_min"] = nothing.iloc[before].to_numpy()
        is_gone = len(looks) - after >= ABSENCES
        bounded.loc[rows, "until_max"] = nothing.iloc[np.where(is_gone, after, -1)].to_numpy()
    return bounded.assign(is_offered=bounded["until_max"].isna())


def _priced(offers: pd.DataFrame, prices: Prices | None, on: pd.Timestamp) -> pd.DataFrame:
    line = np.full(len(offers), -1) if prices is None else prices.lines(offers.assign(date=on))
    lines = () if prices is None else prices.prices
    price = np.array([each.monthly_price for each in lines] + [np.nan])[line]
    included = np.array([each.included_transfer_GB for each in lines] + [np.nan])[line]
    per = {name: price / offers[measure].where(offers[measure] > 0) for name, measure in PER.items()}
    return offers.assign(monthly_price=price, included_transfer_GB=included, **per)


def _compared(offers: pd.DataFrame) -> pd.DataFrame:
    """Name for each package on offer the cheapest one that dominates it, at the same place and elsewhere."""
    here = np.full(len(offers), None, dtype="object")
    elsewhere = here.copy()
    is_compared = offers["is_offered"] & offers[[*MEASURES, "monthly_price"]].notna().all(axis=1)
    for _, mine in offers[is_compared].groupby("account"):
        gives = mine[list(MEASURES)].assign(saved=-mine["monthly_price"]).to_numpy("float64")
        no_less = np.all(gives[:, None, :] >= gives[None, :, :], axis=2)
        dominates = np.asarray(no_less & ~no_less.T)
        for place, row in enumerate(mine.index):
            better = mine[dominates[:, place]].sort_values("monthly_price", kind="stable")
            is_here = better["location_id"] == mine["location_id"].iloc[place]
            if is_here.any():
                here[row] = better.loc[is_here, "package"].iloc[0]
            if (~is_here).any():
                best = better[~is_here].iloc[0]
                elsewhere[row] = f"{best['package']} in {best['location']}"
    return offers.assign(dominated_by=here, dominated_elsewhere=elsewhere)
