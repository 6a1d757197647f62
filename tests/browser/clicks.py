"""What a person does with a panel in a browser, and what they wait for."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Locator, expect


@contextlib.contextmanager
def drawing_anew(panel: Locator) -> Iterator[None]:
    """Wait for the picture that comes of what is done."""
    picture = panel.locator("img[data-render]")
    before = picture.get_attribute("data-render")
    yield
    expect(picture).not_to_have_attribute("data-render", before or "", timeout=30_000)


def reset(panel: Locator) -> None:
    with drawing_anew(panel):
        panel.get_by_role("button", name="Reset").click()


def select(panel: Locator, label: str, text: str) -> None:
    with drawing_anew(panel):
        panel.get_by_label(label, exact=True).select_option(text)


def offered(panel: Locator, label: str) -> list[str]:
    texts = panel.get_by_label(label, exact=True).locator("option").all_inner_texts()
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts]


def downloaded(panel: Locator, kind: str, folder: Path) -> Path:
    """Save the file that a link offers, under the name that it suggests."""
    with panel.page.expect_download() as waiting:
        panel.get_by_role("link", name=f"Download {kind}").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path
