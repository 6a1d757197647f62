"""Possible futures of a fleet: births and deaths drawn many times, as often as they were seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmgen_analytics.capacity.machines import DAYS_PER_MONTH
from vmgen_analytics.capacity.poisson import dispersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    Amounts = NDArray[np.float64]

LEAST_DAYS = 90
"""Days of observation without which no date is told."""
LEAST_BIRTHS = 5
PATHS = 1_000
CLASSES = 12
"""More sizes than these are put together with their neighbours."""
BLOCK_D = 30
"""Where births come in batches, some months bring more than others: so long does a month's own rate last."""


@dataclass(frozen=True)
class Past:
    """What was seen of the machines of one account, or of some of them.

    Attributes
    ----------
    days
        Days of observation.
    births, deaths
        Their numbers.
    vm_days
        Days on which a VM existed, over all of them.
    birth_dispersion
        1 where births come one by one, more where they come in batches.
    sizes
        Each size that there is, in the measure; 1 for VMs.
    alive, born
        VMs of each size that exist, and that were born while observed.
    """

    days: int
    births: int
    deaths: int
    vm_days: float
    birth_dispersion: float
    sizes: Amounts
    alive: Amounts
    born: Amounts

    @classmethod
    def of(cls, machines: pd.DataFrame, measure: str) -> Past:
        """Sum up the machines of one account.

        Parameters
        ----------
        machines
            As `observed_machines` returns them; some may have an unknown size, and are left out of the sizes.
        measure
            vms, vcpus, ram_GB or disk_GB.
        """
        first, last = machines["observed_from"].iloc[0], machines["observed_to"].iloc[0]
        is_birth, is_alive = machines["is_birth"].to_numpy(), machines["left_on"].isna().to_numpy()
        lived = machines["left_on"].fillna(last) - machines["entered_on"]
        born_on = (machines.loc[is_birth, "entered_on"] - first).dt.days.to_numpy()
        days = int((last - first).days) + 1
        edges = np.append(np.arange(0, days, DAYS_PER_MONTH), days)
        counts = np.histogram(born_on, edges)[0].astype("float64")
        sizes = np.ones(len(machines)) if measure == "vms" else machines[measure].to_numpy("float64")
        classes, number = _classes(sizes)
        return cls(
            days=days,
            births=int(is_birth.sum()),
            deaths=int((~is_alive).sum()),
            vm_days=float(lived.dt.days.sum() + len(machines)),
            birth_dispersion=dispersion(counts, np.diff(edges)),
            sizes=classes,
            alive=np.bincount(number[(number >= 0) & is_alive], minlength=len(classes)).astype("float64"),
            born=np.bincount(number[(number >= 0) & is_birth], minlength=len(classes)).astype("float64"),
        )


def _classes(sizes: Amounts) -> tuple[Amounts, NDArray[np.int64]]:
    """Number the sizes; of many, neighbours share a number and their mean. Unknown ones are -1."""
    known = ~np.isnan(sizes)
    found = np.unique(sizes[known])
    if len(found) > CLASSES:
        edges = np.unique(np.quantile(sizes[known], np.linspace(0, 1, CLASSES + 1)[1:-1]))
        number = np.searchsorted(edges, sizes, side="right")
        found = np.array([sizes[known & (number == each)].mean() for each in np.unique(number[known])])
        number = np.searchsorted(np.unique(number[known]), number)
    else:
        number = np.searchsorted(found, sizes)
    return found, np.where(known, number, -1)


def futures(pasts: Sequence[Past], horizon_d: int, *, paths: int = PATHS, seed: int = 0) -> tuple[Amounts, Amounts]:
    """Draw what a measure may be on each day to come.

    In each path the rate of births and the hazard of death are drawn from what the counts leave possible (a gamma
    distribution with Jeffreys' prior); then births come as Poisson numbers, and each VM dies with the same hazard.
    Where births came in batches, months differ from each other as much as they did. The sizes of the new VMs are those
    of the VMs that were born. Resizes are left out.

    Parameters
    ----------
    pasts
        One an account.
    horizon_d
        So many days.
    paths
        How many futures.
    seed
        Of the chance.

    Returns
    -------
    ndarray, ndarray
        The measure by day, from today on, and path, of shape (horizon_d + 1, paths); and its drift per month by path.
    """
    chance = np.random.default_rng(seed)
    totals, drifts = np.zeros((horizon_d + 1, paths)), np.zeros(paths)
    for past in pasts:
        total, drift = _futures(past, horizon_d, paths, chance)
        totals += total
        drifts += drift
    return totals, drifts


def _futures(past: Past, horizon_d: int, paths: int, chance: np.random.Generator) -> tuple[Amounts, Amounts]:
    clumps = past.birth_dispersion
    rate = chance.gamma((past.births + 0.5) / clumps, clumps / past.days, paths)
    hazard = chance.gamma(past.deaths + 0.5, 1 / max(past.vm_days, 1.0), paths)
    hazard = np.minimum(hazard, 1.0)
    mix = past.born + (past.alive + 1e-9) / (past.alive + 1e-9).sum()  # the fleet counts as one more birth
    shares = chance.dirichlet(mix, paths)
    counts = np.broadcast_to(past.alive, (paths, len(past.sizes))).astype("int64")
    totals = np.empty((horizon_d + 1, paths))
    totals[0] = counts @ past.sizes
    drift = (rate * (shares @ past.sizes) - hazard * totals[0]) * DAYS_PER_MONTH
    own = np.ones(paths)
    for day in range(1, horizon_d + 1):
        if clumps > 1 and day % BLOCK_D == 1:
            shape = np.maximum(rate * BLOCK_D / (clumps - 1), 1e-6)
            own = chance.gamma(shape, 1 / shape)
        deaths = chance.binomial(counts, hazard[:, None])
        counts = counts - deaths + chance.poisson((rate * own)[:, None] * shares)
        totals[day] = counts @ past.sizes
    return totals, drift
