"""From labelled comments to the heads of the toxic model: scale, fit, calibrate.

After `rows`, before `toxic`. Abusive comments against the ham of the same sources; spam takes no part. The side
features hardly do: pictures, capitals and length tell one source from another rather than insult from praise. The same
rows and the same program give the same weights, byte for byte.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moderation.learning import logistic
from moderation.learning.features import SIDES, TABLE_SIZE, Features, extract
from moderation.learning.logistic import Problem, Vector, sigmoid
from moderation.learning.rows import Row
from moderation.learning.toxic import FIGURES, ToxicWeights, shares_of
from moderation.learning.training import Tell, TooFewRowsError, draw

_FEWEST = 20
# A head is a language; but Moroccan Arabic, which the rows call Arabic, shares fewer words with it than Persian forms.
_LANGUAGE_OF = {"youtube_ar_ma": "ary"}
_WORDS = slice(TABLE_SIZE // 2, TABLE_SIZE)
# What a head that one source alone has taught takes for abuse may be that source's habits: it is believed less.
_ONE_SOURCE = 0.5
_ROUTER_PENALTY = 1e-3


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train a head. The numbers were chosen by cross-validation and on the dev rows.

    Each n-gram is scaled by how unlike its shares among abuse and ham are (the NB-SVM of Wang and Manning 2012: the
    absolute log-ratio of counts, each plus `smoothing`) plus `floor`; word n-grams by `words` besides. `penalty` and
    `side_penalty` are L2 strengths. Calibration sees scores of `folds` heads, each fitted without the cluster it
    scores, and supposes that `share` of comments is abusive. `count_step` is one step of the logarithm of an n-gram's
    count.
    """

    penalty: float = 5e-5
    side_penalty: float = 3e-3
    smoothing: float = 0.7
    floor: float = 0.1
    words: float = 0.5
    folds: int = 4
    share: float = 0.1
    count_step: float = 0.25
    rounds: int = 100
    tolerance: float = 1e-4


@dataclass(frozen=True, slots=True)
class _Examples:
    features: Features
    is_toxic: npt.NDArray[np.bool_]
    importance: Vector
    folds: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Head:
    """One head's columns and FIGURES."""

    table: npt.NDArray[np.int8]
    known: npt.NDArray[np.int8]
    sides: Vector
    figures: Mapping[str, float]
    # How well each of its own comments was known to it before it had seen that comment.
    examples: _Examples
    known_unseen: Vector


def train_toxic(
    rows: Sequence[Row], *, recipe: Recipe | None = None, tell: Tell | None = None, trained_on: Sequence[str] = ()
) -> ToxicWeights:
    """Fit a head for each language that has enough abusive comments; `tell` hears of progress as (step, done, of).

    `trained_on` are the digests of the files that the rows came from.

    Raises TooFewRowsError when no language has 20 abusive comments and 20 that are ham, from the same sources.
    """
    recipe = recipe or Recipe()
    sources = {row.source for row in rows if row.label == "toxic"}
    by_head: dict[str, list[Row]] = {}
    for row in rows:
        if row.source in sources and row.label != "spam":
            by_head.setdefault(_LANGUAGE_OF.get(row.source, row.lang or row.source), []).append(row)
    names = tuple(sorted(name for name, own in by_head.items() if _are_enough(own)))
    if not names:
        raise TooFewRowsError(
            f"training needs at least {_FEWEST} comments of a language that are toxic, and as many ham"
        )
    heads = []
    for at, name in enumerate(names):
        trust = _ONE_SOURCE if len({row.source for row in by_head[name]}) == 1 else 1.0
        heads.append(_head(_examples(by_head[name], recipe), recipe, trust))
        if tell:
            tell("fitting heads", at + 1, len(names))
    return ToxicWeights(
        names,
        np.stack([head.table for head in heads], axis=1),
        np.stack([head.known for head in heads], axis=1),
        np.stack([head.sides for head in heads], axis=1),
        np.array([[head.figures[name] for head in heads] for name in FIGURES]),
        _router(heads),
        tuple(trained_on),
    )


