"""status where VMs lost different things, in which zone that is judged, and what a number's earlier machine lost."""

import json

import pandas as pd
import pytest

from vmgen_analytics import Archive
from vmgen_analytics.cli.standing import standings
from vmgen_analytics.cli.standing_facts import facts
from vmgen_analytics.cli.standing_words import sentences, warnings
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.settings import Account, Settings


def tell(standing):
    return json.loads(json.dumps(facts(standing)))


@pytest.fixture
def one_failed(kept):
    """Of six VMs one does not answer the sync of 31 October 23:50; the last complete one was on the 26th."""
    others = range(1, 6)
    kept.usage(range(1, 7), "2026-10-01", "2026-10-25", seen="2026-10-26 12:00")
    kept.usage(6, "2026-10-26", "2026-10-26", "lost_tail", seen="2026-10-26 12:00")
    kept.usage(others, "2026-10-26", "2026-10-30", seen="2026-10-31 23:50")
    kept.usage(others, "2026-10-31", "2026-10-31", "lost_tail", seen="2026-10-31 23:50:05")
    kept.usage(range(1, 7), "2026-11-01", "2026-11-01", seen="2026-11-02 12:00")
    kept.usage(range(1, 7), "2026-11-02", "2026-11-02", "partial", seen="2026-11-02 12:00")
    kept.seen(range(1, 7), *pd.date_range("2026-10-01", "2026-10-31"), "2026-11-02")
    kept.sync("2026-10-26 12:00")
    kept.sync("2026-10-31 23:50", failures=1, incomplete="usage")
    kept.sync("2026-11-02 12:00")
    return kept


def test_each_vm_lost_its_own_days(one_failed):
    said = sentences(one_failed.standing("2026-11-03 09:00"))
    assert said[:3] == [
        "No sync that brought all usage ran after 26 October 2026 12:00: 27-31 October of web-6 are lost.",
        "The end of 31 October 2026 was not seen of 5 VMs: at most what came after 23:50 is lost.",
        "The end of 26 October 2026 was not seen of web-6: at most what came after 12:00 is lost.",
    ]


def test_a_monitor_is_told_of_the_vm_that_lost_more_than_an_hour_alone(one_failed):
    assert warnings(one_failed.standing("2026-11-03 09:00")) == [
        "lost for good: 27-31 October 2026 and the end of 26 October 2026 of web-6"
    ]


def test_machines_get_what_each_vm_lost(one_failed):
    (lost,) = tell(one_failed.standing("2026-11-03 09:00"))["lost"]
    assert (lost["vms"], lost["tail"], lost["tail_vms"]) == (1, ["2026-10-26", "2026-10-31"], 6)
    five, one = lost["by_vms"]
    assert ([vm["vm_id"] for vm in five["vms"]], five["days"], five["tail"], five["seen_until"]) == (
        [1, 2, 3, 4, 5], [], ["2026-10-31"], "2026-10-31T22:50:05+00:00",
    )  # fmt: skip
    assert (one["vms"], len(one["days"]), one["tail"], one["seen_until"]) == (
        [{"vm_id": 6, "vm_name": "web-6"}], 5, ["2026-10-26"], "2026-10-26T11:00:00+00:00",
    )  # fmt: skip


def test_a_hole_before_a_vms_last_answer_is_not_called_lost_for_want_of_a_sync(one_failed):
    one_failed.usage(7, "2026-10-01", "2026-10-27", seen="2026-10-31 23:50")
    one_failed.usage(7, "2026-10-29", "2026-10-30", seen="2026-10-31 23:50")
    one_failed.usage(7, "2026-10-31", "2026-10-31", "lost_tail", seen="2026-10-31 23:50")
    one_failed.seen(7, "2026-10-01", "2026-10-31", "2026-11-02")
    said = sentences(one_failed.standing("2026-11-02 13:00"))
    assert "No report in October 2026 of 1 VM-day: web-7 28." in said
    assert "The end of 31 October 2026 was not seen of 6 VMs: at most what came after 23:50 is lost." in said


