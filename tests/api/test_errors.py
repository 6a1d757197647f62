"""What every error carries, whatever went wrong, and that it survives a trip to another process."""

import inspect
import pickle
import re

import pandas as pd
import pytest
from scripted import Answer, broken, cut_off, page, says, silent

import vmgen_analytics as va
from vmgen_analytics import errors
from vmgen_analytics.api.retries import Breaker, Patience
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.errors import Failure, FetchInterrupted, FetchStopped, NotFound, VMgenError

VMS = "GET /virtual-machines"
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, VMgenError)]
SITUATIONS = {
    "reset": (broken(), "ConnectionLost", 0, "maybe", True),
    "silence": (silent(0.3), "RequestTimeout", 0, "maybe", True),
    "a redirect": (says({}, 302, Location="http://example.net/"), "RedirectRefused", 302, "yes", False),
    "cut off": (cut_off([1, 2, 3]), "TruncatedResponse", 200, "yes", True),
    "empty": (Answer(b""), "TruncatedResponse", 200, "yes", True),
    "a page": (page("<title>x</title>"), "NotJSON", 200, "yes", True),
    "text": (says("text"), "UnexpectedShape", 0, "yes", False),
    "fewer than announced": (says({"data": [], "meta": {"total": 2}}), "IncompleteListing", 0, "yes", False),
    "a next page elsewhere": (says({"data": [], "next": "//example.net/"}), "RedirectRefused", 0, "yes", False),
    "a message": (says({"message": "no"}), "APIError", 200, "yes", False),
    "400": (says({}, 400), "ValidationError", 400, "yes", False),
    "401": (says({}, 401), "AuthenticationError", 401, "yes", False),
    "403": (says({}, 403), "PermissionDenied", 403, "yes", False),
    "404": (says({}, 404), "NotFound", 404, "yes", False),
    "409": (says({}, 409), "Conflict", 409, "yes", True),
    "422": (says({}, 422), "ValidationError", 422, "yes", False),
    "429": (says({}, 429, Retry_After="3600"), "RateLimited", 429, "yes", True),
    "500": (says({}, 500), "ServerError", 500, "yes", True),
    "999": (Answer(b"", 999), "ServerError", 999, "yes", True),
}


@pytest.mark.parametrize(("answer", "kind", "status", "sent", "retryable"), SITUATIONS.values(), ids=SITUATIONS)
def test_an_error_says_what_was_asked_and_whether_it_left(provider, connect, answer, kind, status, sent, retryable):
    provider.always[VMS] = answer
    client = connect(provider, timeouts=Timeouts(connect_s=1, read_s=0.1, attempt_s=1), patience=Patience(tries=1))
    with pytest.raises(VMgenError) as caught:
        client.vms()
    error = caught.value
    assert (type(error).__name__, error.status, error.sent, error.retryable) == (kind, status, sent, retryable)
    assert (error.operation, error.url) == ("vms", f"{provider.url}/virtual-machines")
    assert "GET /virtual-machines" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_what_was_not_sent_says_so_and_what_it_would_have_been(provider, connect, monkeypatch):
    monkeypatch.setattr(Breaker, "NEVER_ANSWERED", 1)
    lost = connect(provider, base_url="http://127.0.0.1:1")
    for kind, ask in (("ConnectFailed", lost.vms), ("ProviderDown", lost.vms)):
        with pytest.raises(VMgenError) as caught:
            ask()
        error = caught.value
        assert (type(error).__name__, error.sent, error.retryable) == (kind, "no", True)
        assert (error.operation, error.url) == ("vms", "http://127.0.0.1:1/virtual-machines")


def test_there_is_something_to_say_about_every_kind_and_the_docstring_shows_the_tree():
    shown = re.findall(r"^( +)- (\w+)|^- (\w+)", errors.__doc__ or "", re.MULTILINE)
    names = [name or root for _, name, root in shown]
    assert sorted(names) == sorted(kind.__name__ for kind in KINDS)
    depth = {name or root: len(blanks) // 4 for blanks, name, root in shown}
    for kind in KINDS:
        assert (kind.__doc__ or "").strip()
        assert kind.sent in ("no", "maybe", "yes")
        parents = [parent.__name__ for parent in kind.__bases__ if issubclass(parent, VMgenError)]
        for parent in parents:
            assert depth[kind.__name__] == depth[parent] + 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not issubclass(kind, FetchInterrupted)])
def test_every_kind_can_be_pickled(kind):
    error = kind("what happened")
    error.operation, error.status = "vms", 418
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (kind, "what happened", vars(error))


def test_an_interrupted_fetch_takes_what_came_along_and_not_its_connection(provider, client):
    day = {"date": "2026-11-01", "in_MB": 1, "out_MB": 2}
    provider.serve(vms=[{"id": 1}, {"id": 2}], usage={1: [day]})
    provider.always["GET /virtual-machines/2/usage"] = says({}, 403)
    with pytest.raises(FetchInterrupted) as caught:
        va.fetch_usage(client, [1, 2])
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    pd.testing.assert_frame_equal(again.partial, caught.value.partial)
    assert [(failure.table, failure.vm_id, str(failure.error)) for failure in again.failures] == [
        (failure.table, failure.vm_id, str(failure.error)) for failure in caught.value.failures
    ]
    with pytest.raises(VMgenError, match=r"fetch the VMs in \.failures again"):
        again.resume()
    assert str(pickle.loads(pickle.dumps(again))) == str(again)
    stopped = FetchStopped(again.partial, again.failures, again.resume)
    assert type(pickle.loads(pickle.dumps(stopped))) is FetchStopped


def test_a_failure_names_table_and_vm():
    assert str(Failure("usage", 7, NotFound("gone"))) == "usage of VM 7: gone"
    assert str(Failure("vms", None, NotFound("gone"))) == "vms: gone"


def test_nothing_of_requests_hangs_on_an_error(provider, connect):
    for answer in (broken(), cut_off([1]), page("x"), says({}, 500), silent(0.2)):
        provider.always[VMS] = answer
        client = connect(provider, timeouts=Timeouts(connect_s=1, read_s=0.1, attempt_s=1), patience=Patience(tries=2))
        with pytest.raises(VMgenError) as caught:
            client.vms()
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
