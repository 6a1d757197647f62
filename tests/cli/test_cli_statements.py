"""Statements of cost centres, as a user asks for them."""

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from done import Done

from vmgen_analytics import Archive
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES

Run = Callable[..., Done]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "vmgen.toml").write_text(
        'cost_centres = "centres.csv"\nshared_costs = "shared.csv"\ncurrency = "EUR"\n'
    )
    (tmp_path / "shared.csv").write_text("cost_centre,split\nplatform,even\n")
    return tmp_path / "centres.csv"


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _total(path: Path) -> float:
    sheet = openpyxl.load_workbook(path, data_only=True)["Statement"]
    found = sheet.cell(sheet.max_row, sheet.max_column).value
    assert isinstance(found, float | int)
    return float(found)


def test_every_cost_centre_gets_its_files_and_they_add_up(
    run: Run, sandbox: Sandbox, rules: Path, tmp_path: Path
) -> None:
    vms = sorted({vm.name for vm in sandbox.truth.vms})
    rules.write_text(f"name,cost_centre\n{vms[0]},platform\n{vms[1]},../shop\n{vms[2]},Blog\n")
    assert run("sync").status == 0
    done = run("statements")
    assert done.status == 0
    assert "PROVISIONAL: 2026-11 is open, and its amounts will still change." in done.err
    out = tmp_path / "statements"
    names = {"blog", "platform", "shop", "unassigned"}
    assert {path.name for path in out.iterdir()} == {
        "statements-2026-11.html",
        *(f"statement-2026-11-{name}.{kind}" for name in names for kind in ("html", "xlsx")),
    }
    invoices = Archive(tmp_path / "data" / "archive").read("invoices")
    billed = round(invoices["total_cost"].sum(), 2)
    assert round(sum(_total(path) for path in out.glob("*.xlsx")), 2) == billed
    assert f"all cost centres {billed:,.2f} EUR, as invoiced" in _plain(done.err)
    again = run("statements", "--month", "2026-11", "--cost-centre", "Blog", "--out", "one")
    assert again.status == 0
    assert len(list((tmp_path / "one").iterdir())) == 3
    exported = run("export", "cost_statement").out
    assert "passed_on" in exported
    assert "printed_cost" in exported


def test_the_newest_closed_month_is_stated_and_one_without_an_invoice_is_said(
    run: Run, rules: Path, tmp_path: Path
) -> None:
    rules.write_text("name,cost_centre\nweb,shop\nnone,platform\n")
    _archive(tmp_path / "data" / "archive")
    done = run("statements", "--out", "here")
    assert (done.status, "PROVISIONAL" in done.err) == (0, False)
    assert "statement-2026-09-shop.html, statement-2026-09-shop.xlsx: shop 30.00 EUR" in _plain(done.err)
    none = run("statements", "--month", "2026-11")
    assert none.status == 1
    assert "no invoice bills 2026-11 yet" in none.err
    assert "choose it with --month 2026-10" in none.err
    assert not (tmp_path / "statements").exists()
    assert run("statements", "--month", "2026-10").status == 0


def test_who_is_not_invoiced_yet_and_what_divided_is_said(run: Run, rules: Path, tmp_path: Path) -> None:
    rules.write_text("name,cost_centre,valid_from\nweb,shop,2026-09-01\nnone,platform,\n")
    _archive(tmp_path / "data" / "archive")
    archive = Archive(tmp_path / "data" / "archive")
    archive.add("usage", archive.read("usage").assign(account="second"))
    archive.add("vms", archive.read("vms").assign(account="second"))
    done = run("statements", "--month", "2026-09", "--out", "here")
    assert done.status == 0
    words = "Account second has no amount invoiced for September 2026 yet: what its 1 VM cost is in no statement"
    assert words in _plain(done.err)
    for path in Path("here").glob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert words in page
        assert re.search(r"Divided by centres\.csv of \d{4}-\d\d-\d\d \([0-9a-f]{8}\) and shared\.csv of ", page)
    assert "name web, 100 %, valid from 2026-09-01 on" in Path("here/statement-2026-09-shop.html").read_text("utf-8")


def test_what_is_wrong_is_one_sentence_with_the_way_out(run: Run, rules: Path, tmp_path: Path) -> None:
    rules.write_text("name,cost_centre\nweb,shop\nnone,platform\n")
    assert "run `vmgen-analytics sync` to fill it" in run("statements").err
    _archive(tmp_path / "data" / "archive")
    done = run("statements", "--cost-centre", "shpo")
    assert (done.status, done.out) == (2, "")
    assert "no rule gives anything to the cost centre 'shpo'; did you mean shop?" in done.err
    assert run("statements", "--month", "June").status == 2
    (tmp_path / "vmgen.toml").write_text('currency = "EUR"\n')
    done = run("statements")
    assert (done.status, len(done.err.splitlines())) == (2, 1)
    assert 'let the setting cost_centres name a CSV file, as cost_centres = "data/cost_centres.csv"' in done.err


def test_invoices_of_the_month_before_leave_a_month_open_for_longer(run: Run, rules: Path, tmp_path: Path) -> None:
    rules.write_text("name,cost_centre\nweb,shop\nnone,platform\n")
    with (tmp_path / "vmgen.toml").open("a") as file:
        file.write('[accounts.main]\ninvoice_period = "previous-month"\n')
    _archive(tmp_path / "data" / "archive")
    done = run("statements", "--month", "2026-09")
    assert done.status == 0
    assert "PROVISIONAL: 2026-09 is closing" in done.err


def _archive(path: Path) -> None:
    """A VM from August to 20 November, last asked on 20 October, with invoices until then."""
    days = pd.date_range("2026-08-15", "2026-11-20", unit="us")
    rows = {"account": "main", "vm_id": 1, "seen_at": pd.Timestamp("2026-10-20 12:00", tz="UTC")}
    archive = Archive(path)
    usage = pd.DataFrame({"date": days}).assign(**rows, in_MB=1.0, out_MB=1.0, status="final")
    archive.add("usage", TABLES["usage"].cast(usage))
    seen = pd.DataFrame({"seen_on": days}).assign(**rows, vm_name="web", package="Small", state="UP")
    archive.add("vms", TABLES["vms"].cast(seen))
    bills = [(1, "2026-08-31", 17.0), (2, "2026-09-30", 30.0), (3, "2026-10-19", 20.0)]
    for invoice_id, date, total in bills:
        day = pd.Timestamp(date)
        bill = {"account": "main", "invoice_id": invoice_id, "seen_at": day.tz_localize("UTC"), "invoice_date": day}
        archive.add(
            "invoices", TABLES["invoices"].cast(pd.DataFrame([{**bill, "status": "paid", "total_cost": total}]))
        )
