"""status where syncing stopped, where one VM does not answer, where a VM went, and where a clock was wrong."""

import io
import json

import pandas as pd
import pytest
from rich.console import Console

from vmgen_analytics.cli.calendar import calendar
from vmgen_analytics.cli.standing_facts import facts
from vmgen_analytics.cli.standing_words import sentences, warnings


def drawn(standing, months=13):
    return calendar([standing], months).plain.splitlines()


def tell(standing):
    return json.loads(json.dumps(facts(standing)))


@pytest.fixture
def tenth(kept):
    """Three VMs whose last sync was on 10 November at noon, and two days of October."""
    for vm_id in (1, 2, 3):
        kept.usage(vm_id, "2026-10-30", "2026-10-31")
        kept.usage(vm_id, "2026-11-01", "2026-11-09", seen="2026-11-10 12:00")
        kept.usage(vm_id, "2026-11-10", "2026-11-10", "partial", seen="2026-11-10 12:00")
        kept.seen(vm_id, *pd.date_range("2026-10-30", "2026-11-10"))
    kept.sync("2026-11-10 12:00")
    return kept


def test_days_after_the_last_sync_do_not_look_calm(tenth):
    standing = tenth.standing("2026-11-23 09:00")
    *_, row, legend = drawn(standing)
    assert row == "2026-11 ■■■■■ ■■■■○ ○○○○○ ○○○○○ ○○··· ·····   open    3 VMs, 40 % final"
    assert legend.strip() == "■ final  ○ over, not fetched yet  · to come, or no VM"
    month = tell(standing)["months"][-1]
    assert (month["days_expected"], month["days_final"], month["days_awaited"], month["days_missing"]) == (
        66,
        27,
        39,
        0,
    )
    assert month["days"]["2026-11-22"] == "awaited"
    assert "2026-11-23" not in month["days"], "it is not over"


def test_this_month_has_a_row_also_before_its_first_sync(kept):
    kept.usage(1, "2026-10-01", "2026-10-28")
    kept.seen(1, "2026-10-01", "2026-10-28")
    kept.sync("2026-10-28 23:00")
    *_, row, _ = drawn(kept.standing("2026-11-23 09:00"))
    assert row == "2026-11 ○○○○○ ○○○○○ ○○○○○ ○○○○○ ○○··· ·····   open    1 VM, 0 % final"
    *_, row, _ = drawn(kept.standing("2026-11-01 09:00"))
    assert row == "2026-11 ····· ····· ····· ····· ····· ·····   nothing known"


def test_the_vms_that_lack_answers_are_named(kept):
    for vm_id in (1, 3):
        kept.usage(vm_id, "2026-11-01", "2026-11-01", seen="2026-11-02 06:00")
        kept.usage(vm_id, "2026-11-02", "2026-11-02", "partial", seen="2026-11-02 06:00")
    for vm_id in (1, 2, 3):
        kept.seen(vm_id, "2026-11-01", "2026-11-02")
    for at in ("2026-11-01 06:00", "2026-11-02 06:00"):
        kept.sync(at, failures=1, incomplete="usage")
    standing = kept.standing("2026-11-02 09:00")
    assert sentences(standing)[-1].endswith(
        "if no sync runs before, of web-2 all of 1-30 November; "
        "of the others the end of 2 November and all of 3-30 November are lost."
    )
    told = tell(standing)
    assert (told["loses_end"], told["loses"][0], len(told["loses"])) == (["2026-11-02"], "2026-11-03", 28)
    lacking, others = told["at_stake"]
    assert (lacking["vms"], lacking["loses_end"], len(lacking["loses"])) == ([{"vm_id": 2, "vm_name": "web-2"}], [], 30)
    assert [vm["vm_id"] for vm in others["vms"]] == [1, 3]


def test_what_an_interrupted_sync_brought_is_not_at_stake(kept):
    """The first two VMs answered on the 20th, before somebody pressed Ctrl-C; the third only on the 12th."""
    for vm_id, until in ((1, 20), (2, 20), (3, 12)):
        seen = f"2026-11-{until} 06:00"
        kept.usage(vm_id, "2026-11-01", f"2026-11-{until - 1}", seen=seen)
        kept.usage(vm_id, f"2026-11-{until}", f"2026-11-{until}", "partial", seen=seen)
        kept.seen(vm_id, "2026-11-01", "2026-11-20")
    for at in ("2026-11-12 06:00", "2026-11-20 06:00"):
        kept.sync(at, failures=1, incomplete="usage, sync", error="stopped")
    assert sentences(kept.standing("2026-11-20 09:00"))[-1].endswith(
        "of web-3 the end of 12 November and all of 13-30 November; "
        "of the others the end of 20 November and all of 21-30 November are lost."
    )


def gone(kept, *inventories):
    """web-2 was last seen on 10 November at noon and is in none of the inventories after."""
    for at in inventories:
        for vm_id in (1, 3):
            kept.usage(vm_id, "2026-11-10", pd.Timestamp(at).normalize() - pd.Timedelta("1D"), seen=at)
            kept.seen(vm_id, at[:10])
        kept.sync(at)
    return kept.standing(inventories[-1][:10] + " 20:00")


def test_the_end_of_a_vm_that_went_was_not_seen(tenth):
    standing = gone(tenth, "2026-11-10 18:00", "2026-11-11 06:00", "2026-11-11 12:00", "2026-11-12 12:00")
    month = tell(standing)["months"][-1]
    assert (month["days"]["2026-11-10"], month["days_lost_tail"]) == ("lost_tail", 1)
    assert month["gaps"] == [
        {
            "vm_id": 2, "vm_name": "web-2", "missing": [], "lost_tail": ["2026-11-10"],
            "seen_until": "2026-11-10T11:00:00+00:00",
        }
    ]  # fmt: skip
    assert (
        "The end of 10 November 2026 was not seen of web-2, which is gone: at most what came after 12:00 is lost."
        in sentences(standing)
    )
    assert "▽" in drawn(standing)[-2]
    assert not warnings(standing), "the schedule cannot help it"


