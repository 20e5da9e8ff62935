"""How fast a site's own model learns, as measured: on made-up comments of a kind that the weights never saw."""

from dataclasses import replace

import pytest

from moderation.learning.adaptation import adaptation, table
from moderation.learning.model import TextModel
from moderation.learning.rows import Row
from moderation.learning.training import train
from tests.unit.learning_data import row


@pytest.fixture(scope="module")
def model() -> TextModel:
    """Return weights that know nothing of the measured source."""
    return TextModel(train(_rows("known", 0, 40)))


def _rows(source: str, first: int, each: int) -> list[Row]:
    numbers = range(first, first + each)
    return [replace(row(number, label), source=source) for number in numbers for label in ("spam", "ham")]


def test_figures_come_for_each_number_of_decisions_that_there_are_rows_for(model: TextModel) -> None:
    rows, unseen = _rows("new", 100, 40), _rows("new", 500, 30)
    found = adaptation(rows, unseen, "new", decisions=(0, 20, 60, 500), draws=2, model=model)
    assert [one.decisions for one in found] == [0, 20, 60]
    before, _, after = found
    assert before.own is None
    assert before.recall == before.shipped
    assert (after.own or 0) > 0.8
    assert after.recall > 0.8
    assert after.ham_spam == 0
    assert found == adaptation(rows, unseen, "new", decisions=(0, 20, 60, 500), draws=2, model=model)


def test_the_measured_source_has_no_part_in_the_weights() -> None:
    new, unseen = _rows("new", 100, 40), _rows("new", 500, 30)
    other = [replace(one, label="spam" if one.label == "ham" else "ham") for one in _rows("known", 0, 40)]
    [found] = adaptation([*new, *other], unseen, "new", decisions=(0,))
    assert found.auc < 0.3


def test_the_table_ends_with_the_mean_of_the_sources(model: TextModel) -> None:
    unseen = _rows("new", 500, 10)
    [found] = adaptation(_rows("new", 100, 10), unseen, "new", decisions=(0,), model=model)
    lines = table([replace(found, recall=0.25), replace(found, source="other", recall=0.75)])
    assert [line.split()[:3] for line in lines[1:]] == [
        ["new", "0", "0.250"],
        ["other", "0", "0.750"],
        ["mean", "0", "0.500"],
    ]
