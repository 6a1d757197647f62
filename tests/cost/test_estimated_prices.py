import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import days_of, invoices_of

from vmgen_analytics import PriceBook, estimated_prices, price_findings, rated_costs
from vmgen_analytics.cost.estimation import _sure
from vmgen_analytics.cost.least_squares import confounded, non_negative
from vmgen_analytics.errors import PriceError
from vmgen_analytics.schema import TABLES

LIST = {"Small": 4.5, "Medium": 9.0, "Large": 21.0}


def fleet(months=8, seed=0, packages=("Small", "Medium", "Large"), **others):
    """Table ``vm_days`` of VMs that come and go, some of each package in each month."""
    chance = np.random.default_rng(seed)
    lives = []
    for number in range(months):
        month = pd.Period("2026-01", "M") + number
        for place, package in enumerate(packages):
            for copy in range(int(chance.integers(1, 9))):
                first = 1 if copy == 0 else int(chance.integers(1, 28))
                lives.append((100 * place + copy, f"{month}-{first:02d}", str(month.end_time.date()),
                              {"package": package, **others}))  # fmt: skip
    return days_of(*lives)


def billed(days, prices=LIST, extra=0.0):
    """Invoices as the provider would write them: the sum of each month, in cents."""
    cost = days["package"].map(prices) / days["date"].dt.days_in_month
    sums = cost.groupby([days["account"], days["date"].dt.to_period("M")]).sum()
    return invoices_of((account, f"{month}-28", round(total + extra, 2)) for (account, month), total in sums.items())


@given(st.integers(0, 10**6), st.integers(12, 16))
def test_the_prices_behind_the_invoices_are_found_within_a_few_cents(seed, months):
    days = fleet(months, seed)
    found = estimated_prices(days, billed(days), "2027-06")
    TABLES["estimated_prices"].check(found)
    assert dict(zip(found["package"], found["monthly_price"], strict=True)) == pytest.approx(LIST, abs=0.05)
    assert (found["months"] == months).all()
    assert (found["location"] == "").all() or (found["location"] == "Warsaw").all()
    assert found["largest_residual"].abs().max() <= 0.01
    assert found["r_squared"].min() > 0.999


def test_a_book_of_them_says_what_it_rests_on():
    days = fleet()
    book = PriceBook.estimated(estimated_prices(days, billed(days), "2026-09"), "EUR")
    rated = rated_costs(days, book)
    assert set(rated["price_source"]) == {"estimated from 8 closed months"}
    assert book.currency == "EUR"
    assert rated["list_cost"].sum() == pytest.approx(billed(days)["total_cost"].sum(), abs=0.1)


def test_prices_differ_by_location_where_the_months_can_tell():
    warsaw, dallas = fleet(10, 1, ("Small", "Medium")), fleet(10, 2, ("Small",), location="Dallas")
    dallas["vm_id"] += 1000
    days = pd.concat([warsaw, dallas], ignore_index=True)
    cost = days["package"].map(LIST) * days["location"].map({"Warsaw": 1.0, "Dallas": 2.0})
    sums = (cost / days["date"].dt.days_in_month).groupby(days["date"].dt.to_period("M")).sum().round(2)
    bills = invoices_of(("main", f"{month}-01", total) for month, total in sums.items())
    found = estimated_prices(days, bills, "2026-11").set_index(["package", "location"])["monthly_price"]
    assert found.to_dict() == pytest.approx(
        {("Small", "Warsaw"): 4.5, ("Small", "Dallas"): 9.0, ("Medium", "Warsaw"): 9.0}, abs=0.05
    )
    everywhere = estimated_prices(days, bills, "2026-11", by_location=False)
    assert everywhere["location"].tolist() == ["", ""]
    assert everywhere["largest_residual"].abs().max() > 1, "a fit that is bad says so"
    days["location"] = None
    with pytest.raises(PriceError, match="need the location of each VM"):
        estimated_prices(TABLES["vm_days"].cast(days), bills, "2026-11", by_location=True)


