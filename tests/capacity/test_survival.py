"""How old VMs become: by hand, against the textbook, by trial, and each refusal."""

import numpy as np
import pandas as pd
import pytest
from machines_by_hand import life, lives, synced

from vmgen_analytics import vm_lifetime, vm_survival
from vmgen_analytics.schema import TABLES


def of_ages(*ages, first="2026-01-01"):
    """VMs born on one day; a negative age is one that was reached and not died at."""
    born = pd.Timestamp(first)
    rows = []
    for vm_id, age in enumerate(ages, start=1):
        last = born + pd.Timedelta(days=abs(age) - 1)
        if age > 0:  # gone on the day after, so that the middle of both is half a day over age - 1
            rows.append(life(vm_id, first, last, died_max=last + pd.Timedelta(days=2)))
        else:
            rows.append(life(vm_id, first, account=f"until-{-age}"))
    return TABLES["lifetimes"].cast(pd.DataFrame(rows))


def test_the_curve_of_the_textbook():
    # Kaplan and Meier's estimate by hand: deaths at 2, 4 and 4 of five, then of those that are left
    fleet = of_ages(2, 4, 4, 7, 9)
    curve = vm_survival(fleet, synced("2025-12-31", "2026-03-31"))
    TABLES["vm_survival"].check(curve)
    assert curve["age_d"].tolist() == [2, 4, 7, 9]
    assert curve["at_risk"].tolist() == [5, 4, 2, 1]
    assert curve["survival"].tolist() == pytest.approx([0.8, 0.4, 0.2, 0.0])
    assert (curve["survival_low"] <= curve["survival"]).all()
    assert (curve["survival"] <= curve["survival_high"]).all()


def test_censored_vms_leave_without_dying():
    fleet = lives((1, "2026-01-01", "2026-01-10"), (2, "2026-01-01"), (3, "2026-01-20"))
    curve = vm_survival(fleet, synced("2025-12-31", "2026-01-31"))
    assert curve[["age_d", "at_risk", "deaths", "censored"]].to_numpy().tolist() == [
        [9, 3, 1, 0],
        [11, 2, 0, 1],
        [30, 1, 0, 1],
    ]
    assert curve["survival"].tolist() == pytest.approx([2 / 3] * 3)


def test_a_vm_of_known_birth_that_was_found_running_enters_late():
    # VM 2 was made 100 days before anyone looked: it tells nothing of the first 100 days of a life
    fleet = lives((1, "2026-01-02", "2026-01-11"), (2, "2025-09-23"), (3, "2026-01-02"))
    curve = vm_survival(fleet, synced("2026-01-01", "2026-01-31"))
    assert curve[["age_d", "at_risk", "deaths"]].to_numpy().tolist() == [[9, 2, 1], [29, 1, 0], [130, 1, 0]]


def test_a_vm_of_unknown_birth_has_no_age():
    fleet = lives((1, None), (2, None, "2026-01-20"))
    assert vm_survival(fleet, synced("2026-01-01", "2026-01-31")).empty


def simulated(seed, mean_d, months=24):
    """A fleet whose lifetimes are exponential, of which half ran before anyone looked; only born ones are dated."""
    chance = np.random.default_rng(seed)
    first, last = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-01") + pd.Timedelta(days=30 * months)
    rows = []
    for vm_id in range(1, 241):
        born = first + pd.Timedelta(days=int(chance.integers(-300, 30 * months - 30)))
        died = born + pd.Timedelta(days=int(chance.exponential(mean_d)))
        if died < first:
            continue  # nobody ever saw it
        is_known = born >= first or vm_id % 2  # of some that ran before, a job tells the birth
        rows.append(life(vm_id, born if is_known else None, died if died <= last else None))
    return TABLES["lifetimes"].cast(pd.DataFrame(rows)), synced(first, last)


def test_the_true_median_is_inside_about_as_often_as_promised_though_the_dead_before_were_never_seen():
    inside, medians = [], []
    for seed in range(40):
        row = vm_lifetime(vm_survival(*simulated(seed, 120))).iloc[0]
        assert row["reason"] == ""
        medians.append(row["median_d"])
        inside.append(row["median_low_d"] <= 120 * np.log(2) <= row["median_high_d"])
    assert 0.68 <= np.mean(inside) <= 0.92
    assert np.mean(medians) == pytest.approx(120 * np.log(2), rel=0.06)


def test_too_few_deaths_are_refused():
    row = vm_lifetime(vm_survival(of_ages(2, 4), synced("2025-12-31", "2026-03-31"))).iloc[0]
    assert row["reason"] == "2 deaths of VMs of known birth are too few; a median needs 10"
    assert np.isnan(row["median_d"])


def test_a_fleet_that_outlives_its_history_is_refused():
    mortal = [(number, "2026-01-01", "2026-01-20") for number in range(1, 13)]
    lasting = [(number, "2026-01-01") for number in range(13, 100)]
    row = vm_lifetime(vm_survival(lives(*mortal, *lasting), synced("2025-12-31", "2026-02-28"))).iloc[0]
    assert row["reason"] == "88 % of the VMs outlive the 58 days that were observed"


def test_few_under_observation_are_refused():
    ages = [3, 5, 9, 14, 20, 21, 22, 23, 24, 25, 26]
    spread = [
        (100 + number, born, born + pd.Timedelta(days=age))
        for number, age in enumerate(ages)
        for born in [pd.Timestamp("2026-01-02") + pd.Timedelta(days=number)]
    ]
    row = vm_lifetime(vm_survival(lives(*spread), synced("2026-01-01", "2026-03-31"))).iloc[0]
    assert row["median_d"] == 21
    few = [(number, *spread[number - 1][1:]) for number in range(1, 3)]
    staggered = [
        (200 + number, pd.Timestamp("2025-06-01"), pd.Timestamp("2026-01-05") + pd.Timedelta(days=number))
        for number in range(12)
    ]
    row = vm_lifetime(vm_survival(lives(*few, *staggered), synced("2026-01-01", "2026-03-31"))).iloc[0]
    assert row["reason"] == (
        "at the age of 3 days only 2 VMs were observed; it takes 5, so a median needs a longer history"
    )


def test_by_package_and_nothing():
    fleet = TABLES["lifetimes"].cast(
        pd.DataFrame([life(1, "2026-01-05", "2026-01-10", package="Large"), life(2, "2026-01-05")])
    )
    curve = vm_survival(fleet, synced("2026-01-01", "2026-01-31"), "package")
    assert curve["package"].tolist() == ["Large", "Small"]
    assert vm_lifetime(curve)["vms"].tolist() == [1, 1]
    empty = vm_survival(lives(), synced("2026-01-01", "2026-01-31"))
    TABLES["vm_survival"].check(empty)
    TABLES["vm_lifetime"].check(vm_lifetime(empty))
