"""A closed month stays divided as it was: what is learnt later of its VMs moves cost in the month that is open."""

import random

import pandas as pd
import pytest

from vmgen_analytics import Archive, Settings, allocated_costs, monthly_costs, read_ledger, reconciliation, vm_days
from vmgen_analytics.cost.millionths import exact_sums, to_millionths
from vmgen_analytics.fleet.relearning import Relearning
from vmgen_analytics.observing import superseded
from vmgen_analytics.schema import TABLES
from vmgen_analytics.settings import Allocation

OCTOBER, NOVEMBER, DECEMBER = (pd.Period(month, "M") for month in ("2026-10", "2026-11", "2026-12"))
TOTALS = {OCTOBER: 100.0, NOVEMBER: 70.0, DECEMBER: 40.0}
EVEN = Settings(allocation=Allocation(key="even"))


def look(archive, moment, listed, usage=(), *, is_complete=True, totals=TOTALS):
    """One sync: the VMs of the inventory, traffic as (vm, day, MB), and the invoices of the months until then."""
    at = pd.Timestamp(moment, tz="UTC")
    day, month = at.tz_localize(None).normalize(), at.tz_localize(None).to_period("M")
    ours = {"account": "main", "seen_at": at}
    bills = [{**ours, "invoice_id": each.ordinal, "invoice_date": each.to_timestamp(), "status": "created",
              "total_cost": total} for each, total in totals.items() if each <= month]  # fmt: skip
    seen = [{**ours, "vm_id": vm, "seen_on": day, "vm_name": f"vm-{vm}", "package": "Small", "state": "UP"}
            for vm in listed]  # fmt: skip
    used = [{**ours, "vm_id": vm, "date": pd.Timestamp(date), "in_MB": MB, "out_MB": MB, "status": "final"}
            for vm, date, MB in usage]  # fmt: skip
    sync = {"account": "main", "started_at": at, "ended_at": at, "requests": 9, "failures": 0, "rows": 9,
            "incomplete": "" if is_complete else "vms"}  # fmt: skip
    for name, rows in {"invoices": bills, "vms": seen, "usage": used, "syncs": [sync]}.items():
        if rows:
            new = TABLES[name].cast(pd.DataFrame(rows))
            if name == "usage":
                archive.add("superseded_usage", superseded("usage", archive.read("usage"), new))
            archive.add(name, new)


@pytest.fixture
def archive(tmp_path):
    """Two VMs; the second was listed last on 20 October, and by noon of 1 November it is not known to be gone."""
    archive = Archive(tmp_path / "archive")
    for day in (1, 10, 20):
        look(archive, f"2026-10-{day:02d}T06:00", [1, 2])
    look(archive, "2026-10-31T23:50", [1])
    look(archive, "2026-11-01T13:00", [1], is_complete=False)
    return archive


def costs_of(archive, first=OCTOBER, last=DECEMBER, chosen=EVEN):
    return read_ledger(archive, chosen, first, last).costs


def paid(costs, month):
    rows = costs[costs["month"] == month]
    return {vm: round(amount, 2) for vm, amount in rows.groupby("vm_id")["allocated_cost"].sum().items()}


def test_a_vm_that_turns_out_to_be_gone_leaves_the_closed_month_as_it_was_divided(archive):
    before = costs_of(archive)
    assert paid(before, OCTOBER) == {1: 50.0, 2: 50.0}
    assert before["corrects"].isna().all()
    look(archive, "2026-11-05T06:00", [1])
    look(archive, "2026-12-02T06:00", [1])
    after = costs_of(archive)
    october = [each[each["month"] == OCTOBER].reset_index(drop=True) for each in (before, after)]
    pd.testing.assert_frame_equal(*october)
    changes = after[after["corrects"].notna()]
    TABLES["allocated_costs"].check(changes)
    assert set(changes["month"]) == {NOVEMBER}
    assert set(changes["corrects"]) == {OCTOBER}
    assert sum(to_millionths(changes["allocated_cost"])) == 0
    assert dict(zip(changes["vm_id"], changes["allocated_cost"].round(2), strict=True)) == {1: 10.78, 2: -10.78}
    words = "the days of vm-2 became known otherwise until 2026-12-02, after 2026-10 was closed"
    assert set(changes["reason"]) == {words}
    assert paid(after, NOVEMBER) == {1: 80.78, 2: -10.78}
    months = monthly_costs(after).set_index("month")["allocated_cost"]
    assert months.to_dict() == TOTALS
    alone = costs_of(archive, NOVEMBER, NOVEMBER)
    pd.testing.assert_frame_equal(alone, after[after["month"] == NOVEMBER].reset_index(drop=True))
    ledger = read_ledger(archive, EVEN, OCTOBER, DECEMBER)
    found = reconciliation(ledger.invoices, ledger.costs)
    corrected = found[found["state"].str.startswith("corrects")]
    assert corrected["state"].tolist() == [f"corrects 2026-10: {words}"]
    assert corrected[["invoiced", "allocated"]].to_numpy().tolist() == [[0.0, 0.0]]


def test_a_total_and_days_that_change_together_are_one_correction(archive):
    costs_of(archive)
    look(archive, "2026-11-05T06:00", [1], totals=TOTALS | {OCTOBER: 131.0})
    costs = costs_of(archive)
    changes = costs[costs["corrects"].notna()]
    TABLES["allocated_costs"].check(costs)
    assert sum(to_millionths(changes["allocated_cost"])) == 31_000_000
    assert paid(costs, OCTOBER) == {1: 50.0, 2: 50.0}
    today = {1: 131 * 31 / 51, 2: 131 * 20 / 51}
    assert dict(zip(changes["vm_id"], changes["allocated_cost"], strict=True)) == pytest.approx(
        {vm: amount - 50 for vm, amount in today.items()}, abs=1e-5
    )
    (reason,) = set(changes["reason"])
    assert reason.startswith("changed from 100.00 to 131.00 on 2026-11-05, after 2026-10 was closed; the days of vm-2")


