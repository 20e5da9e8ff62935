"""Look at the broker: does it answer, and how many messages wait in each queue."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import redis

from moderation.celery_config import url_is_amqp
from moderation.redis_clients import redis_client
from moderation.settings import Settings
from moderation.tasks import QUEUES

# Whoever looks is a probe or a person: it is worth a second, not more.
_SECONDS = 1.0


class BrokerAwayError(Exception):
    """The broker did not answer."""


def queue_lengths(settings: Settings) -> Mapping[str, int]:
    """Return the messages waiting per queue; raise BrokerAwayError when nobody answers."""
    if url_is_amqp(settings.celery_broker_url):
        return _amqp_lengths(settings)
    try:
        with _client(settings.broker_client_url) as client:
            return {queue: int(client.llen(queue)) for queue in QUEUES}
    except redis.RedisError as error:
        raise BrokerAwayError(type(error).__name__) from None


class Backlog:
    """Tells whether messages wait in a queue, many times a second: it keeps its connection, made when first asked."""

    def __init__(self, settings: Settings, queue: str) -> None:
        self._settings = settings
        self._queue = queue
        self._client: Any = None

    def is_there(self) -> bool | None:
        """Tell whether a message waits: None where that is not cheap to tell (RabbitMQ), no where nobody answers."""
        if url_is_amqp(self._settings.celery_broker_url):
            return None
        try:
            if self._client is None:
                self._client = redis_client(self._settings.broker_client_url, _SECONDS)
            return int(self._client.llen(self._queue)) > 0
        except redis.RedisError:
            return False


def ping_redis(settings: Settings) -> None:
    """Raise BrokerAwayError when the Redis server does not answer."""
    try:
        with _client(settings.redis_client_url) as client:
            client.ping()
    except redis.RedisError as error:
        raise BrokerAwayError(type(error).__name__) from None


@contextlib.contextmanager
def _client(url: str) -> Iterator[Any]:
    with contextlib.closing(redis_client(url, _SECONDS)) as client:
        yield client


def _amqp_lengths(settings: Settings) -> Mapping[str, int]:
    from kombu.connection import Connection
    from kombu.exceptions import OperationalError

    lengths = {}
    try:
        with Connection(settings.celery_broker_url, connect_timeout=_SECONDS) as connection:  # type: ignore[no-untyped-call]
            for queue in QUEUES:
                try:
                    lengths[queue] = connection.channel().queue_declare(queue, passive=True).message_count
                except connection.channel_errors:
                    # Nobody has published to it or consumed from it yet.
                    lengths[queue] = 0
    except (OperationalError, OSError) as error:
        raise BrokerAwayError(type(error).__name__) from None
    return lengths
