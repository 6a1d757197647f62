"""By what an invoice is divided: one number a VM-day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.cost.prices import unpriced
from vmgen_analytics.errors import AllocationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HOURS_PER_DAY = 24.0
"""Hours of existence of a VM-day, whether the VM was on or off."""

KEYS = ("price_book", "package_weight", "bandwidth", "hours", "even")


def key_values(
    days: pd.DataFrame, listed: pd.Series | None, key: str | None, weights: Mapping[str, float]
) -> tuple[str, NDArray[np.float64]]:
    """The amount of the key that each VM-day has, and which key it is.

    Without a key, the best that the data allows: ``price_book`` if every VM-day has a price, else
    ``package_weight`` if every VM-day has a size, else ``even``.

    Parameters
    ----------
    days
        Table ``vm_days``.
    listed
        Their list costs where there is a price book, row by row.
    key
        One of price_book, package_weight, bandwidth, hours, even; None to choose.
    weights
        Weight of a vCPU, a GB of RAM and a GB of disk, by the names of their columns.

    Raises
    ------
    AllocationError
        The key is unknown, or a VM-day has no amount of it; the message names what is missing.
    """
    if key is not None and key not in KEYS:
        raise AllocationError(f"no allocation key {key!r}; there are {', '.join(KEYS)}")
    if key == "price_book" or (key is None and listed is not None and listed.notna().all()):
        return "price_book", _priced(days, listed)
    if key == "package_weight" or (key is None and days[list(weights)].notna().to_numpy().all()):
        return "package_weight", _weighed(days, weights)
    if key == "bandwidth":
        return "bandwidth", days[["in_MB", "out_MB"]].sum(axis=1, min_count=0).to_numpy()
    if key == "hours":
        return "hours", np.full(len(days), HOURS_PER_DAY)
    return "even", np.ones(len(days))


def _priced(days: pd.DataFrame, listed: pd.Series | None) -> NDArray[np.float64]:
    if listed is None:
        raise AllocationError("the key price_book needs a price book: set prices, or choose package_weight")
    if listed.isna().any():
        raise AllocationError(
            f"no price for {', '.join(unpriced(days, listed))}; add lines to the price book, or choose package_weight"
        )
    return listed.to_numpy()


def _weighed(days: pd.DataFrame, weights: Mapping[str, float]) -> NDArray[np.float64]:
    sizes = days[list(weights)]
    if sizes.isna().to_numpy().any():
        unsized = days.loc[sizes.isna().any(axis=1), "vm_name"].unique()
        names = ", ".join("(unnamed)" if pd.isna(name) else str(name) for name in unsized[:5])
        raise AllocationError(f"no size for {names}; give their location in vm_locations, or choose even")
    weighed: NDArray[np.float64] = sizes.to_numpy() @ np.array(list(weights.values()))
    return weighed
