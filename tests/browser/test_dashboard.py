"""What a person sees who runs `vmgen-analytics dashboard` and follows its links."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
import pytest
from labs import HOSTILE, History
from looks import pictured, violations
from playwright.sync_api import Browser, Locator, expect
from voilas import Dashboard, Visit, dashboard, visit
from waiting import wait_until

from vmgen_analytics import widgets
from vmgen_analytics.dashboard import PAGES

pytestmark = pytest.mark.browser

FIRST_TEXT_MS = 3_000
AT_ONCE_S = 3.0  # a second, where nothing else is going on
PAINTED = """() => new Promise(found => new PerformanceObserver(list => found(list.getEntries()
    .find(entry => entry.name === "first-contentful-paint").startTime)).observe({type: "paint", buffered: true}))"""


@dataclass(frozen=True)
class Opened:
    """A page with its panel."""

    name: str
    panel: Locator
    first_text_ms: float
    began_with: str


@pytest.fixture(scope="module")
def visitor(browser: Browser, pages: Dashboard) -> Iterator[Visit]:
    with visit(browser, pages) as visitor:
        yield visitor


@pytest.fixture(scope="module", params=[page.name for page in PAGES])
def opened(request: pytest.FixtureRequest, visitor: Visit) -> Opened:
    """Each of the pages, as it opens."""
    page, name = visitor.page, request.param
    page.goto(visitor.dashboard.url + name, wait_until="commit")
    told = page.locator("#told")
    expect(told).to_be_visible()
    began_with, painted = told.inner_text(), page.evaluate(PAINTED)
    panel = page.locator(".vmgen-panel")
    expect(panel.get_by_role("heading", level=3)).to_be_visible(timeout=60_000)
    return Opened(name, panel, painted, began_with)


def test_the_start_page_leads_to_every_page(visitor: Visit) -> None:
    page = visitor.page
    assert page.url == visitor.dashboard.url  # without the token, which bookmarks and screenshots would carry on
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to know?")
    cards = page.locator(".pages li")
    links = cards.locator("a")
    assert links.all_inner_texts() == [each.title for each in PAGES]
    assert cards.locator("p").all_inner_texts() == [each.question for each in PAGES]
    assert [link.get_attribute("href") for link in links.all()] == [f"/{each.name}" for each in PAGES]
    assert violations(page) == ""
    pictured(page, "start")


def test_its_first_text_does_not_wait_for_its_numbers(opened: Opened) -> None:
    assert opened.began_with.startswith("Starting")
    assert opened.first_text_ms < FIRST_TEXT_MS
    expect(opened.panel.page.locator("#told")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_it(opened: Opened, theme: str) -> None:
    page = opened.panel.page
    page.evaluate("theme => vmgenTheme.show(theme)", theme)
    assert violations(page) == ""


def test_axe_finds_what_is_wrong(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html lang="en"><title>Bad</title><main><h1>Bad</h1><img src="data:,"></main></html>')
    assert "image-alt" in violations(page)
    page.close()


def test_it_is_pictured(opened: Opened) -> None:
    pictured(opened.panel.page, opened.name)


def test_nothing_in_it_runs_or_asks_another_server_or_tells_a_secret(opened: Opened, visitor: Visit) -> None:
    page = opened.panel.page
    assert page.evaluate("() => window.hostile") is None
    assert page.locator("img[src=x]").count() == 0
    assert visitor.strayed == []
    source, key = page.content(), visitor.dashboard.process.environ()["VMGEN_API_KEY"]
    assert key not in source
    assert visitor.dashboard.token not in source
    assert all(key not in " ".join(kernel.cmdline()) for kernel in visitor.dashboard.kernels())


def test_the_cost_page_answers_and_hands_out_what_it_shows(visitor: Visit, history: History, tmp_path: Path) -> None:
    panel = visitor.open("cost")
    picture = panel.locator("img[data-render]")
    before, source = int(picture.get_attribute("data-render") or 0), picture.get_attribute("src")
    panel.get_by_label("Group by", exact=True).select_option("VM")
    expect(picture).to_have_attribute("data-render", str(before + 1))
    assert picture.get_attribute("src") != source
    expect(panel.get_by_role("rowheader", name=HOSTILE, exact=True)).to_be_visible()
    with visitor.page.expect_download() as waiting:
        panel.get_by_role("link", name="Download CSV").click()
    waiting.value.save_as(tmp_path / "costs.csv")
    wanted = widgets.CostExplorer(history.archive, settings=history.settings, view={"by": "vm_id"}).table
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "costs.csv"), wanted, check_dtype=False)


def test_a_page_whose_kernel_has_died_says_so(visitor: Visit) -> None:
    visitor.open("cost")
    page = visitor.page
    kernel = page.evaluate("() => JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    [process] = [each for each in visitor.dashboard.kernels() if kernel in " ".join(each.cmdline())]
    process.kill()
    expect(page.locator("#told")).to_have_text("The Python behind this page has ended: reload it.")


def test_whoever_leaves_a_page_leaves_no_kernel_behind(visitor: Visit) -> None:
    visitor.open("cost")
    visitor.page.goto(visitor.dashboard.url)
    wait_until(lambda: len(visitor.dashboard.kernels()) <= 1)  # one waits for the next page


def test_without_an_archive_a_page_says_so_and_ctrl_c_ends_it_all(
    browser: Browser, pages: Dashboard, tmp_path: Path
) -> None:
    home = pages.log.parent  # where matplotlib has found its fonts already
    with (
        dashboard(home, {}, "--no-browser", "--archive", "nowhere", folder=tmp_path) as running,
        visit(browser, running) as it,
    ):
        panel = it.open("cost")
        expect(panel.get_by_role("status")).to_contain_text("The archive is empty: fill it with vmgen-analytics sync")
        kernels = running.kernels()
        assert kernels
        running.process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        assert psutil.wait_procs([running.process, *kernels], timeout=10)[1] == []
        assert time.monotonic() - pressed < AT_ONCE_S
        it.page.evaluate("() => dispatchEvent(new Event('focus'))")
        expect(it.page.locator("#told")).to_contain_text("The dashboard was stopped")
        assert "Traceback" not in running.log.read_text()
