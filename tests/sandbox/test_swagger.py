"""The API's pages: complete, true, and without the internet."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from vmgen_analytics.sandbox import Sandbox

DOCUMENTED = {
    ("get", "/account"),
    ("get", "/invoices"),
    ("get", "/locations"),
    ("get", "/locations/{id}/packages/"),
    ("get", "/virtual-machines"),
    ("get", "/virtual-machines/{id}/configuration"),
    ("get", "/virtual-machines/{id}/usage"),
    ("get", "/virtual-machines/{id}/networking"),
    ("get", "/virtual-machines/{id}/jobs"),
    ("get", "/virtual-machines/{id}/status"),
    ("post", "/virtual-machines/"),
    ("post", "/virtual-machines/{id}/command"),
    ("post", "/virtual-machines/{id}/jobs/{jobId}"),
    ("delete", "/virtual-machines/{id}"),
    ("get", "/os-images"),
    ("get", "/ssh-keys"),
    ("get", "/marketplace"),
    ("get", "/user-data-scripts"),
    ("post", "/user-data-scripts"),
    ("post", "/tickets/"),
}


def test_the_document_has_the_twenty_operations_and_nothing_more(sandbox):
    document = requests.get(f"{sandbox.url}/swagger/v1/swagger.json", timeout=5).json()
    assert {(verb, path) for path, verbs in document["paths"].items() for verb in verbs} == DOCUMENTED
    assert document["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}


@pytest.mark.parametrize("lookup", [("post",), ("get", "short"), ("post", "get", "short"), ()])
def test_every_operation_has_an_id_of_its_own_however_jobs_are_asked_for(lookup):
    with Sandbox(vms=1, job_lookup=lookup) as sandbox:
        paths = requests.get(f"{sandbox.url}/swagger/v1/swagger.json", timeout=5).json()["paths"]
    ids = [shape["operationId"] for verbs in paths.values() for shape in verbs.values()]
    assert len(ids) == len(set(ids)) == 19 + len(lookup)


def test_the_page_loads_nothing_from_elsewhere(sandbox):
    page = requests.get(f"{sandbox.url}/swagger/index.html", timeout=5)
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(parts) > 4
    assert not [part for part in parts if "//" in part]
    for part in parts:
        answer = requests.get(f"{sandbox.url}/swagger/{part.removeprefix('./')}", timeout=5)
        assert answer.status_code == 200
    assert "//" not in requests.get(f"{sandbox.url}/swagger/swagger-initializer.js", timeout=5).text


@pytest.mark.parametrize("name", ["nothing.js", "..%2F..%2F__init__.py", "%2Fetc%2Fpasswd"])
def test_the_page_gives_no_other_files(sandbox, name):
    assert requests.get(f"{sandbox.url}/swagger/{name}", timeout=5).status_code in (401, 404)


def test_the_pages_can_be_switched_off():
    with Sandbox(vms=1, swagger=False) as sandbox:
        assert requests.get(f"{sandbox.url}/swagger/index.html", timeout=5).status_code == 404


@pytest.mark.browser
def test_a_browser_shows_every_operation_and_asks_nobody_else(sandbox, browser):
    asked = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{sandbox.url}/swagger/index.html")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() == len(DOCUMENTED)
    page.close()
    assert asked
    assert not [url for url in asked if not url.startswith((sandbox.url, "data:"))]


# The document cannot say that one of several fields is required, or that text must be base64 if another field is
# true; so for these two operations a request that fits the document may yet be refused.
CONDITIONAL = ["--include-operation-id", "deploy", "--include-operation-id", "save_user_data_script"]
PLAIN = ["--exclude-operation-id", "deploy", "--exclude-operation-id", "save_user_data_script"]


@pytest.mark.parametrize("options", [PLAIN, [*CONDITIONAL, "--exclude-checks", "positive_data_acceptance"]])
def test_schemathesis_finds_no_difference_between_the_document_and_the_answers(options, tmp_path):
    schemathesis = Path(sys.executable).with_name("schemathesis")
    with Sandbox(vms=4, seed=7, today="2026-11-23", job_seconds=0) as sandbox:
        document = f"{sandbox.url}/swagger/v1/swagger.json"
        key = f"Authorization: Bearer {sandbox.key}"
        limits = ["--max-examples", "20", "--seed", "1", "--generation-deterministic", "--no-color"]
        command = [schemathesis, "run", document, "--header", key, *limits, *options]
        run = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=120)
        assert run.returncode == 0, run.stdout[-4000:]
        assert len(sandbox.requests) > 100
