"""What came to be known otherwise of months that were over: births, deaths and traffic that a later look changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vmgen_analytics.archive.past import known_at
from vmgen_analytics.archive.scanning import scan
from vmgen_analytics.fleet.histories import SEEN, SENT, deletions_of, keys_of
from vmgen_analytics.fleet.inventories import Inventories
from vmgen_analytics.fleet.lives import Seen, lives_of
from vmgen_analytics.observing import CLOSING
from vmgen_analytics.schema import TABLES
from vmgen_analytics.zones import instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.fleet.lives import Lives

    Numbers = NDArray[np.int64]
    Marks = NDArray[np.bool_]

TRAFFIC = ["in_MB", "out_MB"]


@dataclass(frozen=True)
class Relearning:
    """What is needed to tell what was known of an account's VM-days at earlier moments.

    Attributes
    ----------
    seen, used_ids, used_days, used_at
        Inventories and traffic of the VMs whose days may have been in doubt: others' days never change.
    late
        Traffic that was reported, or reported otherwise, after its month had closed: vm_id, date, at, and in_MB and
        out_MB as they were until then.
    syncs, commands
        Those tables, of the account.
    """

    seen: Seen
    used_ids: Numbers
    used_days: Numbers
    used_at: Numbers
    late: pd.DataFrame
    syncs: pd.DataFrame
    commands: pd.DataFrame

    @classmethod
    def read(cls, archive: Archive, account: str) -> Self:
        """Read the archive once for all moments.

        Parameters
        ----------
        archive
            The history.
        account
            Whose.

        Raises
        ------
        ArchiveError
            The archive cannot be read.
        """
        seen = Seen.of(scan(archive, "vms", SEEN, account=account))
        used = scan(archive, "usage", ("account", "vm_id", "date", "seen_at"), account=account)
        syncs, commands = (archive.history(name, account=account) for name in ("syncs", "commands"))
        inventories = Inventories.of(syncs)
        (ids, days), at = keys_of(used, "date"), pc.cast(used["seen_at"], pa.int64()).to_numpy()
        replaced = archive.history("superseded_usage", account=account)
        at = _first_reports(ids, days, at, replaced)
        is_late = at > _closings(days, inventories.zone)
        kept, used_kept = _in_doubt(seen, ids, days, is_late, inventories.until)
        return cls(
            seen.take(np.flatnonzero(kept)),
            ids[used_kept],
            days[used_kept],
            at[used_kept],
            _late(ids, days, at, is_late, replaced),
            syncs,
            commands,
        )

    def months(self, moments: Sequence[pd.Timestamp]) -> list[tuple[int, pd.Period]]:
        """Find the months of which VM-days or traffic were known otherwise at one moment than at the one before.

        Parameters
        ----------
        moments
            In order, in the account's time zone; of the inventories, the day of each counts whole.

        Returns
        -------
        list of int and Period
            The place of the later moment, and a month that was over by the earlier one.
        """
        changed: list[tuple[int, pd.Period]] = []
        lives = [self.lives(moment) for moment in moments]
        for place in range(1, len(moments)):
            before, now = moments[place - 1], moments[place]
            end = _day(before.replace(day=1)) - 1  # the last day of the month that was over
            at, days = self.late["at"].to_numpy(), self.late["day"].to_numpy()
            is_new = (at > _instant(before)) & (at <= _instant(now)) & (days <= end)
            found = np.concatenate([_differing(lives[place - 1], lives[place], end), days[is_new]])
            months = np.unique(found.astype("datetime64[D]").astype("datetime64[M]"))
            changed += [(place, pd.Period(str(month), "M")) for month in months]
        return changed

    def lives(self, moment: pd.Timestamp) -> Lives:
        """Tell the machines whose days may be in doubt apart, and when each existed, as it was known at a moment."""
        at = moment.tz_convert("UTC")
        inventories = Inventories.of(self.syncs[self.syncs["ended_at"] <= at])
        known = known_at(TABLES["commands"], self.commands, None, at)
        sent = known[known["outcome"].isin(SENT) & known["vm_id"].notna()]
        listed, used = np.flatnonzero(self.seen.days <= _day(moment)), self.used_at <= _instant(moment)
        return lives_of(
            self.seen.take(listed),
            self.used_ids[used],
            self.used_days[used],
            inventories,
            deletions_of(sent, inventories),
        )

    def days(self, newest: pd.DataFrame, month: pd.Period, moment: pd.Timestamp) -> pd.DataFrame:
        """Take the VM-days of a month as they were known at a moment.

        What a VM was called, what it was and where it stood is as it is known now: that works backwards in time.

        Parameters
        ----------
        newest
            Table ``vm_days`` of the account, as it is known now, of the month and of those before it.
        month
            The month.
        moment
            In the account's time zone.

        Returns
        -------
        DataFrame
            Table ``vm_days`` of the month.
        """
        first, last = _day(month.to_timestamp()), _day((month + 1).to_timestamp()) - 1
        lives = self.lives(moment)
        then = {(vm, day) for vm, start, end in _spans(lives, last) for day in range(max(start, first), end + 1)}
        in_doubt = newest["vm_id"].isin(np.union1d(self.seen.ids, self.used_ids)).to_numpy()
        keys = list(zip(newest["vm_id"].tolist(), _days_of(newest["date"]).tolist(), strict=True))
        is_there = np.array([key in then for key in keys], dtype="bool")
        is_inside = (newest["date"] >= month.to_timestamp()).to_numpy()
        kept = newest[is_inside & (~in_doubt | is_there)]
        missing = sorted(then.difference(keys))
        rows = pd.concat([kept, _carried(newest, missing)], ignore_index=True) if missing else kept
        return TABLES["vm_days"].sort(self._as_reported(rows.reset_index(drop=True), moment))

    def _as_reported(self, rows: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
        """Put the traffic of days that were reported later, or otherwise, back to what it was."""
        later = self.late[self.late["at"] > _instant(moment)].drop_duplicates(["vm_id", "day"])  # the first replaced
        keys = rows[["vm_id"]].assign(day=_days_of(rows["date"]))
        was = keys.merge(later, on=["vm_id", "day"], how="left", validate="one_to_one", indicator=True)
        is_other = was["_merge"].eq("both").to_numpy()
        return rows.assign(**{name: rows[name].mask(is_other, was[name].to_numpy()) for name in TRAFFIC})


def _first_reports(ids: Numbers, days: Numbers, at: Numbers, replaced: pd.DataFrame) -> Numbers:
    """When each day's traffic was reported first, whatever replaced it."""
    if replaced.empty:
        return at
    key = ["vm_id", "day"]
    before = replaced[["vm_id"]].assign(day=_days_of(replaced["date"]), first=_instants(replaced["seen_at"]))
    rows = pd.DataFrame({"vm_id": ids, "day": days}).join(before.groupby(key)["first"].min(), on=key)
    first: Numbers = np.minimum(at, rows["first"].fillna(np.inf).to_numpy()).astype("int64")
    return first


