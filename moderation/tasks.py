"""The names under which work is queued: what the API and the workers share instead of importing each other."""

from collections.abc import Sequence

SCREEN = "moderation.screen"
DELIVER = "moderation.deliver"
LEARN = "moderation.learn"
LEARN_TOGETHER = "moderation.learn_together"
ASK = "moderation.ask"
SWEEP_COMMENTS = "moderation.sweep_comments"
SWEEP_DECISIONS = "moderation.sweep_decisions"
SWEEP_DELIVERIES = "moderation.sweep_deliveries"
SWEEP_SITES = "moderation.sweep_sites"
TIDY = "moderation.tidy"

SCREEN_QUEUE = "screen"
DELIVER_QUEUE = "deliver"
QUEUES = (SCREEN_QUEUE, DELIVER_QUEUE)

QUEUE_OF = {
    SCREEN: SCREEN_QUEUE,
    SWEEP_COMMENTS: SCREEN_QUEUE,
    LEARN: SCREEN_QUEUE,
    LEARN_TOGETHER: SCREEN_QUEUE,
    SWEEP_DECISIONS: SCREEN_QUEUE,
    DELIVER: DELIVER_QUEUE,
    ASK: DELIVER_QUEUE,
    SWEEP_DELIVERIES: DELIVER_QUEUE,
    # Not beside the comments: those of a flood would keep it waiting.
    SWEEP_SITES: DELIVER_QUEUE,
    TIDY: DELIVER_QUEUE,
}

# Ids in one message: what a worker judges in one transaction.
MOST_IDS = 200
# Of them Flower shows so many.
_SHOWN = 3


def shown(ids: Sequence[str]) -> dict[str, str | bool]:
    """Return the options of a message about these: what Flower shows of it, and that nobody asks what came of it.

    Left to itself Celery makes a text of all the ids, which takes as long as to send them.
    """
    few = ", ".join(ids[:_SHOWN])
    return {
        "argsrepr": f"([{few}])" if len(ids) <= _SHOWN else f"([{few}, … {len(ids)} in all])",
        "kwargsrepr": "{}",
        "ignore_result": True,
    }


# After so long a bell that is rung for again in seconds is thrown away unheard. Longer than the clocks of two machines
# differ, or else none would ever be heard.
EXPIRES_SECONDS = 600
