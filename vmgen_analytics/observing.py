"""What a new observation of usage does to what is known: pure, from one table ``usage`` to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from vmgen_analytics.errors import Failure, UnexpectedDataError
from vmgen_analytics.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

KEY = ["account", "vm_id", "date"]
TRAFFIC = ["in_MB", "out_MB"]
SAID = [*TRAFFIC, "status"]
UNSETTLED = frozenset({"partial", "provisional"})
"""What a day is until it is settled."""
CLOSING = pd.Timedelta(hours=12)
"""How long after its end a month may still get what a late sync brings."""
CLOCK_STEP = pd.Timedelta(seconds=1)
"""The provider's clock tells whole seconds, so two observations within one may seem to come in the other order."""


class Observed(NamedTuple):
    """Usage to store, and what was strange about it."""

    frame: pd.DataFrame
    failures: tuple[Failure, ...]
    warnings: tuple[str, ...]


def month_state(month: pd.Period, now: pd.Timestamp) -> str:
    """Tell whether a month is open, closing or closed.

    Parameters
    ----------
    month
        The month.
    now
        The time, naive, in the account's time zone.

    Returns
    -------
    str
        open until it ends, closing until noon of the first day after, then closed.
    """
    end = (month + 1).to_timestamp()
    if now < end:
        return "open"
    return "closing" if now < end + CLOSING else "closed"


def observed_usage(old: pd.DataFrame, new: pd.DataFrame, now: pd.Timestamp) -> Observed:
    """Put what came beside what is known, and keep what must not be lost.

    A traffic that is known is not replaced by none: it stays, with the status that it had, and is told as a failure.
    An observation that is older than the known one, as a second process may bring it late, is left out, unless the
    known one claims to come from the future. Traffic of a day that became less is taken as it came,
    and told.

    Parameters
    ----------
    old
        Table ``usage``, as it is stored.
    new
        Table ``usage``, as it came.
    now
        The time by the provider's clock.

    Returns
    -------
    Observed
        Table ``usage``, what of the new is to be stored; a failure for each VM of which a known traffic did not come;
        and a sentence on traffic that became less.
    """
    both = new.merge(
        old[[*KEY, *SAID, "seen_at"]], on=KEY, how="left", validate="one_to_one", suffixes=("", "_known"), sort=False
    )
    both = both[~_is_late(both, now)].reset_index(drop=True)
    is_kept = pd.Series(False, index=both.index)
    is_less = pd.Series(False, index=both.index)
    for name in TRAFFIC:
        known = both[f"{name}_known"]
        gone = both[name].isna() & known.notna()
        is_less |= (both[name] < known) & both["status_known"].isin(UNSETTLED)
        both[name] = both[name].mask(gone, known)
        is_kept |= gone
    both["status"] = both["status"].mask(is_kept, both["status_known"])
    return Observed(TABLES["usage"].cast(both), _kept(both[is_kept]), _less(both[is_less]))


