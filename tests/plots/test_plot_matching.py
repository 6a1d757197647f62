"""Whether it matches the invoices, month by month."""

import numpy as np
import pandas as pd
from capacity_to_draw import matches_of
from tables_to_draw import texts

from vmgen_analytics import plots
from vmgen_analytics.plots import style

SPACE = "\N{NO-BREAK SPACE}"
ROWS = (
    ("2026-09", 100.0, 0.0, 100.0, "matched"),
    ("2026-10", 120.0, 20.0, 118.5, "unallocated: no VM is known in that month"),
    ("2026-10", -5.0, 0.0, np.nan, "counted with invoice 2, the largest of the month"),
)


def widths(ax):
    return [round(bar.get_width(), 6) for each in ax.containers for bar in each]


def test_a_month_is_a_bar_of_what_was_given_and_a_tick_of_its_list_cost():
    ax = plots.reconciliation(matches_of(*ROWS), currency="EUR")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["October 2026", "September 2026"]
    assert widths(ax) == [95.0, 20.0, 100.0]
    assert ax.containers[1][0].get_hatch() == style.HATCH
    assert [lines.get_segments()[0][0][0] for lines in ax.collections] == [118.5, 100.0]
    said = texts(ax)
    assert f"115.00{SPACE}EUR invoiced, +1.50 against list cost" in said
    assert "unallocated: no VM is known in that month" in said
    assert not any("counted with" in text for text in said)
    assert plots.alt_text(ax).startswith(f"Of 2 months, 1 match their list cost; 20.00{SPACE}EUR went to no VM")
    assert ax.get_xlabel() == "invoices of the month [EUR]"


def test_accounts_are_drawn_as_one_and_their_reasons_are_told_apart():
    both = pd.concat([matches_of(*ROWS[:1]), matches_of(*ROWS[:1], account="other")], ignore_index=True)
    ax = plots.reconciliation(both)
    assert widths(ax) == [200.0]
    assert "main: matched; other: matched" in texts(ax)


def test_a_month_that_matches_for_each_account_matches():
    both = pd.concat([matches_of(*ROWS[:1]), matches_of(*ROWS[:1], account="other")], ignore_index=True)
    assert plots.alt_text(plots.reconciliation(matches_of(*ROWS[:1]))).startswith(
        "September 2026 matches its list cost"
    )
    assert plots.alt_text(plots.reconciliation(both)).startswith("September 2026 matches its list cost")


def test_months_without_prices_or_a_total_are_drawn_without_them():
    ax = plots.reconciliation(
        matches_of(("2026-11", np.nan, np.nan, np.nan, "not divided: the provider gave no total"))
    )
    assert widths(ax) == []
    assert "not invoiced" in texts(ax)
    assert "Tick" not in plots.alt_text(ax)


def test_of_many_months_the_newest_are_shown():
    months = pd.period_range("2023-01", periods=40, freq="M")
    ax = plots.reconciliation(matches_of(*[(month, 100.0, 0.0, 100.0, "matched") for month in months]))
    assert len(ax.get_yticklabels()) == 14
    assert plots.alt_text(ax).startswith("All 40 months match their list cost")
    assert "Shown: the newest 14 of 40 months." in plots.alt_text(ax)


def test_credits_that_are_more_than_the_invoice_are_left_of_the_line():
    ax = plots.reconciliation(matches_of(("2026-11", -40.0, 0.0, 10.0, "50.00 below list cost")))
    assert ax.get_xlim()[0] < -40


def test_a_hostile_reason_is_drawn_as_it_is(hostile_name):
    ax = plots.reconciliation(matches_of(("2026-11", 1.0, 0.0, 1.0, hostile_name)))
    assert plots.png(ax, dpi=40).startswith(b"\x89PNG")
