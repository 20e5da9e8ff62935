"""The batch that was read last: given again to whoever asks next, and never to one who asks for something else."""

import numpy as np

from moderation.learning import features
from moderation.learning.last_batch import LastBatch
from moderation.text import find_links, fold


def test_the_same_batch_is_made_once_and_another_one_anew() -> None:
    last = LastBatch()
    made: list[str] = []

    def ask(*texts: str) -> str:
        def make() -> str:
            made.append("+".join(texts))
            return made[-1]

        return last.made_of(texts, make)

    assert [ask("a", "b"), ask("a", "b"), ask("b", "a"), ask("a"), ask("a", "b")] == ["a+b", "a+b", "b+a", "a", "a+b"]
    assert made == ["a+b", "b+a", "a", "a+b"]


def test_a_large_batch_is_not_kept() -> None:
    last = LastBatch()
    large = ["x" * 60_000, "y" * 60_000]
    assert [last.made_of(large, lambda: number) for number in range(3)] == [0, 1, 2]  # noqa: B023 - called at once


def test_who_asks_second_for_features_gets_the_same() -> None:
    texts = ["Well said.", "Cheap watches at evil dot com", ""]
    first = features.extract(texts)
    features.extract(["Another one"])
    again = features.extract(list(texts))
    assert np.array_equal(first.places, again.places)
    assert np.array_equal(first.sides, again.sides)
    [one], [other] = list(features.read(texts)), list(features.read(list(texts)))
    assert one is other


def test_what_was_read_ahead_is_what_would_have_been_read() -> None:
    texts = ["Well said.", "Cheap watches at evil dot com", "", "w4tches \u200bfor <b>you</b> http://a.example"]
    [plain] = list(features.read(texts))
    features.extract(["Another one"])
    features.read_ahead(texts, [fold(text) for text in texts], [find_links(text) for text in texts])
    [ahead] = list(features.read(texts))
    assert ahead is not plain
    assert (ahead.folded, ahead.matched) == (plain.folded, plain.matched)
    for name in ("places", "values", "starts", "sides"):
        assert np.array_equal(getattr(ahead.features, name), getattr(plain.features, name))


def test_what_is_too_large_to_be_kept_is_not_read_ahead() -> None:
    large = ["xy" * 60_000]
    features.read_ahead(large, [], [])
    [reading] = list(features.read(large))
    assert len(reading.matched[0]) == features.LONGEST_READ
