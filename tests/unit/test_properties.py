"""What must hold for any text: the same properties that `make fuzz` tries with atheris, here with hypothesis."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.pieces import PIECES
from tests.fuzz.properties import PROPERTIES

# Plain random text hardly ever meets what disguise and markup are made of.
TEXTS = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), max_size=25).map("".join),
    st.text(max_size=200),
)


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda one: one.__name__)
@given(text=TEXTS)
def test_it_holds_for_any_text(holds: Callable[[str], None], text: str) -> None:
    holds(text)
