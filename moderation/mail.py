"""The door to the operator's mail server: what `formats.email` wrote goes out with its sender, receivers and id.

The server is the operator's own choice (MODERATION_SMTP_URL), so it may stand anywhere; only receivers are a tenant's.
No error names an address: servers repeat them in their answers.
"""

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import formataddr
from urllib.parse import unquote, urlsplit

from moderation.outbound import TOTAL_SECONDS, OutboundError

# RFC 8314: submission with STARTTLS, and over TLS from the start.
_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT_FROM = 500
# For the connection, the greeting, and each answer; with TOTAL_SECONDS it stays below what a claim holds.
_STEP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Mailer:
    """Sends mail through one server: `smtp://` (STARTTLS where the server has it or a password goes along) or `smtps://`.

    Making it connects to nothing; each mail is a conversation of its own. Without a URL nothing is sent.
    """

    url: str
    sender: str
    total_seconds: float = TOTAL_SECONDS

    def send(self, receivers: Sequence[str], mail: bytes, mail_id: str) -> None:
        """Send the mail; raise OutboundError when nobody was reached.

        `mail_id` is the same each time the same mail is sent, so that mailboxes know it again.
        """
        if not self.url:
            raise OutboundError("MODERATION_SMTP_URL is not set")
        envelope = (
            f"From: {formataddr(('Comments', self.sender))}\r\n"
            f"To: {', '.join(receivers)}\r\n"
            f"Message-ID: <{mail_id}@{self._domain}>\r\n"
        )
        try:
            with self._conversation() as server:
                self._hand_over(server, receivers, envelope.encode("ascii") + mail)
        except smtplib.SMTPResponseException as error:
            # To the greeting, the login or the sender: the operator can mend it, and then it goes out.
            raise OutboundError(f"the mail server answered {error.smtp_code}") from None
        except ssl.SSLError:
            raise OutboundError("the mail server's certificate was not accepted") from None
        except (smtplib.SMTPException, OSError) as error:
            raise OutboundError(f"no conversation with the mail server ({type(error).__name__})") from None

    @property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]

    @contextlib.contextmanager
    def _conversation(self) -> Iterator[smtplib.SMTP]:
        """Connect, and log in where that is asked for; a server that drips is hung up on after `total_seconds`."""
        tls = ssl.create_default_context()
        server = self._connect(tls)
        timer = threading.Timer(self.total_seconds, _hang_up, [server])
        timer.daemon = True
        timer.start()
        try:
            parts = urlsplit(self.url)
            server.ehlo_or_helo_if_needed()
            # A password is never said in the clear: where the server has no STARTTLS, this raises.
            if parts.scheme == "smtp" and (parts.username or server.has_extn("starttls")):
                server.starttls(context=tls)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server
        finally:
            timer.cancel()
            server.close()

    def _connect(self, tls: ssl.SSLContext) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        # Greeted with the sender's domain: a name of our own would be the machine's.
        if parts.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, self._domain, timeout=_STEP_SECONDS, context=tls)
        return smtplib.SMTP(host, port, self._domain, timeout=_STEP_SECONDS)

    def _hand_over(self, server: smtplib.SMTP, receivers: Sequence[str], mail: bytes) -> None:
        try:
            server.sendmail(self.sender, receivers, mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            is_permanent = min(codes) >= _PERMANENT_FROM
            raise OutboundError(
                f"the mail server refused all receivers ({max(codes)})", permanent=is_permanent
            ) from None
        except smtplib.SMTPDataError as error:
            is_permanent = error.smtp_code >= _PERMANENT_FROM
            raise OutboundError(
                f"the mail server refused the mail ({error.smtp_code})", permanent=is_permanent
            ) from None


# What is sent through it waits until a server is set.
NO_MAIL = Mailer("", "")


def _refusal(what: str, code: int) -> OutboundError:
    return OutboundError(f"the mail server refused {what}", permanent=code >= _PERMANENT_FROM)


def _hang_up(server: smtplib.SMTP) -> None:
    if server.sock is not None:
        with contextlib.suppress(OSError):
            server.sock.shutdown(socket.SHUT_RDWR)
