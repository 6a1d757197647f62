import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import days_of, fleets, invoices_of, prices

from vmgen_analytics import PriceBook, allocated_costs, rated_costs
from vmgen_analytics.errors import AllocationError, PriceError, SettingsError
from vmgen_analytics.schema import TABLES


@pytest.fixture
def read(tmp_path):
    """Read a price book from its text."""

    def read(text):
        file = tmp_path / "prices.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return PriceBook.read(file)

    return read


def price_on(book, day, package="Small", location="Warsaw"):
    days = days_of((1, day, day, {"package": package, "location": location}))
    return book.rate(days)["monthly_price"].iloc[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: no column 'package'"),
        ("\n\n", "line 1: no column 'package'"),
        ("package\nSmall\n", "line 1: no column 'monthly_price'"),
        ("package;monthly_price\nSmall;4.5\n", "line 1: no column 'package'"),
        ("package,monthly_price,vat\nSmall,1,2\n", "line 1: no column 'vat' is known"),
        ("package,monthly_price,package\nSmall,1,Big\n", "line 1: the column 'package' stands there twice"),
        ("package,monthly_price\nSmall,\n", "line 2: monthly_price is ''"),
        ("package,monthly_price\nSmall\n", "line 2: monthly_price is ''"),
        ("package,monthly_price\nSmall,cheap\n", "line 2: monthly_price is 'cheap'"),
        ("package,monthly_price\nSmall,-1\n", "line 2: monthly_price is '-1'"),
        ("package,monthly_price\nSmall,nan\n", "line 2: monthly_price is 'nan'"),
        ("package,monthly_price\nSmall,inf\n", "line 2: monthly_price is 'inf'"),
        ("package,monthly_price\nSmall,1e300\n", "line 2: monthly_price is '1e300'"),
        ("package,monthly_price\nSmall,1_0\n", "line 2: monthly_price is '1_0'"),
        ('package,monthly_price\nSmall,"4,50"\n', "line 2: monthly_price is '4,50'; .* with a point for decimals"),
        ("package,monthly_price\nSmall,4,50\n", "line 2: .*too many fields"),
        ("package,location,monthly_price,valid_from\nSmall,,4,50,2026-01-01\n", "line 2: .*too many fields"),
        ("package,monthly_price\n,4\n", "line 2: the package is empty"),
        ("package,monthly_price,overage_price_per_GB\nSmall,4,x\n", "line 2: overage_price_per_GB is 'x'"),
        ("package,monthly_price,valid_from\nSmall,4,soon\n", "line 2: valid_from is 'soon'"),
        ("package,monthly_price,valid_from\nSmall,4,11/12/2026\n", "line 2: valid_from is '11/12/2026'; .* 2026-11-23"),
        ("package,monthly_price,valid_from\nSmall,4,2026-02-30\n", "line 2: valid_from is '2026-02-30'"),
        ("package,monthly_price,valid_from\nSmall,4,2026-11-01Z\n", "line 2: valid_from is '2026-11-01Z'"),
        ("package,monthly_price,valid_from\nSmall,4,now\n", "line 2: valid_from is 'now'"),
        (
            "package,monthly_price,valid_from,valid_to\nSmall,4,2026-11-01,2026-11-01\n",
            "line 2: valid_to 2026-11-01 is not after valid_from 2026-11-01",
        ),
        ("package,monthly_price\n\nSmall,4\n\n\nBig,x\n", "line 6: monthly_price"),
        ('package,monthly_price\n"a\nb",4\nBig,x\n', "line 4: monthly_price"),
        ("package,monthly_price\r\nSmall,4\r\nBig,x\r\n", "line 3: monthly_price"),
        ("package,monthly_price\nSmall,4\nBig,5\nSmall,6\n", r"line 2 and .*line 4 both price 'Small' on the same day"),
        (
            "package,monthly_price,valid_from\nSmall,4,2026-01-01\nSmall,5,2026-06-01\nSmall,6,2026-09-01\n",
            "both price 'Small' on the same day; end one with valid_to",
        ),
        ("package,monthly_price,currency\nSmall,4,EUR\nBig,5,USD\n", r"prices.csv, line 2 and .*prices.csv, line 3"),
        ("package,monthly_price,currency\nSmall,4,EUR\nBig,5,\n", "mixes the currencies"),
        (b"package,monthly_price\n\xff\xfe,4\n", "cannot read the price book at .*prices.csv"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(read, text, words):
    with pytest.raises(PriceError, match=words) as caught:
        read(text)
    assert "prices.csv" in str(caught.value)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_fields_that_no_comma_separates_are_told_of(read, sign):
    with pytest.raises(PriceError, match=r"seem to be separated by (semicolons|tabs); save the file with commas"):
        read(f"package{sign}monthly_price\nSmall{sign}4\n")


def test_a_book_in_another_currency_than_the_settings_is_refused(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("package,monthly_price,currency\nSmall,4,USD\n")
    with pytest.raises(SettingsError, match=r"prices.csv, line 2: the settings say EUR, the price book says USD"):
        PriceBook.read(path, "EUR")
    assert PriceBook.read(path, "USD").currency == PriceBook.read(path).currency == "USD"


def test_a_package_without_a_price_names_the_file_that_lacks_it(read):
    days = days_of((1, "2026-11-01", "2026-11-30", {"package": "Medium"}))
    book = read("package,monthly_price\nSmall,4\n")
    with pytest.raises(AllocationError, match=r"no price for Medium; add lines to .*prices.csv, or choose"):
        allocated_costs(days, invoices_of([("main", "2026-11-01", 9)]), book, key="price_book")


def test_a_book_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(PriceError, match="cannot read the price book at"):
            PriceBook.read(path)


def test_what_spreadsheets_write_is_read(read):
    book = read(b'\xef\xbb\xbfpackage,monthly_price,location,currency\r\n" Small ",4.50,,EUR\r\n"=M, ""x""",5,,EUR\r\n')
    assert book.currency == "EUR"
    assert price_on(book, "2026-11-01") == 4.5
    assert price_on(book, "2026-11-01", package='=M, "x"') == 5


def test_a_book_with_no_line_prices_nothing(read):
    book = read("package,monthly_price\n")
    assert book.currency == ""
    assert pd.isna(price_on(book, "2026-11-01"))


def test_empty_fields_beyond_the_last_column_are_a_spreadsheets_habit(read):
    assert price_on(read("package,monthly_price\nSmall,4,,\n"), "2026-11-01") == 4


def test_a_short_line_leaves_the_rest_open(read):
    assert price_on(read("package,monthly_price,valid_from,valid_to\nSmall,4\n"), "1999-01-01") == 4


def test_a_price_with_the_location_goes_before_one_for_all(read):
    for lines in ("Small,,4\nSmall,Warsaw,5\n", "Small,Warsaw,5\nSmall,,4\n"):
        book = read(f"package,location,monthly_price\n{lines}")
        assert price_on(book, "2026-11-01", location="Warsaw") == 5
        assert price_on(book, "2026-11-01", location="Dallas") == 4
        assert price_on(book, "2026-11-01", location=None) == 4


def test_a_price_holds_from_its_first_day_until_before_its_last(read):
    book = read(
        "package,location,monthly_price,valid_from,valid_to\nSmall,,4,2026-01-01,2026-03-15\nSmall,,5,2026-03-15,\n"
        "Small,Warsaw,9,2026-06,2026-07\n"
    )
    found = {day: price_on(book, day) for day in ("2026-01-01", "2026-03-14", "2026-03-15", "2099-01-01")}
    assert list(found.values()) == [4, 4, 5, 5]
    assert pd.isna(price_on(book, "2025-12-31"))
    assert [price_on(book, day) for day in ("2026-05-31", "2026-06-01", "2026-06-30", "2026-07-01")] == [5, 9, 9, 5]


def test_a_package_without_a_price_is_unknown_and_not_free():
    days = days_of(
        (1, "2026-11-01", "2026-11-01", {"package": "Rare"}), (2, "2026-11-01", "2026-11-01", {"package": None})
    )
    rated = rated_costs(days, PriceBook.of([{"package": "Small", "monthly_price": 4}]))
    assert rated[["list_cost", "price_source"]].isna().all(axis=None)


@pytest.mark.parametrize(("month", "length"), [("2026-02", 28), ("2028-02", 29), ("2026-11", 30), ("2026-12", 31)])
def test_a_day_costs_its_share_of_its_month(month, length):
    days = days_of((1, f"{month}-01", f"{month}-{length}", {}))
    rated = rated_costs(days, PriceBook.of([{"package": "Small", "monthly_price": 31}], source="mine"))
    TABLES["rated_costs"].check(rated)
    assert len(rated) == length
    assert rated["list_cost"].tolist() == [31 / length] * length
    assert set(rated["price_source"]) == {"mine 1"}
    assert rated["list_cost"].sum() == pytest.approx(31, abs=1e-9)


@given(fleets(), prices(), st.randoms())
def test_a_price_depends_on_its_row_alone(days, prices, chance):
    book = PriceBook.of(prices)
    rated = rated_costs(days, book)
    by_place = {(price.get("location"), price["package"]): price["monthly_price"] for price in prices}
    for row, cost in zip(days.itertuples(), rated["list_cost"], strict=True):
        place = None if pd.isna(row.location) else row.location
        price = by_place.get((place, row.package), by_place[None, row.package])
        assert cost == price / row.date.days_in_month
    order = list(range(len(days)))
    chance.shuffle(order)
    shuffled = rated_costs(days.iloc[order].reset_index(drop=True), book)
    assert shuffled["list_cost"].tolist() == rated["list_cost"].iloc[order].tolist()


def test_rating_nothing_is_an_empty_typed_table():
    rated = rated_costs(TABLES["vm_days"].frame(), PriceBook.of([{"package": "Small", "monthly_price": 4}]))
    pd.testing.assert_frame_equal(rated, TABLES["rated_costs"].frame())
