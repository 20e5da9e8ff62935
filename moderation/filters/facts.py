"""All that a filter may know of a comment: values, gathered for a whole batch by `moderation.facts`."""

from dataclasses import dataclass

from moderation.policy import Policy


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the text model makes of a body: probability of spam, and the spans of it that speak most for spam."""

    probability: float
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one comment when it is judged."""

    comment_id: str
    site_id: str
    name: str
    email: str
    website: str | None
    body: str
    language: str | None
    policy: Policy
    # Hosts that are the website's own; a link to them is no link.
    own_hosts: frozenset[str] = frozenset()
    # Other comments of this site with the same folded text, in the last REPEAT_WINDOW.
    repeats: int = 0
    # Comments with the same folded text that a moderator of this site decided to be spam, at any time.
    repeats_of_spam: int = 0
    # None when the model could not be asked.
    prediction: Prediction | None = None
