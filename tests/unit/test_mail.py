"""The door to the mail server: what arrives there, what is said of failures, and nothing in the clear."""

import socket
import ssl
import threading
from email import message_from_bytes
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme

from moderation.formats.email import email
from moderation.formats.targets import addresses
from moderation.mail import NO_MAIL, Mailer
from moderation.outbound import OutboundError
from tests.mail_server import PASSWORD, MailServer, mail_server
from tests.unit.format_samples import URLS, held_persian, target

SENDER = "comments@news.example.com"
RECEIVERS = addresses(URLS["email"])
MAIL = email(held_persian(), target("email")).body


def _send(server: MailServer, *, user: str = "", receivers: tuple[str, ...] = RECEIVERS) -> None:
    Mailer(f"smtp://{user}localhost:{server.port}", SENDER).send(receivers, MAIL, "dl_1")


def _refusal(server: MailServer, *, user: str = "") -> OutboundError:
    with pytest.raises(OutboundError) as refused:
        _send(server, user=user)
    assert "@" not in str(refused.value)
    return refused.value


def test_a_mail_arrives_as_it_was_written_with_its_sender_receivers_and_id() -> None:
    with mail_server() as server:
        _send(server)
        (envelope,) = server.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, list(RECEIVERS))
    assert isinstance(envelope.content, bytes)
    assert envelope.content.endswith(MAIL)
    mail = message_from_bytes(envelope.content)
    assert (mail["From"], mail["To"]) == (f"Comments <{SENDER}>", ", ".join(RECEIVERS))
    assert mail["Message-ID"] == "<dl_1@news.example.com>"
    # Not the machine's own name.
    assert set(server.greeted_by) == {"news.example.com"}


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Return an authority whose certificates are accepted here."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def _tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_password_goes_over_tls_alone(authority: trustme.CA) -> None:
    user = f"me:{quote(PASSWORD, safe='')}@"
    with mail_server(_tls(authority, "localhost"), wants_password=True) as server:
        _send(server, user=user)
        assert server.was_private == [True]
        assert not _refusal(server, user="me:wrong@").permanent
        assert len(server.mails) == 1
    # No STARTTLS here: nothing is said at all.
    with mail_server() as server:
        assert not _refusal(server, user=user).permanent
        assert not server.mails


def test_a_certificate_of_another_name_is_not_accepted(authority: trustme.CA) -> None:
    with mail_server(_tls(authority, "other.example")) as server:
        refusal = _refusal(server)
        assert (str(refusal), refusal.permanent) == ("the mail server's certificate was not accepted", False)
        assert not server.mails


def test_a_mail_of_which_somebody_was_reached_is_delivered() -> None:
    with mail_server() as server:
        server.refused = {RECEIVERS[0]: f"550 5.1.1 <{RECEIVERS[0]}> unknown"}
        _send(server)
        assert server.mails[0].rcpt_tos == [RECEIVERS[1]]


@pytest.mark.parametrize(("code", "permanent"), [("550", True), ("450", False)])
def test_a_refusal_is_for_good_or_for_now_and_names_nobody(code: str, permanent: bool) -> None:
    with mail_server() as server:
        server.refused = dict.fromkeys(RECEIVERS, f"{code} <{RECEIVERS[0]}> no")
        refusal = _refusal(server)
        assert (refusal.permanent, code in str(refusal)) == (permanent, True)
        server.refused, server.answer = {}, f"{code} {RECEIVERS[0]} no"
        refusal = _refusal(server)
        assert (refusal.permanent, code in str(refusal)) == (permanent, True)


def test_no_server_or_none_that_answers_may_be_tried_again() -> None:
    with pytest.raises(OutboundError, match="MODERATION_SMTP_URL") as refused:
        NO_MAIL.send(RECEIVERS, MAIL, "dl_1")
    assert not refused.value.permanent
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not _refusal(MailServer(unused.getsockname()[1])).permanent


def test_a_server_that_drips_is_hung_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(b"220 here\r\n")
                # An answer of which each line is another continuation.
                while client.recv(1024):
                    client.sendall(b"250-more\r\n")
                    stop.wait()

        stop = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        url = f"smtp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(OutboundError) as refused:
            Mailer(url, SENDER, total_seconds=0.2).send(RECEIVERS, MAIL, "dl_1")
        assert not refused.value.permanent
        stop.set()
        thread.join()
