"""investigate and capacity on the days on which programs stumble: every one ends in sentences, and none in nan."""

import json
import re

import pandas as pd
import pytest

from vmgen_analytics import Archive
from vmgen_analytics.cli import terminal
from vmgen_analytics.schema import TABLES

NO_WORDS = re.compile(r"\b(nan|NaN|NaT|inf|None|<NA>)\b")


def archived(first, last, *, born=None, MB=8_000.0, status="final", zone="UTC", died=None):
    """An archive of two VMs, each listed and reported daily; the second is born, and dies, when it is said."""
    archive = Archive("data/archive")
    for vm_id, since, until in ((1, first, last), (2, born or first, died or last)):
        days = pd.date_range(since, until)
        at = days.tz_localize(zone, nonexistent="shift_forward", ambiguous=True).tz_convert("UTC") + pd.Timedelta("18h")
        key = {"account": "main", "vm_id": vm_id, "seen_at": at}
        listed = {"seen_on": days, "vm_name": f"vm-{vm_id}", "state": "UP", "package": "Small"}
        archive.add("vms", TABLES["vms"].cast(pd.DataFrame(key | listed)))
        used = {"date": days, "in_MB": MB / 2, "out_MB": MB, "status": status}
        archive.add("usage", TABLES["usage"].cast(pd.DataFrame(key | used)))
    days = pd.date_range(first, last)
    at = days.tz_localize(zone, nonexistent="shift_forward", ambiguous=True).tz_convert("UTC") + pd.Timedelta("18h")
    log = {"account": "main", "started_at": at, "ended_at": at, "requests": 1, "failures": 0, "rows": 1}
    archive.add("syncs", TABLES["syncs"].cast(pd.DataFrame(log | {"incomplete": "", "time_zone": zone})))


@pytest.fixture
def at(run, tmp_path, monkeypatch):
    """Investigate, and look at the capacity, at a moment in a time zone, with a quota and a limit."""
    (tmp_path / "transfer.csv").write_text("scope,quota_GB\naccount,100\n")
    (tmp_path / "limits.csv").write_text("measure,amount\nvms,40\n")
    monkeypatch.setenv("COLUMNS", "80")

    def at(moment, zone="UTC"):
        settings = 'transfer_policy = "transfer.csv"\nlimits = "limits.csv"\n'
        (tmp_path / "vmgen.toml").write_text(f'time_zone = "{zone}"\n{settings}')
        monkeypatch.setattr(terminal, "now", lambda: pd.Timestamp(moment, tz=zone))
        done, planned = run("investigate", "--days", "7"), run("capacity")
        for each in (done, planned):
            assert each.status == 0, each.err
            told = each.out + each.err
            assert not NO_WORDS.search(told), told
            assert max(map(len, told.splitlines())) <= 80
        facts = json.loads(run("investigate", "--json").out)["accounts"]["main"]
        return re.sub(r"\s+", " ", done.out), re.sub(r"\s+", " ", planned.out), facts

    return at


def test_the_first_of_a_month_has_a_month_without_a_known_day(at):
    archived("2026-08-01", "2026-10-31")
    said, planned, facts = at("2026-11-01 06:00")
    assert (facts["today"], facts["last_final_day"], facts["quotas"]) == ("2026-11-01", "2026-10-31", [])
    assert "No quota can be told: no VM that a transfer policy is about was seen in November 2026 yet" in said
    assert "2 VMs on 2026-10-31" in planned
    assert "0 births in 92 days are too few for a date, which needs 5" in planned
    archived("2026-11-01", "2026-11-01", MB=40.0, status="partial")
    said, _, facts = at("2026-11-01 19:00")
    (quota,) = facts["quotas"]
    assert (quota["used_GB"], quota["days_known"], quota["days_estimated"]) == (pytest.approx(0.08), 0, 30)
    assert quota["expected_GB"] == pytest.approx(480, rel=0.01)
    assert "sent so far in November 2026, of 100 GB: expected to be exceeded on 2026-11-0" in said


