"""How a page looks: to people, as pictures to keep, and to axe, which finds what some people cannot use."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

ARTEFACTS = Path(__file__).parents[2] / ".ci" / "artefacts"
WIDTHS = (900, 1400)


def violations(page: Page, within: str | None = None) -> str:
    """What axe finds wrong on a page or in the parts of it that a selector names; nothing if all is well."""
    found = Axe().run(page, context=within)
    return found.generate_report() if found.violations_count else ""


def pictured(page: Page, name: str) -> None:
    """Keep a page of the dashboard as it is, in light and dark, narrow and wide."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        page.evaluate("theme => vmgenTheme.show(theme)", theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1000})
            page.screenshot(path=ARTEFACTS / f"{name}-{theme}-{width}.png", full_page=True)
    page.evaluate("() => vmgenTheme.show('light')")
