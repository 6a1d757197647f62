"""Pictures as files: sharp, small, drawn soon, and nothing of them stays."""

import gc
import io
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from psutil import Process
from tables_to_draw import traffic_of
from test_plot_capacity import fleet
from traffic_to_draw import talkers_of

from vmgen_analytics import plots
from vmgen_analytics.plots import style

MOST_OBJECTS = 10_000
MOST_BYTES = 30_000_000
"""A picture is of 3,000 objects and some MB. matplotlib keeps the sizes of texts that it measured, up to some thousand
objects in all; what is left beyond that is left of each picture."""


def pixels(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"))


def as_drawn(ax, dpi):
    """The same picture as matplotlib itself saves it, in all its colours."""
    data = io.BytesIO()
    ax.figure.savefig(data, format="png", dpi=dpi, facecolor="white")
    return data.getvalue()


def test_a_palette_makes_a_picture_smaller_and_changes_no_colour_that_is_seen():
    ax = plots.daily_bandwidth(traffic_of(60, partial=[59]))
    ours, whole = plots.png(ax, dpi=100), as_drawn(ax, 100)
    assert len(ours) < 0.6 * len(whole)
    difference = np.abs(pixels(ours).astype(int) - pixels(whole))
    assert difference.max() <= 24, "only the edges of letters differ, and hardly"
    assert difference.mean() < 0.5
    assert (pixels(ours)[0, 0] == 255).all()


def test_the_resolution_is_what_was_asked_for_and_the_figure_stays_as_it_was():
    ax = plots.daily_bandwidth(traffic_of())
    before = ax.figure.dpi, ax.figure.get_layout_engine()
    assert pixels(plots.png(ax, dpi=50)).shape == (int(style.HEIGHT_IN * 50), int(style.WIDTH_IN * 50), 3)
    assert (ax.figure.dpi, ax.figure.get_layout_engine()) == before


def test_a_figure_of_ones_own_is_saved_as_it_is():
    figure = Figure(figsize=(4, 2))
    plots.daily_bandwidth(traffic_of(), ax=figure.subplots())
    assert pixels(plots.png(figure.axes[0], dpi=50)).shape == (100, 200, 3)
    assert figure.get_layout_engine() is None


def test_a_file_says_what_it_shows():
    ax = plots.daily_bandwidth(traffic_of())
    with Image.open(io.BytesIO(plots.png(ax, dpi=40))) as image:
        assert image.text["Description"] == plots.alt_text(ax)


def test_axes_without_a_figure_are_refused():
    ax = plots.daily_bandwidth(traffic_of())
    ax.remove()
    with pytest.raises(ValueError, match="removed from their figure"):
        plots.png(ax)


def draw_all(number):
    talkers, traffic, footprint = talkers_of([9, 8, 7], others=3), traffic_of(30), fleet(30)
    choices = ((plots.top_talkers, talkers), (plots.daily_bandwidth, traffic), (plots.footprint, footprint))
    for turn in range(number):
        draw, table = choices[turn % 3]
        plots.png(draw(table), dpi=30)
    gc.collect()
    return len(gc.get_objects()), Process().memory_info().rss


@pytest.mark.parametrize("redraws", [20, pytest.param(200, marks=pytest.mark.endurance)])
def test_redraws_leave_nothing_behind(redraws):
    draw_all(9)  # fonts and other things that are kept once
    objects, memory = draw_all(3)
    objects_after, memory_after = draw_all(redraws)
    assert objects_after - objects < MOST_OBJECTS
    assert memory_after - memory < MOST_BYTES
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
