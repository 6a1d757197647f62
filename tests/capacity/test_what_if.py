"""Plans: what they change, what they refuse, and that undoing one restores everything."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmgen_analytics import Plan, PriceBook, TransferPolicy, what_if
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.schema import TABLES

SIZES = {"Nano": (1, 1, 20), "Small": (2, 4, 60), "Large": (4, 16, 200), "Storage": (2, 4, 2000)}
OFFERED = {"Warsaw": ("Nano", "Small", "Large"), "Dallas": ("Nano", "Small"), "Paris": ("Small", "Storage")}
PRICES = {"Nano": 5, "Small": 14, "Large": 47, "Storage": 32}
BOOK = PriceBook.of(
    [
        {"package": name, "monthly_price": price, "included_transfer_GB": 100 * price, "currency": "EUR"}
        for name, price in PRICES.items()
    ]
)
MEASURES = ["vcpus", "ram_GB", "disk_GB"]


def catalogue(account="main"):
    rows = [
        {"account": account, "location_id": number, "location": place, "package": package, "is_offered": True}
        | dict(zip(MEASURES, map(float, SIZES[package]), strict=True))
        for number, (place, packages) in enumerate(OFFERED.items())
        for package in packages
    ]
    gone = {"account": account, "location_id": 1, "location": "Dallas", "package": "Huge", "is_offered": False}
    return TABLES["package_catalogue"].cast(pd.DataFrame([*rows, gone]))


def fleet(*vms, day="2026-11-23", account="main"):
    """Table vm_days of name, package and location, numbered from 1; the package None is a size of one's own."""
    rows = [
        {"account": account, "date": pd.Timestamp(day), "vm_id": number, "vm_name": name, "fqdn": f"{name}.example.net",
         "package": package, "location": place, "presence": "seen",
         **dict(zip(MEASURES, map(float, SIZES.get(package, (3, 3, 3))), strict=True))}
        for number, (name, package, place) in enumerate(vms, start=1)
    ]  # fmt: skip
    return TABLES["vm_days"].cast(pd.DataFrame(rows)) if rows else TABLES["vm_days"].frame()


THREE = fleet(("web-1", "Small", "Warsaw"), ("web-2", "Small", "Warsaw"), ("db", "Large", "Warsaw"))


def told(days, *steps, prices=BOOK, **options):
    """Before and after, by location (empty for all) and measure."""
    found = TABLES["what_if"].check(what_if(days, Plan.of(steps), catalogue(), prices, **options))
    keys = zip(found["location"].fillna("?").mask(found["is_total"], ""), found["measure"], strict=True)
    return {key: (row.before, row.after, row.reason) for key, row in zip(keys, found.itertuples(), strict=True)}


def test_a_plan_by_hand():
    found = told(
        THREE,
        {"action": "add", "count": 2, "package": "Storage", "location": "Paris"},
        {"action": "resize", "vm": "db", "package": "Small"},
        {"action": "move", "vm": 2, "location": "Dallas"},
        {"action": "remove", "vm": "web-1"},
    )
    assert found["", "vms"] == (3, 4, "")
    assert found["", "vcpus"] == (8, 8, "")
    assert found["", "disk_GB"] == (320, 4120, "")
    assert found["", "list_cost"] == (75, 92, "")
    assert found["", "included_transfer_GB"] == (7500, 9200, "")
    assert found["", "vm_share"] == (1, 0.5, "")
    assert found["Warsaw", "vms"] == (3, 1, "")
    assert found["Dallas", "list_cost"] == (0, 14, "")
    assert found["Paris", "vm_share"] == (0, 0.5, "")


def test_an_empty_plan_changes_nothing_and_the_days_stay_as_they_are():
    kept = THREE.copy()
    found = what_if(THREE, Plan(), catalogue(), BOOK)
    assert (found["change"] == 0).all()
    what_if(THREE, Plan.of([{"action": "remove", "vm": "*"}]), catalogue(), BOOK)
    pd.testing.assert_frame_equal(THREE, kept)


STEPS = st.one_of(
    st.sampled_from([(place, package) for place, packages in OFFERED.items() for package in packages]).flatmap(
        lambda pair: st.integers(1, 5).map(
            lambda count: {"action": "add", "count": count, "package": pair[1], "location": pair[0], "vm": "added"}
        )
    ),
)


@given(steps=st.lists(STEPS, min_size=1, max_size=5))
def test_removing_what_was_added_restores_everything(steps):
    before = {key: pair[0] for key, pair in told(THREE).items()}
    there_and_back = told(THREE, *steps, {"action": "remove", "vm": "added"})
    for key, (was, is_now, _) in there_and_back.items():
        assert was == is_now == before.get(key, 0), key


