"""All that a filter may know of a comment: values, gathered for a whole batch by `moderation.facts`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from moderation.policy import Policy
from moderation.predictions import Prediction, Toxicity
from moderation.text import Folded, Link, find_links, fold, fold_with_spans


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorHistory:
    """What became of the author's (the email's) latest comments on this site, the one to be judged not among them."""

    # No earlier comment of theirs is known here.
    is_first: bool = False
    # Decided by moderators, as the decisions stand now.
    approved_by_people: int = 0
    spam_by_people: int = 0
    rejected_by_people: int = 0
    # Approved by the machine and left standing for a day.
    standing: int = 0
    # Different names given in the last week, the present one among them.
    names: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How fast comments come, the one to be judged among them; zero where it is not known."""

    # In five minutes, by this email and from this visitor's address.
    by_email: int = 0
    by_ip: int = 0
    # On the whole site in ten minutes, and how many are usual in ten minutes (mean of the day before; None: unknown).
    on_site: int = 0
    usual_on_site: float | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A comment that another one is almost the same as, and the share (0..1) of pieces they have in common."""

    comment_id: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearCopies:
    """Comments of this site with almost, but not exactly, the same text; at most some 150 are looked at."""

    # In the last REPEAT_WINDOW: how many, by how many other authors (emails), on how many posts, and the nearest.
    count: int = 0
    authors: int = 0
    posts: int = 0
    nearest: Copy | None = None
    # At any time: those that a moderator's newest decision calls spam, and the nearest of them.
    of_spam: int = 0
    nearest_spam: Copy | None = None
    # Those that it approves, the exactly same text among them.
    of_ham: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the form was filled in; nothing is known of comments that came without a token."""

    # From when the form was shown until it was sent.
    seconds: float | None = None
    # What is wrong with the token: `forged` or `expired`.
    problem: str | None = None
    # The field that people don't see was filled in.
    is_trapped: bool = False
    # Whether the work that it was asked for was shown; None: it was not asked.
    has_worked: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What was said where the comment stands, unfolded; the beginnings of comments."""

    title: str | None = None
    # The comment that it answers.
    parent: str | None = None
    # Approved ones among the post's latest; looked up only for comments that are long enough to be compared.
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHistory:
    """What became of the site's latest comments that linked to the same place, the one to be judged not among them."""

    seen: int = 0
    # Decided by moderators, as the decisions stand now.
    spam: int = 0
    approved: int = 0
    # Approved by the machine, and nobody objected.
    standing: int = 0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known of one comment when it is judged.

    Not slotted: what several filters ask of the same text is worked out once and kept.
    """

    comment_id: str
    site_id: str
    post_id: str
    name: str
    email: str
    website: str | None
    body: str
    language: str | None
    ip: str | None = None
    user_agent: str | None = None
    policy: Policy
    # Hosts that are the website's own; a link to them is no link.
    own_hosts: frozenset[str] = frozenset()
    # Other comments of this site with the same folded text, in the last REPEAT_WINDOW.
    repeats: int = 0
    # Comments with the same folded text that a moderator of this site decided to be spam, at any time.
    repeats_of_spam: int = 0
    near_copies: NearCopies = NearCopies()
    # This author has approved comments on this site; looked up only where the site's rules ask for it.
    approved_before: bool = False
    # None when the model could not be asked.
    prediction: Prediction | None = None
    toxicity: Toxicity | None = None
    # None when the author's history was not looked up.
    author: AuthorHistory | None = None
    rates: Rates = Rates()
    # The site is tightened (`floods`) while the comment is judged.
    is_in_flood: bool = False
    form: Form = Form()
    surroundings: Surroundings = Surroundings()
    # By `Link.target`, of those links that were looked up.
    link_histories: Mapping[str, LinkHistory] = field(default_factory=dict)

    def with_prediction(self, prediction: Prediction, toxicity: Toxicity | None = None) -> "Facts":
        """Return the same facts with a prediction (and a toxicity), and with all that was worked out of the texts."""
        predicted = object.__new__(Facts)
        known = self.toxicity if toxicity is None else toxicity
        predicted.__dict__.update(self.__dict__, prediction=prediction, toxicity=known)
        return predicted

    def with_text(self, folded: str, links: tuple[Link, ...]) -> "Facts":
        """Return the same facts with what somebody has worked out of the body already."""
        read = object.__new__(Facts)
        read.__dict__.update(self.__dict__, folded=folded, links=links)
        return read

    @cached_property
    def folded(self) -> str:
        """The body as it is matched against."""
        return fold(self.body)

    @cached_property
    def folded_with_spans(self) -> Folded:
        """The same with the way back to the original: only for what is found, since it costs several times as much."""
        return fold_with_spans(self.body)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The links of the body."""
        return tuple(find_links(self.body))
