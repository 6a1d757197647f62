"""Exact Poisson intervals: against Garwood's printed values, against their definition, and by trial."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgen_analytics.capacity.poisson import dispersion, poisson_interval


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0, 3.689), (1, 0.0253, 5.572), (2, 0.242, 7.225), (5, 1.623, 11.668), (10, 4.795, 18.390), (50, 37.11, 65.92)],
)
def test_intervals_of_95_per_cent_are_those_of_the_printed_tables(count, low, high):
    assert poisson_interval(count, 0.95) == (pytest.approx(low, abs=6e-3), pytest.approx(high, abs=6e-3))


@given(count=st.integers(0, 2_000), level=st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_an_end_leaves_out_its_part(count, level):
    low, high = poisson_interval(count, level)
    assert low <= count <= high
    assert _no_more_than(count, high) == pytest.approx((1 - level) / 2, rel=1e-6)
    if count:
        assert 1 - _no_more_than(count - 1, low) == pytest.approx((1 - level) / 2, rel=1e-6)


def _no_more_than(count, expected):
    """Add up the probabilities of so many events and of each number below."""
    logs = (number * math.log(expected) - expected - math.lgamma(number + 1) for number in range(count + 1))
    return math.fsum(math.exp(each) for each in logs)


@pytest.mark.parametrize("expected", [0.3, 2.5, 12.0])
def test_the_truth_is_inside_as_often_as_promised(expected):
    counts = np.random.default_rng(5).poisson(expected, 3_000)
    ends = [poisson_interval(int(count), 0.8) for count in counts]
    inside = np.mean([low <= expected <= high for low, high in ends])
    assert 0.79 <= inside <= 0.97, "exact intervals hold the truth at least as often, and not much more"


@pytest.mark.parametrize(("count", "level"), [(-1, 0.8), (1, 0), (1, 1)])
def test_what_is_no_count_or_level_is_refused(count, level):
    with pytest.raises(ValueError, match="counts start at 0, and levels are within 0 and 1"):
        poisson_interval(count, level)


def test_batches_are_told_from_events_one_by_one():
    even = np.full(12, 30.0)
    chance = np.random.default_rng(1)
    assert dispersion(chance.poisson(4, 12).astype(float), even) < 2
    assert dispersion(np.array([0, 0, 24.0, 0, 0, 0, 0, 24, 0, 0, 0, 0]), even) > 10
    assert dispersion(np.zeros(12), even) == 1
    assert dispersion(np.array([7.0]), np.array([30.0])) == 1
