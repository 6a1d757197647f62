"""What becomes of a day of usage: its end, its month's end, reports that come late, early, empty or twice."""

import shutil
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from scripted import broken, says

from vmgen_analytics import Archive, fetch_usage, restating, sync
from vmgen_analytics.errors import ConnectFailed, UnexpectedDataWarning
from vmgen_analytics.fetch.usage import day_status
from vmgen_analytics.observing import month_state, observed_usage, settled_usage
from vmgen_analytics.restating import add_usage, add_vms, restatements
from vmgen_analytics.schema import TABLES


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


def vm(vm_id):
    return {
        "id": vm_id,
        "name": f"web-{vm_id}",
        "fqdn": "a.example.net",
        "state": "UP",
        "package": "S",
    } | dict.fromkeys(("uptime", "ipv4", "ipv6"), "")


def shown(*days, in_MB=1.0):
    return [{"date": day, "in_MB": in_MB, "out_MB": in_MB} for day in days]


def at(provider, moment, zone="UTC"):
    provider.now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def statuses(archive, vm_id=1):
    usage = archive.read("usage")
    mine = usage[usage["vm_id"] == vm_id]
    return dict(zip(mine["date"].dt.strftime("%m-%d"), mine["status"], strict=True))


def amounts(archive):
    return archive.read("usage")["in_MB"].tolist()


@pytest.mark.parametrize(
    ("zone", "day", "hours", "end"),
    [
        ("UTC", "2026-11-22", 24, "2026-11-23T00:00"),
        ("Europe/Amsterdam", "2026-03-29", 23, "2026-03-29T22:00"),
        ("Europe/Amsterdam", "2026-10-25", 25, "2026-10-25T23:00"),
        ("Pacific/Auckland", "2026-04-05", 25, "2026-04-05T12:00"),
        ("Pacific/Auckland", "2026-09-27", 23, "2026-09-27T11:00"),
        ("America/Los_Angeles", "2026-11-01", 25, "2026-11-02T08:00"),
        ("Asia/Kolkata", "2026-11-22", 24, "2026-11-22T18:30"),
        ("Africa/Cairo", "2026-04-23", 24, "2026-04-23T22:00"),  # the next day begins at 01:00
        ("Africa/Cairo", "2026-04-24", 23, "2026-04-24T21:00"),
        ("Africa/Cairo", "2026-10-29", 25, "2026-10-29T22:00"),  # its last hour comes twice
        ("America/Havana", "2026-10-31", 24, "2026-11-01T04:00"),  # the next day's first hour comes twice
    ],
)
def test_a_day_ends_when_its_zone_says_so(zone, day, hours, end):
    ends = pd.Timestamp(end, tz="UTC")
    moments = [ends - pd.Timedelta("1s"), ends, ends + pd.Timedelta("5h59min59s"), ends + pd.Timedelta("6h")]
    days = pd.Series([pd.Timestamp(day)] * 4)
    found = day_status(days, pd.Series(moments), zone, 6.0).tolist()
    assert found == ["partial", "provisional", "provisional", "final"]
    before = pd.Timestamp(day) - pd.Timedelta(days=1)
    begins = ends - pd.Timedelta(hours=hours)
    two = pd.Series([begins - pd.Timedelta("1s"), begins])
    assert day_status(pd.Series([before] * 2), two, zone, 0.0).tolist() == ["partial", "final"]


@pytest.mark.parametrize(
    ("settle_h", "status"), [(0, "final"), (1, "final"), (1.5, "provisional"), (744, "provisional")]
)
def test_how_long_a_day_settles_is_the_accounts_own(provider, connect, archive, settle_h, status):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-22")})
    at(provider, "2026-11-23T01:00")
    sync(connect(provider, settle_h=settle_h), archive)
    assert statuses(archive) == {"11-22": status}


def test_a_day_is_over_by_the_providers_clock_not_by_ours(provider, client):
    provider.serve(vms=[vm(1)], usage={1: shown("2020-02-29")})
    at(provider, "2020-02-29T20:00")
    (row,) = fetch_usage(client, [1]).itertuples()
    assert (row.status, row.seen_at.date()) == ("partial", date(2020, 2, 29))


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-11-30 23:59:59.999999", "open"),
        ("2026-12-01 00:00", "closing"),
        ("2026-12-01 11:59:59.999999", "closing"),
        ("2026-12-01 12:00", "closed"),
    ],
)
def test_a_month_ends_at_midnight_and_is_closed_from_noon_on(now, state):
    assert month_state(pd.Period("2026-11", "M"), pd.Timestamp(now)) == state


