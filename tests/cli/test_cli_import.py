"""`import`: older months from CSV files, all or nothing, and never in place of what the provider said."""

import io
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from done import Done

from vmgen_analytics import Archive, read_history
from vmgen_analytics.cli import terminal
from vmgen_analytics.cost.corrections import Closings, booked_invoices
from vmgen_analytics.errors import HistoryError
from vmgen_analytics.sandbox import Sandbox
from vmgen_analytics.schema import TABLES
from vmgen_analytics.schema.imported import is_imported
from vmgen_analytics.settings import Account, Settings

Run = Callable[..., Done]
USAGE = "vm_id,date,in_MB,out_MB\n7,2025-03-01,1.5,2\n7,2025-03-02,0,\n9,2025-03-01,1e3,4\n"
INVOICES = "id,date,status,total_cost\n3,2025-03-31,paid,1234.56\n4,2025-04-30,credit,-0.01\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str | bytes, name: str = "old.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def _usage(run: Run) -> list[tuple]:
    found = pd.read_csv(io.StringIO(run("export", "usage").out))[["vm_id", "date", "in_MB", "out_MB", "status"]]
    return [tuple("" if pd.isna(each) else each for each in row) for row in found.itertuples(index=False, name=None)]


def test_usage_is_imported_once_and_again(run: Run, write: Callable[..., Path]) -> None:
    old = write(USAGE)
    rehearsed = run("import", "usage", old, "--dry-run")
    assert "would import usage: 3 new" in rehearsed.err
    assert run("export", "usage").status == 1, "a rehearsal stores nothing"
    assert "3 new, 0 changed, 0 known" in run("import", "usage", old).err
    wanted = [
        (7, "2025-03-01", 1.5, 2.0, "imported"),
        (7, "2025-03-02", 0.0, "", "imported"),
        (9, "2025-03-01", 1000.0, 4.0, "imported"),
    ]
    assert _usage(run) == wanted
    assert "0 new, 0 changed, 3 known" in run("import", "usage", old).err
    assert _usage(run) == wanted
    changed = run("import", "usage", write(USAGE.replace("1e3", "999")))
    assert "0 new, 1 changed, 2 known" in changed.err
    assert _usage(run) == [*wanted[:2], (9, "2025-03-01", 999.0, 4.0, "imported")]
    history = Archive("data/archive").history("usage")
    assert history.loc[history["vm_id"] == 9, "in_MB"].tolist() == [1000.0, 999.0], "what was replaced is kept"


def test_what_the_provider_said_stays(run: Run, sandbox: Sandbox, write: Callable[..., Path]) -> None:
    vm_id = next(vm.vm_id for vm in sandbox.truth.vms if vm.died is None)
    early = write(f"vm_id,date,in_MB,out_MB\n{vm_id},2026-11-01,1,1\n{vm_id},2026-10-31,5,6\n")
    assert run("import", "usage", early).status == 0
    assert run("sync").status == 0  # the provider knows better than an earlier import
    said = _usage(run)
    assert (vm_id, "2026-10-31", 5.0, 6.0, "imported") in said
    assert (vm_id, "2026-11-01", 1.0, 1.0, "imported") not in said
    done = run("import", "usage", early)
    assert "0 new, 0 changed, 1 known already, 1 left as the provider said them" in done.err
    assert _usage(run) == said


def test_falsified_days_are_neither_replaced_nor_kept_as_history(
    run: Run, write: Callable[..., Path], tmp_path: Path
) -> None:
    run("import", "usage", write(USAGE))
    (folder,) = tmp_path.rglob("usage/_delta_log")
    table = DeltaTable(folder.parent)
    rows = table.to_pyarrow_table()
    falsified = rows.set_column(rows.column_names.index("in_MB"), "in_MB", pa.array([666.0] * len(rows)))
    write_deltalake(table, falsified, mode="overwrite")
    done = run("import", "usage", write(USAGE.replace("1e3", "999")))
    assert done.status == 1
    assert "not those that were written" in done.err
    assert not (folder.parent.with_name("superseded_usage")).exists()
    assert {row[2] for row in _usage(run)} == {666.0}