def _are_enough(rows: Sequence[Row]) -> bool:
    toxic = sum(row.label == "toxic" for row in rows)
    return min(toxic, len(rows) - toxic) >= _FEWEST


def _examples(rows: Sequence[Row], recipe: Recipe) -> _Examples:
    """Let each source count by the root of its size, and abuse and ham of one source alike."""
    groups = Counter((row.source, row.label) for row in rows)
    sizes = Counter(row.source for row in rows)
    return _Examples(
        extract([row.body for row in rows]),
        np.array([row.label == "toxic" for row in rows]),
        np.array([np.sqrt(sizes[row.source]) / groups[row.source, row.label] for row in rows]),
        np.array([int(draw("toxic fold", row.cluster) * recipe.folds) for row in rows]),
    )


def _head(examples: _Examples, recipe: Recipe, trust: float) -> _Head:
    z, known = np.zeros(len(examples.folds)), np.zeros(len(examples.folds))
    for fold in range(recipe.folds):
        seen, unseen = np.flatnonzero(examples.folds != fold), np.flatnonzero(examples.folds == fold)
        scored = _some(examples, unseen).features
        z[unseen] = logistic.scores(scored, _fit(_some(examples, seen), recipe))
        known[unseen] = _known_of(scored, _steps(_some(examples, seen), recipe) * recipe.count_step)
    slope, shift = _calibration(z, examples, recipe.share)
    parameters = _fit(examples, recipe)
    scale = float(np.max(np.abs(parameters[:TABLE_SIZE]))) / 127 or 1.0
    figures = {
        "scale": scale,
        "step": recipe.count_step,
        "bias": float(parameters[-1]),
        "slope": slope,
        "shift": shift,
        "usual": float(np.median(known)),
        "spread": float(np.std(known)) or 1.0,
        "trust": trust,
    }
    return _Head(
        np.rint(parameters[:TABLE_SIZE] / scale).astype(np.int8),
        _steps(examples, recipe),
        parameters[TABLE_SIZE:-1],
        figures,
        examples,
        known,
    )


def _some(examples: _Examples, rows: npt.NDArray[np.intp]) -> _Examples:
    of = examples.features
    lengths = np.diff(of.starts)[rows]
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    kept = np.repeat(of.starts[:-1][rows] - starts[:-1], lengths) + np.arange(starts[-1])
    return _Examples(
        Features(of.places[kept], of.values[kept], starts, of.sides[rows]),
        examples.is_toxic[rows],
        examples.importance[rows],
        examples.folds[rows],
    )


def _fit(examples: _Examples, recipe: Recipe) -> Vector:
    scales = _scales(examples, recipe)
    of = examples.features
    problem = Problem(
        Features(of.places, of.values * scales[of.places], of.starts, of.sides),
        labels=examples.is_toxic.astype(np.float64),
        importance=examples.importance,
        penalty=recipe.penalty,
        side_penalty=recipe.side_penalty,
    )
    parameters = logistic.minimise(
        logistic.loss_of(problem),
        np.zeros(TABLE_SIZE + SIDES + 1),
        rounds=recipe.rounds,
        tolerance=recipe.tolerance,
        tell=lambda _done, _loss: None,
    )
    parameters[:TABLE_SIZE] *= scales
    return parameters


def _scales(examples: _Examples, recipe: Recipe) -> npt.NDArray[np.float32]:
    lengths = np.diff(examples.features.starts)
    # Rows count in proportion to their importance, one on average.
    weights = np.repeat(examples.importance / np.mean(examples.importance), lengths)
    is_toxic = np.repeat(examples.is_toxic, lengths)
    logs = []
    for chosen in (is_toxic, ~is_toxic):
        seen = np.bincount(examples.features.places[chosen], weights=weights[chosen], minlength=TABLE_SIZE)
        counts = seen + recipe.smoothing
        logs.append(np.log(counts / np.sum(counts)))
    scales: npt.NDArray[np.float32] = (np.abs(logs[0] - logs[1]) + recipe.floor).astype(np.float32)
    scales[_WORDS] *= np.float32(recipe.words)
    return scales


