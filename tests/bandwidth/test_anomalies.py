import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import days_of, fleets

from benchmarks.anomalies import ours, recalls, z_score
from benchmarks.daily_series import FIRST_DAY, eventful, quiet, wandering
from vmgen_analytics import anomaly_contributions, bandwidth_anomalies, calibrated_alert
from vmgen_analytics.bandwidth.detection import ALERT, scores
from vmgen_analytics.bandwidth.episodes import episode_count
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.forecast import DailySeries
from vmgen_analytics.schema import TABLES


def fleet_of(out, received=None, **columns):
    """Table ``vm_days`` of the series that VMs sent, in MB; a missing day has no report."""
    out = np.atleast_2d(out)
    received = out * 0.5 if received is None else np.atleast_2d(received)
    rows, length = out.shape
    vm_id = np.repeat(np.arange(1, rows + 1), length)
    dates = np.tile(FIRST_DAY + np.arange(length), rows)
    return TABLES["vm_days"].cast(
        pd.DataFrame(
            {"account": "main", "date": dates.astype("datetime64[us]"), "vm_id": vm_id,
             "vm_name": [f"vm-{each}" for each in vm_id], "package": "Small", "location": "Warsaw", "presence": "seen",
             "state": "UP", "in_MB": received.ravel(), "out_MB": out.ravel(),
             "status": np.where(np.isnan(out.ravel()), None, "final"), **columns}
        )
    )  # fmt: skip


def told_on(found, column):
    """Alerts that begin on a day."""
    day = pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=column)
    return found[(found["severity"] != "note") & (found["first_day"] == day)]


def steady(rows=1, days=60, level=20_000.0, noise=0.1, seed=4):
    return level * np.exp(noise * np.random.default_rng(seed).standard_normal((rows, days)))


def test_a_spike_is_found_with_its_day_its_size_and_its_vm():
    out = steady(rows=10)
    out[3, 50] *= 5
    (found,) = bandwidth_anomalies(fleet_of(out)).itertuples()
    assert (found.scope, found.vm_id, found.group, found.kind, found.severity) == ("vm", 4, "vm-4", "spike", "alert")
    assert found.first_day == found.last_day == pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=50)
    assert found.direction == "both"
    assert found.expected_GB == pytest.approx(30, rel=0.15)
    assert found.actual_GB == pytest.approx(out[3, 50] * 1.5 / 1000)
    assert found.impact_GB == pytest.approx(found.actual_GB - found.expected_GB)
    assert found.explained_by == f"vm-4 ({found.impact_GB:+,.1f} GB)"
    assert found.confidence == "high"


def test_an_outage_of_days_is_one_anomaly():
    out = steady(rows=5)
    out[1, 45:49] = 0
    (found,) = bandwidth_anomalies(fleet_of(out)).itertuples()
    assert (found.vm_id, found.kind, found.unusual_days) == (2, "drop", 4)
    assert found.actual_GB == 0
    assert found.impact_GB == pytest.approx(-4 * 30, rel=0.15)


def test_the_days_of_a_week_are_no_anomalies():
    week = np.tile([1, 1, 1, 1, 1, 0.3, 0.2], 10)[:70]
    found = bandwidth_anomalies(fleet_of(steady(rows=4, days=70) * week))
    late = found[found["first_day"] >= pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=28)]
    assert late.empty


def test_days_that_can_still_change_are_not_looked_at():
    out = steady(rows=3)
    out[0, 59] = 0.0
    days = fleet_of(out)
    last = days["date"] == days["date"].max()
    assert len(bandwidth_anomalies(days)) == 1
    for status in ("partial", "provisional", "lost_tail", None):
        days.loc[last, "status"] = status
        assert bandwidth_anomalies(days).empty


def test_a_day_is_judged_by_those_before_it_alone():
    fleet = eventful(30, 80, 5)
    values = fleet.values  # noqa: PD011 - an array of NumPy
    whole = scores(DailySeries(FIRST_DAY, values))
    for until in (20, 41, 63):
        part = scores(DailySeries(FIRST_DAY, values[:, :until]))
        np.testing.assert_allclose(part.score, whole.score[:, :until])
        np.testing.assert_allclose(part.expected, whole.expected[:, :until])


def test_the_ladder_of_short_histories():
    out = steady(rows=4, days=40)
    for row, day in enumerate((5, 10, 20, 35)):
        out[row, day] *= 8
    found = bandwidth_anomalies(fleet_of(out)).sort_values("vm_id")
    assert found["vm_id"].tolist() == [2, 3, 4]
    assert found["confidence"].tolist() == ["low", "medium", "high"]


