"""Who pays: rules in order, shares, shared costs; the total is the same whatever they say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import PACKAGES, days_of, fleets, invoices, invoices_of, prices

from vmgen_analytics import (
    CostCentres,
    PriceBook,
    SharedCosts,
    allocated_costs,
    assigned_costs,
    cost_centre_rules,
    monthly_costs,
)
from vmgen_analytics.cost.millionths import spread
from vmgen_analytics.errors import SettingsError
from vmgen_analytics.schema import TABLES

NAMES = ("web", "data", "platform")


def whole(amounts):
    return np.rint(np.asarray(amounts, dtype="float64") * 1e6).astype("int64")


def by(costs, *names):
    grouped = costs.assign(allocated_cost=whole(costs["allocated_cost"])).groupby(list(names), dropna=False)
    return grouped["allocated_cost"].sum().to_dict()


def paid(costs):
    return {name: amount / 1e6 for name, amount in by(costs, "cost_centre").items()}


@pytest.fixture
def costs():
    """Two VMs in June and July 2026: 30 and 31 days, 60 and 62 of the currency, 1 a VM-day."""
    days = days_of(
        (1, "2026-06-01", "2026-07-31", {"vm_name": "web-1", "fqdn": "web-1.example.net"}),
        (2, "2026-06-01", "2026-07-31", {"vm_name": "db-1", "fqdn": "db-1.example.net", "package": "Large"}),
    )
    bills = invoices_of([("main", "2026-06-30", 60), ("main", "2026-07-31", 62)])
    return allocated_costs(days, bills, key="even")


@st.composite
def rules(draw):
    """Records of rules, some of which share, some valid for a time."""
    records = []
    for _ in range(draw(st.integers(0, 4))):
        conditions = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(["vm-1", "vm-[2-5]", "*", "db-*"]),
                    "package": st.sampled_from(PACKAGES),
                    "location": st.sampled_from(["Warsaw", "Dallas"]),
                    "account": st.sampled_from(["main", "second"]),
                    "valid_from": st.sampled_from(["2026-02-10", "2026-03-01"]),
                    "valid_to": st.sampled_from(["2026-03-02", "2026-04-15"]),
                },
            )
        )
        if any(conditions.items() <= record.items() for record in records):
            continue
        left = 100.0
        for name in draw(st.permutations(NAMES)):
            share = draw(st.sampled_from([0, 12.5, 33.33, 50, left])) if left else 0
            share = min(share, left)
            left -= share
            records.append({**conditions, "cost_centre": name, "share": share, "note": ""})
    return records


@st.composite
def sharings(draw):
    """Records of shared costs: the platform is spread over the others."""
    split = draw(st.sampled_from(["even", "direct_cost", "weight", "fixed", None]))
    if split is None:
        return []
    if split in ("even", "direct_cost"):
        return [
            {"cost_centre": "platform", "split": split, "to": to}
            for to in draw(st.sampled_from([[""], ["web", "data"]]))
        ]
    weights = draw(st.sampled_from([(60, 40), (1, 0), (0, 0), (33.3, 33.3)]))
    return [
        {"cost_centre": "platform", "split": split, "to": to, "weight": weight}
        for to, weight in zip(["web", "data"], weights, strict=True)
    ]


@given(fleets(), invoices(), prices(), rules(), sharings())
def test_no_rule_changes_a_total(days, invoices, prices, rules, sharings):
    costs = allocated_costs(days, invoices, PriceBook.of(prices))
    named = [*rules, *({"name": f"no-{name}", "cost_centre": name} for name in NAMES)]
    centres = CostCentres.of(named)
    assigned = assigned_costs(costs, centres, SharedCosts.of(sharings, centres))
    TABLES["allocated_costs"].check(assigned)
    one_part = ["account", "invoice_id", "date", "vm_id"]
    assert by(assigned, *one_part) == by(costs, *one_part)
    for grouping in ((), "account", "vm_id", "package", ["location", "package"]):
        before, after = monthly_costs(costs, by=grouping), monthly_costs(assigned, by=grouping)
        pd.testing.assert_frame_equal(before, after, check_exact=False, rtol=1e-9)
        assert (whole(before["allocated_cost"].dropna()) == whole(after["allocated_cost"].dropna())).all()
    again = assigned_costs(assigned, centres, SharedCosts.of(sharings, centres))
    assert by(again, *one_part, "cost_centre", "shared_from") == by(assigned, *one_part, "cost_centre", "shared_from")
    assert (assigned.loc[assigned["cost_centre"] != "unassigned", "rule"].notna()).all()


@given(
    st.lists(st.integers(-(10**12), 10**12), max_size=30),
    st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any),
)
def test_amounts_are_spread_in_proportion_also_in_sum(amounts, weights):
    amounts = np.array(amounts, dtype="int64")
    parts = [weight / sum(weights) for weight in weights]
    found = spread(amounts, parts)
    assert (sum(found) == amounts).all()
    assert all((part * np.sign(amounts) >= 0).all() for part in found)
    for part, share in zip(found, parts, strict=True):
        exact = share * float(np.abs(amounts).sum())
        assert abs(np.abs(part).sum() - exact) <= len(parts) + abs(exact) * 1e-12


def test_the_first_rule_that_fits_decides(costs):
    centres = CostCentres.of(
        [
            {"name": "web-*", "cost_centre": "shop"},
            {"fqdn": "*.example.net", "cost_centre": "everyone"},
            {"name": "db-1", "cost_centre": "data"},
        ],
        source="rules.csv, line",
    )
    assigned = assigned_costs(costs, centres)
    assert paid(assigned) == {"shop": 61.0, "everyone": 61.0}
    assert set(zip(assigned["cost_centre"], assigned["rule"], strict=True)) == {
        ("shop", "rules.csv, line 1"),
        ("everyone", "rules.csv, line 2"),
    }
    told = cost_centre_rules(costs, centres).set_index("rule")
    assert told["days_fitted"].tolist() == [61, 122, 61]
    assert told["days_decided"].tolist() == [61, 61, 0]
    assert told["finding"].tolist() == [
        "", "", "never decides: all that it fits is taken before, by rules.csv, line 2",
    ]  # fmt: skip


def test_vm_days_are_counted_once_however_many_invoices_bill_them(costs):
    days = days_of((1, "2026-06-01", "2026-06-30", {"vm_name": "web-1"}))
    twice = allocated_costs(days, invoices_of([("main", "2026-06-30", 60), ("main", "2026-06-30", -6)]))
    told = cost_centre_rules(twice, CostCentres.of([{"name": "web-*", "cost_centre": "shop"}]))
    assert told[["days_fitted", "days_decided", "allocated_cost"]].to_numpy().tolist() == [[30, 30, 54]]


def test_a_rule_that_fits_nothing_is_told(costs):
    told = cost_centre_rules(costs, CostCentres.of([{"name": "wbe-*", "cost_centre": "shop"}]))
    assert told["finding"].tolist() == ["never fits anything in these months"]


def test_rules_hold_backwards_and_only_in_their_days(costs):
    centres = CostCentres.of(
        [
            {"name": "web-*", "cost_centre": "old", "valid_to": "2026-07-01"},
            {"name": "web-*", "cost_centre": "new", "valid_from": "2026-07-01"},
        ]
    )
    assert paid(assigned_costs(costs, centres)) == {"old": 30.0, "new": 31.0, "unassigned": 61.0}


def test_shares_below_100_percent_leave_the_rest_unassigned(costs):
    centres = CostCentres.of(
        [
            {"name": "web-1", "cost_centre": "shop", "share": "50%"},
            {"name": "web-1", "cost_centre": "blog", "share": 30},
        ]
    )
    assigned = assigned_costs(costs, centres)
    assert paid(assigned) == {"shop": 30.5, "blog": 18.3, "unassigned": 73.2}
    assert monthly_costs(assigned, by="cost_centre")["allocated_cost"].sum() == 122


@pytest.mark.parametrize(
    ("sharing", "received", "kept"),
    [
        ([{"split": "even"}], {"blog": 30.5, "cms": 30.5}, 0),
        ([{"split": "direct_cost"}], {"blog": 24.4, "cms": 36.6}, 0),
        (
            [{"split": "weight", "to": "blog", "weight": 3}, {"split": "weight", "to": "cms", "weight": 1}],
            {"blog": 45.75, "cms": 15.25},
            0,
        ),
        ([{"split": "fixed", "to": "blog", "weight": 25}], {"blog": 15.25}, 45.75),
    ],
)
def test_shared_costs_are_spread_over_those_that_pay(costs, sharing, received, kept):
    centres = CostCentres.of(
        [
            {"name": "web-1", "cost_centre": "blog", "share": 40},
            {"name": "web-1", "cost_centre": "cms", "share": 60},
            {"name": "db-1", "cost_centre": "platform"},
        ]
    )
    shared = SharedCosts.of([{"cost_centre": "platform", **each} for each in sharing], centres)
    assigned = assigned_costs(costs, centres, shared)
    own, others = (assigned[assigned["shared_from"] == name] for name in ("", "platform"))
    assert paid(others) == received
    assert paid(own) == {"blog": 24.4, "cms": 36.6} | ({"platform": kept} if kept else {})
    assert set(others["rule"]) <= {f"line {number}" for number in range(1, len(sharing) + 1)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cost_centre\n\n,\n", None),
        ("name\nweb\n", "line 1: no column 'cost_centre'"),
        ("cost_centre,colour\nshop,red\n", "line 1: no column 'colour' is known"),
        ("name,cost_centre\nweb,\n", "line 2: the cost_centre is empty"),
        ("name,cost_centre,share\nweb,shop,60\nweb,blog,50\n", r"line 3: the shares .*, line 2 on, are 110 %"),
        ("name,cost_centre\nweb,shop\nweb,blog\n", "line 3: the shares of this rule, .* are 200 % together"),
        ("name,cost_centre,share\nweb,shop,-1\n", "line 2: share is '-1'"),
        ("name,cost_centre,share\nweb,shop,a third\n", "line 2: share is 'a third'; it must be a number"),
        ("name,cost_centre,valid_from,valid_to\nweb,shop,2026-07,2026-06\n", "line 2: valid_to 2026-06 is not after"),
        ("name,cost_centre,share\nweb,shop,10\nweb,shop,20\n", "line 3: 'shop' stands twice in this rule"),
        ("name,cost_centre\nweb,unassigned\n", "line 2: the cost centre may not be called unassigned"),
        ("name,cost_centre\nweb,shop,blog\n", "line 2: too many fields"),
    ],
)
def test_wrong_rules_name_file_and_line(tmp_path, text, words):
    path = tmp_path / "cost_centres.csv"
    path.write_text(text)
    if words is None:
        assert CostCentres.read(path).rules == ()
        return
    with pytest.raises(SettingsError, match=words) as caught:
        CostCentres.read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cost_centre,split\nplatfrom,even\n", "line 2: no rule .* 'platfrom'; did you mean platform"),
        ("cost_centre,split,to\nplatform,even,shpo\n", "line 2: no rule .* 'shpo'; did you mean shop"),
        ("cost_centre,split\nplatform,fair\n", "line 2: the split is 'fair'; it can be even, direct_cost"),
        ("cost_centre,split,to\nplatform,weight,shop\n", "line 2: weight is ''"),
        ("cost_centre,split,to,weight\nplatform,fixed,shop,70\nplatform,fixed,blog,40\n", "line 3: .* 110 together"),
        ("cost_centre,split,to\nplatform,even,blog\nblog,even,shop\n", "line 2: gives to 'blog', which .*line 3 spr"),
        ("cost_centre,split,to\nplatform,even,\nplatform,direct_cost,\n", "line 2 and .*line 3 both spread 'platform'"),
        ("cost_centre,split,to\nplatform,even,shop\nplatform,even,shop\n", "line 3: 'shop' pays twice"),
    ],
)
def test_wrong_shared_costs_name_file_and_line(tmp_path, text, words):
    path = tmp_path / "shared_costs.csv"
    path.write_text(text)
    centres = CostCentres.of([{"name": name, "cost_centre": name} for name in ("platform", "shop", "blog")])
    with pytest.raises(SettingsError, match=words) as caught:
        SharedCosts.read(path, centres)
    assert str(path) in str(caught.value)


def test_what_no_vm_stands_behind_is_paid_by_its_account_alone():
    bills = invoices_of([("main", "2026-06-30", 60)])
    costs = allocated_costs(TABLES["vm_days"].frame(), bills)
    assert paid(assigned_costs(costs, CostCentres.of([{"name": "*", "cost_centre": "shop"}]))) == {"unassigned": 60}
    assert paid(assigned_costs(costs, CostCentres.of([{"account": "main", "cost_centre": "shop"}]))) == {"shop": 60}
