"""What became of labelled comments, counted."""

import pytest

from moderation.evaluating.outcomes import Blame, blames, means, tally
from moderation.evaluating.pipeline_report import as_text, as_values
from moderation.evaluating.replay import Outcome
from tests.unit.learning_data import row


def outcome(source: str, label: str, action: str, score: float = 0.0, **points: float) -> Outcome:
    return Outcome(row(1, label, source), action, score, tuple(points.items()), hold_from=3.0, spam_from=6.0)


def some(source: str, label: str, **counts: int) -> list[Outcome]:
    return [outcome(source, label, action) for action, count in counts.items() for _ in range(count)]


MIXED = [
    *some("a", "ham", approve=7, hold=2, spam=1),
    *some("a", "spam", approve=1, hold=1, spam=1, discard=1),
    *some("b", "ham", approve=1, hold=1),
    *some("b", "spam", hold=2),
    *some("c", "ham", approve=1, refused=1),
    *some("c", "toxic", hold=1),
]


def test_shares_are_per_source_and_label() -> None:
    a, b, c, every = tally(MIXED)
    assert [one.source for one in (a, b, c, every)] == ["a", "b", "c", "all"]
    assert (a.rows("ham"), a.share("ham", "approve"), a.share("ham", "hold"), a.called_spam("ham")) == (
        10,
        0.7,
        0.2,
        0.1,
    )
    assert (a.called_spam("spam"), a.share("spam", "discard")) == (0.5, 0.25)
    assert b.share("toxic", "hold") is None
    assert c.counts == {"ham": {"approve": 1, "refused": 1}, "toxic": {"hold": 1}}
    assert every.rows("ham") == 14


def test_means_are_over_the_sources_with_spam_each_counting_the_same() -> None:
    found = means(tally(MIXED))
    assert found
    assert found.sources == 2
    assert found.ham_held == pytest.approx((0.2 + 0.5) / 2)
    assert found.ham_called_spam == pytest.approx(0.05)
    assert found.spam_approved == pytest.approx(0.125)
    assert found.spam_held == pytest.approx((0.25 + 1) / 2)
    assert found.spam_called_spam == pytest.approx(0.25)
    assert means(tally(some("c", "ham", approve=1))) is None


def test_a_signal_is_blamed_where_it_made_the_difference() -> None:
    outcomes = [
        outcome("a", "ham", "hold", 3.2, MODEL=3.0, NEW=0.2),
        outcome("a", "ham", "hold", 5.0, MODEL=2.0, LINKS=3.0),
        outcome("a", "ham", "spam", 7.0, MODEL=4.5, LINKS=3.0, TRUSTED=-0.5),
        outcome("a", "ham", "approve", 2.0, MODEL=2.0),
        outcome("a", "spam", "hold", 3.0, MODEL=3.0),
    ]
    assert blames(outcomes) == [
        # Without MODEL's 2 the second would still be held; without LINKS' 3 it would not.
        Blame("MODEL", 2, 1, 1, 1),
        Blame("LINKS", 1, 1, 1, 1),
        Blame("NEW", 1, 0, 0, 0),
    ]
    assert blames(outcomes, "toxic") == []


def test_the_report_reads_as_one_table_and_the_means() -> None:
    text = as_text(MIXED, "the default policy")
    lines = [line.split() for line in text.splitlines()]
    assert [
        "a",
        "10",
        "0.700",
        "0.200",
        "0.1000",
        "4",
        "0.250",
        "0.250",
        "0.5000",
        "0.250",
        "-",
        "-",
        "-",
        "-",
    ] in lines
    assert "Mean of the 2 sources with spam: spam approved 0.125, held 0.625" in text
    assert "1 refused" in text


def test_programs_get_counts() -> None:
    values = as_values(MIXED)
    assert values["sources"][0]["counts"]["ham"] == {"approve": 7, "hold": 2, "spam": 1}
    assert values["mean_of_sources_with_spam"]["spam_approved"] == 0.125
