"""Who moves most: the bars are the table, and the others stay in proportion."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from tables_to_draw import texts
from traffic_to_draw import talkers_of

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES


def widths(ax):
    return [round(bar.get_width(), 6) for bar in ax.containers[0]]


def plain(ax):
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts(ax)]


def test_bars_shares_changes_and_ticks_are_those_of_the_table():
    ax = plots.top_talkers(talkers_of([60, 40], before=[30, 50]), direction="out")
    assert widths(ax) == [60.0, 40.0]
    assert [line.get_xdata()[0] for line in ax.lines] == [30.0, 50.0]
    assert {"60.0 GB, 60 %, +100 %", "40.0 GB, 40 %, \N{MINUS SIGN}20 %"} <= set(plain(ax))
    assert ax.get_xlabel() == "GB sent, 22 days of the period from 1 November 2026"
    assert plain(ax)[-4:].count("vm-0")
    assert plots.alt_text(ax).startswith("vm-0 sent 60\N{NO-BREAK SPACE}% of 100 GB")


def test_all_others_are_one_grey_bar():
    ax = plots.top_talkers(talkers_of([60, 40], others=50))
    assert ax.get_yticklabels()[-1].get_text() == "50 others"
    assert to_hex(ax.containers[0][-1].get_facecolor()) == style.OTHER
    assert widths(ax)[-1] == 50.0


def test_others_that_would_dwarf_the_rest_are_a_number_only():
    ax = plots.top_talkers(talkers_of([6, 4], others=390))
    assert widths(ax) == [6.0, 4.0, 0.0]
    assert any(text.startswith("390 GB, 98 %") for text in plain(ax))
    assert "no bar" in plots.alt_text(ax)
    assert "1.5 %" in " ".join(plain(ax)), "small shares keep a digit"


def test_a_vm_has_its_colour_and_new_ones_are_called_so():
    table = talkers_of([60, 40])
    table.loc[0, ["before_days_expected", "before_MB", "change"]] = [0, np.nan, np.nan]
    ax = plots.top_talkers(table)
    assert to_hex(ax.containers[0][0].get_facecolor()) == style.colours([1000, 1001])[1000]
    assert "60.0 GB, 60 %, new" in plain(ax)
    assert len(ax.lines) == 1, "what was not there has no tick"


def test_days_that_are_not_known_are_said():
    ax = plots.top_talkers(talkers_of([60]).assign(days_covered=20))
    assert any(text.endswith("(20 of 22 days)") for text in plain(ax))
    silent = talkers_of([60, 40])
    silent.loc[1, ["traffic_MB", "before_MB", "share", "change"]] = np.nan
    assert "no final report" in plain(plots.top_talkers(silent))


def test_nothing_and_another_direction_are_sentences():
    assert texts(plots.top_talkers(TABLES["top_talkers"].frame()))[0].startswith("No top talkers")
    with pytest.raises(SchemaError, match="no direction 'max'"):
        plots.top_talkers(talkers_of([1]), direction="max")


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    ax = plots.top_talkers(talkers_of([1.0], names=[hostile_name]))
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
    assert max(len(text) for text in texts(ax)) < 120
