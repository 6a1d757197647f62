import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from benchmarks.daily_series import FIRST_DAY, quiet, wandering
from benchmarks.forecast import calibrated, measured, seasonal_naive
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.forecast import (
    LEVELS,
    PUBLISHED,
    DailySeries,
    backtest,
    backtest_month_ends,
    calibrated_spans,
    forecast,
    month_end,
)
from vmgen_analytics.forecast.profile import profiles
from vmgen_analytics.forecast.robust import middle, quantile

WEEK = np.array([5, 6, 6, 6, 5, 2, 1]) / 31 * 7  # Monday first
MONDAY = "2026-06-01"


def weekly(days, level=1000.0, noise=0.0, first=MONDAY, rows=1, seed=3):
    """Series with a known week; the first day is a Monday."""
    chance = np.random.default_rng(seed)
    values = level * WEEK[np.arange(days) % 7] * np.exp(noise * chance.standard_normal((rows, days)))
    return DailySeries.of(first, values)


def test_a_week_that_repeats_itself_is_expected_again():
    made = forecast(weekly(56), 14)
    assert made.first_day == np.datetime64("2026-07-27")
    np.testing.assert_allclose(
        made.expected[0], 1000 * np.tile(WEEK, 2), atol=100
    )  # drawn to an even week by one day in nine
    assert made.refusals == ("",)
    assert made.notes == ("",)


def test_one_wild_day_changes_little():
    values = weekly(56).values.copy()
    values[0, 50] *= 100
    made = forecast(DailySeries.of(MONDAY, values), 14)
    np.testing.assert_allclose(made.expected[0], 1000 * np.tile(WEEK, 2), atol=130)


def test_a_day_that_is_missing_is_not_a_day_of_0():
    values = weekly(56).values.copy()
    values[0, 45:52] = np.nan
    gap = forecast(DailySeries.of(MONDAY, values), 14)
    np.testing.assert_allclose(gap.expected, forecast(weekly(56), 14).expected, rtol=0.05)


def test_many_series_give_what_each_gives_alone():
    series = weekly(60, noise=0.3, rows=2)
    both = forecast(series, 30)
    for row in range(2):
        alone = forecast(DailySeries(series.first_day, series.values[row : row + 1]), 30)
        np.testing.assert_allclose(both.expected[row], alone.expected[0])
        np.testing.assert_allclose(both.total(0.9)[row], alone.total(0.9)[0])


def test_a_young_series_borrows_the_week_of_its_fleet():
    series = weekly(56, noise=0.1, rows=9)
    values = series.values.copy()
    values[0, :-5] = np.nan
    with_fleet = forecast(DailySeries(series.first_day, values), 14)
    alone = forecast(DailySeries(series.first_day, values[:1]), 14)
    truth = 1000 * np.tile(WEEK, 2)
    assert np.abs(with_fleet.expected[0] - truth).mean() < 0.5 * np.abs(alone.expected[0] - truth).mean()
    assert with_fleet.notes[0] == "5 days are known: from 14 days on the week is known, and the interval narrows"


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (0, "a forecast needs 3 final days, and no day is known of the last 84"),
        (1, "a forecast needs 3 final days, and 1 day is known of the last 84"),
        (2, "a forecast needs 3 final days, and 2 days are known of the last 84"),
    ],
)
def test_too_little_history_is_refused_by_a_sentence_and_the_others_are_not(known, words):
    values = np.full((2, 30), np.nan)
    values[0, 30 - known :] = 5.0
    values[1] = 7.0
    made = forecast(DailySeries.of(MONDAY, values), 10)
    assert made.refusals == (words, "")
    assert np.isnan(made.expected[0]).all()
    assert np.isnan(made.daily(0.9)[0]).all()
    np.testing.assert_allclose(made.expected[1], 7)


def test_old_days_are_no_history():
    values = np.full((1, 200), np.nan)
    values[0, :50] = 9.0
    assert forecast(DailySeries.of(MONDAY, values), 5).refusals[0].startswith("a forecast needs 3 final days")


