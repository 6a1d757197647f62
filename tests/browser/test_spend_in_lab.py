"""What a person does with 01_spend in JupyterLab, and what they get."""

import re
import time
from pathlib import Path

import pandas as pd
import pytest
from clicks import downloaded
from labs import HOSTILE, History, Lab
from looks import violations
from pandas.testing import assert_frame_equal
from playwright.sync_api import Locator, expect

from vmgen_analytics import widgets

pytestmark = pytest.mark.browser

AT_MOST_S = 5.0  # a picture takes well under one second; the rest is for a machine that is busy


def renders(panel: Locator) -> int:
    return int(panel.locator("img[data-render]").get_attribute("data-render") or 0)


def test_it_opens_with_an_answer_a_picture_and_a_table(panel: Locator) -> None:
    expect(panel.get_by_role("heading")).to_contain_text(re.compile(r" cost [\d,]+\.\d\d\sEUR"))
    picture = panel.locator("img[data-render]")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    assert "cost" in (picture.get_attribute("alt") or "")
    expect(panel.locator("tfoot")).to_contain_text("Total")


def test_another_group_makes_another_picture(panel: Locator) -> None:
    expect(panel.get_by_label("Group by", exact=True)).to_have_value("Location")
    picture, before = panel.locator("img[data-render]"), renders(panel)
    source, height = picture.get_attribute("src"), picture.bounding_box()["height"]
    started = time.monotonic()
    panel.get_by_label("Group by", exact=True).select_option("VM")
    expect(picture).to_have_attribute("data-render", str(before + 1))
    assert time.monotonic() - started < AT_MOST_S
    assert picture.get_attribute("src") != source
    assert picture.bounding_box()["height"] == pytest.approx(height, abs=1)
    expect(panel.locator("thead")).to_contain_text("VM")


def test_the_file_and_the_python_make_the_table(panel: Locator, history: History, tmp_path: Path) -> None:
    panel.get_by_label("Group by", exact=True).select_option("VM")
    expect(panel.locator("thead")).to_contain_text("VM")
    wanted = widgets.CostExplorer(history.archive, settings=history.settings, view={"by": "vm_id"}).table
    assert not wanted.empty
    assert HOSTILE in set(wanted["vm_name"])
    assert_frame_equal(pd.read_csv(downloaded(panel, "CSV", tmp_path)), wanted, check_dtype=False)
    panel.get_by_role("button", name="Show Python").click()
    code = panel.get_by_label("Python that reproduces this view").input_value()
    panel.get_by_role("button", name="Show Python").click()
    made: dict[str, pd.DataFrame] = {}
    exec(code, made)  # it is what the panel says to run
    assert_frame_equal(made["table"], wanted)
    printed = panel.locator("tbody tr").all_inner_texts()
    assert len(printed) == len(wanted)


def test_custom_months_are_chosen_or_refused_with_a_sentence(panel: Locator) -> None:
    expect(panel.get_by_label("From", exact=True)).to_be_hidden()
    panel.get_by_label("Period", exact=True).select_option("Custom")
    first, last = panel.get_by_label("From", exact=True), panel.get_by_label("Through", exact=True)
    months = [text.replace("\N{NO-BREAK SPACE}", " ") for text in last.locator("option").all_inner_texts()]
    last.select_option(months[-2])
    first.select_option(months[-2])
    expect(panel.get_by_role("heading")).to_contain_text(re.compile(rf"^{months[-2]} cost"))
    last.select_option(months[-3])
    expect(panel.get_by_role("status")).to_contain_text("choose a later end")
    last.select_option(months[-1])
    expect(panel.get_by_role("status")).to_contain_text(f"{months[-1]} is not over")
    panel.get_by_role("button", name="Reset").click()
    expect(first).to_be_hidden()


def test_hostile_names_are_shown_and_not_run(panel: Locator, spend: Locator) -> None:
    panel.get_by_label("Group by", exact=True).select_option("VM")
    expect(panel.get_by_role("rowheader", name=HOSTILE, exact=True)).to_be_visible()
    panel.get_by_label("Group by", exact=True).select_option("Location")
    expect(panel.get_by_role("rowheader", name=HOSTILE, exact=True)).to_be_visible()
    assert spend.locator("img[src=x]").count() == 0
    assert spend.page.evaluate("() => window.hostile") is None


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_axe_finds_nothing_that_somebody_cannot_use(panel: Locator, lab: Lab, theme: str) -> None:
    lab.theme(theme)
    assert violations(lab.page, ".vmgen-panel") == ""


def test_nothing_is_asked_of_another_server(panel: Locator, lab: Lab) -> None:
    assert lab.strayed == []
