import pandas as pd
import pytest
from tables_to_draw import costs_of, texts

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


def test_the_long_tail_is_one_grey_band_with_its_number():
    ax = plots.monthly_costs(costs_of([("2026-11", vm, f"vm-{vm}", 100.0 - vm, None) for vm in range(60)]))
    assert len(ax.containers) == 9
    assert "other (52)" in texts(ax)
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
    for ax in (plots.monthly_costs(table), plots.cost_changes(table)):
        assert plots.png(ax, dpi=50).startswith(b"\x89PNG")
        assert max(len(text) for text in texts(ax)) < 100


def test_dollars_are_no_formula():
    table = costs_of([("2026-11", 1, "$x^$", 5.0, None)])
    assert "$x^$" in texts(plots.monthly_costs(table))


@pytest.mark.parametrize("draw", [plots.monthly_costs, plots.cost_changes])
def test_nothing_says_so(draw):
    ax = draw(EMPTY)
    assert texts(ax)[0].startswith("No ")
    assert plots.alt_text(ax).startswith("No ")


def test_another_frame_is_refused():
    with pytest.raises(SchemaError, match="monthly_costs needs the column"):
        plots.monthly_costs(pd.DataFrame({"month": []}))


def test_changes_are_signed_and_the_largest_is_first(two_months):
    ax = plots.cost_changes(two_months, currency="EUR")
    assert [bar.get_width() for bar in ax.containers[0]] == [-50.0, 45.0, 30.0, -25.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "db (gone)",
        "mail (new)",
        "web",
        "unallocated (gone)",
    ]
    assert {"\N{MINUS SIGN}50.00", "+45.00", "+30.00", "\N{MINUS SIGN}25.00"} <= set(texts(ax))
    assert "[EUR]" in ax.get_xlabel()


def test_rises_are_darker_than_falls():
    def lightness(colour):
        return sum(int(colour[at : at + 2], 16) * weight for at, weight in ((1, 0.299), (3, 0.587), (5, 0.114)))

    assert lightness(style.FALL) - lightness(style.RISE) > 80


def test_changes_beyond_the_top_are_summed():
    rows = [("2026-10", vm, f"v{vm}", 1.0, None) for vm in range(20)]
    table = costs_of(rows + [("2026-11", vm, f"v{vm}", 2.0 + vm, 1.0 + vm) for vm in range(20)])
    ax = plots.cost_changes(table)
    assert sum(bar.get_width() for bar in ax.containers[0]) == pytest.approx(210)
    assert ax.get_yticklabels()[-1].get_text() == "other (12)"
    assert "210" in ax.get_title(loc="left")


def test_changes_of_another_month_or_of_none(two_months):
    assert "October 2026" in texts(plots.cost_changes(two_months, month="2026-10"))[0]
    with pytest.raises(SchemaError, match="must be a month"):
        plots.cost_changes(two_months, month="last")


def test_alt_text_carries_the_answer(two_months):
    assert plots.alt_text(plots.monthly_costs(two_months)).startswith("November 2026 cost 175")


def test_it_draws_where_it_is_told(two_months):
    ax = style.new_axes()
    assert plots.monthly_costs(two_months, ax=ax) is ax


def test_small_axes_get_a_legend_beside_them():
    table = costs_of([("2026-11", vm, f"_vm-{vm}", 9.0, None) for vm in range(8)])
    legend = plots.monthly_costs(table, ax=style.new_axes(1.2)).get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [f"_vm-{vm}" for vm in reversed(range(8))]
