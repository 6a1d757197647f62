"""status: what is known, what is lost, what will be lost when; for people, for machines and for monitors."""

import contextlib
import io
import json
import re
import sys
from datetime import timedelta

import pandas as pd
import pytest
from left_by_syncs import Kept

from vmgen_analytics import Archive, Client
from vmgen_analytics.cli import terminal
from vmgen_analytics.cli.calendar import calendar
from vmgen_analytics.cli.standing import standings
from vmgen_analytics.cli.standing_facts import facts
from vmgen_analytics.cli.standing_words import sentences, warnings
from vmgen_analytics.logbook import written_down
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.settings import Account, Settings


def test_what_was_learned_is_told(run, sandbox: Sandbox):
    run("sync")
    assert "lists come bare" in run("status", "-v").out
    sandbox.advance(minutes=5)
    sandbox.fault("envelope", operation="vms", style="data")
    assert run("sync").status == 0
    told = run("status", "-v").out
    assert "Of the server:" in told
    assert "vms" in told.split("Of the server:")[1]
    assert "data" in told
    assert "Of the server:" not in run("status").out


def test_a_command_whose_process_died_is_told(run, sandbox: Sandbox):
    run("sync")
    with (
        contextlib.suppress(MemoryError),
        Client(sandbox.key, base_url=sandbox.url) as client,
        written_down(client, Archive("data/archive"), "reboot", vm_id=17),
    ):
        raise MemoryError  # stands for a process that dies here
    assert "Nobody knows the end of: reboot of VM 17" in run("status").out


@pytest.fixture
def october(kept):
    """Two VMs: of one, two days have no report; the month's end was last seen at 23:50."""
    kept.usage(1, "2026-10-01", "2026-10-30")
    kept.usage(2, "2026-10-01", "2026-10-09")
    kept.usage(2, "2026-10-12", "2026-10-30")
    kept.usage((1, 2), "2026-10-31", "2026-10-31", "lost_tail")
    kept.usage((1, 2), "2026-11-01", "2026-11-02")
    kept.usage((1, 2), "2026-11-03", "2026-11-03", "partial")
    kept.seen((1, 2), "2026-10-01", "2026-11-03")
    for at in ("2026-10-31 23:50", "2026-11-03 06:00"):
        kept.sync(at)
    return kept


def drawn(standing):
    return calendar([standing]).plain.splitlines()


def test_the_calendar_shows_the_worst_of_each_day(october):
    _, numbers, row, this, legend = drawn(october.standing("2026-11-03 09:00"))
    assert row == "2026-10 ■■■■■ ■■■■✗ ✗■■■■ ■■■■■ ■■■■■ ■■■■■ ▽ closed  2 VMs, 93 % final"
    assert this == "2026-11 ■■◧·· ····· ····· ····· ····· ·····   open    2 VMs, 100 % final", (
        "of the days that are over"
    )
    assert numbers.index("26") == row.index("■■■■■ ▽")
    assert legend.strip() == "■ final  ◧ under way  ▽ end not seen  ✗ no report  · to come, or no VM"


