"""The one door to the environment: every `MODERATION_*` setting with its default and a line of help.

Settings are what differs between machines. What differs between sites is its policy (`policy`).
"""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from moderation.celery_config import celery_config
from moderation.errors import SettingsError
from moderation.limiting.limits import Limit, read_limit
from moderation.setting_types import (
    NEEDED,
    Networks,
    choice,
    http_url,
    integer,
    is_guessable,
    log_level,
    mail_address,
    names,
    networks,
    postgresql_url,
    redis_address,
    setting,
    smtp_url,
    webhook_secret,
)

PREFIX = "MODERATION_"
EMBEDDED = "embedded:"
# sun_path has 108 bytes on Linux, 104 elsewhere.
_MAX_SOCKET_PATH = 100
_HOW_TO_MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one process. Fields are the names in lower case, without the prefix."""

    database_url: str = setting(
        "",
        "Where comments are kept: `sqlite:///path` or `postgresql+psycopg://…`. Default: DATA_DIR/moderation.db.",
        is_secret=True,
    )
    database_pooler: str = setting(
        "",
        "`transaction` where a PgBouncer in transaction mode stands before PostgreSQL. `migrate` goes past it.",
        choice("transaction"),
    )
    database_read_url: str = setting(
        "", "A streaming replica of the PostgreSQL of DATABASE_URL, to read lists from.", postgresql_url, is_secret=True
    )
    redis_url: str = setting(
        EMBEDDED,
        "`embedded:` (a redis-server that `up` starts itself), `redis://`, `rediss://`, `unix://` of a server, or "
        "`redis+sentinel://:password@h1:26379,h2:26379/mymaster/0`.",
        redis_address,
        is_secret=True,
    )
    broker_url: str = setting(
        "",
        "Where tasks are queued: any URL REDIS_URL takes, or `amqp://` of a RabbitMQ. Default: REDIS_URL.",
        redis_address,
        is_secret=True,
    )
    secret_key: str = setting(
        "",
        "Keys the hashes of tokens and addresses and makes webhook secrets; 32 characters or more. "
        "Default on SQLite: made once, kept in DATA_DIR/secret_key. Changing it voids every key and secret.",
        is_secret=True,
    )
    secret_key_previous: str = setting(
        "",
        "The SECRET_KEY that is being replaced: what was made with it holds while it stands here.",
        is_secret=True,
    )
    base_url: str = setting(
        "", "The address under which others reach this service. Default: http://HOST:PORT.", http_url
    )
    host: str = setting("127.0.0.1", "The address `serve` listens on.")
    port: int = setting(8000, "The port `serve` listens on.", integer(1, 65535))
    data_dir: Path = setting(Path("var"), "Where the embedded set keeps its files.", Path)
    trusted_proxies: Networks = setting(
        (), "Networks whose X-Forwarded-For header is believed, comma separated.", networks
    )
    smtp_url: str = setting(
        "",
        "The mail server for endpoints of the format `email`: `smtp://user:password@host` (STARTTLS) or `smtps://`. "
        "Needs SMTP_FROM.",
        smtp_url,
        is_secret=True,
    )
    smtp_from: str = setting("", "The address that such mail comes from.", mail_address)
    apprise_urls: str = setting("", "Where the format `apprise` goes: URLs as apprise writes them.", is_secret=True)
    outbound_allow: Networks = setting(
        (),
        "Networks that webhooks may reach though they are not public, also by plain http, comma separated.",
        networks,
    )
    filters: tuple[str, ...] = setting(
        (), "Filters of your own as package.module:function, comma separated; they run after the built-in ones.", names
    )
    shadow_weights: str = setting(
        "", "A second file of weights, tried out beside the ones in use: it predicts and has no say."
    )
    ip_retention_days: int = setting(
        30, "Days after which a visitor's address is erased from a comment.", integer(0, 36500)
    )
    delivery_retention_days: int = setting(30, "Days that the log of a finished delivery is kept.", integer(1, 3650))
    log_level: str = setting("INFO", "Least level that is logged: DEBUG, INFO, WARNING or ERROR.", log_level)
    traces: str = setting(
        "", "`on` sends OpenTelemetry traces to where the OTEL_* variables say; needs the extra `otel`.", choice("on")
    )
    limit_key: Limit | None = setting(
        Limit(600_000, 60), "Comments that one key may post, as COUNT/SECONDS, or `off`.", read_limit
    )
    limit_site: Limit | None = setting(
        Limit(6_000, 60), "Comments that all visitors may post with a site's public key.", read_limit
    )
    limit_network: Limit | None = setting(
        Limit(300, 60), "Comments that a visitor's network (/24, of IPv6 /48) may post with a public key.", read_limit
    )
    limit_address: Limit | None = setting(
        Limit(60, 60), "Comments that a visitor's address may post with a public key.", read_limit
    )
    limit_email: Limit | None = setting(
        Limit(30, 60), "Comments that an author's address may post with a public key.", read_limit
    )
    api_processes: int = setting(1, "Processes that answer HTTP.", integer(1, 64))
    api_threads: int = setting(8, "Requests that one such process answers at a time.", integer(1, 256))
    screen_processes: int = setting(2, "Processes of one worker that judge comments.", integer(1, 64))
    deliver_threads: int = setting(8, "Webhook endpoints that one worker serves at a time.", integer(1, 256))
    sweep_seconds: int = setting(
        3, "Seconds between two looks for work whose message was lost, and for retries due.", integer(1, 60)
    )
    akismet_key: str = setting(
        "", "The key of an Akismet account, for sites whose policy asks `akismet`.", is_secret=True
    )
    akismet_url: str = setting(
        "https://rest.akismet.com", "The server of the Akismet protocol that the key is for.", http_url
    )
    stop_forum_spam_url: str = setting(
        "",
        "For sites whose policy asks `stop_forum_spam`: `https://api.stopforumspam.org/api`, or a mirror.",
        http_url,
    )
    check_url: str = setting(
        "", "A check of your own, for sites whose policy asks `check`. Needs CHECK_SECRET.", http_url
    )
    check_secret: str = setting(
        "", "What signs the questions to CHECK_URL: `whsec_` and base64.", webhook_secret, is_secret=True
    )
    opinion_url: str = setting(
        "",
        "An OpenAI-compatible endpoint, up to its `/v1`, for sites whose policy asks `opinion`. Needs OPINION_MODEL.",
        http_url,
    )
    opinion_key: str = setting("", "The key for OPINION_URL, if it wants one.", is_secret=True)
    opinion_model: str = setting("", "The model to ask at OPINION_URL.")
    remote_timeout: int = setting(5, "Seconds that a remote service may take for an answer.", integer(1, 20))
    opinion_timeout: int = setting(20, "Seconds that OPINION_URL may take for an answer.", integer(1, 30))
    remote_budget: int = setting(
        10_000, "Calls a day (UTC) to one remote service for one site; beyond it nobody is asked.", integer(0, 10**9)
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read `MODERATION_*`; raise SettingsError for a name or value that makes no sense, all of them at once."""
        values, complaints = _read(environ)
        if complaints:
            raise SettingsError("\n".join(complaints))
        return cls(**values)

    @property
    def is_embedded(self) -> bool:
        """Tell whether a redis-server of our own is part of this set."""
        return EMBEDDED in (self.redis_url, self.effective_broker_url)

    @property
    def effective_database_url(self) -> str:
        """The database, with the default worked out."""
        return self.database_url or f"sqlite:///{self.data_dir / 'moderation.db'}"

    @property
    def effective_broker_url(self) -> str:
        """The broker, with the default worked out."""
        return self.broker_url or self.redis_url

    @property
    def effective_base_url(self) -> str:
        """The address others use, with the default worked out."""
        # A server that listens everywhere is at least here.
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not listened on
        host = f"[{here}]" if ":" in here else here
        return self.base_url or f"http://{host}:{self.port}"

    @property
    def proxy_hint(self) -> str:
        """What to say where a proxy must stand in front and none is named; empty elsewhere. `serve` speaks no TLS."""
        if not self.base_url.lower().startswith("https:") or self.trusted_proxies:
            return ""
        return (
            f"{PREFIX}BASE_URL is https, so a proxy stands in front: until {PREFIX}TRUSTED_PROXIES names it, "
            "all visitors share its address"
        )

    @property
    def uses_sqlite(self) -> bool:
        """Tell whether the database is SQLite."""
        return self.effective_database_url.startswith("sqlite")

    @property
    def redis_socket(self) -> Path:
        """Where the embedded redis-server listens: in DATA_DIR, or in a folder named after it if that is too long."""
        path = (self.data_dir / "redis.sock").absolute()
        if len(os.fsencode(path)) < _MAX_SOCKET_PATH:
            return path
        name = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
        return Path(tempfile.gettempdir()) / f"moderation-{os.getuid()}-{name}" / "redis.sock"

    @property
    def redis_client_url(self) -> str:
        """The Redis server, as the redis package takes it."""
        return self._client_url(self.redis_url)

    @property
    def broker_client_url(self) -> str:
        """The broker, as the redis package takes it; of no use where the broker is a RabbitMQ."""
        return self._client_url(self.effective_broker_url)

    @property
    def celery_broker_url(self) -> str:
        """The broker, as Celery takes it."""
        url = self.broker_client_url
        return f"redis+socket://{url.removeprefix('unix://')}" if url.startswith("unix://") else url

    def _client_url(self, url: str) -> str:
        return f"unix://{self.redis_socket}" if url == EMBEDDED else url

    def celery(self) -> dict[str, Any]:
        """Return the one Celery configuration, for those who publish and those who consume."""
        return celery_config(self.celery_broker_url)

    def secret(self) -> str:
        """Return SECRET_KEY, or the one kept in DATA_DIR, which the first call makes.

        Raises SettingsError where several machines would each make their own, and for one that is easily guessed on
        a set that is not this machine's alone.
        """
        if self.secret_key and not self.uses_sqlite and is_guessable(self.secret_key):
            raise SettingsError(f"{PREFIX}SECRET_KEY is easily guessed; make one with: {_HOW_TO_MAKE_ONE}")
        if self.secret_key:
            return self.secret_key
        if not self.uses_sqlite:
            raise SettingsError(
                f"{PREFIX}SECRET_KEY is not set. All services of a set need the same one; "
                f"make it with: {_HOW_TO_MAKE_ONE}"
            )
        return _kept_secret(self.data_dir / "secret_key")


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        # Written whole, then linked: of two processes that start together one wins and neither reads half a key.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def _read(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    known = {f"{PREFIX}{one.name.upper()}": one for one in fields(Settings)}
    values: dict[str, Any] = {}
    complaints = [
        f"{name} is no setting; `moderation settings` lists them all."
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known and name.removesuffix("_FILE") not in known
    ]
    for name, one in known.items():
        try:
            text = _text_of(name, environ)
            if text is not None:
                values[one.name] = one.metadata["read"](text)
        except ValueError as error:
            complaints.append(f"{name} must be {error}.")
    if 0 < len(values.get("secret_key", "")) < 32:  # noqa: PLR2004 - what its help says
        complaints.append(f"{PREFIX}SECRET_KEY must be at least 32 characters long.")
    for name, needed in NEEDED.items():
        if values.get(name) and not values.get(needed):
            complaints.append(f"{PREFIX}{name.upper()} needs {PREFIX}{needed.upper()}.")
    return values, complaints


def _text_of(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the setting's text: from the variable, or from the file that NAME_FILE names. Empty counts as unset."""
    path = environ.get(f"{name}_FILE")
    if path and environ.get(name):
        raise ValueError(f"given once: either it or {name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip() or None
        except OSError as error:
            raise ValueError(f"readable from the file {path} ({error.strerror})") from None
    return environ.get(name) or None
