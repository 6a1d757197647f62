"""The power console as a page of the dashboard, counted at the provider."""

import pytest
from playwright.sync_api import Browser, expect
from voilas import Dashboard, visit

from vmgen_analytics.sandbox import Sandbox

pytestmark = pytest.mark.browser


def sent(machines: Sandbox) -> int:
    return sum(received.operation == "command" for received in machines.requests)


def test_opening_the_page_sends_nothing_and_three_fast_clicks_one_command(
    browser: Browser, pages: Dashboard, machines: Sandbox
) -> None:
    machines.forget()
    with visit(browser, pages) as visitor:
        console = visitor.open("power")
        expect(console.get_by_role("heading", level=3)).to_contain_text("6 of 6 VMs run", timeout=20_000)
        console.get_by_label("VMs", exact=True).select_option(index=[0])
        console.get_by_role("button", name="Reboot").click()
        confirm = console.locator(".vmgen-question button.mod-danger")
        expect(confirm).to_be_visible()
        assert sent(machines) == 0
        confirm.click(click_count=3)
        expect(console.get_by_role("status")).to_contain_text(": done.", timeout=20_000)
    assert sent(machines) == 1