def reported(status, in_MB=5.0, seen_at="2026-11-30T23:50Z", day="2026-11-30"):
    """Table usage of one day of VM 1."""
    row = {"account": "main", "vm_id": 1, "date": pd.Timestamp(day), "in_MB": in_MB, "out_MB": 5.0, "status": status}
    return TABLES["usage"].frame({name: [value] for name, value in (row | {"seen_at": seen_at}).items()})


@pytest.mark.parametrize(("now", "settled"), [("2026-12-01 11:59:59", []), ("2026-12-01 12:00", ["final"])])
def test_what_is_provisional_is_settled_at_noon_itself(now, settled):
    nothing = TABLES["usage"].frame()
    assert settled_usage(reported("provisional"), nothing, [1], pd.Timestamp(now))["status"].tolist() == settled


@pytest.mark.parametrize(("status", "told"), [("partial", 1), ("provisional", 1), ("final", 0)])
def test_a_final_day_that_becomes_less_is_a_restatement_and_no_warning_beside_it(status, told):
    old, new = reported(status), reported("final", in_MB=2.0, seen_at="2026-12-01T06:00Z")
    assert len(observed_usage(old, new, pd.Timestamp("2026-12-01T06:00Z")).warnings) == told
    assert len(restatements(old, new)) == 1 - told