@pytest.mark.parametrize(("last", "warns"), [("23:00", False), ("22:59", True)])
def test_the_last_hour_of_each_vm_is_no_news(kept, last, warns):
    """The other one was seen until 23:50, in a sync that lacked the first."""
    kept.usage((1, 2), "2026-10-01", "2026-10-30", seen="2026-10-31 10:00")
    kept.usage(1, "2026-10-31", "2026-10-31", "lost_tail", seen=f"2026-10-31 {last}")
    kept.usage(2, "2026-10-31", "2026-10-31", "lost_tail", seen="2026-10-31 23:50")
    kept.usage((1, 2), "2026-11-01", "2026-11-02", seen="2026-11-03 06:00")
    kept.sync(f"2026-10-31 {last}")
    kept.sync("2026-10-31 23:50", failures=1, incomplete="usage")
    kept.sync("2026-11-03 06:00")
    expected = ["lost for good: the end of 31 October 2026 of VM 1"] if warns else []
    assert warnings(kept.standing("2026-11-03 09:00")) == expected


def test_a_line_of_many_losses_stays_short(kept):
    for vm_id in range(1, 9):
        kept.usage(vm_id, "2026-10-01", f"2026-10-{10 + vm_id}", seen=f"2026-10-{11 + vm_id} 00:05")
        kept.seen(vm_id, *pd.date_range("2026-10-01", "2026-10-31"))
    kept.seen(range(1, 9), "2026-11-01", "2026-11-02")
    kept.sync("2026-10-02 06:00")
    kept.sync("2026-11-02 06:00")
    standing = kept.standing("2026-11-02 09:00")
    (lost,) = [each for each in warnings(standing) if each.startswith("lost for good")]
    assert lost.count(" of web-") == 3
    assert lost.endswith(", other days of 5 more VMs")
    assert sentences(standing)[0].endswith("; other days of 5 more VMs are lost.")


@pytest.fixture
def new_york(kept):
    """An account of New York, last seen in October ten minutes before the month turned there."""
    zone = kept.zone = "America/New_York"
    kept.usage((1, 2), "2026-10-01", "2026-10-30", seen="2026-10-31 12:00")
    kept.usage((1, 2), "2026-10-31", "2026-10-31", "lost_tail", seen="2026-10-31 23:50")
    kept.usage((1, 2), "2026-11-01", "2026-11-01", "partial", seen="2026-11-01 12:00")
    kept.seen((1, 2), "2026-10-01", "2026-10-31", "2026-11-01")
    kept.sync("2026-10-31 23:50", zone=zone)
    kept.sync("2026-11-01 12:00", zone=zone)
    return kept


TEN_MINUTES = "The end of 31 October 2026 was not seen of 2 VMs: at most what came after 23:50 is lost."


def test_an_account_that_left_the_settings_keeps_its_time_zone(new_york):
    (standing,) = standings(
        new_york.archive, Settings(accounts={"other": Account()}), pd.Timestamp("2026-11-02 12:00", tz="UTC")
    )[:1]
    assert standing.account == "main"
    told = tell(standing)
    assert (told["is_synced"], told["time_zone"], told["time_zone_before"]) == (False, "America/New_York", None)
    assert TEN_MINUTES in sentences(standing)
    assert told["months"][0]["seen_until"] == "2026-11-01T03:50:00+00:00"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "Pacific/Kiritimati"])
def test_months_of_another_time_zone_are_judged_in_theirs(new_york, zone):
    standing = new_york.standing("2026-11-02 12:00", time_zone=zone)
    assert TEN_MINUTES in sentences(standing)
    assert not [each for each in warnings(standing) if each.startswith("lost for good")]
    assert tell(standing)["months"][0]["gaps"][0]["seen_until"] == "2026-11-01T03:50:00+00:00"
    assert (tell(standing)["time_zone"], tell(standing)["time_zone_before"]) == (zone, "America/New_York")
    (said,) = [each for each in sentences(standing) if each.startswith("The time zone is")]
    assert said.startswith(f"The time zone is {zone} by the settings; until 2026-11-0")
    assert "the days of this account were kept in America/New_York" in said


def test_nothing_is_said_of_a_time_zone_that_stays(new_york):
    standing = new_york.standing("2026-11-02 12:00")
    assert not [each for each in sentences(standing) if each.startswith("The time zone is")]
    assert tell(standing)["time_zone_before"] is None


@pytest.mark.filterwarnings("always:the days of account main")
def test_a_sync_tells_that_the_time_zone_is_another(run, sandbox: Sandbox, tmp_path):
    assert "were kept in" not in run("sync").err
    (tmp_path / "vmgen.toml").write_text('time_zone = "America/New_York"\n')
    sandbox.advance(hours=1)
    told = run("sync")
    assert told.status == 0
    assert "were kept in the time zone UTC, and from this sync on are in America/New_York" in told.err
    sandbox.advance(hours=1)
    assert "were kept in" not in run("sync").err, "it is known by now"
    assert set(Archive("data/archive").read("syncs")["time_zone"]) == {"UTC", "America/New_York"}
    assert "the days of this account were kept in UTC" in run("status").out


