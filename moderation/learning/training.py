"""From labelled comments to weights: add copies, fit in folds, fit to all, calibrate.

After `rows`, before `model`. Each row is judged by a fit that saw neither it nor its near-copies, and on what these
fits say the probability is calibrated; the weights themselves learn from every row. The same rows and the same program
give the same weights, byte for byte: what looks like chance is drawn from a seed and each row's own name, and sums are
taken in one order.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from moderation.errors import ModerationError
from moderation.learning import augmentation, logistic
from moderation.learning.complement import complement_weights
from moderation.learning.features import SIDES, TABLE_SIZE, WORD_PLACES, extract_all
from moderation.learning.logistic import Problem, Vector
from moderation.learning.rows import Row
from moderation.learning.weights import ENTRIES, Weights

_SEED = "comment-moderation 1"
# Below this neither a fit nor its calibration means anything.
_FEWEST = 20


class TooFewRowsError(ModerationError):
    """There is too little spam or too little else to learn from."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. The numbers were chosen in cross-validation and on the dev rows (docs/model-card.md).

    `penalty` and `side_penalty` are L2 strengths; word n-grams are scaled by `words`, so that their pieces are believed
    rather, and `complement` times the weights of `complement_weights` are added to theirs. Shares say how many rows get
    a copy of a kind: ham with a link, with emphasis, disguised, or with other ham `joined` to it; spam disguised, or
    `padded` with ham. A copy weighs `copy_weight` of its row. Calibration fits `folds` times, for `fold_rounds` each.
    """

    penalty: float = 5e-7
    side_penalty: float = 1e-5
    words: float = 0.5
    complement: float = 3.2
    linked: float = 0.5
    emphasised: float = 0.1
    disguised_spam: float = 0.5
    disguised_ham: float = 0.8
    padded: float = 0.15
    joined: float = 0.3
    copy_weight: float = 0.5
    folds: int = 3
    fold_rounds: int = 70
    rounds: int = 200
    tolerance: float = 1e-5


@dataclass(frozen=True, slots=True)
class _Example:
    row: int
    text: str
    label: float
    weight: float


Tell = Callable[[str, int, int], None]


def _tell_nobody(_step: str, _done: int, _of: int) -> None:
    return


def train(
    rows: Iterable[Row], *, recipe: Recipe | None = None, tell: Tell = _tell_nobody, trained_on: Sequence[str] = ()
) -> Weights:
    """Fit weights to labelled comments; `tell` hears of progress as (step, done, of).

    Each source and class weighs as the square root of its size, so that a large one doesn't drown the others.
    `trained_on` are the digests of the files that the rows came from. Raises TooFewRowsError without at least 20 spam
    and 20 other comments.
    """
    recipe = recipe or Recipe()
    rows = list(rows)
    if min(_class_sizes(rows)) < _FEWEST:
        raise TooFewRowsError(f"training needs at least {_FEWEST} comments that are spam and {_FEWEST} that are not")
    folds = np.array([_fold_of(row, recipe.folds) for row in rows])
    examples = _with_copies(rows, folds.tolist(), recipe)
    problem = _problem(examples, recipe, tell)
    owners = np.array([example.row for example in examples])
    unseen = _judged_unseen(problem, owners, folds, recipe, tell)
    fitted = _fit(problem, _originals(owners), recipe.rounds, "fitting", recipe, tell)
    fitted[:ENTRIES] *= _scales(recipe)
    slope, shift = _calibrate(unseen, rows)
    return replace(_quantised(fitted), slope=slope, shift=shift, trained_on=tuple(trained_on))


def _class_sizes(rows: Sequence[Row]) -> tuple[int, int]:
    spam = sum(row.is_spam for row in rows)
    return spam, len(rows) - spam


def _fold_of(row: Row, folds: int) -> int:
    """Draw a fold by the near-copies' common name: no row's place depends on the others'."""
    return int(draw("fold", row.cluster) * folds)


def _importance(rows: Sequence[Row]) -> list[float]:
    groups = Counter((row.source, row.is_spam) for row in rows)
    return [1 / float(np.sqrt(groups[row.source, row.is_spam])) for row in rows]


def _with_copies(rows: Sequence[Row], folds: Sequence[int], recipe: Recipe) -> list[_Example]:
    examples: list[_Example] = []
    honest = _honest(rows, folds)
    for at, (row, fold, weight) in enumerate(zip(rows, folds, _importance(rows), strict=True)):
        label = float(row.is_spam)
        examples.append(_Example(at, row.body, label, weight))
        copies = _copies(row, recipe, honest.get((row.source, fold)) or honest.get(("", fold)) or [""])
        examples.extend(_Example(at, copy, label, weight * recipe.copy_weight) for copy in copies)
    return examples


def _honest(rows: Sequence[Row], folds: Sequence[int]) -> dict[tuple[str, int], list[str]]:
    """Collect the comments that are no spam, by source (all under "") and by fold, so that no fit sees another's."""
    honest: dict[tuple[str, int], list[str]] = {}
    for row, fold in zip(rows, folds, strict=True):
        if not row.is_spam:
            honest.setdefault((row.source, fold), []).append(row.body)
            honest.setdefault(("", fold), []).append(row.body)
    return honest


