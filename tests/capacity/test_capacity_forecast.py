"""When limits are reached: surely, by chance, as often as promised; and each refusal's sentence."""

import numpy as np
import pandas as pd
import pytest
from machines_by_hand import SIZE, days_of, drawn, life, lives, synced

from vmgen_analytics import Limit, capacity_forecast, footprint_forecast
from vmgen_analytics.errors import SchemaError, SettingsError
from vmgen_analytics.schema import TABLES

LAST = "2026-06-30"


def weekly(births=26, deaths=0, first="2026-01-01", start=4, account="main"):
    """A VM more each week, of some that were there."""
    before = [(number, None) for number in range(1, start + 1)]
    born = [pd.Timestamp(first) + pd.Timedelta(days=7 * number) for number in range(births)]
    gone = [(day + pd.Timedelta(days=5) if number < deaths else None) for number, day in enumerate(born)]
    rows = [*before, *((100 + number, *pair) for number, pair in enumerate(zip(born, gone, strict=True)))]
    return TABLES["lifetimes"].cast(pd.DataFrame([life(*row, account=account) for row in rows]))


def asked(fleet, *limits, first="2026-01-01", last=LAST, days=None, **options):
    days = days_of(fleet, last) if days is None else days
    found = capacity_forecast(Limit.of(limits), fleet, synced(first, last), days, **options)
    TABLES["capacity_forecast"].check(found)
    return found.to_dict("records")


def test_a_steady_fleet_reaches_its_limit_when_it_should():
    (row,) = asked(weekly(), {"measure": "vms", "amount": 43})
    assert (row["used"], row["free"], row["state"], row["reason"]) == (30, 13, "expected", "")
    assert row["reached_p10"] < row["reached_p50"] < row["reached_p90"]
    # 13 more at one a week: a quarter of a year, and chance around it
    assert abs((row["reached_p50"] - pd.Timestamp(LAST)).days - 91) < 14
    assert row["net_per_month_low"] < 26 * 30.4375 / 181 < row["net_per_month_high"]
    assert row["chance"] > 0.99


def test_sizes_grow_as_the_vms_do():
    vms, vcpus, disk = asked(
        weekly(), *({"measure": name, "amount": 43 * by} for name, by in (("vms", 1), ("vcpus", 2), ("disk_GB", 60)))
    )
    assert vcpus["used"] == 60
    for row in (vcpus, disk):
        assert abs((row["reached_p50"] - vms["reached_p50"]).days) <= 5


def test_a_limit_far_away_is_unlikely_and_one_at_the_edge_is_possible():
    far, edge = asked(weekly(), {"measure": "vms", "amount": 300}, {"measure": "vms", "amount": 92, "account": "main"})
    assert (far["state"], far["chance"], far["reached_p10"]) == ("unlikely", 0, pd.NaT)
    assert far["reason"] == "100 % of the futures do not reach it within 365 days"
    assert edge["state"] == "possible"
    assert edge["reached_p10"] > pd.Timestamp("2027-01-01")
    assert edge["reached_p50"] is pd.NaT


def test_a_limit_that_is_reached_is_so_today():
    over, just, none = asked(
        weekly(),
        {"measure": "vms", "amount": 29},
        {"measure": "vms", "amount": 30, "account": "main"},
        {"measure": "vms", "amount": 0, "location": "Warsaw"},
    )
    assert (over["state"], over["free"], over["chance"]) == ("reached", -1, 1)
    assert (just["state"], just["used_share"]) == ("reached", 1)
    assert np.isnan(none["used_share"])


def test_the_same_seed_is_the_same_answer():
    fleet, limit = weekly(), {"measure": "vms", "amount": 43}
    assert asked(fleet, limit, seed=3) == asked(fleet, limit, seed=3)
    assert asked(fleet, limit, seed=3) != asked(fleet, limit, seed=4)


def test_a_fleet_that_stays_has_no_trend():
    (row,) = asked(weekly(deaths=26), {"measure": "vms", "amount": 12})
    assert row["state"] == "no trend"
    assert row["reason"].startswith("no trend to date it by: ")
    assert "is possible;" in row["reason"]
    assert 0 < row["chance"] < 1
    assert row["reached_p50"] is pd.NaT