def test_only_zeros_give_0_and_no_interval():
    made = forecast(DailySeries.of(MONDAY, np.zeros(40)), 30)
    assert made.expected.tolist() == [[0.0] * 30]
    assert np.isnan(made.total(0.9)).all()
    assert made.notes == ("every known day is 0: 0 is expected, and no interval can be given",)


def test_a_weekly_backup_is_forecast_as_a_mean_on_its_weekday():
    chance = np.random.default_rng(1)
    values = np.zeros((1, 84))
    values[0, 6::7] = 700 * np.exp(0.2 * chance.standard_normal(12))
    made = forecast(DailySeries.of(MONDAY, values), 28)
    assert made.notes == ("most of the newest days are 0: the mean is expected, not a usual day",)
    assert made.total(0.1)[0] < 4 * 700 < made.total(0.9)[0]
    assert made.expected[0].sum() == pytest.approx(2800, rel=0.15)
    assert set(np.argsort(made.expected[0])[-4:]) == {6, 13, 20, 27}


def test_days_without_reports_are_told():
    values = weekly(60).values.copy()
    values[0, -9:] = np.nan
    assert forecast(DailySeries.of(MONDAY, values), 5).notes == ("nothing is known of the last 9 days",)


@given(
    arrays.arrays(
        "float64",
        st.tuples(st.integers(1, 4), st.integers(0, 90)),
        elements=st.floats(1e-3, 1e12) | st.sampled_from([0.0, np.nan]),
    ),
    st.integers(1, 92),
)
def test_every_series_gives_ordered_quantiles_or_a_sentence(values, days):
    made = forecast(DailySeries.of(MONDAY, values), days)
    assert made.expected.shape == (len(values), days)
    assert [bool(sentence) for sentence in made.refusals] == np.isnan(made.expected).any(axis=1).tolist()
    quantiles = np.stack([made.cumulative(level) for level in LEVELS])
    has_interval = ~np.isnan(quantiles).any(axis=(0, 2))
    ordered = quantiles[:, has_interval]
    assert (np.diff(ordered, axis=0) >= -1e-6 * ordered[1:]).all()
    assert (np.diff(ordered, axis=2) >= 0).all()
    assert (ordered >= 0).all()


@pytest.mark.parametrize("days", [0, 93])
def test_days_that_cannot_be_forecast_are_named(days):
    with pytest.raises(SchemaError, match=f"cannot forecast {days} days: 1 to 92 days ahead can be"):
        forecast(weekly(30), days)


@pytest.mark.parametrize("values", [[1, -2], [np.inf], [[[1.0]]]])
def test_what_is_no_series_is_named(values):
    with pytest.raises(SchemaError, match="daily series"):
        DailySeries.of(MONDAY, values)


def test_a_level_that_was_not_measured_is_named():
    with pytest.raises(SchemaError, match=r"no quantile 0.99: what was measured reaches from 0.025 to 0.975"):
        forecast(weekly(30), 3).total(0.99)


# -- months


def test_a_month_is_what_is_known_and_what_is_expected():
    series = weekly(70).until(np.datetime64("2026-07-21"))
    month = month_end(series, "2026-07")
    truth = 1000 * WEEK[(np.arange(30, 61)) % 7].sum()
    assert month.days_known.tolist() == [20]
    assert month.days_estimated.tolist() == [11]
    assert month.expected[0] == pytest.approx(truth, rel=0.02)
    assert month.low[0] < month.expected[0] < month.high[0]
    assert month.known[0] == pytest.approx(1000 * WEEK[np.arange(30, 50) % 7].sum())


@pytest.mark.parametrize(
    ("until", "month", "known", "estimated"),
    [
        ("2026-07-01", "2026-07", 0, 31),
        ("2026-07-02", "2026-07", 1, 30),
        ("2027-02-27", "2027-02", 26, 2),
        ("2028-02-29", "2028-02", 28, 1),
        ("2026-12-31", "2026-12", 30, 1),
    ],
)
def test_the_edges_of_months(until, month, known, estimated):
    series = weekly(700).until(np.datetime64(until))
    found = month_end(series, month)
    assert (found.days_known[0], found.days_estimated[0]) == (known, estimated)
    assert found.low[0] <= found.expected[0] <= found.high[0]


