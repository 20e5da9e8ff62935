"""Intervals, precision, calibration: against values worked out by hand or known from elsewhere."""

from dataclasses import replace

import numpy as np
import pytest

from moderation.evaluating.calibration import Bin, bins, calibration_error
from moderation.evaluating.intervals import auc_interval, recall_interval, share_interval
from moderation.evaluating.leaving_out import accuracy, subsets_as_text
from moderation.evaluating.text_model import Scored, average_precision, by_language, by_source, by_time, mistakes
from moderation.evaluating.text_model_report import as_text, as_values
from moderation.learning.rows import Row
from tests.unit.learning_data import row


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def scored(*pairs: tuple[float, str], **fields: list[str]) -> Scored:
    rows = [row(number, label) for number, (_, label) in enumerate(pairs)]
    rows = [replace(one, **{name: given[at] for name, given in fields.items()}) for at, one in enumerate(rows)]
    return Scored(rows, array(*(p for p, _ in pairs)), np.array([one.is_spam for one in rows]))


@pytest.mark.parametrize(
    # R: prop.test(x, n, correct = FALSE)$conf.int
    ("count", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (2, 281, 0.00195, 0.02560)],
)
def test_a_shares_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    assert share_interval(count, of) == pytest.approx((low, high), abs=2e-4)
    assert share_interval(0, 0) is None


def test_the_interval_of_an_auc_is_delongs() -> None:
    # Placements of spam: 1, 1, .5; of ham: 1, 2/3. Area 5/6; variances 1/12 and 1/18.
    interval = auc_interval(array(0.9, 0.8, 0.4), array(0.1, 0.5))
    half = 1.959964 * (1 / 12 / 3 + 1 / 18 / 2) ** 0.5
    assert interval == pytest.approx((5 / 6 - half, min(1, 5 / 6 + half)))
    assert auc_interval(array(0.9), array(0.1, 0.5)) is None


def test_the_interval_of_a_recall_is_the_same_every_time_and_narrows_with_more_rows() -> None:
    chance = np.random.default_rng(1)
    spam, ham = chance.normal(2, 1, 2000), chance.normal(0, 1, 4000)
    few, many = recall_interval(spam[:50], ham[:100], 0.05), recall_interval(spam, ham, 0.05)
    assert many == recall_interval(spam, ham, 0.05)
    assert few
    assert many
    # 5 % of the ham lies above 1.645, and 64 % of the spam.
    assert many[0] < 0.64 < many[1]
    assert many[1] - many[0] < (few[1] - few[0]) / 2
    assert recall_interval(array(), ham, 0.05) is None


@pytest.mark.parametrize(
    ("spam", "ham", "area"),
    [
        ([0.9, 0.8], [0.1], 1.0),
        ([0.9, 0.2], [0.5], 0.5 * 1 + 0.5 * 2 / 3),
        ([0.1], [0.9, 0.8, 0.7], 0.25),
        ([0.5], [0.5], 0.5),
        ([], [0.5], None),
    ],
)
def test_average_precision_adds_precision_where_recall_rises(
    spam: list[float], ham: list[float], area: float | None
) -> None:
    assert average_precision(array(*spam), array(*ham)) == pytest.approx(area)


def test_calibration_compares_what_was_said_with_what_is() -> None:
    found = bins(array(0.05, 0.05, 0.95, 1.0), np.array([False, True, True, True]))
    assert found == [Bin(0.0, 0.1, 2, 0.05, 0.5), Bin(0.9, 1.0, 2, 0.975, 1.0)]
    assert calibration_error(found) == pytest.approx((0.45 + 0.025) / 2)
    assert calibration_error([]) == 0


def test_rows_are_measured_by_source_language_and_time() -> None:
    some = scored(
        (0.9, "spam"), (0.1, "ham"), (0.8, "spam"), (0.2, "toxic"), (0.3, "ham"),
        source=["b", "b", "a", "a", "a"], lang=["fa", "fa", "en", "en", ""],
        date=["2025-01-02", "2025-01-01T10:00:00", "", "2025-01-03", "2025-01-04"],
    )  # fmt: skip
    sources = {one.figures.source: one for one in by_source(some)}
    assert list(sources) == ["a", "b", "all"]
    assert (sources["a"].figures.spam, sources["a"].figures.ham) == (1, 2)
    assert sources["all"].precision == 1
    assert sources["all"].pr_auc == 1
    assert [one.figures.source for one in by_language(some)] == ["en", "fa", "unknown"]
    times = by_time(some)
    assert [one.figures.source for one in times] == [f"2025-01-0{day} to 2025-01-0{day}" for day in (1, 2, 3, 4)]
    assert [one.figures.spam for one in times] == [0, 1, 0, 0]


def test_the_worst_mistakes_come_first() -> None:
    some = scored((0.9, "spam"), (0.2, "spam"), (0.7, "ham"), (0.1, "ham"), (0.8, "toxic"))
    ham, spam = mistakes(some, 2)
    assert [probability for probability, _ in ham] == [0.8, 0.7]
    assert [probability for probability, _ in spam] == [0.2, 0.9]


def test_the_report_is_short_unless_asked() -> None:
    some = scored((0.9, "spam"), (0.2, "ham"), body=["buy\x1b[2J now", "fine"])
    short = as_text(some)
    assert short.splitlines()[0].split()[:8] == ["source", "spam", "ham", "AUC", "(95", "%)", "r@0.1%", "r@0.5%"]
    assert "By language" not in short
    assert "buy" not in short
    long = as_text(some, has_details=True, most_mistakes=1)
    assert "By language" in long
    assert "Calibration, mean error 0.150" in long
    assert "By time" not in long
    # What a stranger wrote does not steer the terminal.
    assert "buy [2J now" in long


def test_programs_get_mistakes_by_id_alone() -> None:
    values = as_values(scored((0.9, "spam"), (0.2, "ham"), body=["secret", "words"]), 1)
    assert values["mistakes"]["ham"] == [{"id": "made_up-ham-1", "probability": 0.2}]
    assert "words" not in str(values)
    assert values["figures"][-1]["auc"] == 1


def test_accuracy_counts_from_a_half() -> None:
    found = accuracy("psy", scored((0.9, "spam"), (0.4, "spam"), (0.5, "ham"), (0.1, "ham"), (0.0, "toxic")))
    assert found.accuracy == 0.6
    assert found.f1 == pytest.approx(0.5)
    assert "mean" in subsets_as_text([found, replace(found, subset="lmfao", accuracy=0.8)])
    assert subsets_as_text([found, replace(found, accuracy=0.8)]).splitlines()[-1].split()[1] == "0.700"


def test_a_row_knows_what_the_file_does_not_say() -> None:
    assert Row("1", "s", "en", "", "", "b", "ham", "c").subset == ""
