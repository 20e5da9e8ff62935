"""Links that settle a comment: what they are for is sealed, and survives the key's replacement."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from moderation.action_links import ACTIONS, ActionLink, LinkMaker, make_token, read_token
from moderation.errors import NotFoundError
from moderation.identity import Keyed

KEYED = Keyed("a secret of the tests")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LINK = ActionLink(
    "approve", "cm_01kb2v9w3x8e6m5n4p3q2r1s0t", 2, "ep_01kb2v9w3x8e6m5n4p3q2r1s0v", NOW + timedelta(days=7)
)
TOKEN = make_token(KEYED, LINK)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_token_says_what_it_is_for(action: str) -> None:
    link = replace(LINK, action=action, version=2**31 - 1)
    assert read_token(KEYED, make_token(KEYED, link)) == link


def test_a_link_fits_into_a_chat_and_nothing_in_it_is_markup() -> None:
    links = LinkMaker(KEYED, "https://moderation.example.com").links(LINK.endpoint_id, LINK.comment_id, 12, NOW)
    assert list(links) == ["approve", "reject", "spam"]
    for action, link in links.items():
        assert len(link) < 200
        path = link.removeprefix("https://moderation.example.com/m/")
        assert re.fullmatch(r"[a-z0-9.]+[a-z0-9]", path)
        assert read_token(KEYED, path) == replace(LINK, action=action, version=12)


def test_what_was_made_with_the_secret_that_is_being_replaced_still_works() -> None:
    assert read_token(Keyed("a newer secret", "a secret of the tests"), TOKEN) == LINK
    with pytest.raises(NotFoundError):
        read_token(Keyed("a newer secret"), TOKEN)


@pytest.mark.parametrize("position", range(len(TOKEN)))
def test_a_token_with_one_character_changed_is_none(position: int) -> None:
    for character in "0az.":
        changed = TOKEN[:position] + character + TOKEN[position + 1 :]
        if changed != TOKEN:
            with pytest.raises(NotFoundError):
                read_token(KEYED, changed)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        TOKEN.upper(),
        TOKEN + "0",
        TOKEN + ".",
        TOKEN[:-1],
        TOKEN + "\n",
        TOKEN.replace("2", "٢", 1),
        "a" * 100_000,
        "a" + "9" * 400 + TOKEN[2:],
    ],
)
def test_what_we_never_made_is_no_token(token: str) -> None:
    with pytest.raises(NotFoundError):
        read_token(KEYED, token)