def _copies(row: Row, recipe: Recipe, honest: Sequence[str]) -> list[str]:
    def padded(text: str, chance: random.Random) -> str:
        return augmentation.padded(text, chance.choice(honest), chance)

    kinds = (
        (recipe.padded if row.is_spam else recipe.joined, padded),
        (0.0 if row.is_spam else recipe.linked, augmentation.with_honest_link),
        (0.0 if row.is_spam else recipe.emphasised, augmentation.with_emphasis),
        (recipe.disguised_spam if row.is_spam else recipe.disguised_ham, augmentation.disguised),
    )
    copies = []
    for share, change in kinds:
        name = change.__name__
        if draw(name, row.id) < share:
            # A known sequence is the point: copies are made, not secrets.
            copies.append(change(row.body, random.Random(f"{_SEED} {name} {row.id}")))  # noqa: S311
    return copies


def draw(purpose: str, name: str) -> float:
    """Draw a number from 0 to 1 that is always the same for this purpose and name."""
    digest = hashlib.blake2b(f"{_SEED} {purpose} {name}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _problem(examples: Sequence[_Example], recipe: Recipe, tell: Tell) -> Problem:
    tell("reading", 0, len(examples))
    features = extract_all([example.text for example in examples])
    features = replace(features, values=features.values * _scales(recipe)[features.places])
    tell("reading", len(examples), len(examples))
    return Problem(
        features,
        labels=np.array([example.label for example in examples]),
        importance=np.array([example.weight for example in examples]),
        penalty=recipe.penalty,
        side_penalty=recipe.side_penalty,
    )


def _scales(recipe: Recipe) -> npt.NDArray[np.float32]:
    scales = np.ones(ENTRIES, dtype=np.float32)
    scales[WORD_PLACES:TABLE_SIZE] = recipe.words
    return scales


def _fit(
    problem: Problem, originals: npt.NDArray[np.int64], rounds: int, step: str, recipe: Recipe, tell: Tell
) -> Vector:
    """Fit to all examples, and add what naive Bayes says of the `originals` among them."""
    fitted = logistic.minimise(
        logistic.loss_of(problem),
        np.zeros(ENTRIES + SIDES + 1),
        rounds=rounds,
        tolerance=recipe.tolerance,
        tell=lambda done, _loss: tell(step, done, rounds),
    )
    bayes = complement_weights(problem.features.of(originals), problem.labels[originals], problem.importance[originals])
    # The words' values are scaled already, what is added here is not.
    fitted[WORD_PLACES:TABLE_SIZE] += recipe.complement / recipe.words * bayes
    return fitted


def _originals(owners: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Say which examples are no copies: a row's own text stands before its copies."""
    return np.flatnonzero(np.diff(owners, prepend=-1))


def _judged_unseen(
    problem: Problem, owners: npt.NDArray[np.int64], folds: npt.NDArray[np.int64], recipe: Recipe, tell: Tell
) -> Vector:
    """Give the logit of each row by a fit that had seen no row of its fold; 0 where there is nothing else to see."""
    logits = np.zeros(len(folds))
    originals = _originals(owners)
    for fold in range(recipe.folds):
        seen, unseen = np.flatnonzero(folds[owners] != fold), np.flatnonzero(folds == fold)
        labels = problem.labels[seen]
        if not len(unseen) or not len(labels) or labels.min() == labels.max():
            continue
        others = replace(
            problem, features=problem.features.of(seen), labels=labels, importance=problem.importance[seen]
        )
        step = f"fold {fold + 1} of {recipe.folds}"
        parameters = _fit(others, _originals(owners[seen]), recipe.fold_rounds, step, recipe, tell)
        logits[unseen] = logistic.scores(problem.features.of(originals[unseen]), parameters)
    return logits


def _quantised(parameters: Vector) -> Weights:
    table = parameters[:ENTRIES]
    scale = float(np.max(np.abs(table))) / 127 or 1.0
    return Weights(
        table=np.rint(table / scale).astype(np.int8),
        sides=parameters[ENTRIES:-1].astype(np.float32),
        scale=scale,
        bias=float(parameters[-1]),
        slope=1.0,
        shift=0.0,
    )


def _calibrate(z: Vector, rows: Sequence[Row]) -> tuple[float, float]:
    """Find slope and shift by Platt's method, with his targets that keep away from 0 and 1 (Platt 1999)."""
    spam, other = _class_sizes(rows)
    targets = np.where([row.is_spam for row in rows], (spam + 1) / (spam + 2), 1 / (other + 2))
    importance = np.array(_importance(rows))
    importance /= np.sum(importance)

    def loss(parameters: Vector) -> tuple[float, Vector]:
        shifted = parameters[0] * z + parameters[1]
        errors = importance * (logistic.sigmoid(shifted) - targets)
        value = np.sum(importance * (np.logaddexp(0, shifted) - targets * shifted))
        return float(value), np.array([np.sum(errors * z), np.sum(errors)])

    start = np.array([1.0, 0.0])
    slope, shift = logistic.minimise(loss, start, rounds=100, tolerance=1e-10, tell=lambda _done, _loss: None)
    return float(slope), float(shift)
