"""Word lists of other systems: taken over as they are, once."""

import json
from pathlib import Path

import pytest

from moderation.db import Database
from moderation.errors import ModerationError
from moderation.policy import MAX_WORDS, Policy
from moderation.screening import screen
from moderation.sites import NewSite, policies_of, set_policy
from moderation.tables import VerdictRow
from moderation.word_import import Imported, import_words
from tests.commands import run_command
from tests.conftest import SECRET, StoppedClock
from tests.steps.conftest import Post
from tests.steps.judges import judge_with

# Of the kinds of line that lists for WordPress have.
LINES = [
    "casino",
    "",
    "  -online  ",
    "203.0.113.",
    "@spam.example",
    "buy now",
    "casino",
    "قرعه‌کشی",
    "***",
    "x" * 300,
    "\0",
    "cheap.example/",
]


def _policy(database: Database, site: NewSite) -> Policy:
    with database.read() as session:
        return policies_of(session, [site.id])[site.id]


def _import(database: Database, site: NewSite, clock: StoppedClock, lines: list[str], **how: bool) -> Imported:
    with database.write() as session:
        return import_words(session, site.id, lines, "words_hold", clock(), **how)


def test_lines_are_added_once_and_what_matches_nothing_is_counted(
    database: Database, site: NewSite, clock: StoppedClock
) -> None:
    with database.write() as session:
        set_policy(session, site.id, Policy(words_hold=("mine",), words_spam=("theirs",)), clock())
    assert _import(database, site, clock, LINES) == Imported(version=2, added=7, known=1, unusable=3)
    policy = _policy(database, site)
    assert policy.words_hold == (
        "mine",
        "casino",
        "-online",
        "203.0.113.",
        "@spam.example",
        "buy now",
        "قرعه‌کشی",
        "cheap.example/",
    )
    assert policy.words_spam == ("theirs",)
    # Again: nothing new, no new version.
    assert _import(database, site, clock, LINES) == Imported(version=2, added=0, known=8, unusable=3)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"body": "The best CASINO in town"}, "body"),
        ({"body": "read more at pills-online.example"}, "body"),
        ({"ip": "203.0.113.9"}, "ip"),
        ({"email": "someone@spam.example.com"}, "email"),
        ({"website": "https://cheap.example/x"}, "website"),
        ({"body": "قرعه كشي امروز"}, "body"),
        ({"body": "The best casinos", "ip": "203.0.114.9"}, None),
    ],
)
def test_a_list_for_wordpress_holds_what_it_names(
    database: Database, site: NewSite, clock: StoppedClock, post: Post, fields: dict[str, str], field: str | None
) -> None:
    _import(database, site, clock, LINES)
    comment_id = post(**fields)
    screen(database, judge_with(), [comment_id], clock)
    with database.read() as session:
        signals = session.get_one(VerdictRow, comment_id).signals
    assert [one["evidence"][0]["field"] for one in signals if one["name"] == "WORDS_HOLD"] == ([field] if field else [])


def test_words_may_be_found_within_others(database: Database, site: NewSite, clock: StoppedClock) -> None:
    _import(database, site, clock, ["casino", "*bet"], is_within_words=True)
    assert _policy(database, site).words_hold == ("*casino*", "*bet*")


def test_a_list_that_is_too_long_changes_nothing(database: Database, site: NewSite, clock: StoppedClock) -> None:
    with pytest.raises(ModerationError, match="100,001 entries"):
        _import(database, site, clock, [f"word{number}" for number in range(MAX_WORDS + 1)])
    assert _policy(database, site).version == 0


def test_the_command_takes_a_file_as_windows_writes_it(
    database: Database, database_url: str, site: NewSite, tmp_path: Path
) -> None:
    listed = tmp_path / "keys.txt"
    listed.write_bytes("\ufeffcasino\r\nقمار\r\n".encode())
    settings = {"MODERATION_DATABASE_URL": database_url, "MODERATION_SECRET_KEY": SECRET}

    def run(*arguments: str) -> object:
        done = run_command("policy", *arguments, "--site", "News", settings=settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    told = {"site": site.id, "version": 1, "added": 2, "known": 0, "unusable": 0}
    assert run("import-words", str(listed), "--list", "spam", "--json") == told
    assert run("show") == _policy(database, site).document() | {"site": site.id, "version": 1}
    assert _policy(database, site).words_spam == ("casino", "قمار")
