"""Pictures on a dark page: what is white becomes dark, texts can be read, and no VM changes its hue."""

import base64
import colorsys
import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from playwright.sync_api import Browser

from vmgen_analytics.plots import style
from vmgen_analytics.widgets.dark import DARK

TEXTS = {"INK": style.INK, "MUTED": style.MUTED, "RISE": style.RISE, "INBOUND": style.INBOUND, "SENT": style.SENT_TEXT}
SWATCH = 24


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The contrast of two colours as WCAG 2.2 has it."""
    channels = np.array([one, other])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    low, high = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return float((high + 0.05) / (low + 0.05))


def swatches(colours: list[tuple[float, ...]]) -> bytes:
    rows = np.array([[(np.array(colour) * 255).round() for colour in colours]], dtype="uint8")
    data = io.BytesIO()
    Image.fromarray(rows.repeat(SWATCH, axis=0).repeat(SWATCH, axis=1)).save(data, "PNG")
    return data.getvalue()


def on_a_dark_page(browser: Browser, image: bytes, look: str = "") -> np.ndarray:
    """The pixels of an image in a panel, as a person sees them."""
    page = browser.new_page()
    page.set_content(
        f'<body data-jp-theme-light="false" style="background: #111111"><div class="vmgen-panel">{DARK}'
        f'<div class="chart"><img style="{look}" src="data:image/png;base64,{base64.b64encode(image).decode()}"></div>'
        "</div></body>"
    )
    page.wait_for_function("() => document.images[0].complete")
    seen = np.asarray(Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB")) / 255
    page.close()
    return seen


@pytest.fixture(scope="module")
def shown(browser: Browser) -> dict[tuple[float, ...], tuple[float, ...]]:
    """How each colour of our pictures looks on a dark page of JupyterLab."""
    colours = [to_rgb(each) for each in ("white", "black", *TEXTS.values(), *style.PALETTE)]
    pixels = on_a_dark_page(browser, swatches(colours))
    middles = pixels[SWATCH // 2, SWATCH // 2 :: SWATCH]
    return dict(zip(colours, map(tuple, middles.tolist()), strict=True))


def test_paper_is_dark_and_every_text_can_be_read_on_it(shown):
    paper = shown[to_rgb("white")]
    assert contrast(paper, to_rgb("#111111")) < 1.02
    for name, colour in TEXTS.items():
        assert contrast(to_rgb(colour), to_rgb("white")) >= 4.5, f"{name} on white"
        assert contrast(shown[to_rgb(colour)], paper) >= 4.5, f"{name} on a dark page"


def test_the_edges_of_a_picture_that_was_scaled_do_not_shine(browser):
    for width in ("100.3px", "101.5px", "102.8px"):
        seen = on_a_dark_page(browser, swatches([(1.0, 1.0, 1.0)] * 3), f"width: {width}")
        assert contrast((seen.max(),) * 3, to_rgb("#111111")) < 1.2


def test_a_vm_keeps_its_hue(shown):
    for colour in map(to_rgb, style.PALETTE):
        before, after = (colorsys.rgb_to_hsv(*each)[0] for each in (colour, shown[colour]))
        assert abs(before - after) < 0.02
        assert np.ptp(shown[colour]) > 0.85 * np.ptp(colour), "it is no grey"
        assert contrast(shown[colour], shown[to_rgb("white")]) >= 3, "it stands out from the page, as no text has to"