@given(steps=st.lists(STEPS, min_size=1, max_size=5))
def test_locations_add_up_to_the_total(steps):
    found = told(THREE, *steps)
    added = sum(step["count"] for step in steps)
    assert found["", "vms"][:2] == (3, 3 + added)
    for measure in ("vms", *MEASURES, "list_cost", "included_transfer_GB"):
        parts = [pair for (place, name), pair in found.items() if place and name == measure]
        assert sum(part[1] for part in parts) == found["", measure][1]
    assert found["", "vm_share"][1] == max(
        pair[1] for (place, name), pair in found.items() if place and name == "vm_share"
    )


def test_a_move_there_and_back_restores_everything():
    moves = [{"action": "move", "vm": "web-*", "location": place} for place in ("Dallas", "Warsaw")]
    assert all(was == is_now for was, is_now, _ in told(THREE, *moves).values())


def test_a_move_takes_the_size_that_the_package_has_there():
    offers = catalogue()
    is_there = (offers["location"] == "Dallas") & (offers["package"] == "Small")
    offers.loc[is_there, "ram_GB"] = 3.0
    plan = Plan.of([{"action": "move", "vm": "web-1", "location": "Dallas"}])
    found = what_if(THREE, plan, offers, BOOK)
    ram = found[found["is_total"] & (found["measure"] == "ram_GB")].iloc[0]
    assert (ram["before"], ram["after"]) == (24, 23)


def test_unknown_prices_make_the_cost_missing_with_the_reason():
    none = told(THREE, prices=None)
    assert none["", "list_cost"][2] == "there is no price book"
    assert none["", "included_transfer_GB"][2] == "no transfer policy is set, and the price book includes no traffic"
    dear = PriceBook.of([{"package": "Small", "monthly_price": 14}])
    found = told(THREE, {"action": "remove", "vm": "db"}, prices=dear)
    before, after, reason = found["", "list_cost"]
    assert np.isnan(before)
    assert after == 28
    assert reason == "before: the price book has no price for Large"
    custom = told(fleet(("own", None, "Warsaw")))
    assert custom["", "list_cost"][2] == "the price book has no price for a VM without a package"
    added = told(THREE, {"action": "add", "location": "Warsaw", "vcpus": 1, "ram_GB": 2, "disk_GB": 3})
    assert added["", "vcpus"] == (8, 9, "")
    assert added["", "list_cost"][2] == "after: the price book has no price for a VM without a package"


def test_quotas_of_policies():
    add = {"action": "add", "package": "Small", "location": "Paris"}
    vm = told(THREE, add, policies=[TransferPolicy(quota_GB=1000)])
    assert vm["", "included_transfer_GB"] == (3000, 4000, "")
    place = told(THREE, add, policies=[TransferPolicy(scope="location", quota_GB=1000)])
    assert place["", "included_transfer_GB"] == (1000, 2000, "")
    pool = told(THREE, add, policies=[TransferPolicy(scope="account", quota_GB=1000)])
    assert pool["", "included_transfer_GB"] == (1000, 1000, "")
    assert pool["Warsaw", "included_transfer_GB"][2] == "its VMs share the quota of a whole account"
    book = told(THREE, add, policies=[TransferPolicy(location="Paris", quota_GB=7), TransferPolicy()])
    assert book["", "included_transfer_GB"] == (7500, 7507, "")
    some = told(THREE, add, policies=[TransferPolicy(location="Paris", quota_GB=7)])
    assert some["", "included_transfer_GB"][2] == (
        "before: no transfer policy is about 3 of 3 VMs; after: no transfer policy is about 3 of 4 VMs"
    )


def test_unknown_sizes_and_places_are_said():
    days = fleet(("a", "Small", None), ("b", "Small", "Warsaw")).assign(ram_GB=[np.nan, 4.0])
    found = told(days, {"action": "move", "vm": "a", "location": "Dallas"})
    assert found["", "ram_GB"] == (4, 8, "before: 1 of 2 VMs are of unknown size and not in it")
    assert found["?", "vms"] == (1, 0, "")
    assert found["", "vm_share"][2] == "before: 1 VMs have no known location"


