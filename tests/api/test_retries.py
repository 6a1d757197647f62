"""The gate, the breaker and the retrier by themselves, with a clock that a test sets."""

import threading
import time
from types import SimpleNamespace

import pytest

from vmgen_analytics.api.gate import Gate
from vmgen_analytics.api.retries import Breaker, Patience, Retrier
from vmgen_analytics.errors import (
    APIError,
    ConnectionLost,
    NotFound,
    NotJSON,
    ProviderDown,
    RateLimited,
    RedirectRefused,
    ServerError,
    Stopped,
    TLSError,
    TruncatedResponse,
    VMgenError,
)

GO, DOWN, WAIT = True, False, None


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(clock):
    return Gate(60.0, clock)


class Waiting:
    """An event that lets the time pass instead of waiting."""

    def __init__(self, clock):
        self.clock, self.waited = clock, 0.0

    def wait(self, seconds):
        self.clock.now += seconds
        self.waited += seconds
        return False

    def is_set(self):
        return False


def test_an_open_gate_makes_nobody_wait(gate, clock):
    stop = Waiting(clock)
    assert [gate.enter(stop) for _ in range(100)] == [clock.now] * 100
    assert stop.waited == 0


def test_a_refusal_closes_the_gate_for_everybody_as_long_as_asked(gate, clock):
    entered = gate.enter(Waiting(clock))
    gate.refused(entered, 7.0)
    assert gate.enter(Waiting(clock)) == entered + 7


def test_a_burst_of_refusals_is_one_event_and_its_longest_wait_counts(gate, clock):
    entered = [gate.enter(Waiting(clock)) for _ in range(8)]
    for each, wait_s in zip(entered, [1.0, None, 3.0, 2.0, None, 1.0, 1.0, 1.0], strict=True):
        gate.refused(each, wait_s)
    assert gate.events == 1
    assert gate.enter(Waiting(clock)) == 1003.0


def test_after_a_refusal_the_rate_is_less_than_what_got_through_and_grows_when_it_is_calm(gate, clock):
    for _ in range(100):
        gate.passed()
        clock.now += 0.02
    gate.refused(gate.enter(Waiting(clock)), 1.0)
    assert gate.rate_per_s == pytest.approx(0.8 * 50)
    began = gate.enter(Waiting(clock))
    stop = Waiting(clock)
    for _ in range(40):
        gate.enter(stop)
        gate.passed()
    assert clock.now - began == pytest.approx(1.0)
    clock.now += 2
    gate.passed()
    assert gate.rate_per_s == pytest.approx(0.8 * 50 * 1.02)


def test_without_a_wait_asked_for_each_fruitless_event_doubles_it_up_to_a_minute_in_all(gate, clock):
    pauses = []
    while not gate.overlong_s():
        began = clock.now
        entered = gate.enter(Waiting(clock))
        pauses.append(round(entered - began))
        gate.refused(entered, None)
        assert len(pauses) < 20
    assert pauses == [0, 1, 2, 4, 8, 16, 20]
    gate.passed()
    assert not gate.overlong_s()


def test_a_wait_beyond_patience_is_none_and_is_over_when_its_time_has_come(gate, clock):
    gate.refused(gate.enter(Waiting(clock)), 3600.0)
    assert gate.overlong_s() == 3600.0
    clock.now += 3550
    assert not gate.overlong_s()  # the rest is short
    assert gate.enter(Waiting(clock)) == 4600.0


def test_short_waits_that_help_nothing_add_up(gate, clock):
    for _ in range(6):
        assert not gate.overlong_s()
        gate.refused(gate.enter(Waiting(clock)), 10.0)
    assert not gate.overlong_s()
    gate.refused(gate.enter(Waiting(clock)), 10.0)
    assert gate.overlong_s() == 10.0


def fail(breaker, times, operation="usage", error=None):
    for _ in range(times):
        breaker.note(error or ServerError("x"), operation, object(), breaker._clock())


@pytest.mark.parametrize(("has_answered", "limit"), [(True, 25), (False, 10)])
def test_the_breaker_opens_after_so_many_failures_in_a_row(clock, has_answered, limit):
    breaker = Breaker(clock)
    if has_answered:
        breaker.note(None, "vms", object(), clock.now)
    fail(breaker, limit - 1)
    assert breaker.admits("usage", object()) is GO
    fail(breaker, 1)
    assert breaker.admits("usage", object()) is DOWN
    assert breaker.rest_s == 10


@pytest.mark.parametrize("error", [None, NotFound("x"), RateLimited("x"), APIError("x", status=418)])
def test_any_answer_of_a_provider_that_is_up_ends_the_row(clock, error):
    breaker = Breaker(clock)
    fail(breaker, 9)
    breaker.note(error, "usage", object(), clock.now)
    fail(breaker, 24)
    assert breaker.admits("usage", object()) is GO


@pytest.mark.parametrize("kind", [ServerError, ConnectionLost, NotJSON, TruncatedResponse, RedirectRefused])
def test_a_maintenance_page_is_an_outage_as_well(clock, kind):
    breaker = Breaker(clock)
    fail(breaker, 10, error=kind("x"))
    assert breaker.admits("usage", object()) is DOWN


