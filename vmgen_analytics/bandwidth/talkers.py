"""Who moves the most, how that has changed, and what all others move together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from vmgen_analytics.bandwidth.comparison import compared_bandwidth
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

Way = Literal["out", "in", "sum"]
PERIOD = ["first_day", "before_first_day", "compared_days"]
SUMMED = [
    "traffic_MB",
    "days_covered",
    "days_expected",
    "before_MB",
    "before_days_covered",
    "before_days_expected",
    "base_MB",
    "change_MB",
]


def top_talkers(
    days: pd.DataFrame,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    *,
    before: str | pd.Timestamp | None = None,
    by: str | Sequence[str] = "vm_id",
    direction: Way = "out",
    n: int = 10,
) -> pd.DataFrame:
    """The groups that move the most in a period, against an earlier one on equal footing, and the rest as one row.

    It says who, and not whether that is unusual; `bandwidth_anomalies` does. Shares are of what is known: a VM whose
    reports are missing ranks lower than it should, and days_covered tells.

    Parameters
    ----------
    days
        Table ``vm_days`` that reaches over both periods, also with a column ``cost_centre``.
    start, end, before
        The period and the earlier one, as for `compared_bandwidth`: by default the newest month beside as many days of
        the month before.
    by
        Any of account, vm_id (which brings the account), package, location, continent and cost_centre.
    direction
        out, in, or sum of both.
    n
        How many to name; all others are in the last row, which is marked ``is_other``.

    Returns
    -------
    DataFrame
        Table ``top_talkers``, the first one first: rank, the grouping, is_other, groups, first_day, before_first_day,
        compared_days, traffic_MB, share, cumulative_share, days_covered, days_expected, before_MB,
        before_days_covered, before_days_expected, change_MB, change. [MB, 1] Its rows add up to the whole.

    Raises
    ------
    SchemaError
        As for `compared_bandwidth`; or there is no such direction, no grouping, or fewer than one is to be named.
    """
    if direction not in get_args(Way):
        raise SchemaError(f"no direction {direction!r}; there are {', '.join(get_args(Way))}, as others do not add up")
    if n < 1:
        raise SchemaError(f"cannot name {n} top talkers; ask for one or more")
    table = TABLES["top_talkers"]
    compared = compared_bandwidth(days, start, end, before=before, by=by)
    known = TABLES["compared_bandwidth"].groups
    groups = [name for name in known if name in compared]
    if not groups:
        raise SchemaError(f"top talkers need a grouping: {', '.join(name for name in known if name in days)}")
    rows = _directed(compared, direction).sort_values("traffic_MB", ascending=False, kind="stable", ignore_index=True)
    named, others = rows.head(n), rows.iloc[n:]
    if len(others):
        rest = others[SUMMED].sum(min_count=1).to_frame().T
        rest = rest.assign(is_other=True, groups=len(others)).join(others[PERIOD].reset_index(drop=True))
        named = pd.concat([named, rest], ignore_index=True)
    whole = named["traffic_MB"].sum()
    share = named["traffic_MB"].fillna(0) / whole if whole > 0 else pd.Series(np.nan, index=named.index)
    return table.cast(
        named.assign(
            rank=np.arange(1, len(named) + 1),
            share=share,
            cumulative_share=share.cumsum(),
            change=(named["change_MB"] / named["base_MB"]).where(named["base_MB"] > 0),
        )
    )


def _directed(compared: pd.DataFrame, direction: Way) -> pd.DataFrame:
    """The traffic that is asked for."""
    ways = ["in", "out"] if direction == "sum" else [direction]

    def total(pattern: str) -> pd.Series:
        found: pd.Series = compared[[pattern.format(way) for way in ways]].sum(axis=1, min_count=len(ways))
        return found

    return compared.assign(
        traffic_MB=total("{}_MB"),
        before_MB=total("before_{}_MB"),
        base_MB=total("{}_base_MB"),
        change_MB=total("{}_change_MB"),
        is_other=False,
        groups=1,
    )
