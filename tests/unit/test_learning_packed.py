"""Tables summed up side by side, against summing each up by itself."""

import itertools

import numpy as np
import pytest

from moderation.learning.packed import PackedTables

ENTRIES = 300


@pytest.mark.parametrize("tables", [1, 8, 10, 17])
def test_sums_are_those_of_each_table_by_itself(tables: int) -> None:
    chance = np.random.default_rng(tables)
    weights = chance.integers(-128, 128, (ENTRIES, tables)).astype(np.int8)
    packed = PackedTables(weights)
    # Nothing, little, as much as fits into sixteen bits, one more, and much more.
    sizes = [0, 3, 0, 257, 258, 1, 2_000, 0]
    edges = np.cumsum([0, *sizes])
    places = chance.integers(0, ENTRIES, edges[-1]).astype(np.int32)
    expected = [weights[places[a:b]].sum(axis=0, dtype=np.int64) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(packed.sums(places, edges), expected)
    np.testing.assert_array_equal(packed.tables[:, :tables], weights)


@pytest.mark.parametrize(
    "edges", [[0, 5], [0, 3, 5], [0, 5, 5], [0, 0, 5], [0, 2, 2, 2, 5, 5], [0, 1_000], [0, 400, 1_001]]
)
def test_a_text_alone_is_summed_up_likewise(edges: list[int]) -> None:
    chance = np.random.default_rng(len(edges))
    weights = chance.integers(-128, 128, (ENTRIES, 10)).astype(np.int8)
    places = chance.integers(0, ENTRIES, edges[-1]).astype(np.int32)
    expected = [weights[places[a:b]].sum(axis=0, dtype=np.int64) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(PackedTables(weights).sums(places, np.array(edges)), expected)


@pytest.mark.parametrize("weight", [-128, 127])
def test_the_largest_weights_do_not_spill_over(weight: int) -> None:
    packed = PackedTables(np.full((ENTRIES, 10), weight, dtype=np.int8))
    edges = np.array([0, 257, 40_000])
    sums = packed.sums(np.zeros(40_000, dtype=np.int32), edges)
    np.testing.assert_array_equal(sums, weight * np.diff(edges)[:, None] * np.ones(10))


@pytest.mark.parametrize("edges", [[0], [0, 0, 0]])
def test_nothing_sums_up_to_nothing(edges: list[int]) -> None:
    packed = PackedTables(np.ones((ENTRIES, 10), dtype=np.int8))
    assert packed.sums(np.zeros(0, dtype=np.int32), np.array(edges)).tolist() == [[0] * 10] * (len(edges) - 1)
