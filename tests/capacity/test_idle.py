"""VMs that seem to do nothing: by their traffic and their state, with the evidence."""

import pandas as pd
import pytest
from strategies import days_of

from vmgen_analytics import PriceBook, idle_vms, rated_costs, vm_days
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

LAST = "2026-11-20"


def moving(vm_id, out_MB, in_MB=1.0, first="2026-10-01", last=LAST, **others):
    return (
        vm_id,
        first,
        last,
        {"out_MB": float(out_MB), "in_MB": float(in_MB), "status": "final", "state": "UP"} | others,
    )


def kinds(days, **options):
    found = idle_vms(days, **options)
    TABLES["idle_vms"].check(found)
    return dict(zip(found["vm_id"], found["kind"], strict=True))


def a_job(vm_id, day, event):
    return TABLES["jobs"].frame(
        {
            "account": ["main"],
            "vm_id": [vm_id],
            "started_at": [f"{day}T09:00Z"],
            "event": [event],
            "status": ["success"],
        }
    )


def test_traffic_tells_three_kinds_and_the_rest_is_busy():
    days = days_of(
        moving(1, 5), moving(2, 86, 173), moving(3, 87, 173), moving(4, 86, 174), moving(5, 0, 0, state="DOWN")
    )
    assert kinds(days) == {1: "zombie_likely", 2: "zombie_possible", 5: "powered_off"}
    told = idle_vms(days).set_index("vm_id")
    assert told.loc[1, "evidence"] == "sent at most 5 MB on 14 of its last 14 final days; CPU and memory are not known"
    assert "invoices tell" in told.loc[5, "evidence"]
    assert told["confidence"].eq("full").all()
    assert told.loc[2, ["days_used", "quiet_days", "in_MB_per_day", "out_MB_per_day"]].tolist() == [14, 14, 173, 86]


def test_one_busy_day_in_twenty_is_forgiven_and_more_are_not():
    days = days_of(moving(1, 5), moving(2, 5))
    for vm_id, dates in ((1, ["2026-11-03"]), (2, ["2026-11-03", "2026-11-10"])):
        days.loc[(days["vm_id"] == vm_id) & days["date"].isin(pd.to_datetime(dates)), "out_MB"] = 9_000.0
    assert kinds(days, window_days=28) == {1: "zombie_likely"}


@pytest.mark.parametrize(("length", "confidence"), [(4, None), (5, "preview"), (13, "preview"), (14, "full")])
def test_few_days_are_a_preview_and_fewer_say_nothing(length, confidence):
    first = pd.Timestamp(LAST) - pd.Timedelta(days=length - 1)
    found = idle_vms(days_of(moving(1, 0, first=first), moving(2, 9_000)))
    assert found["confidence"].tolist() == ([confidence] if confidence else [])


def test_days_that_are_not_final_are_not_looked_at():
    assert kinds(days_of(moving(1, 0, status="partial"), moving(2, 0, status=None))) == {}
    old = days_of(moving(1, 0), (1, "2026-11-21", "2026-11-25", {"out_MB": 9_000.0, "in_MB": 1.0, "status": "partial"}))
    assert kinds(old) == {1: "zombie_likely"}


def test_a_vm_that_works_once_a_month_wants_a_longer_look():
    days = days_of(moving(1, 1, first="2026-09-01"))
    days.loc[days["date"].dt.day == 1, "out_MB"] = 50_000.0
    days.loc[days["date"].dt.day == 2, "out_MB"] = 50_000.0
    assert kinds(days) == {1: "zombie_likely"}
    assert kinds(days, window_days=35) == {}


def test_who_is_cared_for_or_wanted_is_left_out():
    days = days_of(moving(1, 1), moving(2, 1, vm_name="ns1"), moving(3, 1))
    assert kinds(days, jobs=a_job(1, "2026-11-15", "power_on"), wanted=["ns1"]) == {3: "zombie_likely"}
    assert 1 in kinds(days, jobs=a_job(1, "2026-10-15", "reboot")), "long ago"
    assert 1 in kinds(days, jobs=a_job(1, "2026-11-15", "resize"))
    assert kinds(days, wanted=[1, 3]) == {2: "zombie_likely"}


def test_a_vm_that_is_gone_is_not_idle_and_one_that_was_off_for_a_week_is_not_off():
    gone = days_of(moving(1, 0, last="2026-11-15"), moving(2, 9_000))
    assert kinds(gone) == {}
    off = days_of(moving(1, 9_000, last="2026-11-13"), moving(1, 0, first="2026-11-14", state="DOWN"), moving(2, 9_000))
    assert kinds(off) == {}


def test_what_one_inventory_saw_is_not_off_for_two_weeks():
    days = days_of(moving(1, 0, state="DOWN", presence="inferred"))
    assert kinds(days) == {}


def test_the_cost_is_the_price_of_the_newest_package():
    days = days_of(moving(1, 0, package="Big", last="2026-11-10"), moving(1, 0, first="2026-11-11"), moving(2, 0))
    book = PriceBook.of([{"package": "Small", "monthly_price": 6}, {"package": "Big", "monthly_price": 60}])
    found = idle_vms(days, rated=rated_costs(days, book))
    assert found["list_cost_per_month"].tolist() == pytest.approx([6, 6])
    assert idle_vms(days)["list_cost_per_month"].isna().all()


def test_nothing_is_an_empty_typed_table_and_a_short_look_is_refused():
    TABLES["idle_vms"].check(idle_vms(TABLES["vm_days"].frame()))
    with pytest.raises(SchemaError, match="a window of 3 days is too short"):
        idle_vms(days_of(moving(1, 0)), window_days=3)


def test_the_idle_vms_of_the_provider_are_found(october):
    days = vm_days(october.archive, "2026-10", "2026-11")
    found = idle_vms(days, october.archive.read("jobs"))
    there = {vm.vm_id for vm in october.sandbox.truth.vms if vm.died is None}
    idle = {vm.vm_id for vm in october.sandbox.truth.vms if vm.idle} & there
    quiet = set(found.loc[found["kind"] != "powered_off", "vm_id"])
    assert quiet <= idle, "nobody who works is called idle"
    assert idle <= set(found["vm_id"])
