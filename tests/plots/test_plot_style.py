import subprocess
import sys
from itertools import pairwise

import pytest
from matplotlib.colors import to_hex

from vmgen_analytics.plots import stacks, style


def test_a_colour_depends_on_the_vm_and_not_on_its_rank():
    assert style.colours([1003])[1003] == style.colours([1003, 1004, 1005])[1003]
    assert style.colours([5, 3, 9]) == style.colours([9, 5, 3])
    assert style.colours([("main", 1003)])["main", 1003] == style.colours([1003])[1003]


def test_eight_groups_have_eight_colours():
    names = [f"place {number}" for number in range(8)]
    assert len({to_hex(colour) for colour in style.colours(names).values()}) == 8


def test_the_lower_key_keeps_its_colour_when_two_want_the_same():
    alone = style.colours([8])[8]
    together = style.colours([8, 16])
    assert together[8] == alone
    assert together[16] != alone


def test_no_colour_of_the_palette_is_one_of_our_greys():
    greys = {style.OTHER, style.UNKNOWN, style.UNALLOCATED}
    assert not greys & {to_hex(colour) for colour in style.PALETTE}
    assert len(style.PALETTE) == 8


@pytest.mark.parametrize("wanted", [[0.5, 0.5, 0.5], [0.0, None, 0.1], [0.9, 0.95, 1.0], [None], [None] * 10])
def test_labels_keep_their_order_and_distance(wanted):
    places = stacks.spread(wanted, 0.1)
    assert len(places) == len(wanted)
    assert all(after - before > 0.0999 for before, after in pairwise(places))
    assert places[-1] <= 1.0


def test_labels_stay_where_they_are_wanted_if_there_is_room():
    assert stacks.spread([0.2, 0.5, 0.8], 0.1) == pytest.approx([0.2, 0.5, 0.8])


def test_drawing_loads_no_pyplot_and_changes_no_setting():
    code = (
        "import sys, matplotlib as mpl\n"
        "names = set(mpl.rcParams) - {'backend'}  # asking for the backend loads pyplot\n"
        "before = {name: mpl.rcParams[name] for name in names}\n"
        "from vmgen_analytics import plots\n"
        "from vmgen_analytics.schema import TABLES\n"
        "import pandas as pd\n"
        "table = TABLES['monthly_costs'].frame({'month': [pd.Period('2026-11', 'M')], 'location': ['x'], "
        "'allocated_cost': [1.0]})\n"
        "plots.png(plots.monthly_costs(table))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert {name: mpl.rcParams[name] for name in names} == before\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
