"""What Flower is shown of a message: a few ids, however many there are."""

import pytest

from moderation.tasks import shown


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([], "([])"),
        (["cm_1"], "([cm_1])"),
        (["cm_1", "cm_2", "cm_3"], "([cm_1, cm_2, cm_3])"),
        ([f"cm_{number}" for number in range(200)], "([cm_0, cm_1, cm_2, … 200 in all])"),
    ],
)
def test_a_few_ids_are_shown(ids: list[str], text: str) -> None:
    assert shown(ids)["argsrepr"] == text
