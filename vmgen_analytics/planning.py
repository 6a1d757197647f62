"""Everything that capacity stands on, read once: lives, days, what is on offer, prices and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.capacity import Limit, package_catalogue, placed
from vmgen_analytics.cost import PriceBook
from vmgen_analytics.fleet import lifetimes, read_vm_locations, vm_days
from vmgen_analytics.transfer import TransferPolicy

if TYPE_CHECKING:
    from vmgen_analytics.archive import Archive
    from vmgen_analytics.settings import Settings


@dataclass(frozen=True)
class Planning:
    """The tables of a whole archive.

    Attributes
    ----------
    days, syncs
        Tables ``vm_days`` and ``syncs``.
    lifetimes
        Table ``lifetimes``, with the location and the size that each machine had last.
    catalogue
        Table ``package_catalogue``, with prices if there are any.
    prices
        The price book, None without one.
    policies
        The transfer policies, None without any: then the price book tells what is included.
    limits
        The limits that the user set.
    """

    days: pd.DataFrame
    syncs: pd.DataFrame
    lifetimes: pd.DataFrame
    catalogue: pd.DataFrame
    prices: PriceBook | None
    policies: tuple[TransferPolicy, ...] | None
    limits: tuple[Limit, ...]


def read_planning(archive: Archive, settings: Settings) -> Planning:
    """Read the tables of an archive as the settings say: locations, prices, transfer policies, limits.

    Parameters
    ----------
    archive
        The history.
    settings
        Names the files.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    SettingsError, PriceError
        What the settings name cannot be used.
    """
    mapping = read_vm_locations(settings.vm_locations) if settings.vm_locations else ()
    prices = PriceBook.read(settings.prices, settings.currency) if settings.prices else None
    policies = TransferPolicy.read(settings.transfer_policy) if settings.transfer_policy else None
    limits = Limit.read(settings.limits) if settings.limits else ()
    months, syncs = archive.months(), archive.read("syncs")
    first, last = (months[0], months[-1] + 1) if months else (pd.Period("1970-01", "M"),) * 2
    days = vm_days(archive, first.to_timestamp(), last.to_timestamp(), vm_locations=mapping)
    return Planning(
        days=days,
        syncs=syncs,
        lifetimes=placed(lifetimes(archive), days),
        catalogue=package_catalogue(archive.history("packages"), archive.history("locations"), prices, syncs=syncs),
        prices=prices,
        policies=policies,
        limits=limits,
    )
