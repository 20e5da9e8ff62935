"""The one Celery configuration, for those who publish and those who consume. `settings` says which broker."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from moderation.sentinels import read_sentinels
from moderation.tasks import QUEUE_OF, SCREEN_QUEUE


def celery_config(broker_url: str) -> dict[str, Any]:
    """Return the configuration for a broker, whose URL is as Celery takes it or names Sentinels."""
    return _broker(broker_url) | {
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "timezone": "UTC",
        "task_create_missing_queues": True,
        "task_default_queue": SCREEN_QUEUE,
        "task_routes": {name: {"queue": queue} for name, queue in QUEUE_OF.items()},
        # A message is only a doorbell: one that is lost is rung again by the sweep, so it is taken off the queue
        # before the work, and nothing is redelivered after an hour.
        "task_acks_late": False,
        # Whoever publishes must never wait for a broker that is away.
        "task_publish_retry": False,
        "broker_connection_timeout": 2,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # Longer than a batch ever takes; then the child is ended, and the sweep rings again.
        "task_soft_time_limit": 60,
        "task_time_limit": 75,
        # In KiB. A process of the pool has 200 MB; one that has leaked as much as this is replaced between two tasks.
        "worker_max_memory_per_child": 600_000,
    }


def _broker(url: str) -> dict[str, Any]:
    if url_is_amqp(url):
        # Queues that outlive a node of a cluster, as RabbitMQ advises.
        quorum = dict.fromkeys(("task_default_queue_type", "task_create_missing_queue_type"), "quorum")
        return {"broker_url": url, "broker_transport_options": {"max_retries": 0}} | quorum
    timeouts = {"socket_timeout": 5, "socket_connect_timeout": 2}
    options: dict[str, Any] = timeouts | {"max_retries": 0}
    sentinels = read_sentinels(url)
    if sentinels is None:
        return {"broker_url": _verified(url), "broker_transport_options": options}
    options |= {"master_name": sentinels.master, "sentinel_kwargs": timeouts | sentinels.own_options()}
    return {"broker_url": sentinels.celery_url, "broker_transport_options": options}


def _verified(url: str) -> str:
    """Ask for the server's certificate to be verified, which Celery does only where it is told to."""
    parts = urlsplit(url)
    if parts.scheme != "rediss":
        return url
    query = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"} | dict(parse_qsl(parts.query))
    return urlunsplit(parts._replace(query=urlencode(query)))


def url_is_amqp(url: str) -> bool:
    """Tell whether the broker is a RabbitMQ."""
    return url.startswith(("amqp://", "amqps://"))
