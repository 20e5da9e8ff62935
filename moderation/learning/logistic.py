"""Logistic regression over sparse rows: the loss, and L-BFGS to find its least value.

Used by `training` and `site_model`. Written with numpy sums rather than BLAS, whose threads may add up in another order
on another run: the same rows must give the same weights.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderation.learning.features import SIDES, Features

Vector = npt.NDArray[np.float64]
Loss = Callable[[Vector], tuple[float, Vector]]

_MEMORY = 10
_HALVINGS = 20
# Rows are worked through in blocks of about this many n-grams, so that what lies between stays small.
_BLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows to learn from: features, 1.0 for spam and 0.0 for the rest, the weight of each row, and L2 strengths."""

    features: Features
    labels: Vector
    importance: Vector
    penalty: float
    side_penalty: float


def scores(features: Features, parameters: Vector) -> Vector:
    """Give z for each row; `parameters` holds a table of any size, the sides, and the bias last."""
    table = parameters[: -SIDES - 1].astype(np.float32)
    sides = parameters[-SIDES - 1 : -1]
    linear: Vector = np.sum(features.sides * sides, axis=1) + parameters[-1]
    for first, last in _blocks(features.starts):
        begin, end = features.starts[first], features.starts[last]
        products = table[features.places[begin:end]] * features.values[begin:end]
        linear[first:last] += np.add.reduceat(products, features.starts[first:last] - begin, dtype=np.float64)
    return linear


def loss_of(problem: Problem) -> Loss:
    """Make the function that gives the penalised mean log-loss and its gradient."""
    total = float(np.sum(problem.importance))

    def loss(parameters: Vector) -> tuple[float, Vector]:
        strengths = np.full(len(parameters), problem.penalty)
        strengths[-SIDES - 1 :] = problem.side_penalty
        strengths[-1] = 0
        z = scores(problem.features, parameters)
        losses = np.logaddexp(0, z) - problem.labels * z
        errors = problem.importance * (sigmoid(z) - problem.labels) / total
        gradient = _gradient(problem.features, errors, len(parameters)) + strengths * parameters
        value = np.sum(problem.importance * losses) / total + np.sum(strengths * parameters * parameters) / 2
        return float(value), gradient

    return loss


def sigmoid(z: Vector) -> Vector:
    """Give the logistic function of z, without overflow."""
    return 0.5 * (1 + np.tanh(z / 2))


def minimise(loss: Loss, start: Vector, *, rounds: int, tolerance: float, tell: Callable[[int, float], None]) -> Vector:
    """Find the parameters of least loss by L-BFGS (Nocedal and Wright, algorithm 7.5) with a backtracking search.

    Stops after `rounds`, or when the loss falls by less than `tolerance` of itself. `tell` hears of every round.
    """
    at, (value, gradient) = start, loss(start)
    history: list[tuple[Vector, Vector, float]] = []
    for number in range(1, rounds + 1):
        direction = _direction(gradient, history)
        slope = float(np.sum(direction * gradient))
        step = 1.0 if history else 1 / max(float(np.sqrt(np.sum(gradient * gradient))), 1e-12)
        for _ in range(_HALVINGS):
            there = at + step * direction
            new_value, new_gradient = loss(there)
            if new_value <= value + 1e-4 * step * slope:
                break
            step /= 2
        else:
            break
        moved, turned = there - at, new_gradient - gradient
        curvature = float(np.sum(moved * turned))
        if curvature > 0:
            history = [*history[-_MEMORY + 1 :], (moved, turned, curvature)]
        fallen = value - new_value
        at, value, gradient = there, new_value, new_gradient
        tell(number, value)
        if fallen <= tolerance * abs(value):
            break
    return at


def _direction(gradient: Vector, history: list[tuple[Vector, Vector, float]]) -> Vector:
    direction = -gradient
    parts: list[float] = []
    for moved, turned, curvature in reversed(history):
        part = float(np.sum(moved * direction)) / curvature
        parts.append(part)
        direction = direction - part * turned
    if history:
        _, turned, curvature = history[-1]
        direction = direction * (curvature / float(np.sum(turned * turned)))
    for (moved, turned, curvature), part in zip(history, reversed(parts), strict=True):
        back = float(np.sum(turned * direction)) / curvature
        direction = direction + (part - back) * moved
    return direction


def _gradient(features: Features, errors: Vector, size: int) -> Vector:
    gradient = np.zeros(size)
    table = gradient[: -SIDES - 1]
    for first, last in _blocks(features.starts):
        begin, end = features.starts[first], features.starts[last]
        lengths = np.diff(features.starts[first : last + 1])
        weights = np.repeat(errors[first:last].astype(np.float32), lengths) * features.values[begin:end]
        table += np.bincount(features.places[begin:end], weights=weights, minlength=len(table))
    gradient[-SIDES - 1 : -1] = np.sum(features.sides * errors[:, None], axis=0)
    gradient[-1] = np.sum(errors)
    return gradient


def _blocks(starts: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    rows = len(starts) - 1
    cuts = np.searchsorted(starts, np.arange(0, starts[-1], _BLOCK)).tolist()
    edges = sorted({0, *cuts, rows})
    return list(itertools.pairwise(edges))