def test_what_the_provider_still_shows_is_not_settled_however_long_it_may_change(provider, connect, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-30", in_MB=5)})
    slow = connect(provider, settle_h=48)
    for moment, expected in {"2026-11-30T23:50": "partial", "2026-12-01T13:00": "provisional"}.items():
        at(provider, moment)
        sync(slow, archive)
        assert statuses(archive) == {"11-30": expected}
    for hour in (14, 20):
        at(provider, f"2026-12-01T{hour}:00")
        sync(slow, archive)
        assert statuses(archive) == {"11-30": "provisional"}
        assert len(archive.history("usage")) == 2, "it does not flap"


def test_an_inventory_that_comes_late_replaces_nothing(archive):
    def inventory(state, hour):
        row = {"account": "main", "vm_id": 1, "seen_on": pd.Timestamp("2026-11-22"), "state": state}
        return TABLES["vms"].frame(
            {name: [value] for name, value in (row | {"seen_at": f"2026-11-22T{hour}Z"}).items()}
        )

    def clock():
        return datetime(2026, 11, 22, 16, tzinfo=UTC)

    assert add_vms(archive, inventory("DOWN", "15:00"), "main", clock) == 1
    assert add_vms(archive, inventory("UP", "09:00"), "main", clock) == 0
    assert archive.read("vms")["state"].tolist() == ["DOWN"]


def test_who_is_overtaken_between_reading_and_storing_decides_anew(archive, monkeypatch):
    """Two processes store one day: the one that began first, with the older report, ends last."""
    late, newer = reported("partial", 1.0, "2026-11-30T09:00Z"), reported("partial", 4.0, "2026-11-30T15:00Z")
    known = reported("partial", 0.5, "2026-11-30T06:00Z")

    def clock():
        return datetime(2026, 11, 30, 16, tzinfo=UTC)

    add_usage(archive, known, "main", clock)
    others = iter([newer])

    def overtaken(old, new, now):
        decided = observed_usage(old, new, now)
        for each in others:
            add_usage(archive, each, "main", clock)
        return decided

    monkeypatch.setattr(restating, "observed_usage", overtaken)
    add_usage(archive, late, "main", clock)
    assert amounts(archive) == [4.0]


def test_a_month_that_closes_over_a_provisional_day_leaves_it_final(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-29", "2026-11-30")})
    at(provider, "2026-11-30T02:00")
    sync(client, archive)
    assert statuses(archive) == {"11-29": "provisional", "11-30": "partial"}
    provider.serve(vms=[vm(1)], usage={1: shown("2026-12-01")})
    at(provider, "2026-12-01T09:00")
    sync(client, archive)
    assert statuses(archive) == {"11-29": "provisional", "11-30": "lost_tail", "12-01": "partial"}
    at(provider, "2026-12-01T12:00")
    sync(client, archive)
    assert statuses(archive) == {"11-29": "final", "11-30": "lost_tail", "12-01": "partial"}


def test_while_a_month_closes_only_what_is_known_to_be_gone_is_lost(provider, client, archive):
    provider.serve(vms=[vm(1), vm(2)], usage={1: shown("2026-11-30"), 2: shown("2026-11-30")})
    at(provider, "2026-11-30T23:50")
    sync(client, archive)
    provider.serve(vms=[vm(1), vm(2)], usage={1: shown("2026-12-01")})
    provider.always["GET /virtual-machines/2/usage"] = says({}, 500)
    at(provider, "2026-12-01T00:05")
    sync(client, archive)
    assert statuses(archive, 1)["11-30"] == "lost_tail"
    assert statuses(archive, 2) == {"11-30": "partial"}, "nobody has asked for it since"
    at(provider, "2026-12-01T12:00")
    sync(client, archive)
    assert statuses(archive, 2) == {"11-30": "lost_tail"}


def test_a_provider_that_still_shows_the_last_month_makes_its_last_day_whole(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-30", in_MB=5)})
    at(provider, "2026-11-30T23:50")
    sync(client, archive)
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-30", in_MB=7)})
    at(provider, "2026-12-01T00:05")
    for _ in range(2):
        sync(client, archive)
        assert (statuses(archive), amounts(archive)) == ({"11-30": "provisional"}, [7])
    provider.serve(vms=[vm(1)], usage={1: shown("2026-12-01")})
    at(provider, "2026-12-02T08:00")
    sync(client, archive)
    assert statuses(archive) == {"11-30": "final", "12-01": "final"}


def test_a_last_day_given_up_too_early_is_taken_back(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-30", in_MB=5)})
    at(provider, "2026-11-30T23:50")
    sync(client, archive)
    provider.serve(vms=[vm(1)], usage={1: []})
    at(provider, "2026-12-01T00:05")
    sync(client, archive)
    assert statuses(archive) == {"11-30": "lost_tail"}
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-30", in_MB=7)})
    at(provider, "2026-12-01T07:00")
    sync(client, archive)
    assert (statuses(archive), amounts(archive)) == ({"11-30": "final"}, [7])


def test_forty_days_without_a_sync(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown(*(f"2026-10-{day:02d}" for day in range(1, 21)))})
    at(provider, "2026-10-20T10:00")
    sync(client, archive)
    provider.serve(vms=[vm(1)], usage={1: shown(*(f"2026-11-{day:02d}" for day in range(1, 30)))})
    at(provider, "2026-11-29T10:00")
    sync(client, archive)
    found = statuses(archive)
    assert found["10-19"] == "final"
    assert found["10-20"] == "lost_tail"
    assert (found["11-28"], found["11-29"], len(found)) == ("final", "partial", 20 + 29)


def test_a_month_is_settled_though_no_sync_was_ever_written_down(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-10-20")})
    at(provider, "2026-10-20T10:00")
    sync(client, archive)
    shutil.rmtree(archive.folder / "syncs")  # as if that sync had been killed
    provider.serve(vms=[vm(1)], usage={1: shown("2026-12-05")})
    at(provider, "2026-12-05T10:00")
    sync(client, archive)
    assert statuses(archive) == {"10-20": "lost_tail", "12-05": "partial"}


def test_each_account_settles_its_own_months(provider, connect, archive):
    days = {"rare": ("2026-08-20",), "often": ("2026-09-20", "2026-10-20", "2026-11-20")}
    for vm_id, (account, moments) in enumerate(days.items()):
        for day in moments:
            provider.serve(vms=[vm(vm_id)], usage={vm_id: shown(day)})
            at(provider, f"{day}T10:00")
            sync(connect(provider, account=account), archive)
    at(provider, "2026-12-20T10:00")
    sync(connect(provider, account="rare"), archive)
    usage = archive.read("usage")
    left = usage[usage["status"] == "partial"]
    assert left["account"].tolist() == ["often"]
    assert left["date"].dt.month.tolist() == [11]


def test_a_sync_across_the_turn_of_the_month_takes_each_answer_as_it_came(provider, client, archive):
    provider.serve(vms=[vm(1), vm(2)], usage={1: shown("2026-11-30"), 2: shown("2026-12-01")})
    at(provider, "2026-11-30T23:59:58")
    sync(client, archive)
    assert (statuses(archive, 1), statuses(archive, 2)) == ({"11-30": "partial"}, {"12-01": "partial"})
    provider.serve(vms=[vm(1), vm(2)], usage={1: shown("2026-12-01"), 2: shown("2026-12-01")})
    at(provider, "2026-12-02T07:00")
    sync(client, archive)
    assert statuses(archive, 1) == {"11-30": "lost_tail", "12-01": "final"}


def test_a_day_that_first_appears_late_is_final_and_no_restatement(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-20")})
    at(provider, "2026-11-22T10:00")
    sync(client, archive)
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-20", "2026-11-21")})
    at(provider, "2026-11-24T10:00")
    sync(client, archive)
    assert statuses(archive) == {"11-20": "final", "11-21": "final"}
    assert archive.read("restatements").empty


@pytest.mark.parametrize("nothing", [None, "much"])
@pytest.mark.parametrize(("moment", "status"), [("2026-11-22T09:00", "partial"), ("2026-11-23T09:00", "final")])
def test_a_known_traffic_is_not_replaced_by_none(provider, client, archive, nothing, moment, status):
    provider.serve(vms=[vm(1), vm(2)], usage={1: shown("2026-11-22", in_MB=5), 2: shown("2026-11-22")})
    at(provider, moment)
    sync(client, archive)
    before = archive.read("usage")
    provider.always["GET /virtual-machines/1/usage"] = [{"date": "2026-11-22", "in_MB": nothing, "out_MB": nothing}]
    provider.always["GET /virtual-machines/2/usage"] = [{"date": "2026-11-22", "in_MB": nothing, "out_MB": 9}]
    at(provider, "2026-11-24T09:00")
    failures = sync(client, archive).failures
    after = archive.read("usage")
    pd.testing.assert_frame_equal(after[after["vm_id"] == 1], before[before["vm_id"] == 1])
    other = after[after["vm_id"] == 2].iloc[0]
    assert (other["in_MB"], other["out_MB"], other["status"]) == (1, 9, status)
    told = [str(failure) for failure in failures if failure.vm_id == 1]
    if nothing is None:
        assert told == [
            "usage of VM 1: the traffic of 2026-11-22 came without a value; the known one (5 MB in, 5 MB out) is kept"
        ]
    else:
        assert told
        assert not any("came without" in sentence for sentence in told), "what cannot be read is told once"


def test_an_older_observation_that_comes_late_replaces_nothing(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-22", in_MB=5)})
    at(provider, "2026-11-22T09:00")
    late = fetch_usage(client, [1])
    provider.always["GET /virtual-machines/1/usage"] = shown("2026-11-22", in_MB=9)
    at(provider, "2026-11-23T09:00")
    sync(client, archive)
    before = archive.read("usage")
    assert add_usage(archive, late, "main", client.now).rows == {"restatements": 0, "usage": 0}
    pd.testing.assert_frame_equal(archive.read("usage"), before)
    assert archive.read("superseded_usage").empty


def test_a_provider_whose_clock_was_wrong_once_is_believed_again(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-22", in_MB=5)})
    at(provider, "2031-01-01T00:00")
    sync(client, archive)
    provider.always["GET /virtual-machines/1/usage"] = shown("2026-11-22", in_MB=9)
    at(provider, "2026-11-22T09:00")
    sync(client, archive)
    assert (statuses(archive), amounts(archive)) == ({"11-22": "partial"}, [9])


def test_a_day_whose_traffic_becomes_less_is_taken_as_it_came_and_told(provider, client, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-22", in_MB=5)})
    at(provider, "2026-11-22T09:00")
    sync(client, archive)
    provider.always["GET /virtual-machines/1/usage"] = shown("2026-11-22", in_MB=2)
    at(provider, "2026-11-22T15:00")
    with pytest.warns(UnexpectedDataWarning, match=r"usage of VM 1: the traffic of 2026-11-22 became less, from 5 MB"):
        sync(client, archive)
    assert amounts(archive) == [2]
    assert archive.history("usage")["in_MB"].tolist() == [5, 2]


def test_a_sync_that_reached_nobody_is_written_down(provider, client, connect, archive):
    provider.serve(vms=[vm(1)], usage={1: shown("2026-11-22")})
    sync(client, archive)
    provider.now += timedelta(hours=6)
    with pytest.raises(ConnectFailed):
        sync(connect(provider, base_url="http://127.0.0.1:1"), archive)
    assert "nothing listens" in archive.read("syncs")["error"].dropna().iloc[0]
    provider.always["GET /account"] = broken()
    before = len(archive.read("syncs"))
    with pytest.raises(Exception, match="account"):
        sync(client, archive)
    assert len(archive.read("syncs")) == before + 1
