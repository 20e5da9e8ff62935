"""Reads what `moderation up` wrote down for its first site: where the service is and the keys the demo needs."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from moderation.demo.errors import UsedWronglyError


@dataclass(frozen=True, slots=True)
class Credentials:
    """The service's address without a slash at its end, the key that posts and the token that makes endpoints."""

    base_url: str
    site_key: str = field(repr=False)
    moderator_token: str = field(repr=False)


def read_credentials(path: Path, base_url: str | None = None) -> Credentials:
    """Read the file (DESIGN section 8); `base_url` outranks the one in it. Raise UsedWronglyError if it won't do."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsedWronglyError(
            f"There is no credentials file {path}: start the service with `moderation up`, which writes it, "
            "or name one with --credentials."
        ) from None
    except (OSError, ValueError) as error:
        raise UsedWronglyError(f"The credentials file {path} can't be read: {error}") from None
    try:
        address, site_key, token = content["base_url"], content["site"]["secret_key"], content["moderator_token"]
    except (KeyError, TypeError):
        raise UsedWronglyError(
            f"The credentials file {path} lacks base_url, site.secret_key or moderator_token: "
            "it should be as `moderation up` writes it."
        ) from None
    address = str(base_url or address).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise UsedWronglyError(f"{address!r} is no address of the service: it starts with http:// or https://.")
    return Credentials(address, str(site_key), str(token))
