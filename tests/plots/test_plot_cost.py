import pandas as pd
import pytest
from strategies import days_of, invoices_of
from tables_to_draw import costs_of, texts

import vmgen_analytics as va
from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES

EMPTY = TABLES["monthly_costs"].frame()


@pytest.fixture
def two_months():
    return costs_of(
        [
            ("2026-10", 1, "web", 100.0, None),
            ("2026-10", 2, "db", 50.0, None),
            ("2026-10", None, None, 25.0, None),
            ("2026-11", 1, "web", 130.0, 30.0),
            ("2026-11", 2, "db", 0.0, -50.0),
            ("2026-11", 3, "mail", 45.0, 45.0),
            ("2026-11", None, None, 0.0, -25.0),
        ]
    )


def bars(ax):
    return [[round(bar.get_height(), 6) for bar in each] for each in ax.containers]


def test_costs_are_stacked_and_add_up(two_months):
    ax = plots.monthly_costs(two_months, currency="EUR")
    assert bars(ax) == [[100.0, 130.0], [50.0, 0.0], [0.0, 45.0], [25.0, 0.0]]
    assert {"175", "web", "db", "mail", "unallocated"} <= set(texts(ax))
    assert ax.get_title(loc="left") == "November 2026 cost 175 EUR, as much as the month before".replace(
        "175 ", "175\N{NO-BREAK SPACE}"
    )
    assert ax.get_ylabel() == "cost a month [EUR]"
    assert ax.get_legend() is None


def test_without_a_currency_numbers_are_bare(two_months):
    ax = plots.monthly_costs(two_months)
    assert ax.get_ylabel() == "cost a month"
    assert "EUR" not in " ".join(texts(ax))


def test_the_unfinished_month_is_hatched_and_compared_with_nothing(two_months, month):
    ax = plots.monthly_costs(two_months, open_month=month)
    assert [bar.get_hatch() for bar in ax.containers[0]] == [None, style.HATCH]
    assert "so far" in ax.get_title(loc="left")
    assert "than" not in ax.get_title(loc="left")
    assert "so far" in ax.get_xticklabels()[-1].get_text()


@pytest.mark.parametrize("by", [(), ("account",), ("package",), ("vm_id",)])
@pytest.mark.parametrize("lacking", ["2026-09", "2026-10"])
def test_months_of_which_an_account_has_no_invoice_are_not_compared(by, lacking):
    one = days_of((1, "2026-08-01", "2026-10-31", {"package": "Small"}))
    days = TABLES["vm_days"].sort(pd.concat([one, one.assign(account="shop")]))
    bills = [(name, date, 30.0) for date in ("2026-08-31", "2026-09-30", "2026-10-31") for name in ("main", "shop")]
    billed = invoices_of([bill for bill in bills if bill[0] == "main" or not bill[1].startswith(lacking)])
    ax = plots.monthly_costs(va.monthly_costs(va.allocated_costs(days, billed, key="even"), by))
    assert " than the month before" not in plots.alt_text(ax)
    assert "An account has no invoice for October 2026 or for the month before" in plots.alt_text(ax)
    whole = plots.monthly_costs(va.monthly_costs(va.allocated_costs(days, invoices_of(bills), key="even"), by))
    assert whole.get_title(loc="left").endswith("as much as the month before")
    assert "no invoice" not in plots.alt_text(whole)


def test_the_long_tail_is_one_grey_band_with_its_number():
    ax = plots.monthly_costs(costs_of([("2026-11", vm, f"vm-{vm}", 100.0 - vm, None) for vm in range(60)]))
    assert len(ax.containers) == 9
    assert "52 others" in texts(ax)
    assert ax.containers[-1][0].get_height() == pytest.approx(sum(100 - vm for vm in range(8, 60)))


def test_a_tail_of_one_is_named():
    ax = plots.monthly_costs(costs_of([("2026-11", vm, f"vm-{vm}", 9.0, None) for vm in range(9)]))
    assert not any("other" in text for text in texts(ax))


