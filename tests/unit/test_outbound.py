"""The door to strangers: what it refuses to dial, and what it makes of what it hears."""

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from moderation.outbound import MAX_ANSWER_BYTES, NotAllowedError, Outbound, OutboundError
from tests.conftest import Receiver

LOOPBACK = Outbound((ipaddress.ip_network("127.0.0.0/8"),))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://localhost/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://192.88.99.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:7f00:1::]/",
        "https://[fc00::1]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[5f00::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:0:7f00:1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[fd00:ec2::254]/",
        "https://[3fff::1]/",
        "https://[fe80::1%25lo]/",
        "https://[::1%25nowhere]/",
        "https://127.0.0.1%2f.example/",
        "https://%31%32%37.0.0.1/",
        "https://168.63.129.16/",
        "https://[::ffff:168.63.129.16]/",
        "https://192.0.0.192/",
        "https://100.100.100.200/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://0/",
        "https://127。0。0。1/",
        "https://１２７.0.0.1/",
        "https://1.1.1.1@127.0.0.1/",
        "https://127.0.0.1#@1.1.1.1/",
        "https://127.0.0.1\\@1.1.1.1/",
        "HTTPS://LOCALHOST/",
        "http://1.1.1.1/",
        "https://1.1.1.1:22/",
        "https://user:password@1.1.1.1/",
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "//1.1.1.1/",
        "https://",
        "https://exa mple.com:x/",
        "",
    ],
)
def test_what_is_not_public_is_refused_when_saved_and_when_sent(url: str) -> None:
    for attempt in (lambda: Outbound().check(url), lambda: Outbound().post(url, {}, b"")):
        with pytest.raises(NotAllowedError) as refused:
            attempt()
        assert refused.value.permanent


def test_a_public_address_may_be_saved() -> None:
    Outbound().check("https://1.1.1.1/hook")
    Outbound().check("https://1.1.1.1:8443/hook")


def test_a_name_that_is_not_known_yet_may_be_saved_and_sending_to_it_may_be_tried_again() -> None:
    url = "https://no-such-name.invalid/"
    Outbound().check(url)
    with pytest.raises(OutboundError) as failed:
        Outbound().post(url, {}, b"")
    assert not failed.value.permanent


def test_a_name_with_one_bad_address_among_good_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # The look-up is the one thing that no local server can stand in for.
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 443)) for host in ("1.1.1.1", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: answers)
    with pytest.raises(NotAllowedError):
        Outbound().check("https://two-faced.example/")


