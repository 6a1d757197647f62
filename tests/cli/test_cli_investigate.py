"""investigate: what is unusual, in sentences, for a person at night, and as JSON."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from vmgen_analytics import Archive, Client, sync
from vmgen_analytics.cli import terminal
from vmgen_analytics.sandbox import Sandbox

LAST = datetime(2026, 11, 23, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def spiked(tmp_path_factory) -> Iterator[tuple[Sandbox, Archive]]:
    """Two months of a fleet that was synced often enough, with spikes from its seed."""
    archive = Archive(tmp_path_factory.mktemp("spiked"))
    with (
        Sandbox(vms=10, seed=9, today="2026-11-24", months=3, ticking=False) as sandbox,
        Client(sandbox.key, base_url=sandbox.url) as client,
    ):
        every = [datetime(2026, 9, 20, 7, tzinfo=UTC) + timedelta(days=days) for days in range(0, 64, 4)]
        turns = [datetime(2026, 9, 30, 23, 50, tzinfo=UTC), datetime(2026, 10, 31, 23, 50, tzinfo=UTC)]
        for moment in sorted({*every, *turns, LAST}):
            sandbox.set_clock(moment)
            assert sync(client, archive).is_complete
        yield sandbox, archive


@pytest.fixture
def ask(run, spiked, monkeypatch):
    """Investigate the archive, by the clock of its last sync."""
    monkeypatch.setattr(terminal, "now", lambda: pd.Timestamp(LAST))
    return lambda *words: run("investigate", "--archive", spiked[1].url, *words)


def spikes(sandbox: Sandbox, first: str, last: str) -> list[tuple[int, str, pd.Timestamp]]:
    """The days on which a busy VM moved many times its usual, but for ends of months, which are never final here."""
    return [
        (vm.vm_id, vm.name, day)
        for vm in sandbox.truth.vms
        for day in pd.date_range(first, last)
        if not (vm.idle or day.is_month_end)
        and vm.born < day.date()
        and vm.died is None
        and sandbox.truth.spike(vm.vm_id, day.date()) > 4
    ]


def test_a_planted_spike_is_told_first_with_what_was_expected(ask, spiked):
    sandbox, _ = spiked
    planted = spikes(sandbox, "2026-10-25", "2026-11-22")
    assert planted, "the seed has a spike to find"
    done = ask("--days", "29")
    assert (done.status, done.err) == (0, "")
    for vm_id, name, day in planted:
        said = f"{name} (VM {vm_id})"
        assert re.search(rf"SPIKE: {re.escape(said)}.*times the usual[^.]*{day:%a %Y-%m-%d}", _unwrapped(done.out))
    assert "At the same time:" in _unwrapped(done.out)
    assert _unwrapped(done.out).index(" 1. SPIKE") < done.out.index("Sent in the 7 days")


def test_it_is_readable_in_80_columns_without_colour(ask):
    done = ask("--days", "30")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b" not in done.out
    assert "Last sync Mon 2026-11-23 07:00 UTC." in done.out
    assert "final until Sun 2026-11-22" in _unwrapped(done.out)


def test_json_has_the_same_findings_with_their_rows(ask):
    told = json.loads(ask("--days", "29", "--json").out)
    (account,) = told["accounts"].values()
    printed = _unwrapped(ask("--days", "29", "-v").out)
    assert account["findings"]
    for finding in account["findings"]:
        assert finding["sentence"] in printed
    spike = next(finding for finding in account["findings"] if finding["finding"] == "spike")
    assert spike["impact_GB"] == pytest.approx(spike["actual_GB"] - spike["expected_GB"])
    assert (account["last_final_day"], account["today"]) == ("2026-11-22", "2026-11-23")
    talkers = account["top_talkers_7_days"]
    assert sum(row["share"] for row in talkers) == pytest.approx(1)
    assert [row["is_other"] for row in talkers] == [False] * 5 + [True]


def test_what_is_an_alert_is_found_on_the_days_before_and_told(ask):
    usual, strict, lax = (
        json.loads(ask("--days", "29", "--json", *words).out)["accounts"]["main"]
        for words in ((), ("--most-alerts", "0.05"), ("--most-alerts", "5"))
    )
    assert usual["alert"]["score"] >= 4.5
    assert usual["alert"]["alerts_per_vm_month"] <= 1
    assert strict["alert"]["alerts_per_vm_month"] <= 0.05
    assert strict["alert"]["score"] > usual["alert"]["score"] > lax["alert"]["score"]
    alerts = [sum("score" in finding for finding in each["findings"]) for each in (strict, usual, lax)]
    assert alerts == sorted(alerts)
    assert alerts[0] < alerts[2]
    printed = _unwrapped(ask("--days", "29", "--most-alerts", "0.05").out)
    assert f"An alert is a score of {strict['alert']['score']:.1f} or more, which would have raised" in printed
    assert strict["alert"]["sentence"] in printed
    assert ask("--most-alerts", "0").status == 2


def test_a_vm_is_looked_at_by_number_or_name_and_nobody_else_is_told_of(ask, spiked):
    vm_id, name, day = spikes(spiked[0], "2026-10-25", "2026-11-22")[-1]
    by_name, by_number = ask("--vm", name, "--days", "29"), ask("--vm", str(vm_id), "--days", "29")
    assert by_name.out == by_number.out
    assert "SPIKE" in by_name.out
    others = {vm.name for vm in spiked[0].truth.vms} - {name}
    assert not [other for other in others if f"{other} (VM" in by_name.out]
    received, sent = spiked[0].truth.traffic(vm_id, day.date())
    (line,) = [line for line in by_name.out.splitlines() if line.startswith(f"  {day:%a %Y-%m-%d} ")]
    shown = [
        float(number.replace(",", "")) * {"MB": 1, "GB": 1000}[unit]
        for number, unit in re.findall(r"([\d.,]+) (MB|GB)", line)
    ]
    assert shown == pytest.approx([received, sent], rel=0.05)
    assert "partial" in by_name.out, "today is marked"
    assert "Number " in by_name.out


def test_an_unknown_vm_is_told_the_nearest_one(ask, spiked):
    name = spiked[0].truth.vms[-1].name
    done = ask("--vm", name[:-1] + "x")
    assert done.status == 2
    assert done.out == ""
    assert "no VM '" in done.err
    assert "did you mean " in done.err
    assert done.err.count("\n") == 1
    assert "`vmgen-analytics export vms` lists them" in ask("--vm", "?????").err


def test_quotas_are_told_where_a_policy_is_known_and_missed_where_not(ask, tmp_path):
    assert "No quota is known, so none is told" in _unwrapped(ask().out)
    (tmp_path / "transfer.csv").write_text("scope,quota_GB,overage_price_per_GB,rounding\naccount,10,0.5,up\n")
    (tmp_path / "vmgen.toml").write_text('transfer_policy = "transfer.csv"\n')
    done = ask()
    assert "QUOTA: account main" in done.out
    assert "exceeded since 2026-11-0" in _unwrapped(done.out)
    assert "No quota is known" not in done.out
    (quota,) = json.loads(ask("--json").out)["accounts"]["main"]["quotas"]
    assert quota["state"] == "exceeded"
    assert quota["overage_cost"] == quota["overage_GB"] * 0.5


def test_an_idle_vm_is_told_with_its_evidence(ask, spiked):
    idle = [vm.name for vm in spiked[0].truth.vms if vm.idle and vm.died is None]
    assert idle
    told = _unwrapped(ask().out)
    assert re.search(
        rf"IDLE: {re.escape(idle[0])} \(VM \d+\) (may not be|is probably not) in use: .* of its last 14", told
    )


def test_gaps_come_before_the_findings_that_they_make_uncertain(run, spiked, monkeypatch):
    monkeypatch.setattr(terminal, "now", lambda: pd.Timestamp(LAST) + pd.Timedelta(days=3))
    done = run("investigate", "--archive", spiked[1].url)
    told = _unwrapped(done.out)
    assert "! The last sync was 3.0 days ago: nothing is known of what happened since." in told
    assert "have no final report" in told
    assert told.index("! The last sync") < told.index(" 1. ")


def test_a_young_archive_says_what_it_needs(run, sandbox):
    sandbox.set_clock("2026-11-03T07:00")
    run("sync")
    done = run("investigate")
    assert done.status == 0
    assert "Nothing unusual was found." in done.out
    assert "Whether traffic is unusual takes 7 final days of a VM" in done.out
    assert "the usual threshold of 4.5: calibrating needs 3 VM-months with 7 days of history" in _unwrapped(done.out)
    sandbox.set_clock("2026-12-01T00:20")
    run("sync")
    assert run("investigate").status == 0, "the first minutes of a month"


def test_an_empty_archive_and_wrong_words_are_one_line(run, tmp_path):
    empty = run("investigate", "--archive", tmp_path / "none")
    assert (empty.status, empty.out) == (1, "")
    assert "run `vmgen-analytics sync` to fill it" in empty.err
    assert run("investigate", "--days", "0").status == 2


def _unwrapped(text: str) -> str:
    return re.sub(r"\n +", " ", text)
