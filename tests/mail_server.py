"""A real SMTP server on loopback, with TLS and passwords: it keeps what is sent to it, and refuses what a test says."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

PASSWORD = "p/ss:w@rd"


@dataclass
class MailServer:
    """What it received, and what it answers to a receiver or a mail instead of 250."""

    port: int = 0
    mails: list[Envelope] = field(default_factory=list)
    greeted_by: list[str] = field(default_factory=list)
    was_private: list[bool] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answer: str = "250 OK"

    async def handle_EHLO(  # noqa: N802 - its own name
        self, _server: Any, session: Any, _envelope: Any, name: str, answers: list[str]
    ) -> list[str]:
        session.host_name = name
        self.greeted_by.append(name)
        return answers

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        self.was_private.append(session.ssl is not None)
        return self.answer


class _Anywhere(Controller):
    """Listens on any free port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, wants_password: bool = False) -> Iterator[MailServer]:
    """Run a mail server until the block ends; with `tls` it offers STARTTLS and insists on it."""
    kept = MailServer()

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=is_right, handled=True)

    controller = _Anywhere(
        kept,
        "127.0.0.1",
        0,
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=check,
        auth_required=wants_password,
        auth_require_tls=tls is not None,
    )
    controller.start()
    kept.port = controller.port
    try:
        yield kept
    finally:
        controller.stop()
