"""The waterfall: from the first total to the last without a cent lost, whatever the steps are."""

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_to_draw import changes_of, texts

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES

STEPS = [("new VMs", 30.0, 2), ("gone VMs", -50.0, 1), ("rest of the bill", 45.0, 3)]


def widths(ax):
    return [round(bar.get_width(), 6) for each in ax.containers for bar in each]


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def steps_of(ax):
    """Where each step begins and ends, without the totals."""
    bars = [bar for each in ax.containers for bar in each][2:]
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]


def test_it_leads_from_one_total_to_the_next():
    ax = plots.cost_changes(changes_of(STEPS, before=100.0), currency="EUR")
    assert widths(ax) == [100.0, 125.0, 30.0, -50.0, 45.0]
    assert steps_of(ax) == [(100.0, 130.0), (130.0, 80.0), (80.0, 125.0)]
    assert names(ax) == ["October 2026", "new VMs", "gone VMs", "rest of the bill", "November 2026"]
    printed = [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts(ax)]
    assert {"100.00 EUR", "125.00 EUR", "+30.00  (2 VMs)", "\N{MINUS SIGN}50.00", "+45.00  (3 VMs)"} <= set(printed)
    assert ax.get_title(loc="left").startswith("November 2026 cost 25.00")
    assert ax.get_xlim()[0] == 0


@given(st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=40), st.booleans())
def test_the_steps_add_up_whatever_they_are(millionths, by_vm):
    reasons = [(f"reason {place}", amount / 1e6, 1) for place, amount in enumerate(millionths)]
    table = changes_of(reasons, before=5_000.0, by_vm=by_vm)
    ax = plots.cost_changes(table)
    steps = steps_of(ax)
    assert steps[0][0] == pytest.approx(5_000.0)
    assert steps[-1][1] == pytest.approx(5_000.0 + sum(millionths) / 1e6)
    assert all(end == pytest.approx(start) for (_, end), (start, _) in pairwise(steps))


def test_what_is_less_than_half_a_cent_is_in_the_largest_step():
    ax = plots.cost_changes(changes_of([("new VMs", 9.0, 1), ("resized", 0.004, 1), ("traffic", -0.001, 1)]))
    assert names(ax) == ["October 2026", "new VMs", "November 2026"]
    assert steps_of(ax)[0][1] - steps_of(ax)[0][0] == pytest.approx(9.003)


def test_nothing_but_fractions_of_a_cent_is_one_step():
    ax = plots.cost_changes(changes_of([("resized", 0.004, 1), ("traffic", -0.001, 1)]))
    assert names(ax) == ["October 2026", "less than a cent", "November 2026"]
    assert "as much as October 2026, but not for the same" in plots.alt_text(ax)


def test_small_steps_beside_large_totals_are_visible_and_the_axis_says_where_it_begins():
    ax = plots.cost_changes(changes_of([("new VMs", 9.0, 1)], before=10_000.0))
    assert ax.get_xlim()[0] > 9_000
    assert "The axis begins at 9,991.00, not at 0." in plots.alt_text(ax)
    assert "//" in texts(ax)


def test_by_vm_the_largest_is_first_and_the_long_tail_one_grey_bar_with_its_number():
    table = changes_of([("resized", 1.0 + vm, 1) for vm in range(20)], by_vm=True)
    ax = plots.cost_changes(table)
    assert names(ax)[1] == "vm-19, resized"
    assert names(ax)[-2] == "12 others"
    assert ax.containers[-1][0].get_facecolor()[:3] == pytest.approx((0xA0 / 255,) * 3)
    assert sum(end - start for start, end in steps_of(ax)) == pytest.approx(210)


def test_a_credit_larger_than_the_month_goes_below_zero():
    ax = plots.cost_changes(changes_of([("credits", -80.0, 1)], before=50.0))
    assert steps_of(ax) == [(50.0, -30.0)]
    assert ax.get_xlim()[0] < -30


def test_rises_are_darker_than_falls():
    def lightness(colour):
        return sum(int(colour[at : at + 2], 16) * weight for at, weight in ((1, 0.299), (3, 0.587), (5, 0.114)))

    assert lightness(style.FALL) - lightness(style.RISE) > 80


def test_another_month_none_and_what_is_no_month():
    table = changes_of(STEPS)
    assert "October 2026" in texts(plots.cost_changes(table, month="2026-10"))[0]
    with pytest.raises(SchemaError, match="must be a month"):
        plots.cost_changes(table, month="last")
    ax = plots.cost_changes(TABLES["cost_changes"].frame())
    assert plots.alt_text(ax).startswith("No change of costs to show: it takes two months")
    with pytest.raises(SchemaError, match="cost_changes needs the column"):
        plots.cost_changes(pd.DataFrame({"month": []}))


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    ax = plots.cost_changes(changes_of([("resized", 5.0, 1)], by_vm=True, name=hostile_name))
    assert plots.png(ax, dpi=50).startswith(b"\x89PNG")
    assert max(len(text) for text in texts(ax)) < 100
