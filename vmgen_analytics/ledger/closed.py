"""What closed months were divided over: the VM-days that were known when they closed, and what was learnt since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pandas as pd

from vmgen_analytics.cost.closed_months import Beliefs
from vmgen_analytics.cost.corrections import booked_invoices, closed_months
from vmgen_analytics.cost.words import listed
from vmgen_analytics.fleet import vm_days
from vmgen_analytics.fleet.relearning import Relearning
from vmgen_analytics.observing import CLOCK_STEP
from vmgen_analytics.schema import machine_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from vmgen_analytics.archive import Archive
    from vmgen_analytics.cost.corrections import Closings
    from vmgen_analytics.fleet.locations import VmLocation


@dataclass(frozen=True)
class ClosedMonths:
    """The invoices of an account as they are booked, and what the VM-days of its closed months were held for.

    Attributes
    ----------
    booked
        As `booked_invoices` gives them, those of the months that were asked for.
    beliefs
        By closed month; those whose VM-days never changed are left out.
    """

    booked: pd.DataFrame
    beliefs: Mapping[pd.Period, Beliefs]

    @classmethod
    def read(
        cls,
        archive: Archive,
        observed: pd.DataFrame,
        closings: Closings,
        months: Collection[pd.Period],
        vm_locations: Sequence[VmLocation] = (),
    ) -> Self:
        """Read what is booked in some months.

        Parameters
        ----------
        archive
            The history.
        observed
            Table ``invoices``, all observations of one account.
        closings
            When the account's months close.
        months
            The months whose costs are asked for.
        vm_locations
            The user's mapping.

        Raises
        ------
        ArchiveError
            The archive cannot be read.
        """
        account, booked = str(observed["account"].iloc[0]), booked_invoices(observed, closings)
        is_inside = booked["booked_in"].isin(months)
        wanted = {*months, *booked.loc[is_inside, "month"]}
        looks = _Looks.read(archive, account, closings)
        if not looks.ends:
            return cls(booked[is_inside], {})
        past = Relearning.read(archive, account)
        frozen = looks.frozen(closed_months(observed, closings))
        stages = looks.stages(past, frozen)
        asked = {month: later for month, later in stages.items() if month in wanted or set(later) & set(months)}
        believed = _Believed(archive, account, past, looks.ends[-1], vm_locations)
        beliefs = {month: believed.of(month, {month: frozen[month], **later}) for month, later in asked.items()}
        beliefs = {month: each for month, each in beliefs.items() if each.reasons}
        return cls(booked[is_inside | booked["month"].isin(list(beliefs))], beliefs)


@dataclass(frozen=True)
class _Looks:
    """When an account was looked at, in its time zone, and what was known of its months then."""

    ends: Sequence[pd.Timestamp]
    closings: Closings

    @classmethod
    def read(cls, archive: Archive, account: str, closings: Closings) -> Self:
        syncs = archive.read("syncs", account=account)
        brought = syncs[syncs["rows"].gt(0) | syncs["error"].isna()]  # some syncs reached nobody
        ends = brought["ended_at"].dropna().sort_values().dt.tz_convert(closings.time_zone)
        return cls(list(ends), closings)

    @property
    def began(self) -> pd.Period:
        return self.ends[0].tz_localize(None).to_period("M")

    def first_from(self, moment: pd.Timestamp) -> pd.Timestamp | None:
        """The end of the first look at or after a moment: what came with it is what was known then."""
        return next((end for end in self.ends if end + CLOCK_STEP >= moment), None)

    def frozen(self, closed_at: Mapping[pd.Period, pd.Timestamp]) -> Mapping[pd.Period, pd.Timestamp]:
        """When each month with an invoice was seen closed.

        A month that was over before the first look is left out: it came from invoices and files alone, and follows
        whatever is known of it.
        """
        found = {month: self.first_from(moment) for month, moment in closed_at.items() if month >= self.began}
        return {month: moment for month, moment in found.items() if moment is not None}

    def stages(
        self, past: Relearning, frozen: Mapping[pd.Period, pd.Timestamp]
    ) -> dict[pd.Period, dict[pd.Period, pd.Timestamp]]:
        """For each closed month the later months in which its VM-days changed, and the sync that brought the change."""
        open_month = self.closings.open_at(self.ends[-1])
        every = pd.period_range(self.began, open_month, freq="M")
        seen = {month: self.first_from(self.closings.closes_at(month)) for month in every}
        closed = {month: moment for month, moment in seen.items() if moment is not None}
        moments = sorted({*closed.values(), *frozen.values(), self.ends[-1]})
        found: dict[pd.Period, dict[pd.Period, pd.Timestamp]] = {}
        for place, month in past.months(moments):
            at = moments[place]
            if month in frozen and at > frozen[month]:
                booked_in = min((each for each, moment in closed.items() if moment >= at), default=open_month)
                found.setdefault(month, {})[booked_in] = at
        return found


@dataclass(frozen=True)
class _Believed:
    """Reads what the VM-days of a month were held for."""

    archive: Archive
    account: str
    past: Relearning
    last: pd.Timestamp
    vm_locations: Sequence[VmLocation]

    def of(self, month: pd.Period, moments: Mapping[pd.Period, pd.Timestamp]) -> Beliefs:
        """Take them at some moments; a moment at which nothing was otherwise is left out."""
        end = (month + 1).to_timestamp()
        newest = vm_days(self.archive, pd.Timestamp(0), end, vm_locations=self.vm_locations, account=self.account)
        days: dict[pd.Period, pd.DataFrame] = {}
        reasons: dict[pd.Period, str] = {}
        for booked_in, moment in moments.items():
            known = self.past.days(newest, month, moment)
            changed = _changed(days[max(days)], known) if days else []
            if changed or not days:
                days[booked_in] = known
            if changed:
                told = f"the days of {listed(changed)}"
                reasons[booked_in] = f"{told} became known otherwise until {moment:%Y-%m-%d}, after {month} was closed"
        return Beliefs(days, reasons)


def _changed(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Name the VMs whose days or traffic are others."""
    machine = machine_key(now)
    said = [*machine, "date", "in_MB", "out_MB"]
    both = before[said].merge(now[said], on=said, how="outer", indicator=True)
    changed = both.loc[both["_merge"] != "both", machine].drop_duplicates().sort_values(machine)
    newest = pd.concat([before, now]).drop_duplicates(machine, keep="last")
    named = changed.merge(newest[[*machine, "vm_name"]], on=machine, how="left", validate="one_to_one")
    pairs = zip(named["vm_id"], named["vm_name"], strict=True)
    return [f"VM {vm_id}" if pd.isna(name) else str(name) for vm_id, name in pairs]
