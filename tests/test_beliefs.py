"""What a sync believes of an answer, and what it refuses to: a strange day, another's account, a strange clock."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pandas as pd
import pytest
from scripted import KEY, NOON, Provider, says

from vmgen_analytics import Archive, lifetimes, sync, vm_days
from vmgen_analytics.api.clock import ProviderClock
from vmgen_analytics.cli import main
from vmgen_analytics.errors import ClockError, SettingsError, UnexpectedDataWarning


def vm(vm_id, **others):
    known = {"name": f"web-{vm_id}", "fqdn": f"web-{vm_id}.example.net", "state": "UP", "package": "S", "uptime": ""}
    return {"id": vm_id, **known, "ipv4": f"10.0.0.{vm_id}", "ipv6": "", **others}


def shown(*days):
    return [{"date": day, "in_MB": 1.0, "out_MB": 1.0} for day in days]


def at(provider, moment):
    provider.now = datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """The command line in a folder of its own, with these settings: status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def command(settings, *words):
        (tmp_path / "vmgen.toml").write_text(settings, encoding="utf-8")
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command


# --- days that the provider cannot show


def test_a_day_far_off_is_left_out_and_told_and_the_others_are_stored(provider, client, archive):
    usage = {1: shown("2026-11-20", "2026-11-21", "2027-11-21"), 2: shown("2001-01-01", "2026-08-31", "2026-11-20")}
    provider.serve(vms=[vm(1), vm(2), vm(3)], usage={**usage, 3: shown("2026-11-21")})
    at(provider, "2026-11-21T06:00")
    report = sync(client, archive)
    assert [(failure.table, failure.vm_id) for failure in report.failures] == [("usage", 1), ("usage", 2)]
    assert "traffic of 2027-11-21 is left out" in str(report.failures[0])
    assert "traffic of 2001-01-01 (and 1 more) is left out" in str(report.failures[1])
    days = archive.read("usage")
    assert days["date"].dt.strftime("%F").tolist() == ["2026-11-20", "2026-11-21", "2026-11-20", "2026-11-21"]
    provider.serve()
    for day in ("22", "23", "24"):
        at(provider, f"2026-11-{day}T06:00")
        sync(client, archive)
    lives = lifetimes(archive).set_index("vm_id")
    assert lives["died_min"].dt.strftime("%F").tolist() == ["2026-11-21"] * 3
    assert vm_days(archive, "2000-01", "2028-02").groupby("vm_id").size().to_dict() == {1: 2, 2: 2, 3: 1}


def test_days_from_two_months_ago_until_tomorrow_are_believed_in_the_accounts_zone(provider, connect, archive):
    client = connect(provider, time_zone="Pacific/Auckland")
    at(provider, "2026-11-30T12:00")  # the first of December there
    provider.serve(vms=[vm(1)], usage={1: shown("2026-09-30", "2026-10-01", "2026-12-02", "2026-12-03")})
    (failure,) = sync(client, archive).failures
    assert "2026-09-30 (and 1 more)" in str(failure)
    assert archive.read("usage")["date"].dt.strftime("%F").tolist() == ["2026-10-01", "2026-12-02"]


def test_a_provider_may_list_the_days_to_come(provider, client, archive):
    to_come = [{"date": f"2026-11-{day}", "in_MB": 0, "out_MB": 0} for day in range(22, 31)]
    provider.serve(vms=[vm(1)], usage={1: [*shown("2026-11-20", "2026-11-21"), *to_come]})
    at(provider, "2026-11-21T06:00")
    assert sync(client, archive).is_complete
    assert archive.read("usage")["date"].dt.strftime("%F").tolist() == ["2026-11-20", "2026-11-21"]


# --- two accounts that are one


TWO = """
[accounts.berlin]
base_url = "{url}"
[accounts.paris]
base_url = "{url}/"
{more}
"""