def test_packages_that_always_appear_together_are_named():
    pair = days_of(
        *((vm_id, f"2026-0{month}-01", f"2026-0{month}-28" if month == 2 else f"2026-0{month}-30",
           {"package": package})
          for month in (2, 4, 6, 9)
          for copy in range(month)
          for vm_id, package in ((copy, "Small"), (50 + copy, "Twin"))),
        *((99, f"2026-0{month}-0{month}", f"2026-0{month}-28", {"package": "Large"}) for month in (4, 6, 9)),
    )  # fmt: skip
    bills = invoices_of(("main", f"2026-0{month}-01", 10.0 * month) for month in (2, 4, 6, 9))
    with pytest.raises(PriceError, match=r"always appear together.*Small and Twin") as caught:
        estimated_prices(pair, bills, "2026-10")
    assert "Large" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda days, bills: (days, bills.head(2)), "2 closed months with an invoice can be used, and 3 are needed"),
        (lambda days, bills: (days, bills.head(3)), "3 prices .* would need 4 closed months, and 3 months can be used"),
        (lambda days, bills: (days, bills.assign(total_cost=-1.0)),
         "left out: 2026-01 has nothing but a credit of 1.00; 2026-02"),
        (lambda days, bills: (days[days["date"].dt.day != 7], bills),
         "2026-01 is not covered: no VM is known on 1 day"),
        (lambda days, bills: (days.assign(package=pd.array([None] * len(days), dtype="str")), bills),
         "2026-01 has VM-days of an unknown package"),
        (lambda days, bills: (days.iloc[:0], bills), "2026-01 has no VM"),
        (lambda days, bills: (days, bills.assign(total_cost=np.nan)), "2026-01 has an invoice without a total"),
        (lambda days, bills: (days, bills.iloc[:0]), "0 closed months with an invoice"),
    ],
)  # fmt: skip
def test_where_the_months_cannot_tell_it_is_refused_with_the_reason(change, words):
    days = fleet()
    with pytest.raises(PriceError, match=words):
        estimated_prices(*change(days, billed(days)), "2026-09")


def test_an_open_month_does_not_count_and_credits_are_left_out():
    days = fleet()
    bills = billed(days)
    bills.loc[bills.index[-1], "total_cost"] = 1.0  # the month that still runs
    bills = pd.concat([bills, invoices_of([("main", "2026-02-09", -3)]).assign(invoice_id=99)], ignore_index=True)
    found = estimated_prices(days, bills, "2026-08")
    assert (found["months"] == 7).all()
    assert (found["left_out"] == "a credit of 3.00 in 2026-02").all()
    assert dict(zip(found["package"], found["monthly_price"], strict=True)) == pytest.approx(LIST, abs=0.05)


def test_invoices_may_bill_the_month_before():
    days = fleet()
    bills = billed(days).assign(invoice_date=lambda bills: bills["invoice_date"] + pd.DateOffset(months=1))
    found = estimated_prices(days, bills, "2026-09", invoice_periods={"main": "previous-month"})
    assert dict(zip(found["package"], found["monthly_price"], strict=True)) == pytest.approx(LIST, abs=0.05)


MATRICES = st.integers(1, 5).flatmap(
    lambda columns: st.lists(
        st.lists(st.floats(0, 100), min_size=columns, max_size=columns), min_size=columns, max_size=12
    )
)


@given(MATRICES, st.lists(st.floats(-100, 1000), min_size=12, max_size=12))
def test_no_other_amounts_fit_better(rows, totals):
    """The conditions of Karush, Kuhn and Tucker, which hold at the best fit and nowhere else."""
    matrix, totals = np.array(rows), np.array(totals[: len(rows)])
    if (matrix.max(axis=0) < 1e-3).any() or confounded(matrix):
        return
    found = non_negative(matrix, totals)
    gain = matrix.T @ (totals - matrix @ found)
    scale = max(1.0, np.abs(matrix).max() * max(np.abs(totals).max(), np.abs(matrix @ found).max()) * len(rows))
    assert (found >= 0).all()
    assert (gain <= 1e-6 * scale).all()
    assert (np.abs(gain[found > 0]) <= 1e-6 * scale).all()