def test_many_vms_that_begin_together_are_one_event():
    out = steady(rows=10)
    out[2:8, 50] /= 10
    (found,) = bandwidth_anomalies(fleet_of(out)).itertuples()
    assert (found.scope, found.vms, found.kind) == ("several", 6, "drop")
    assert pd.isna(found.vm_id)
    assert found.impact_GB == pytest.approx(-0.9 * 6 * 30, rel=0.15)
    assert "60 % of the account's 10 VMs moved less than usual" in found.coincides_with


def test_what_no_vm_shows_is_found_in_the_group():
    out = steady(rows=60, noise=0.25)
    out[:, 55] *= 1.7
    found = bandwidth_anomalies(fleet_of(out))
    worst = told_on(found, 55).iloc[0]
    assert (worst["anomaly"], worst["scope"], worst["group"], worst["vms"]) == (1, "account", "main", 60)


def test_a_location_is_told_where_the_account_shows_nothing():
    out = steady(rows=80, noise=0.25)
    out[:20, 55] *= 1.7
    out[20:, 55] *= 0.75
    place = np.repeat(np.where(np.arange(80) < 20, "Dallas", "Warsaw"), 60)
    found = bandwidth_anomalies(fleet_of(out, location=place))
    worst = told_on(found, 55).iloc[0]
    assert (worst["scope"], worst["group"], worst["vms"]) == ("location", "Dallas", 20)
    assert "account" not in set(told_on(found, 55)["scope"])


def test_what_is_small_stays_visible_as_a_note():
    out = steady(rows=1, level=50.0)
    out[0, 50] *= 5
    (found,) = bandwidth_anomalies(fleet_of(out)).itertuples()
    assert (found.severity, found.score > ALERT) == ("note", True)
    (found,) = bandwidth_anomalies(fleet_of(out), floor_GB=0.1).itertuples()
    assert found.severity == "alert"


def test_a_machine_of_a_large_fleet_is_not_lost_in_its_total():
    out = steady(rows=300)
    out[7, 50] *= 4
    assert told_on(bandwidth_anomalies(fleet_of(out)), 50)["vm_id"].tolist() == [8]


def test_an_unusual_upload_is_for_somebody_to_look_at():
    out = steady(rows=3)
    received = out * 4
    out[0, 50] *= 8
    (found,) = bandwidth_anomalies(fleet_of(out, received)).itertuples()
    assert (found.kind, found.severity, found.direction) == ("unusual_upload", "review", "out")
    received[0, 50] *= 8
    (found,) = bandwidth_anomalies(fleet_of(out, received)).itertuples()
    assert (found.kind, found.severity, found.direction) == ("spike", "alert", "both")


def test_the_worst_comes_first():
    found = bandwidth_anomalies(fleet_of(eventful(30, 90, 2).values))
    TABLES["bandwidth_anomalies"].check(found)
    assert found["anomaly"].tolist() == list(range(1, len(found) + 1))
    is_note = found["severity"] == "note"
    assert is_note.is_monotonic_increasing
    assert found[~is_note]["impact_GB"].abs().is_monotonic_decreasing


# -- edges


@settings(max_examples=8)
@given(days=fleets(), alert=st.sampled_from([3.0, 4.5, 9.0]))
def test_any_fleet_gives_a_typed_table_whose_parts_add_up(days, alert):
    found = bandwidth_anomalies(days, alert=alert, floor_GB=0)
    TABLES["bandwidth_anomalies"].check(found)
    parts = anomaly_contributions(days, alert=alert, floor_GB=0)
    TABLES["anomaly_contributions"].check(parts)
    assert set(parts["anomaly"]) == set(found["anomaly"])
    of_vms = found[found["scope"] == "vm"].set_index("anomaly")
    own = parts.set_index("anomaly").loc[of_vms.index]
    np.testing.assert_allclose(own["contribution_GB"], of_vms["impact_GB"])


@pytest.mark.parametrize(
    "days",
    [
        TABLES["vm_days"].frame(),
        days_of((1, "2026-11-01", "2026-11-01", {"in_MB": 1.0, "out_MB": 1.0, "status": "final"})),
        days_of((1, "2026-02-01", "2026-02-28", {"in_MB": 0.0, "out_MB": 0.0, "status": "final"})),
        days_of((1, "2026-10-01", "2026-11-30", {"in_MB": 5.0, "out_MB": 5.0, "status": "partial"})),
        days_of((1, "2026-10-01", "2026-11-30", {"status": None})),
        days_of(
            (1, "2026-10-01", "2026-11-30", {"in_MB": 9.0, "out_MB": 9.0, "status": "final"}),
            (2, "2026-11-30", "2026-11-30", {"in_MB": 9e6, "out_MB": 9e6, "status": "final"}),
        ),
    ],
    ids=["nothing", "first of a month", "february of zeros", "all partial", "no report", "born yesterday"],
)
def test_days_with_nothing_to_compare_give_an_empty_typed_table(days):
    for found, name in (
        (bandwidth_anomalies(days), "bandwidth_anomalies"),
        (anomaly_contributions(days), "anomaly_contributions"),
    ):
        TABLES[name].check(found)
        assert found.empty or set(found["vm_id"]) == {1, 2} or found["scope"].tolist() == ["account"]


