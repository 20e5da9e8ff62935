"""The whole way of a comment, replayed over labelled rows."""

from collections import Counter

from moderation.evaluating.replay import replay
from moderation.filters import BUILT_IN
from moderation.learning.rows import Row
from moderation.policy import Policy, Thresholds, read_policy
from tests.steps.judges import WordModel

LINE = "buy the finest watches at half the price, only today and only here"


def row(number: int, body: str, source: str = "blog", label: str = "ham", **fields: str) -> Row:
    return Row(id=f"{source}-{number}", source=source, lang="en", url="", cluster="", body=body, label=label,
               **({"author": ""} | fields))  # fmt: skip


def nothing(_step: str, _done: int, _of: int) -> None:
    """Tell nobody."""


def test_every_row_has_an_outcome_with_its_signals() -> None:
    rows = [row(0, "well said"), row(1, "this is spam", label="spam"), row(2, "  "), row(0, "indeed", "other")]
    outcomes = {one.row.id: one for one in replay(rows, BUILT_IN, WordModel(), tell=nothing)}
    assert {id_: one.action for id_, one in outcomes.items()} == {
        "blog-0": "approve",
        "blog-1": "hold",
        "blog-2": "refused",
        "other-0": "approve",
    }
    assert outcomes["blog-1"].score >= outcomes["blog-1"].hold_from == Thresholds().hold
    assert "MODEL_SPAM" in dict(outcomes["blog-1"].points)


def test_a_given_policy_decides() -> None:
    strict = read_policy({"thresholds": {"hold": 0.1, "spam": 6, "discard": 12}})
    (one,) = replay([row(0, "well said")], BUILT_IN, WordModel(), strict, tell=nothing)
    assert (one.action, one.hold_from) == ("hold", 0.1)
    (one,) = replay([row(0, "well said")], BUILT_IN, WordModel(), Policy(), tell=nothing)
    assert one.action == "approve"


def test_time_passes_as_the_rows_say() -> None:
    def signals(*dates: str) -> Counter[str]:
        rows = [row(number, LINE, author=f"reader {number}", date=date) for number, date in enumerate(dates)]
        return Counter(name for one in replay(rows, BUILT_IN, WordModel(), tell=nothing) for name, _ in one.points)

    assert signals("2025-01-01T10:00", "2025-01-01T11:00", "2025-01-01T12:00")["REPEATED"] == 2
    assert signals("2025-01-01", "2025-02-01", "2025-03-01")["REPEATED"] == 0


def test_an_author_is_known_from_the_second_comment_and_sites_know_nothing_of_each_other() -> None:
    rows = [row(number, f"comment number {number}", author="Ann") for number in range(2)]
    rows.append(row(0, "comment elsewhere", "other", author="Ann"))
    is_new = {one.row.id: "AUTHOR_NEW" in dict(one.points) for one in replay(rows, BUILT_IN, WordModel(), tell=nothing)}
    assert is_new == {"blog-0": True, "blog-1": False, "other-0": True}


def test_a_burst_of_one_author_is_a_flood_and_undated_rows_are_none() -> None:
    burst = [row(at, f"number {at}", author="Ann", date=f"2025-01-01T00:00:{at:02}") for at in range(12)]
    undated = [row(at, f"number {at}", "other", author="Ann") for at in range(12)]
    outcomes = replay(burst + undated, BUILT_IN, WordModel(), tell=nothing)
    flooded = {one.row.source for one in outcomes if "FLOOD" in dict(one.points)}
    assert flooded == {"blog"}


def test_the_same_rows_give_the_same_outcomes() -> None:
    rows = [row(at, LINE + " " + "again " * (at % 3), author=f"reader {at % 4}", date="2025-01-01") for at in range(30)]
    assert replay(rows, BUILT_IN, WordModel(), tell=nothing) == replay(rows, BUILT_IN, WordModel(), tell=nothing)
