"""What traffic beyond the quotas will have cost when a month ends, as it looks on one of its days."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from vmgen_analytics.cost.overage import overage_costs
from vmgen_analytics.schema import MACHINE, machine_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vmgen_analytics.cost.prices import PriceBook
    from vmgen_analytics.transfer import TransferPolicy

USUAL_DAYS = 28
"""A VM is expected to go on with the mean of its last known days, so many at most."""

TRAFFIC = ["in_MB", "out_MB"]
COLUMNS = [*MACHINE, "date", "package", "location", *TRAFFIC]


@dataclass(frozen=True)
class ExpectedOverage:
    """The traffic of some accounts, and what is charged for it beyond the quotas."""

    months: Mapping[pd.Period, pd.DataFrame]
    policies: Sequence[TransferPolicy]
    prices: PriceBook | None
    _known: dict[tuple[pd.Period, int], float] = field(default_factory=dict)

    @classmethod
    def of(cls, days: pd.DataFrame, policies: Sequence[TransferPolicy], prices: PriceBook | None) -> Self:
        """Take the VM-days month by month.

        Parameters
        ----------
        days
            Table ``vm_days``.
        policies
            Transfer policies; without any, nothing is charged.
        prices
            For what the policies take from the price book.
        """
        if not policies:
            return cls({}, (), prices)
        parts = days[[name for name in COLUMNS if name in days]].groupby(days["date"].dt.to_period("M"))
        return cls({pd.Period(str(month), "M"): part for month, part in parts}, policies, prices)

    def whole(self, month: pd.Period) -> float:
        """What was charged for a month that is over; 0 where that is not known."""
        return self._remembered(month, 0)

    def on(self, month: pd.Period, day: int) -> float:
        """What a month was to be charged by its end, by what was known on a day: that day's own traffic was not.

        Parameters
        ----------
        month
            The month.
        day
            Its day, from 1 on; in a shorter month its last one.
        """
        return self._remembered(month, min(day, month.days_in_month))

    def _remembered(self, month: pd.Period, day: int) -> float:
        if month not in self.months:
            return 0.0
        if (month, day) not in self._known:
            rows = self._carried(month, day) if day else self.months[month]
            self._known[month, day] = float(np.nansum(overage_costs(rows, self.policies, self.prices)))
        return self._known[month, day]

    def _carried(self, month: pd.Period, day: int) -> pd.DataFrame:
        """Let the VMs of a day run on until the end of the month, with their usual traffic from that day on."""
        today, mine = month.to_timestamp() + pd.Timedelta(days=day - 1), self.months[month]
        before = pd.concat([self.months[each] for each in (month - 1, month) if each in self.months])
        recent = before[(before["date"] < today) & (before["date"] >= today - pd.Timedelta(days=USUAL_DAYS))]
        running = mine[mine["date"] == mine.loc[mine["date"] <= today, "date"].max()]
        machine = machine_key(mine)
        usual = running[machine].join(recent.groupby(machine)[TRAFFIC].mean(), on=machine)
        running = running.assign(**{name: usual[name].fillna(running[name]) for name in TRAFFIC})
        dates = pd.date_range(today, periods=month.days_in_month - day + 1).as_unit("us")
        to_come: pd.DataFrame = running.take(np.repeat(np.arange(len(running)), len(dates)))
        to_come = to_come.assign(date=np.tile(dates.to_numpy(), len(running)))
        return pd.concat([mine[mine["date"] < today], to_come], ignore_index=True)
