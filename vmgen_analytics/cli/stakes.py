"""What will be lost of this month if no sync runs before it ends, by what was last seen of each VM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY = pd.Timedelta(days=1)
Days = tuple[pd.Timestamp, ...]


@dataclass(frozen=True)
class Stake:
    """What some VMs lose.

    Attributes
    ----------
    vms
        Number and name of each; none where no VM is known.
    ends
        Days that lose their end.
    days
        Days that are lost whole.
    """

    vms: tuple[tuple[int, str], ...]
    ends: Days
    days: Days


def stakes(
    days: pd.DataFrame,
    usage: pd.DataFrame,
    asked: pd.Timestamp | None,
    last: pd.Timestamp | None,
    now: pd.Timestamp,
    zone: ZoneInfo,
) -> tuple[Stake, ...]:
    """Tell what is lost if no sync runs before the month ends.

    Parameters
    ----------
    days
        Table ``vm_days`` of one account.
    usage
        Table ``usage`` of that account in this month.
    asked
        When a sync last brought the usage of all VMs in this month; None if none did.
    last
        When the last sync began, naive: the VMs of that day are not gone.
    now
        The time, naive, in the account's time zone.
    zone
        That time zone.

    Returns
    -------
    tuple
        VMs that lose the same are together; the most of them last.
    """
    first = now.to_period("M").to_timestamp()
    end = (now.to_period("M") + 1).to_timestamp()
    seen = [] if asked is None else [_naive(asked, zone)]
    newest = {
        int(str(vm_id)): min(_naive(at, zone), now) for vm_id, at in usage.groupby("vm_id")["seen_at"].max().items()
    }
    newest = {vm_id: at for vm_id, at in newest.items() if at >= first}
    # what is left to see of a machine whose number is another one's by now is lost already
    days = days[days["incarnation"] == days.groupby("vm_id")["incarnation"].transform("max")]
    born = days.groupby("vm_id")["date"].min()
    alive = days[days["date"] == (days["date"].max() if last is None else last.normalize())]
    partial = usage[usage["status"] == "partial"].groupby("vm_id")["date"].agg(tuple)
    groups: dict[tuple[Days, Days], list[tuple[int, str]]] = {}
    names = alive.drop_duplicates("vm_id").set_index("vm_id")["vm_name"].dropna().to_dict()
    for vm_id in dict.fromkeys(int(each) for each in alive["vm_id"]):
        until = max([*seen, *([newest[vm_id]] if vm_id in newest else [])], default=None)
        own = tuple(day for day in partial.get(vm_id, ()) if day >= born[vm_id])
        what = _lost(until, max(first, born[vm_id]), end, own)
        groups.setdefault(what, []).append((vm_id, str(names.get(vm_id, f"VM {vm_id}"))))
    if not groups:
        groups[_lost(max(seen, default=None), first, end, ())] = []
    found = [Stake(tuple(vms), *what) for what, vms in groups.items()]
    return tuple(sorted(found, key=lambda stake: (len(stake.vms), -len(stake.days), stake.vms)))


def _lost(until: pd.Timestamp | None, first: pd.Timestamp, end: pd.Timestamp, partial: Days) -> tuple[Days, Days]:
    """Tell the days that lose their end, and those that are lost whole, of a VM that was seen until a time."""
    if until is None or until.normalize() < first:
        return (), tuple(pd.date_range(first, end - DAY))
    on = until.normalize()
    return tuple(sorted({on, *(day for day in partial if day < on)})), tuple(pd.date_range(on + DAY, end - DAY))


def _naive(moment: pd.Timestamp, zone: ZoneInfo) -> pd.Timestamp:
    return moment.tz_convert(zone).tz_localize(None)
