"""What a person does with 03_capacity in JupyterLab, and what they get."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from clicks import downloaded, drawing_anew, offered, reset, select
from labs import CLOSE, HOSTILE, History, Lab
from looks import violations
from pandas.testing import assert_frame_equal
from playwright.sync_api import Locator, expect

import vmgen_analytics as va
from vmgen_analytics import widgets

pytestmark = pytest.mark.browser

AT_MOST_S = 5.0  # a picture takes well under one second; the rest is for a machine that is busy


@pytest.fixture(scope="module")
def notebook(lab: Lab) -> Iterator[Locator]:
    """The notebook, run from top to bottom."""
    notebook = lab.run("03_capacity.ipynb")
    yield notebook
    lab.page.evaluate(CLOSE)


@pytest.fixture
def panel(notebook: Locator) -> Locator:
    """Its panel, as it opens."""
    panel = notebook.locator(".vmgen-panel")
    reset(panel)
    return panel


def test_it_opens_with_an_answer_and_another_period_is_another_picture(panel: Locator) -> None:
    expect(panel.get_by_role("heading")).to_contain_text(re.compile(r"^\d+ VMs on \d+ \w+ \d{4}"))
    picture = panel.locator("img[data-render]")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1000
    source, height = picture.get_attribute("src"), picture.bounding_box()["height"]
    started = time.monotonic()
    select(panel, "Period", "This month")
    assert time.monotonic() - started < AT_MOST_S
    assert picture.get_attribute("src") != source
    assert picture.bounding_box()["height"] == pytest.approx(height, abs=1)
    assert violations(panel.page, ".vmgen-panel") == ""


def test_filters_narrow_each_other_and_hostile_names_are_shown_and_not_run(panel: Locator, notebook: Locator) -> None:
    expect(panel.get_by_role("rowheader", name=HOSTILE, exact=True)).to_be_visible()
    everything = offered(panel, "Package")
    select(panel, "Location", HOSTILE)
    expect(panel.get_by_role("heading")).to_contain_text(f"1 VM in {HOSTILE} on")
    expect(panel.get_by_label("Package", exact=True).locator("option")).to_have_count(2)
    assert set(offered(panel, "Package")) < set(everything)
    select(panel, "Show", "What if")
    panel.get_by_label("Action", exact=True).select_option("Remove VMs")
    expect(panel.get_by_label("VM", exact=True)).to_be_visible()
    named = [text for text in offered(panel, "VM") if HOSTILE in text]
    with drawing_anew(panel):
        panel.get_by_label("VM", exact=True).select_option(named[0])
        panel.get_by_role("button", name="Add step").click()
    expect(panel.locator("ol li")).to_have_text(f"Remove {named[0]}.")
    assert notebook.locator("img[src=x]").count() == 0
    assert notebook.page.evaluate("() => window.hostile") is None


def test_a_plan_by_clicks_is_what_if_and_so_are_its_file_and_its_python(
    panel: Locator, history: History, tmp_path: Path
) -> None:
    select(panel, "Show", "What if")
    panel.get_by_label("Action", exact=True).select_option("Add VMs")
    expect(panel.get_by_label("Where", exact=True)).to_be_visible()
    place = offered(panel, "Where")[-1]
    panel.get_by_label("Where", exact=True).select_option(place)
    expect(panel.get_by_label("Where", exact=True)).to_have_value(place)
    known = va.read_planning(history.archive, history.settings)
    offers = known.catalogue[known.catalogue["is_offered"] & (known.catalogue["location"] == place)]
    packages = sorted(offers["package"].unique())
    expect(panel.get_by_label("Which package", exact=True).locator("option")).to_have_text(packages)
    package = packages[-1]
    panel.get_by_label("Which package", exact=True).select_option(package)
    panel.get_by_label("Count", exact=True).fill("3")
    panel.get_by_label("Count", exact=True).press("Tab")
    with drawing_anew(panel):
        panel.get_by_role("button", name="Add step").click()
    expect(panel.locator("ol li")).to_have_text(f"Add 3 VMs of {package} in {place}.")
    assert violations(panel.page, ".vmgen-panel") == ""
    steps = [{"action": "add", "count": 3, "package": package, "location": place}]
    wanted = va.what_if(known.days, va.Plan.of(steps), known.catalogue, known.prices, known.policies)
    opened = widgets.CapacityPlanner(
        history.archive, settings=history.settings, view={"show": "what_if", "plan": steps}
    )
    assert_frame_equal(opened.table, wanted)
    written = pd.read_csv(downloaded(panel, "CSV", tmp_path))
    assert_frame_equal(written.assign(reason=written["reason"].fillna("")), wanted, check_dtype=False)
    panel.get_by_role("button", name="Show Python").click()
    code = panel.get_by_label("Python that reproduces this view").input_value()
    panel.get_by_role("button", name="Show Python").click()
    made: dict[str, pd.DataFrame] = {}
    exec(code, made)  # it is what the panel says to run
    assert_frame_equal(made["table"], wanted)
    with drawing_anew(panel):
        panel.get_by_role("button", name="Remove last step").click()
    expect(panel.locator("ol li")).to_have_count(0)


def test_a_limit_is_supposed_by_typing_and_nothing_is_asked_of_another_server(panel: Locator, lab: Lab) -> None:
    select(panel, "Show", "Growth and limits")
    expect(panel.get_by_role("status")).to_contain_text("No limit is set")
    field = panel.get_by_label("Supposed limit (0: none)", exact=True)
    with drawing_anew(panel):
        field.fill("9")
        field.press("Tab")
    expect(panel.get_by_role("heading")).to_contain_text("The supposed limit of 9 VMs")
    assert lab.strayed == []
