from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from tables_to_draw import texts, traffic_of

from vmgen_analytics import plots
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES


def monthly_of(names, in_MB, out_MB, covered):
    rows = len(names)
    return TABLES["monthly_bandwidth"].frame(
        {
            "month": [pd.Period("2026-11", "M")] * rows,
            "vm_id": list(range(rows)),
            "vm_name": names,
            "in_MB": in_MB,
            "out_MB": out_MB,
            "days_covered": covered,
            "days_expected": [30] * rows,
            "is_complete": [days == 30 for days in covered],
        }
    )


def test_received_is_above_and_sent_below():
    ax = plots.daily_bandwidth(traffic_of())
    inwards, outwards = (step.get_data()[0] for step in ax.patches)
    assert inwards.tolist() == [2.0] * 10
    assert outwards.tolist() == [-8.0] * 10
    assert ax.get_ylabel().startswith("GB a day")
    assert ax.get_title(loc="left") == "20.0 GB in and 80.0 GB out from 1 November 2026 to 10 November 2026"
    assert {"received", "sent"} <= set(texts(ax))


def test_days_without_a_report_are_gaps_and_not_zero():
    ax = plots.daily_bandwidth(traffic_of(silent=[3, 4]))
    values = ax.patches[0].get_data()[0]
    assert np.isnan(values[3:5]).all()
    assert (values[[2, 5]] == 2.0).all()
    assert "2 days without any report" in plots.alt_text(ax)


def test_days_that_the_table_leaves_out_are_gaps_too():
    table = traffic_of().drop(index=[6]).reset_index(drop=True)
    assert np.isnan(plots.daily_bandwidth(table).patches[0].get_data()[0][6])


def test_incomplete_days_are_hatched():
    ax = plots.daily_bandwidth(traffic_of(partial=[9]))
    whole, partly = ax.patches[0], ax.patches[1]
    assert np.isnan(whole.get_data()[0][9])
    assert partly.get_data()[0][9] == 2.0
    assert partly.get_hatch() == style.HATCH
    assert whole.get_hatch() is None


@pytest.mark.parametrize("days", [1, 2, 8, 9, 31, 62, 75, 76, 366, 1100])
def test_dates_stay_apart(days):
    ax = plots.daily_bandwidth(traffic_of(days))
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    assert boxes
    assert all(after.x0 > before.x1 for before, after in pairwise(boxes))


def test_the_groups_of_a_day_are_drawn_as_one():
    table = pd.concat([traffic_of().assign(location=place) for place in ("A", "B")], ignore_index=True)
    table = TABLES["daily_bandwidth"].cast(table)
    assert plots.daily_bandwidth(table).patches[0].get_data()[0].tolist() == [4.0] * 10


@pytest.mark.parametrize(
    ("draw", "table"), [(plots.daily_bandwidth, "daily_bandwidth"), (plots.monthly_bandwidth, "monthly_bandwidth")]
)
def test_nothing_says_so(draw, table):
    assert texts(draw(TABLES[table].frame()))[0].startswith("No traffic to show")


def test_vms_are_sorted_and_carry_their_days():
    table = monthly_of(["small", "big", "silent"], [1e3, 5e3, np.nan], [2e3, 9e3, np.nan], [30, 22, 0])
    ax = plots.monthly_bandwidth(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["big", "small", "silent"]
    assert [bar.get_width() for bar in ax.containers[0]] == [5.0, 1.0, 0.0]
    shown = " ".join(texts(ax)).replace("\N{NO-BREAK SPACE}", " ")
    assert "9.00 GB out  (22 of 30 days)" in shown
    assert "no report" in shown
    assert " 0 GB" not in shown
    assert ax.containers[0][0].get_hatch() == style.HATCH


def test_the_others_are_one_grey_pair():
    table = monthly_of([f"vm-{vm}" for vm in range(20)], [1e6] * 12 + [1e5] * 8, [2e7] * 12 + [2e6] * 8, [30] * 20)
    ax = plots.monthly_bandwidth(table)
    assert ax.get_yticklabels()[-1].get_text() == "8 others"
    assert ax.containers[1][-1].get_width() == pytest.approx(16.0)
    assert to_hex(ax.containers[1][-1].get_facecolor()) == style.OTHER
    assert ax.get_xlabel() == "TB in November 2026"


def test_others_that_would_dwarf_the_rest_are_numbers_only():
    table = monthly_of([f"vm-{vm}" for vm in range(60)], [1e3] * 60, [2e3] * 60, [30] * 60)
    ax = plots.monthly_bandwidth(table)
    assert ax.get_yticklabels()[-1].get_text() == "48 others"
    assert ax.containers[1][-1].get_width() == 0
    assert "96.0\N{NO-BREAK SPACE}GB out" in texts(ax)
    assert "no bar" in plots.alt_text(ax)


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    ax = plots.monthly_bandwidth(monthly_of([hostile_name], [1.0], [2.0], [30]))
    assert plots.png(ax, dpi=50).startswith(b"\x89PNG")


def test_a_month_that_the_table_lacks_says_so():
    ax = plots.monthly_bandwidth(monthly_of(["a"], [1.0], [2.0], [30]), month="2026-05")
    assert "May 2026" in texts(ax)[0]
