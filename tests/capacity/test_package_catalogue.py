"""What is on offer, since and until when, for how much, and which package is a bad buy."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines_by_hand import synced

from vmgen_analytics import PriceBook, fitting_packages, package_catalogue
from vmgen_analytics.schema import TABLES

PLACES = {1: "Warsaw", 2: "Dallas"}


def offers(*rows):
    """Table packages of location, package, days and size."""
    return TABLES["packages"].cast(
        pd.DataFrame(
            [
                {"account": "main", "location_id": place, "package": package, "seen_on": pd.Timestamp(day)}
                | dict(zip(("vcpus", "ram_GB", "disk_GB"), map(float, size), strict=True))
                for place, package, days, size in rows
                for day in days
            ]
        )
    )


def places():
    return TABLES["locations"].frame(
        {
            "account": ["main"] * 2,
            "location_id": list(PLACES),
            "seen_on": ["2026-11-01"] * 2,
            "location": list(PLACES.values()),
            "continent": ["Europe", "North America"],
        }
    )


def nov(*days):
    return [f"2026-11-{day:02d}" for day in days]


def catalogue(packages, prices=(), syncs=None, **options):
    book = PriceBook.of(prices) if prices else None
    found = package_catalogue(packages, places(), book, syncs=syncs, **options)
    return TABLES["package_catalogue"].check(found)


def dated(found, *names):
    texts = found[list(names)].apply(lambda column: column.dt.strftime("%d").fillna("–"))
    return dict(zip(found["package"], map(tuple, texts.to_numpy()), strict=True))


def test_since_and_until_are_bounds_by_complete_looks():
    packages = offers(
        (1, "Old", nov(1, 2, 3), (1, 1, 1)),
        (1, "Short", nov(1, 2, 3, 4, 6), (1, 1, 1)),
        (1, "New", nov(5, 6, 7), (2, 1, 1)),
        (1, "Kept", nov(1, 2, 3, 4, 5, 6, 7), (2, 1, 1)),
    )
    incomplete = synced("2026-11-04", "2026-11-04", incomplete="packages")
    syncs = [synced("2026-11-01", "2026-11-03"), incomplete, synced("2026-11-05", "2026-11-07")]
    found = catalogue(packages, syncs=pd.concat(syncs, ignore_index=True))
    assert dated(found, "since_min", "since_max", "until_min", "until_max") == {
        "Old": ("–", "01", "03", "05"),
        "Short": ("–", "01", "06", "–"),  # one look without it proves nothing
        "New": ("03", "05", "07", "–"),
        "Kept": ("–", "01", "07", "–"),
    }
    assert found.set_index("package")["is_offered"].to_dict() == {
        "Old": False, "Short": True, "New": True, "Kept": True
    }  # fmt: skip


@pytest.mark.parametrize("syncs", [None, synced("2026-11-01", "2026-11-09", incomplete="packages")])
def test_without_a_complete_look_nothing_is_gone(syncs):
    packages = offers((1, "Old", nov(1), (1, 1, 1)), (1, "Kept", nov(1, 5, 9), (1, 1, 1)))
    found = catalogue(packages, syncs=syncs)
    assert found["is_offered"].all()
    assert found["until_max"].isna().all()


def test_a_new_size_is_dated():
    packages = pd.concat(
        [offers((1, "Medium", nov(1, 2), (2, 8, 100)), (2, "Medium", nov(1, 2, 3), (2, 8, 100))),
         offers((1, "Medium", nov(3, 4), (2, 6, 80)))],
        ignore_index=True,
    )  # fmt: skip
    found = catalogue(TABLES["packages"].cast(packages))
    assert found["disk_GB"].tolist() == [80, 100]
    assert found["resized_on"].dt.day.fillna(-1).tolist() == [3, -1]


def test_prices_are_those_of_the_place_and_day():
    packages = offers(
        (1, "Small", nov(1), (2, 4, 60)), (2, "Small", nov(1), (2, 4, 60)), (2, "Free", nov(1), (0, 1, 1))
    )
    prices = [
        {"package": "Small", "monthly_price": 12, "valid_to": "2026-12-01", "included_transfer_GB": 500},
        {"package": "Small", "monthly_price": 13, "valid_from": "2026-12-01"},
        {"package": "Small", "location": "Dallas", "monthly_price": 18},
    ]
    found = catalogue(packages, prices).set_index(["location", "package"])
    assert found.loc[("Warsaw", "Small"), "monthly_price"] == 12
    assert found.loc[("Warsaw", "Small"), "included_transfer_GB"] == 500
    assert found.loc[("Dallas", "Small"), "monthly_price"] == 18
    assert found.loc[("Dallas", "Small"), "price_per_ram_GB_month"] == 4.5
    assert found.loc[("Dallas", "Free")].isna()[["monthly_price", "price_per_vcpu_month"]].all()
    later = catalogue(packages, prices, on=pd.Timestamp("2026-12-05"))
    assert later["monthly_price"].dropna().tolist() == [13, 18]


def test_dominated_packages_by_hand():
    packages = offers(
        (1, "A", nov(1), (2, 4, 60)),
        (1, "Same", nov(1), (2, 4, 60)),  # neither is better than the other
        (1, "Dearer", nov(1), (2, 4, 50)),
        (1, "Bigger", nov(1), (4, 8, 60)),
        (1, "Unpriced", nov(1), (1, 1, 1)),
        (2, "A", nov(1), (2, 4, 60)),
    )
    prices = [{"package": name, "monthly_price": 10} for name in ("A", "Same", "Dearer")]
    prices += [{"package": "Bigger", "monthly_price": 20}, {"package": "A", "location": "Dallas", "monthly_price": 11}]
    found = catalogue(packages, prices).set_index(["location", "package"])
    better = found["dominated_by"].fillna("–").to_dict()
    assert better.pop(("Warsaw", "Dearer")) == "A"
    assert set(better.values()) == {"–"}
    assert found["dominated_elsewhere"].dropna().to_dict() == {("Dallas", "A"): "A in Warsaw"}


@given(
    drawn=st.lists(
        st.tuples(st.sampled_from([1, 2]), *[st.sampled_from([1.0, 2.0, 4.0])] * 3, st.sampled_from([5, 6, 7, None])),
        min_size=1,
        max_size=7,
    )
)
def test_dominance_is_what_it_says(drawn):
    packages = offers(*((place, f"P{number}", nov(1), size) for number, (place, *size, _) in enumerate(drawn)))
    prices = [
        {"package": f"P{number}", "monthly_price": price} for number, (*_, price) in enumerate(drawn) if price
    ] or [{"package": "other", "monthly_price": 1}]
    found = catalogue(packages, prices).set_index("package")

    def beats(one, other):
        pairs = list(zip((*one[1:4], -one[4]), (*other[1:4], -other[4]), strict=True))
        return all(mine >= theirs for mine, theirs in pairs) and any(mine > theirs for mine, theirs in pairs)

    beaten = {
        f"P{two}"
        for one, two in itertools.permutations(range(len(drawn)), 2)
        if drawn[one][4] and drawn[two][4] and drawn[one][0] == drawn[two][0] and beats(drawn[one], drawn[two])
    }
    assert set(found.index[found["dominated_by"].notna()]) == beaten
    for name in beaten:
        by = found.loc[name, "dominated_by"]
        assert beats(drawn[int(by[1:])], drawn[int(name[1:])])


def test_what_suffices_comes_by_price():
    packages = offers(
        (1, "Small", nov(1), (2, 4, 60)), (1, "Large", nov(1), (4, 16, 200)), (2, "Large", nov(1), (4, 16, 200)),
        (2, "Secret", nov(1), (8, 64, 900)), (1, "Gone", nov(1), (4, 16, 200)),
    )  # fmt: skip
    prices = [{"package": "Small", "monthly_price": 5}, {"package": "Gone", "monthly_price": 1}]
    prices += [
        {"package": "Large", "monthly_price": 20},
        {"package": "Large", "location": "Dallas", "monthly_price": 19},
    ]
    found = catalogue(packages, prices)
    found["is_offered"] = found["package"] != "Gone"
    fits = fitting_packages(found, ram_GB=8)
    assert list(zip(fits["package"], fits["location"], strict=True)) == [
        ("Large", "Dallas"), ("Large", "Warsaw"), ("Secret", "Dallas")
    ]  # fmt: skip
    assert fitting_packages(found, location="Warsaw", vcpus=1)["package"].tolist() == ["Small", "Large"]
    assert fitting_packages(found, disk_GB=5_000).empty


def test_nothing_is_an_empty_typed_table():
    empty = package_catalogue(TABLES["packages"].frame(), TABLES["locations"].frame())
    TABLES["package_catalogue"].check(empty)
    assert empty.empty
    assert fitting_packages(empty).empty


def test_the_simulated_provider_sells_what_the_catalogue_says(october):
    archive = october.archive
    book = PriceBook.of(_prices(october.sandbox))
    found = package_catalogue(
        archive.history("packages"), archive.history("locations"), book, syncs=archive.read("syncs")
    )
    sold = {(price["location"], price["package"]): float(price["monthly_price"]) for price in october.sandbox.prices}
    told = found.set_index(["location", "package"])["monthly_price"].to_dict()
    assert told == pytest.approx(sold)
    assert found["is_offered"].all()
    assert not np.isinf(found["price_per_disk_GB_month"]).any()


def _prices(sandbox):
    return [{name: price[name] for name in ("package", "location", "monthly_price")} for price in sandbox.prices]