def test_a_slip_in_the_name_of_an_option_is_named(write: Callable[..., Path]) -> None:
    with pytest.raises(TypeError, match=r"read_history\(\) got an unexpected keyword argument 'unitt'"):
        read_history([write(USAGE)], unitt="GB")


def test_imported_days_are_counted_as_such(run: Run, sandbox: Sandbox, write: Callable[..., Path]) -> None:
    run("sync")
    vm_id = next(vm.vm_id for vm in sandbox.truth.vms if vm.died is None)
    run("import", "usage", write(f"vm_id,date,in_MB,out_MB\n{vm_id},2026-10-30,1,1\n{vm_id},2026-10-31,5,6\n"))
    coverage = pd.read_csv(io.StringIO(run("export", "coverage").out)).set_index("month")
    assert tuple(coverage.loc["2026-10", ["days_final", "days_imported"]]) == (0, 2)


def test_invoices_keep_their_status_and_can_be_told(
    run: Run, sandbox: Sandbox, write: Callable[..., Path], tmp_path: Path
) -> None:
    run("sync")
    assert "3 new" in run("import", "invoices", write(f"{INVOICES}5,2025-05-31,,7\n")).err
    assert "1 changed, 2 known" in run("import", "invoices", write(f"{INVOICES}5,2025-05-31,,8\n")).err
    invoices = Archive(tmp_path / "data" / "archive").read("invoices")
    ours = invoices[is_imported(invoices)]
    assert list(ours[["invoice_id", "status", "total_cost"]].itertuples(index=False, name=None)) == [
        (3, "imported (paid)", 1234.56),
        (4, "imported (credit)", -0.01),
        (5, "imported", 8),
    ]
    theirs = invoices[~is_imported(invoices)]
    assert len(theirs) >= 1
    again = write(f"id,date,total_cost\n{theirs['invoice_id'].iloc[0]},2026-11-01,1\n")
    assert "1 left as the provider said" in run("import", "invoices", again).err
    assert run("archive", "check").status == 0


def test_an_invoice_that_is_imported_with_another_total_leaves_a_trace(
    run: Run, sandbox: Sandbox, write: Callable[..., Path], tmp_path: Path
) -> None:
    before = pd.Timestamp(sandbox.now)
    sandbox.advance(seconds=1)
    run("import", "invoices", write(INVOICES))
    between = pd.Timestamp(sandbox.now)
    sandbox.advance(seconds=1)
    assert "1 changed, 1 known" in run("import", "invoices", write(INVOICES.replace("1234.56", "1234.50"))).err
    archive = Archive(tmp_path / "data" / "archive")
    assert archive.read("invoices", as_of=before).empty, "nobody knew of them before they were imported"
    assert archive.read("invoices", as_of=between)["total_cost"].tolist() == [1234.56, -0.01]
    assert archive.read("invoices")["total_cost"].tolist() == [1234.50, -0.01]
    assert archive.history("invoices")["total_cost"].tolist() == [1234.56, 1234.50, -0.01]
    later = f"{before + pd.Timedelta(days=32):%Y-%m-%d}"
    costs = pd.read_csv(io.StringIO(run("export", "allocated_costs", "--from", "2025-03-01", "--to", later).out))
    march = costs[costs["invoice_id"] == 3]
    (said,) = march[march["corrects"].isna()].to_dict("records")
    assert (said["month"], said["allocated_cost"]) == ("2025-03", 1234.56), "what is older is no correction"
    (changed,) = march[march["corrects"].notna()].to_dict("records")
    assert (changed["corrects"], round(changed["allocated_cost"], 6)) == ("2025-03", -0.06)
    assert "changed from 1234.56 to 1234.50" in changed["reason"]
    assert run("archive", "check").status == 0


