"""What a service's answer means for a delivery: a status alone doesn't tell everywhere. Pure."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from moderation.retries import MAX_RETRY_AFTER, Outcome, read_answer

_TOO_MANY = 429
# A chat that does not take a message will not take it tomorrow. A website may be mended.
_REFUSED = frozenset([400, 405, 413, 415, 422])
# The address is no more: the webhook was taken away, the bot was shown the door. Servers of one's own may only be down.
_GONE: Mapping[str, frozenset[int]] = {
    "slack": frozenset([403, 404]),
    "discord": frozenset([401, 404]),
    "teams": frozenset([404]),
    "telegram": frozenset([401, 403, 404]),
}
_MAX_WAIT = MAX_RETRY_AFTER.total_seconds()


def read(kind: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Outcome:
    """Say what an answer to a message of this format means; `headers` are in lower case."""
    outcome = read_answer(status, headers, now)
    if kind == "standard" or outcome.result == "gone":
        return outcome
    said = _read_json(body)
    if outcome.result == "delivered":
        refusal = _refusal(kind, said, body)
        return Outcome("retry", refusal, _not_before(said, now)) if refusal else outcome
    if status in _GONE.get(kind, ()):
        return replace(outcome, result="gone")
    if status in _REFUSED:
        return replace(outcome, result="dead")
    if status == _TOO_MANY and outcome.not_before is None:
        return replace(outcome, not_before=_not_before(said, now))
    return outcome


def _refusal(kind: str, said: Mapping[str, Any], body: bytes) -> str | None:
    """Return what is wrong with an answer that looks like a success."""
    if kind == "telegram" and said.get("ok") is not True:
        return "Telegram did not say ok"
    if kind == "slack" and body.strip() not in (b"ok", b""):
        return "Slack did not say ok"
    # The old connectors: 200, and the failure in words.
    if kind == "teams" and b"failed" in body[:500].lower():
        return "Teams could not deliver it"
    return None


def _not_before(said: Mapping[str, Any], now: datetime) -> datetime | None:
    """Read the patience that Discord (`retry_after`) and Telegram (`parameters.retry_after`) ask for, in seconds."""
    parameters = said.get("parameters")
    wait = said.get("retry_after", parameters.get("retry_after") if isinstance(parameters, dict) else None)
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not wait > 0:
        return None
    return now + timedelta(seconds=min(wait, _MAX_WAIT))


def _read_json(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