@pytest.mark.parametrize("words", [["sync"], ["sync", "--account", "paris"]])
def test_two_accounts_of_the_settings_with_one_address_and_key_are_refused(provider, run, monkeypatch, words):
    provider.serve(vms=[vm(1)])
    monkeypatch.setenv("VMGEN_API_KEY", KEY)
    status, out, err = run(TWO.format(url=provider.url, more=""), *words)
    assert status != 0
    assert re.search("accounts paris and berlin of the settings have the same base_url and the same API key", err)
    assert "key_env (berlin has it from VMGEN_API_KEY)" in err
    assert KEY not in out + err
    assert not provider.received


def test_two_accounts_with_a_key_each_are_synced(provider, run, monkeypatch):
    monkeypatch.setenv("VMGEN_API_KEY", KEY)
    monkeypatch.setenv("PARIS_KEY", f"{KEY}-2")
    provider.serve()
    assert run(TWO.format(url=provider.url, more='key_env = "PARIS_KEY"'), "sync")[0] == 0
    status, _, err = run(TWO.format(url=provider.url, more='key_env = "NO_KEY"'), "sync", "--account", "berlin")
    assert status == 0, err


def test_the_same_key_elsewhere_is_another_account(monkeypatch, run, provider):
    monkeypatch.setenv("VMGEN_API_KEY", KEY)
    with Provider() as other:
        provider.serve(vms=[vm(1)])
        other.serve(vms=[vm(2)])
        settings = f'[accounts.here]\nbase_url = "{provider.url}"\n[accounts.there]\nbase_url = "{other.url}"\n'
        assert run(settings, "sync")[0] == 0


# --- an account that the archive knows by another name

BILL = {"id": 1, "date": "2026-11-01", "status": "created", "total_cost": "10.00"}


def test_an_account_that_was_renamed_in_the_settings_is_refused_and_nothing_of_it_stored(provider, run, monkeypatch):
    monkeypatch.setenv("VMGEN_API_KEY", KEY)
    provider.serve(vms=[vm(1), vm(2)], usage={1: shown("2026-11-20")}, invoices=[BILL])
    assert run(f'[accounts.main]\nbase_url = "{provider.url}"\n', "sync")[0] == 0
    renamed = f'[accounts.prod]\nbase_url = "{provider.url}"\n'
    for _ in range(2):
        status, _, err = run(renamed, "sync")
        assert status == 2
        said = " ".join(err.split())
        assert "shows the same VM web-1.example.net (and 1 more) as main: if main was renamed, call it" in said
        assert "[accounts.main] in the settings as before" in said
    archive = Archive("data/archive")
    for name in archive.tables():
        assert set(archive.history(name)["account"]) == {"main"}
    assert run(f'[accounts.main]\nbase_url = "{provider.url}"\n', "sync")[0] == 0


def test_a_new_account_is_compared_once_and_asked_for_nothing_twice(provider, connect, archive):
    provider.serve(vms=[vm(1)], invoices=[BILL])
    sync(connect(provider, account="main"), archive)
    provider.serve(vms=[vm(2)], invoices=[{**BILL, "id": 2}])
    provider.received.clear()
    report = sync(connect(provider, account="second"), archive)
    assert report.is_complete
    assert report.rows["vms"] == report.rows["invoices"] == 1
    assert provider.count("GET /virtual-machines") == provider.count("GET /invoices") == 1
    provider.serve(vms=[vm(1)], invoices=[BILL])  # a machine that is moved later is not refused
    assert sync(connect(provider, account="second"), archive).is_complete


