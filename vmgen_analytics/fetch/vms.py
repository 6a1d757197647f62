"""The inventory: which VMs there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vmgen_analytics.api import operations
from vmgen_analytics.fetch.asking import today, whole
from vmgen_analytics.fetch.tidy import Batch, Fetched, tidy
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from vmgen_analytics.api import Client


LONGEST = 100
"""An uptime of more letters is none."""


def fetch_vms(client: Client) -> pd.DataFrame:
    """Fetch the VMs of the account as they are now.

    Parameters
    ----------
    client
        Whom to ask.

    Returns
    -------
    DataFrame
        Table ``vms``: account, vm_id, seen_on, vm_name, fqdn, state, uptime, uptime_h, ipv4, ipv6, package,
        seen_at. [h]

    Raises
    ------
    VMgenError
        The provider did not answer as it documents.
    """
    return whole(read_vms(client))


def read_vms(client: Client) -> Fetched:
    """Fetch the VMs, with what could not be read of them beside them."""
    records = client.vms()
    stamps = {"account": client.account_name, "seen_at": client.now(), "seen_on": today(client)}
    frame, failures = tidy(TABLES["vms"], operations.VMS, [Batch({}, records)], **stamps)
    frame["uptime_h"] = frame["uptime"].map(uptime_h).astype("float64")
    return Fetched(frame, failures)


def uptime_h(uptime: object) -> float | None:
    """Read the provider's free text for an uptime, as "12 days 03:04:05" or "3d 4h"; None where it cannot be.

    Examples
    --------
    >>> uptime_h("1 day 12:30:00")
    36.5
    """
    if not isinstance(uptime, str):
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", uptime.lower())
    clock = re.search(r"(\d+):(\d\d)(?::(\d\d))?", uptime)
    if any(unit not in _HOURS for _, unit in parts) or len(uptime) > LONGEST:
        return None
    hours = sum(float(amount) * _HOURS[unit] for amount, unit in parts)
    if clock:
        hours += int(clock[1]) + int(clock[2]) / 60 + int(clock[3] or 0) / 3600
    return hours if parts or clock else None


_UNITS = {
    168.0: "w week weeks",
    24.0: "d day days",
    1.0: "h hr hrs hour hours",
    1 / 60: "m min mins minute minutes",
    1 / 3600: "s sec secs second seconds",
}
_HOURS = {word: hours for hours, words in _UNITS.items() for word in words.split()}
