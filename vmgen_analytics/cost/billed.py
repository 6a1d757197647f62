"""Which months of each account an invoice bills: what none bills is unknown, and not nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from vmgen_analytics.cost.kinds import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class BilledMonths:
    """The months of each account that an invoice bills; the months before its first one cost nothing."""

    billed: pd.MultiIndex
    first: Mapping[str, int]

    @classmethod
    def of(cls, costs: pd.DataFrame) -> Self:
        """Look up what is billed; corrections of other months bill nothing.

        Parameters
        ----------
        costs
            Table ``allocated_costs``.
        """
        own = costs["corrects"].isna()
        _, found = kinds(costs if own.all() else costs[own], ["account", "month"])
        oldest = found.sort_values("month").drop_duplicates("account")
        first = {str(name): month.ordinal for name, month in zip(oldest["account"], oldest["month"], strict=True)}
        return cls(pd.MultiIndex.from_frame(found), first)

    def tells(self, accounts: pd.Series, months: pd.Series) -> Marks:
        """Tell of which months it is known what the accounts cost."""
        is_billed = pd.MultiIndex.from_arrays([accounts, months]).isin(self.billed)
        first = np.array([self.first.get(str(account), -np.inf) for account in accounts])
        is_before = pd.PeriodIndex(months).asi8 < first
        known: Marks = is_billed | is_before
        return known

    def lacking(self, month: pd.Period) -> list[str]:
        """Name the accounts that had an invoice for the month before, and have none for a month."""
        now, before = ({account for account, billed in self.billed if billed == each} for each in (month, month - 1))
        return sorted(before - now)

    def unknown(self, costs: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
        """List the groups of a month that have a part in an account that is not billed in it, or not before.

        Parameters
        ----------
        costs
            Table ``allocated_costs``.
        key
            month, and the columns of the grouping.

        Returns
        -------
        DataFrame
            The key, and ``is_unbilled``: whether it is the month itself that is not billed.
        """
        _, parts = kinds(costs, list(dict.fromkeys([*key, "account"])))
        both = pd.concat([parts, parts.assign(month=parts["month"] + 1)], ignore_index=True)
        now, before = (self.tells(both["account"], both["month"] - back) for back in (0, 1))
        lacking = both[list(key)].assign(is_unbilled=~now)[~(now & before)]
        return lacking.groupby(list(key), dropna=False)["is_unbilled"].any().reset_index()
