"""What the archive believed at an earlier moment is what it said then."""

import contextlib
import warnings
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scripted import Provider, says

from vmgen_analytics import Archive, lifetimes, sync, vm_days
from vmgen_analytics.api import Client
from vmgen_analytics.api.retries import Patience
from vmgen_analytics.archive import TABLES
from vmgen_analytics.archive.past import SUPERSEDED
from vmgen_analytics.errors import SchemaError, UnexpectedDataWarning, VMgenError
from vmgen_analytics.observing import superseded
from vmgen_analytics.restating import add_usage, settle_usage
from vmgen_analytics.schema import TABLES as DECLARED

BY_DAY = {name for name, table in TABLES.items() if "seen_on" in table.key}
AMOUNTS = st.one_of(st.none(), st.integers(0, 3))


def vm(vm_id, state):
    known = {"name": f"web-{vm_id}", "fqdn": "a.example.net", "uptime": "1 day", "ipv4": "", "ipv6": ""}
    return {"id": vm_id, **known, "state": state, "package": "S"}


@st.composite
def answers(draw):
    """What the provider says at one moment: all of it, or some of it with errors."""
    vms = draw(st.sets(st.integers(1, 3), max_size=3))
    days = st.lists(st.sampled_from(["2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02"]), unique=True)
    return {
        "hours": draw(st.sampled_from([1, 5, 11, 24, 40])),
        "account": {"credit": draw(st.integers(0, 2)), "invoicing_model": "x", "billing_address": "y"},
        "invoices": [{"id": 1, "date": "2026-10-30", "status": draw(st.sampled_from("ab")), "total_cost": 1}],
        "vms": [vm(each, draw(st.sampled_from(["UP", "DOWN"]))) for each in vms],
        "usage": {
            each: [{"date": day, "in_MB": draw(AMOUNTS), "out_MB": draw(AMOUNTS)} for day in draw(days)] for each in vms
        },
        "jobs": {
            each: [{"started_at": "2026-10-30T10:00:00Z", "last_updated_at": None, "event": "reboot", "status": word}]
            for each in vms
            for word in draw(st.sampled_from(["a", "b"]))
        },
        "fails": draw(st.sampled_from(["", "", "", "GET /virtual-machines", "GET /virtual-machines/1/usage"])),
    }


def fleet(archive, **as_of):
    """What is made of everything."""
    return {
        "vm_days": vm_days(archive, "2026-10-30", "2026-11-20", **as_of),
        "lifetimes": lifetimes(archive, **as_of),
    }


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])  # each example costs seconds: no shrinking
@given(sequence=st.lists(answers(), min_size=2, max_size=5))
def test_any_sequence_of_syncs_can_be_read_back(tmp_path_factory, sequence):
    archive = Archive(tmp_path_factory.mktemp("past"))
    moments, believed = [], []
    with Provider() as provider, Client("key", base_url=provider.url, patience=Patience(base_s=0, tries=1)) as client:
        provider.now = datetime(2026, 10, 30, 9, tzinfo=UTC)
        for answer in sequence:
            provider.now += timedelta(hours=answer["hours"])
            provider.serve(**{name: said for name, said in answer.items() if name not in ("hours", "fails")})
            if answer["fails"]:
                provider.always[answer["fails"]] = says({}, 500)
            with contextlib.suppress(VMgenError), warnings.catch_warnings():
                warnings.simplefilter("ignore", UnexpectedDataWarning)  # traffic that becomes less
                sync(client, archive)
            moments.append(pd.Timestamp(provider.now) + pd.Timedelta(seconds=30))
            believed.append({name: archive.read(name) for name in TABLES} | fleet(archive))
    for number, (moment, then) in enumerate(zip(moments, believed, strict=True)):
        is_last_of_day = number + 1 == len(moments) or moments[number + 1].date() > moment.date()
        for name in TABLES:
            if name not in BY_DAY or is_last_of_day:
                now = archive.read(name, as_of=moment)
                pd.testing.assert_frame_equal(now, then[name], obj=f"{name} as of sync {number}")
        for name, now in (fleet(archive, as_of=moment) if is_last_of_day else {}).items():
            pd.testing.assert_frame_equal(now, then[name], obj=f"{name} as of sync {number}")
    assert all(archive.read(name, as_of="2026-10-29").empty for name in TABLES)


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


def usage(in_MB, seen_at, status="partial"):
    return DECLARED["usage"].frame(
        {
            "account": ["main"],
            "vm_id": [1],
            "date": pd.to_datetime(["2026-11-22"]),
            "in_MB": [in_MB],
            "out_MB": [0.0],
            "seen_at": [seen_at],
            "status": [status],
        }
    )


def test_a_day_of_usage_as_it_was_believed_hour_by_hour(archive):
    reports = [(1.0, "09:00", "partial"), (4.0, "15:00", "partial"), (4.0, "23:50", "final")]
    for in_MB, hour, status in reports:
        moment = pd.Timestamp(f"2026-11-22 {hour}", tz="UTC")
        add_usage(archive, usage(in_MB, moment, status), "main", moment.to_pydatetime)

    def believed(as_of):
        found = archive.read("usage", as_of=as_of)
        return list(zip(found["in_MB"], found["status"], strict=True))

    assert believed("2026-11-22 08:59") == []
    assert believed("2026-11-22 09:00") == believed("2026-11-22 14:59:59") == [(1, "partial")]
    assert believed(pd.Timestamp("2026-11-22 16:00", tz="Europe/Amsterdam")) == [(4, "partial")]
    assert believed("2026-12") == [(4, "final")]
    history = archive.history("usage")
    assert history[["in_MB", "status"]].to_numpy().tolist() == [[1, "partial"], [4, "partial"], [4, "final"]]
    assert len(archive.read("usage")) == 1