def test_a_name_that_changes_its_address_has_nothing_to_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved, then sent: each time the name is looked up once, and what was checked is what is dialled."""
    answers = ["127.0.0.2", "127.0.0.2", "127.0.0.1", "169.254.169.254"]
    asked = []
    really_look_up = socket.getaddrinfo

    def look_up(host: str, port: int, *options: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            # The address that was checked, on its way to be dialled.
            return really_look_up(host, port, *options, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    outbound = Outbound((ipaddress.ip_network("127.0.0.2/32"),))
    with socket.create_server(("127.0.0.2", 0)) as good, contextlib.ExitStack() as stack:
        port = good.getsockname()[1]
        bad = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        url = f"http://rebinding.example:{port}/"
        outbound.check(url)

        def answer() -> None:
            client, _ = good.accept()
            with client:
                assert b"Host: rebinding.example" in client.recv(65536)
                client.sendall(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert outbound.post(url, {}, b"").status == 204
        thread.join()
        for _ in range(2):
            with pytest.raises(NotAllowedError):
                outbound.post(url, {}, b"")
        bad.settimeout(0)
        with pytest.raises(BlockingIOError):
            bad.accept()
    assert asked == ["rebinding.example"] * 4


@pytest.mark.parametrize("name", ["hooks.example", "other.example"])
def test_the_certificate_is_that_of_the_name_and_not_of_the_address(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    asked_for: list[str | None] = []
    context.sni_callback = lambda _socket, server_name, _context: asked_for.append(server_name)
    heard: list[bytes] = []

    def answer() -> None:
        client, _ = server.accept()
        with client, contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as spoken:
            heard.append(spoken.recv(65536))
            spoken.sendall(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: here)
        thread = threading.Thread(target=answer)
        thread.start()
        outbound = Outbound((ipaddress.ip_network("127.0.0.0/8"),))
        if name == "hooks.example":
            assert outbound.post(f"https://hooks.example:{port}/", {}, b"").status == 204
            assert f"Host: hooks.example:{port}".encode() in heard[0]
        else:
            with pytest.raises(OutboundError, match="certificate"):
                outbound.post(f"https://hooks.example:{port}/", {}, b"")
            assert not heard
        thread.join()
    assert asked_for == ["hooks.example"]


def test_an_allowed_network_is_reached_by_plain_http(receiver: Receiver) -> None:
    answer = LOOPBACK.post(receiver.url, {"x-one": "1"}, b"body")
    assert answer.status == 204
    assert receiver.received[0].body == b"body"
    assert receiver.received[0].headers["x-one"] == "1"


def test_a_redirect_to_elsewhere_is_an_answer_and_no_order(receiver: Receiver) -> None:
    receiver.answers = [(307, {"location": "http://169.254.169.254/"})]
    assert LOOPBACK.post(receiver.url, {}, b"").status == 307
    assert len(receiver.received) == 1


def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert LOOPBACK.post(receiver.url, {}, b"").status == 204


def test_nobody_there_may_be_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(OutboundError, match="no connection") as failed:
            LOOPBACK.post(f"http://127.0.0.1:{unused.getsockname()[1]}/", {}, b"")
    assert not failed.value.permanent


@pytest.fixture
def raw_server() -> Iterator[tuple[str, list[bytes]]]:
    """Return the URL of a server that sends what is put into the list, whatever it is asked."""
    answers: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    try:
                        for piece in answers:
                            client.sendall(piece)
                            if len(answers) > 2:
                                time.sleep(0.01)
                    except OSError:
                        pass

        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", answers
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_no_more_of_an_answer_is_read_than_is_looked_at(raw_server: tuple[str, list[bytes]]) -> None:
    url, answers = raw_server
    answers += [b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n", b"x" * 1_000_000]
    answer = LOOPBACK.post(url, {}, b"")
    assert (answer.status, len(answer.body)) == (200, MAX_ANSWER_BYTES)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 999999 \r\n\r\n", b"\0" * 100])
def test_what_is_no_http_is_a_failure_that_may_pass(raw_server: tuple[str, list[bytes]], answer: bytes) -> None:
    url, answers = raw_server
    answers.append(answer)
    with pytest.raises(OutboundError) as failed:
        LOOPBACK.post(url, {}, b"")
    assert not failed.value.permanent


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx-drip: ", b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"])
def test_an_answer_that_drips_is_cut_off(raw_server: tuple[str, list[bytes]], head: bytes) -> None:
    url, answers = raw_server
    # More drops than would fit into the time of a whole test.
    answers += [head, *[b"x"] * 100_000]
    hasty = Outbound((ipaddress.ip_network("127.0.0.0/8"),), total_seconds=0.2)
    with pytest.raises(OutboundError) as failed:
        hasty.post(url, {}, b"")
    assert not failed.value.permanent


def test_connections_are_kept(receiver: Receiver) -> None:
    outbound = Outbound((ipaddress.ip_network("127.0.0.0/8"),))
    for _ in range(3):
        outbound.post(receiver.url, {}, b"body")
    assert receiver.connections == 1


def test_a_name_that_changes_its_address_is_checked_again_when_the_connection_is_old(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = ["127.0.0.1"]
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, port, *_, **__: [(*kind, (addresses[0], port))])
    url = receiver.url.replace("127.0.0.1", "two-faced.example")
    keeping = Outbound((ipaddress.ip_network("127.0.0.0/8"),))
    forgetting = Outbound((ipaddress.ip_network("127.0.0.0/8"),), kept_seconds=0)
    for outbound in (keeping, forgetting):
        assert outbound.post(url, {}, b"").status == 204
    addresses[0] = "169.254.169.254"
    # The connection that is kept leads where it led.
    assert keeping.post(url, {}, b"").status == 204
    with pytest.raises(NotAllowedError):
        forgetting.post(url, {}, b"")
    assert len(receiver.received) == 3


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(raw_server: tuple[str, list[bytes]]) -> None:
    url, answers = raw_server
    answers.append(b"not TLS")
    with pytest.raises(OutboundError):
        LOOPBACK.post(url.replace("http:", "https:"), {}, b"")