def test_the_provider_has_the_last_word_on_an_invoice_though_this_machines_clock_is_ahead(tmp_path: Path) -> None:
    archive, moment = Archive(tmp_path / "archive"), pd.Timestamp("2026-11-10 09:00", tz="UTC")

    def invoice(status: str, total_cost: float, hours: int) -> pd.DataFrame:
        row = {"account": "main", "invoice_id": 3, "invoice_date": pd.Timestamp("2026-10-31"), "status": status}
        row |= {"seen_at": moment + pd.Timedelta(hours=hours), "total_cost": total_cost}
        return TABLES["invoices"].frame({name: [value] for name, value in row.items()})

    archive.add("invoices", invoice("imported", 90.0, 5))
    for hours in (0, 24):
        archive.add("invoices", invoice("paid", 100.0, hours))
        assert archive.read("invoices")["total_cost"].tolist() == [100.0]
        booked = booked_invoices(archive.history("invoices"), Closings())
        assert booked["total_cost"].tolist() == [90.0, 10.0], "what the provider said when the month was closed"


@pytest.mark.filterwarnings("default::vmgen_analytics.errors.UnexpectedDataWarning")
def test_exports_of_this_tool_can_be_read(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    run("sync")
    for table in ("usage", "invoices"):
        run("export", table, "--out", tmp_path / f"{table}.csv")
        done = run("import", table, tmp_path / f"{table}.csv", "--archive", tmp_path / "other")
        assert done.status == 0, done.err
        before = Archive(tmp_path / "data" / "archive").read(table)
        whole = before[~before["status"].isin(["partial", "provisional"])] if table == "usage" else before
        after = Archive(tmp_path / "other").read(table)
        columns = [column for column in before if column not in ("seen_at", "status")]
        pd.testing.assert_frame_equal(after[columns], whole[columns].reset_index(drop=True))
        assert ("left out" in done.err) == (len(whole) < len(before))


def test_vms_are_found_by_name_where_that_is_clear(
    run: Run, sandbox: Sandbox, write: Callable[..., Path], tmp_path: Path
) -> None:
    run("sync")
    vm = Archive(tmp_path / "data" / "archive").read("vms").iloc[0]
    done = run(
        "import",
        "usage",
        write(f"server,date,in_MB,out_MB\n{vm['vm_name']},2025-01-01,1,2\n"),
        "--map",
        "vm_name=server",
    )
    assert done.status == 0, done.err
    assert (vm["vm_id"], "2025-01-01", 1.0, 2.0, "imported") in _usage(run)
    done = run("import", "usage", write("fqdn,date,in_MB,out_MB\nnobody.example,2025-01-01,1,2\n"))
    assert done.status == 2
    assert "line 2: fqdn is 'nobody.example'; expected the fqdn of one VM; no VM had it: give vm_id" in done.err


def test_a_name_of_two_vms_is_refused(write: Callable[..., Path]) -> None:
    vms = pd.DataFrame({"account": ["main"] * 2, "vm_id": [1, 2], "vm_name": ["web", "web"], "fqdn": ["a", "b"]})
    with pytest.raises(HistoryError) as caught:
        read_history([write("name,date,in_MB,out_MB\nweb,2025-01-01,1,2\n")], vms=vms)
    assert "it was that of VMs 1, 2: give vm_id" in caught.value.problems[0]


def test_units_days_commas_and_encodings_by_option(run: Run, write: Callable[..., Path]) -> None:
    text = "Maschine;Tag;rein;raus\r\n7;31.12.2024;1,5;0,25\r\n".encode("cp1252")
    mapping = [word for pair in ("vm_id=Maschine", "date=Tag", "in_MB=rein", "out_MB=raus") for word in ("--map", pair)]
    words = [
        "--delimiter",
        ";",
        "--decimal",
        ",",
        "--date-format",
        "DD.MM.YYYY",
        "--encoding",
        "cp1252",
        "--unit",
        "GB",
    ]
    assert run("import", "usage", write(text), *mapping, *words).status == 0
    assert _usage(run) == [(7, "2024-12-31", 1500.0, 250.0, "imported")]


def test_every_wrong_line_is_named_and_nothing_is_stored(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    rows = [
        "7,2025-03-01,1,2",
        "7,2025-03-01,1,2",
        "-7,2025-03-02,1,2",
        "7,03/04/2025,1,2",
        "7,2999-01-01,1,2",
        "7,2025-03-05,-1,2",
        '7,2025-03-06,"1,5",2',
        "7,2025-03-07,1e308,2",
        "7,2025-03-08,nan,inf",
        "7,2025-03-09,1",
        "7.0,2025-03-10,1_0,2",
        "7,2025-02-30,1,2",
    ]
    good = write(USAGE, "good.csv")
    bad = write("vm_id,date,in_MB,out_MB\n" + "\n".join(rows) + "\n", "bad.csv")
    done = run("import", "usage", good, bad)
    assert done.status == 2
    for line, what in {
        2: "it repeats the 7 2025-03-01 of",
        3: "it repeats the 7 2025-03-01 of",
        4: "vm_id is '-7'; expected a positive whole number",
        5: "date is '03/04/2025'; expected a day as YYYY-MM-DD",
        6: "date is '2999-01-01'",
        7: "in_MB is '-1'; expected a number of MB from 0",
        8: "in_MB is '1,5'; expected a number of MB from 0 to 10,000,000,000, with a point for decimals (--decimal)",
        9: "in_MB is '1e308'",
        10: "out_MB is 'inf'",
        11: "expected 4 columns, and not 3",
        12: "in_MB is '1_0'",
        13: "date is '2025-02-30'",
    }.items():
        assert any(f"{bad}, line {line}: " in said and what in said for said in done.err.splitlines()), (line, done.err)
    named = [int(said.split(", line ")[1].split(":")[0]) for said in done.err.splitlines() if said.startswith("  ")]
    assert named == sorted(named)
    assert "nothing was stored" in done.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "is empty"),
        (b"vm_id,date,in_MB,out_MB\n", "no line beneath"),
        (b"vm_id;date;in_MB;out_MB\n7;2025-03-01;1;2\n", "--delimiter ';'"),
        (b"vm_id,date,in_GB,out_GB\n7,2025-03-01,1,2\n", "no columns in_MB, out_MB; the file has vm_id, date, in_GB"),
        (b"date,in_MB,out_MB\n2025-03-01,1,2\n", "no column that tells the VM (vm_id, fqdn or vm_name)"),
        (b"vm_id,vm_id,date,in_MB,out_MB\n7,7,2025-03-01,1,2\n", "stands there twice"),
        ("name,date,in_MB,out_MB\nM\xfcller,2025-03-01,1,2\n".encode("cp1252"), "--encoding cp1252"),
        (USAGE.encode("utf-16"), "--encoding"),
        (b'vm_id,date,in_MB,out_MB\n7,"2025-03-01,1,2\n', "no CSV"),
        (b"vm_id,date,in_MB,out_MB\n7,2025-03-01,1\0,2\n", "in_MB is"),
        (b"account,vm_id,date,in_MB,out_MB\nother,7,2025-03-01,1,2\n", "expected an account of the settings: main"),
    ],
)  # fmt: skip
def test_files_that_are_none_are_told(run: Run, write: Callable[..., Path], text: bytes, told: str) -> None:
    done = run("import", "usage", write(text))
    assert done.status == 2
    assert told in done.err