def test_a_machine_that_wakes_from_zero_is_found():
    out = np.zeros((1, 60))
    out[0, 50] = 9_000
    (found,) = bandwidth_anomalies(fleet_of(out)).itertuples()
    assert (found.kind, found.expected_GB) == ("spike", 0)


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        ({"alert": 2.9}, "no alert at a score of 2.9: it is a number from 3 up"),
        ({"alert": np.nan}, "no alert at a score of nan"),
        ({"floor_GB": -1}, "neither is below 0"),
    ],
)
def test_a_threshold_that_is_none_is_named(thresholds, words):
    with pytest.raises(SchemaError, match=words):
        bandwidth_anomalies(fleet_of(steady()), **thresholds)


def test_each_day_of_an_outage_is_an_alert_and_not_only_the_first():
    out = steady(rows=1, noise=0.25)
    out[0, 45:50] = 0
    score = scores(DailySeries(FIRST_DAY, out)).score
    assert (score[0, 45:50] <= -ALERT).all()
    assert np.abs(score[0, 52:]).max() < ALERT, "what comes back is no news"


# -- calibration


def test_a_threshold_is_found_on_ones_own_archive():
    days = fleet_of(quiet(40, 120, 8))
    found = calibrated_alert(days, 0.5)
    assert found.alerts_per_vm_month <= 0.5
    assert found.sentence == (
        f"a threshold of {found.alert:.2f} would have raised {found.alerts_per_vm_month:.2f} alerts per VM-month"
    )
    strict = calibrated_alert(days, 0.05)
    assert strict.alert > found.alert
    told = bandwidth_anomalies(days, alert=strict.alert)
    assert (told["severity"] != "note").sum() <= strict.alerts_per_vm_month * strict.vm_months


def test_a_calm_archive_does_not_lower_the_least_threshold_that_is_asked_for():
    days = fleet_of(quiet(40, 120, 8))
    free, held = calibrated_alert(days, 2.0), calibrated_alert(days, 2.0, least=ALERT)
    assert free.alert < ALERT == held.alert
    assert held.alerts_per_vm_month < free.alerts_per_vm_month <= 2
    with pytest.raises(SchemaError, match="no alert at a score of 2"):
        calibrated_alert(days, least=2)


def test_too_little_to_calibrate_is_a_sentence():
    for days in (fleet_of(steady(days=30)), TABLES["vm_days"].frame()):
        found = calibrated_alert(days)
        assert found.alert == ALERT
        assert "calibrating needs 3 VM-months with 7 days of history before them, and " in found.sentence
    with pytest.raises(SchemaError, match="must be more than 0"):
        calibrated_alert(fleet_of(steady()), 0)


# -- what is required of the detector, on a part of the frozen benchmark


def test_what_is_found_at_two_alerts_in_a_hundred_days():
    found = recalls(quiet(400, 42, 1), history=28, factors=(3, 5, 1 / 5))
    assert found[3] >= 0.80
    assert found[5] >= 0.90
    assert found[1 / 5] >= 0.70


def test_more_is_found_than_by_deviations_from_the_mean_where_levels_go_their_own_way():
    wild = wandering(200, 42, 1)
    found, plain = (recalls(wild, history=28, detector=each, factors=(3, 5, 1 / 5)) for each in (ours, z_score))
    assert found[3] > plain[3]
    assert found[5] > plain[5]
    assert found[1 / 5] > plain[1 / 5] + 0.5


def test_a_fleet_in_which_nothing_happens_is_quiet():
    score = scores(DailySeries(FIRST_DAY, quiet(150, 120, 2))).score
    months = (~np.isnan(score)).sum() / 30.4375
    assert 0 < episode_count(score, ALERT) / months <= 1


def test_a_thousand_vms_are_scanned_in_a_tenth_of_the_time_for_ten_thousand():
    days = fleet_of(quiet(1_000, 56, 3))
    began = time.process_time()
    bandwidth_anomalies(days)
    assert time.process_time() - began < 1.5
