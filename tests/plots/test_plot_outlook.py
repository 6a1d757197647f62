"""Pictures of what is to come, of budgets and of what a unit costs."""

import numpy as np
import pandas as pd
import pytest
from tables_to_draw import budgets_of, costs_of, forecast_of, texts

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES

NONE = float("nan")


def heights(ax):
    return [round(bar.get_height(), 6) for each in ax.containers if hasattr(each, "patches") for bar in each.patches]


@pytest.fixture
def months():
    return costs_of([("2026-09", "a", "", 350.0, None), ("2026-10", "a", "", 370.0, 20.0)], "location")


def test_the_forecast_stands_beside_the_months_before_and_the_budget(months):
    budgets = budgets_of(
        ("everything", 390.0, 300.0, 400.0, "will be exceeded"), ("package x", 9.0, 1.0, 2.0, "on track")
    )
    ax = plots.cost_forecast(forecast_of(), monthly=months, budgets=budgets, currency="EUR")
    assert heights(ax) == [350.0, 370.0, 100.0, 300.0]
    assert {"so far 300", "expected 400", "at least 380", "at most 430", "budget 390"} <= set(texts(ax))
    title = ax.get_title(loc="left").replace("\N{NO-BREAK SPACE}", " ")
    assert title == "November 2026 will have cost about 400 EUR, 3 % over its budget"
    alt = plots.alt_text(ax).replace("\N{NO-BREAK SPACE}", " ")
    assert "off by 3.1 % in the median (cost per day carried on: 9.4 %)" in alt


def test_months_that_are_not_known_are_no_zero(months):
    ax = plots.cost_forecast(forecast_of(), monthly=months[months["month"] == pd.Period("2026-09", "M")])
    assert "no data" in texts(ax)


def test_a_forecast_without_an_interval_says_why():
    reason = "an interval needs 3 closed months with invoices; there are 1"
    ax = plots.cost_forecast(forecast_of(low=NONE, high=NONE, error=NONE, run_rate_error=NONE, reason=reason))
    assert f"No interval: {reason}." in plots.alt_text(ax)
    assert "No closed month has enough months before it" in plots.alt_text(ax)
    assert not any("at most" in text for text in texts(ax))


def test_a_refused_forecast_is_its_reason_beside_what_is_known():
    missing = dict.fromkeys(("expected", "low", "high", "error", "run_rate_error"), NONE)
    ax = plots.cost_forecast(forecast_of(**missing, reason="there is none"))
    assert plots.alt_text(ax).startswith("November 2026 has cost 300 so far")
    assert "No forecast: there is none." in plots.alt_text(ax)
    ax = plots.cost_forecast(forecast_of(**missing, so_far=NONE, reason="there is none"))
    assert texts(ax)[0] == "No forecast of November 2026: there is none."


def test_several_forecasts_are_not_one_picture():
    with pytest.raises(SchemaError, match="a picture shows one forecast, the table has 2; choose one account"):
        plots.cost_forecast(pd.concat([forecast_of(), forecast_of(month=pd.Period("2026-12", "M"))]))


def test_a_credit_month_stays_inside_the_picture():
    ax = plots.cost_forecast(forecast_of(so_far=-20.0, expected=30.0, low=25.0, high=40.0))
    assert ax.get_ylim()[0] < -20


def test_budgets_have_marks_actual_and_forecast():
    ax = plots.budget_status(
        budgets_of(
            ("everything", 100.0, 60.0, 90.0, "over 50 %"),
            ("cost centre Shop", 50.0, 55.0, 60.0, "exceeded"),
            ("package x", 10.0, NONE, NONE, "unknown"),
        ),
        currency="EUR",
    )
    bars = [bar for each in ax.containers for bar in each.patches if round(bar.get_height(), 6) == 0.36]
    assert [round(bar.get_width(), 3) for bar in bars] == [0.6, 1.1]
    assert len({bar.get_facecolor() for bar in bars}) == 2
    marks = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert marks == [0.5, 0.8, 1.0]
    diamonds = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert [round(place, 3) for place in diamonds] == [0.9, 1.2]
    printed = " ".join(texts(ax)).replace("\N{NO-BREAK SPACE}", " ")
    assert "60 % spent, 90 % expected" in printed
    assert "of 50.00 EUR: exceeded" in printed
    assert "nothing billed" in printed
    assert plots.alt_text(ax).startswith("Of 3 budgets, 1 exceeded")
    assert "Not known: nothing is forecast." in plots.alt_text(ax)