def test_the_fleet_is_that_of_the_last_day_or_of_the_day_asked_for():
    days = pd.concat([fleet(("old", "Small", "Warsaw"), day="2026-11-01"), THREE], ignore_index=True)
    days = TABLES["vm_days"].cast(days)
    assert told(days)["", "vms"][0] == 3
    assert told(days, day=pd.Timestamp("2026-11-01"))["", "vms"][0] == 1
    assert told(fleet())["", "vms"] == (0, 0, "")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (
            {"action": "move", "vm": "db", "location": "Dallas"},
            r"step 1: Dallas does not offer 'Large'; the nearest that it offers is Small \(2 vCPU, 4 GB of RAM, 60 GB",
        ),
        (
            {"action": "add", "package": "Nano", "location": "Paris"},
            "step 1: Paris does not offer 'Nano'; the nearest that it offers is Small",
        ),
        ({"action": "add", "package": "Lage", "location": "Warsaw"}, "does not offer 'Lage'; did you mean Large?"),
        (
            {"action": "add", "package": "Huge", "location": "Dallas"},
            "Dallas does not offer 'Huge'; it offers Nano, Small",
        ),
        (
            {"action": "resize", "vm": "db", "package": "Xyz"},
            r"Warsaw does not offer 'Xyz'; the nearest that it offers is Large",
        ),
        ({"action": "add", "package": "Nano", "location": "Warsow"}, "on offer in 'Warsow'; did you mean Warsaw?"),
        ({"action": "remove", "vm": "wbe-1"}, "no VM 'wbe-1' exists on that day; did you mean web-1?"),
        ({"action": "remove", "vm": 99}, "no VM '99' exists on that day; there are db, web-1, web-2"),
        ({"action": "remove", "package": "Small", "count": 3}, "there are 2 VMs of package 'Small', and 3 are to go"),
        (
            {"action": "add", "package": "Nano", "location": "Warsaw", "account": "x"},
            "account is 'x'; name one of main",
        ),
        (
            {"action": "add", "location": "Nowhere", "vcpus": 1, "ram_GB": 1, "disk_GB": 1},
            "no location 'Nowhere' is known",
        ),
    ],
)
def test_what_is_not_there_is_an_error_that_names_the_nearest(step, words):
    with pytest.raises(SettingsError, match=words):
        told(THREE, step)


def test_what_cannot_be_told_of_a_vm_is_an_error():
    days = fleet(("same", "Small", "Warsaw"), ("same", "Small", None), ("own", None, "Warsaw"))
    for step, words in (
        ({"action": "remove", "vm": "same"}, "'same' may be any of the VMs 1, 2; name one by its number"),
        ({"action": "resize", "vm": 2, "package": "Nano"}, r"VM 2 \(same\) has no known location"),
        (
            {"action": "move", "vm": "own", "location": "Dallas"},
            r"the package of VM 3 \(own\) is not known; name the one",
        ),
    ):
        with pytest.raises(SettingsError, match=words):
            told(days, step)
    assert told(days, {"action": "move", "vm": "own", "location": "Dallas", "package": "Nano"})["Dallas", "vms"][1] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[steps]]\naction = 'destroy'", r"plan.toml, step 1: action is 'destroy'; it is one of add, remove"),
        ("[[steps]]\nvm = 'a'", "step 1: no action"),
        ("[[steps]]\naction = 'add'\npackage = 'Small'", "step 1: add needs location"),
        (
            "[[steps]]\naction = 'add'\nlocation = 'Warsaw'",
            "add needs a package, or vcpus, ram_GB, disk_GB, and not both",
        ),
        ("[[steps]]\naction = 'add'\nlocation = 'W'\nvcpus = 1", "a size of one's own takes vcpus, ram_GB, disk_GB"),
        ("[[steps]]\naction = 'remove'", "remove needs vm, or package and count"),
        ("[[steps]]\naction = 'remove'\npackag = 'x'", "a step has no 'packag'; did you mean package?"),
        ("[[steps]]\naction = 'remove'\nvm = true", "vm is True; it must be text in quotes"),
        ("[[steps]]\naction = 'remove'\nvm = 'a'\ncount = 0", "count is 0; it goes from 1"),
        ("[[steps]]\naction = 'remove'\nvm = 'a'\ncount = 1.5", "count is 1.5; it must be a whole number"),
        ("steps = 5", "there are no steps"),
        ("[[step]]\naction = 'add'", "'step' is nothing that a plan has"),
        ("[[steps]", "cannot read the plan at"),
    ],
)
def test_a_wrong_plan_is_refused_in_a_sentence(tmp_path, text, words):
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=words):
        Plan.read(file)


def test_a_plan_that_is_read_is_one_that_is_made(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text('[[steps]]\naction = "add"\ncount = 2\npackage = "Small"\nlocation = "Paris"\n')
    made = Plan.of([{"action": "add", "count": 2, "package": "Small", "location": "Paris", "vm": None}])
    read = Plan.read(file)
    pd.testing.assert_frame_equal(what_if(THREE, read, catalogue(), BOOK), what_if(THREE, made, catalogue(), BOOK))
    assert read.steps[0].source == f"{file}, step 1"


def test_two_accounts_need_a_name():
    other = fleet(("web-1", "Small", "Warsaw"), account="other")
    days = TABLES["vm_days"].cast(pd.concat([THREE, other], ignore_index=True))
    offers = pd.concat([catalogue(), catalogue("other")], ignore_index=True)
    add = {"action": "add", "package": "Small", "location": "Warsaw"}
    with pytest.raises(SettingsError, match="account is ''; name one of main, other"):
        what_if(days, Plan.of([add]), offers, BOOK)
    with pytest.raises(SettingsError, match="may be any of the VMs 1, 1; name one by its number, or its account"):
        what_if(days, Plan.of([{"action": "remove", "vm": "web-1"}]), offers, BOOK)
    plan = Plan.of([add | {"account": "other"}, {"action": "remove", "vm": "web-1", "account": "main"}])
    assert what_if(days, plan, offers, BOOK).iloc[0][["before", "after"]].tolist() == [4, 4]
