"""How large a package is, there and then; without a location only if all locations agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.fleet.evidence import spelled
from vmgen_analytics.fleet.newest import newest_until

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Amounts = NDArray[np.float64]

MEASURES = ("vcpus", "ram_GB", "disk_GB")


class Sizes:
    """The packages of an account, with their sizes since each day.

    Parameters
    ----------
    packages
        Table ``packages``, all observations of one account.
    """

    def __init__(self, packages: pd.DataFrame) -> None:
        ordered = packages.sort_values(["location_id", "package", "seen_on"])
        days = ordered["seen_on"].to_numpy().astype("datetime64[D]").astype("int64")
        measures = ordered[list(MEASURES)].to_numpy(dtype="float64")
        names = {name: spelled(name) for name in ordered["package"].unique()}
        keys = ordered["location_id"].astype("str") + "/" + ordered["package"].map(names)
        self._offers: dict[str, dict[int, tuple[Numbers, Amounts]]] = {}
        for rows in keys.groupby(keys, sort=False).indices.values():
            first = ordered.iloc[rows[0]]
            self._offers.setdefault(names[first["package"]], {})[int(first["location_id"])] = days[rows], measures[rows]

    def on(self, package: str, ids: frozenset[int], days: Numbers) -> Amounts:
        """Look up the size of a package on days.

        Parameters
        ----------
        package
            Its name.
        ids
            Where the VM may stand; nothing for anywhere.
        days
            Numbered from 1970 on.

        Returns
        -------
        ndarray
            vCPU, GB of memory and of disk of each day; not a number where they are unknown or differ.
        """
        offers = self._offers.get(spelled(package), {})
        found = [
            sizes[newest_until(np.zeros(len(since), dtype="int64"), since, np.zeros(len(days), dtype="int64"), days)]
            for number, (since, sizes) in offers.items()
            if number in ids or not ids
        ]
        if not found:
            return np.full((len(days), len(MEASURES)), np.nan)
        same = np.all([each == found[0] for each in found], axis=0)
        return np.where(same, found[0], np.nan)
