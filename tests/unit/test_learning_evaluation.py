"""The figures a model is measured by."""

import numpy as np
import pytest

from moderation.learning.evaluation import Figures, figures, threshold_above


def measured(spam: list[float], ham: list[float], thresholds: tuple[float, ...] = ()) -> Figures:
    labels = np.array([True] * len(spam) + [False] * len(ham))
    return figures("s", np.array(spam + ham), labels, thresholds)


@pytest.mark.parametrize(
    ("spam", "ham", "auc"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1, 0.2], [0.9, 0.8], 0.0),
        ([0.5, 0.5], [0.5, 0.5], 0.5),
        ([0.9, 0.3], [0.1, 0.5], 0.75),
        ([], [0.5], None),
        ([0.5], [], None),
    ],
)
def test_auc_is_the_share_of_pairs_in_the_right_order(spam: list[float], ham: list[float], auc: float | None) -> None:
    assert measured(spam, ham).auc == auc


def test_recall_is_taken_where_no_more_ham_than_allowed_is_called_spam() -> None:
    ham = [at / 1000 for at in range(1000)]
    recalls = dict(measured([0.9985, 0.997, 0.9935, 0.5], ham).recalls)
    assert recalls == {0.001: 0.25, 0.005: 0.5, 0.01: 0.75}


@pytest.mark.parametrize(
    ("share", "bound", "above"), [(0.0, 0.99, 0), (0.01, 0.98, 1), (0.1, 0.89, 10), (1.0, 0.0, 99)]
)
def test_a_bound_is_exceeded_by_no_more_than_its_share(share: float, bound: float, above: int) -> None:
    ham = np.arange(100) / 100
    assert threshold_above(ham, share) == bound
    assert int((ham > bound).sum()) == above


def test_shares_above_a_threshold_count_the_threshold_itself() -> None:
    (above,) = measured([0.5, 0.6], [0.4, 0.5, 0.1, 0.2], (0.5,)).above
    assert (above.spam, above.ham) == (1.0, 0.25)


def test_bounds_for_a_policy_are_given() -> None:
    found = measured([at / 100 for at in range(100)], [at / 1000 for at in range(1000)])
    assert dict(found.ham_bounds) == {0.001: 0.998, 0.003: 0.996, 0.01: 0.989}
    assert found.spam_bound == 0.05


def test_the_brier_score_is_the_mean_squared_error() -> None:
    assert measured([1.0, 0.5], [0.0, 0.5]).brier == pytest.approx(0.125)
