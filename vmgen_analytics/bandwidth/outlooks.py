"""What a month holds for quotas: the traffic that counts for each, forecast to the month's end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.forecast import DailySeries, MonthEnd, Spans, month_end
from vmgen_analytics.forecast.expectation import LEAST_DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.bandwidth.pools import Pools
    from vmgen_analytics.transfer import TransferPolicy

    Numbers = NDArray[np.float64]
    Days = NDArray[np.datetime64]

COUNTED = {
    "out": (("out_MB",),),
    "in": (("in_MB",),),
    "sum": (("in_MB", "out_MB"),),
    "max": (("in_MB",), ("out_MB",)),
}
"""What is added up for a direction; of the larger of two, each is forecast."""

GONE = "nothing more is to come, as none of its VMs is there any more"
UNKNOWN = f"a forecast needs {LEAST_DAYS} final days, and none is known"
LEVELS = (0.1, 0.5, 0.9, 0.975)


@dataclass(frozen=True)
class Outlook:
    """What the month holds for a pool, in MB of the usage tables.

    Attributes
    ----------
    pool, policy
        A row of `Pools.about`, and what holds for it.
    used
        All that was reported.
    totals
        Quantiles of the month's total at `LEVELS`; missing where nothing can be told.
    chance
        That it ends beyond the quota.
    dates
        Days on which the quota is passed: as expected, early and late; missing where the month ends before.
    days
        How many are known, and how many estimated.
    why
        Why nothing is forecast, or what to know of the forecast; empty for most.
    """

    pool: pd.Series
    policy: TransferPolicy
    used: float
    totals: Numbers
    chance: float
    dates: tuple[pd.Timestamp, ...]
    days: tuple[int, int]
    why: str


def outlooks(found: Pools, policies: Sequence[TransferPolicy], today: pd.Timestamp, spans: Spans) -> list[Outlook]:
    """Forecast the month of each pool.

    Parameters
    ----------
    found
        The pools.
    policies
        By which they were found.
    today
        The day that is not over.
    spans
        How far forecasts stray.
    """
    mine = [policies[number] for number in found.about["policy"].tolist()]
    counted = [(pool, names) for pool, policy in enumerate(mine) for names in COUNTED[policy.direction]]
    pool_of = np.array([pool for pool, _ in counted])
    known = DailySeries(found.first_day, _stacked(found.known, counted))
    end = month_end(known, f"{today:%Y-%m}", spans=spans)
    quotas = found.about["quota_GB"].to_numpy() * np.array([policy.MB_per_GB for policy in mine])
    reported, gone = _stacked(found.reported, counted), _stacked(found.gone, counted)
    is_living = found.about["is_living"].to_numpy()[pool_of]
    rows = _Rows.of(end, reported, gone, quotas[pool_of], is_living)
    return [
        rows.outlook(np.flatnonzero(pool_of == pool), found.about.iloc[pool], policy)
        for pool, policy in enumerate(mine)
    ]


@dataclass(frozen=True)
class _Rows:
    """What is forecast for each series; a pool has one or two of them."""

    end: MonthEnd
    used: Numbers
    totals: Numbers
    chances: Numbers
    dates: tuple[Days, ...]
    why: tuple[str, ...]
    is_living: NDArray[np.bool_]

    @classmethod
    def of(
        cls, end: MonthEnd, reported: Numbers, gone: Numbers, limits: Numbers, is_living: NDArray[np.bool_]
    ) -> _Rows:
        excess = _excess(end, reported) + gone.sum(axis=1)
        reported = reported + gone
        used = reported.sum(axis=1)
        totals = np.stack([end.until(level)[:, -1] for level in LEVELS], axis=1)
        totals[:, 1] = end.expected  # also where there is no interval
        totals[~is_living] = 0
        is_blank = is_living & (end.known == 0) & (end.days_estimated == 0)  # no day of theirs was ever known
        totals[is_blank] = np.nan
        rest = np.maximum(np.nan_to_num(limits) - excess, 0.0)
        is_over = used > limits
        first = end.month.astype("datetime64[D]")
        passed = first + np.argmax(np.cumsum(reported, axis=1) > limits[:, None], axis=1)
        to_come = np.where(is_blank, np.nan, np.where(is_living, end.chance_over(rest), 0.0))
        dates = [np.where(is_living, end.passes(rest, level), np.datetime64("NaT")) for level in (0.5, 0.9, 0.1)]
        return cls(
            end,
            used,
            np.maximum(totals + excess[:, None], used[:, None]),
            np.where(is_over, 1.0, to_come),
            tuple(np.where(is_over, passed, each) for each in dates),
            tuple(
                (refusal or note or (UNKNOWN if blank else "")) if living else GONE
                for refusal, note, blank, living in zip(end.refusals, end.notes, is_blank, is_living, strict=True)
            ),
            is_living,
        )

    def outlook(self, rows: NDArray[np.int64], pool: pd.Series, policy: TransferPolicy) -> Outlook:
        """Put the series of a pool together: of two, the larger counts, and they are taken to be large together."""
        main = int(rows[np.argmax(np.nan_to_num(self.totals[rows, 1]))])
        return Outlook(
            pool=pool,
            policy=policy,
            used=float(self.used[rows].max()),
            totals=np.fmax.reduce(self.totals[rows]),
            chance=float(np.fmax.reduce(self.chances[rows])),
            dates=tuple(pd.Timestamp(np.fmin.reduce(each[rows])) for each in self.dates),
            days=(int(self.end.days_known[main]), int(self.end.days_estimated[main] * self.is_living[main])),
            why=self.why[main],
        )


def _stacked(of: Mapping[str, Numbers], counted: Sequence[tuple[int, tuple[str, ...]]]) -> Numbers:
    rows: Numbers = np.array([np.sum([of[name][pool] for name in names], axis=0) for pool, names in counted])
    return rows


def _excess(end: MonthEnd, reported: Numbers) -> Numbers:
    """What days that are not known have already brought beyond their usual."""
    usual = np.nan_to_num(np.diff(end.until(0.5), axis=1, prepend=0.0))
    beyond: Numbers = np.where(np.isnan(end.values), np.maximum(reported - usual, 0), 0).sum(axis=1)
    return beyond
