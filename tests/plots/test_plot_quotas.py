"""Quotas: all of them as bullets, and one through its month."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from tables_to_draw import texts, traffic_of
from traffic_to_draw import quotas_of

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES

NONE = float("nan")
EXPECTED = ("web", 200.0, 176.0, 240.0, "expected")


def plain(ax):
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts(ax)]


def marks(ax, marker):
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in ax.lines if line.get_marker() == marker
    ]


def test_bullets_are_the_parts_of_the_quotas():
    ax = plots.quota_status(
        quotas_of(
            ("a", 100.0, 130.0, 150.0, "exceeded"),
            ("b", 100.0, 80.0, 107.0, "expected"),
            ("c", 100.0, 10.0, 20.0, "not_expected"),
        )
    )
    assert [round(bar.get_width(), 3) for each in ax.containers for bar in each] == [1.3, 0.8, 0.1]
    assert [round(place, 3) for place, _ in marks(ax, "D")] == [1.5, 1.07, 0.2]
    assert {
        "130 % used, 150 % expected, since 27 Nov",
        "80 % used, 107 % expected, over on 27 Nov",
        "10 % used, 20 % expected",
    } <= set(plain(ax))
    assert plots.alt_text(ax).startswith("Of 3 quotas, 1 is exceeded and 1 expected to be")
    assert len({bar.get_facecolor() for each in ax.containers for bar in each}) == 2


def test_of_400_the_worst_are_shown_and_long_bars_are_cut():
    ax = plots.quota_status(quotas_of(*[(f"vm-{vm}", 10.0, 90.0, 120.0, "exceeded") for vm in range(400)]))
    assert len(ax.get_yticklabels()) == 12
    assert max(bar.get_width() for each in ax.containers for bar in each) < 2
    assert "Of 400 quotas, 400 are exceeded" in plots.alt_text(ax)
    assert "Long bars are cut. Shown: the 12 to look at first." in plots.alt_text(ax)
    assert "900 % used, 1,200 % expected, since 27 Nov" in plain(ax)


def test_a_quota_that_is_not_known_is_no_quota_of_zero():
    ax = plots.quota_status(quotas_of(("a", NONE, 30.0, 60.0, "unknown")))
    assert "30.0 GB used; no quota known" in plain(ax)
    assert not [bar for each in ax.containers for bar in each]
    assert "none is expected to be exceeded" in plots.alt_text(ax)


def test_the_fan_leads_from_what_is_used_to_what_is_expected():
    ax = plots.quota_fan(quotas_of(EXPECTED), daily=traffic_of(22))
    way = next(line for line in ax.lines if len(line.get_xdata()) == 23)
    assert way.get_ydata()[0] == 0
    assert way.get_ydata()[-1] == pytest.approx(22 * 8.0)
    dashed = next(line for line in ax.lines if line.get_linestyle() == "--")
    assert dashed.get_ydata().tolist() == [176.0, 240.0]
    wedge = ax.collections[0].get_paths()[0].vertices
    assert wedge[:, 1].min() == pytest.approx(176.0)
    assert wedge[:, 1].max() == pytest.approx(264.0)
    assert marks(ax, "D") == [(date2num(pd.Timestamp("2026-11-27")) + 0.5, 200.0)]
    assert {
        "quota 200 GB",
        "so far 176 GB",
        "used up 27 Nov",
        "expected 240 GB",
        "at least 216 GB",
        "at most 264 GB",
    } <= set(plain(ax))
    assert plots.alt_text(ax).startswith("web is expected to use up its 200 GB on 27 November 2026")
    assert "Chance to go beyond: 50" in plots.alt_text(ax)


def test_the_days_between_which_it_is_used_up_lie_on_the_line():
    quotas = quotas_of(EXPECTED, exceeded_early=pd.Timestamp("2026-11-25"), exceeded_late=pd.Timestamp("2026-11-29"))
    ax = plots.quota_fan(quotas)
    (band,) = [line for line in ax.lines if line.get_linewidth() == 5]
    assert np.diff(band.get_xdata()) == pytest.approx(4.0)
    assert set(band.get_ydata()) == {200.0}


def test_traffic_of_other_vms_is_refused_and_binary_units_are_not():
    with pytest.raises(SchemaError, match=r"add up to 240\.0 GB, and the quota counts 176\.0 GB"):
        plots.quota_fan(quotas_of(EXPECTED), daily=traffic_of(30))
    binary = 22 * 8_000 / 1024
    ax = plots.quota_fan(quotas_of(("web", 200.0, binary, 240.0, "expected")), daily=traffic_of(22))
    assert next(line for line in ax.lines if len(line.get_xdata()) == 23).get_ydata()[-1] == pytest.approx(binary)


@pytest.mark.parametrize(("direction", "per_day"), [("in", 2.0), ("sum", 10.0), ("max", 8.0)])
def test_the_way_is_that_of_the_direction(direction, per_day):
    quotas = quotas_of(("web", 500.0, 22 * per_day, 300.0, "not_expected"), direction=direction)
    ax = plots.quota_fan(quotas, daily=traffic_of(22))
    assert next(line for line in ax.lines if len(line.get_xdata()) == 23).get_ydata()[1] == pytest.approx(per_day)


def test_days_without_a_report_are_grey():
    quotas = quotas_of(("web", 200.0, 20 * 8.0, 240.0, "expected"))
    assert "Grey: 2 days without any report." in plots.alt_text(
        plots.quota_fan(quotas, daily=traffic_of(22, silent=[4, 5]))
    )


def test_what_cannot_be_told_is_its_sentence():
    ax = plots.quota_fan(quotas_of(("web", 200.0, 176.0, NONE, "unknown")))
    assert "too few days for a forecast" in plots.alt_text(ax)
    assert not [line for line in ax.lines if line.get_linestyle() == "--"]
    ax = plots.quota_fan(quotas_of(("web", NONE, 176.0, 240.0, "unknown")))
    assert plots.alt_text(ax).startswith("web has no known quota")


def test_the_first_of_a_month():
    first = quotas_of(("web", 200.0, 0.0, 240.0, "expected"), as_of=pd.Timestamp("2026-11-01"))
    assert plots.png(plots.quota_fan(first, daily=traffic_of(5).iloc[:0]), dpi=40).startswith(b"\x89PNG")


def test_no_quota_and_no_such_rank_are_sentences():
    for draw in (plots.quota_status, plots.quota_fan):
        assert "none is known" in texts(draw(TABLES["quota_status"].frame()))[0]
    with pytest.raises(SchemaError, match="no quota of rank 9; there are 1 to 1"):
        plots.quota_fan(quotas_of(EXPECTED), rank=9)
    assert plots.png(plots.quota_fan(quotas_of(EXPECTED), rank=1), dpi=40)


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    for draw in (plots.quota_status, plots.quota_fan):
        ax = draw(quotas_of((hostile_name, 200.0, 176.0, 240.0, "expected")))
        assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
        assert max(len(text) for text in texts(ax)) < 130