@pytest.fixture
def reborn(kept):
    """Number 1 was build-01, seen until 21 October noon, and is reborn, another machine, from the 25th on."""
    first = {"vm_name": "build-01", "fqdn": "build-01.example.net", "ipv4": "192.0.2.1", "package": "Small"}
    other = {"vm_name": "reborn", "fqdn": "reborn.example.net", "ipv4": "192.0.2.41", "package": "Small"}
    kept.usage(1, "2026-10-01", "2026-10-20", seen="2026-10-21 12:00")
    kept.usage(1, "2026-10-21", "2026-10-21", "partial", seen="2026-10-21 12:00")
    kept.seen(1, *pd.date_range("2026-10-01", "2026-10-21"), **first)
    kept.usage(2, "2026-10-01", "2026-10-25", seen="2026-10-26 12:00")
    kept.usage(1, "2026-10-25", "2026-10-25", seen="2026-10-26 12:00")
    kept.usage((1, 2), "2026-10-26", "2026-10-26", "partial", seen="2026-10-26 12:00")
    kept.seen(1, "2026-10-25", "2026-10-26", **other)
    kept.seen(2, *pd.date_range("2026-10-01", "2026-10-26"))
    for day in (20, 21, 22, 23, 25, 26):
        kept.sync(f"2026-10-{day} 12:00")
    return kept, other


def test_what_a_machine_lost_that_is_gone_is_not_at_stake_of_the_next_one_of_its_number(reborn):
    standing = reborn[0].standing("2026-10-26 13:00")
    said = sentences(standing)
    assert (
        "The end of 21 October 2026 was not seen of build-01, which is gone: at most what came after 12:00 is lost."
        in said
    )
    assert said[-1].endswith("if no sync runs before, the end of 26 October and all of 27-31 October are lost.")
    assert [each["loses_end"] for each in tell(standing)["at_stake"]] == [["2026-10-26"]]


def test_the_days_of_two_machines_of_a_number_are_told_by_their_names(reborn):
    kept, other = reborn
    kept.usage(1, "2026-10-21", "2026-10-21", "lost_tail", seen="2026-10-21 12:00")
    kept.usage((1, 2), "2026-10-26", "2026-10-30", seen="2026-10-31 23:50")
    kept.usage((1, 2), "2026-10-31", "2026-10-31", "lost_tail", seen="2026-10-31 23:50")
    kept.usage((1, 2), "2026-11-01", "2026-11-01", seen="2026-11-02 12:00")
    days = ("2026-10-31", "2026-11-02")
    kept.seen(1, *days, **other)
    kept.seen(2, *days)
    kept.sync("2026-10-31 23:50")
    kept.sync("2026-11-02 12:00")
    standing = kept.standing("2026-11-02 13:00")
    gaps = tell(standing)["months"][0]["gaps"]
    assert {(gap["vm_name"], *gap["lost_tail"]) for gap in gaps} == {
        ("build-01", "2026-10-21"), ("reborn", "2026-10-31"), ("web-2", "2026-10-31"),
    }  # fmt: skip
    assert sentences(standing)[:2] == [
        "The end of 31 October 2026 was not seen of 2 VMs: at most what came after 23:50 is lost.",
        "The end of 21 October 2026 was not seen of build-01: at most what came after 12:00 is lost.",
    ]
    assert not warnings(standing), "the schedule cannot help that it went"


def test_vms_that_were_seen_until_other_hours_have_bounds_of_their_own(kept):
    kept.usage((1, 2, 3), "2026-10-01", "2026-10-30", seen="2026-10-31 06:00")
    kept.usage((1, 2), "2026-10-31", "2026-10-31", "lost_tail", seen="2026-10-31 23:50")
    kept.usage(3, "2026-10-31", "2026-10-31", "lost_tail", seen="2026-10-31 06:00")
    kept.usage((1, 2, 3), "2026-11-01", "2026-11-02", seen="2026-11-03 06:00")
    for at in ("2026-10-31 06:00", "2026-11-03 06:00"):
        kept.sync(at)
    standing = kept.standing("2026-11-03 09:00")
    assert sentences(standing)[:2] == [
        "The end of 31 October 2026 was not seen of 2 VMs: at most what came after 23:50 is lost.",
        "The end of 31 October 2026 was not seen of VM 3: at most what came after 06:00 is lost.",
    ]
    assert warnings(standing) == ["lost for good: the end of 31 October 2026 of VM 3"]
