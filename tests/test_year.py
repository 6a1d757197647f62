"""A year on the designed schedule, in several time zones, with every tenth sync failing: what is kept, what is lost."""

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
import requests

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.errors import VMgenError
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.scheduling import moments

ZONES = ("UTC", "Europe/Amsterdam", "Pacific/Auckland", "America/Los_Angeles")
TABLES = ("account", "invoices", "locations", "packages", "vms", "usage", "networking", "jobs")
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with a sync: everything, one table or one VM; nothing where all are empty."""

    is_outage: bool = False
    table: str = ""
    vm_id: int | None = None

    @classmethod
    def drawn(cls, chance: Random, vm_ids: list[int], share: float) -> "Trouble":
        if chance.random() >= share:
            return cls()
        kinds = (cls(is_outage=True), cls(table=chance.choice(TABLES)), cls(table="usage", vm_id=chance.choice(vm_ids)))
        return chance.choice(kinds)

    def befall(self, sandbox: Sandbox) -> None:
        sandbox.clear_faults()
        if self.is_outage or self.table:
            sandbox.fault("status", operation=self.table or None, vm_id=self.vm_id, code=503)

    def spares(self, vm_id: int) -> bool:
        """Tell whether the usage of a VM comes all the same."""
        return not (self.is_outage or self.table == "vms" or (self.table == "usage" and self.vm_id in (None, vm_id)))


@dataclass
class Year:
    """What the archive has to know, by what the provider served."""

    zone: ZoneInfo
    share_failing: float
    seen: dict[tuple[int, date], tuple[int, int]] = field(default_factory=dict)
    seen_at: dict[tuple[int, date], datetime] = field(default_factory=dict)
    first: dict[int, date] = field(default_factory=dict)
    failed: int = 0

    def live(self, sandbox: Sandbox, client: Client, archive: Archive, spans: list[tuple[datetime, datetime]]) -> None:
        chance = Random(4)
        opens = spans[0][0].astimezone(self.zone).date().replace(day=1)
        self.first = {each.vm_id: max(each.born, opens) for each in sandbox.truth.vms if each.died is None}
        vm_ids = list(self.first)
        for start, end in spans:
            for moment in moments(start, end, self.zone):
                sandbox.set_clock(moment)
                trouble = Trouble.drawn(chance, vm_ids, self.share_failing)
                trouble.befall(sandbox)
                self.failed += trouble != Trouble()
                with contextlib.suppress(VMgenError):
                    sync(client, archive)
                today = moment.astimezone(self.zone).date()
                sandbox.clear_faults()
                for vm_id in vm_ids:
                    self.seen_at |= {(vm_id, today): moment} if trouble.spares(vm_id) else {}
                    if trouble.spares(vm_id) and (today + timedelta(days=1)).day == 1:
                        self.seen[vm_id, today] = served(sandbox, vm_id, today)


def served(sandbox: Sandbox, vm_id: int, day: date) -> tuple[int, int]:
    """Ask the provider without our client."""
    answer = requests.get(
        f"{sandbox.url}/virtual-machines/{vm_id}/usage",
        headers={"Authorization": f"Bearer {sandbox.key}"},
        timeout=9,
    ).json()
    (row,) = [each for each in answer if each["date"] == day.isoformat()]
    return row["in_MB"], row["out_MB"]


def check(year: Year, sandbox: Sandbox, archive: Archive, end: datetime) -> int:
    """Hold what the archive has against what was served and what is true; return how many last days lost something."""
    last = pd.Timestamp(end.astimezone(year.zone).date()).replace(day=1)
    usage = archive.read("usage", end=last)
    for vm_id, first in year.first.items():
        days = usage.loc[usage["vm_id"] == vm_id, "date"]
        assert days.tolist() == pd.date_range(first, last, inclusive="left").tolist(), "no day is missing"
    lost = 0
    for row in usage.itertuples():
        day = row.date.date()
        stored = (row.in_MB, row.out_MB)
        whole = sandbox.truth.traffic(row.vm_id, day)
        if (day + timedelta(days=1)).day > 1:
            assert (row.status, stored) == ("final", whole), f"VM {row.vm_id} on {day}"
            continue
        assert row.status == "lost_tail"
        assert stored == year.seen[row.vm_id, day], f"what the last sync of {day} saw of VM {row.vm_id}"
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=year.zone)
        unseen_s = (midnight.astimezone(UTC) - year.seen_at[row.vm_id, day]).total_seconds() + 300
        for had, true in zip(stored, whole, strict=True):
            assert 0 <= true - had <= true * unseen_s / (23 * 3600) + 1, f"the bound of VM {row.vm_id} on {day}"
        lost += stored != whole
    return lost


def lived(
    zone: str, spans: list[tuple[str, str]], folder: str, *, share_failing: float
) -> tuple[Year, pd.DataFrame, int]:
    archive = Archive(folder)
    year = Year(ZoneInfo(zone), share_failing)
    edges = [tuple(datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in span) for span in spans]
    with (
        Sandbox(vms=3, seed=5, today=edges[0][0], months=1, ticking=False, time_zone=zone) as sandbox,
        Client(sandbox.key, base_url=sandbox.url, time_zone=zone, patience=Patience(tries=1)) as client,
    ):
        year.live(sandbox, client, archive, edges)
        lost = check(year, sandbox, archive, edges[-1][1])
    return year, archive.read("usage"), lost


def test_two_month_turns_and_a_day_of_25_hours(tmp_path):
    spans = [
        ("2026-10-24T18:00", "2026-10-26T07:00"),
        ("2026-10-31T16:00", "2026-11-01T00:30"),
        ("2026-11-30T20:30", "2026-12-01T00:00"),
    ]
    year, usage, lost = lived("Europe/Amsterdam", spans, str(tmp_path / "archive"), share_failing=0.25)
    assert year.failed > 3
    assert lost
    assert usage["date"].max() == pd.Timestamp("2026-12-01")


@pytest.mark.endurance
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("zone", ZONES)
def test_a_year_on_schedule(tmp_path, zone):
    year, usage, lost = lived(
        zone, [("2026-01-01T16:00", "2027-01-02T00:00")], str(tmp_path / "archive"), share_failing=0.1
    )
    assert year.failed > 100
    assert lost
    assert usage["date"].max() >= pd.Timestamp("2027-01-01")