def _steps(examples: _Examples, recipe: Recipe) -> npt.NDArray[np.int8]:
    """Say of each n-gram how often it was seen: 0 for never, then the logarithm of the count in steps."""
    counts = np.bincount(examples.features.places, minlength=TABLE_SIZE)
    return np.rint(np.minimum(np.log1p(10 * counts) / recipe.count_step, 127)).astype(np.int8)


def _known_of(of: Features, table: npt.NDArray[np.floating[Any]]) -> Vector:
    # Every row has n-grams: folded text of nothing at all stands between two spaces.
    sums: Vector = np.add.reduceat(table[of.places] * of.values, of.starts[:-1])
    return sums / np.maximum(np.add.reduceat(of.values, of.starts[:-1]), 1e-9)


def _calibration(z: Vector, examples: _Examples, share: float) -> tuple[float, float]:
    """Find slope and shift by Platt's method, abuse and ham alike, then moved to the share supposed."""
    toxic = examples.is_toxic
    weights = np.where(toxic, 0.5 / np.sum(toxic), 0.5 / np.sum(~toxic))
    targets = np.where(toxic, 1 - 1 / (np.sum(toxic) + 2), 1 / (np.sum(~toxic) + 2))

    def loss(parameters: Vector) -> tuple[float, Vector]:
        shifted = parameters[0] * z + parameters[1]
        errors = weights * (sigmoid(shifted) - targets)
        value = np.sum(weights * (np.logaddexp(0, shifted) - targets * shifted))
        return float(value), np.array([np.sum(errors * z), np.sum(errors)])

    start = np.array([1.0, 0.0])
    slope, shift = logistic.minimise(loss, start, rounds=100, tolerance=1e-10, tell=lambda _done, _loss: None)
    return float(slope), float(shift + np.log(share / (1 - share)))


def _router(heads: Sequence[_Head]) -> npt.NDArray[np.float64]:
    """Learn to tell whose comment one is by how well each head knows it. Shape (heads + 1, heads)."""
    known = np.concatenate([_known_to_all(heads, own) for own in range(len(heads))])
    owners = np.repeat(np.arange(len(heads)), [len(head.known_unseen) for head in heads])
    weights = (1 / np.sqrt(np.bincount(owners)))[owners]
    weights /= np.sum(weights)
    is_own = owners[:, None] == np.arange(len(heads))
    shape = (len(heads) + 1, len(heads))

    def loss(parameters: Vector) -> tuple[float, Vector]:
        router = parameters.reshape(shape)
        shares = shares_of(known, router)
        errors = weights[:, None] * (shares - is_own)
        slopes = np.concatenate([np.stack([np.sum(errors * one[:, None], axis=0) for one in known.T]), [errors.sum(0)]])
        value = -np.sum(weights * np.log(np.maximum(shares[is_own], 1e-300)))
        penalised = router * (np.arange(shape[0]) < shape[1])[:, None]
        value += _ROUTER_PENALTY / 2 * np.sum(penalised**2)
        return float(value), (slopes + _ROUTER_PENALTY * penalised).ravel()

    found = logistic.minimise(
        loss, np.zeros(shape[0] * shape[1]), rounds=200, tolerance=1e-7, tell=lambda _done, _loss: None
    )
    return found.reshape(shape)


def _known_to_all(heads: Sequence[_Head], own: int) -> npt.NDArray[np.float64]:
    """Say how well the comments of one head are known to each head, to their own before it had seen them."""
    columns = [
        heads[own].known_unseen
        if at == own
        else _known_of(heads[own].examples.features, head.known * head.figures["step"])
        for at, head in enumerate(heads)
    ]
    usual = [
        (column - head.figures["usual"]) / head.figures["spread"] for column, head in zip(columns, heads, strict=True)
    ]
    return np.stack(usual, axis=1)
