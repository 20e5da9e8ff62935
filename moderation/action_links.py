"""Links in a message that settle a comment: each for one action on one version of one comment, from one endpoint.

Nothing is stored for them. A link's token says what it is for and is sealed with a key; it works once because what it
does gives the comment another version. Made when a message is sent; `settling` does what it says.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moderation.errors import NotFoundError
from moderation.identity import Keyed, base32

# Long weekends and holidays fit into it; what is older is settled where the queue is.
LASTS = timedelta(days=7)
# What a message offers: to hold a comment that is held is nothing to do.
ACTIONS = ("approve", "reject", "spam")

_PURPOSE = "action link"
_SEAL_BYTES = 16
_LETTER_OF = {action: action[0] for action in ACTIONS}
_ACTION_OF = {letter: action for action, letter in _LETTER_OF.items()}
# No underscore, hyphen or capital, and no full stop at the end: chats take those for markup or for a sentence's end.
_SHAPE = re.compile(r"([ars])([0-9]{1,10})\.([0-9a-z]{1,29})\.([0-9a-z]{1,29})\.([0-9]{10})\.([0-9a-z]{26})")


@dataclass(frozen=True, slots=True)
class ActionLink:
    """What a link is for. It works until `expires_at`, and while the comment is at `version`."""

    action: str
    comment_id: str
    version: int
    endpoint_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes links to the service under `base_url` (without a slash at the end)."""

    keyed: Keyed
    base_url: str

    def links(self, endpoint_id: str, comment_id: str, version: int, since: datetime) -> dict[str, str]:
        """Return a link per action, for a message that this endpoint is owed `since` then.

        They are the same on every attempt, as all of a message is that keeps its `webhook-id`.
        """
        return {
            action: f"{self.base_url}/m/"
            + make_token(self.keyed, ActionLink(action, comment_id, version, endpoint_id, since + LASTS))
            for action in ACTIONS
        }


def make_token(keyed: Keyed, link: ActionLink) -> str:
    """Return the token of a link: some 95 characters of a-z, 0-9 and full stops."""
    said = ".".join(
        (
            f"{_LETTER_OF[link.action]}{link.version}",
            link.comment_id.removeprefix("cm_"),
            link.endpoint_id.removeprefix("ep_"),
            str(int(link.expires_at.timestamp())),
        )
    )
    return f"{said}.{_seals(keyed, said)[0]}"


def read_token(keyed: Keyed, token: str) -> ActionLink:
    """Return what the token is for, expired or not; raise NotFoundError for one that is not ours."""
    found = _SHAPE.fullmatch(token)
    if found is None:
        raise NotFoundError("no such link")
    said, _, seal = token.rpartition(".")
    if not any(hmac.compare_digest(one, seal) for one in _seals(keyed, said)):
        raise NotFoundError("no such link")
    letter, version, comment_id, endpoint_id, expires_at, _ = found.groups()
    return ActionLink(
        _ACTION_OF[letter],
        f"cm_{comment_id}",
        int(version),
        f"ep_{endpoint_id}",
        datetime.fromtimestamp(int(expires_at), UTC),
    )


def _seals(keyed: Keyed, said: str) -> list[str]:
    """Return the seal, and the one under the secret that is being replaced: half of an HMAC-SHA256 (RFC 2104, 5)."""
    return [base32(int.from_bytes(digest[:_SEAL_BYTES]), 8 * _SEAL_BYTES) for digest in keyed.digests(_PURPOSE, said)]