def test_another_operation_is_tried_once_while_the_others_wait(clock):
    breaker = Breaker(clock)
    fail(breaker, 10)
    scout = object()
    assert breaker.admits("jobs", scout) is GO
    assert breaker.admits("jobs", object()) is WAIT
    assert breaker.admits("usage", object()) is WAIT
    breaker.note(ServerError("x"), "jobs", scout, clock.now)
    breaker.leave(scout)
    assert [breaker.admits(name, object()) for name in ("jobs", "usage")] == [DOWN, DOWN]
    another = object()
    assert breaker.admits("networking", another) is GO
    breaker.note(None, "networking", another, clock.now)
    breaker.leave(another)
    assert breaker.admits("usage", object()) is GO


def test_a_scout_that_never_comes_back_holds_up_nobody(clock):
    breaker = Breaker(clock)
    fail(breaker, 10)
    scout = object()
    assert breaker.admits("jobs", scout) is GO
    breaker.leave(scout)  # Ctrl-C: no answer, no error
    assert breaker.admits("vms", object()) is GO


def test_after_a_rest_it_is_asked_again(clock):
    breaker = Breaker(clock)
    fail(breaker, 10)
    clock.now += 10
    scout = object()
    assert breaker.admits("usage", scout) is GO
    breaker.note(ServerError("x", retry_after_s=30.0), "usage", scout, clock.now)
    breaker.leave(scout)
    assert breaker.admits("usage", object()) is DOWN
    assert breaker.rest_s == 30


def test_a_provider_that_had_the_time_it_asked_for_and_fails_again_is_down(clock):
    breaker = Breaker(clock)
    asks = ServerError("x", retry_after_s=5.0)
    fail(breaker, 8, error=asks)  # as many as were under way
    assert breaker.admits("usage", object()) is GO
    clock.now += 5
    fail(breaker, 1, error=asks)
    assert breaker.admits("usage", object()) is DOWN


def test_what_was_under_way_when_it_asked_to_wait_proves_nothing(clock):
    breaker = Breaker(clock)
    before = clock.now
    fail(breaker, 1, error=ServerError("x", retry_after_s=5.0))
    clock.now += 5
    breaker.note(ServerError("x", retry_after_s=5.0), "usage", object(), before)
    assert breaker.admits("usage", object()) is GO


@pytest.fixture
def quick():
    return Retrier(Patience(base_s=0.001, cap_s=0.002, longest_wait_s=0.5), seed=1)


class Scripted:
    """Fails with one error after the other, and then answers."""

    def __init__(self, *errors):
        self.errors, self.calls = list(errors), 0

    def __call__(self):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def test_the_budget_ends_trying_again_for_all_together():
    retrier = Retrier(Patience(base_s=0, budget=60, tries=4))
    retrier.call(Scripted())
    attempts = 0
    for vm in range(20):
        ask = Scripted(*[ServerError("x")] * 9)
        with pytest.raises(VMgenError):
            retrier.call(ask, "usage")
        retrier.call(Scripted(), f"other {vm}")  # it answers in between, so the breaker stays closed
        attempts += ask.calls
    assert 20 + 12 <= attempts <= 20 + 12 + 20 // 5 + 1  # 60 / 5 retries, and what the successes gave back


@pytest.mark.parametrize(
    "error", [NotFound("x"), TLSError("x"), RedirectRefused("x"), ServerError("x", retry_after_s=9.0)]
)
def test_what_another_try_cannot_help_now_is_tried_once(quick, error):
    ask = Scripted(error)
    with pytest.raises(type(error)):
        quick.call(ask)
    assert ask.calls == 1


def test_a_stop_sends_nothing_more(quick):
    quick.stop.set()
    ask = Scripted()
    with pytest.raises(Stopped):
        quick.call(ask)
    assert ask.calls == 0


def test_what_is_broken_off_here_is_no_failure_of_the_provider(quick):
    def broken_off():
        quick.stop.set()
        raise ConnectionLost("x")

    for _ in range(30):
        with pytest.raises(ConnectionLost):
            quick.call(broken_off)
        quick.stop.clear()
    assert quick.call(Scripted()) == "answer"


def test_a_bug_or_ctrl_c_in_a_scout_frees_the_others(quick):
    for _ in range(10):
        with pytest.raises(VMgenError):
            quick.call(Scripted(NotJSON("x"), NotJSON("x"), NotJSON("x"), NotJSON("x")), "usage")
    with pytest.raises(KeyboardInterrupt):
        quick.call(Scripted(KeyboardInterrupt()), "jobs")
    assert quick.call(Scripted(), "vms") == "answer"


def test_those_who_wait_for_a_scout_go_on_when_it_succeeds(quick, monkeypatch):
    monkeypatch.setattr(Breaker, "REST_S", 0.05)
    for _ in range(3):
        with pytest.raises(VMgenError):
            quick.call(Scripted(*[ServerError("x")] * 4), "usage")
    with pytest.raises(ProviderDown, match=r"not sent.*try again in 0 s"):
        quick.call(Scripted(), "usage")
    time.sleep(0.06)
    under_way = SimpleNamespace(now=0, most=0, sent=0)
    lock = threading.Lock()
    found = []

    def slow():
        with lock:
            under_way.now += 1
            under_way.sent += 1
            first = under_way.sent == 1
            assert first or found
        time.sleep(0.1 if first else 0)
        with lock:
            under_way.now -= 1
            found.append("answer")

    threads = [threading.Thread(target=quick.call, args=(slow, "usage")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
