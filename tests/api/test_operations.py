"""All twenty operations as the provider's page has them, over HTTP."""

import json
import logging
import traceback
from pathlib import Path

import pytest
from scripted import Answer, broken, cut_off, page, says, silent
from waiting import wait_until

from vmgen_analytics.api import Client
from vmgen_analytics.api.secret import Secret, without
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.errors import APIError, NotFound, ServerError, ValidationError, VMgenError
from vmgen_analytics.sandbox import Sandbox

DOCUMENTED = Path(__file__).parents[1] / "data"
PASSWORD = "canary-Root.Passw0rd!"
SCRIPT = "#!/bin/sh\necho canary-script-7f3a > /root/token\n"
KEY_LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIcanaryCanaryCanaryCanaryCanary9 me@laptop"
SECRETS = (PASSWORD, SCRIPT, "canary-script-7f3a", KEY_LINE, "AAAAIcanaryCanary")


def documented(name):
    return json.loads((DOCUMENTED / f"{name}.json").read_text(encoding="utf-8"))


READS = {
    "account": ("/account", (), False),
    "invoices": ("/invoices", (), True),
    "locations": ("/locations", (), True),
    "packages": ("/locations/5/packages/", (5,), True),
    "vms": ("/virtual-machines", (), True),
    "configuration": ("/virtual-machines/7/configuration", (7,), False),
    "usage": ("/virtual-machines/7/usage", (7,), True),
    "networking": ("/virtual-machines/7/networking", (7,), True),
    "jobs": ("/virtual-machines/7/jobs", (7,), True),
    "status": ("/virtual-machines/7/status", (7,), False),
    "os_images": ("/os-images", (), True),
    "ssh_keys": ("/ssh-keys", (), True),
    "marketplace": ("/marketplace", (), True),
    "user_data_scripts": ("/user-data-scripts", (), True),
}
ORDER = {"location_id": 2, "package": "Small", "os_image_id": 11, "root_password": Secret(PASSWORD)}
WRITES = {
    "deploy": ("POST /virtual-machines/", lambda client: client.deploy(ORDER)),
    "delete": ("DELETE /virtual-machines/7", lambda client: client.delete(7)),
    "save_user_data_script": (
        "POST /user-data-scripts",
        lambda client: client.save_user_data_script("string", Secret(SCRIPT), base64=True),
    ),
    "ticket": ("POST /tickets/", lambda client: client.ticket("string", "string", "string")),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_read_asks_the_documented_path_and_gives_the_documented_record(provider, client, name, is_wrapped):
    path, arguments, is_list = READS[name]
    record = documented(name)
    provider.always[f"GET {path}"] = {"data": [record]} if is_wrapped else record
    found = getattr(client, name)(*arguments)
    assert found == ([record] if is_list else record)
    (received,) = provider.received
    assert (received.method, received.path, received.body) == ("GET", path, b"")


def test_a_write_sends_the_documented_fields(provider, client):
    provider.always["POST /user-data-scripts"] = documented("save_user_data_script")
    provider.always["POST /tickets/"] = Answer(b"", 204)
    provider.always["POST /virtual-machines/"] = documented("deploy")
    provider.always["DELETE /virtual-machines/7"] = documented("command")
    script, ticket = documented("save_user_data_script_request"), documented("ticket_request")
    assert client.save_user_data_script(
        script["description"], Secret(script["script_content"]), base64=script["base64"]
    ) == {"version_id": 99}
    assert client.ticket(**ticket) == {}
    order = {"location_id": 2, "cpu_cores": 1, "ssh_keys": [Secret(KEY_LINE)], "root_password": Secret(PASSWORD)}
    assert client.deploy(order) == documented("deploy")
    assert client.delete(7) == documented("command")
    bodies = [received.json if received.body else None for received in provider.received]
    assert bodies == [script, ticket, {**order, "ssh_keys": [KEY_LINE], "root_password": PASSWORD}, None]
    assert {received.headers.get("Content-Type") for received in provider.received[:3]} == {"application/json"}


@pytest.mark.parametrize("answer", [{"version_id": 99}, {"data": {"version_id": 99}}, [{"version_id": 99}]])
def test_the_answer_to_a_write_may_be_wrapped(provider, client, answer):
    provider.always["POST /user-data-scripts"] = answer
    assert client.save_user_data_script("x", Secret(SCRIPT)) == {"version_id": 99}


@pytest.mark.parametrize("answer", [[], [1], {"x": [1, 2]}, "done", 7, True, None, [{"a": 1}, {"b": 2}]])
def test_what_was_accepted_is_accepted_whatever_the_answer_looks_like(provider, client, answer):
    provider.always["DELETE /virtual-machines/7"] = says(answer)
    assert isinstance(client.delete(7), dict)


FAULTS = {
    "500": says({"message": "Something went wrong!"}, 500),
    "503": says({}, 503, Retry_After="0"),
    "408": says({}, 408),
    "422": says({"message": "no"}, 422),
    "404": says({}, 404),
    "409": says({}, 409),
    "reset": broken(),
    "cut off": cut_off({"job_status": "success"}),
    "page": page("<title>Login</title>"),
    "silence": silent(0.3),
    "redirect": says({}, 307, Location="/elsewhere"),
}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_write_is_sent_once_whatever_comes_back(provider, connect, name, fault):
    asked, write = WRITES[name]
    provider.always[asked] = fault
    with pytest.raises(VMgenError):
        write(connect(provider, timeouts=Timeouts(connect_s=1, read_s=0.1, attempt_s=0.5)))
    wait_until(lambda: provider.received)  # a busy machine may take it in after the client has given up
    assert len(provider.received) == 1


def test_a_ticket_that_is_answered_by_a_message_was_taken(provider, client):
    provider.always["POST /tickets/"] = {"message": "The ticket has been sent."}
    assert client.ticket("topic", "text", "me@example.net") == {"message": "The ticket has been sent."}
    provider.always["POST /tickets/"] = says({"message": "no such address"}, 400)
    with pytest.raises(ValidationError, match="no such address"):
        client.ticket("topic", "text", "me@example.net")


@pytest.mark.parametrize("place", ["", "..", "7/../8", "a b", "7?x=1", "ä"])
def test_a_number_that_is_none_makes_no_address(provider, client, place):
    for ask in (client.delete, client.configuration, client.packages, lambda one: client.job(7, one)):
        with pytest.raises(VMgenError, match="is no number"):
            ask(place)
    assert not provider.received


# where a job's status is asked for

JOB = {"job_status": "success", "started_at": "2021-10-20T13:43:12.000000Z"}
POST, GET, SHORT = "POST /virtual-machines/7/jobs/5", "GET /virtual-machines/7/jobs/5", "GET /jobs/5"
LIST = "GET /virtual-machines/7/jobs"


@pytest.mark.parametrize(("works", "tried"), [(POST, [POST]), (GET, [POST, GET]), (SHORT, [POST, GET, SHORT])])
@pytest.mark.parametrize("refusal", [404, 405])
def test_a_job_is_asked_for_where_it_can_be_and_that_is_kept(provider, client, works, tried, refusal):
    for way in (POST, GET, SHORT):
        provider.always[way] = JOB if way == works else says({}, refusal)
    assert client.learned.get("job lookup") is None
    assert client.job(7, "5") == JOB
    assert client.job(7, "5") == JOB
    asked = [f"{received.method} {received.path}" for received in provider.received]
    assert asked == [*tried, works]
    assert works.split("/")[0].strip() in client.learned["job lookup"]


def test_a_job_that_can_be_asked_for_nowhere_is_found_in_the_list(provider, client):
    provider.always[LIST] = [
        {"event": "reboot", "started_at": "2021-10-20T13:43:12.000000Z", "status": "running"},
        {"event": "reboot", "started_at": "2021-10-19T13:43:12.000000Z", "status": "success"},
    ]
    for _ in range(2):
        assert client.job(7, "5", "2021-10-20T13:43:12.000000Z")["job_status"] == "running"
    assert [provider.count(way) for way in (POST, GET, SHORT, LIST)] == [1, 1, 1, 2]
    assert "GET /virtual-machines/{id}/jobs" in client.learned["job lookup"]
    with pytest.raises(NotFound, match="VM 7 has no job 6"):
        client.job(7, "6", "2021-10-21T13:43:12.000000Z")


def test_a_list_whose_jobs_have_numbers_tells_them_apart(provider, client):
    provider.always[LIST] = [{"job_id": 4, "status": "failed"}, {"id": "5", "status": "done"}]
    assert client.job(7, "5")["job_status"] == "done"


def test_a_job_that_does_not_show_yet_closes_no_way(provider, client):
    provider.always[LIST] = []
    with pytest.raises(NotFound):
        client.job(7, "5", "2021-10-20T13:43:12.000000Z")
    provider.always[POST] = JOB
    assert client.job(7, "5") == JOB
    assert client.learned["job lookup"].endswith("POST /virtual-machines/{id}/jobs/{job_id}")


def test_a_provider_that_fails_is_no_provider_without_that_way(provider, client):
    provider.always[POST] = says({}, 503)
    provider.always[GET] = JOB
    with pytest.raises(ServerError):
        client.job(7, "5")
    assert provider.count(GET) == 0


@pytest.mark.parametrize("lookup", [("post",), ("get",), ("short",), ()])
def test_a_job_of_the_sandbox_is_found_however_it_is_offered(lookup):
    sandbox = Sandbox(vms=2, seed=3, today="2026-11-23", job_lookup=lookup, job_seconds=60)
    with sandbox, Client(sandbox.key, base_url=sandbox.url) as client:
        vm_id = client.vms()[0]["id"]
        answer = client.command(vm_id, "reboot")
        job = client.job(vm_id, str(answer["job_id"]), answer["started_at"])
    assert job["job_status"] in ("pending", "running")
    assert job["started_at"] == answer["started_at"]


# what was learned

COMMAND = "POST /virtual-machines/7/command"


@pytest.mark.parametrize(("spelling", "sent"), [("power_on", 1), ("power on", 2), ("both", 1)])
def test_the_spelling_that_works_is_learned(spelling, sent):
    sandbox = Sandbox(vms=2, seed=3, today="2026-11-23", command_spelling=spelling)
    with sandbox, Client(sandbox.key, base_url=sandbox.url) as client:
        vm_id = client.vms()[0]["id"]
        sandbox.forget()
        client.command(vm_id, "power_off")
        assert len(sandbox.requests) == sent
        client.command(vm_id, "power_on")
        assert len(sandbox.requests) == sent + 1
        expected = "power_on" if spelling == "both" else spelling
        assert client.learned["command spelling"] == f"commands are spelled as {expected!r}"


def test_a_known_spelling_is_not_doubted_when_a_command_is_refused(provider, client):
    provider.queue(COMMAND, says(JOB), says({"message": "it is on"}, 422))
    client.command(7, "power_on")
    with pytest.raises(ValidationError, match="it is on"):
        client.command(7, "power_on")
    assert provider.count(COMMAND) == 2


def test_envelopes_are_learned_by_operation(provider, client):
    provider.always["GET /virtual-machines"] = {"data": [], "meta": {"current_page": 1, "last_page": 1}}
    provider.always["GET /invoices"] = []
    provider.always["GET /locations"] = {"items": [{"id": 1, "name": "x", "continent": "y"}]}
    assert client.learned == {}
    client.vms(), client.invoices(), client.locations(), client.vms()
    assert client.learned == {"lists": "lists come bare (invoices); inside 'data' (vms); inside 'items' (locations)"}
    client.learned["lists"] = "x"
    assert client.learned["lists"] != "x", "a copy"


# secrets

ECHOES = {
    "a message": says({"message": f"root_password {PASSWORD} and {KEY_LINE} and {SCRIPT} are bad"}, 422),
    "errors by field": says({"message": "invalid", "errors": {"root_password": [PASSWORD], KEY_LINE: [SCRIPT]}}, 422),
    "a list of errors": says({"errors": [f"{PASSWORD}: too short", {"value": SCRIPT}]}, 400),
    "half of it": says({"message": "x" * 450 + SCRIPT + PASSWORD + KEY_LINE * 9}, 400),
    "a page": page(f"<title>{PASSWORD}</title><p>{KEY_LINE}</p>", 500),
    "text": Answer(f"{PASSWORD} {KEY_LINE} {SCRIPT}".encode(), 500),
    "a good page": page(f"<title>{PASSWORD} {KEY_LINE}</title>"),
    "a good message": says({"message": PASSWORD + SCRIPT + KEY_LINE}),
    "a reset": broken(),
    "a redirect": says({}, 302, Location=f"http://example.net/{PASSWORD}/{KEY_LINE.replace(' ', '')}"),
}


def everything_of(error):
    """An error as the most curious tool would show it, with all that hangs on it and the variables of its frames."""
    told, waiting, seen = "", [error], []
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and link not in seen:
            seen.append(link)
            shown = traceback.TracebackException.from_exception(link, capture_locals=True)
            own = [frame for frame in shown.stack if "vmgen_analytics" in frame.filename]
            told += "".join(f"{frame.name} {frame.locals}" for frame in own if frame.filename != __file__)
            told += str(link) + repr(link) + repr(vars(link)) + repr(link.args)
            waiting += [link.__cause__, link.__context__, *link.args]
    return told


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("name", ["deploy", "save_user_data_script"])
def test_a_provider_that_repeats_secrets_gets_them_into_no_error_and_no_log(provider, client, caplog, name, echo):
    caplog.set_level(logging.DEBUG)
    asked, _ = WRITES[name]
    provider.always[asked] = echo
    order = {"root_password": Secret(PASSWORD), "ssh_keys": [Secret(KEY_LINE)], "script": Secret(SCRIPT)}
    with pytest.raises(VMgenError) as caught:
        client.deploy(order) if name == "deploy" else client.save_user_data_script("x", Secret(PASSWORD + SCRIPT))
    told = everything_of(caught.value) + caplog.text + repr(client.attempts())
    if name == "deploy":
        assert not [secret for secret in SECRETS if secret in told]
    else:
        assert PASSWORD not in told
        assert "canary-script" not in told


def test_a_refusal_still_says_what_is_wrong(provider, client):
    provider.always["POST /virtual-machines/"] = says(
        {"message": "invalid", "errors": {"root_password": [f"{PASSWORD} is too short"]}}, 422
    )
    with pytest.raises(ValidationError, match=r"invalid; root_password: <secret> is too short"):
        client.deploy({"root_password": Secret(PASSWORD)})


def test_a_short_secret_is_hidden_whole():
    error = without(APIError("the password pw1 is short", status=422), [Secret("pw1"), Secret(" ")])
    assert str(error) == "the password <secret> is short"


def test_a_secret_is_printed_by_nothing():
    secret = Secret(PASSWORD)
    assert {repr(secret), str(secret), f"{secret}", str([secret])} == {"<secret>", "[<secret>]"}
    assert not hasattr(secret, "__dict__")
