import numpy as np
import pandas as pd
import pytest
from tables_to_draw import texts

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES


def fleet(days=100, places=("Paris", None), known_share=1.0):
    rows = [(day, place) for day in pd.date_range("2026-06-01", periods=days, unit="us") for place in places]
    dates, locations = zip(*rows, strict=True)
    number = len(rows)
    return TABLES["footprint"].frame(
        {
            "date": list(dates),
            "location": list(locations),
            "vms": [3] * number,
            "vcpus": [6.0] * number,
            "ram_GB": [12.0] * number,
            "disk_GB": [np.nan] * number,
            "known_share": [known_share] * number,
        }
    )


def filled(ax):
    return [patch for patch in ax.patches if getattr(patch, "get_data", None) and patch.get_fill()]


def test_locations_are_stacked():
    ax = plots.footprint(fleet())
    below, above = (patch.get_data() for patch in filled(ax))
    assert (below[0] == 3).all()
    assert (above[2] == 3).all()
    assert (above[0] == 6).all()
    assert {"Paris", "unknown location"} <= set(texts(ax))
    assert ax.get_title(loc="left") == "6 VMs on 8 September 2026, as many as on 1 June 2026"
    assert ax.get_ylabel() == "VMs"


def test_days_of_which_nothing_is_known_are_gaps():
    table = fleet()
    table = table[~table["date"].between("2026-07-01", "2026-07-03")].reset_index(drop=True)
    ax = plots.footprint(table)
    assert np.isnan(filled(ax)[0].get_data()[0][30:33]).all()
    assert "3 days" in plots.alt_text(ax)


def test_unknown_sizes_are_said():
    ax = plots.footprint(fleet(known_share=0.9), measure="ram_GB")
    assert "10" in plots.alt_text(ax)
    assert ax.get_ylabel() == "GB of RAM"


def test_a_measure_that_is_none_is_refused():
    with pytest.raises(SchemaError, match="'cores'; it has vms, vcpus"):
        plots.footprint(fleet(), measure="cores")


def test_nothing_says_so():
    assert texts(plots.footprint(TABLES["footprint"].frame()))[0].startswith("No footprint")


def test_one_vm_on_one_day():
    table = fleet(1, ("Paris",)).assign(vms=1)
    ax = plots.footprint(table)
    assert ax.get_title(loc="left") == "1 VM on 1 June 2026"
    assert plots.png(ax, dpi=50).startswith(b"\x89PNG")


def test_hostile_places_are_drawn_as_they_are(hostile_name):
    assert plots.png(plots.footprint(fleet(3, (hostile_name,))), dpi=50).startswith(b"\x89PNG")
