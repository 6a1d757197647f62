import pytest
from scripted import Answer, broken, cut_off, page, says, silent

from vmgen_analytics.api.retries import Patience
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.errors import (
    ConnectFailed,
    NotJSON,
    RateLimited,
    RedirectRefused,
    SettingsError,
    ValidationError,
    VMgenError,
)

COMMAND = "POST /virtual-machines/7/command"
DONE = {"job_status": "success", "started_at": "2021-10-20T13:43:12.000000Z"}


def test_the_documented_request_and_its_answer(provider, client):
    provider.always[COMMAND] = DONE
    assert client.command(7, "reboot") == DONE
    (received,) = provider.received
    assert received.json == {"command": "reboot"}
    assert received.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "fault",
    [says({"message": "Something went wrong!"}, 500), says({}, 503, Retry_After="0"), says({}, 408), says({}, 409),
     says({}, 504), broken(), cut_off(DONE), page("<html>"), silent(0.3), Answer(b'{"job_st')],
    ids=["500", "503", "408", "409", "504", "reset", "cut off", "page", "silence", "half"],
)  # fmt: skip
def test_a_command_that_may_have_been_carried_out_is_sent_once(provider, connect, fault):
    provider.always[COMMAND] = fault
    client = connect(provider, timeouts=Timeouts(connect_s=1, read_s=0.1, attempt_s=0.5))
    with pytest.raises(VMgenError):
        client.command(7, "power_off")
    assert provider.count(COMMAND) == 1


def test_a_command_refused_unread_is_sent_again(provider, client):
    provider.queue(COMMAND, says({}, 429, Retry_After="0.05"), says({}, 429, Retry_After="0.05"))
    provider.always[COMMAND] = DONE
    assert client.command(7, "reboot") == DONE
    assert provider.count(COMMAND) == 3


def test_a_command_is_not_sent_for_ever(provider, client):
    provider.always[COMMAND] = says({}, 429, Retry_After="0.05")
    with pytest.raises(RateLimited):
        client.command(7, "reboot")
    assert provider.count(COMMAND) == 3


def test_a_command_that_never_left_says_so(provider, connect):
    with pytest.raises(ConnectFailed) as caught:
        connect(provider, base_url="http://127.0.0.1:1", patience=Patience(base_s=0.001)).command(7, "reboot")
    assert caught.value.sent == "no"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_command_is_not_redirected_even_at_home(provider, client, status):
    provider.always[COMMAND] = says({}, status, Location="/virtual-machines/8/command")
    with pytest.raises(RedirectRefused):
        client.command(7, "power_off")
    assert len(provider.received) == 1


@pytest.mark.parametrize("status", [400, 422])
def test_the_other_spelling_is_tried_once_and_remembered(provider, client, status):
    provider.queue(COMMAND, says({"message": "unknown command"}, status))
    provider.always[COMMAND] = DONE
    assert client.command(7, "power_on") == DONE
    assert client.command(7, "power_off") == DONE
    assert [received.json["command"] for received in provider.received] == ["power_on", "power on", "power off"]


def test_a_refused_reboot_has_no_other_spelling(provider, client):
    provider.always[COMMAND] = says({"message": "not now"}, 422)
    with pytest.raises(ValidationError, match="not now"):
        client.command(7, "reboot")
    assert provider.count(COMMAND) == 1


def test_both_spellings_refused_is_a_refusal(provider, client):
    provider.always[COMMAND] = says({"message": "not now"}, 422)
    with pytest.raises(ValidationError):
        client.command(7, "power_on")
    assert provider.count(COMMAND) == 2


def test_an_unknown_command_is_not_sent(provider, client):
    with pytest.raises(SettingsError, match="power_on, power_off, reboot"):
        client.command(7, "delete")
    assert not provider.received


def test_an_accepted_command_may_have_no_body(provider, client):
    provider.always[COMMAND] = Answer(b"", 202)
    assert client.command(7, "reboot") == {}
    assert provider.count(COMMAND) == 1


def test_a_page_after_a_command_is_no_acceptance(provider, client):
    provider.always[COMMAND] = page("<title>Login</title>")
    with pytest.raises(NotJSON, match="Login"):
        client.command(7, "reboot")