def _closings(days: Numbers, zone: str) -> Numbers:
    """The instant at which the month of each day closes."""
    months, place = np.unique(days.astype("datetime64[D]").astype("datetime64[M]"), return_inverse=True)
    ends = [instant(pd.Timestamp(month) + pd.offsets.MonthBegin(1) + CLOSING, zone) for month in months]
    return np.array([_instant(end) for end in ends], dtype="int64")[place]


def _in_doubt(seen: Seen, ids: Numbers, days: Numbers, is_late: Marks, until: int | None) -> tuple[Marks, Marks]:
    """Tell the rows of VMs that were missing for a day, are no more, or of which something was reported late."""
    codes, vms = pd.factorize(np.concatenate([seen.ids, ids]))
    every = np.concatenate([seen.days, days])
    if not len(every):
        return np.zeros(0, dtype="bool"), np.zeros(0, dtype="bool")
    low, width = int(every.min()), int(np.ptp(every)) + 1
    distinct = np.unique(codes.astype("int64") * width + (every - low))
    vm, day = distinct // width, distinct % width + low
    first, last = np.full(len(vms), np.iinfo("int64").max), np.full(len(vms), -1)
    np.minimum.at(first, vm, day)
    np.maximum.at(last, vm, day)
    doubted = (np.bincount(vm, minlength=len(vms)) < last - first + 1) | (last + 1 < (until or 0))
    doubted[codes[len(seen.ids) :][is_late]] = True
    kept = doubted[codes]
    return kept[: len(seen.ids)], kept[len(seen.ids) :]