def test_a_sync_that_died_between_keeping_and_replacing_changes_no_answer(archive):
    first, second = (pd.Timestamp(f"2026-11-22 {hour}", tz="UTC") for hour in ("09:00", "15:00"))
    add_usage(archive, usage(1.0, first), "main", first.to_pydatetime)
    old = archive.read("usage")
    archive.add("superseded_usage", superseded("usage", old, usage(4.0, second)))  # and here it died
    for as_of in (None, first, second, "2027"):
        pd.testing.assert_frame_equal(archive.read("usage", as_of=as_of), old)
    pd.testing.assert_frame_equal(archive.history("usage"), old)
    third = second + pd.Timedelta(hours=1)
    add_usage(archive, usage(5.0, third), "main", third.to_pydatetime)
    assert archive.read("usage", as_of=second)["in_MB"].tolist() == [1]
    assert archive.history("usage")["in_MB"].tolist() == [1, 5]


def test_what_others_had_replaced_before_a_copy_was_kept_does_not_come_back(archive):
    """A sync keeps a copy of what it read, is overtaken by one that replaced that at noon, and dies."""
    moments = [pd.Timestamp(f"2026-11-22 {hour}", tz="UTC") for hour in ("09:00", "12:00", "15:00")]
    add_usage(archive, usage(1.0, moments[0]), "main", moments[0].to_pydatetime)
    read = archive.read("usage")
    add_usage(archive, usage(2.0, moments[1]), "main", moments[1].to_pydatetime)
    archive.add("superseded_usage", superseded("usage", read, usage(4.0, moments[2])))  # and here it died
    for as_of, expected in ((moments[0], 1), (moments[1], 2), ("2026-11-22 13:00", 2), (moments[2], 2), ("2027", 2)):
        assert archive.read("usage", as_of=as_of)["in_MB"].tolist() == [expected], as_of


def test_a_day_is_settled_from_the_moment_on_at_which_it_was(archive):
    seen_at, closed_at = pd.Timestamp("2026-10-31 23:50", tz="UTC"), pd.Timestamp("2026-11-01 12:00", tz="UTC")
    last = usage(1.0, seen_at).assign(date=pd.Timestamp("2026-10-31"))
    add_usage(archive, DECLARED["usage"].cast(last), "main", seen_at.to_pydatetime)
    assert settle_usage(archive, "main", DECLARED["usage"].frame(), [], closed_at, "UTC") == 1
    before = closed_at - pd.Timedelta(microseconds=1)
    found = [archive.read("usage", as_of=as_of)["status"].tolist() for as_of in (before, closed_at)]
    assert found == [["partial"], ["lost_tail"]]


@pytest.mark.parametrize("stored", range(4))
def test_no_report_is_lost_wherever_a_sync_dies(archive, monkeypatch, stored):
    """Not even where it has replaced a day of which it then kept nothing."""
    first, second = (pd.Timestamp(f"2026-11-22 {hour}", tz="UTC") for hour in ("09:00", "15:00"))
    add_usage(archive, usage(1.0, first, "final"), "main", first.to_pydatetime)
    add, left = archive.add, iter(range(stored))

    def dying(*words, **named):
        if next(left, None) is None:
            raise MemoryError  # stands for a process that dies here
        return add(*words, **named)

    monkeypatch.setattr(archive, "add", dying)
    with contextlib.suppress(MemoryError):
        add_usage(archive, usage(4.0, second, "final"), "main", second.to_pydatetime)
    now, kept = archive.read("usage"), archive.read("superseded_usage")
    assert 1.0 in {*now["in_MB"], *kept["in_MB"]}
    assert now["in_MB"].tolist() == [1.0 if stored < 3 else 4.0]


def test_an_archive_without_the_kept_tables_reads_as_ever(archive):
    moment = pd.Timestamp("2026-11-22 09:00", tz="UTC")
    archive.add("usage", usage(1.0, moment))
    assert not {*SUPERSEDED.values()} & {*archive.tables()}
    pd.testing.assert_frame_equal(archive.read("usage", as_of="2026-11-23"), archive.read("usage"))
    assert archive.read("usage", as_of="2026-11-22").empty


def test_a_command_that_ended_later_was_still_being_sent(archive):
    line = {
        "account": ["main"],
        "requested_at": [pd.Timestamp("2026-11-22 09:00", tz="UTC")],
        "command_id": ["a"],
        "vm_id": [1],
        "command": ["reboot"],
        "outcome": ["done"],
        "job_id": ["7"],
        "finished_at": [pd.Timestamp("2026-11-22 09:05", tz="UTC")],
    }
    archive.add("commands", DECLARED["commands"].frame(line))
    assert archive.read("commands", as_of="2026-11-22 08:00").empty
    (then,) = archive.read("commands", as_of="2026-11-22 09:01").itertuples()
    assert (then.outcome, pd.isna(then.job_id), pd.isna(then.finished_at)) == ("sending", True, True)
    (later,) = archive.read("commands", as_of="2026-11-22 09:05").itertuples()
    assert (later.outcome, later.job_id) == ("done", "7")


def test_what_is_no_moment_is_an_error(archive):
    with pytest.raises(SchemaError, match="is no instant: write 2026-11-23 09:00, which is in UTC"):
        archive.read("usage", as_of="yesterday")
