import numpy as np
import pandas as pd
import pytest

from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import ARCHIVED, DERIVED, HANDED_ON, TABLES, data_dictionary
from vmgen_analytics.table import moment_of

UNITS = {"MB": "MB", "GB": "GB", "h": "h", "vcpus": "vCPU"}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_an_empty_table_is_typed_and_passes_its_own_check(table):
    empty = table.frame()
    table.check(empty)
    assert isinstance(empty.index, pd.RangeIndex)
    assert list(empty) == [name for name, column in table.columns.items() if not column.optional]
    pd.testing.assert_frame_equal(table.cast(empty), empty)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_is_declared_whole(table):
    assert list(table.columns)[: len(table.key)] == list(table.key), "key columns first"
    assert set(table.groups) <= set(table.columns)
    for name, column in table.columns.items():
        assert column.meaning, name
        ending = name.rsplit("_", 1)[-1].removesuffix("before")
        if ending in UNITS and column.dtype == "float64":
            assert column.unit == UNITS[ending], name
        if table not in HANDED_ON:  # those have the names of their standard
            assert name.endswith("_at") == column.dtype.endswith("UTC]"), "instants, and nothing else, end in _at"


def test_the_data_dictionary_tells_every_column_of_every_table():
    told = data_dictionary()
    for table in (*ARCHIVED, *DERIVED, *HANDED_ON):
        assert f"`{table.name}`" in told
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert len(rows) == sum(len(table.columns) + 2 for table in TABLES.values())
    assert all(line.count("|") == 6 for line in rows), "no cell breaks the table"


def test_a_frame_is_sorted_by_its_key_and_whole():
    frame = TABLES["usage"].frame(
        {"account": ["b", "a"], "vm_id": [1, 2], "date": ["2026-11-02", "2026-11-01"], "in_MB": [None, 3]}
    )
    assert frame["account"].tolist() == ["a", "b"]
    assert frame["in_MB"].isna().tolist() == [False, True]
    assert frame["status"].isna().all()
    assert isinstance(frame.index, pd.RangeIndex)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"accounts": ["a"]}, "table usage has no column 'accounts'; it has account, vm_id"),
        ({"account": ["a"], "vm_id": ["x"], "date": ["2026-11-01"]}, "usage.vm_id: expected int64"),
        ({"account": ["a"], "vm_id": [1], "date": ["soon"]}, "usage.date: expected datetime64"),
        ({"account": ["a"], "vm_id": [1], "date": ["2026-11-01"], "seen_at": ["soon"]}, "usage.seen_at: expected"),
        ({"account": ["a"], "vm_id": [1], "date": ["2026-11-01"], "in_MB": ["much"]}, "usage.in_MB: expected float64"),
        ({"account": ["a"] * 2, "vm_id": [1] * 2, "date": ["2026-11-01"] * 2}, "usage repeats the key .*'vm_id': .*1"),
        ({"account": [None], "vm_id": [1], "date": ["2026-11-01"]}, "usage.account is part of the key"),
        ({"account": ["a"], "vm_id": [1], "date": [None]}, "usage.date is part of the key"),
    ],
)
def test_values_that_do_not_fit_are_named(columns, words):
    with pytest.raises(SchemaError, match=words):
        TABLES["usage"].frame(columns)


def test_a_frame_that_is_another_table_says_what_it_lacks():
    good = TABLES["usage"].frame({"account": ["a"], "vm_id": [1], "date": ["2026-11-01"]})
    with pytest.raises(SchemaError, match=r"usage needs the column\(s\) status; got account"):
        TABLES["usage"].check(good.drop(columns="status"))
    as_text = good.assign(vm_id="1")
    with pytest.raises(SchemaError, match=r"usage.vm_id: expected int64, got .*cast\(frame\) converts it"):
        TABLES["usage"].check(as_text)
    pd.testing.assert_frame_equal(TABLES["usage"].cast(as_text), good)
    with pytest.raises(SchemaError, match="repeats the key"):
        TABLES["usage"].check(pd.concat([good, good]))
    TABLES["usage"].check(good.assign(further=1))


@pytest.mark.parametrize("when", ["2026", "2026-11", "2026-11-23", "2026-11-23T10:00", "2026-11-23 10:00+02:00"])
def test_a_moment_is_what_iso_8601_writes(when):
    assert moment_of(when) == pd.Timestamp(when)
    assert moment_of(pd.Timestamp("2026-11-23")) == pd.Timestamp("2026-11-23")
    assert moment_of(np.datetime64("2026-11-23")) == pd.Timestamp("2026-11-23")


@pytest.mark.parametrize(
    "when", ["now", "today", "", "23.11.2026", "11/12/2026", "5", "2026-11-31", None, pd.NaT, 7, 7.5, []]
)
def test_what_could_be_two_days_is_none(when):
    with pytest.raises(SchemaError, match="is no day or month, as 2026-11 or 2026-11-23"):
        moment_of(when)