def test_a_monitor_is_told_of_a_vm_that_went_while_no_sync_looked(tenth):
    standing = gone(tenth, "2026-11-14 06:00", "2026-11-15 12:00")
    assert warnings(standing) == ["lost for good: the end of 10 November 2026 of web-2, which is gone"]
    assert not warnings(gone(tenth, "2026-11-22 12:00")), "it is known by now"


def test_a_vm_that_was_missing_once_may_come_back(tenth):
    standing = gone(tenth, "2026-11-12 12:00")
    month = tell(standing)["months"][-1]
    assert (month["days_lost_tail"], month["gaps"][0]["missing"]) == (0, ["2026-11-11"])


def test_imported_days_are_drawn_and_counted_as_such(kept):
    kept.usage(1, "2026-09-01", "2026-09-30", "imported")
    kept.usage(1, "2026-10-01", "2026-10-12", "imported")
    kept.usage(1, "2026-10-13", "2026-10-31")
    kept.usage(1, "2026-11-01", "2026-11-02")
    kept.sync("2026-11-03 06:00")
    standing = kept.standing("2026-11-03 09:00")
    september, october = drawn(standing)[2:4]
    assert september == "2026-09 ▤▤▤▤▤ ▤▤▤▤▤ ▤▤▤▤▤ ▤▤▤▤▤ ▤▤▤▤▤ ▤▤▤▤▤   closed  1 VM, 100 % imported"
    assert october == "2026-10 ▤▤▤▤▤ ▤▤▤▤▤ ▤▤■■■ ■■■■■ ■■■■■ ■■■■■ ■ closed  1 VM, 100 % known"
    assert "▤ imported" in drawn(standing)[-1]
    month = tell(standing)["months"][1]
    assert (month["days_final"], month["days_imported"]) == (19, 12)


def test_only_the_newest_months_are_drawn(kept):
    kept.usage(1, "2021-11-01", "2026-11-22")
    kept.usage(1, "2024-03-05", "2024-03-05", "lost_tail")
    kept.sync("2026-11-23 06:00")
    standing = kept.standing("2026-11-23 09:00")
    lines = drawn(standing)
    assert lines[2] == "… 48 earlier months: all final but 2024-03"
    assert [line[:7] for line in lines[3:-1]] == [str(each) for each in pd.period_range("2025-11", "2026-11", freq="M")]
    assert len(drawn(standing, 0)) == 61 + 3
    assert drawn(standing, 1)[2].startswith("… 60 earlier months")


def test_the_legend_fits_in_80_columns_with_all_signs(kept):
    for vm_id, status in enumerate(("final", "imported", "provisional", "lost_tail"), 1):
        kept.usage(vm_id, f"2026-11-0{vm_id}", f"2026-11-0{vm_id}", status)
    kept.usage(9, "2026-11-06", "2026-11-06")
    kept.usage(9, "2026-11-08", "2026-11-11")
    kept.usage(9, "2026-11-12", "2026-11-12", "partial", seen="2026-11-12 12:00")
    kept.sync("2026-11-12 12:00")
    standing = kept.standing("2026-11-12 13:00")
    assert max(map(len, drawn(standing))) <= 80
    console = Console(file=io.StringIO(), force_terminal=True, width=80, soft_wrap=True)
    console.print(calendar([standing]))
    assert "\x1b" in console.file.getvalue()


def test_a_sync_of_the_future_hides_nothing(kept):
    kept.usage(1, "2026-11-01", "2026-11-10")
    kept.sync("2026-11-10 12:00")
    kept.sync("2027-01-22 09:00")
    standing = kept.standing("2026-11-23 09:00")
    wrong = (
        "he log has a sync of 2027-01-22 09:00, which is later than this machine's clock, 2026-11-23 09:00: one of the "
        "clocks is or was wrong"
    )
    said = sentences(standing)
    assert said[0] == f"T{wrong}."
    assert any(each.startswith("Last sync: 2026-11-10 12:00 (12 d 21 h ago)") for each in said)
    assert warnings(standing)[:2] == [f"t{wrong}", "the last sync that brought everything was 12 d 21 h ago"]
    assert drawn(standing)[-2].startswith("2026-11 ■■■■■ ■■■■■ ○○○○○ ○○○○○ ○○···")
    assert tell(standing)["clock_ahead"] == "2027-01-22T08:00:00+00:00"


def test_where_all_syncs_are_of_the_future_this_machines_clock_is_the_wrong_one(kept):
    kept.usage(1, "2026-11-01", "2026-11-10")
    kept.sync("2026-11-10 12:00")
    standing = kept.standing("2026-11-01 09:00")
    assert standing.now == pd.Timestamp("2026-11-10 12:00", tz="Europe/Amsterdam")
    assert "one of the clocks is or was wrong" in warnings(standing)[0]


def test_an_end_of_many_days_is_worded_as_such(kept):
    kept.usage(1, "2026-10-01", "2026-10-31")
    for day in ("2026-10-03", "2026-10-30"):
        kept.usage(1, day, day, "lost_tail")
    kept.sync("2026-11-01 06:00")
    assert "The ends of 3 and 30 October 2026 were not seen of VM 1." in sentences(kept.standing("2026-11-01 09:00"))
