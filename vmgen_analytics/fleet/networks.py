"""Which VMs share a public gateway and network: neighbours stand in one place."""

from __future__ import annotations

import ipaddress
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from vmgen_analytics.fleet.coded import Coded
from vmgen_analytics.fleet.evidence import DIRECT, Evidence
from vmgen_analytics.fleet.histories import keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.fleet.evidence import Verdict
    from vmgen_analytics.fleet.lives import Lives

    Network = tuple[str, str]

IPV6_PREFIX = 64
PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
         "224.0.0.0/3", "::/8", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)  # fmt: skip
"""Addresses that repeat from place to place, or are none."""
WIDEST = 16
"""A network of a shorter prefix is a slip of the pen, not a place."""


def networks(rows: pa.Table | None, lives: Lives) -> list[set[Network]]:
    """Tell the public networks of each machine, as gateway and network.

    Parameters
    ----------
    rows
        Table ``networking`` of one account: vm_id, seen_on, ip, gateway, netmask, texts as dictionaries.
    lives
        The machines.
    """
    found: list[set[Network]] = [set() for _ in lives.vm_id]
    if rows is None or not len(rows):
        return found
    ids, days = keys_of(rows, "seen_on")
    texts = [Coded.of_column(rows[name]) for name in ("ip", "gateway", "netmask")]
    at = lives.of(ids, days)
    same = pd.DataFrame({"life": at, **{str(place): text.codes for place, text in enumerate(texts)}})
    for row in np.flatnonzero(~same.duplicated().to_numpy() & (at >= 0)):
        network = network_of(*(text.word(int(row)) or "" for text in texts))
        if network:
            found[at[row]].add(network)
    return found


@lru_cache(maxsize=1 << 16)
def network_of(ip: str, gateway: str, netmask: str) -> Network | None:
    """Name the network of an address by its gateway; None if it is none, or a private one that repeats elsewhere.

    Examples
    --------
    >>> network_of("198.18.0.7", "198.18.0.1", "255.255.255.0")
    ('198.18.0.1', '198.18.0.0/24')
    >>> network_of("10.0.0.7", "10.0.0.1", "255.255.255.0")
    """
    try:
        router = ipaddress.ip_address(gateway.strip())
        prefix = IPV6_PREFIX if router.version == 6 else netmask.strip().lstrip("/")
        network = ipaddress.ip_interface(f"{ip.strip()}/{prefix}").network
    except ValueError:
        return None
    if network.version != router.version or network.prefixlen < WIDEST:
        return None
    if any(router in private or network.network_address in private for private in PRIVATE):
        return None
    return str(router), str(network)


def neighbours(mine: Sequence[set[Network]], known: Sequence[Verdict]) -> Mapping[int, Evidence]:
    """Tell where machines stand by others in their network that are known directly: one hop, no chains.

    Parameters
    ----------
    mine
        The networks of each machine.
    known
        What direct evidence tells of each machine.

    Returns
    -------
    Mapping
        Evidence by machine; none where its neighbours do not agree.
    """
    standing: dict[Network, Counter[tuple[str, frozenset[int]]]] = {}
    for nets, verdict in zip(mine, known, strict=True):
        if verdict.location is not None and verdict.source in DIRECT:
            for net in nets:
                standing.setdefault(net, Counter())[verdict.location, verdict.ids] += 1
    found = {}
    for life, (nets, verdict) in enumerate(zip(mine, known, strict=True)):
        witnesses = 0
        votes: set[tuple[str, frozenset[int]]] = set()
        for net in nets:
            there = Counter(standing.get(net, ()))
            if verdict.location is not None and verdict.source in DIRECT:
                there[verdict.location, verdict.ids] -= 1  # nobody is a witness of himself
            votes |= set(+there)
            witnesses = max(witnesses, (+there).total())
        places = {location for location, _ in votes}
        if len(places) == 1:
            (place,) = places
            ids = frozenset.intersection(*(ids for _, ids in votes)) or frozenset().union(*(ids for _, ids in votes))
            told = f"gateway {' and '.join(sorted(gateway for gateway, _ in nets))}, beside {witnesses} known there"
            found[life] = Evidence("same_gateway", place, ids, 0.95 if witnesses > 1 else 0.90, told)
    return found