def test_a_byte_order_mark_does_no_harm(run: Run, write: Callable[..., Path]) -> None:
    assert run("import", "usage", write(b"\xef\xbb\xbf" + USAGE.encode())).status == 0
    assert len(_usage(run)) == 3


def test_wrong_words_are_told(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    old = write(USAGE)
    for words, told in {
        (tmp_path,): "it is a folder",
        (tmp_path / "absent.csv",): "there is no such file",
        (old, "--map", "vm_di=x"): "did you mean vm_id?",
        (old, "--map", "foo=bar"): "there are vm_id, fqdn, vm_name, date, in_MB, out_MB, account, status",
        (old, "--map", "date=a", "--map", "date=b"): "--map names date twice",
        (old, "--map", "vm_id"): "as vm_id=server",
        (old, "--map", "vm_id=server"): "no column 'server' for vm_id",
        (old, "--unit", "Mb"): "it can be B, kB, MB",
        (old, "--date-format", "DD.MM"): "needs YYYY, MM and DD",
        (old, "--date-format", "%Y-%m-%dT%H:%M%z"): "has a time zone, and a day has none",
        (old, "--date-format", "%d"): "must tell day, month and year, as %d.%m.%Y",
        (old, "--date-format", "%"): "must tell day, month and year, as %d.%m.%Y",
        (old, "--encoding", "zlib"): "no encoding 'zlib' is known",
        (old, "--encoding", "undefined"): "no encoding 'undefined' is known",
        (old, "--account", "absent"): "no account 'absent'",
    }.items():
        done = run("import", "usage", *words)
        assert (done.status, told in done.err) == (2, True), done.err


def test_a_large_file_is_read_within_bounds(tmp_path: Path) -> None:
    """22 MB, a ninth of what a user might bring, in less than 1.5 GB."""
    days = pd.date_range("2024-01-01", "2025-12-31").strftime("%Y-%m-%d")
    with (tmp_path / "large.csv").open("w", encoding="utf-8") as file:
        file.write("vm_id,date,in_MB,out_MB\n")
        for vm_id in range(1, 701):
            file.writelines(f"{100_000 + vm_id},{day},{vm_id}.123456,{vm_id}.654321\n" for day in days)
    done = subprocess.run(
        [sys.executable, "-m", "vmgen_analytics", "import", "usage", "large.csv", "--dry-run"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"would import usage: {700 * len(days):,} new" in done.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_500_000  # kB


TWO = "account,vm_id,date,in_MB,out_MB\nalpha,7,2025-03-01,1,2\nbeta,8,2025-03-01,3,4\nalpha,7,2025-03-02,5,6\n"


@pytest.fixture
def _two_accounts(tmp_path: Path, run: Run) -> None:
    (tmp_path / "vmgen.toml").write_text(
        '[accounts.alpha]\nkey_env = "ALPHA_KEY"\n[accounts.beta]\nkey_env = "BETA_KEY"\n'
    )


@pytest.mark.usefixtures("_two_accounts")
def test_a_file_of_two_accounts_comes_and_goes(run: Run, write: Callable[..., Path], tmp_path: Path) -> None:
    assert "3 new" in run("import", "usage", write(TWO)).err
    run("export", "usage", "--out", tmp_path / "all.csv")
    done = run("import", "usage", tmp_path / "all.csv", "--archive", "other")
    assert (done.status, "3 new" in done.err) == (0, True), done.err
    for archive in ("data/archive", "other"):
        rows = Archive(archive).read("usage")[["account", "vm_id"]].drop_duplicates()
        assert set(rows.itertuples(index=False, name=None)) == {("alpha", 7), ("beta", 8)}


@pytest.mark.usefixtures("_two_accounts")
@pytest.mark.filterwarnings("default::vmgen_analytics.errors.UnexpectedDataWarning")
def test_of_a_file_of_two_accounts_one_can_be_taken(run: Run, write: Callable[..., Path]) -> None:
    done = run("import", "usage", write(TWO), "--account", "alpha")
    assert "2 new" in done.err
    assert "left out what is of other accounts than alpha: 1 of the lines" in done.err
    assert set(Archive("data/archive").read("usage")["account"]) == {"alpha"}
    done = run("import", "usage", write(TWO.replace("alpha", "beta")), "--account", "alpha")
    assert (done.status, "no line is of the account alpha" in done.err) == (2, True), done.err
    done = run("import", "usage", write(TWO.replace("beta", "gamma")), "--account", "alpha")
    assert "line 3: account is 'gamma'; expected an account of the settings: alpha, beta" in done.err
    done = run("import", "usage", write(USAGE))
    assert (done.status, "has no column account" in done.err, "--account" in done.err) == (2, True, True), done.err


def test_a_vm_that_no_inventory_lists_is_named(run: Run, sandbox: Sandbox, write: Callable[..., Path]) -> None:
    run("sync")
    old = write("vm_id,date,in_MB,out_MB\n999999,2025-03-01,1,2\n")
    for words in (["--dry-run"], []):
        done = run("import", "usage", old, *words)
        assert (done.status, "warning: VM 999999 is in no inventory" in done.err) == (0, True), done.err


def test_a_day_that_is_not_over_is_no_history(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Imported days count as final for good, so that none may come before it is."""
    (tmp_path / "vmgen.toml").write_text(
        '[accounts.tokyo]\ntime_zone = "Asia/Tokyo"\n[accounts.dallas]\ntime_zone = "America/Chicago"\nsettle_h = 1\n'
    )
    monkeypatch.setattr(terminal, "now", lambda: pd.Timestamp("2026-11-23 16:00", tz="UTC"))
    head, days = "account,vm_id,date,in_MB,out_MB", ("2026-11-22", "2026-11-23", "2026-11-24")
    lines = [f"{account},7,{day},1,1" for account in ("tokyo", "dallas") for day in days]
    done = run("import", "usage", write("\n".join([head, *lines])))
    said = [line.partition("line ")[2] for line in done.err.splitlines() if line.startswith("  ")]
    assert said == [  # in Tokyo it is one o'clock of the 24th, in Dallas ten o'clock of the 23rd
        "3: date is '2026-11-23'; expected 2026-11-22 or before; this day ended less than 6 hours ago (Asia/Tokyo)",
        "4: date is '2026-11-24'; expected 2026-11-22 or before; this day is not over (Asia/Tokyo)",
        "6: date is '2026-11-23'; expected 2026-11-22 or before; this day is not over (America/Chicago)",
        "7: date is '2026-11-24'; expected 2026-11-22 or before; this day is not over (America/Chicago)",
    ]
    assert "4 wrong cells: nothing was stored" in done.err
    done = run("import", "usage", write("\n".join([head, lines[0], lines[3]])))
    assert "2 new" in done.err, done.err
    bills = "account,id,date,total_cost\ntokyo,1,2026-11-24,5\ndallas,2,2026-11-23,5\ndallas,3,2026-11-24,5\n"
    done = run("import", "invoices", write(bills))
    assert "1 wrong cell" in done.err
    assert "line 4: invoice_date is '2026-11-24'; expected 2026-11-23 or before; this day has not begun" in done.err


def test_a_day_ends_by_the_clock_of_its_account_where_that_changes(write: Callable[..., Path]) -> None:
    settings = Settings(accounts={"main": Account(time_zone="Europe/Berlin")})  # the 25th of October has 25 hours
    day = write("vm_id,date,in_MB,out_MB\n7,2026-10-25,1,1\n")
    with pytest.raises(HistoryError):
        read_history([day], settings=settings, now=pd.Timestamp("2026-10-26 04:59:59", tz="UTC"))
    assert len(read_history([day], settings=settings, now=pd.Timestamp("2026-10-26 05:00", tz="UTC"))) == 1


def test_it_is_told_which_columns_are_taken_for_which(run: Run, write: Callable[..., Path]) -> None:
    text = "Server,fqdn,Day,MB in,out_MB,Comment\n7,a.example,2025-03-01,1,2,x\n"
    mapping = [word for pair in ("vm_id=Server", "date=Day", "in_MB=MB in") for word in ("--map", pair)]
    told = "old.csv: Server -> vm_id, Day -> date, MB in -> in_MB, out_MB; not used: fqdn, Comment"
    for words in (["--dry-run"], []):
        assert told in run("import", "usage", write(text), *mapping, *words).err
    done = run("import", "usage", write(text))
    assert "no columns date, in_MB; the file has Server, fqdn, Day, MB in, out_MB, Comment" in done.err
    assert "--map date=THEIRS --map in_MB=THEIRS" in done.err


def test_the_help_names_the_columns_that_an_import_takes(run: Run) -> None:
    told = " ".join(run("import", "--help").out.split())
    for words in ("usage: date, in_MB, out_MB, and vm_id or,", "invoices: invoice_id, invoice_date, total_cost;"):
        assert words in told
    assert "..." in told
    assert "......" not in told
    assert "FILE...}" not in told


def test_a_file_can_come_through_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vmgen_analytics", "import", "usage", "/dev/stdin", "--dry-run"],
        cwd=tmp_path, input=USAGE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "would import usage: 3 new" in done.stderr


def test_no_vm_has_the_number_nought(run: Run, write: Callable[..., Path]) -> None:
    done = run("import", "usage", write("vm_id,date,in_MB,out_MB\n0,2025-03-01,1,2\n"))
    assert "vm_id is '0'; expected a positive whole number" in done.err
