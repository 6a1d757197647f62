"""What runs where, what it may grow to, and when a limit is reached."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from tables_to_draw import texts
from test_plot_capacity import fleet
from traffic_to_draw import growth_of, limit_of

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES

NONE = float("nan")
DAYS = ("2027-01-10", "2027-02-20", "2027-04-01")


@pytest.fixture
def growth():
    return growth_of([10.0, 11.0, 12.0], [10.0, 14.0, 18.0], [10.0, 17.0, 24.0])


def dashed(ax):
    return next(line for line in ax.lines if line.get_linestyle() == "--")


def test_the_fan_is_the_table_and_begins_where_the_past_ends(growth):
    ax = plots.footprint_forecast(growth, past=fleet())
    assert dashed(ax).get_ydata().tolist() == [10.0, 14.0, 18.0]
    wedge = ax.collections[0].get_paths()[0].vertices
    assert wedge[:, 1].max() == 24.0
    assert set(ax.lines[0].get_ydata()) == {6.0}, "the groups of the past are summed"
    assert {"at least 12", "half: 18", "at most 24", "now 6"} <= set(texts(ax))
    assert ax.get_ylabel() == "VMs"
    assert plots.alt_text(ax).startswith("Between 12 and 24 VMs in January 2027, if it goes on as it did")


def test_a_limit_is_a_line_with_its_three_days(growth):
    ax = plots.footprint_forecast(
        growth.assign(date=growth["date"] + pd.Timedelta(days=90)), past=fleet(), limits=limit_of(20, DAYS)
    )
    line = next(line for line in ax.lines if set(line.get_ydata()) == {20.0} and line.get_color() == style.INK)
    assert line.get_linewidth() == 1.3
    marked = {line.get_xdata()[0] for line in ax.lines if line.get_marker() in ("D", "|")}
    assert marked <= {date2num(pd.Timestamp(day)) for day in DAYS}
    said = "\n".join(texts(ax))
    assert "limit: 20 VMs" in said
    assert "P10 10 Jan 2027" in said
    assert "P50 20 Feb 2027" in said
    assert plots.alt_text(ax).startswith("20 VMs may be reached from 10 January 2027")


def test_a_limit_without_a_date_says_why(growth):
    reason = "no trend to date it by: +0.1 VMs a month"
    ax = plots.footprint_forecast(growth, limits=limit_of(20, state="no trend", reason=reason))
    assert f"20 VMs: {reason}." in plots.alt_text(ax)
    assert not any("P10" in text for text in texts(ax))


def test_a_limit_far_beyond_does_not_flatten_the_rest(growth):
    ax = plots.footprint_forecast(growth, limits=limit_of(9_000))
    assert ax.get_ylim()[1] < 40


def test_a_limit_that_is_reached_is_the_title(growth):
    ax = plots.footprint_forecast(growth, limits=limit_of(10, state="reached"))
    assert plots.alt_text(ax).startswith("The limit of 10 VMs is reached")


def test_a_refused_forecast_is_its_reason_beside_the_past():
    refused = growth_of([NONE], [NONE], [NONE], reason="2 births in 90 days are too few for a date, which needs 5")
    ax = plots.footprint_forecast(refused, past=fleet())
    assert "No forecast: 2 births in 90 days are too few for a date, which needs 5." in plots.alt_text(ax)
    assert plots.alt_text(ax).startswith("6 VMs on 8 September 2026")
    assert (
        texts(plots.footprint_forecast(refused))[0].replace("\n", " ").startswith("No growth to show: 2 births in 90")
    )


def test_days_of_which_nothing_is_known_are_gaps(growth):
    past = fleet(20)
    past = past[~past["date"].between("2026-06-05", "2026-06-07")]
    way = plots.footprint_forecast(growth, past=past).lines[0].get_ydata()
    assert np.isnan(way[4:7]).all()
    assert way[7] == 6.0


def test_a_measure_that_is_none_is_refused(growth):
    for draw, table in ((plots.footprint_forecast, growth), (plots.footprint_multiples, fleet())):
        with pytest.raises(SchemaError, match="no measure 'cores'; it has vms, vcpus"):
            draw(table, measure="cores")


def test_each_group_has_a_chart_of_its_own_all_of_one_scale():
    table = fleet(places=("Paris", "Rome", None))
    table.loc[table["location"] == "Rome", "vms"] = 30
    ax = plots.footprint_multiples(table)
    smalls = ax.child_axes
    assert [small.get_title(loc="left") for small in smalls] == ["Rome", "Paris", "unknown location"]
    assert len({small.get_ylim() for small in smalls}) == 1
    assert [set(small.patches[0].get_data()[0]) for small in smalls] == [{30.0}, {3.0}, {3.0}]
    assert plots.alt_text(ax).startswith("Rome has 83\N{NO-BREAK SPACE}% of the 36 VMs on 8 September 2026")


def test_of_many_groups_the_others_are_one_grey_chart():
    table = fleet(3, [f"Place {number}" for number in range(40)])
    smalls = plots.footprint_multiples(table).child_axes
    assert len(smalls) == 9
    assert smalls[-1].get_title(loc="left") == "32 others"
    assert set(smalls[-1].patches[0].get_data()[0]) == {96.0}


def test_a_chart_has_the_colour_that_the_group_has_in_a_stack():
    table = fleet(3, ("Paris", "Rome"))
    alone = plots.footprint_multiples(table).child_axes[0].patches[0].get_facecolor()[:3]
    stacked = next(patch for patch in plots.footprint(table).patches if hasattr(patch, "get_data")).get_facecolor()[:3]
    assert alone == stacked


def test_one_vm_on_one_day_and_nothing():
    ax = plots.footprint_multiples(fleet(1, ("Paris",)).assign(vms=1))
    assert plots.alt_text(ax).startswith("1 VM on 1 June 2026")
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
    assert texts(plots.footprint_multiples(TABLES["footprint"].frame()))[0].startswith("No footprint")
    assert texts(plots.footprint_forecast(TABLES["footprint_forecast"].frame()))[0].startswith("No growth")


def test_hostile_names_are_drawn_as_they_are(hostile_name, growth):
    assert plots.png(plots.footprint_multiples(fleet(3, (hostile_name,))), dpi=40).startswith(b"\x89PNG")
    ax = plots.footprint_forecast(growth, limits=limit_of(12, DAYS, name=hostile_name, reason=hostile_name))
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