def test_a_month_that_is_over_needs_no_forecast():
    series = weekly(30, first="2026-06-01")
    june = month_end(series, "2026-06")
    assert june.expected == june.known == june.low == june.high
    assert june.refusals == ("",)
    assert june.chance_over(1).tolist() == [1]
    assert june.chance_over(1e9).tolist() == [0]


def test_a_day_of_the_month_without_a_report_is_estimated():
    values = weekly(60).values.copy()
    values[0, 33] = np.nan
    found = month_end(DailySeries.of(MONDAY, values), "2026-07")
    assert (found.days_known[0], found.days_estimated[0]) == (29, 2)
    assert found.expected[0] == pytest.approx(1000 * WEEK[np.arange(30, 61) % 7].sum(), rel=0.02)


def test_the_days_before_a_series_began_are_not_its_own():
    values = np.full((1, 40), np.nan)
    values[0, 35:] = 10.0
    found = month_end(DailySeries.of(MONDAY, values), "2026-07")
    assert (found.days_known[0], found.days_estimated[0]) == (5, 21)
    assert found.expected[0] == pytest.approx(260)


def test_a_series_born_yesterday_has_what_is_known_and_a_refusal():
    values = np.full((1, 40), np.nan)
    values[0, 39] = 10.0
    found = month_end(DailySeries.of(MONDAY, values), "2026-07")
    assert found.known.tolist() == [10]
    assert np.isnan(found.expected).all()
    assert np.isnan(found.chance_over(100)).all()
    assert found.chance_over(9).tolist() == [1]
    assert found.refusals[0].startswith("a forecast needs 3 final days, and 1 day is known")


def test_nothing_known_at_all_is_a_refusal():
    for values in (np.full((2, 10), np.nan), np.empty((2, 0)), np.empty((0, 10))):
        found = month_end(DailySeries.of(MONDAY, values), "2026-06")
        assert found.known.tolist() == [0] * len(values)
        assert found.days_estimated.tolist() == [0] * len(values)


def test_a_month_of_zeros_expects_0():
    found = month_end(DailySeries.of("2026-02-01", np.zeros(20)), "2026-02")
    assert found.expected.tolist() == [0]
    assert np.isnan(found.chance_over(5)).all()
    assert np.isnat(found.passes(5)).all()


def test_the_chance_falls_with_the_limit_and_the_date_comes_later():
    series = weekly(60, noise=0.3).until(np.datetime64("2026-07-11"))
    found = month_end(series, "2026-07")
    limits = np.linspace(0.5, 9, 20) * found.expected[0]
    chances = [found.chance_over(limit)[0] for limit in limits]
    assert chances == sorted(chances, reverse=True)
    assert found.chance_over(found.expected[0])[0] == pytest.approx(0.5)
    assert (chances[0], chances[-1]) == pytest.approx((0.975, 0.025))
    limit = found.expected[0] * 0.9
    early, middle, late = (found.passes(limit, level)[0] for level in (0.9, 0.5, 0.1))
    assert early <= middle
    assert np.datetime64("2026-07-10") < early
    assert np.isnat(late) or late >= middle


def test_a_limit_that_is_exceeded_has_the_day_when_it_was():
    found = month_end(weekly(60, level=100), "2026-07")
    assert found.chance_over(250).tolist() == [1]
    assert {str(found.passes(250, level)[0]) for level in LEVELS} == {"2026-07-02"}


@pytest.mark.parametrize("limit", [-1, np.nan, np.inf])
def test_a_limit_that_is_none_is_named(limit):
    with pytest.raises(SchemaError, match="it is a number from 0 up"):
        month_end(weekly(40), "2026-07").chance_over(limit)


# -- back-tests


def test_a_back_test_tells_what_it_needs():
    found = backtest(weekly(20), 30)
    assert (found.forecasts, found.refusal) == (
        0,
        "a back-test needs 3 final days, and 30 more after them without a gap",
    )
    assert np.isnan(found.error)
    assert backtest_month_ends(weekly(20))[5].refusal == (
        "a back-test of month ends needs a month without a gap, and days before it"
    )


