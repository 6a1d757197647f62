import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from vmgen_analytics.sandbox import Sandbox

TODAY = "2026-11-23"


class Api:
    """The simulated API as a plain client meets it: paths in, answers out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {sandbox.key}"

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        options = {"timeout": 5, "allow_redirects": False} | options
        return self.session.request(method, self.url + path, json=body, **options)

    def json(self, path: str) -> Any:
        answer = self("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def opened() -> Iterator[Sandbox]:
    with Sandbox(vms=24, seed=7, today=TODAY, months=6, ticking=False, job_seconds=0.1) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(opened: Sandbox) -> Sandbox:
    """A world that stands still; what a test does to its clock, its faults and its log ends with the test."""
    opened.set_clock(TODAY)
    opened.clear_faults()
    opened.forget()
    return opened


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Api]:
    client = Api(sandbox)
    with client.session:
        yield client


@pytest.fixture
def vm_id(api: Api) -> int:
    """A VM that runs."""
    return next(vm["id"] for vm in api.json("/virtual-machines") if vm["state"] == "UP")
