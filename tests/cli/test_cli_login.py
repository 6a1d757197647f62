"""`login`: the key is found a header, kept in the keyring, and shown to nobody."""

import io
import os
import pty
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.errors
import pytest
from done import Done
from keyring.backends import fail, null
from keyrings import Memory, remembering
from scripted import KEY

from vmgen_analytics.api import Client
from vmgen_analytics.credentials import keep
from vmgen_analytics.errors import VMgenError
from vmgen_analytics.sandbox import Sandbox

Run = Callable[..., Done]


class Locked(Memory):
    """A keyring that fails as some systems do, with whatever they have, the key in it."""

    def set_password(self, *names: str) -> None:
        password = names[-1]
        raise RuntimeError(f"cannot store {password}")


@pytest.fixture
def memory() -> Iterator[Memory]:
    with remembering() as memory:
        yield memory


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sandbox]]:
    """Open sandboxes, and make the environment lead to the last."""
    opened: list[Sandbox] = []

    def start(**manners: object) -> Sandbox:
        sandbox = Sandbox(vms=4, seed=11, today="2026-11-23", months=1, ticking=False, **manners)
        opened.append(sandbox.__enter__())
        monkeypatch.setenv("VMGEN_BASE_URL", sandbox.url)
        return sandbox

    yield start
    for sandbox in opened:
        sandbox.__exit__(None, None, None)


@pytest.fixture
def login(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    def login(key: str, *words: object) -> Done:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{key}\n"))
        done = run("login", *words)
        assert done.out == ""
        assert not key.strip() or key.strip() not in done.err
        return done

    return login


def _carriers(sandbox: Sandbox) -> list[str]:
    return [each.path for each in sandbox.requests if sandbox.key in f"{each.path}{each.headers}"]


def test_the_header_of_the_provider_s_document(
    login: Run, run: Run, provider: Callable[..., Sandbox], memory: Memory, tmp_path: Path
) -> None:
    sandbox = provider(auth="X-API-Key: {key}")
    done = login(sandbox.key, "-vv")
    assert done.status == 0
    assert "names the header X-API-Key: {key}" in done.err
    assert "vmgen-analytics doctor" in done.err
    assert memory.kept == {
        ("vmgen_analytics", "main"): sandbox.key,
        ("vmgen_analytics", "main:auth"): "X-API-Key: {key}",
    }
    assert _carriers(sandbox) == ["/account"]
    assert [each.path for each in sandbox.requests] == ["/swagger/v1/swagger.json", "/account"]

    assert run("sync", "-vv").status == 0
    assert run("status").status == 0
    for file in tmp_path.rglob("*"):
        assert file.is_dir() or sandbox.key.encode() not in file.read_bytes()


def test_by_trying_where_no_document_is_served(
    login: Run, run: Run, provider: Callable[..., Sandbox], memory: Memory
) -> None:
    sandbox = provider(auth="X-Auth-Token: {key}", swagger=False)
    done = login(sandbox.key)
    assert done.status == 0
    assert "serves no OpenAPI document" in done.err
    assert done.err.count("refused:") == 5
    assert run("sync").status == 0


def test_another_account(
    login: Run, run: Run, provider: Callable[..., Sandbox], memory: Memory, tmp_path: Path
) -> None:
    sandbox = provider(auth="Api-Key: {key}")
    (tmp_path / "vmgen.toml").write_text('[accounts.main]\n[accounts.second]\nkey_env = "SECOND"\n', encoding="utf-8")
    done = login(sandbox.key, "--account", "second")
    assert done.status == 0
    assert "sync --account second" in done.err
    assert {name for _, name in memory.kept} == {"second", "second:auth"}
    assert run("sync", "--account", "second").status == 0
    assert run("sync", "--account", "main").status == 2
    done = login(sandbox.key, "--account", "third")
    assert done.status == 2
    assert "main, second" in done.err


def test_a_key_of_the_environment_goes_before_the_keyring_and_has_its_own_header(
    login: Run, provider: Callable[..., Sandbox], memory: Memory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sandbox = provider(auth="X-API-Key: {key}")
    monkeypatch.setenv("VMGEN_API_KEY", "another")
    done = login(sandbox.key)
    assert done.status == 0
    assert "VMGEN_API_KEY is set here and goes before the keyring" in done.err
    with Client.from_env() as client:
        assert client._transport._auth.header == "Authorization"
    monkeypatch.delenv("VMGEN_API_KEY")
    with Client.from_env() as client:
        assert client._transport._auth.header == "X-API-Key"
    monkeypatch.setenv("VMGEN_AUTH", "X-Own: {key}")
    with Client.from_env() as client:
        assert client._transport._auth.header == "X-Own"


def test_a_header_in_the_settings_that_the_provider_refuses(
    login: Run, provider: Callable[..., Sandbox], memory: Memory, tmp_path: Path
) -> None:
    sandbox = provider(auth="X-API-Key: {key}")
    file = tmp_path / "vmgen.toml"
    file.write_text('[accounts.main]\nauth = "Authorization: Bearer {key}"\n', encoding="utf-8")
    done = login(sandbox.key)
    assert done.status == 2
    assert "take VMGEN_AUTH or auth out of them, or set it to 'X-API-Key: {key}'" in done.err
    file.write_text('[accounts.main]\nauth = "X-API-Key: {key}"\n', encoding="utf-8")
    assert login(sandbox.key).status == 0


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, Locked])
@pytest.mark.parametrize("auth", ["X-API-Key: {key}", "Authorization: Bearer {key}"])
def test_without_a_keyring_it_says_what_to_do(
    login: Run, provider: Callable[..., Sandbox], memory: Memory, tmp_path: Path, backend: type, auth: str
) -> None:
    keyring.set_keyring(backend())
    sandbox = provider(auth=auth)
    done = login(sandbox.key, "-vv")
    assert done.status == 1
    assert "set the variable VMGEN_API_KEY to the key" in done.err
    assert ("VMGEN_AUTH to 'X-API-Key: {key}'" in done.err) == auth.startswith("X")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_what_a_keyring_says_is_told_to_nobody(memory: Memory) -> None:
    keyring.set_keyring(Locked())
    with pytest.raises(VMgenError) as caught:
        keep("main", KEY, "X: {key}")
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)


