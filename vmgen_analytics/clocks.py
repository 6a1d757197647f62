"""By which clock a sync is filed: the provider's, as long as this machine's does not say something else altogether."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd

from vmgen_analytics.errors import ClockError, UnexpectedDataWarning
from vmgen_analytics.zones import recorded_zone

if TYPE_CHECKING:
    from vmgen_analytics.api import Client
    from vmgen_analytics.archive import Archive

WARNED, REFUSED = pd.Timedelta(hours=1), pd.Timedelta(days=1)
"""How far the provider's clock may be from this machine's without a word, and at all."""


def is_refused(client: Client) -> bool:
    """Tell whether the provider's clock is so far from this machine's that one of them must be wrong."""
    return bool(abs(pd.Timedelta(client.clock.ahead)) > REFUSED)


def check_clock(client: Client) -> None:
    """Refuse to file days by a clock that is a day or more from this machine's; warn where it is an hour or more.

    A simulated provider, on this machine, may have any clock.

    Parameters
    ----------
    client
        After its first answers.

    Raises
    ------
    ClockError
        One of the two must be wrong.
    """
    ahead = pd.Timedelta(client.clock.ahead)
    if abs(ahead) <= WARNED:
        return
    theirs = pd.Timestamp(client.now())
    said = f"the provider says that it is {theirs:%Y-%m-%d %H:%M} UTC, this machine {theirs - ahead:%Y-%m-%d %H:%M}"
    if abs(ahead) > REFUSED:
        raise ClockError(
            f"{said}: days would be filed wrongly, and nothing was stored; set this machine's clock, or, if it is "
            "right, sync again when the provider's is"
        )
    warnings.warn(
        f"{said}; days are filed by the provider's clock: set this machine's, by which syncs are scheduled",
        UnexpectedDataWarning,
        stacklevel=2,
    )


def check_zone(client: Client, archive: Archive) -> None:
    """Warn where days were kept in another time zone until now: months turn at other moments, and days are others.

    Parameters
    ----------
    client
        Whose zone it is.
    archive
        With what the account's last syncs logged.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    account, zone = client.account_name, client.zone.key
    months = archive.months("syncs", account=account)
    before = recorded_zone(archive.read("syncs", str(months[-1]), account=account)) if months else None
    if before is None or before == zone:
        return
    warnings.warn(
        f"the days of account {account} were kept in the time zone {before}, and from this sync on are in {zone}: if "
        "that is not meant, put time_zone in the settings right",
        UnexpectedDataWarning,
        stacklevel=2,
    )


def sure_now(client: Client, archive: Archive) -> pd.Timestamp:
    """Tell when to log a sync that brought nothing: where two clocks disagree, by the earlier one.

    A line in the future would let VMs live until then. It is after all that is logged, to be seen as the newest.

    Parameters
    ----------
    client
        Whose clock it is.
    archive
        With a log of syncs of the account.

    Raises
    ------
    ArchiveError
        The archive cannot be read.
    """
    now, ahead = pd.Timestamp(client.now()), pd.Timedelta(client.clock.ahead)
    if abs(ahead) <= REFUSED:
        return now
    logged = archive.history("syncs", account=client.account_name)["ended_at"].max()
    return pd.Timestamp(max(min(now, now - ahead), logged + pd.Timedelta(seconds=1)))
