import pandas as pd
import pytest

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.plots import labels
from vmgen_analytics.schema import TABLES


@pytest.mark.parametrize(
    ("value", "currency", "decimals", "signed", "printed"),
    [
        (1234.5, "EUR", 2, False, "1,234.50\N{NO-BREAK SPACE}EUR"),
        (1234.5, "", 0, False, "1,234"),
        (-12.0, "", 2, True, "\N{MINUS SIGN}12.00"),
        (12.0, "", 2, True, "+12.00"),
        (-0.001, "", 2, True, "0.00"),
        (float("nan"), "EUR", 2, False, "\N{EN DASH}"),
    ],
)
def test_money_is_printed_with_its_sign_and_currency(value, currency, decimals, signed, printed):
    assert labels.money(value, currency, decimals=decimals, signed=signed) == printed


@pytest.mark.parametrize(
    ("amount_MB", "printed"),
    [
        (0, "0 GB"),
        (4_030, "4.03 GB"),
        (42_100, "42.1 GB"),
        (999_000, "999 GB"),
        (1_500_000, "1.50 TB"),
        (None, "\N{EN DASH}"),
    ],
)
def test_traffic_is_printed_with_three_digits(amount_MB, printed):
    amount = float("nan") if amount_MB is None else amount_MB
    assert labels.traffic(amount).replace("\N{NO-BREAK SPACE}", " ") == printed


def test_percent_of_nothing_is_missing():
    assert labels.percent(float("inf")) == "\N{EN DASH}"
    assert labels.percent(-0.123, signed=True) == "\N{MINUS SIGN}12\N{NO-BREAK SPACE}%"


def test_names_become_drawable():
    assert labels.drawable("a\nb\x00c\t d") == "a b c d"
    assert labels.drawable("x" * 300) == "x" * 27 + "…"
    assert labels.drawable("$x^$") == "$x^$"


def test_names_that_look_alike_get_their_number():
    names = labels.distinct({1: "web", 2: "web", 3: "db", None: "unallocated", 4: "y" * 40 + "a", 5: "y" * 40 + "b"})
    assert names[1] == "web (1)"
    assert names[2] == "web (2)"
    assert names[3] == "db"
    assert names[None] == "unallocated"
    assert names[4] != names[5]


def test_a_vm_without_a_name_is_called_by_its_number():
    table = TABLES["monthly_costs"].frame(
        {"month": [pd.Period("2026-11", "M")] * 2, "vm_id": [7, None], "vm_name": [None, None]}
    )
    assert labels.names(table) == {7: "VM 7", None: "unallocated"}


def test_two_groups_are_refused_with_the_way_out():
    table = TABLES["monthly_costs"].frame({"month": [pd.Period("2026-11", "M")], "package": ["a"], "location": ["b"]})
    with pytest.raises(SchemaError, match="package and location; make it by one of them"):
        labels.group_of(table)


@pytest.mark.parametrize("month", ["soon", "June", "November", "6", "2026", "2026-13", "", None, 2026, pd.NaT])
def test_a_month_that_is_none_is_refused(month):
    with pytest.raises(SchemaError, match=r"month is .*; it must be a month as 2026-11$"):
        labels.as_month(month)


@pytest.mark.parametrize("month", ["2026-11", "2026-11-23", pd.Period("2026-11", "M"), pd.Period("2026-11-23", "D")])
def test_a_month_is_read(month):
    assert labels.as_month(month) == pd.Period("2026-11", "M")
