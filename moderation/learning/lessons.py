"""What a decision teaches, and how much: no text, no kind and no moderator shall drown the others.

Before `site_model`, which learns from it. Only human words come here: `spam` and `approve`, the newest of each comment.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from moderation.learning.logistic import Vector

_Key = TypeVar("_Key", bool, str, tuple[bool, str])

# What one moderator may always say, in comments, however little the others said: a helper's first decision must not
# silence the one who made all before.
ALWAYS_HEARD = 20.0
# The rarer kind weighs at most so much more per comment: three spam comments are not worth a thousand ham.
_MOST_RAISED = 20.0
# Near-copies of one text count as so many, however many they are: a flood decided a hundred times, or a hundred copies
# that somebody sends to bend the model, are one thing learned.
MOST_OF_A_CAMPAIGN = 3.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """A decided comment. Equal `fingerprint` means the same text; `by` says who decided.

    Near-copies share a `campaign`, empty for a comment that has none. `author` is what `site_features.who` says.
    """

    text: str
    is_spam: bool
    fingerprint: str
    by: str
    campaign: str = ""
    author: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Name what is the same thing again: the campaign, or else the text."""
        return self.campaign or self.fingerprint


def count_of(lessons: Sequence[Lesson]) -> tuple[int, int]:
    """Count the different texts among spam and among ham, of near-copies MOST_OF_A_CAMPAIGN at most."""
    texts = {(lesson.is_spam, lesson.group, lesson.fingerprint) for lesson in lessons}
    groups = Counter((is_spam, group) for is_spam, group, _ in texts)
    spam, ham = (
        sum(min(count, int(MOST_OF_A_CAMPAIGN)) for (kind, _), count in groups.items() if kind is is_spam)
        for is_spam in (True, False)
    )
    return spam, ham


def fold_of(lesson: Lesson, folds: int) -> int:
    """Say to which of so many parts a lesson belongs: the same text, and its near-copies, always to the same one."""
    return zlib.crc32(lesson.group.encode()) % folds


def weigh(lessons: Sequence[Lesson], *, is_balanced: bool) -> Vector:
    """Say how much each lesson counts: a text once however often it came, and if `is_balanced` spam as much as ham.

    Near-copies count as MOST_OF_A_CAMPAIGN texts at most. Last, since it must hold whatever else does: one moderator
    counts no more than all others together, or than ALWAYS_HEARD where that is more. Who decides alone counts in full.
    """
    repeats = Counter(lesson.fingerprint for lesson in lessons)
    weights = np.array([1 / repeats[lesson.fingerprint] for lesson in lessons])
    groups = _sums(((lesson.is_spam, lesson.group) for lesson in lessons), weights)
    weights *= [min(MOST_OF_A_CAMPAIGN / groups[lesson.is_spam, lesson.group], 1.0) for lesson in lessons]
    kinds = _sums((lesson.is_spam for lesson in lessons), weights)
    if is_balanced and len(kinds) > 1:
        rarer = min(kinds, key=lambda kind: kinds[kind])
        raised = min(kinds[not rarer] / kinds[rarer], _MOST_RAISED)
        weights *= np.where([lesson.is_spam == rarer for lesson in lessons], raised, 1.0)
    people = _sums((lesson.by for lesson in lessons), weights)
    if len(people) > 1:
        loudest = max(people, key=lambda person: (people[person], person))
        others = sum(people.values()) - people[loudest]
        heard = min(max(others, ALWAYS_HEARD) / people[loudest], 1.0)
        weights *= np.where([lesson.by == loudest for lesson in lessons], heard, 1.0)
    return weights


def _sums(keys: Iterable[_Key], weights: Vector) -> dict[_Key, float]:
    sums: dict[_Key, float] = {}
    for key, weight in zip(keys, weights.tolist(), strict=True):
        sums[key] = sums.get(key, 0.0) + weight
    return sums