def test_a_key_that_is_refused_is_not_kept(login: Run, provider: Callable[..., Sandbox], memory: Memory) -> None:
    sandbox = provider(auth="X-API-Key: {key}")
    done = login("canary-wrong-key")
    assert done.status == 1
    assert "copy it again" in done.err
    assert not memory.kept
    assert sum(each.path == "/account" for each in sandbox.requests) <= 6


def test_a_provider_that_always_says_401(login: Run, provider: Callable[..., Sandbox], memory: Memory) -> None:
    sandbox = provider(swagger=False)
    sandbox.fault("status", code=401)
    assert login(sandbox.key).status == 1
    assert not memory.kept


def test_too_many_requests_end_it(login: Run, provider: Callable[..., Sandbox], memory: Memory) -> None:
    sandbox = provider()
    sandbox.fault("status", operation="account", code=429, retry_after=30)
    done = login(sandbox.key)
    assert done.status == 1
    assert "try again in 30 s" in done.err
    assert _carriers(sandbox) == ["/account"]
    assert not memory.kept


def test_nobody_there(login: Run, monkeypatch: pytest.MonkeyPatch, memory: Memory) -> None:
    monkeypatch.setenv("VMGEN_BASE_URL", "http://127.0.0.1:9")
    done = login(KEY)
    assert done.status == 1
    assert "nothing listens there" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(("key", "hint"), [("", "no key was given"), ("schlüssel-7", "copy it again")])
def test_what_is_no_key(login: Run, provider: Callable[..., Sandbox], memory: Memory, key: str, hint: str) -> None:
    sandbox = provider()
    done = login(key)
    assert done.status == 2
    assert hint in done.err
    assert not _carriers(sandbox)


def test_a_terminal_does_not_show_the_key(provider: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = provider()
    ours, its = pty.openpty()
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "vmgen_analytics", "login"]
    process = subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env=environment, cwd=tmp_path, start_new_session=True
    )
    os.close(its)
    shown = os.read(ours, 1024)
    assert b"API key of main" in shown
    os.write(ours, f"{sandbox.key}\n".encode())
    try:
        while part := os.read(ours, 1024):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 1
    assert b"the key is good, but this system has no keyring" in shown
    assert sandbox.key.encode() not in shown
