import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from vmgen_analytics.cost.cents import printed_cents, rounded

MILLIONTHS = st.integers(-(10**12), 10**12)


@given(st.lists(MILLIONTHS, min_size=1, max_size=60))
def test_printed_lines_add_up_to_the_printed_total(millionths):
    amounts = [amount / 1e6 for amount in millionths]
    printed = printed_cents(amounts)
    cents = [round(amount * 100) for amount in printed]
    assert sum(cents) == round(rounded(sum(millionths) / 1e6) * 100)
    assert all(abs(cent * 10_000 - amount) < 10_000 for cent, amount in zip(cents, millionths, strict=True))


@given(st.lists(MILLIONTHS, min_size=1, max_size=20), st.integers(-300, 300))
def test_lines_add_up_to_a_total_that_is_given(millionths, total):
    printed = printed_cents([amount / 1e6 for amount in millionths], total / 100)
    assert sum(round(amount * 100) for amount in printed) == total


def test_what_is_missing_stays_missing():
    printed = printed_cents([0.005, np.nan, 0.005])
    assert np.isnan(printed[1])
    assert np.nansum(printed) == pytest.approx(0.01)


def test_nothing_is_nothing():
    assert printed_cents([]).tolist() == []


@pytest.mark.parametrize(("amount", "cents"), [(0.005, 0.01), (-0.005, -0.01), (2.675, 2.68), (1.004999, 1.0)])
def test_halves_go_away_from_zero(amount, cents):
    assert rounded(amount) == cents
