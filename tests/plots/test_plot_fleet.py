"""How the fleet changes, how old its VMs become, which seem idle, and what a plan would change."""

import numpy as np
import pandas as pd
import pytest
from capacity_to_draw import changes_in, effect_of, idle_of, survival_of
from matplotlib.colors import to_hex
from tables_to_draw import texts

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES

MONTHS = ["2026-08", "2026-09", "2026-11"]
SPACE = "\N{NO-BREAK SPACE}"
AGES = ("", [10, 20, 40], [9, 8, 4], [0.9, 0.8, 0.6])
TOTAL = (
    (None, "vms", "VM", 24, 27, ""),
    (None, "ram_GB", "GB", 125, 173, "the size of 2 VMs is not known"),
    (None, "list_cost", "EUR/month", 384.3, 525.3, ""),
    (None, "included_transfer_GB", "GB/month", np.nan, np.nan, "no transfer policy is set"),
    (None, "vm_share", "1", 0.25, 0.3, ""),
)


def heights(ax):
    return [[bar.get_height() for bar in each] for each in ax.containers]


def test_births_are_above_and_deaths_below_with_their_intervals():
    changes = changes_in(MONTHS, [3, 0, 1], [1, 2, 0])
    ax = plots.fleet_changes(changes)
    assert heights(ax) == [[3, 0, 0, 1], [-1, -2, 0, 0]], "October was not observed"
    births = ax.collections[0].get_segments()
    assert [segment[1][1] for segment in births if len(segment)] == changes["births_high"].tolist()
    assert ax.get_ylabel() == "VMs a month, births above, deaths below"
    assert {"births", "deaths", "3", "2"} <= set(texts(ax))
    alt = plots.alt_text(ax)
    assert alt.startswith("4 VMs came and 3 went from August 2026 to November 2026: 11 VMs at the end")
    assert "Grey: not observed." in alt


def test_months_that_were_observed_in_part_are_hatched():
    ax = plots.fleet_changes(changes_in(MONTHS[:2], [1, 1], [0, 0], days=[31, 12], unsure=[0, 2], entered=[5, 0]))
    assert [bar.get_hatch() for bar in ax.containers[0]] == [None, style.HATCH]
    alt = plots.alt_text(ax)
    assert "Hatched: observed in part." in alt
    assert "5 VMs ran when first looked at: no births." in alt.replace("\n", " ")
    assert "2 of them may belong to a month beside." in alt.replace("\n", " ")


def test_accounts_are_drawn_as_one_with_the_interval_of_their_sum():
    mine = changes_in(MONTHS[:1], [3], [0])
    both = pd.concat([mine, mine.assign(account="other")], ignore_index=True)
    ax = plots.fleet_changes(both)
    assert heights(ax)[0] == [6]
    assert ax.collections[0].get_segments()[0][1][1] == pytest.approx(
        changes_in(MONTHS[:1], [6], [0])["births_high"][0]
    )


def test_five_years_are_drawn_without_numbers_that_touch():
    months = [f"{year}-{month:02d}" for year in range(2022, 2027) for month in range(1, 13)]
    ax = plots.fleet_changes(changes_in(months, [41] * 60, [33] * 60))
    assert "41" not in texts(ax)
    assert len(ax.get_xticks()) <= 14


def test_a_curve_begins_with_all_and_is_dashed_where_few_are_observed():
    ax = plots.vm_survival(survival_of(AGES))
    whole, few = ax.lines[:2]
    assert whole.get_ydata().tolist() == [1.0, 0.9, 0.8]
    assert whole.get_drawstyle() == "steps-post"
    assert few.get_ydata().tolist() == [0.8, 0.6]
    assert few.get_linestyle() == "--"
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (pytest.approx(0.48), 1.0)
    alt = plots.alt_text(ax)
    assert alt.startswith("80 % of the VMs become older than 20 days (64 % to 88 %)")
    assert "who died before is not in it" in alt.replace("\n", " ")
    assert f"60{SPACE}%" in texts(ax)


def test_of_many_groups_the_largest_are_named_each_with_a_colour_of_its_own():
    curves = [
        (f"place {number}", [5, 9][: 1 + number], [9, 8][: 1 + number], [0.9, 0.5][: 1 + number]) for number in range(6)
    ]
    ax = plots.vm_survival(survival_of(*curves, group="location"))
    named = [text for text in texts(ax) if text.startswith("place")]
    assert len(named) == 4
    assert len({line.get_color() for line in ax.lines}) == 4
    assert "2 smaller groups left out" in plots.alt_text(ax).replace("\n", " ")