@pytest.mark.parametrize(
    ("fleet", "options", "reason"),
    [
        (
            weekly(first="2026-05-01", births=8),
            {"first": "2026-05-01"},
            "account main was observed for 61 days, and a date needs 90; seen were 8 births and 0 deaths, +8 VMs",
        ),
        (
            weekly(births=4, deaths=1),
            {},
            "4 births in 181 days are too few for a date, which needs 5; seen were 4 births and 1 death, +3 VMs",
        ),
        (
            weekly(births=1, start=0),
            {},
            "1 birth in 181 days is too few for a date, which needs 5; seen were 1 birth and 0 deaths, +1 VM",
        ),
        (lives(), {}, "no VM was seen there in a complete inventory; a date needs some"),
    ],
)
def test_what_does_not_suffice_is_refused_in_a_sentence(fleet, options, reason):
    (row,) = asked(fleet, {"measure": "vms", "amount": 100}, **options)
    assert (row["state"], row["reason"]) == ("unknown", reason)
    assert row["reached_p10"] is pd.NaT


def test_unknown_sizes_are_refused_and_vms_are_not():
    fleet = weekly()
    days = days_of(fleet, LAST, ram_GB=lambda vm_id: np.nan if vm_id == 2 else 4.0)
    vms, ram, disk = asked(
        fleet, *({"measure": name, "amount": 10_000} for name in ("vms", "ram_GB", "disk_GB")), days=days
    )
    assert ram["reason"] == "the size of 1 of 30 VMs is unknown, so GB of RAM cannot be added up"
    assert ram["state"] == "unknown"
    assert {vms["state"], disk["state"]} == {"unlikely"}
    days = days_of(fleet, LAST, **dict.fromkeys(SIZE, np.nan))
    vms, ram = asked(fleet, {"measure": "vms", "amount": 40}, {"measure": "vcpus", "amount": 40}, days=days)
    assert vms["state"] == "expected"
    assert ram["reason"] == "the size of 30 of 30 VMs is unknown, so vCPUs cannot be added up"


def test_places_are_told_apart_and_vms_without_one_are_said():
    fleet = weekly()
    days = days_of(fleet, LAST, location=lambda vm_id: {0: "Warsaw", 1: "Dallas"}.get(vm_id % 5))
    warsaw, misspelt = asked(
        fleet,
        {"measure": "vms", "amount": 20, "location": "Warsaw"},
        {"measure": "vms", "amount": 20, "location": "Warsow"},
        days=days,
    )
    assert warsaw["used"] == sum(vm_id % 5 == 0 for vm_id in fleet["vm_id"])
    unplaced = sum(vm_id % 5 > 1 for vm_id in fleet["vm_id"])
    assert f"{unplaced} VMs without a known location may stand there too and are not in it" in warsaw["reason"]
    assert misspelt["reason"] == (
        "line 2 names the location 'Warsow', in which no VM was ever seen; did you mean Warsaw?"
    )


def test_two_accounts_add_up():
    fleet = pd.concat([weekly(), weekly(account="other")], ignore_index=True)
    syncs = pd.concat([synced("2026-01-01", LAST), synced("2026-01-01", LAST, "other")], ignore_index=True)
    limits = Limit.of([{"measure": "vms", "amount": 86}, {"measure": "vms", "amount": 43, "account": "other"}])
    both, one = capacity_forecast(limits, fleet, syncs, days_of(fleet, LAST)).to_dict("records")
    assert (both["used"], one["used"]) == (60, 30)
    assert abs((both["reached_p50"] - one["reached_p50"]).days) < 14


def coverage(fleets, months, births, hazard, batches=1):
    """How often eight of ten futures hold what came, and how often each side is missed."""
    inside, below = [], []
    for seed in range(fleets):
        fleet, counts = drawn(
            seed, "2025-01-01", "2026-07-31", start=30, births_per_month=births, hazard_per_month=hazard
        )
        last = pd.Timestamp("2025-01-01") + pd.DateOffset(months=months) - pd.Timedelta(days=1)
        gone = fleet["died_max"].notna() & (fleet["died_min"] <= last)
        known = fleet[fleet["born_max"] <= last].assign(died_max=fleet["died_max"].where(gone))
        known["died_min"] = known["died_min"].where(gone, pd.Timestamp("2026-12-31"))
        found = footprint_forecast(
            known, synced("2025-01-01", last), days_of(known, last), horizon_months=6, paths=300, seed=seed
        )
        end = found[found["measure"] == "vms"].iloc[-1]
        if end["reason"]:
            continue
        truth = counts[end["date"]]
        inside.append(end["low"] <= truth <= end["high"])
        below.append(truth < end["low"])
    return np.mean(inside), np.mean(below), len(inside)


