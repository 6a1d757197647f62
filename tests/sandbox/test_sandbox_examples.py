"""Field names, spellings and types, against the examples of the provider's page, word for word."""

import json
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "data"
READS = {
    "account": "/account",
    "configuration": "/virtual-machines/{id}/configuration",
    "status": "/virtual-machines/{id}/status",
}
LISTS = {
    "invoices": "/invoices",
    "locations": "/locations",
    "packages": "/locations/1/packages/",
    "vms": "/virtual-machines",
    "usage": "/virtual-machines/{id}/usage",
    "networking": "/virtual-machines/{id}/networking",
    "jobs": "/virtual-machines/{id}/jobs",
    "os_images": "/os-images",
    "ssh_keys": "/ssh-keys",
    "marketplace": "/marketplace",
    "user_data_scripts": "/user-data-scripts",
}


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def kinds(record):
    # An example writes 0 for money as well.
    return {name: float if isinstance(value, int) and type(value) is not bool else type(value)
            for name, value in record.items()}  # fmt: skip


@pytest.mark.parametrize("operation", READS)
def test_a_record_has_the_documented_fields(api, vm_id, operation):
    answer = api.json(READS[operation].format(id=vm_id))
    assert kinds(answer | _as_float(answer)) == kinds(example(operation))
    assert list(answer) == list(example(operation))


@pytest.mark.parametrize("operation", LISTS)
def test_a_list_is_bare_and_its_records_have_the_documented_fields(api, operation):
    vm_id = max(vm["id"] for vm in api.json("/virtual-machines") if api.json(f"/virtual-machines/{vm['id']}/jobs"))
    answer = api.json(LISTS[operation].format(id=vm_id))
    assert isinstance(answer, list)
    assert answer
    for record in answer:
        assert list(record) == list(example(operation))
        assert kinds(record | _as_float(record)) == kinds(example(operation))


def _as_float(record):
    return {name: float(value) for name, value in record.items() if type(value) in (int, float)}


def test_a_command_answers_as_documented_and_with_the_job_id_of_the_text(api, vm_id):
    answer = api("POST", f"/virtual-machines/{vm_id}/command", example("command_request"))
    assert answer.status_code == 200
    assert set(answer.json()) == {*example("command"), "job_id"}
    job = api("POST", f"/virtual-machines/{vm_id}/jobs/{answer.json()['job_id']}")
    assert list(job.json()) == list(example("job"))


def test_the_documented_ticket_is_taken_once_its_address_is_one(api, sandbox):
    ticket = example("ticket_request")
    assert api("POST", "/tickets/", ticket).status_code == 422
    assert api("POST", "/tickets/", ticket | {"reply_to_email": "me@example.net"}).status_code == 200
    assert sandbox.tickets[-1] == ticket | {"reply_to_email": "me@example.net"}


def test_the_documented_script_is_saved_and_listed(api):
    script = example("save_user_data_script_request") | {"base64": False}
    answer = api("POST", "/user-data-scripts", script)
    assert list(answer.json()) == list(example("save_user_data_script"))
    saved = api.json("/user-data-scripts")[-1]
    assert saved["version_id"] == answer.json()["version_id"]
    assert saved["content"] == script["script_content"]


def test_a_refusal_has_a_message(api):
    answer = api("POST", "/virtual-machines/1/command", example("command_request"))
    assert answer.status_code == 404
    assert list(answer.json()) == list(example("command_error"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/locations/1/packages"),
        ("POST", "/virtual-machines"),
        ("GET", "/virtual-machines/"),
        ("POST", "/tickets"),
        ("GET", "/account/"),
    ],
)
def test_slashes_are_as_documented_and_nothing_is_redirected(api, method, path):
    assert api(method, path, {}).status_code in (404, 405)