def test_months_of_zeros_alone_are_no_outage_and_have_no_interval(at):
    archived("2026-09-01", "2026-10-30", MB=0.0)
    said, _, facts = at("2026-10-31 06:00")
    assert not [finding for finding in facts["findings"] if finding["finding"] in ("spike", "drop", "upload")]
    assert "is probably not in use" in said
    assert facts["quotas"][0]["state"] == "unknown"
    assert "every known day is 0: 0 is expected, and no interval can be given" in facts["quotas"][0]["sentence"]


@pytest.mark.parametrize(
    ("last", "moment", "length"), [("2027-02-26", "2027-02-27", 28), ("2028-02-28", "2028-02-29", 29)]
)
def test_february_ends_when_it_ends(at, last, moment, length):
    archived(pd.Timestamp(last) - pd.Timedelta(days=60), last)
    _, _, facts = at(f"{moment} 09:00")
    (quota,) = facts["quotas"]
    assert quota["days_known"] + quota["days_estimated"] == length
    assert quota["expected_GB"] == pytest.approx(length * 16, rel=0.01)
    assert quota["state"] == "exceeded"


@pytest.mark.parametrize(
    ("zone", "change"),
    [("Europe/Warsaw", "2026-10-25"), ("Europe/Warsaw", "2026-03-29"), ("America/Santiago", "2026-09-06")],
)
def test_a_day_of_23_or_25_hours_is_one_day(at, zone, change):
    last = pd.Timestamp(change) + pd.Timedelta(days=2)
    archived(last - pd.Timedelta(days=50), last, zone=zone)
    said, _, facts = at(f"{last + pd.Timedelta(days=1):%Y-%m-%d} 00:30", zone)
    assert facts["today"] == f"{last + pd.Timedelta(days=1):%Y-%m-%d}"
    assert facts["last_final_day"] == f"{last:%Y-%m-%d}"
    assert facts["gaps"] == []
    assert not [finding for finding in facts["findings"] if finding["finding"] in ("spike", "drop", "now")]
    assert f"in days of {zone}" in said


def test_a_vm_born_yesterday_is_named_with_what_it_needs(at):
    archived("2026-09-15", "2026-11-15", born="2026-11-15")
    said, planned, facts = at("2026-11-16 06:00")
    assert "fewer than 7 are known of vm-2 (VM 2) (1)" in said
    assert not [finding for finding in facts["findings"] if finding.get("vm_id") == 2]
    assert "1 birth" in planned


def test_a_vm_that_went_yesterday_is_no_drop_of_its_own(at):
    archived("2026-09-15", "2026-11-15", died="2026-11-14")
    said, planned, _ = at("2026-11-16 06:00")
    assert "DROP: vm-2" not in said
    assert "1 VM on 2026-11-15" in planned or "2 VMs on 2026-11-15" in planned


def test_days_that_are_all_partial_are_judged_by_nothing(at):
    archived("2026-09-15", "2026-11-15", status="partial")
    said, _, facts = at("2026-11-16 06:00")
    assert facts["last_final_day"] is None
    assert "no day is final yet" in said
    assert "14 of 14 VM-days have no final report" in said
    assert not [finding for finding in facts["findings"] if finding["finding"] in ("spike", "drop", "upload")]
    assert "exceeded since 2026-11-07 (a forecast needs 3 final days, and none is known)" in said


def test_an_archive_of_one_day_refuses_each_answer_by_what_it_needs(at):
    archived("2026-11-15", "2026-11-15")
    said, planned, facts = at("2026-11-16 06:00")
    assert "Whether traffic is unusual takes 7 final days of a VM, and 28 for certainty" in said
    assert "calibrating needs 3 VM-months with 7 days of history before them, and 0.0 are known" in said
    assert "a forecast needs 3 final days, and 1 day is known" in facts["quotas"][0]["sentence"]
    assert "Growth: it was observed for 1 day only; a rate needs a month" in planned
    assert "40 VMs: account main was observed for 1 day, and a date needs 90" in planned
    assert "0 deaths of VMs of known birth are too few; a median needs 10" in planned or "cannot be told" in planned
