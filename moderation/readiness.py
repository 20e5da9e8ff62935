"""Asks from outside whether the set works: before the start whether its port is free, after it whether it is ready.

`commands.up` asks; `health` is what answers, inside the API.
"""

import errno
import http.client
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moderation.children import Child, Children
from moderation.errors import ModerationError
from moderation.settings import Settings
from moderation.stopping import Stop

# After so long without `ready` it is worth saying why, and again after as long.
PATIENCE_SECONDS = 60.0
# The API logs each question.
_BETWEEN_SECONDS = 0.5
# The API asks its database and its broker before it answers, each with a limit of a few seconds.
_ANSWER_SECONDS = 10.0
# Services of a killed `up` finish what they do before they let go of the port.
_LET_GO_SECONDS = 30.0

_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - these are recognised, not bound


class NotStartedError(ModerationError):
    """The set can't start; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API says of itself; `complaint` is empty when all is well."""

    is_ready: bool
    complaint: str = ""


def claim_port(settings: Settings, stop: Stop, *, was_killed: bool) -> None:
    """Raise NotStartedError when the API could not listen where the settings say.

    Where the previous `up` was killed, its services get a while to end first.
    """
    deadline = time.monotonic() + (_LET_GO_SECONDS if was_killed else 0)
    while not stop.is_requested:
        try:
            _try_to_listen(settings.host, settings.port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise NotStartedError(_why_not(settings, error)) from None
            stop.wait()
        else:
            return


def _try_to_listen(host: str, port: int) -> None:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listener:
        # Connections of an earlier run that linger in TIME_WAIT don't keep the API from listening either.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)


def _why_not(settings: Settings, error: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return f"Another program listens on {where} already. Stop it, or choose another MODERATION_PORT."
    if error.errno == errno.EACCES:
        return f"This user may not listen on {where}. Choose a MODERATION_PORT from 1024 on."
    return f"{where} is no address to listen on ({error.strerror}). Choose another MODERATION_HOST."


def ask(settings: Settings) -> Answer:
    """Ask the API whether every part of the set is well."""
    connection = http.client.HTTPConnection(
        _EVERYWHERE.get(settings.host, settings.host), settings.port, timeout=_ANSWER_SECONDS
    )
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        return Answer(is_ready=False, complaint=f"the API does not answer ({type(error).__name__})")
    finally:
        connection.close()
    return (
        Answer(is_ready=True)
        if response.status == http.client.OK
        else Answer(is_ready=False, complaint=_complaint(body))
    )


def is_alive(settings: Settings) -> bool:
    """Tell whether the API of this machine answers."""
    connection = http.client.HTTPConnection(
        _EVERYWHERE.get(settings.host, settings.host), settings.port, timeout=_ANSWER_SECONDS / 2
    )
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _complaint(body: bytes) -> str:
    try:
        parts: dict[str, dict[str, Any]] = json.loads(body)["parts"]
        unwell = [f"{name}: {part.get('detail')}" for name, part in parts.items() if part["status"] != "well"]
    except (ValueError, KeyError, TypeError, AttributeError):
        unwell = []
    return "; ".join(unwell) or "the API does not say which part is not well"


def wait_until_ready(
    settings: Settings,
    children: Children,
    api: Child,
    stop: Stop,
    tell: Callable[[str], None],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Look after the children until all of them are well or a stop is requested; tell now and then what is missing.

    A part that is away may come back, so this waits for as long as it takes, but for the API only as long as it lives:
    raises NotStartedError when it ends before it was ever ready.
    """
    started_at = told_at = ask_at = time.monotonic()
    while not stop.is_requested:
        children.look()
        if api.deaths:
            raise NotStartedError(
                f"The API ended with exit code {api.exit_code} before it was ready; what it said is above."
            )
        now = time.monotonic()
        if now < ask_at:
            stop.wait()
            continue
        answer, ask_at = ask(settings), now + _BETWEEN_SECONDS
        if answer.is_ready:
            return
        if now - told_at >= patience_seconds:
            told_at = now
            tell(f"Not ready after {now - started_at:.0f} seconds: {answer.complaint}. Waiting on; Ctrl-C stops.")