def not_late(name: str, old: pd.DataFrame, new: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Leave out observations that are older than those that are known, unless these claim to be later than now.

    Parameters
    ----------
    name
        A table whose rows are replaced: usage, jobs or vms.
    old, new
        That table, as it is stored and as it came.
    now
        The time by the provider's clock.

    Returns
    -------
    DataFrame
        The same table, of the new.
    """
    key = list(TABLES[name].key)
    both = new[[*key, "seen_at"]].merge(
        old[[*key, "seen_at"]], on=key, how="left", validate="one_to_one", suffixes=("", "_known"), sort=False
    )
    return new[~_is_late(both, now).to_numpy()].reset_index(drop=True)


def _is_late(both: pd.DataFrame, now: pd.Timestamp) -> pd.Series:
    """Tell where ``seen_at`` is before ``seen_at_known``."""
    return (both["seen_at"] < both["seen_at_known"] - CLOCK_STEP) & (both["seen_at_known"] <= now + CLOCK_STEP)


def superseded(name: str, old: pd.DataFrame, new: pd.DataFrame, at: pd.Timestamp | None = None) -> pd.DataFrame:
    """Take the rows that others are about to replace.

    Parameters
    ----------
    name
        A table whose rows are replaced: usage or jobs.
    old
        That table, as it is stored.
    new
        That table, as it will be.
    at
        When they are replaced; by default when the new ones were seen.

    Returns
    -------
    DataFrame
        Table ``superseded_usage`` or ``superseded_jobs``: the old rows, with ``superseded_at``.
    """
    table, kept = TABLES[name], TABLES[f"superseded_{name}"]
    key = list(table.key)
    both = old.merge(new, on=key, how="inner", validate="one_to_one", suffixes=("", "_later"))
    changed = pd.Series(False, index=both.index)
    for column in table.columns:
        if column not in (*key, "seen_at"):
            changed |= differs(both[column], both[f"{column}_later"])
    if not changed.any():
        return kept.frame()
    return kept.cast(both.assign(superseded_at=at or both["seen_at_later"])[changed])


def exchanged(old: pd.DataFrame, new: pd.DataFrame) -> tuple[str, ...]:
    """Tell of VMs whose name and address of a day are both replaced: the number may be another machine's by now.

    Parameters
    ----------
    old, new
        Table ``vms``, as it is stored and as it will be; a row of ``new`` replaces the one of its VM and day.

    Returns
    -------
    tuple of str
        A sentence; none where there is no such VM.
    """
    both = new.merge(old, on=list(TABLES["vms"].key), validate="one_to_one", suffixes=("", "_known"))
    names = ("fqdn", "ipv4")
    is_other = pd.Series(True, index=both.index)
    for name in names:
        known = both[f"{name}_known"]
        is_other &= (both[name] != known) & both[name].fillna("").ne("") & known.fillna("").ne("")
    both = both[is_other]
    if both.empty:
        return ()
    first = both.iloc[0]
    was, now = (" at ".join(str(first[f"{name}{suffix}"]) for name in names) for suffix in ("_known", ""))
    more = f" (and {len(both) - 1} more VMs)" if len(both) > 1 else ""
    sentence = (
        f"VM {first['vm_id']} was {was} earlier on {first['seen_on']:%Y-%m-%d}, and is {now}{more}: if that is another "
        "machine, the day is its own, as the archive keeps one inventory a day"
    )
    return (sentence,)


def settled_usage(
    usage: pd.DataFrame, shown: pd.DataFrame, answered: Collection[int], now: pd.Timestamp
) -> pd.DataFrame:
    """Settle the days of months that are over, of which no more will come.

    The end of a day that was last seen before it ended is lost. A day that was seen after its end, but within the
    hours in which it might have changed, stays as it was seen. While a month is closing only those days are settled
    whose VM was asked again and shows them no more.

    Parameters
    ----------
    usage
        Table ``usage``, of one account.
    shown
        Table ``usage``, as the provider shows it now: such days are not over for the provider.
    answered
        VMs that answered just now.
    now
        The time, naive, in the account's time zone.

    Returns
    -------
    DataFrame
        Table ``usage``, the rows that change.
    """
    earlier = usage[usage["date"] < now.to_period("M").to_timestamp()]
    earlier = earlier[earlier["status"].isin(UNSETTLED)]
    still = pd.MultiIndex.from_frame(earlier[KEY]).isin(pd.MultiIndex.from_frame(shown[KEY]))
    earlier = earlier[~still]
    is_closed = earlier["date"] + pd.offsets.MonthBegin(1) + CLOSING <= now
    is_lost = earlier["status"].eq("partial") & (is_closed | earlier["vm_id"].isin(list(answered)))
    is_final = earlier["status"].eq("provisional") & is_closed
    status = earlier["status"].mask(is_lost, "lost_tail").mask(is_final, "final")
    return TABLES["usage"].cast(earlier.assign(status=status)[is_lost | is_final])


def differs(left: pd.Series, right: pd.Series) -> pd.Series:
    """Tell where two columns differ; missing equals missing."""
    return (left != right) & ~(left.isna() & right.isna())


def _kept(rows: pd.DataFrame) -> tuple[Failure, ...]:
    failures = []
    for vm_id, mine in rows.groupby("vm_id"):
        first = mine.iloc[0]
        more = f" (and of {len(mine) - 1} more days)" if len(mine) > 1 else ""
        text = (
            f"the traffic of {first['date']:%Y-%m-%d}{more} came without a value; the known one "
            f"({_MB(first['in_MB'])} in, {_MB(first['out_MB'])} out) is kept"
        )
        failures.append(Failure("usage", int(str(vm_id)), UnexpectedDataError(text)))
    return tuple(failures)


def _less(rows: pd.DataFrame) -> tuple[str, ...]:
    if rows.empty:
        return ()
    first = rows.iloc[0]
    more = f" (and {len(rows) - 1} more VM-days)" if len(rows) > 1 else ""
    sentence = (
        f"usage of VM {first['vm_id']}: the traffic of {first['date']:%Y-%m-%d} became less, from "
        f"{_MB(first['in_MB_known'])} in and {_MB(first['out_MB_known'])} out to {_MB(first['in_MB'])} and "
        f"{_MB(first['out_MB'])}{more}; taken as it came, what it was is in superseded_usage"
    )
    return (sentence,)


def _MB(value: float) -> str:  # noqa: N802 - the unit keeps its spelling
    return "unknown" if pd.isna(value) else f"{value:,.10g} MB"