def test_traffic_that_is_reported_later_moves_what_is_divided_by_it(tmp_path):
    archive = Archive(tmp_path / "archive")
    october = [(vm, f"2026-10-{day:02d}", 10.0) for vm in (1, 2) for day in range(1, 32)]
    look(archive, "2026-10-02T06:00", [1, 2], october[:1])
    look(archive, "2026-11-01T13:00", [1, 2], october)
    by_traffic = Settings(allocation=Allocation(key="bandwidth"))
    before = costs_of(archive, OCTOBER, OCTOBER, by_traffic)
    assert paid(before, OCTOBER) == {1: 50.0, 2: 50.0}
    look(archive, "2026-11-09T06:00", [1, 2], [(2, "2026-10-31", 320.0), *[(vm, "2026-11-05", 1.0) for vm in (1, 2)]])
    after = costs_of(archive, OCTOBER, NOVEMBER, by_traffic)
    pd.testing.assert_frame_equal(after[after["month"] == OCTOBER].reset_index(drop=True), before)
    changes = after[after["corrects"].notna()]
    assert dict(zip(changes["vm_id"], changes["allocated_cost"].round(2), strict=True)) == {1: -16.67, 2: 16.67}
    assert paid(costs_of(archive, OCTOBER, OCTOBER), OCTOBER) == {1: 50.0, 2: 50.0}


def test_what_was_over_before_the_first_look_follows_what_is_known(tmp_path):
    archive = Archive(tmp_path / "archive")
    look(archive, "2026-11-20T06:00", [1, 2])
    assert costs_of(archive, OCTOBER, OCTOBER)["vm_id"].isna().all()
    look(archive, "2026-11-21T06:00", [1, 2], [(vm, f"2026-10-{day:02d}", 1.0) for vm in (1, 2) for day in (3, 30)])
    after = costs_of(archive)
    assert paid(after, OCTOBER) == {1: 50.0, 2: 50.0}
    assert after["corrects"].isna().all()


LOOKS = (
    "2026-10-09T06:00", "2026-10-31T23:50", "2026-11-01T13:00", "2026-11-12T06:00", "2026-12-01T13:00",
    "2026-12-20T06:00",
)  # fmt: skip
DAYS = ("2026-10-05", "2026-10-31", "2026-11-30")


@pytest.mark.parametrize(
    "seed", [3, 12, *(pytest.param(seed, marks=pytest.mark.endurance) for seed in range(100, 140))]
)
def test_closed_months_never_change_and_all_months_together_are_todays_division(tmp_path, seed):
    """Inventories that miss VMs or are not complete, and traffic that is reported late or otherwise."""
    chance = random.Random(seed)
    archive = Archive(tmp_path / "archive")
    chosen = Settings(allocation=Allocation(key=chance.choice(["even", "bandwidth"])))
    look(archive, "2026-10-01T06:00", [1, 2, 3])
    kept = {}
    for moment in LOOKS:
        day = pd.Timestamp(moment)
        reports = {(chance.randint(1, 4), chance.choice(DAYS)): chance.randint(0, 3) for _ in range(2)}
        usage = [(vm, date, float(MB)) for (vm, date), MB in reports.items() if pd.Timestamp(date) <= day]
        listed = [vm for vm in (1, 2, 3, 4) if chance.random() < 0.6]
        look(archive, moment, listed, usage, is_complete=chance.random() < 0.7)
        if day < pd.Timestamp("2026-11-01T12:00"):
            continue
        costs = costs_of(archive, chosen=chosen)
        TABLES["allocated_costs"].check(costs)
        assert monthly_costs(costs).set_index("month")["allocated_cost"].to_dict() == {
            month: total for month, total in TOTALS.items() if month.to_timestamp() <= day
        }
        for month in (OCTOBER, NOVEMBER):
            rows = costs[costs["month"] == month].reset_index(drop=True)
            if month in kept:
                pd.testing.assert_frame_equal(rows, kept[month], obj=f"{month} at {moment}")
            elif day >= (month + 1).to_timestamp() + pd.Timedelta(hours=12):
                kept[month] = rows
    today = allocated_costs(vm_days(archive, "2026-10", "2027-01"), archive.read("invoices"), key=chosen.allocation.key)
    of_vm = [exact_sums(each, ["invoice_id", "vm_id"], "allocated_cost") for each in (costs, today)]
    sums, expected = (column for _, column in pd.concat(of_vm, axis=1).fillna(0).items())
    assert (to_millionths(sums) == to_millionths(expected)).all()


@pytest.mark.parametrize("moment", ["2026-11-01T13:00", "2026-11-05T06:00"])
def test_days_are_told_as_the_archive_told_them_then(archive, moment):
    look(archive, "2026-11-05T06:00", [1], [(1, "2026-10-03", 5.0)])
    look(archive, "2026-11-20T06:00", [1, 2], [(1, "2026-10-03", 7.0), (3, "2026-10-30", 1.0)])
    at = pd.Timestamp(moment, tz="UTC")
    known = Relearning.read(archive, "main").days(vm_days(archive, "2026-10", "2026-11"), OCTOBER, at)
    then = vm_days(archive, "2026-10", "2026-11", as_of=at)
    said = ["date", "vm_id", "in_MB", "out_MB"]
    pd.testing.assert_frame_equal(known[said], then[said])
    assert len(known) < len(vm_days(archive, "2026-10", "2026-11"))