def _late(ids: Numbers, days: Numbers, at: Numbers, is_late: Marks, replaced: pd.DataFrame) -> pd.DataFrame:
    """List what was reported after its month had closed, or replaced, with what was known until then, in order."""
    known = pd.DataFrame({"vm_id": replaced["vm_id"], "day": _days_of(replaced["date"])})
    traffic = {name: replaced[name].to_numpy() for name in TRAFFIC}
    parts = [
        known.assign(at=_instants(replaced["superseded_at"]), **traffic),
        pd.DataFrame({"vm_id": ids[is_late], "day": days[is_late], "at": at[is_late]}),  # nothing was known before
    ]
    late = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    late = late.reindex(columns=["vm_id", "day", "at", *TRAFFIC])
    return late.sort_values("at", kind="stable", ignore_index=True)


def _differing(before: Lives, now: Lives, end: int) -> Numbers:
    """List the days until an end on which a VM existed by one account and not by the other."""
    old, new = _spans(before, end), _spans(now, end)
    days: set[int] = set()
    for vm in {vm for vm, _, _ in old ^ new}:
        days |= _existing(old, vm) ^ _existing(new, vm)
    return np.array(sorted(days), dtype="int64")


def _existing(spans: set[tuple[int, int, int]], vm: int) -> set[int]:
    return {day for number, first, last in spans if number == vm for day in range(first, last + 1)}


def _spans(lives: Lives, end: int) -> set[tuple[int, int, int]]:
    """VM, first and last day of each life until an end."""
    lasts = np.minimum(lives.until, end)
    is_there = lives.first <= lasts
    vms, firsts, lasts = (each[is_there].tolist() for each in (lives.vm_id, lives.first, lasts))
    return set(zip(vms, firsts, lasts, strict=True))


def _carried(newest: pd.DataFrame, missing: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """Make rows for days on which VMs were held for running, of what is known of them until then, or else after."""
    rows = []
    in_order = newest.sort_values("date", kind="stable")
    of_vm = dict(iter(in_order.groupby("vm_id")))
    for vm, day in missing:
        part = of_vm[vm]
        place = max(int((_days_of(part["date"]) <= day).sum()) - 1, 0)
        rows.append(part.iloc[[place]].assign(date=pd.Timestamp(np.datetime64(day, "D")).as_unit("us")))
    nothing = dict.fromkeys(TRAFFIC, np.nan)
    return TABLES["vm_days"].cast(pd.concat(rows).assign(presence="inferred", status=None, **nothing))


def _days_of(dates: pd.Series) -> Numbers:
    days: Numbers = dates.to_numpy().astype("datetime64[D]").astype("int64")
    return days


def _instants(moments: pd.Series) -> Numbers:
    instants: Numbers = moments.dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype("int64")
    return instants


def _instant(moment: pd.Timestamp) -> int:
    """Number the microsecond of a moment."""
    return int(moment.tz_convert("UTC").as_unit("us").asm8.astype("int64"))


def _day(moment: pd.Timestamp) -> int:
    """Number the day of a moment in its own time zone."""
    return int(np.datetime64(moment.tz_localize(None), "D").astype("int64"))