def test_of_many_budgets_the_worst_are_shown_and_all_are_counted():
    rows = [(f"location {number}", 100.0, number / 4, number / 4, "on track") for number in range(400)]
    ax = plots.budget_status(budgets_of(*rows[:-1], ("location 399", 100.0, 101.0, 110.0, "exceeded")))
    assert len(ax.get_yticklabels()) == 12
    assert ax.get_yticklabels()[0].get_text().startswith("location 399")
    assert "Of 400 budgets, 1 exceeded" in plots.alt_text(ax)
    assert "Shown: the 12" in plots.alt_text(ax)


def test_no_budget_and_no_forecast_are_sentences():
    assert "none is set" in texts(plots.budget_status(TABLES["budget_status"].frame()))[0]
    assert texts(plots.cost_forecast(TABLES["cost_forecast"].frame()))[0].startswith("No forecast")


def units_of(**columns):
    rows = {
        "month": [pd.Period("2026-10", "M"), pd.Period("2026-11", "M")],
        "allocated_cost": [40.0, 44.0],
        "cost_per_vm_month": [20.0, 22.0],
        "cost_per_vcpu_month": [10.0, 11.0],
        "cost_per_ram_GB_month": [5.0, 5.5],
        "cost_per_disk_GB_month": [0.05, 0.055],
        "cost_per_out_TB": [None, None],
        "missing": ["", "traffic sent unknown on 3 VM-days"],
    }
    return TABLES["unit_costs"].frame(rows | columns)


def smalls(ax):
    return ax.child_axes


def test_each_unit_has_its_own_chart_and_an_unknown_one_its_reason():
    ax = plots.unit_costs(units_of(), currency="EUR")
    lines = [list(small.lines[0].get_ydata()) for small in smalls(ax)[:4]]
    assert lines == [[20.0, 22.0], [10.0, 11.0], [5.0, 5.5], [0.05, 0.055]]
    said = " ".join(text for text in texts(smalls(ax)[4])).replace("\n", " ")
    assert "not known: traffic sent unknown on 3 VM-days" in said
    assert plots.alt_text(ax).startswith("A VM cost 22.00\N{NO-BREAK SPACE}EUR on average in November 2026")
    assert "0.0550" in texts(smalls(ax)[3])


def test_the_open_month_is_left_out():
    ax = plots.unit_costs(units_of(), open_month=pd.Period("2026-11", "M"))
    assert list(smalls(ax)[0].lines[0].get_ydata()) == [20.0]
    only = units_of().iloc[1:]
    assert "No unit costs to show" in texts(plots.unit_costs(only, open_month=pd.Period("2026-11", "M")))[0]


def test_groups_are_lines_of_their_colours_and_the_others_grey():
    many = pd.concat([units_of(location=[f"place {number}"] * 2, allocated_cost=[number] * 2) for number in range(40)])
    ax = plots.unit_costs(many)
    assert len(smalls(ax)[0].lines) == 40
    grey = [line for line in smalls(ax)[0].lines if line.get_color() == style.UNKNOWN]
    assert len(grey) == 34
    assert {"place 39", "34 others"} <= set(texts(smalls(ax)[5]))


@pytest.mark.parametrize("draw", [plots.budget_status, plots.cost_forecast, plots.unit_costs])
def test_they_draw_where_they_are_told_and_refuse_another_frame(draw):
    table = {
        plots.budget_status: budgets_of(("everything", 1.0, 1.0, 1.0, "kept")),
        plots.cost_forecast: forecast_of(),
        plots.unit_costs: units_of(),
    }[draw]
    ax = style.new_axes()
    assert draw(table, ax=ax) is ax
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
    with pytest.raises(SchemaError, match="needs the column"):
        draw(pd.DataFrame({"month": np.array([])}))


def test_hostile_scopes_are_drawn_as_they_are(hostile_name):
    ax = plots.budget_status(budgets_of((hostile_name, 1.0, 1.0, 1.0, "kept")))
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
    assert max(len(text) for text in texts(ax)) < 120
