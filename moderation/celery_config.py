"""The one Celery configuration, for those who publish and those who consume. `settings` says which broker."""

from typing import Any

from moderation.tasks import QUEUE_OF, SCREEN_QUEUE


def celery_config(broker_url: str) -> dict[str, Any]:
    """Return the configuration for a broker, as Celery takes its URL."""
    return {
        "broker_url": broker_url,
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
        "broker_transport_options": {"socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 0}
        if not url_is_amqp(broker_url)
        else {"max_retries": 0},
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


def url_is_amqp(url: str) -> bool:
    """Tell whether the broker is a RabbitMQ."""
    return url.startswith(("amqp://", "amqps://"))
