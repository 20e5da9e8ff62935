"""Add counts up in Redis: one pipeline for all of them, each forgotten when its window no longer counts."""

from collections.abc import Mapping

from moderation.limiting.windows import Bucket
from moderation.redis_clients import redis_client

_SECONDS = 2.0


class RedisTotals:
    """Totals in a Redis server. Making one connects to nothing; keys hold ids and keyed hashes, no addresses."""

    def __init__(self, url: str) -> None:
        self._client = redis_client(url, _SECONDS)

    def add(self, counts: Mapping[Bucket, int], seconds: Mapping[str, int]) -> Mapping[Bucket, int]:
        """Add the counts; return the totals of those windows and of the ones before them. Raises RedisError."""
        before = [(name, subject, window - 1) for name, subject, window in counts]
        with self._client.pipeline(transaction=False) as pipe:
            for bucket, count in counts.items():
                pipe.incrby(_key(bucket), count)
                pipe.expire(_key(bucket), 2 * seconds[bucket[0]])
            pipe.mget([_key(bucket) for bucket in before])
            *added, earlier = pipe.execute()
        totals = {bucket: int(total) for bucket, total in zip(counts, added[::2], strict=True)}
        return totals | {bucket: int(total) for bucket, total in zip(before, earlier, strict=True) if total is not None}


def _key(bucket: Bucket) -> str:
    name, subject, window = bucket
    return f"moderation:limit:{name}:{subject}:{window}"
