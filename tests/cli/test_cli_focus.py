"""`export focus`, and where `export` puts its files: what is written, what is refused, and in which words."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from done import Done

from vmgen_analytics import Archive, check_focus
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES

Run = Callable[..., Done]


def _set(**settings: str) -> None:
    lines = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    Path("vmgen.toml").write_text(lines, encoding="utf-8")


def _prices(sandbox: Sandbox, *without: str) -> None:
    prices = {each["package"]: each["monthly_price"] for each in sandbox.prices if each["package"] not in without}
    lines = "".join(f"{package},{price}\n" for package, price in prices.items())
    Path("prices.csv").write_text(f"package,monthly_price\n{lines}", encoding="utf-8")


def _is_one_line(done: Done) -> bool:
    return done.err.count("\n") == 1 and done.err.startswith("vmgen-analytics: ") and done.out == ""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_file_is_the_invoice(run: Run, sandbox: Sandbox, kind: str) -> None:
    _set(currency="EUR")
    run("sync")
    done = run("export", "focus", "--month", "2026-11", "--out", f"costs.{kind}")
    assert (done.status, done.out) == (0, "")
    path = Path(f"costs-invoiced.{kind}")
    assert str(path) in done.err
    invoices = Archive("data/archive").read("invoices")
    assert check_focus(path, invoices=invoices)["finding"].tolist() == []
    read = pd.read_csv(path, dtype="str") if kind == "csv" else pd.read_parquet(path)
    assert sum(map(Decimal, read["BilledCost"])) == Decimal(str(round(invoices["total_cost"].sum(), 2)))
    assert f"{invoices['total_cost'].sum():,.2f} EUR" in done.err
    assert sorted(each.name for each in Path().glob("*costs*")) == [path.name]


def test_an_invoice_without_a_total_is_named_by_the_file_and_the_statements(run: Run, sandbox: Sandbox) -> None:
    Path("vmgen.toml").write_text('currency = "EUR"\ncost_centres = "centres.csv"\n', encoding="utf-8")
    Path("centres.csv").write_text("name,cost_centre\n*,one\n", encoding="utf-8")
    run("sync")
    row = {"account": "main", "invoice_id": 990, "invoice_date": "2026-11-20", "seen_at": "2026-11-23T09:00:00Z"}
    Archive("data/archive").add("invoices", TABLES["invoices"].frame({name: [value] for name, value in row.items()}))
    done = run("export", "focus", "--month", "2026-11", "--out", "costs.csv")
    assert done.status != 0
    assert "invoice 990 of account main has no total" in done.err
    done = run("statements", "--month", "2026-11")
    assert done.status == 0
    words = "Invoice 990 of account main has no total yet, and no statement has it; sync again."
    assert words in done.err
    for page in Path("statements").glob("*.html"):
        assert words in page.read_text(encoding="utf-8")
    assert run("report", "--month", "2026-11", "--out", "report").status == 0
    page = Path("report/report.html").read_text(encoding="utf-8")
    assert "Without a total: invoice 990 of account main" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_what_is_not_invoiced_is_a_file_of_its_own_and_what_has_no_price_is_named(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    packages = sorted(Archive("data/archive").read("vms")["package"].unique())
    _prices(sandbox, packages[0])
    Path("vmgen.toml").write_text(
        'currency = "EUR"\nprices = "prices.csv"\n[accounts.main]\ninvoice_period = "previous-month"\n',
        encoding="utf-8",
    )
    run("sync")
    Path("costs-invoiced.csv").write_text("old", encoding="utf-8")
    done = run("export", "focus", "--month", "2026-11", "--out", "costs.csv")
    assert done.status == 3, done.err
    assert f"left out, as neither an invoice nor a price says what they cost: {packages[0]}" in done.err
    assert "costs-invoiced.csv is of an earlier export and was left as it is" in done.err
    assert Path("costs-invoiced.csv").read_text(encoding="utf-8") == "old"
    estimated = pd.read_csv("costs-not-invoiced.csv")
    assert estimated["InvoiceId"].isna().all()
    assert (estimated["BilledCost"].sum()) > 0
    Path("prices.csv").write_text("package,monthly_price\nnone of them,1\n", encoding="utf-8")
    done = run("export", "focus", "--month", "2026-11", "--out", "fees.csv")
    assert (done.status, _is_one_line(done)) == (1, True)
    assert f"no invoice bills it, and no price is known for {', '.join(packages)}" in done.err


def test_what_is_not_invoiced_is_given_to_who_will_pay(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    _prices(sandbox)
    Path("centres.csv").write_text("name,cost_centre,share\n*,shop,75\n*,platform,25\n", encoding="utf-8")
    Path("shared.csv").write_text("cost_centre,split,to\nplatform,even,shop\n", encoding="utf-8")
    totals = []
    for more in ("", 'cost_centres = "centres.csv"\nshared_costs = "shared.csv"\n'):
        Path("vmgen.toml").write_text(
            f'currency = "EUR"\nprices = "prices.csv"\n{more}[accounts.main]\ninvoice_period = "previous-month"\n',
            encoding="utf-8",
        )
        done = run("export", "focus", "--month", "2026-11", "--out", "costs.csv")
        assert done.status == 0, done.err
        found = pd.read_csv("costs-not-invoiced.csv", dtype="str")
        totals.append(sum(map(Decimal, found["BilledCost"])))
    assert totals[0] == totals[1] > 0
    fees = found[found["PricingUnit"] == "Months"]
    assert set(fees["x_CostCenter"]) == {"shop"}
    assert set(fees["Tags"]) == {'{"cost_centre": "shop"}'}
    assert set(fees["x_CostAllocationRuleName"]) == {"centres.csv, line 2", "shared.csv, line 2"}


def test_findings_are_told_and_nothing_is_written(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from vmgen_analytics.exports import focus

    _set(currency="EUR")
    run("sync")
    real = focus.focus_charges

    def a_cent_off(*tables: pd.DataFrame, **options: object) -> pd.DataFrame:
        charges = real(*tables, **options)
        charges.loc[0, "BilledCost"] += Decimal("0.01")
        return charges

    monkeypatch.setattr(focus, "focus_charges", a_cent_off)
    done = run("export", "focus", "--month", "2026-11", "--out", "costs.csv")
    assert done.status == 1
    assert "that invoice's total is" in done.err
    assert "findings in 2026-11, listed above; nothing was written" in done.err
    assert list(Path().glob("costs*")) == []


def test_a_fleet_of_numbers_for_names_is_sent_to_parquet(
    run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vmgen_analytics.exports import focus

    _set(currency="EUR")
    run("sync")
    real = focus.focus_charges

    def numbered(*tables: pd.DataFrame, **options: object) -> pd.DataFrame:
        charges = real(*tables, **options)
        return charges.assign(ResourceName=charges["ResourceId"].str.removeprefix("vm-"))

    monkeypatch.setattr(focus, "focus_charges", numbered)
    done = run("export", "focus", "--month", "2026-11", "--out", "costs.csv")
    assert (done.status, "write Parquet" in done.err) == (1, True)
    assert run("export", "focus", "--month", "2026-11", "--out", "costs.parquet").status == 0


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--month", "2026-11"), 2, "needs a month and a file: --month 2026-11 --out costs.csv"),
        (("--out", "a.csv"), 2, "needs a month and a file"),
        (("--month", "2026-11", "--out", "a.xlsx"), 2, "neither in .csv nor in .parquet"),
        (("--month", "2026-11", "--out", "folder.csv"), 2, "folder.csv is a folder; name a file with --out"),
        (("--month", "November", "--out", "a.csv"), 2, "'November' is no month, as 2026-11"),
        (("--month", "2026-13", "--out", "a.csv"), 2, "'2026-13' is no day or month"),
        (("--month", "2019-03", "--out", "a.csv"), 1, "has nothing of 2019-03; it has 2026-1"),
        (("--month", "2026-11", "--out", "file/a.csv"), 1, "cannot write file/a-invoiced.csv: "),
        (("--month", "2026-11", "--out", "a.csv", "--from", "2026-11-01"), 2, "takes a month and a file"),
    ],
)
def test_wrong_usage_is_one_line(run: Run, sandbox: Sandbox, words: tuple, status: int, says: str) -> None:
    _set(currency="EUR")
    run("sync")
    Path("folder.csv").mkdir()
    Path("file").write_text("in the way", encoding="utf-8")
    done = run("export", "focus", *words)
    assert (done.status, _is_one_line(done)) == (status, True), done.err
    assert says in done.err
    assert list(Path().glob("a*.csv")) == []


@pytest.mark.parametrize(
    ("currency", "says"), [("", 'set currency = "EUR"'), ("Euro", "'Euro' is no code of ISO 4217")]
)
def test_a_currency_is_needed(run: Run, sandbox: Sandbox, currency: str, says: str) -> None:
    run("sync")
    _set(currency=currency)
    done = run("export", "focus", "--month", "2026-11", "--out", "a.csv")
    assert (done.status, _is_one_line(done)) == (2, True), done.err
    assert says in done.err


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--out", "folder"), 2, "folder is a folder; name a file with --out"),
        (("--out", "folder.csv"), 2, "folder.csv is a folder"),
        (("--out", "usage", "--format", "csv"), 2, "usage.csv is a folder"),
        (("--out", "a.csv", "--format", "parquet"), 2, "--format parquet contradicts a.csv, which ends in .csv"),
        (("--out", "a.csv", "--format", "csv,xlsx"), 2, "contradicts a.csv"),
        (("--out", "a.doc"), 2, "no format 'doc'; there are csv, parquet, xlsx"),
        (("--out", "file/a.csv"), 1, "cannot write file/a.csv: "),
        (("--out", "file/a.parquet"), 1, "cannot write file/a.parquet: "),
        (("--out", "file/a.xlsx"), 1, "cannot write file/a.xlsx: "),
        (("--month", "2026-11"), 2, "--month is for export focus"),
    ],
)
def test_where_a_table_cannot_go(run: Run, sandbox: Sandbox, words: tuple, status: int, says: str) -> None:
    run("sync")
    for folder in ("folder", "folder.csv", "usage.csv"):
        Path(folder).mkdir()
    Path("file").write_text("in the way", encoding="utf-8")
    done = run("export", "usage", *words)
    assert (done.status, _is_one_line(done)) == (status, True), done.err
    assert says in done.err
    assert [each for each in Path().rglob("*a.*") if "archive" not in str(each)] == []


def test_several_formats_have_the_name_and_their_endings(run: Run, sandbox: Sandbox) -> None:
    run("sync")
    done = run("export", "usage", "--out", "usage.2026", "--format", "csv,parquet,csv")
    assert done.err.split() == ["usage.2026.csv", "usage.2026.parquet"]
    assert len(pd.read_csv("usage.2026.csv")) == len(pd.read_parquet("usage.2026.parquet"))
