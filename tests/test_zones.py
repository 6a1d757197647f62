"""Times that a zone's clocks show twice, or not at all."""

import pandas as pd
import pytest

from vmgen_analytics.zones import end_of_month, instant, instants


@pytest.mark.parametrize(
    ("zone", "shown", "first"),
    [
        ("America/Havana", "2026-11-01 00:00", "2026-11-01 04:00"),  # comes twice
        ("America/Santiago", "2026-09-06 00:00", "2026-09-06 04:00"),  # does not come: the clocks go on to 01:00
        ("Asia/Kolkata", "2026-11-01 00:00", "2026-10-31 18:30"),
    ],
)
def test_the_first_instant_counts(zone, shown, first):
    moment, found = pd.Timestamp(shown), pd.Timestamp(first, tz="UTC")
    assert instant(moment, zone) == found
    assert list(instants(pd.Series([moment]), zone)) == [found]


def test_a_month_ends_where_the_next_begins():
    assert end_of_month(pd.Period("2026-10"), "America/Havana") == pd.Timestamp("2026-11-01 04:00", tz="UTC")
