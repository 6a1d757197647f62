"""Where no connection can be made, nothing was sent, and the error says so; TLS and proxies."""

import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from scripted import KEY

from vmgen_analytics.api.retries import Patience
from vmgen_analytics.api.transport import Timeouts
from vmgen_analytics.errors import (
    ConnectFailed,
    NoSuchHost,
    TLSError,
    TransportError,
)
from vmgen_analytics.following import is_unclear

ONCE = Patience(tries=1)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("ask", ["vms", "command"])
@pytest.mark.parametrize(
    ("error", "kind", "lookups"),
    [(socket.EAI_NONAME, NoSuchHost, 1), (socket.EAI_AGAIN, ConnectFailed, 4)],
    ids=["no such name", "no name server"],
)
def test_a_name_that_does_not_exist_is_looked_up_once(provider, connect, monkeypatch, ask, error, kind, lookups):
    looked_up = []

    def nowhere(*arguments, **_):
        looked_up.append(arguments)
        raise socket.gaierror(error, "as the system says it")

    client = connect(provider, base_url="https://api.example.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(kind, match=r"api\.example\.invalid.*nothing was sent") as caught:
        client.vms() if ask == "vms" else client.command(7, "reboot")
    assert caught.value.sent == "no"
    assert len(looked_up) == lookups


def test_where_nothing_listens_a_read_and_a_command_are_tried_four_times(provider, connect):
    lost = connect(provider, base_url="http://127.0.0.1:1")
    for ask in (lost.vms, lambda: lost.command(7, "reboot")):
        before = lost.requests_sent
        with pytest.raises(ConnectFailed, match="nothing was sent") as caught:
            ask()
        assert not is_unclear(caught.value)
        assert lost.requests_sent - before == 4


def test_where_nobody_answers_the_connection_times_out(provider, connect):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]  # the queue is full: further connections hang
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        lost = connect(
            provider,
            base_url=f"http://127.0.0.1:{full.getsockname()[1]}",
            timeouts=Timeouts(connect_s=0.1, read_s=1, attempt_s=1),
            patience=ONCE,
        )
        with pytest.raises(ConnectFailed, match="does not answer") as caught:
            lost.vms()
        assert caught.value.sent == "no"
        for each in waiting:
            each.close()


class _Heard(socketserver.ThreadingTCPServer):
    """Keeps what connections say first, answers it with some bytes, and hangs up."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer=b"", context=None, then=b""):
        self.heard = []
        self.answer, self.context, self.then = answer, context, then
        super().__init__(("127.0.0.1", 0), None)

    def finish_request(self, request, _):
        place = len(self.heard)
        self.heard.append(b"")
        try:
            speaking = self.context.wrap_socket(request, server_side=True) if self.context else request
            with speaking:
                self.heard[place] = speaking.recv(65536)
                speaking.sendall(self.answer)
                if self.then:
                    time.sleep(0.05)
                    with socket.socket(fileno=speaking.detach()) as bare:
                        bare.sendall(self.then)
        except OSError:
            pass

    @property
    def port(self):
        return self.server_address[1]


@contextmanager
def hearing(**arguments):
    with _Heard(**arguments) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_provider_that_speaks_no_tls_is_asked_once(provider, connect):
    with hearing(answer=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        client = connect(provider, base_url=f"https://127.0.0.1:{server.port}")
        with pytest.raises(TLSError, match="no secure connection") as caught:
            client.vms()
        assert len(server.heard) == 1
    assert caught.value.sent == "no"
    assert not is_unclear(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody knows."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    words += ["-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context, folder / "certificate.pem"


def test_a_certificate_that_cannot_be_trusted_ends_it_and_the_error_says_how_to_trust_it(
    provider, connect, certificate, monkeypatch
):
    context, known = certificate
    body = b"[]"
    answer = OK + b"Content-Length: 2\r\nConnection: close\r\n\r\n" + body
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with hearing(context=context, answer=answer) as server:
        url = f"https://127.0.0.1:{server.port}"
        with pytest.raises(TLSError, match=r"cannot be trusted.*name the authority's file in REQUESTS_CA_BUNDLE"):
            connect(provider, base_url=url).vms()
        assert server.heard == [b""]  # one connection, and not a byte of a request

        server.heard.clear()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(known))
        assert connect(provider, base_url=url).vms() == []
        assert KEY.encode() in server.heard[0]


def test_a_bundle_of_the_environment_that_does_not_know_the_provider_is_named(
    provider, connect, certificate, monkeypatch
):
    import certifi

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with hearing(context=certificate[0]) as server:
        client = connect(provider, base_url=f"https://127.0.0.1:{server.port}")
        with pytest.raises(TLSError, match=r"the authorities are those of REQUESTS_CA_BUNDLE \(.*cacert\.pem\)"):
            client.vms()


def test_tls_that_breaks_after_a_command_was_sent_leaves_it_unclear(provider, connect, certificate, monkeypatch):
    context, known = certificate
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(known))
    with hearing(context=context, then=b"this is no TLS") as server:
        client = connect(provider, base_url=f"https://127.0.0.1:{server.port}")
        with pytest.raises(TransportError) as caught:
            client.command(7, "reboot")
        assert [b"/7/command" in heard for heard in server.heard] == [True]
    assert caught.value.sent == "maybe"
    assert is_unclear(caught.value)


def test_a_proxy_of_the_environment_is_asked_for_a_tunnel_and_sees_no_key(provider, connect, monkeypatch):
    with hearing(answer=b"HTTP/1.1 403 Forbidden\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client = connect(provider, base_url="https://api.example.invalid", patience=ONCE)
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")  # it was read when the client was made
        with pytest.raises(ConnectFailed, match="proxy") as caught:
            client.vms()
        assert proxy.heard[0].startswith(b"CONNECT api.example.invalid:443 ")
        assert KEY.encode() not in b"".join(proxy.heard)
    assert caught.value.sent == "no"
