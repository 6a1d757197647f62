"""From everything to an account, a location, a VM and back, as a person clicks."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from panels_to_drive import LOCATIONS, TODAY, choose, control
from test_cost_explorer import SPENT, code_of, plain

from vmgen_analytics.widgets import CostExplorer
from vmgen_analytics.widgets.scope import Scope, ScopeControls


def offered(panel, name):
    return [text for text, _ in control(panel, name).options]


def test_a_location_leads_to_its_vms_and_a_vm_back_to_everything(archive, explore):
    panel = explore(archive)
    assert offered(panel, "Location") == ["All locations", *sorted(LOCATIONS.values()), "Unknown location"]
    everybody = offered(panel, "VM")
    choose(panel, "Location", "Dallas")
    here = offered(panel, "VM")
    assert 1 < len(here) < len(everybody)
    assert "for location Dallas" in plain(panel)
    choose(panel, "VM", here[1])
    assert panel.view["by"] == "vm_id", "who goes to a location sees its VMs"
    assert panel.table["vm_id"].tolist() == [panel.view["vm_id"]]
    assert panel.view["location"] == "Dallas"
    choose(panel, "Location", "Amsterdam")
    assert "vm_id" not in panel.view, "a VM of Dallas is none of Amsterdam"
    choose(panel, "Location", "All locations")
    assert round(panel.table["total"].sum(), 6) == SPENT


def test_parts_of_a_whole_are_the_whole(archive, explore):
    totals = [explore(archive, view={"location": place}).table["total"].sum() for place in (*LOCATIONS.values(), "")]
    assert round(sum(totals), 6) == SPENT


@pytest.mark.parametrize(
    "view", [{"location": "", "by": "vm_id"}, {"vm_id": 102}, {"location": "Dallas", "vm_id": 103}]
)
def test_the_python_and_the_view_follow(archive, explore, view):
    panel = explore(archive, view=view)
    assert len(panel.table)
    made = {}
    exec(code_of(panel), made)
    assert_frame_equal(made["table"], panel.table)
    assert_frame_equal(explore(archive, view=panel.view).table, panel.table)


def test_a_vm_that_nobody_knows_is_a_sentence(archive, explore):
    panel = explore(archive, view={"vm_id": 999})
    assert "No invoices for" in plain(panel)
    assert control(panel, "VM").value == ("", 999)


def test_a_vm_of_several_accounts_chooses_its_account(two_accounts, settings):
    panel = CostExplorer(two_accounts, settings=settings, today=TODAY)
    choose(panel, "VM", "shop-1 (101), shop")
    assert (panel.view["account"], panel.view["vm_id"]) == ("shop", 101)
    assert set(panel.model.answer.chosen["account"]) == {"shop"}
    choose(panel, "Account", "main")
    assert "vm_id" not in panel.view


def test_unknown_places_are_a_part_of_their_own():
    rows = pd.DataFrame(
        {"account": "main", "vm_id": [1, 2, None], "vm_name": ["a", "b", None], "location": ["Oslo", None, None]}
    ).astype({"vm_id": "Int64"})
    assert Scope(location="").of(rows)["vm_id"].tolist() == [2, pd.NA]
    assert Scope(location="Oslo").of(rows)["vm_id"].tolist() == [1]
    assert Scope().of(rows) is rows
    controls = ScopeControls()
    controls.follow(Scope(), rows)
    assert [text for text, _ in controls.vm.options] == ["All VMs", "a (1)", "b (2)"]
