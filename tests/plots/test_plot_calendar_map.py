"""The calendar of traffic: each day once, where it belongs, and no colour for what is not known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_to_draw import texts, traffic_of

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots.calendar_map import Cells
from vmgen_analytics.schema import TABLES


def grid(ax):
    return np.ma.filled(ax.collections[0].get_array(), np.nan)


@given(st.dates(), st.integers(1, 1200))
@settings(deadline=None)
def test_each_day_has_a_cell_of_its_own_in_the_row_of_its_weekday(first, length):
    if first.year < 1700 or first.year > 2200:
        first = first.replace(year=2000, day=min(first.day, 28))
    days = pd.date_range(first, periods=length, unit="us")
    cells = Cells.of(days)
    assert len(set(zip(cells.week, cells.row, strict=True))) == length
    assert (cells.row % 8 == days.day_of_week).all()
    assert cells.week.min() == 0
    assert cells.week.max() == cells.weeks - 1 <= 53


def test_the_cells_hold_the_traffic_in_the_unit_of_the_bar():
    ax = plots.calendar_map(traffic_of(30))
    drawn = grid(ax)
    assert np.nansum(drawn) == pytest.approx(30 * 10.0)
    assert np.isfinite(drawn).sum() == 30
    assert drawn[6, 0] == 10.0, "1 November 2026 was a Sunday"
    assert np.isnan(drawn[:6, 0]).all()
    assert ax.child_axes[0].get_ylabel() == "GB a day, received and sent"
    assert np.nansum(grid(plots.calendar_map(traffic_of(30), direction="out"))) == pytest.approx(30 * 8.0)


def test_days_without_a_report_have_no_colour_but_hatches_and_partial_days_a_dot():
    ax = plots.calendar_map(traffic_of(30, silent=[3, 4], partial=[29]))
    assert np.isfinite(grid(ax)).sum() == 28
    hatched = [each for each in ax.collections if each.get_hatch()]
    assert [len(each.get_paths()) for each in hatched] == [2]
    dots = ax.collections[-1].get_offsets()
    assert len(dots) == 1
    assert "Hatched: 2 days without any report. Dot: 1 day" in plots.alt_text(ax)


def test_one_spike_does_not_make_all_others_pale():
    table = traffic_of(30)
    table.loc[9, "out_MB"] = 900_000.0
    ax = plots.calendar_map(table)
    assert ax.collections[0].norm.vmax == pytest.approx(40.0)
    assert plots.alt_text(ax).startswith("Most on Tuesday, 10 November 2026: 902 GB; a middling day has 10.0 GB")
    assert "End of the scale: 4 middling days or more" in plots.alt_text(ax)


def test_a_partial_day_is_not_the_busiest():
    table = traffic_of(30, partial=[29])
    table.loc[29, "out_MB"] = 90_000.0
    assert "30 November" not in plots.alt_text(plots.calendar_map(table))
    assert "Monday, 30 November" in plots.alt_text(plots.calendar_map(table.tail(1).reset_index(drop=True)))


@pytest.mark.parametrize("days", [1, 7, 28, 141, 365, 1100])
def test_month_names_stay_apart(days):
    ax = plots.calendar_map(traffic_of(days))
    ax.figure.canvas.draw()
    names = [text for text in ax.texts if text.get_text()[:1].isalpha() and "column" not in text.get_text()]
    boxes = [text.get_window_extent() for text in names]
    assert names
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])


def test_zeros_only_are_traffic_of_nothing():
    ax = plots.calendar_map(traffic_of(28).assign(in_MB=0.0, out_MB=0.0))
    assert (grid(ax)[np.isfinite(grid(ax))] == 0).sum() == 28


def test_nothing_and_a_direction_that_is_none_are_sentences():
    assert texts(plots.calendar_map(TABLES["daily_bandwidth"].frame()))[0].startswith("No calendar to show")
    assert texts(plots.calendar_map(traffic_of(3, silent=[0, 1, 2])))[0].startswith("No calendar to show")
    with pytest.raises(SchemaError, match="no direction 'up'; there are sum, in, out"):
        plots.calendar_map(traffic_of(), direction="up")
