"""Redis behind Sentinels, as one URL: `redis+sentinel://user:password@h1:26379,h2:26379/mymaster/0`.

User and password are those of the servers; `?sentinel_username=…&sentinel_password=…` are those of the Sentinels, where
they ask for any. `celery_config` makes of it what Celery takes, `redis_clients` what the redis package takes.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

SCHEME = "redis+sentinel"
_PORT = 26379
_WHAT = "redis+sentinel://user:password@host:26379,host:26379/name-of-the-master/0"


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who is to be asked for the master, its name, and what it is told."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    database: int
    username: str | None
    password: str | None
    own_username: str | None
    own_password: str | None

    @property
    def celery_url(self) -> str:
        """The servers as Celery takes them: a URL each."""
        login = f"{quote(self.username or '', safe='')}:{quote(self.password or '', safe='')}@"
        return ";".join(
            f"sentinel://{login if self.password else ''}{f'[{host}]' if ':' in host else host}:{port}/{self.database}"
            for host, port in self.hosts
        )

    def own_options(self) -> dict[str, Any]:
        """Return how the redis package connects to the Sentinels themselves, but for the time that it takes."""
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # One that is away is not tried again: the next is asked.
        options: dict[str, Any] = {"retry": Retry(NoBackoff(), 0)}
        return options | {"username": self.own_username, "password": self.own_password}


def read_sentinels(url: str) -> Sentinels | None:
    """Read such a URL, None for one of another kind; raise ValueError with what was expected."""
    if urlsplit(url).scheme not in (SCHEME, "rediss+sentinel"):
        return None
    try:
        parts = urlsplit(url)
        login, _, hosts = parts.netloc.rpartition("@")
        username, _, password = login.partition(":")
        _, master, *database = parts.path.rstrip("/").split("/")
        own = parse_qs(parts.query, strict_parsing=bool(parts.query))
        found = Sentinels(
            hosts=tuple(_host(one) for one in hosts.split(",")),
            master=unquote(master),
            database=int("".join(database) or 0),
            username=unquote(username) or None,
            password=unquote(password) or None,
            own_username=own.pop("sentinel_username", [None])[0],
            own_password=own.pop("sentinel_password", [None])[0],
        )
    except ValueError:
        raise ValueError(_WHAT) from None
    if own or not found.master or parts.scheme != SCHEME or len(database) > 1:
        raise ValueError(_WHAT)
    return found


def _host(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(text)
    return parts.hostname, parts.port or _PORT
