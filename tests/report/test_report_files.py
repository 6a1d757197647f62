import io
import os
import re
import time
from html.parser import HTMLParser

import openpyxl
import pandas as pd
import pytest
from made_up_facts import FLEET, facts_of, vm

from vmgen_analytics.cost import Budgets, CostCentres
from vmgen_analytics.errors import VMgenError
from vmgen_analytics.report.content import content
from vmgen_analytics.report.files import write_files
from vmgen_analytics.report.workbook import workbook

HOSTILE = [
    '=HYPERLINK("http://evil.example","x")',
    "<img src=x onerror=alert(1)>",
    "</td><script>alert(1)</script>",
    "quote\"'&amp;",
    "line\nbreak",
    "bell\x07\x00\x1b",
    "\ufffe\uffff",
    "\u202egpj.exe",
    "+1+1",
    "@SUM(1)",
    "-2",
    "{=1}",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "_x0041_",
    "日本 $x^$",
    "n" * 300,
    "12345",
    "http://evil.example/",
    " ",
]


class Page(HTMLParser):
    """What stands in a page: its tags with their attributes, its headings and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.headings, self.text, self._open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        self.text.append(data)
        if self._open and self._open[-1] == "h2":
            self.headings.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    fleet = (*FLEET, *(vm(100 + number, name, location=name) for number, name in enumerate(HOSTILE)))
    facts = facts_of(fleet)
    return content(facts), write_files(facts, tmp_path_factory.mktemp("report") / "new" / "folder")


@pytest.fixture(scope="module")
def html(written):
    return written[1].html.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def book(written):
    return openpyxl.load_workbook(written[1].xlsx)


def test_the_page_answers_in_order(written, html):
    assert Page(html).headings == [
        f"{number}. {section.question}" for number, section in enumerate(written[0].sections, start=1)
    ]


def test_the_page_needs_nothing_from_elsewhere(html):
    for tag, attributes in Page(html).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "srcset", "action"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    assert "@import" not in html
    assert not re.search(r"url\(", html)


def test_pictures_are_inside_and_say_what_they_show(written, html):
    images = [attributes for tag, attributes in Page(html).tags if tag == "img"]
    assert len(images) == len(written[0].pictures) == 9
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)
    assert all(len(image["alt"]) > 20 for image in images)


def test_names_are_text_in_the_page(html):
    text = "".join(Page(html).text)
    for name in ("<img src=x onerror=alert(1)>", "</td><script>alert(1)</script>", "{{ 7 * 7 }}", "n" * 300):
        assert name in text
    assert "bell\N{REPLACEMENT CHARACTER}" in text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202e\ufffe\uffff]", html)


def test_there_is_a_png_of_each_picture(written):
    files = written[1]
    assert [path.stem for path in files.figures] == [picture.name for picture in written[0].pictures]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files.figures)
    assert not list(files.html.parent.glob(".*"))


def test_the_sheets_are_the_tables_in_order(written, book):
    assert book.sheetnames == ["Summary", *(table.title for table in written[0].tables)]


def test_no_cell_is_a_formula_or_a_link(book):
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "d"), (sheet.title, cell.coordinate, cell.value)
                assert cell.hyperlink is None


def test_names_come_back_as_they_are(book):
    names = [cell.value for cell in book["Cost by VM"]["A"]]
    for name in ('=HYPERLINK("http://evil.example","x")', "+1+1", "line\nbreak", "_x0041_", "n" * 300, "12345"):
        assert name in names
    assert "bell\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}" in names


def test_months_and_days_are_dates_and_numbers_have_no_dust(book):
    months = [row[0].value for row in book["Spend by month"].iter_rows(min_row=2)]
    assert months == [*(pd.Timestamp(2026, month, 1) for month in (9, 10, 11)), "Total"]
    head = [cell.value for cell in book["Invoices of the month"][1]]
    (row,) = book["Invoices of the month"].iter_rows(min_row=2, max_row=2, values_only=True)
    assert row[head.index("Date")] == pd.Timestamp(2026, 11, 1)
    assert row[head.index("Invoice")] == "2", "the number of an invoice is a name that nobody adds up"
    numbers = [cell.value for sheet in book for line in sheet.iter_rows() for cell in line if cell.data_type == "n"]
    assert all(value == round(value, 6) for value in numbers if value is not None)
    assert len(numbers) > 200


def test_headers_are_frozen_and_filtered(book):
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref.startswith("A1:")


def test_totals_of_the_sheets_equal_their_lines(written, book):
    for table in written[0].tables:
        if not table.has_total:
            continue
        rows = list(book[table.title].iter_rows(min_row=2, values_only=True))
        assert len(rows) == table.length + 1
        assert rows[-1][0] == "Total"
        for number, column in enumerate(table.columns):
            if column.kind in ("money", "change") and rows[-1][number] is not None:
                lines = [row[number] for row in rows[:-1] if row[number] is not None]
                assert sum(round(value * 100) for value in lines) == round(rows[-1][number] * 100), table.title


def test_what_is_missing_is_an_empty_cell_and_a_dash():
    report = content(facts_of(prices=False))
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(report)))["Cost by VM"]
    headings = [cell.value for cell in sheet[1]]
    assert {row[headings.index("List cost")].value for row in sheet.iter_rows(min_row=2)} == {None}


def test_the_same_data_gives_the_same_files(tmp_path):
    first, second = (write_files(facts_of(), tmp_path / name) for name in ("a", "b"))
    assert first.html.read_bytes() == second.html.read_bytes()
    assert first.xlsx.read_bytes() == second.xlsx.read_bytes()


def test_a_second_report_replaces_the_first(tmp_path):
    write_files(facts_of(), tmp_path)
    files = write_files(facts_of(totals=()), tmp_path)
    assert "No invoice bills" in files.html.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    file = tmp_path / "a_file"
    file.write_text("")
    with pytest.raises(VMgenError, match=r"cannot write the report to .*a_file.*; choose another folder with --out"):
        write_files(facts_of(), file)


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    files = write_files(facts_of(), tmp_path)
    before = files.html.read_bytes()

    def full(self, target):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(VMgenError, match="No space left on device"):
        write_files(facts_of(totals=()), tmp_path)
    assert files.html.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_two_hundred_vms_take_less_than_five_seconds(tmp_path):
    """All sections, of an open month; this process's own time, as the machine may have others to serve."""
    fleet = tuple(
        vm(number, f"vm-{number:03d}", location=f"place {number % 7}", born="2026-06-01") for number in range(200)
    )
    totals = tuple((f"2026-{month:02d}", 1_000.0 + month) for month in range(6, 12))
    centres = CostCentres.of([{"name": f"vm-{number}*", "cost_centre": f"centre {number}"} for number in range(2)])
    budgets = Budgets.of([{"period": "2026-11", "amount": "900"}])
    facts = facts_of(fleet, totals, now="2026-11-20", centres=centres, budgets=budgets)
    start = time.process_time()
    files = write_files(facts, tmp_path)
    assert time.process_time() - start < 5
    assert {"cost_changes", "cost_forecast", "budget_status", "unit_costs"} <= {path.stem for path in files.figures}
