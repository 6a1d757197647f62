"""Mean rates of days, also of those with 23 or 25 hours."""

import pytest
from strategies import days_of

from vmgen_analytics import daily_means
from vmgen_analytics.schema import TABLES


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-11-20", "UTC", 24),
        ("2026-03-29", "Europe/Warsaw", 23),
        ("2026-10-25", "Europe/Warsaw", 25),
        ("2026-03-29", "UTC", 24),
        ("2026-04-24", "Africa/Cairo", 23),  # its clocks change at midnight
    ],
)
def test_a_day_is_as_long_as_it_is_where_the_account_is(day, zone, hours):
    days = days_of((1, day, day, {"in_MB": 450.0 * hours, "out_MB": 900.0 * hours, "status": "final"}))
    (row,) = daily_means(days, time_zone=zone).itertuples()
    assert (row.in_mean_Mbps, row.out_mean_Mbps) == pytest.approx((1.0, 2.0))
    assert row.is_complete


def test_what_is_not_known_has_no_rate():
    days = days_of((1, "2026-11-01", "2026-11-01", {"out_MB": 0.0}), (2, "2026-11-02", "2026-11-02", {}))
    found = daily_means(days, "vm_id")
    assert found["out_mean_Mbps"].isna().tolist() == [False, True]
    assert not found["is_complete"].any()
    TABLES["daily_means"].check(daily_means(TABLES["vm_days"].frame()))