def test_too_few_for_a_curve_is_the_title():
    ax = plots.vm_survival(survival_of(("", [3], [1], [0.0])))
    assert plots.alt_text(ax).startswith("Never more than 1 VM of known birth observed: too few")


def test_idle_vms_are_bars_of_what_they_cost_the_dearest_first():
    rows = [
        ("web", "powered_off", 25.0, "full"),
        ("db", "zombie_likely", 80.0, "preview"),
        ("vpn", "zombie_possible", np.nan, "full"),
    ]
    ax = plots.idle_vms(idle_of(*rows), currency="EUR")
    bars = [bar for each in ax.containers for bar in each]
    assert [bar.get_width() for bar in bars] == [80.0, 25.0, 0.0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["db", "web", "vpn"]
    assert [bar.get_hatch() for bar in bars] == [style.HATCH, None, None]
    assert to_hex(bars[1].get_facecolor()) == style.MUTED
    said = texts(ax)
    assert f"80.00{SPACE}EUR: sends next to nothing" in said
    assert "no price known: moves very little" in said
    assert plots.alt_text(ax).startswith(f"3 VMs seem idle and cost at least 105{SPACE}EUR a month by the price book")
    assert ax.get_xlabel() == "list cost a month [EUR]"


def test_without_prices_idle_vms_are_bars_of_their_quiet_days():
    ax = plots.idle_vms(idle_of(*[(f"vm-{number}", "powered_off", np.nan, "full") for number in range(400)]))
    assert len(ax.containers) == 12
    assert ax.get_xlabel() == "quiet days of those looked at"
    assert plots.alt_text(ax).startswith("400 VMs seem idle.")
    assert "Shown: 12 of 400, the quietest." in plots.alt_text(ax)


def test_a_plan_is_two_bars_a_measure_with_the_change():
    ax = plots.what_if(effect_of(*TOTAL))
    widths = [round(bar.get_width(), 6) for each in ax.containers for bar in each]
    assert widths == [0.888889, 1.0, 0.722543, 1.0, 0.731582, 1.0, 0.833333, 1.0]
    said = texts(ax)
    assert f"27  (+3, +12{SPACE}%)" in said
    assert f"525.30{SPACE}EUR  (+141.00{SPACE}EUR, +37{SPACE}%)" in said
    assert "not known: no transfer policy is set" in said
    assert "largest location's VMs" in said
    alt = plots.alt_text(ax)
    assert alt.startswith(f"3 VMs more, and 141.00{SPACE}EUR a month more by the price book")
    assert "Memory: the size of 2 VMs is not known." in alt


def test_a_plan_in_one_location():
    effect = effect_of(*TOTAL, ("Paris", "vms", "VM", 2, 0, ""), ("Paris", "list_cost", "EUR/month", 10, 10, ""))
    ax = plots.what_if(effect, location="Paris")
    assert plots.alt_text(ax).startswith("2 VMs fewer, for the same list cost. In Paris.")
    assert f"0  (−2, −100{SPACE}%)" in texts(ax)
    with pytest.raises(SchemaError, match="no location 'Rome' in the plan; there are Paris"):
        plots.what_if(effect, location="Rome")


@pytest.mark.parametrize("name", ["fleet_changes", "vm_survival", "idle_vms", "what_if", "reconciliation"])
def test_nothing_says_so(name):
    said = texts(getattr(plots, name)(TABLES[name].frame()))[0]
    assert said.replace("\n", " ").startswith("No ")


def test_one_vm():
    for ax in (
        plots.fleet_changes(changes_in(["2026-11"], [0], [0], start=1)),
        plots.vm_survival(survival_of(("", [0], [1], [1.0]))),
        plots.idle_vms(idle_of(("only", "powered_off", 0.0, "full"))),
        plots.what_if(effect_of((None, "vms", "VM", 0, 0, ""))),
    ):
        assert plots.png(ax, dpi=40).startswith(b"\x89PNG")


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    effect = effect_of((hostile_name, "vms", "VM", 1, 2, hostile_name))
    for ax in (
        plots.vm_survival(survival_of((hostile_name, *AGES[1:]), ("other", *AGES[1:]), group="location")),
        plots.idle_vms(idle_of((hostile_name, hostile_name, 1.0, "full"))),
        plots.what_if(effect, location=hostile_name),
    ):
        assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
