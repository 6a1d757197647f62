"""Statements as files, read back: the numbers of the table, names as they are, and totals that add up."""

import hashlib
import io
import os
import re
from dataclasses import replace
from html.parser import HTMLParser

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_facts import FLEET, vm
from made_up_statements import MONITORS, RULES, SHARED, TOTALS, month_of
from pypdf import PdfReader
from test_report_files import HOSTILE

from vmgen_analytics import Settings
from vmgen_analytics.errors import SettingsError, VMgenError
from vmgen_analytics.report.file_names import file_names
from vmgen_analytics.report.statement import TITLES, statement
from vmgen_analytics.report.statement_files import write_files
from vmgen_analytics.report.statement_sources import source_files
from vmgen_analytics.report.statement_workbook import HEAD, HEADINGS, statement_workbook

CENTRES = [name for name in HOSTILE if name.strip()] + [
    "../../etc/passwd",
    "con",
    "WEB SHOP",
    "Web  shop",
    "日本",
    "本日",
]


class Tables(HTMLParser):
    """The tables of a page by caption: rows of cells, as they are read."""

    def __init__(self, text):
        super().__init__()
        self.found, self.tags, self._cell, self._rows, self._in = {}, [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th", "caption"):
            self._in, self._cell = tag, []
        elif tag == "span" and self._in == "caption":
            self._in = ""

    def handle_data(self, data):
        if self._in:
            self._cell.append(data)

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._rows[-1].append("".join(self._cell))
        elif tag == "caption":
            self.found["".join(self._cell).strip()] = self._rows
        if tag in ("td", "th", "caption"):
            self._in = ""


def cents(text):
    """Read a printed amount."""
    return 0 if text == "\N{EN DASH}" else round(float(text.replace("\N{MINUS SIGN}", "-").replace(",", "")) * 100)


def check_sums(tables):
    """Every column of money adds up to the number below it."""
    for name, (headings, *rows, total) in tables.items():
        for place, heading in enumerate(headings):
            if heading in ("Cost", "Amount", "Of it here", "Total", *TITLES.values()):
                assert sum(cents(row[place]) for row in rows) == cents(total[place]), (name, heading)


def check_page(of, files, name):
    tables = Tables(files.html[name].read_text(encoding="utf-8")).found
    check_sums(tables)
    lines = of.lines[of.lines["cost_centre"] == name]
    for kind, theirs in lines.groupby("kind"):
        rows = tables[TITLES[kind]][1:-1]
        assert [cents(row[-1]) for row in rows] == [round(cost * 100) for cost in theirs["printed_cost"]]
    whole = sum(cents(tables[TITLES[kind]][-1][-1]) for kind in lines["kind"].unique())
    assert whole == round(of.totals[name] * 100) == cents(tables["Invoices"][-1][-1])
    return whole


def check_book(of, files, name):
    values, formulas = (
        openpyxl.load_workbook(files.xlsx[name], data_only=given)["Statement"] for given in (True, False)
    )
    lines = of.lines[of.lines["cost_centre"] == name].reset_index(drop=True)
    rows = list(values.iter_rows(min_row=HEAD + 1, values_only=True))
    assert len(rows) == len(lines) + 1
    money = list(HEADINGS).index("printed_cost")
    assert [row[money] for row in rows[:-1]] == lines["printed_cost"].tolist()
    assert rows[-1][money] == of.totals[name]
    last = formulas.cell(HEAD + len(rows), money + 1)
    assert last.value == f"=ROUND(SUM(O{HEAD + 1}:O{HEAD + len(lines)}),2)"
    for row in formulas.iter_rows():
        for cell in row:
            assert cell.data_type in "snd" or cell is last, (cell.coordinate, cell.value)
            assert cell.hyperlink is None
    return rows


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Names of VMs and of cost centres that would be markup, formulas or paths if anyone let them."""
    fleet = (*FLEET, *MONITORS, *(vm(100 + number, name, location=name) for number, name in enumerate(HOSTILE)))
    places = {name: number for number, name in enumerate(CENTRES)}
    rules = [*RULES[-2:], *({"location": f"place {place}", "cost_centre": name} for name, place in places.items())]
    fleet += tuple(
        vm(200 + place, HOSTILE[place % len(HOSTILE)], location=f"place {place}") for place in places.values()
    )
    of = month_of(fleet, rules=rules)
    out = tmp_path_factory.mktemp("statements") / "deep" / "er"
    return of, write_files(of, out), out


def test_every_statement_equals_the_table_and_all_equal_the_invoices(hostile):
    of, files, _ = hostile
    whole = 0
    for name in files.html:
        whole += check_page(of, files, name)
        check_book(of, files, name)
    assert whole == round(of.total * 100) == 12333
    assert set(files.html) == set(of.totals) >= {*CENTRES, "unassigned", "platform"}


def test_the_index_has_all_sums_and_leads_to_the_pages(hostile):
    of, files, out = hostile
    page = Tables(files.index.read_text(encoding="utf-8"))
    check_sums(page.found)
    sums = {row[0]: cents(row[-1]) for row in page.found["Cost centres"][1:]}
    assert sums.pop("Total") == cents(page.found["Invoices"][-1][-1]) == 12333
    assert list(sums.values()) == [round(cost * 100) for cost in of.totals.values()]
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert [out / link for link in links] == list(files.html.values())
    assert all((out / link).is_file() for link in links)


def test_files_stay_in_their_folder_under_names_that_every_system_takes(hostile):
    _, files, out = hostile
    paths = [files.index, *files.html.values(), *files.xlsx.values()]
    assert {path.resolve() for path in out.rglob("*")} == {path.resolve() for path in paths}
    assert {path.name for path in out.parent.parent.iterdir()} == {"deep"}
    assert len({path.name.lower() for path in paths}) == len(paths)
    assert all(re.fullmatch(r"statements?-2026-11[a-z0-9_-]*\.(html|xlsx)", path.name) for path in paths)


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=30))
def test_no_two_names_share_a_file(names):
    found = file_names([*names, "Web shop", "web-shop", "WEB SHOP", ".", "..", "/", "\ud800"])
    assert len({stem.lower() for stem in found.values()}) == len(found)
    assert all(re.fullmatch(r"[a-z0-9_-]{1,51}", stem) for stem in found.values())


def test_names_are_text_in_the_pages(hostile):
    _, files, _ = hostile
    for path in (files.index, *files.html.values()):
        html = path.read_text(encoding="utf-8")
        for tag, attributes in Tables(html).tags:
            assert tag not in {"script", "link", "iframe", "object", "embed", "base", "img"}
            assert not any(name.startswith("on") for name in attributes)
            assert re.fullmatch(r"statement-2026-11[a-z0-9_-]*\.html", attributes.get("href", "statement-2026-11.html"))
        assert not re.search(r"url\(|@import", html)
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202e\ufffe\uffff]", html)
    rows = Tables(files.html["unassigned"].read_text(encoding="utf-8")).found["VMs"]
    names = [row[0] for row in rows]
    for name in ("<img src=x onerror=alert(1)>", "</td><script>alert(1)</script>", "{{ 7 * 7 }}", "=1", "n" * 300):
        assert name in names or f"{{{name}}}" in names


def test_names_come_back_from_the_workbook_and_dates_are_dates(hostile):
    of, files, _ = hostile
    rows = check_book(of, files, "unassigned")
    names = [row[1] for row in rows]
    for name in (
        '=HYPERLINK("http://evil.example","x")',
        "+1+1",
        "line\nbreak",
        "_x0041_",
        "12345",
        "http://evil.example/",
    ):
        assert name in names
    dated = dict(zip(HEADINGS, rows[0], strict=True))
    assert (dated["first_day"], dated["last_day"]) == (pd.Timestamp(2026, 11, 1), pd.Timestamp(2026, 11, 30))
    assert isinstance(dated["days"], int)
    assert isinstance(dated["vm_id"], int)
    book = openpyxl.load_workbook(files.xlsx["unassigned"])
    assert book.sheetnames == ["Statement", "Method", "Invoices"]
    assert book["Invoices"]["B2"].value == pd.Timestamp(2026, 11, 1)
    assert book["Statement"].cell(HEAD + 1, 15).number_format == '#,##0.00" EUR"'
    method = " ".join(str(cell.value) for row in book["Method"].iter_rows() for cell in row)
    assert "No rule gives these costs to a cost centre" in method


@pytest.mark.parametrize("currency", ["", 'E"U\\R', "\x07€"])
def test_an_odd_currency_or_none_makes_no_odd_format(currency):
    of = month_of(currency=currency)
    told = statement(of, "Blog")
    book = openpyxl.load_workbook(io.BytesIO(statement_workbook(told, currency)))
    found = book["Statement"].cell(HEAD + 1, 15).number_format
    assert found == {"": "#,##0.00", 'E"U\\R': '#,##0.00" EUR"', "\x07€": '#,##0.00" €"'}[currency]
    if not currency:
        assert told.total == f"{of.totals['Blog']:.2f}"
        assert "bare numbers" in told.method[-1].sentences[-1]


@settings(max_examples=8)
@given(
    st.lists(st.integers(-50_000, 100_000), min_size=1, max_size=4),
    st.sampled_from([SHARED, (), ({"cost_centre": "platform", "split": "even"},)]),
    st.integers(1, 99),
)
def test_whatever_is_billed_and_however_it_is_shared_the_files_add_up(tmp_path_factory, totals, shared, share):
    rules = [{"name": "db", "cost_centre": "Blog", "share": share}, *(rule for rule in RULES if rule["name"] != "db")]
    of = month_of(totals=[("2026-11", total / 100) for total in totals], rules=rules, shared=shared)
    files = write_files(of, tmp_path_factory.mktemp("any"))
    assert sum(check_page(of, files, name) for name in files.html) == sum(totals)
    for name in files.html:
        check_book(of, files, name)
    check_sums(Tables(files.index.read_text(encoding="utf-8")).found)


def test_some_statements_can_be_chosen_and_one_without_costs_says_so(tmp_path):
    of = month_of()
    files = write_files(of, tmp_path, ["Blog", "idle"])
    assert list(files.html) == ["Blog", "idle"]
    assert "No cost of November 2026 falls on this cost centre." in files.html["idle"].read_text(encoding="utf-8")
    assert openpyxl.load_workbook(files.xlsx["idle"], data_only=True)["Statement"].cell(HEAD + 1, 15).value == 0
    index = files.index.read_text(encoding="utf-8")
    assert "Without any cost this month: idle." in index
    assert [attributes["href"] for tag, attributes in Tables(index).tags if tag == "a"] == [
        "statement-2026-11-blog.html"
    ]
    with pytest.raises(SettingsError, match="cost centre 'Blgo'; did you mean Blog"):
        write_files(of, tmp_path, ["Blgo"])


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VMgenError, match=r"cannot write statements to .*file.*; choose another folder with --out"):
        write_files(month_of(), tmp_path / "file")


def test_the_same_data_gives_the_same_files(tmp_path):
    first, second = (write_files(month_of(), tmp_path / name) for name in "ab")
    for one, other in zip(
        [*first.html.values(), *first.xlsx.values()], [*second.html.values(), *second.xlsx.values()], strict=True
    ):
        assert one.read_bytes() == other.read_bytes()


def words_of(told):
    return " ".join(words for each in told.method for words in (*each.sentences, *each.items)).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_the_method_says_by_what_and_by_whom():
    told = statement(month_of(), "Web shop")
    said = words_of(told)
    for part in (
        "November 2026 is closed: its invoices and the days of its VMs stay as they were known then; later changes are",
        "where these files change, a later print may differ",
        "What a VM costs is therefore an estimate",
        "in proportion to the list price of each VM's package (key price_book)",
        "data/cost_centres.csv, line 1: name web*, 100 %",
        "data/cost_centres.csv, line 2: name db, 60 %",
        "data/shared_costs.csv, line 1: platform is spread in proportion to what each has of its own",
        "all statements of November 2026 to the invoices, 123.33 EUR",
        "fetched, on 2 December 2026 at 06:00 UTC",
        "time zone UTC. Amounts are in EUR.",
    ):
        assert part in said
    assert "line 4" not in said
    assert not told.is_provisional
    assert (
        told.answer.replace("\N{NO-BREAK SPACE}", " ") == "November 2026 costs this cost centre 67.66 EUR, for 2 VMs."
    )


def test_one_that_is_spread_sees_its_rules_and_what_it_passes_on():
    told = statement(month_of(), "platform")
    assert "line 5: name monitor*, 100 %" in words_of(told)
    assert [table.title for table in told.tables] == ["Summary", "VMs", "Credits", TITLES["passed_on"]]
    assert told.tables[0].columns[-1].total == 0


def test_rules_say_in_which_days_they_are_valid():
    rules = (
        {"name": "web", "cost_centre": "Web shop", "valid_from": "2026-11-11"},
        {"name": "web", "cost_centre": "Web shop", "share": 80, "valid_from": "2026-11-05", "valid_to": "2026-11-11"},
        {"name": "web", "cost_centre": "Web shop", "share": 50, "valid_to": "2026-11-05"},
        *RULES[1:],
    )
    shared = ({"cost_centre": "platform", "split": "even", "to": "Web shop", "valid_from": "2026-10-01"},)
    said = words_of(statement(month_of(rules=rules, shared=shared), "Web shop"))
    for words in (
        "line 1: name web, 100 %, valid from 2026-11-11 on",
        "line 2: name web, 80 %, valid from 2026-11-05 until 2026-11-10",
        "line 3: name web, 50 %, valid until 2026-11-04",
        "platform is spread evenly over Web shop, valid from 2026-10-01 on",
        "the first one that fits it and is valid on the day decides",
    ):
        assert words in said
    assert "for every month alike" not in said
    assert "valid from" not in words_of(statement(month_of(), "Web shop"))


def test_files_that_divide_are_told_apart_by_what_they_say(tmp_path):
    prices, centres = tmp_path / "prices.csv", tmp_path / "centres.csv"
    prices.write_text("package,monthly_price\nSmall,5\n")
    centres.write_text("name,cost_centre\nweb*,Web shop\n")
    os.utime(prices, (1_795_132_800, 1_795_132_800))
    named = Settings(prices=str(prices), cost_centres=str(centres))
    before = source_files(named)
    digest = hashlib.sha256(prices.read_bytes()).hexdigest()[:8]
    assert [file.name for file in before] == ["prices.csv", "centres.csv"]
    assert str(before[0]) == f"prices.csv of 2026-11-20 ({digest})"
    files = write_files(replace(month_of(), files=before), tmp_path / "before")
    for path in (*files.html.values(), files.index):
        assert f"Divided by prices.csv of 2026-11-20 ({digest}) and centres.csv of" in path.read_text(encoding="utf-8")
    prices.write_text("package,monthly_price\nSmall,6\n")
    os.utime(prices, (1_795_132_800, 1_795_132_800))
    assert source_files(named)[0].digest != digest
    assert source_files(named)[1] == before[1]
    prices.unlink()
    with pytest.raises(SettingsError, match=r"cannot read .*prices.csv: No such file"):
        source_files(named)


def test_an_account_without_an_invoice_is_named_on_every_page(tmp_path):
    of = month_of()
    second = of.facts.days[of.facts.days["vm_id"] <= 2].assign(account="second")
    days = pd.concat([of.facts.days, second], ignore_index=True)
    of = replace(of, facts=replace(of.facts, days=days))
    assert of.facts.not_invoiced(of.facts.month) == {"second": 2}
    files = write_files(of, tmp_path)
    words = "Account second has no amount invoiced for November 2026 yet: what its 2 VMs cost is in no statement"
    for path in (*files.html.values(), files.index):
        assert words in path.read_text(encoding="utf-8")
    for path in files.xlsx.values():
        assert openpyxl.load_workbook(path)["Statement"]["A3"].value.startswith(words)
    assert words in words_of(statement(of, "Blog"))
    plain = write_files(month_of(), tmp_path)
    assert "has no amount invoiced" not in plain.index.read_text(encoding="utf-8")
    assert openpyxl.load_workbook(plain.xlsx["Blog"])["Statement"]["A3"].value is None


def test_inferred_days_are_counted():
    of = month_of()
    days = of.facts.days
    presence = days["presence"].mask((days["vm_id"] == 1) & (days["date"] >= pd.Timestamp("2026-11-29")), "inferred")
    days["presence"] = presence
    assert "2 days of VMs in this statement are inferred" in words_of(statement(of, "Web shop"))
    assert "inferred" not in words_of(statement(of, "Blog"))


@pytest.mark.parametrize(
    ("now", "why"), [("2026-11-24", "is not over"), ("2026-12-01 03:00", "is over but not closed yet")]
)
def test_a_month_that_may_still_change_says_so_in_every_file(tmp_path, now, why):
    of = month_of(now=now)
    files = write_files(of, tmp_path)
    assert f"No, it is PROVISIONAL. November 2026 {why}" in words_of(statement(of, "Blog"))
    for path in (*files.html.values(), files.index):
        assert path.read_text(encoding="utf-8").count("PROVISIONAL") >= 3
    for path in files.xlsx.values():
        assert "PROVISIONAL" in openpyxl.load_workbook(path)["Statement"]["A2"].value
    assert "PROVISIONAL" not in "".join(
        Tables(write_files(month_of(), tmp_path).index.read_text(encoding="utf-8")).found
    )


def test_what_is_not_shared_and_not_credited_needs_no_summary():
    told = statement(month_of(totals=TOTALS[:3], rules=RULES[:4], shared=()), "Web shop")
    assert [table.title for table in told.tables] == ["VMs"]
    assert not any(each.heading == "Shared costs" for each in told.method)


def test_what_no_vm_can_be_given_is_said():
    fleet = (vm(1, "web", dies="2026-10-02"),)
    told = statement(month_of(fleet, (("2026-10", 3.0), ("2026-11", 4.0)), shared=()), "unassigned")
    assert [table.title for table in told.tables] == ["Invoiced, but given to no VM"]
    assert (
        told.answer.replace("\N{NO-BREAK SPACE}", " ")
        == "4.00 EUR of November 2026 is given to no cost centre by any rule."
    )


@pytest.mark.browser
def test_printed_on_a4_the_method_is_on_the_last_page_and_pages_are_full(browser, tmp_path):
    many = tuple(vm(1000 + number, f"web-{number:03d}.shop.example.net") for number in range(120))
    of = month_of((*FLEET, *MONITORS, *many))
    files = write_files(of, tmp_path)
    page = browser.new_page()
    try:
        for name, most in (("Blog", 1), ("unassigned", 1), ("Web shop", 6)):
            page.goto(files.html[name].as_uri())
            pages = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
            texts = [each.extract_text() for each in pages]
            assert len(pages) <= most
            assert [round(float(side) / 72 * 25.4) for side in pages[0].mediabox[2:]] == [210, 297]
            assert "How this was worked out" in texts[-1]
            assert "Rounding" in texts[-1]
            assert "Where it comes from" in texts[-1]
            assert all(f"Page {number} of {len(pages)}" in text for number, text in enumerate(texts, start=1))
            for text in texts[1:-2]:
                assert "VM\n" in text or "VM " in text, "the head of the table is there on each page"
                assert text.count("web-") > 40, "pages are full"
    finally:
        page.close()
