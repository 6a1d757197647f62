"""Two periods on equal footing: the days of both that are known, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import SETTLED, TABLES, machine_key
from vmgen_analytics.table import moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

KNOWN_SHARE = 0.5
"""Part of a day's VMs that must have a final report, so that the day can be compared."""

DAY = pd.Timedelta(days=1)
BOTH = ["in_MB", "out_MB"]
COUNTS = ["days_covered", "days_expected"]
NOTHING = "nothing"
"""What to group by where nothing is asked for."""


def compared_bandwidth(
    days: pd.DataFrame,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    *,
    before: str | pd.Timestamp | None = None,
    by: str | Sequence[str] = "vm_id",
) -> pd.DataFrame:
    """Traffic of each group in a period, beside that of an earlier one, on equal footing.

    Of both periods the same days are taken, counted from their beginning: those on which at least half of the VMs have
    a final report in both. So a month that runs is compared with as many days of the one before, and not with all of
    it. Weekdays are not evened out: take whole weeks where they matter.

    Parameters
    ----------
    days
        Table ``vm_days`` that reaches over both periods, also with a column ``cost_centre``.
    start, end
        First day or month of the period, and the first day after it. Without them it is the newest month of the table;
        with a start alone, all from there on.
    before
        First day of the earlier period; by default a month earlier where the start is the first of a month and the
        period is no longer than that month, else just before it and as long.
    by
        Any of account, vm_id (which brings the account), package, location, continent and cost_centre; none gives the
        totals. A group that exists in one of the periods only is there as well.

    Returns
    -------
    DataFrame
        Table ``compared_bandwidth``: first_day, the grouping, before_first_day, compared_days, in_MB, out_MB,
        before_in_MB, before_out_MB, days_covered, days_expected, before_days_covered, before_days_expected,
        in_base_MB, out_base_MB, in_change_MB, out_change_MB, in_change, out_change. [MB, 1] The changes, and the base
        that they are measured from, leave out VM-days that are known in one of the periods only, so that a missing
        report is no fall; a VM that did not exist had no traffic. Where no day can be compared, the period is told by
        itself, and the changes are missing.

    Raises
    ------
    SchemaError
        The frame is not its table, cannot be grouped so, a day is none, or the periods are out of order.
    """
    TABLES["vm_days"].check(days, unique=False)
    table = TABLES["compared_bandwidth"]
    groups = table.grouping(by, days)
    first, last, earlier = _periods(days, start, end, before)
    ours, theirs = _placed(days, first, last - first), _placed(days, earlier, last - first)
    final = _final_places(ours)
    compared = np.intersect1d(final, _final_places(theirs))
    places = compared if len(compared) else final  # with nothing to compare with, the period is told by itself
    ours, theirs = ours[ours["place"].isin(places)], theirs[theirs["place"].isin(compared)]
    sums = _sums(_paired(ours, theirs), groups).join(
        _sums(_paired(theirs, ours), groups).add_prefix("before_"), how="outer"
    )
    counts = [f"{side}{name}" for side in ("", "before_") for name in COUNTS]
    sums[counts] = sums[counts].fillna(0).astype("int64")
    for way in ("in", "out"):
        now, then = sums.pop(f"{way}_paired_MB"), sums.pop(f"before_{way}_paired_MB")
        sums[f"{way}_base_MB"] = then.fillna(0).where((now.notna() | then.notna()) & (len(compared) > 0))
        sums[f"{way}_change_MB"] = now.fillna(0) - sums[f"{way}_base_MB"]
        sums[f"{way}_change"] = (sums[f"{way}_change_MB"] / then).where(then > 0)
    found = sums.reset_index().drop(columns=NOTHING, errors="ignore")
    found = found.assign(first_day=first, before_first_day=earlier, compared_days=len(compared))
    if "vm_id" in groups:
        names = pd.concat([theirs, ours]).groupby(groups, dropna=False)["vm_name"].last()
        found["vm_name"] = names.reindex(pd.MultiIndex.from_frame(found[groups])).to_numpy()
    return table.cast(found)


def _periods(
    days: pd.DataFrame,
    start: str | pd.Timestamp | None,
    end: str | pd.Timestamp | None,
    before: str | pd.Timestamp | None,
) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """First day of the period, the day after it, and the first day of the earlier one."""
    newest = days["date"].max() if len(days) else pd.Timestamp(0)
    first = newest.replace(day=1) if start is None else moment_of(start).normalize()
    last = newest + DAY if end is None else moment_of(end).normalize()
    if last <= first:
        raise SchemaError(f"the period ends on {last:%Y-%m-%d}, before it begins on {first:%Y-%m-%d}")
    if before is not None:
        earlier = moment_of(before).normalize()
    elif first.day == 1 and last <= first + pd.offsets.MonthBegin():
        earlier = first - pd.offsets.MonthBegin()
    else:
        earlier = first - (last - first)
    if earlier >= first:
        raise SchemaError(f"the earlier period begins on {earlier:%Y-%m-%d}, not before {first:%Y-%m-%d}")
    return first, min(last, first + (first - earlier)), earlier


def _placed(days: pd.DataFrame, first: pd.Timestamp, length: pd.Timedelta) -> pd.DataFrame:
    """The VM-days of a period, each with its place from the period's beginning on, and no traffic but final one."""
    inside = days[(days["date"] >= first) & (days["date"] < first + length)]
    is_settled = inside["status"].isin(SETTLED)
    settled = {name: inside[name].where(is_settled) for name in BOTH}
    return inside.assign(**settled, is_settled=is_settled, place=(inside["date"] - first).dt.days)


def _final_places(rows: pd.DataFrame) -> Numbers:
    shares = rows.groupby("place")["is_settled"].mean()
    return np.asarray(shares.index[shares >= KNOWN_SHARE], dtype="int64")


def _paired(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Add the traffic to compare: that of VM-days whose other side is final as well, or does not exist."""
    key = [*machine_key(rows), "place"]
    mine = pd.MultiIndex.from_frame(rows[key])
    for name in BOTH:
        unknown = pd.MultiIndex.from_frame(others.loc[others[name].isna(), key])
        rows = rows.assign(**{name.replace("_MB", "_paired_MB"): rows[name].where(~mine.isin(unknown))})
    return rows


def _sums(rows: pd.DataFrame, groups: Sequence[str]) -> pd.DataFrame:
    rows = rows.assign(**{NOTHING: 0}, days_covered=rows["is_settled"], days_expected=1)
    grouped = rows.groupby([*groups] or [NOTHING], dropna=False)
    traffic = grouped[[*BOTH, "in_paired_MB", "out_paired_MB"]].sum(min_count=1)
    return traffic.join(grouped[COUNTS].sum())
