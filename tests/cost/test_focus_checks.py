"""`check_focus` finds what is planted, names rule, row and value, and finds nothing in what is sound."""

import pandas as pd
import pytest
from focus_defects import BILLED, DEFECTS, sound
from focus_month import DAYS, to_csv

from vmgen_analytics.cost.focus_checks import MANDATORY, check_focus
from vmgen_analytics.errors import SchemaError
from vmgen_analytics.schema import TABLES


def checked(cells, tmp_path):
    path = tmp_path / "charges.csv"
    path.write_bytes(to_csv(cells))
    return check_focus(path, invoices=BILLED, vms=DAYS)


def test_what_is_sound_has_no_findings(tmp_path):
    found = checked(sound(), tmp_path)
    assert found["finding"].tolist() == []
    TABLES["focus_findings"].check(found)


@pytest.mark.parametrize(("defect", "rule"), DEFECTS.items(), ids=[defect.__name__ for defect in DEFECTS])
def test_a_planted_defect_is_named_with_its_row_and_value(defect, rule, tmp_path):
    before, after = sound(), defect(sound())
    found = checked(after, tmp_path)
    TABLES["focus_findings"].check(found)
    assert rule in set(found["rule"])
    for finding in found[found["rule"] == rule].itertuples():
        assert finding.column in finding.finding
        if pd.isna(finding.row):
            assert "INV-5003" in finding.finding
            continue
        assert f"row {finding.row}: " in finding.finding
        assert finding.value in finding.finding
        if rule not in ("totals_of_invoices", "no_row_twice"):
            assert after.loc[finding.row - 1, finding.column] == (finding.value or None)
            assert not after.loc[finding.row - 1].equals(before.loc[finding.row - 1]), "the row that was changed"


def test_a_sentence_says_what_is_wrong_and_what_would_be_right(tmp_path):
    from focus_defects import cost_beside_the_invoice, instants_without_a_zone

    finding = checked(instants_without_a_zone(sound()), tmp_path)["finding"].iloc[0]
    assert "'2026-11-01T00:00:00' is no instant in UTC" in finding
    assert "as 2026-11-01T00:00:00Z" in finding
    (finding,) = checked(cost_beside_the_invoice(sound()), tmp_path)["finding"]
    assert "BilledCost '30.010000' is the sum of INV-5001, and that invoice's total is 30.000000" in finding


def test_columns_that_are_not_there_are_named(tmp_path):
    found = checked(sound().drop(columns=["ProviderName", "BillingPeriodEnd"]), tmp_path)
    absent = found[found["rule"] == "columns_are_there"]
    assert sorted(absent["column"]) == ["BillingPeriodEnd", "ProviderName"]
    assert len(MANDATORY) == 24


def test_texts_that_csv_readers_take_for_numbers_are_named_only_there(tmp_path):
    cells = sound().assign(ResourceName="007")
    found = checked(cells, tmp_path)
    assert found["rule"].tolist() == ["texts_look_like_texts"]
    assert "'007'" in found["finding"].iloc[0]
    assert "write Parquet" in found["finding"].iloc[0]
    assert check_focus(cells, invoices=BILLED, vms=DAYS).empty
    assert checked(cells.assign(ResourceName=["web", *["007"] * (len(cells) - 1)]), tmp_path).empty


@pytest.mark.parametrize("cost", ["", "much", "NaN", "Infinity", "1,50", "0x10"])
def test_a_cost_is_a_number(cost, tmp_path):
    cells = sound()
    cells.loc[3, "BilledCost"] = cost or None
    rules = set(checked(cells, tmp_path)["rule"])
    assert "amounts_are_numbers" in rules


def test_invoiced_and_not_invoiced_do_not_mix(tmp_path):
    cells = sound()
    cells.loc[2, "InvoiceId"] = None
    found = checked(cells, tmp_path)
    assert found.loc[found["rule"] == "one_invoiced_state", "row"].tolist() == [3]


def test_a_correction_may_be_of_an_earlier_period(tmp_path):
    cells = sound()
    earlier = ["2026-09-01T00:00:00Z", "2026-10-01T00:00:00Z"]
    cells.loc[0, ["ChargePeriodStart", "ChargePeriodEnd"]] = earlier
    assert "charges_lie_in_their_billing_period" in set(checked(cells, tmp_path)["rule"])
    cells.loc[0, "ChargeClass"] = "Correction"
    assert check_focus(cells, vms=DAYS)["finding"].tolist() == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "neither in .csv nor in .parquet"),
        ("a.parquet", b"PAR1 no", "cannot read"),
        ("a.csv", b"BilledCost,InvoiceId\r\n1.0\r\n", "line 2: 1 fields where the head has 2"),
        ("a.csv", b"\xff\xfe\x00", "cannot read"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SchemaError, match=words):
        check_focus(tmp_path / name)
    with pytest.raises(SchemaError, match=r"cannot read .*there is no such file"):
        check_focus(tmp_path / "nowhere.csv")
