"""Everything that is counted (`tallies`): names, labels, buckets. The list for readers is in docs/operations.md.

Names are base units and nouns; Prometheus' `_total` is added when they are shown.
"""

from collections.abc import Iterable
from datetime import datetime

from moderation.clock import seconds_since
from moderation.tallies import Counter, Histogram, Tally
from moderation.verdict import Verdict

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200)
_REQUEST_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

VERDICTS = Counter("moderation_verdicts", "Verdicts of the machine.", ("site", "action"))
SIGNALS = Counter("moderation_signals", "Signals in verdicts, by what the verdict was.", ("signal", "action"))
SCORES = Histogram(
    "moderation_verdict_score",
    "Scores of verdicts, in points.",
    (0, 1, 2, 3, 4, 5, 6, 8, 12),
    ("site",),
)
SHADOW_VERDICTS = Counter(
    "moderation_shadow_verdicts",
    "Verdicts given while something was tried out, by what they were and would have been.",
    ("action", "would_be"),
)
VERDICT_SECONDS = Histogram("moderation_verdict_seconds", "Time from acceptance to the verdict.", _SECONDS)
BATCHES = Histogram(
    "moderation_screen_batch_comments", "Comments judged together.", (1, 2, 5, 10, 25, 50, 100, 200, 500)
)
DECISIONS = Counter(
    "moderation_decisions",
    "Decisions of people, by what the machine had said (`none`: nothing yet).",
    ("site", "action", "verdict"),
)
ATTEMPTS = Counter("moderation_delivery_attempts", "Attempts to deliver a message, by what came of it.", ("outcome",))
DELIVERY_SECONDS = Histogram(
    "moderation_delivery_seconds", "Time from an event to its arrival at an endpoint.", _SECONDS
)
SWEPT = Counter("moderation_swept_comments", "Comments that a sweep rang for: their message was lost or late.")
REQUESTS = Counter("moderation_http_requests", "Requests answered.", ("method", "route", "status"))
REQUEST_SECONDS = Histogram(
    "moderation_http_request_seconds", "Time to answer a request.", _REQUEST_SECONDS, ("route",)
)
LIMITED = Counter("moderation_limited_requests", "Requests refused by a limit.", ("limit",))
DOORBELLS_LOST = Counter("moderation_doorbells_lost", "Times that the broker took no message.")

COUNTERS = (
    VERDICTS,
    SIGNALS,
    SHADOW_VERDICTS,
    DECISIONS,
    ATTEMPTS,
    SWEPT,
    REQUESTS,
    LIMITED,
    DOORBELLS_LOST,
)
HISTOGRAMS = (SCORES, VERDICT_SECONDS, BATCHES, DELIVERY_SECONDS, REQUEST_SECONDS)


def count_verdicts(judged: Iterable[tuple[str, Verdict, datetime]], now: datetime) -> Tally:
    """Count a batch of verdicts: each with its site's id and when its comment was accepted."""
    tally, size = Tally(), 0
    for site_id, verdict, received_at in judged:
        size += 1
        tally.count(VERDICTS, site_id, verdict.action)
        tally.observe(SCORES, verdict.score, site_id)
        tally.observe(VERDICT_SECONDS, seconds_since(received_at, now))
        for name in {weighed.signal.name for weighed in verdict.signals}:
            tally.count(SIGNALS, name, verdict.action)
        if verdict.shadow:
            tally.count(SHADOW_VERDICTS, verdict.action, verdict.shadow.action)
    tally.observe(BATCHES, size)
    return tally