def test_month_ends_of_a_known_week_beat_the_run_rate():
    found = backtest_month_ends(weekly(365, noise=0.1, rows=5))
    assert found[5].forecasts == 60
    assert found[5].error < 0.5 * found[5].run_rate_error
    assert found[25].error < found[5].error < 0.1


def test_spans_of_ones_own_history_replace_the_published_ones():
    series = weekly(150, noise=0.3, rows=120)
    spans = calibrated_spans(series)
    assert spans.origin.startswith("11 of 11 from one's own history")
    found = backtest(series, 30, spans=spans)
    assert 0.72 <= found.cover_80 <= 0.88
    few = calibrated_spans(weekly(60))
    assert few.table == PUBLISHED.table


@given(
    arrays.arrays("float64", (3, 11), elements=st.floats(-1e6, 1e6) | st.just(np.nan)),
    st.sampled_from([0, 0.1, 0.5, 1]),
)
def test_quantiles_are_those_of_numpy(values, level):
    known = ~np.isnan(values).all(axis=1)
    found = quantile(values, level)
    assert np.isnan(found[~known]).all()
    if known.any():
        np.testing.assert_allclose(found[known], np.nanquantile(values[known], level, axis=1), atol=1e-6)


def test_the_middle_is_deaf_to_a_quarter_of_the_values_and_to_what_is_missing():
    row = np.array([[np.nan, 90.0, 5.0, 6.0, np.nan, 7.0, 1e9]])
    assert middle(row, 4)[0] == pytest.approx(6.75)  # of 5, 6, 7 and the wild one: the 5th and 6th of ten means
    assert middle(row, 3)[0] == pytest.approx(np.median([6.0, 6.5, 7.0, 5e8, 5e8, 1e9]), rel=1e-6)
    assert np.isnan(middle(np.full((1, 5), np.nan), 3)[0])
    assert middle(np.array([[3.0] * 20 + [800.0] * 3]), 14)[0] == 3


# -- what is required of the forecast, on a part of the frozen benchmark


@pytest.mark.parametrize("history", [10, 14, 21, 60, 120])
def test_forecasts_beat_the_week_before_and_their_intervals_hold(history):
    frozen = [(FIRST_DAY, wandering(200, 200, 11))]
    found, naive = measured(frozen, history), measured(frozen, history, seasonal_naive)
    assert found.mase <= 0.95 * naive.mase
    assert 0.72 <= found.days <= 0.88
    assert 0.72 <= found.totals <= 0.88


def test_calm_series_have_narrower_totals_than_those_whose_level_goes_its_own_way():
    calm, wild = (forecast(DailySeries(FIRST_DAY, fleet(80, 84, 5)), 30) for fleet in (quiet, wandering))
    widths = [np.median(np.log(made.total(0.9) / made.total(0.1))) for made in (calm, wild)]
    assert widths[0] < 0.75 * widths[1]


def test_a_weekday_that_differs_by_chance_alone_is_drawn_to_an_even_week():
    chance = np.random.default_rng(8)
    noise, week = np.exp(0.3 * chance.standard_normal((2, 300, 14))), np.tile(WEEK, 2)
    even, uneven = (profiles(DailySeries.of(MONDAY, each)).usual for each in (noise[0], noise[1] * week))
    assert np.log(even / np.exp(np.log(even).mean(axis=1, keepdims=True))).std() < 0.3 / np.sqrt(2) / 1.5
    assert np.corrcoef(np.log(uneven).mean(axis=0), np.log(WEEK))[0, 1] > 0.98
    assert np.ptp(np.log(uneven).mean(axis=0)) > 0.8 * np.ptp(np.log(WEEK))


@pytest.mark.parametrize("fleet", [quiet, wandering])
def test_spans_of_the_first_months_hold_in_the_later_ones(fleet):
    found = calibrated(fleet(100, 300, 11), 150)
    assert 0.72 <= found.days <= 0.88
    assert 0.72 <= found.totals <= 0.88