@pytest.mark.parametrize(
    ("shows", "is_refused"),
    [
        ({"vms": [vm(1), vm(7)], "invoices": []}, True),
        ({"vms": [vm(1, fqdn="other.example.net")], "invoices": [BILL]}, False),
        ({"vms": [vm(2, fqdn="web-1.example.net")], "invoices": [BILL]}, False),
        ({"vms": [], "invoices": [BILL]}, True),
        ({"vms": [], "invoices": [{**BILL, "total_cost": "10.01"}]}, False),
        ({"vms": [], "invoices": [{**BILL, "date": "2026-11-02"}]}, False),
        ({"vms": [], "invoices": []}, False),
    ],
)
def test_only_what_one_account_alone_can_have_makes_two_the_same(provider, connect, archive, shows, is_refused):
    provider.serve(vms=[vm(1)], invoices=[BILL])
    sync(connect(provider, account="main"), archive)
    provider.serve(**shows)
    if is_refused:
        with pytest.raises(SettingsError, match="Nothing of prod was stored"):
            sync(connect(provider, account="prod"), archive)
    else:
        assert sync(connect(provider, account="prod"), archive).is_complete


def test_machines_without_a_domain_name_are_not_taken_for_the_same(provider, connect, archive):
    for account in ("main", "prod"):
        provider.serve(vms=[vm(1, fqdn=None), vm(2, fqdn="")])
        assert sync(connect(provider, account=account), archive).is_complete


def test_what_cannot_be_had_of_a_new_account_is_told_in_its_turn(provider, connect, archive):
    provider.serve(vms=[vm(1)])
    sync(connect(provider, account="main"), archive)
    provider.serve(vms=says({"message": "no"}, 403))
    report = sync(connect(provider, account="prod"), archive)
    assert [failure.table for failure in report.failures] == ["vms"]
    provider.serve(vms=[vm(1)])
    with pytest.raises(SettingsError, match="the same VM web-1"):  # it is not known before its VMs are
        sync(connect(provider, account="prod"), archive)


# --- a clock that says something else altogether


@pytest.fixture
def afar(monkeypatch):
    """The scripted provider counts as one that is not on this machine, whose clock is meant to tell our time."""
    monkeypatch.setattr("vmgen_analytics.api.clock.LOOPBACK", ())


def dated(payload, moment):
    return says(payload, Date=format_datetime(moment, usegmt=True))


def in_days(number):
    return datetime.now(UTC) + timedelta(days=number)


@pytest.mark.parametrize("days", [-400, -2, 2, 60])
def test_a_clock_days_from_this_machines_is_refused_before_anything_is_stored(provider, connect, archive, afar, days):
    today = f"{datetime.now(UTC):%F}"
    provider.now = None
    provider.serve(vms=[vm(1)], usage={1: shown(today)}, invoices=[BILL])
    first = sync(connect(provider), archive)
    before = {name: archive.history(name) for name in archive.tables() if name != "syncs"}
    provider.now = in_days(days)
    provider.serve(vms=[vm(1), vm(2)], usage={1: shown(today)}, invoices=[{**BILL, "status": "paid"}])
    for _ in range(2):
        with pytest.raises(ClockError, match=f"provider says that it is {provider.now:%F %H:%M} UTC, this machine"):
            sync(connect(provider), archive)
    for name, rows in before.items():
        pd.testing.assert_frame_equal(archive.history(name), rows, obj=name)
    lines = archive.history("syncs")
    assert lines["error"].fillna("").str.contains("days would be filed wrongly").tolist() == [False, True, True]
    assert (lines["started_at"] <= in_days(0) + timedelta(seconds=3)).all(), "none is in the future"
    assert (lines["started_at"] >= first.started_at).all(), "each is seen as the newest"
    assert (lines["ended_at"] == lines["started_at"])[1:].all()
    provider.now = in_days(1 / 24 / 60)
    assert sync(connect(provider), archive).is_complete
    assert archive.read("invoices")["status"].tolist() == ["paid"]


def test_a_refused_first_sync_leaves_nothing_behind(provider, connect, archive, afar):
    provider.serve(vms=[vm(1)])
    provider.now = in_days(3)
    with pytest.raises(ClockError, match="set this machine's clock"):
        sync(connect(provider), archive)
    assert archive.tables() == []