def test_what_is_strange_about_a_book_is_shown():
    days = days_of(
        (1, "2026-11-01", "2026-11-30", {}),
        (2, "2026-11-01", "2026-11-10", {"package": "Rare"}),
        (3, "2026-11-30", "2026-11-30", {"package": None}),
    )
    book = PriceBook.of(
        [
            {"package": "Small", "monthly_price": 4, "valid_to": "2026-11-16"},
            {"package": "Smal", "monthly_price": 4},
            {"package": "Small", "location": "Warsow", "monthly_price": 5},
            {"package": "Huge", "monthly_price": 50},
            {"package": "Rare", "location": "Dallas", "monthly_price": 7},
        ]
    )
    found = price_findings(book, days, packages=["Huge"], locations=["Warsaw", "Dallas"])
    TABLES["price_findings"].check(found)
    assert found["days_priced"].tolist() == [15, 0, 0, 0, 0, 0, 0, 0]
    assert found["finding"].tolist() == [
        "",
        "no such package is known; did you mean Small?",
        "no account sees a location Warsow; did you mean Warsaw?",
        "the provider offers this package, and no VM had it",
        "no VM had this package there and then",
        "no line prices these days: 10 VM-days from 2026-11-01 to 2026-11-10, in Warsaw",
        "no line prices these days: 15 VM-days from 2026-11-16 to 2026-11-30, in Warsaw",
        "the package is unknown: 1 VM-day from 2026-11-30 to 2026-11-30",
    ]


def test_without_a_catalogue_a_package_is_not_said_to_be_unknown():
    days = days_of((1, "2026-11-01", "2026-11-30", {"package": "Large"}))
    book = PriceBook.of([{"package": "XLarge", "monthly_price": 4}])
    assert price_findings(book, days)["finding"][0] == "no VM had this package; did you mean Large?"


def test_months_that_hardly_tell_packages_apart_are_refused_and_name_them():
    """One VM of a dear package and three of a cheap one run always, but for a day: a fit looks perfect, and is none."""
    lives = [(1, "2026-01-01", "2026-12-31", {"package": "Memory"})]
    lives += [(2 + copy, "2026-01-01", "2026-12-31", {"package": "Micro"}) for copy in range(2)]
    lives += [(4, "2026-01-02", "2026-12-31", {"package": "Micro"})]
    lives += [(9 + month, f"2026-{month:02d}-01", "2026-12-31", {"package": "Large"}) for month in range(2, 9)]
    days = days_of(*lives)
    with pytest.raises(PriceError, match=r"vary too little or together: Memory and Micro; ") as caught:
        estimated_prices(days, billed(days, {"Memory": 58.0, "Micro": 8.0, "Large": 47.0}), "2027-01")
    assert "Large" not in str(caught.value)


def test_where_prices_are_not_refused_the_interval_has_the_truth_in_nineteen_of_twenty():
    """Births and deaths are a day or two off, and packages vary much or little; what is sure by chance is counted."""
    chance = np.random.default_rng(3)
    inside = told = 0
    for _ in range(400):
        packages, months = int(chance.integers(2, 6)), int(chance.integers(6, 14))
        prices = chance.choice([4.5, 8, 14, 25, 47, 58, 89], packages, replace=False)
        amounts = np.maximum(
            chance.integers(1, 4, packages) + chance.normal(0, chance.uniform(0.02, 2), (months, packages)), 0
        )
        wrong = np.zeros((months, packages))
        wrong[np.arange(months), chance.integers(packages, size=months)] = chance.integers(-2, 3, months) / 30
        totals = ((amounts + wrong) @ prices).round(2)
        if packages >= months or confounded(amounts):
            continue
        try:
            _, reach = _sure([f"P{number}" for number in range(packages)], amounts, totals, "")
        except PriceError:
            continue
        found = non_negative(amounts, totals)
        inside += int((np.abs(found - prices) <= reach).sum())
        told += packages
    assert told > 200
    assert inside / told >= 0.95