def test_the_calendar_can_be_read_where_only_ascii_can_be_written(october, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    row = drawn(october.standing("2026-11-03 09:00"))[2]
    assert row.startswith("2026-10 ##### ####x x#### ##### ##### ##### v closed")


def test_fourteen_months_of_two_accounts_fit_on_a_terminal(kept, tmp_path, run):
    for account in ("main", "a-second-one"):
        other = Kept(tmp_path / "archive", "Europe/Amsterdam", account)
        other.usage(1, "2025-10-01", "2026-11-22")
        other.sync("2026-11-23 06:00")
    done = run("status", "--archive", tmp_path / "archive", "--months", "14")
    lines = done.out.splitlines()
    assert sum(bool(re.match(r"20\d\d-\d\d ", line)) for line in lines) == 2 * 14
    assert max(len(line) for line in lines if re.match(r"\S*:? ?days of|20\d\d-\d\d | {8}", line)) <= 80
    assert "\x1b" not in done.out
    assert done.err == ""


def test_the_sentences_name_who_lacks_what(october):
    *said, stake = sentences(october.standing("2026-11-03 09:00"))
    assert said == [
        "No report in October 2026 of 2 VM-days: web-2 10-11.",
        "The end of 31 October 2026 was not seen of 2 VMs: at most what came after 23:50 is lost.",
        "Last sync: 2026-11-03 06:00 (3 h 0 min ago), which brought everything.",
        "Next sync: 2026-11-03 12:00, in 3 h 0 min.",
    ]
    assert stake == (
        "At 2026-12-01 00:00 (Europe/Amsterdam, in 27 d 15 h) the provider forgets this month: if no sync runs before, "
        "the end of 3 November and all of 4-30 November are lost."
    )


def test_a_last_day_that_came_whole_tells_that_the_provider_waits(october):
    october.usage((1, 2), "2026-10-31", "2026-10-31")
    said = sentences(october.standing("2026-11-03 09:00"))
    assert any(sentence.startswith("The last day came whole in 1 of 1 month:") for sentence in said)
    assert not any("The end of" in sentence for sentence in said)


def test_what_was_tried_and_what_came_are_told_apart(october):
    october.sync("2026-11-03 07:00", 8, "accounts, usage", "nothing listens there")
    said = sentences(october.standing("2026-11-03 09:00"))
    assert (
        "Last sync: 2026-11-03 07:00 (2 h 0 min ago), broken off: nothing listens there. "
        "The last one that brought everything: 2026-11-03 06:00 (3 h 0 min ago)." in said
    )
    october.sync("2026-11-03 08:00", 1, "usage")
    said = sentences(october.standing("2026-11-03 13:00"))
    assert any("which lacks 1 answer or value of usage." in sentence for sentence in said)
    assert "Next sync: now; by the schedule it was due 1 h 0 min ago, at 2026-11-03 12:00." in said


@pytest.mark.parametrize(
    ("last", "at", "lost"),
    [
        ("2026-11-30 06:00", "2026-11-30 09:00", "the end of 30 November is lost"),
        ("2026-11-28 06:00", "2026-11-30 09:00", "the end of 28 November and all of 29-30 November are lost"),
        ("2026-10-31 23:50", "2026-11-01 09:00", "all of 1-30 November is lost"),
    ],
)
def test_what_is_at_stake_follows_from_the_last_sync(kept, last, at, lost):
    kept.usage(1, "2026-10-01", "2026-10-31")
    kept.sync(last)
    assert sentences(kept.standing(at))[-1].endswith(f"if no sync runs before, {lost}.")


@pytest.mark.parametrize(
    ("last", "at", "warns"),
    [
        ("2026-11-03 06:00", "2026-11-04 06:00", False),
        ("2026-11-03 06:00", "2026-11-04 06:01", True),
        ("2026-11-30 06:00", "2026-11-30 08:00", False),
        ("2026-11-30 06:00", "2026-11-30 08:01", True),
        ("2026-11-30 22:30", "2026-12-01 08:01", False),
    ],
)
def test_a_monitor_is_told_of_a_stale_archive(kept, last, at, warns):
    kept.usage(1, "2026-11-01", last[:10])
    kept.sync(last)
    found = warnings(kept.standing(at))
    assert bool(found) == warns
    assert all("the last sync that brought everything was" in sentence for sentence in found)


def test_a_monitor_is_told_of_days_that_should_have_a_report(october):
    october.usage(1, "2026-11-03", "2026-11-08")
    october.usage(2, "2026-11-07", "2026-11-08")
    october.seen(2, "2026-11-08")
    october.sync("2026-11-07 05:00")
    assert warnings(october.standing("2026-11-07 06:00")) == [
        "2 VM-days of this month should have a report and have none (web-2)"
    ]
    assert not warnings(october.standing("2026-11-07 06:00", settle_h=200)), "they may still come"
    october.seen(2, "2026-11-04", "2026-11-05", "2026-11-06", state="DOWN")
    assert not warnings(october.standing("2026-11-07 06:00")), "it was switched off"
    _, lost = warnings(october.standing("2026-12-02 06:00"))
    assert lost == (
        "lost for good: 9-30 November 2026 of web-1, 9-30 November 2026 and the end of 3 November 2026 of web-2"
    ), "it is too late for them"


@pytest.mark.parametrize("at", ["2026-10-30 18:00", "2026-11-05 12:00", "2027-03-20 12:00"])
def test_a_month_may_turn_while_the_clocks_are_changed(kept, at):
    """In Havana the midnight with which November 2026 begins comes twice."""
    kept.zone = "America/Havana"
    kept.usage(1, "2026-10-29", "2026-10-30")
    kept.sync("2026-10-30 12:00")
    standing = kept.standing(at)
    assert facts(standing)["month_ends"] == {
        "10": "2026-11-01T04:00:00+00:00", "11": "2026-12-01T05:00:00+00:00", "03": "2027-04-01T04:00:00+00:00",
    }[at[5:7]]  # fmt: skip
    assert sentences(standing)
    assert warnings(kept.standing(at)) or at < "2026-11"


def checked(run):
    done = run("status", "--check")
    return done.status, done.out


def test_the_check_is_one_line_and_an_exit_status(run, sandbox: Sandbox):
    run("sync")
    assert checked(run) == (0, "fine: main\n")
    sandbox.fault("status", operation="invoices", code=500)
    sandbox.advance(hours=6)
    run("sync")
    assert checked(run) == (3, "warning: main: the last sync lacks 1 answer or value of invoices\n")
    sandbox.clear_faults()
    sandbox.advance(hours=6)
    run("sync")
    with contextlib.suppress(MemoryError), Client(sandbox.key, base_url=sandbox.url) as client:
        client.account()
        with written_down(client, Archive("data/archive"), "reboot", vm_id=17):
            raise MemoryError  # stands for a process that dies here
    sandbox.advance(minutes=9)
    assert run("status", "--check").status == 0, "it may be on its way"
    sandbox.advance(minutes=2)
    assert checked(run) == (3, "warning: main: nobody knows the end of 1 command\n")
    assert run("status", "--check", "--json").status == 2


def test_the_check_tells_of_an_outage(run, sandbox: Sandbox, monkeypatch):
    run("sync")
    sandbox.advance(hours=30)
    monkeypatch.setenv("VMGEN_BASE_URL", "http://127.0.0.1:1")
    assert run("sync").status == 1
    done = run("status", "--check")
    assert done.status == 3
    assert done.out.count("\n") == 1
    assert "the last sync was broken off: " in done.out


def test_machines_get_the_same_facts(october):
    told = json.loads(json.dumps(facts(october.standing("2026-11-03 09:00"))))
    month, this = told["months"]
    assert (month["month"], month["state"], month["days_missing"], month["days_lost_tail"]) == (
        "2026-10",
        "closed",
        2,
        2,
    )
    assert month["days"]["2026-10-10"] == "missing"
    assert month["days"]["2026-10-31"] == "lost_tail"
    assert month["gaps"][0] == {
        "vm_id": 2, "vm_name": "web-2", "missing": ["2026-10-10", "2026-10-11"], "lost_tail": ["2026-10-31"],
        "seen_until": "2026-10-31T22:50:00+00:00",
    }  # fmt: skip
    assert month["seen_until"] == "2026-10-31T22:50:00+00:00"
    assert list(this["days"]) == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert told["next_sync"] == "2026-11-03T11:00:00+00:00"
    assert told["month_ends"] == "2026-11-30T23:00:00+00:00"
    assert (told["loses_end"], len(told["loses"])) == (["2026-11-03"], 27)
    assert (told["last_sync"], told["last_success"]) == ("2026-11-03T05:00:00+00:00",) * 2
    assert told["warnings"] == []


def test_an_account_that_never_synced_is_told(kept):
    kept.usage(1, "2026-11-01", "2026-11-02")
    settings = Settings(accounts={"main": Account(), "forgotten": Account()})
    forgotten, _ = standings(kept.archive, settings, pd.Timestamp("2026-11-03", tz="UTC"))
    assert warnings(forgotten) == ["it has never synced"]
    assert {"Last sync: never.", "Next sync: now."} <= set(sentences(forgotten))


def test_the_providers_clock_wins_where_this_machines_is_behind(october):
    standing = october.standing("2026-11-03 05:30")
    assert standing.now == pd.Timestamp("2026-11-03 06:00", tz="Europe/Amsterdam")
    assert standing.now - standing.syncs.success.started_at == timedelta(0)


NINETEEN = range(1, 20)


@pytest.fixture
def stopped(kept):
    """Nineteen VMs whose last sync was on 20 October at 06:00."""
    kept.usage(NINETEEN, "2026-10-01", "2026-10-19")
    kept.usage(NINETEEN, "2026-10-20", "2026-10-20", "partial")
    kept.seen(NINETEEN, "2026-10-01", "2026-10-20")
    kept.sync("2026-10-20 06:00")
    return kept


def test_days_that_no_sync_can_bring_any_more_are_lost(stopped):
    standing = stopped.standing("2026-11-23 09:00")
    assert drawn(standing)[2] == "2026-10 ■■■■■ ■■■■■ ■■■■■ ■■■■▽ ✗✗✗✗✗ ✗✗✗✗✗ ✗ closed  19 VMs, 61 % final"
    said = sentences(standing)
    assert said[:2] == [
        "No sync that brought all usage ran after 20 October 2026 06:00: 21-31 October of 19 VMs are lost.",
        "The end of 20 October 2026 was not seen of 19 VMs: at most what came after 06:00 is lost.",
    ]
    assert not any(sentence.startswith("No report") for sentence in said)
    assert warnings(standing)[1] == ("lost for good: 21-31 October 2026 and the end of 20 October 2026 of 19 VMs")
    told = json.loads(json.dumps(facts(standing)))
    assert told["months"][0]["days"]["2026-10-31"] == "missing"
    assert (told["months"][0]["days_missing"], told["months"][0]["days_lost_tail"]) == (11 * 19, 19)
    (lost,) = told["lost"]
    assert (lost["month"], lost["since"], lost["vms"], lost["tail"]) == (
        "2026-10", "2026-10-20T04:00:00+00:00", 19, ["2026-10-20"],
    )  # fmt: skip
    assert (lost["days"][0], lost["days"][-1], len(lost["days"])) == ("2026-10-21", "2026-10-31", 11)


def test_nothing_is_called_lost_while_its_month_runs(stopped):
    standing = stopped.standing("2026-10-31 23:00")
    assert drawn(standing)[2].startswith("2026-10 ■■■■■ ■■■■■ ■■■■■ ■■■■○ ○○○○○ ○○○○○ · open")
    assert standing.losses == ()


def test_in_the_first_hours_the_provider_may_still_show_what_seems_lost(stopped):
    said = sentences(stopped.standing("2026-11-01 09:00"))[0]
    assert said.endswith("21-31 October of 19 VMs are lost, unless the provider still shows them to a sync now.")


@pytest.mark.parametrize(("at", "told"), [("2026-11-27 05:59", True), ("2026-11-27 06:01", False)])
def test_a_monitor_is_told_of_a_loss_for_seven_days_after_the_first_late_sync(stopped, at, told):
    stopped.usage(NINETEEN, "2026-10-20", "2026-10-20", "lost_tail")
    stopped.usage(NINETEEN, "2026-11-01", "2026-11-25")
    stopped.usage(NINETEEN, "2026-11-26", "2026-11-27", "partial")
    stopped.seen(NINETEEN, "2026-11-20", "2026-11-27")
    stopped.sync("2026-11-20 06:00")
    stopped.sync("2026-11-27 05:00")
    found = warnings(stopped.standing(at))
    assert [each.startswith("lost for good: 21-31 October 2026 and the end of 20") for each in found] == [True] * told
    assert any("21-31 October of 19 VMs are lost." in each for each in sentences(stopped.standing(at)))


@pytest.mark.parametrize(("last", "warns"), [("2026-10-31 23:50", False), ("2026-10-31 12:00", True)])
def test_only_a_lost_end_that_the_schedule_avoids_is_a_warning(kept, last, warns):
    kept.usage(1, "2026-10-01", "2026-10-30")
    kept.usage(1, "2026-10-31", "2026-10-31", "lost_tail")
    kept.usage(1, "2026-11-01", "2026-11-02")
    kept.sync(last)
    kept.sync("2026-11-03 06:00")
    assert bool(warnings(kept.standing("2026-11-03 09:00"))) == warns


@pytest.mark.parametrize(
    ("at", "state"), [("2026-11-04 00:10", "partial"), ("2026-11-05 05:59", "partial"), ("2026-11-05 06:01", "missing")]
)
def test_a_day_that_has_just_begun_is_under_way(kept, at, state):
    kept.usage(1, "2026-11-01", "2026-11-03")
    kept.seen(1, "2026-11-04")
    kept.sync("2026-11-04 00:05")
    if at > "2026-11-05":
        kept.seen(1, "2026-11-05")
        kept.sync(at)
    told = facts(kept.standing(at))["months"][0]
    assert told["days"]["2026-11-04"] == state
    assert told["days_missing"] == (state == "missing")


def test_export_and_status_count_the_same_days(run, sandbox: Sandbox, monkeypatch):
    """Also those of a month that is over, after which no sync asked."""
    run("sync")
    late = pd.Timestamp("2026-12-05 09:00", tz="UTC")
    monkeypatch.setattr(terminal, "now", lambda: late)
    (account,) = json.loads(run("status", "--json").out)["accounts"].values()
    told = pd.DataFrame(account["months"])
    exported = pd.read_csv(io.StringIO(run("export", "coverage").out)).drop(columns="account")
    pd.testing.assert_frame_equal(exported, told[list(exported)])
    november = exported.set_index("month").loc["2026-11"]
    assert (november["state"], november["days_missing"] >= 6 * 7) == ("closed", True), "six VMs, from the 24th on"


def test_imported_days_prove_nothing_about_the_provider(kept):
    kept.usage((1, 2), "2026-09-29", "2026-10-31", "imported")
    kept.usage((1, 2), "2026-11-01", "2026-11-02")
    kept.sync("2026-11-03 06:00")
    standing = kept.standing("2026-11-03 09:00")
    assert facts(standing)["last_days_known"] == 0
    assert not any("The last day came whole" in sentence for sentence in sentences(standing))