def test_status_tells_of_a_sync_that_was_refused(provider, run, monkeypatch, afar):
    monkeypatch.setenv("VMGEN_API_KEY", KEY)
    settings = f'[accounts.main]\nbase_url = "{provider.url}"\n'
    provider.now = None
    provider.serve(vms=[vm(1)])
    assert run(settings, "sync")[0] == 0
    provider.now = in_days(60)
    status, _, err = run(settings, "sync")
    assert status == 1
    assert "days would be filed wrongly" in " ".join(err.split())
    out = " ".join(run(settings, "status")[1].split())
    assert "the provider says that it is" in out


@pytest.mark.parametrize("hours", [-20, 3])
def test_a_clock_hours_from_this_machines_is_told_and_believed(provider, connect, archive, afar, hours):
    provider.serve(vms=[vm(1)])
    provider.now = in_days(hours / 24)
    with pytest.warns(UnexpectedDataWarning, match="days are filed by the provider's clock"):
        report = sync(connect(provider), archive)
    assert report.is_complete
    assert abs(report.started_at - provider.now) < timedelta(seconds=10)


def test_one_strange_date_is_not_believed_wherever_it_stands(provider, connect, archive, afar):
    provider.now = None
    provider.serve(vms=[vm(1)], usage={1: shown(f"{datetime.now(UTC):%F}")}, invoices=[BILL])
    for path in ("/account", "/invoices", "/virtual-machines", "/virtual-machines/1/usage"):
        provider.queue(f"GET {path}", dated(provider.always[f"GET {path}"], in_days(60)))
        assert sync(connect(provider), archive).is_complete
    soon = pd.Timestamp(in_days(0) + timedelta(minutes=1))
    for name in archive.tables():
        rows = archive.history(name)
        for column in {"seen_at", "started_at", "ended_at"} & set(rows):
            assert (rows[column] < soon).all(), (name, column)
        if "seen_on" in rows:
            assert (rows["seen_on"] < soon.tz_localize(None)).all(), name


def test_one_strange_date_of_a_simulated_provider_is_not_believed_either(provider, client, archive):
    provider.serve(vms=[vm(1)], invoices=[BILL])
    sync(client, archive)
    provider.queue("GET /account", dated(provider.always["GET /account"], NOON + timedelta(days=60)))
    sync(client, archive)
    assert archive.history("syncs")["started_at"].dt.strftime("%F").unique().tolist() == ["2026-11-23"]


def test_a_simulated_clock_that_was_set_is_followed_at_once(provider, client, archive):
    provider.serve(vms=[vm(1)])
    for moment in ("2026-11-23T12:00", "2027-06-01T12:00", "2024-02-29T12:00"):
        at(provider, moment)
        assert abs(sync(client, archive).started_at - provider.now) < timedelta(seconds=5)
    assert set(archive.history("vms")["seen_on"].dt.strftime("%F")) == {"2026-11-23", "2027-06-01", "2024-02-29"}


def test_a_clock_runs_between_answers_and_believes_a_jump_that_two_tell_of():
    ran = [0.0]
    clock = ProviderClock("http://127.0.0.1:1", lambda: ran[0])
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.note(NOON)
    ran[0] = 7200.0
    assert clock.now() == NOON + timedelta(hours=2)
    clock.note(NOON + timedelta(hours=2, minutes=30))
    assert clock.now() == NOON + timedelta(hours=2, minutes=30), "what is no jump is followed at once"
    clock.note(NOON + timedelta(days=60))
    assert (clock.now(), clock.is_doubtful) == (NOON + timedelta(hours=2, minutes=30), True)
    clock.note(NOON + timedelta(days=90))
    assert clock.is_doubtful, "two answers that disagree with each other tell nothing"
    clock.note(NOON + timedelta(hours=2, minutes=31))
    assert (clock.now(), clock.is_doubtful) == (NOON + timedelta(hours=2, minutes=31), False)
    clock.note(NOON + timedelta(days=60))
    clock.note(NOON + timedelta(days=60, seconds=1))
    assert (clock.now(), clock.is_doubtful) == (NOON + timedelta(days=60, seconds=1), False)


# --- a number that comes back as another machine

