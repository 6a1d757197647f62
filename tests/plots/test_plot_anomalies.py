"""Marks where something is unusual, what is said of it, and who makes it up."""

import pandas as pd
import pytest
from matplotlib.dates import date2num
from tables_to_draw import texts, traffic_of
from traffic_to_draw import anomalies_of, contributions_of

from vmgen_analytics import plots
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import style
from vmgen_analytics.schema import TABLES

NOTHING = "nothing else that is known"


def spans(ax):
    """Where the shaded days begin and end."""
    shaded = [patch for patch in ax.patches if hasattr(patch, "get_width") and patch.get_alpha() == 0.13]
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in shaded]


def test_the_days_are_marked_and_what_coincides_is_said():
    found = anomalies_of(
        ("2026-11-04", 2, "web-1", "spike", 40, "job reboot"), ("2026-11-09", 1, "db", "drop", -6, NOTHING)
    )
    ax = plots.bandwidth_anomalies(found, daily=traffic_of())
    assert spans(ax) == [
        tuple(date2num(pd.to_datetime(days))) for days in (["2026-11-04", "2026-11-06"], ["2026-11-09", "2026-11-10"])
    ]
    said = " ".join(" ".join(texts(ax)).split())
    assert "▲1 4 Nov to 5 Nov: web-1, sent, +40.0 GB against 8.0 GB expected. Coincides with job reboot." in said
    assert "▼2 9 Nov: db, sent, \N{MINUS SIGN}6.0 GB against 8.0 GB expected. Nothing known coincides." in said
    assert plots.alt_text(ax).startswith("2 anomalies, the worst from 4 November 2026")


def test_the_traffic_under_the_marks_is_that_of_the_days():
    ax = plots.bandwidth_anomalies(anomalies_of(), daily=traffic_of(silent=[2]))
    assert plots.alt_text(ax).startswith("Nothing unusual was found from 1 November 2026 to 10 November 2026")
    inwards = next(patch for patch in ax.patches if hasattr(patch, "get_data")).get_data()[0]
    assert inwards[1] == 2.0


def test_marks_hide_no_other_mark():
    found = anomalies_of(*[("2026-11-05", 1, f"vm-{vm}", "spike", 9, NOTHING) for vm in range(6)])
    ax = plots.bandwidth_anomalies(found, daily=traffic_of())
    ax.figure.canvas.draw()
    tags = [text for text in ax.texts if text.get_text() in {f"▲{number}" for number in range(1, 7)}]
    boxes = [tag.get_window_extent() for tag in tags]
    assert len(tags) == 6
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])


def test_of_many_the_worst_are_marked_and_the_rest_is_counted():
    found = anomalies_of(*[("2026-11-05", 1, f"vm-{vm}", "spike", 9, NOTHING) for vm in range(40)])
    found.loc[30:, "severity"] = "note"
    ax = plots.bandwidth_anomalies(found, daily=traffic_of(), top=3)
    assert len(spans(ax)) == 3
    assert "Marked: the 3 worst of 30. 10 notes of less weight not marked." in plots.alt_text(ax)


def test_what_is_outside_the_period_is_not_marked():
    found = anomalies_of(("2026-10-20", 3, "a", "spike", 9, NOTHING), ("2026-10-30", 4, "b", "spike", 9, NOTHING))
    ax = plots.bandwidth_anomalies(found, daily=traffic_of())
    assert [end - begin for begin, end in spans(ax)] == [2.0], "of the second, the days that are in the picture"


def test_no_traffic_is_a_sentence():
    ax = plots.bandwidth_anomalies(anomalies_of(), daily=TABLES["daily_bandwidth"].frame())
    assert texts(ax)[0].startswith("No traffic to look at")


def bars(ax):
    return [round(bar.get_width(), 3) for each in ax.containers for bar in each]


def test_parts_are_sorted_and_those_that_explain_it_are_solid():
    ax = plots.anomaly_contributions(contributions_of([10, 80, -30]))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["vm-1", "vm-2", "vm-0"]
    assert bars(ax) == [80.0, -30.0, 10.0]
    assert [bar.get_alpha() for bar in ax.containers[0]] == [1.0, style.OPEN_ALPHA, style.OPEN_ALPHA]
    assert plots.alt_text(ax).startswith("vm-1 makes up 89\N{NO-BREAK SPACE}% of the rise of anomaly 1")


def test_the_bars_add_up_to_the_anomaly_however_many_vms_it_has():
    table = contributions_of([*range(1, 200), *range(-150, 0)])
    ax = plots.anomaly_contributions(table)
    assert sum(bars(ax)) == pytest.approx(table["contribution_GB"].sum() / 1_000), "in TB, as the largest asks for"
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert len(names) == 12
    assert names[-2:] == ["189 others with more", "150 others with less"]


def test_a_vm_has_the_colour_that_it_has_elsewhere():
    ax = plots.anomaly_contributions(contributions_of([80]))
    talker = style.colours([1000])[1000]
    assert style.to_hex(ax.containers[0][0].get_facecolor()) == talker
    assert plots.alt_text(ax).startswith("Anomaly 1 is vm-0 alone")


def test_numbers_stay_inside_the_picture():
    ax = plots.anomaly_contributions(contributions_of([80, -70, 1, -1]))
    ax.figure.canvas.draw()
    frame = ax.figure.bbox
    assert all(frame.x0 <= text.get_window_extent().x0 and text.get_window_extent().x1 <= frame.x1 for text in ax.texts)


def test_an_anomaly_that_is_none_is_refused_and_nothing_is_said():
    with pytest.raises(SchemaError, match="no contributions to anomaly 7; there are those to 1"):
        plots.anomaly_contributions(contributions_of([1, 2]), anomaly=7)
    assert texts(plots.anomaly_contributions(TABLES["anomaly_contributions"].frame()))[0].startswith("No contributions")


def test_hostile_names_are_drawn_as_they_are(hostile_name):
    ax = plots.anomaly_contributions(contributions_of([1.0], [hostile_name]))
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
    ax = plots.bandwidth_anomalies(
        anomalies_of(("2026-11-04", 1, hostile_name, "spike", 4, hostile_name)), daily=traffic_of()
    )
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
    assert all(len(line) < 140 for text in texts(ax) for line in text.split("\n"))
