"""Dropdowns whose "all of them" is None."""

from vmgen_analytics.widgets.controls import dropdown, offer

ALL = [("All VMs", None), ("db-1", 1), ("web-1", 2)]


def test_all_of_them_is_shown_whoever_chooses_it():
    vms = dropdown("VM")
    chosen: list[int | None] = []
    vms.observe(lambda change: chosen.append(change.new), names="value")
    offer(vms, ALL, None)
    assert (vms.index, vms.label, vms.value) == (0, "All VMs", None)
    assert chosen == []
    vms.set_state({"index": 2})  # as the browser says it
    vms.set_state({"index": 0})
    assert (vms.index, vms.label, vms.value) == (0, "All VMs", None)
    offer(vms, ALL, 1)
    offer(vms, ALL[:2], None)
    assert (vms.index, vms.label) == (0, "All VMs")
    assert [value for value in chosen if value is not None] == [2, 1]


def test_nothing_is_shown_where_none_is_no_choice():
    vms = dropdown("VM")
    offer(vms, ALL[1:], None)
    assert (vms.index, vms.value) == (None, None)