def test_eight_of_ten_futures_hold_what_comes():
    inside, below, fleets = coverage(40, months=6, births=5, hazard=0.05)
    assert fleets == 40
    assert 0.65 <= inside <= 0.95
    assert below <= 0.2


@pytest.mark.endurance
@pytest.mark.parametrize(("months", "births", "hazard"), [(3, 4, 0.02), (6, 2, 0.02), (12, 10, 0.1), (9, 5, 0.2)])
def test_eight_of_ten_futures_hold_what_comes_to_many_fleets(months, births, hazard):
    inside, below, fleets = coverage(300, months, births, hazard)
    print(f"{months} months, {births} births, {hazard:.0%} churn: {inside:.1%} of {fleets} inside, {below:.1%} below")  # noqa: T201 - figures
    assert 0.74 <= inside <= 0.90


def test_the_footprint_forecast_begins_with_what_is_and_widens():
    fleet = weekly()
    found = footprint_forecast(fleet, synced("2026-01-01", LAST), days_of(fleet, LAST), horizon_months=6)
    TABLES["footprint_forecast"].check(found)
    vms = found[found["measure"] == "vms"]
    assert vms.iloc[0][["low", "middle", "high"]].tolist() == [30, 30, 30]
    assert str(vms["date"].iloc[0].date()) == LAST
    assert len(vms) == 7
    assert (vms["high"] - vms["low"]).is_monotonic_increasing
    vcpus = found[found["measure"] == "vcpus"]
    assert vcpus["middle"].iloc[-1] == pytest.approx(2 * vms["middle"].iloc[-1], rel=0.1)


def test_the_footprint_forecast_refuses_in_a_sentence():
    fleet = lives((1, "2026-02-28"))
    found = footprint_forecast(fleet, synced("2026-02-01", "2026-03-01"), days_of(fleet, "2026-03-01"))
    assert len(found) == 4
    assert found["middle"].isna().all()
    assert set(found["reason"]) == {
        "account main was observed for 29 days, and a date needs 90; seen were 1 birth and 0 deaths, +1 VM"
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cores,5,,,", r"line 2: measure is 'cores'; it is one of vms, vcpus, ram_GB, disk_GB"),
        ("vms,,,,", r"line 2: amount is ''; it must be a number from 0 to 9,000,000,000"),
        ("vms,-1,,,", r"line 2: amount is '-1'"),
        ("vms,5,,,\nvms,6,,,\nvms,5,,,x", r"line 4: .*line 2 is the same limit; leave one"),
        (",5,,,", r"line 2: the measure is empty"),
    ],
)
def test_a_wrong_line_of_limits_is_named(tmp_path, line, words):
    file = tmp_path / "limits.csv"
    file.write_text(f"measure,amount,account,location,note\n{line}\n")
    with pytest.raises(SettingsError, match=words):
        Limit.read(file)


def test_limits_are_read_and_said(tmp_path):
    file = tmp_path / "limits.csv"
    file.write_text("measure,amount,location\nvms,1,\nram_GB,1024.5,Warsaw\n")
    assert [limit.says for limit in Limit.read(file)] == ["1 VM", "1,024.5 GB of RAM in Warsaw"]
    assert Limit("vcpus", 64, account="main").says == "64 vCPUs of account main"
    with pytest.raises(SettingsError, match="the limit: amount is nan"):
        Limit("vms", float("nan"))
    with pytest.raises(SettingsError, match="line 1: no column 'amuont' is known"):
        Limit.of([{"measure": "vms", "amuont": 5}])


def test_one_measure_is_foretold_as_it_is_among_all():
    fleet = weekly()
    tables = fleet, synced("2026-01-01", LAST), days_of(fleet, LAST)
    of_all = footprint_forecast(*tables)
    alone = footprint_forecast(*tables, measures=["ram_GB"])
    pd.testing.assert_frame_equal(alone, of_all[of_all["measure"] == "ram_GB"].reset_index(drop=True))
    assert footprint_forecast(*tables, measures=[]).empty
    with pytest.raises(SchemaError, match="no measure 'cores'; it has vms, vcpus"):
        footprint_forecast(*tables, measures=["cores"])
