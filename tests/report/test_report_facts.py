import pandas as pd
import pytest
from made_up_facts import PRICES, days_of, invoices_of, vm

from vmgen_analytics.archive import Archive
from vmgen_analytics.errors import ArchiveError, SchemaError, SettingsError
from vmgen_analytics.report import write_report
from vmgen_analytics.report.gaps import missing
from vmgen_analytics.report.reading import read_facts
from vmgen_analytics.schema import TABLES
from vmgen_analytics.settings import Account, Settings

FLEET = (vm(1, "web", born="2026-09-01", dies="2026-11-24"), vm(2, "db", "Large", born="2026-10-05", dies="2026-11-24"))


@pytest.fixture
def archive(tmp_path):
    days = days_of(FLEET)
    known = days[["account", "vm_id", "date", "in_MB", "out_MB", "status"]]
    noon = (days["date"] + pd.Timedelta(hours=12)).dt.tz_localize("UTC")
    store = Archive(tmp_path / "archive")
    store.add("usage", TABLES["usage"].cast(known.assign(seen_at=noon)))
    seen = days[["account", "vm_id", "vm_name", "package"]].assign(seen_on=days["date"], seen_at=noon, state="UP")
    store.add("vms", TABLES["vms"].frame({name: seen[name] for name in seen}))
    store.add("invoices", invoices_of([("2026-09", 5.0), ("2026-10", 20.0), ("2026-11", 22.0)]))
    return store


def test_the_newest_month_is_taken_and_the_months_before_it(archive):
    facts = read_facts(archive, None, Settings())
    assert str(facts.month) == "2026-11"
    assert [str(month) for month in facts.months] == ["2026-09", "2026-10", "2026-11"]
    assert facts.states[facts.month] == "open"
    assert facts.fetched_at == pd.Timestamp("2026-11-23 12:00", tz="UTC")
    assert sum(facts.totals.values()) == 47.0


def test_another_month_is_a_month_of_its_own(archive, tmp_path):
    files = write_report(archive, "2026-10", tmp_path / "out", settings=Settings(currency="EUR"))
    assert "October 2026 cost 20.00" in files.html.read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")


def test_days_after_the_last_sync_are_missing_once_their_month_is_over(archive):
    asked = pd.Timestamp("2026-11-23 12:00", tz="UTC")
    line = {"account": "main", "started_at": asked, "ended_at": asked, "requests": 9, "failures": 0, "rows": 9}
    archive.add("syncs", TABLES["syncs"].frame({name: [value] for name, value in line.items()}))
    slow = Settings(accounts={"main": Account(settle_h=24 * 14)})

    def known(settings, now):
        facts = read_facts(archive, "2026-11", settings, pd.Timestamp(now, tz="UTC"))
        (row,) = facts.of_month(facts.coverage).to_dict("records")
        return row["state"], row["days_expected"], row["days_missing"], facts, missing(facts)

    *counts, facts, section = known(Settings(), "2026-11-25")
    assert (counts, facts.open_month) == (["open", 48, 0], facts.month), "the 24th of two VMs is awaited"
    *counts, facts, section = known(Settings(), "2026-12-05")
    assert (counts, facts.open_month) == (["closed", 60, 14], None)
    table = section.tables[-1]
    assert "24–30 November 2026" in str(table)
    *counts, _, _ = known(slow, "2026-12-01 06:00")
    assert counts == ["closing", 60, 0], "until they are settled, the provider may still show them"


def test_a_month_without_data_names_those_that_exist(archive, tmp_path):
    with pytest.raises(ArchiveError, match="has nothing of 2025-01; it has 2026-09 to 2026-11: choose one of these"):
        write_report(archive, "2025-01", tmp_path, settings=Settings())
    assert not (tmp_path / "report.html").exists()


def test_an_empty_archive_says_what_to_do(tmp_path):
    with pytest.raises(ArchiveError, match="is empty; fill it with: vmgen-analytics sync"):
        write_report(Archive(tmp_path / "none"), None, tmp_path, settings=Settings())


def test_what_is_no_month_is_refused(archive, tmp_path):
    with pytest.raises(SchemaError, match="must be a month as 2026-11"):
        write_report(archive, "last", tmp_path, settings=Settings())


def test_two_currencies_are_refused(archive, tmp_path):
    lines = [",".join(PRICES[0]), *(",".join(map(str, price.values())) for price in PRICES)]
    (tmp_path / "prices.csv").write_text("\n".join(lines))
    settings = Settings(prices=str(tmp_path / "prices.csv"))
    assert read_facts(archive, None, settings).currency == "EUR"
    with pytest.raises(SettingsError, match="the settings say USD, the price book says EUR"):
        read_facts(archive, None, Settings(prices=settings.prices, currency="USD"))
