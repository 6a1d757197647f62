"""Pictures as files: PNG for pages and documents, and the text for those who cannot see them."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = 256
NEARLY_WHITE = 250
"""The palette takes the mean of white and of what is next to it; paper is to be white again."""


def alt_text(ax: Axes) -> str:
    """Say what a picture shows, for those who cannot see it: its title and its small print."""
    return str(ax.get_label())


def png(ax: Axes, dpi: float = 160) -> bytes:
    """Turn the figure of these axes into a PNG with an opaque background.

    It has a palette of 256 colours, which our pictures hardly use up: a third of the bytes, and written sooner. Its
    ``Description`` is the text for those who cannot see it, so that it goes wherever the file goes.

    Parameters
    ----------
    ax
        Any axes of the figure.
    dpi
        Pixels an inch; a picture of ours is 9 inches wide.

    Raises
    ------
    ValueError
        The axes are of no figure any more.
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("these axes were removed from their figure")
    drawn, data = io.BytesIO(), io.BytesIO()
    with _laid_out(figure, dpi):
        figure.savefig(drawn, format="png", dpi=dpi, facecolor="white", pil_kwargs={"compress_level": 0})
    with Image.open(drawn) as image:
        few = image.convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = np.array(few.getpalette(), dtype="uint8").reshape(-1, 3)
    palette[(palette >= NEARLY_WHITE).all(axis=1)] = 255
    few.putpalette(palette.tobytes())
    told = PngInfo()
    told.add_itxt("Description", alt_text(ax))
    few.save(data, format="PNG", dpi=(dpi, dpi), pnginfo=told)
    return data.getvalue()


@contextlib.contextmanager
def _laid_out(figure: Figure, dpi: float) -> Iterator[None]:
    """Lay out a figure beforehand: to save one that still has to be laid out draws it twice."""
    engine, before = figure.get_layout_engine(), figure.dpi
    if engine is None or figure.canvas.manager is not None:
        yield
        return
    figure.dpi = dpi
    engine.execute(figure)
    figure.set_layout_engine(None)
    try:
        yield
    finally:
        figure.set_layout_engine(engine)
        figure.dpi = before
