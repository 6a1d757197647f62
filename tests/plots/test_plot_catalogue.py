"""Price against size: what is beaten looks so, and names do not hide one another."""

import numpy as np
import pytest
from tables_to_draw import texts
from traffic_to_draw import offers_of

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

OFFERS = [
    ("Small", "Paris", 4.0, 10.0, None, True),
    ("Large", "Paris", 8.0, 20.0, None, True),
    ("Dear", "Paris", 4.0, 15.0, "Small", True),
    ("Old", "Paris", 2.0, 9.0, None, False),
]


def dots(ax):
    """Size and price of what is gone, beaten and good."""
    return [sorted(map(tuple, each.get_offsets().tolist())) for each in ax.collections]


def names(ax):
    return [text for text in ax.texts if text.get_color() and text.get_position() and "beats" not in text.get_text()]


def test_good_beaten_and_gone_are_told_apart_by_more_than_colour():
    ax = plots.package_catalogue(offers_of(*OFFERS), currency="EUR")
    gone, beaten, good = dots(ax)
    assert (gone, beaten, good) == ([(2.0, 9.0)], [(4.0, 15.0)], [(4.0, 10.0), (8.0, 20.0)])
    assert {"Small", "Large", "Dear", "Old"} <= set(texts(ax))
    faces = [
        tuple(np.round(each.get_facecolor()[0], 2)) if len(each.get_facecolor()) else () for each in ax.collections
    ]
    assert faces[1] == (1.0, 1.0, 1.0, 1.0), "a ring"
    assert ax.get_ylabel() == "price a month [EUR]"
    assert ax.get_xlabel() == "GB of RAM"
    assert plots.alt_text(ax).startswith("Of 3 packages on offer, 1 is beaten: Dear in Paris by Small")


def test_the_line_leads_through_what_nothing_larger_undercuts():
    rows = [*OFFERS, ("Disk", "Paris", 4.0, 30.0, None, True)]
    (line,) = plots.package_catalogue(offers_of(*rows)).lines
    assert line.get_xydata().tolist() == [[4.0, 10.0], [8.0, 20.0]]


def test_the_same_offer_in_many_places_is_one_dot_and_an_exception_is_named():
    rows = [("Small", f"Place {place}", 4.0, 10.0, None, True) for place in range(30)]
    ax = plots.package_catalogue(offers_of(*rows, ("Small", "Rome", 4.0, 12.0, None, True)))
    assert dots(ax)[2] == [(4.0, 10.0), (4.0, 12.0)]
    assert {"Small (30 locations)", "Small (Rome)"} <= set(texts(ax))


def test_offers_without_a_price_are_counted():
    ax = plots.package_catalogue(offers_of(*OFFERS, ("Free", "Paris", 4.0, float("nan"), None, True)))
    assert "1 offer without a price or a size." in plots.alt_text(ax)
    nothing = plots.package_catalogue(offers_of(("Free", "Paris", 4.0, float("nan"), None, True)))
    assert texts(nothing)[0].startswith("No prices to show")
    assert texts(plots.package_catalogue(TABLES["package_catalogue"].frame()))[0].startswith("No packages to show")


def test_names_of_many_packages_hide_no_other_and_the_rest_is_counted():
    chance = np.random.default_rng(3)
    rows = [
        (f"package-{number}", "Paris", float(2 ** chance.integers(0, 7)), float(chance.uniform(4, 400)), None, True)
        for number in range(150)
    ]
    ax = plots.package_catalogue(offers_of(*rows))
    named = [text for text in ax.texts if text.get_text().startswith("package-")]
    assert 20 < len(named) < 150
    assert f"{150 - len(named)} dots without room for a name." in plots.alt_text(ax)


def test_names_stay_apart_once_they_are_drawn():
    rows = [(f"package-{number}", "Paris", 2.0 ** (number % 4), 5.0 + 6 * number, None, True) for number in range(16)]
    ax = plots.package_catalogue(offers_of(*rows))
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text().startswith("package-")]
    assert len(boxes) >= 12
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])


def test_one_package_and_a_wide_range():
    assert plots.png(plots.package_catalogue(offers_of(OFFERS[0])), dpi=40).startswith(b"\x89PNG")
    wide = offers_of(("Nano", "Paris", 0.5, 1.0, None, True), ("Huge", "Paris", 1024.0, 4_000.0, None, True))
    ax = plots.package_catalogue(wide)
    assert ax.get_xscale() == ax.get_yscale() == "log"
    free = plots.package_catalogue(offers_of(("Free", "Paris", 4.0, 0.0, None, True)))
    assert plots.png(free, dpi=40).startswith(b"\x89PNG")


def test_a_measure_that_is_none_is_refused():
    with pytest.raises(SchemaError, match="no measure 'vms'; they have vcpus, ram_GB, disk_GB"):
        plots.package_catalogue(offers_of(*OFFERS), measure="vms")


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    ax = plots.package_catalogue(offers_of((hostile_name, hostile_name, 4.0, 10.0, hostile_name, True)))
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
    assert max(len(text) for text in texts(ax)) < 130
