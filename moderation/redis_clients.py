"""Clients of the Redis server that a URL names, or of whichever the Sentinels of that URL call the master."""

from typing import Any

import redis
from redis.sentinel import Sentinel

from moderation.sentinels import read_sentinels


class _MasterClient(redis.Redis):
    """Asks Sentinels where its server is whenever it connects."""

    def close(self) -> None:
        """Close the connections to the server, and those to the Sentinels."""
        super().close()
        pool: Any = self.connection_pool
        for one in pool.sentinel_manager.sentinels:
            one.close()


def redis_client(url: str, seconds: float) -> Any:
    """Return a client that waits so many seconds for each answer; connects to nothing yet."""
    timeouts: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    sentinels = read_sentinels(url)
    if sentinels is None:
        return redis.Redis.from_url(url, **timeouts)
    manager = Sentinel(  # type: ignore[no-untyped-call]
        sentinels.hosts,
        sentinel_kwargs=timeouts | sentinels.own_options(),
        username=sentinels.username,
        password=sentinels.password,
        db=sentinels.database,
        **timeouts,
    )
    return manager.master_for(sentinels.master, redis_class=_MasterClient)  # type: ignore[no-untyped-call]
