"""What a person can do with the power console in JupyterLab, counted at the provider."""

from collections.abc import Callable, Iterator

import nbformat
import pytest
from labs import CLOSE, HOSTILE, Lab
from looks import ARTEFACTS, WIDTHS, violations
from playwright.sync_api import Locator, expect

from vmgen_analytics.sandbox import Sandbox

pytestmark = pytest.mark.browser

OPENED = """\
import vmgen_analytics as va
from vmgen_analytics import widgets

client = va.Client({key!r}, base_url={url!r})
widgets.PowerConsole({archive!r}, client=client, settings=va.Settings(), allow_commands=True)"""
KERNEL = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme}).then(() => null)"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => null)"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(vms=4, seed=11, months=1, job_seconds=0.3) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def notebook(lab: Lab, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locator]:
    """A notebook with the console, with commands, on the account of the sandbox."""
    folder = tmp_path_factory.mktemp("power")
    code = OPENED.format(key=sandbox.key, url=sandbox.url, archive=str(folder / "archive"))
    cells = [nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), folder / "power.ipynb")
    yield lab.run(str(folder / "power.ipynb"))
    lab.page.evaluate(CLOSE)


@pytest.fixture
def console(notebook: Locator, sandbox: Sandbox) -> Locator:
    """The console with nothing armed and nothing under way."""
    console = notebook.locator(".vmgen-panel")
    sandbox.forget()
    expect(console.get_by_role("button", name="Read again", exact=True)).to_be_enabled()
    cancel = console.get_by_role("button", name="Cancel", exact=True)
    if cancel.is_visible():
        cancel.click()
    expect(cancel).to_be_hidden()
    return console


@pytest.fixture
def arm(console: Locator) -> Callable[[int, str], Locator]:
    """Choose the VM at a place in the list, click a command, and give the button that sends it."""

    def armed(place: int, command: str) -> Locator:
        console.get_by_label("VMs", exact=True).select_option(index=[place])
        name = console.locator("tbody th.name").nth(place).inner_text()
        console.get_by_role("button", name=f"{command} {name} …", exact=True).click()
        confirm = console.locator(".vmgen-question button.mod-danger")
        expect(confirm).to_have_text(f"{command} {name}")
        expect(confirm).to_be_visible()
        return confirm

    return armed


def look_again(console: Locator) -> None:
    console.get_by_role("button", name="Read again", exact=True).click()


def sent(sandbox: Sandbox) -> int:
    return sum(received.operation == "command" for received in sandbox.requests)


def test_three_fast_clicks_send_one_command(console: Locator, sandbox: Sandbox, arm: Callable[..., Locator]) -> None:
    arm(0, "Reboot").click(click_count=3)
    expect(console.get_by_role("status")).to_contain_text(": done.")
    expect(console.get_by_role("region", name="Progress of the command")).to_contain_text("It is UP now.")
    expect(console.get_by_role("region", name="Last commands")).to_contain_text("Reboot")
    assert sent(sandbox) == 1


def test_what_hurts_can_be_clicked_only_when_the_name_is_typed(
    console: Locator, sandbox: Sandbox, arm: Callable[..., Locator]
) -> None:
    confirm = arm(1, "Power off")
    typed = console.get_by_label("Type it here")
    expect(typed).to_be_focused()
    expect(confirm).to_be_disabled()
    typed.press_sequentially(console.locator("tbody th.name").nth(1).inner_text())
    confirm.click()
    expect(console.get_by_role("status")).to_contain_text(": done.")
    expect(console.get_by_role("heading", level=3)).to_contain_text("3 of 4 VMs run, 1 is off")
    assert sent(sandbox) == 1


def test_another_target_disarms(console: Locator, sandbox: Sandbox, arm: Callable[..., Locator]) -> None:
    confirm = arm(2, "Reboot")
    console.get_by_label("VMs", exact=True).select_option(index=[3])
    expect(confirm).to_be_hidden()
    expect(console.locator(".vmgen-question")).to_be_hidden()
    confirm.dispatch_event("click")  # from a page that is late
    look_again(console)
    expect(console.get_by_role("button", name="Read again", exact=True)).to_be_enabled()
    assert sent(sandbox) == 0


def test_hostile_names_are_shown_and_not_run(console: Locator, sandbox: Sandbox, notebook: Locator) -> None:
    sandbox.fault("wrong_type", field="name", value=HOSTILE)
    look_again(console)
    named = console.locator(".table").first.get_by_role("rowheader", name=HOSTILE, exact=True)
    expect(named).to_have_count(4)
    console.get_by_label("VMs", exact=True).select_option(index=[2])
    console.get_by_role("button", name="Power off <img").click()
    expect(console.locator(".vmgen-asked strong")).to_have_text(HOSTILE)
    assert notebook.locator("img[src=x]").count() == 0
    assert notebook.page.evaluate("() => window.hostile") is None
    sandbox.clear_faults()
    look_again(console)
    expect(named).to_have_count(0)


@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_everybody_can_use_it(notebook: Locator, arm: Callable[..., Locator], theme: str) -> None:
    page = notebook.page
    page.evaluate(THEME, f"JupyterLab {theme}")
    is_light = str(theme == "Light").lower()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", is_light, timeout=20_000)
    arm(2, "Power off")
    assert violations(page, ".vmgen-panel") == ""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:  # the last one is what the other tests have
        page.set_viewport_size({"width": width, "height": 1200})
        notebook.locator(".vmgen-panel").screenshot(path=ARTEFACTS / f"power-lab-{theme.lower()}-{width}.png")


def test_after_the_kernel_was_restarted_nothing_is_sent(
    notebook: Locator, sandbox: Sandbox, arm: Callable[..., Locator]
) -> None:
    confirm = arm(3, "Reboot")
    notebook.page.evaluate(RESTART)
    confirm.click(click_count=3)
    expect(notebook.locator(".vmgen-panel")).to_contain_text(
        "if the buttons do nothing, run this cell again, or reload the page"
    )
    notebook.page.wait_for_timeout(500)
    assert sent(sandbox) == 0


def test_nothing_is_asked_of_another_server(notebook: Locator, lab: Lab) -> None:
    assert notebook.is_visible()
    assert lab.strayed == []
