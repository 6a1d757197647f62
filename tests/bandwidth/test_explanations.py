import numpy as np
import pandas as pd
import pytest
from bandwidth.test_anomalies import fleet_of, steady, told_on

from benchmarks.daily_series import FIRST_DAY
from vmgen_analytics import anomaly_contributions, bandwidth_anomalies, vm_days
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES


def day_of(column):
    return pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=column)


def spiked(day=50, rows=5):
    out = steady(rows=rows)
    out[0, day] *= 6
    return out


def told(days, **others):
    (found,) = told_on(bandwidth_anomalies(days, **others), 50).itertuples()
    return found.coincides_with


def jobs_of(*jobs):
    vm_id, event, day, status = zip(*jobs, strict=True)
    started = [day_of(each).tz_localize("UTC") + pd.Timedelta(hours=9) for each in day]
    return TABLES["jobs"].frame(
        {"account": ["main"] * len(jobs), "vm_id": vm_id, "event": event, "started_at": started, "status": status}
    )


def test_nothing_known_is_said():
    assert told(fleet_of(spiked())) == "nothing else that is known"


def test_jobs_of_the_day_before_and_after_coincide_and_others_do_not():
    jobs = jobs_of(
        (1, "reboot", 49, "done"),
        (1, "power_off", 51, "failed"),
        (1, "power_on", 53, "done"),
        (2, "reboot", 50, "done"),
    )
    found = told(fleet_of(spiked()), jobs=jobs)
    assert found == "job reboot (done) on 2026-02-23; job power_off (failed) on 2026-02-25"
    assert "cause" not in found


def test_a_change_of_package_and_state_coincide_in_that_order():
    days = fleet_of(spiked())
    is_late = (days["vm_id"] == 1) & (days["date"] >= day_of(50))
    days.loc[is_late, "package"] = "Large"
    days.loc[is_late & (days["date"] == day_of(51)), "state"] = "DOWN"
    assert (
        told(days) == "package changed from Small to Large on 2026-02-24; state changed from UP to DOWN on 2026-02-25"
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "no report of traffic on 2026-02-23"),
        ("partial", "only a part of the day was seen on 2026-02-23"),
        ("lost_tail", "the end of the day was never seen on 2026-02-23"),
    ],
)
def test_a_gap_before_it_coincides(status, words):
    days = fleet_of(spiked())
    days.loc[(days["vm_id"] == 1) & (days["date"] == day_of(49)), "status"] = status
    assert told(days) == words


def test_a_gap_after_it_does_not():
    days = fleet_of(spiked())
    days.loc[(days["vm_id"] == 1) & (days["date"] == day_of(51)), "status"] = "partial"
    assert told(days) == "nothing else that is known"


def test_a_death_explains_the_drop_of_its_account():
    out = steady(rows=3)
    out[0] *= 20
    days = fleet_of(out)
    days = days[(days["vm_id"] != 1) | (days["date"] < day_of(50))].reset_index(drop=True)
    found = told_on(bandwidth_anomalies(days), 50).iloc[0]
    assert (found["scope"], found["kind"]) == ("account", "drop")
    assert found["explained_by"].startswith("vm-1 (-")
    assert found["coincides_with"].startswith("vm-1: last seen on 2026-02-23")


def test_a_birth_explains_the_rise_of_its_account():
    out = steady(rows=3)
    out[0] *= 20
    days = fleet_of(out)
    days = days[(days["vm_id"] != 1) | (days["date"] >= day_of(50))].reset_index(drop=True)
    found = told_on(bandwidth_anomalies(days), 50).iloc[0]
    assert (found["scope"], found["kind"]) == ("account", "spike")
    assert found["explained_by"].startswith("vm-1 (+")
    assert found["coincides_with"].startswith("vm-1: first seen on 2026-02-24")


def test_a_rise_and_a_fall_that_even_out_are_both_told():
    out = steady(rows=10)
    out[0, 50] *= 4
    out[1, 50] /= 10
    found = told_on(bandwidth_anomalies(fleet_of(out)), 50)
    assert {(row.vm_id, row.kind) for row in found.itertuples()} == {(1, "spike"), (2, "drop")}


def test_contributions_of_an_account_are_those_of_its_vms_rises_and_falls_apart():
    out = steady(rows=60, noise=0.25)
    out[:, 55] *= 1.7
    days = fleet_of(out)
    parts = anomaly_contributions(days, anomalies=[1])
    worst = bandwidth_anomalies(days).iloc[0]
    assert parts["vm_id"].nunique() == worst["vms"] == 60
    assert parts["contribution_GB"].sum() == pytest.approx(worst["impact_GB"], rel=0.1)
    for sign in (1, -1):
        own = parts[np.sign(parts["contribution_GB"]) == sign]
        assert own["share"].sum() == pytest.approx(1 if len(own) else 0)
        main = own[own["is_main"]]
        if len(own):
            assert main["share"].sum() >= 0.8
            assert main["share"].sum() - main["share"].min() < 0.8
    named = worst["explained_by"]
    largest = parts.loc[parts["contribution_GB"].idxmax(), "vm_name"]
    assert named.startswith(f"{largest} (+")
    assert "more" in named


def test_an_anomaly_that_is_none_is_named():
    with pytest.raises(SchemaError, match="no anomaly 7; there are 1"):
        anomaly_contributions(fleet_of(spiked()), floor_GB=50, anomalies=[7])


def test_a_vm_without_a_name_has_its_number():
    days = fleet_of(spiked()).assign(vm_name=pd.Series([None] * 300, dtype="str"))
    found = told_on(bandwidth_anomalies(days), 50).iloc[0]
    assert found["group"] == "VM 1"
    assert found["explained_by"].startswith("VM 1 (+")


def test_the_days_and_jobs_of_an_archive_are_taken_as_they_are(october):
    days = vm_days(october.archive, "2026-10", "2026-11")
    found = bandwidth_anomalies(days, october.archive.read("jobs"), floor_GB=0, alert=3)
    TABLES["bandwidth_anomalies"].check(found)
    assert set(found["vm_id"].dropna()) <= set(days["vm_id"])
    assert found["first_day"].between(days["date"].min() + pd.Timedelta(days=7), days["date"].max()).all()
    assert (found["coincides_with"] != "").all()
