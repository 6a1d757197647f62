"""What a person does with 02_bandwidth in JupyterLab, and what they get."""

import datetime as dt
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from clicks import downloaded, offered, reset, select
from labs import CLOSE, HOSTILE, History, Lab
from looks import violations
from pandas.testing import assert_frame_equal
from playwright.sync_api import Locator, expect

from vmgen_analytics import widgets

pytestmark = pytest.mark.browser

AT_MOST_S = 5.0  # a picture takes well under one second; the rest is for a machine that is busy


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Iterator[Locator]:
    """The notebook, run from top to bottom."""
    notebook = lab.run("02_bandwidth.ipynb")
    yield notebook
    lab.page.evaluate(CLOSE)


@pytest.fixture
def panel(notebook: Locator) -> Locator:
    """Its panel, as it opens."""
    panel = notebook.locator(".vmgen-panel")
    reset(panel)
    return panel


def pick(panel: Locator, label: str, day: dt.date | None) -> None:
    """Type a date, or nothing; it counts once the field is left."""
    field = panel.get_by_label(label, exact=True)
    field.fill("" if day is None else day.isoformat())
    field.blur()


def test_a_preset_makes_another_picture(panel: Locator) -> None:
    expect(panel.get_by_role("heading")).to_contain_text(re.compile(r"^\d+ VMs sent [\d,.]+\s[GT]B and received"))
    expect(panel.get_by_label("Period", exact=True)).to_have_value("Last 28 days")
    picture = panel.locator("img[data-render]")
    source, height = picture.get_attribute("src"), picture.bounding_box()["height"]
    started = time.monotonic()
    select(panel, "Period", "Last 7 days")
    assert time.monotonic() - started < AT_MOST_S
    assert picture.get_attribute("src") != source
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    assert picture.bounding_box()["height"] == pytest.approx(height, abs=1)
    expect(panel.locator(".small")).to_contain_text(re.compile(r"until before \d{4}-\d\d-\d\d \(7 days\), UTC"))


def test_from_a_location_to_its_vms_and_to_one_of_them(panel: Locator, notebook: Locator) -> None:
    everything = offered(panel, "VM")
    select(panel, "Location", HOSTILE)
    narrowed = offered(panel, "VM")
    assert 1 < len(narrowed) < len(everything)
    expect(panel.locator("tbody tr")).to_have_count(len(narrowed) - 1)
    expect(panel.get_by_role("rowheader", name=HOSTILE, exact=True)).to_be_visible()
    select(panel, "VM", next(name for name in narrowed if name.startswith(HOSTILE)))
    expect(panel.get_by_label("Group by", exact=True)).to_have_value("Day")
    expect(panel.get_by_role("heading")).to_contain_text(f"{HOSTILE} sent")
    expect(panel.locator("tbody tr")).to_have_count(28)
    assert notebook.locator("img[src=x]").count() == 0
    assert notebook.page.evaluate("() => window.hostile") is None


def test_the_files_and_the_python_make_the_table(panel: Locator, history: History, tmp_path: Path) -> None:
    wanted = widgets.BandwidthExplorer(history.archive, settings=history.settings).table
    assert HOSTILE in set(wanted["vm_name"])
    assert_frame_equal(pd.read_csv(downloaded(panel, "CSV", tmp_path)), wanted, check_dtype=False)
    assert_frame_equal(pd.read_excel(downloaded(panel, "XLSX", tmp_path)), wanted, check_dtype=False)
    panel.get_by_role("button", name="Show Python").click()
    code = panel.get_by_label("Python that reproduces this view").input_value()
    panel.get_by_role("button", name="Show Python").click()
    made: dict[str, pd.DataFrame] = {}
    exec(code, made)  # it is what the panel says to run
    assert_frame_equal(made["table"], wanted)


def test_custom_days_are_chosen_or_refused_with_a_sentence(panel: Locator) -> None:
    expect(panel.get_by_label("From", exact=True)).to_be_hidden()
    select(panel, "Period", "Custom")
    expect(panel.get_by_label("From", exact=True)).to_be_visible()
    last = dt.date.fromisoformat(panel.get_by_label("Through", exact=True).input_value())
    pick(panel, "Through", last - dt.timedelta(days=2))
    expect(panel.locator(".small")).to_contain_text("(26 days)")
    heading = panel.get_by_role("heading").inner_text()
    for day, said in (
        (last + dt.timedelta(days=400), "which is still to come"),
        (last - dt.timedelta(days=60), "choose a later end"),
        (None, "Through has no date"),
    ):
        pick(panel, "Through", day)
        expect(panel.get_by_role("status")).to_contain_text(said)
        assert panel.get_by_role("heading").inner_text() == heading
    reset(panel)
    expect(panel.get_by_label("From", exact=True)).to_be_hidden()


def test_anomalies_and_quotas_have_their_answer(panel: Locator, lab: Lab) -> None:
    select(panel, "Show", "Anomalies")
    expect(panel.get_by_role("heading")).to_contain_text("found from")
    expect(panel.get_by_label("Group by", exact=True)).to_be_hidden()
    assert violations(lab.page, ".vmgen-panel") == ""
    panel.get_by_label("Show", exact=True).select_option("Quotas")
    expect(panel.get_by_role("status")).to_contain_text("No quota is known")
    expect(panel.locator("img[data-render]")).to_have_count(0)
    panel.get_by_label("Show", exact=True).select_option("Traffic by day")
    expect(panel.locator("img[data-render]")).to_be_visible()
    assert violations(lab.page, ".vmgen-panel") == ""
    assert lab.strayed == []
