"""What is offered, how loudly it is confirmed, and that no order of clicks sends what was not confirmed just now."""

from datetime import timedelta

import pytest
from consoles import NOON, Time
from hypothesis import given
from hypothesis import strategies as st

from vmgen_analytics import Archive, Settings
from vmgen_analytics.following import Following
from vmgen_analytics.targets import Target
from vmgen_analytics.widgets.power_choices import PowerChoices, chosen, shown
from vmgen_analytics.widgets.power_model import PowerModel
from vmgen_analytics.widgets.power_orders import Armed, Order, fitting, plain
from vmgen_analytics.widgets.power_reading import Reading

STATES = st.sampled_from(["UP", "DOWN", "running", " Stopped ", "Frozen", ""])
TARGETS = st.builds(Target, st.integers(1, 10**9), st.text(max_size=60), STATES, st.text(max_size=15))
COMMANDS = st.sampled_from(["power_on", "reboot", "power_off"])
FLEET = (Target(1, "web-1", "UP"), Target(2, "web-2", "UP"), Target(3, "db-1", "DOWN"), Target(4, "db-2", "odd"))


@given(COMMANDS, st.lists(TARGETS, min_size=1, max_size=4, unique_by=lambda target: target.vm_id), st.text(max_size=70))
def test_only_what_was_asked_for_confirms(command, targets, typed):
    order = Order(command, tuple(targets))
    if len(targets) == 1 and command != "power_off":
        assert order.to_type == ""
        return
    assert order.to_type.strip()
    assert order.to_type.isprintable()
    assert order.is_confirmed_by(f" {order.to_type}\t")
    assert not order.is_confirmed_by("")
    assert order.is_confirmed_by(typed) == (typed.strip() == order.to_type)
    assert order.to_type == str(len(targets)) or len(targets) == 1


@given(st.lists(TARGETS, max_size=4))
def test_no_command_is_offered_that_does_not_fit_every_machine(targets):
    words = {target.state.strip().lower() for target in targets}
    offered = fitting(targets)
    assert ("power_on" in offered) == bool(targets and not words & {"up", "running"})
    assert ("power_off" in offered) == ("reboot" in offered) == bool(targets and not words & {"down", "stopped"})


@given(st.text())
def test_what_is_shown_can_be_seen(text):
    assert plain(text).isprintable()
    assert plain(text) == text or not text.isprintable()


@given(st.text(max_size=8), st.lists(TARGETS, max_size=6, unique_by=lambda target: target.vm_id), st.data())
def test_what_a_filter_hides_is_never_chosen(text, targets, data):
    vms = data.draw(st.lists(st.sampled_from([target.vm_id for target in targets] or [1])))
    choices = PowerChoices("main", text, tuple(vms))
    seen = shown(choices, targets)
    assert set(chosen(choices, seen)) == {target for target in seen if target.vm_id in vms}
    assert [target for target in targets if text.strip() in target.vm_name and target not in seen] == []


@pytest.mark.parametrize(("after_s", "holds"), [(0, True), (60, True), (60.001, False), (-0.001, False)])
def test_what_is_armed_holds_for_a_minute(after_s, holds):
    assert Armed(Order("reboot", FLEET[:1]), NOON).holds(NOON + timedelta(seconds=after_s)) is holds


class Recording(PowerModel):
    """Notes what would be sent, in place of sending it."""

    def _start(self, work, _):
        if work == "sending":
            self.sent.append((self.order, self.now()))


ACTIONS = st.one_of(
    st.tuples(st.just("pick"), st.sets(st.sampled_from([1, 2, 3, 4]))),
    st.tuples(st.just("filter"), st.sampled_from(["", "web", "db"])),
    st.tuples(st.just("arm"), COMMANDS),
    st.tuples(st.just("arm"), COMMANDS),
    st.tuples(st.just("disarm"), st.none()),
    st.tuples(st.just("pass"), st.sampled_from([1, 40, 61])),
    st.tuples(st.just("confirm"), st.sampled_from(["", "1", "2", "3", "web-1", "web-2", "db-2"])),
    st.tuples(st.just("confirm right"), st.none()),
)


@given(st.lists(ACTIONS, max_size=25))
def test_no_order_of_clicks_sends_what_was_not_confirmed_just_now(actions):
    clock = Time()
    model = Recording(Archive("no/such"), Settings(), None, True, PowerChoices("main"), clock, Following())
    model.reading, model.sent = Reading("main", FLEET, NOON), []
    expected, armed = [], None
    for action, what in actions:
        before = model.choices
        if action in ("pick", "filter"):
            vms = tuple(sorted(what)) if action == "pick" else before.vms
            model.choose(PowerChoices("main", what if action == "filter" else before.filter, vms))
            armed = armed if model.choices == before else None
        elif action == "arm":
            model.arm(what)
            targets = model.chosen
            armed = (Order(what, targets), clock.now) if what in fitting(targets) else None
        elif action == "disarm":
            model.disarm()
            armed = None
        elif action == "pass":
            clock.now += timedelta(seconds=what)
        else:
            typed = what or (armed[0].to_type if armed else "")
            for _ in range(3):
                model.confirm(typed)
            if armed and clock.now - armed[1] <= timedelta(seconds=60) and armed[0].is_confirmed_by(typed):
                expected.append((armed[0], clock.now))
            armed = None
        assert (model.armed is None) == (armed is None)
    assert model.sent == expected