def test_an_unknown_location_is_visible():
    table = costs_of([("2026-11", "Paris", "", 5.0, None), ("2026-11", None, "", 3.0, None)], "location")
    assert {"Paris", "unknown location"} <= set(texts(plots.monthly_costs(table)))


def test_the_unallocated_of_a_location_is_no_location():
    table = costs_of([("2026-11", "unallocated", "", 5.0, None)], "location")
    ax = plots.monthly_costs(table)
    assert ax.containers[0][0].get_facecolor()[:3] == pytest.approx(tuple([0x5A / 255] * 3))


def test_a_month_without_invoices_is_a_gap():
    ax = plots.monthly_costs(costs_of([("2026-09", "a", "", 5.0, None), ("2026-11", "a", "", 6.0, None)], "package"))
    assert len(ax.containers[0]) == 3
    assert "no data" in texts(ax)


def test_credits_hang_below_the_line():
    ax = plots.monthly_costs(costs_of([("2026-11", 1, "a", -5.0, None), ("2026-11", 2, "b", 3.0, None)]))
    assert ax.get_ylim()[0] < -5
    assert "\N{MINUS SIGN}2.00" in texts(ax)


def test_the_totals_alone_need_no_names():
    table = TABLES["monthly_costs"].frame({"month": [pd.Period("2026-11", "M")], "allocated_cost": [7.0]})
    ax = plots.monthly_costs(table, currency="EUR")
    assert bars(ax) == [[7.0]]
    assert not any("■" in text for text in texts(ax))


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    table = costs_of([("2026-10", 1, hostile_name, 5.0, None), ("2026-11", 1, hostile_name, 9.0, 4.0)])
    ax = plots.monthly_costs(table)
    assert plots.png(ax, dpi=50).startswith(b"\x89PNG")
    assert max(len(text) for text in texts(ax)) < 100


def test_dollars_are_no_formula():
    table = costs_of([("2026-11", 1, "$x^$", 5.0, None)])
    assert "$x^$" in texts(plots.monthly_costs(table))


def test_nothing_says_so():
    ax = plots.monthly_costs(EMPTY)
    assert texts(ax)[0].startswith("No ")
    assert plots.alt_text(ax).startswith("No ")


def test_another_frame_is_refused():
    with pytest.raises(SchemaError, match="monthly_costs needs the column"):
        plots.monthly_costs(pd.DataFrame({"month": []}))


def test_what_nobody_pays_is_visible_and_has_no_colour_of_a_cost_centre():
    table = costs_of([("2026-11", "Shop", "", 5.0, None), ("2026-11", "unassigned", "", 9.0, None)], "cost_centre")
    ax = plots.monthly_costs(table)
    assert {"Shop", "unassigned"} <= set(texts(ax))
    shop, nobody = (container[0].get_facecolor()[:3] for container in ax.containers)
    assert len({round(part, 3) for part in nobody}) == 1, "a grey, and on top although it is the largest"
    assert len({round(part, 3) for part in shop}) > 1
    assert "assigned by rules" in plots.alt_text(ax)


def test_a_cost_centre_has_its_colour_alone_and_among_others():
    alone = plots.monthly_costs(costs_of([("2026-11", "Shop", "", 5.0, None)], "cost_centre"))
    both = plots.monthly_costs(
        costs_of([("2026-11", "Shop", "", 5.0, None), ("2026-11", "Platform", "", 9.0, None)], "cost_centre")
    )
    assert both.containers[1][0].get_facecolor() == alone.containers[0][0].get_facecolor()


def test_alt_text_carries_the_answer(two_months):
    assert plots.alt_text(plots.monthly_costs(two_months)).startswith("November 2026 cost 175")


def test_it_draws_where_it_is_told(two_months):
    ax = style.new_axes()
    assert plots.monthly_costs(two_months, ax=ax) is ax


def test_small_axes_get_a_legend_beside_them():
    table = costs_of([("2026-11", vm, f"_vm-{vm}", 9.0, None) for vm in range(8)])
    legend = plots.monthly_costs(table, ax=style.new_axes(1.2)).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [f"_vm-{vm}" for vm in reversed(range(8))]