OLD = vm(1, fqdn="old.example.net", ipv4="10.1.1.1")
NEW = vm(1, fqdn="new.example.net", ipv4="10.9.9.9", package="XL")


def lived(provider, client, archive, *plan):
    """Sync at each moment what is listed then; VM 2 always is."""
    for moment, listed in plan:
        provider.serve(vms=[*listed, vm(2)], usage={each["id"]: shown(moment[:10]) for each in listed})
        at(provider, moment)
        assert sync(client, archive).is_complete
    lives = lifetimes(archive)
    mine = lives[lives["vm_id"] == 1]
    spans = [mine[name].dt.strftime("%d") for name in ("born_max", "died_min")]
    return list(zip(mine["incarnation"], mine["fqdn"].str[:3], *spans, strict=True))


def test_another_machine_of_the_same_number_on_the_next_day_is_another(provider, client, archive):
    missing = [(f"2026-11-{moment}", []) for moment in ("21T09:00", "21T12:00", "21T18:00", "22T00:05")]
    plan = [("2026-11-20T06:00", [OLD]), ("2026-11-21T06:00", [OLD]), *missing]
    found = lived(provider, client, archive, *plan, ("2026-11-22T06:00", [NEW]), ("2026-11-23T06:00", [NEW]))
    assert found == [(1, "old", "20", "21"), (2, "new", "22", "23")]
    days = vm_days(archive, "2026-11", "2026-12")
    mine = days[days["vm_id"] == 1]
    assert list(zip(mine["date"].dt.day, mine["package"], strict=True)) == [
        (20, "S"),
        (21, "S"),
        (22, "XL"),
        (23, "XL"),
    ]


@pytest.mark.parametrize(
    ("missing", "back"),
    [
        (["21T12:00"], NEW),
        (["21T12:00", "21T18:00"], {**OLD, "fqdn": "new.example.net", "package": "XL"}),
        (["21T12:00", "21T18:00"], {**NEW, "ipv4": OLD["ipv4"]}),
        (["21T12:00", "21T18:00"], {**NEW, "fqdn": None}),
    ],
)
def test_a_machine_that_was_missing_once_or_kept_its_name_or_address_is_the_same(
    provider, client, archive, missing, back
):
    gaps = [(f"2026-11-{moment}", []) for moment in missing]
    found = lived(provider, client, archive, ("2026-11-21T06:00", [OLD]), *gaps, ("2026-11-22T06:00", [back]))
    assert [incarnation for incarnation, *_ in found] == [1]


def test_a_running_machine_that_is_renamed_and_moved_at_night_is_the_same(provider, client, archive):
    running = [("2026-11-21T06:00", [OLD]), ("2026-11-21T12:00", [{**OLD, "uptime": "1 day 06:00:00"}])]
    seen = ("2026-11-21T18:00", [{**OLD, "uptime": "1 day 12:00:00"}])
    assert len(lived(provider, client, archive, *running, seen, ("2026-11-22T06:00", [NEW]))) == 1


def test_a_number_that_may_be_another_machine_within_a_day_is_told_once(provider, client, archive):
    lived(provider, client, archive, ("2026-11-20T06:00", [OLD]), ("2026-11-20T09:00", []))
    said = "VM 1 was old.example.net at 10.1.1.1 earlier on 2026-11-20, and is new.example.net at 10.9.9.9: if"
    with pytest.warns(UnexpectedDataWarning, match=said) as told:
        lived(provider, client, archive, ("2026-11-20T18:00", [NEW]))
    assert len(told) == 1
    renamed = {**NEW, "fqdn": "other.example.net"}  # warnings are errors: nothing more is told
    lived(provider, client, archive, ("2026-11-20T19:00", [NEW]), ("2026-11-20T20:00", [renamed]))
    lived(
        provider, client, archive, ("2026-11-20T21:00", [{**renamed, "ipv4": "10.7.7.7"}]), ("2026-11-21T06:00", [OLD])
    )
