"""Messages to people: each vendor's limits and markup, and what they say."""

import html
import json
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.formats.apprise import apprise
from moderation.formats.card import build, safe_url
from moderation.formats.discord import discord
from moderation.formats.email import email as write_email
from moderation.formats.mattermost import mattermost
from moderation.formats.message import Message
from moderation.formats.ntfy import ntfy
from moderation.formats.plain import units
from moderation.formats.slack import slack
from moderation.formats.teams import teams
from moderation.formats.telegram import telegram
from tests.fuzz.pieces import PIECES
from tests.hostile import hostile
from tests.unit.format_samples import ACTIONS, event, everything, held, held_persian, quote, remark, signal, target

FORMATS: dict[str, Callable[..., Message]] = {
    "slack": slack,
    "discord": discord,
    "mattermost": mattermost,
    "teams": teams,
    "telegram": telegram,
    "ntfy": ntfy,
    "email": write_email,
    "apprise": apprise,
}
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40).map("".join)


def written(kind: str, document: dict[str, Any], language: Any = None) -> Any:
    """Return what is posted: parsed JSON, or a parsed mail."""
    message = FORMATS[kind](document, target(kind, language))
    if kind == "email":
        return message_from_bytes(message.body, policy=SMTP)
    assert message.headers == {"content-type": "application/json"}
    return json.loads(message.body)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def parts(mail: EmailMessage) -> tuple[str, str]:
    plain, formatted = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert formatted is not None
    return str(plain.get_content()), str(formatted.get_content())


def text_of(kind: str, document: dict[str, Any], language: Any = None) -> str:
    posted = written(kind, document, language)
    shown = "\n".join(parts(posted)) if kind == "email" else "\n".join(strings(posted))
    return html.unescape(shown.replace("\\", "")) if kind in ("telegram", "email", "slack") else shown.replace("\\", "")


def check_slack(posted: Any) -> None:
    """docs.slack.dev/reference/block-kit; 13,200 characters in all is what the service takes."""
    assert len(posted["blocks"]) <= 50
    assert not posted["unfurl_links"]
    assert not posted["mrkdwn"]
    assert not re.search("[<>]|&(?!amp;|lt;|gt;)", posted["text"])
    header, body = posted["blocks"]
    assert header["type"] == "header"
    assert header["text"]["type"] == "plain_text"
    assert 0 < units(header["text"]["text"]) <= 150
    assert body["type"] == "rich_text"
    shapes = {"rich_text_section", "rich_text_quote", "rich_text_list"}
    for part in body["elements"]:
        assert part["type"] in shapes
        assert part["elements"]
        for element in part["elements"]:
            inner = element["elements"] if part["type"] == "rich_text_list" else [element]
            # Nothing is read as a user, a channel, a broadcast or an emoji.
            assert all(one["type"] in ("text", "link") and one["text"] for one in inner)
            assert all(one["url"].startswith("http") and len(one["url"]) <= 3_000 for one in inner if "url" in one)
    assert sum(units(one) for one in strings(posted)) <= 13_200


def check_discord(posted: Any) -> None:
    """discord.com/developers/docs/resources/message, embed limits; nobody is pinged."""
    assert posted["allowed_mentions"] == {"parse": []}
    assert units(posted.get("content", "")) <= 2_000
    (embed,) = posted["embeds"]
    assert 0 < units(embed["title"]) <= 256
    assert units(embed["description"]) <= 4_096
    assert len(embed["fields"]) <= 25
    assert all(0 < units(one["name"]) <= 256 and 0 < units(one["value"]) <= 1_024 for one in embed["fields"])
    named = [embed["title"], embed["description"], *(text for one in embed["fields"] for text in strings(one))]
    assert sum(map(units, named)) <= 6_000
    assert 0 <= embed["color"] <= 0xFFFFFF
    for text in named[1:]:
        check_markdown(text)


def check_mattermost(posted: Any) -> None:
    (attachment,) = posted["attachments"]
    assert set(attachment) <= {"fallback", "color", "title", "title_link", "text", "fields"}
    assert units(attachment["text"]) <= 4_000
    assert sum(map(units, strings(posted))) <= 16_383
    for text in (attachment["text"], *(one["value"] for one in attachment["fields"])):
        check_markdown(text)


OURS = re.compile(r"\[(?:Approve|Reject|Spam|Open the queue|تأیید|رد|هرزنامه|دیدن صف)\]\(https?://[^\s()\\]+\)")


def check_markdown(text: str) -> None:
    """Without our own links nothing is left that Markdown reads: each sign of it has its backslash."""
    for line in OURS.sub("", text).split("\n"):
        bare = re.sub(r"\\[\\`*_~|\[\]()<>!$]", "", line.removeprefix("> "))
        assert not re.search(r"[\\`*_~|\[\]]", bare), line
        # A stranger's line starts with a sign of ours, so that it starts no heading, list or quote.
        assert not re.match(r"\s*(#|>|\d+[.)]|[-+=] ?$)", bare), line


def check_teams(posted: Any) -> None:
    """adaptivecards.io/schemas/adaptive-card.json of 1.5, as far as it is used; 28 kB."""
    assert len(json.dumps(posted, ensure_ascii=False).encode()) <= 28_000
    (attachment,) = posted["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert set(card) <= {"$schema", "type", "version", "lang", "rtl", "fallbackText", "body", "actions"}
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.5")
    assert isinstance(card["rtl"], bool)
    blocks = [one for element in card["body"] for one in element.get("items", [element])]
    sets = [one for one in blocks if one["type"] == "ActionSet"]
    for block in (one for one in blocks if one not in sets):
        # No TextBlock and no FactSet: those read Markdown.
        assert block["type"] == "RichTextBlock"
        assert block["spacing"] in ("Default", "None", "Small")
        assert set(block) <= {"type", "inlines", "spacing"}
        for run in block["inlines"]:
            assert run["type"] == "TextRun"
            assert isinstance(run["text"], str)
            assert set(run) <= {"type", "text", "size", "weight", "color"}
    assert all(set(one) == {"type", "spacing", "actions"} and len(one["actions"]) <= 6 for one in sets)
    for action in (*card["actions"], *(action for one in sets for action in one["actions"])):
        assert action["type"] == "Action.OpenUrl"
        assert set(action) <= {"type", "title", "url", "style"}
        assert action["style"] in ("default", "positive", "destructive")
    assert len(card["actions"]) <= 6


def check_telegram(posted: Any) -> None:
    """core.telegram.org/bots/api#sendmessage: 4,096 characters after entities are parsed; every tag is one of ours."""
    assert posted["chat_id"] == "-1001234567890"
    assert posted["link_preview_options"] == {"is_disabled": True}
    text = posted["text"]
    tags = re.findall("<[^>]*>", text)
    known = {"<b>", "</b>", "<blockquote>", "<blockquote expandable>", "</blockquote>", "</a>"}
    assert all(one in known or re.fullmatch(r'<a href="https?://[^"<>\s]+">', one) for one in tags)
    bare = re.sub("<[^>]*>", "", text)
    assert not re.search("[<>]|&(?!amp;|lt;|gt;|quot;|#x27;)", bare)
    assert 0 < units(html.unescape(bare)) <= 4_096
    for row in posted.get("reply_markup", {}).get("inline_keyboard", []):
        assert all(one["text"] and one["url"].startswith("http") for one in row)


def check_ntfy(posted: Any) -> None:
    """docs.ntfy.sh/publish: a message of 4,096 bytes, three actions; the server reads twice as much JSON."""
    assert posted["topic"] == "moderators-8d2f"
    assert 0 < len(posted["message"].encode()) <= 4_096
    assert 0 < units(posted["title"]) <= 250
    assert len(json.dumps(posted, ensure_ascii=False).encode()) <= 2 * 4_096
    assert "markdown" not in posted
    assert posted["priority"] in range(1, 6)
    assert len(posted.get("actions", [])) <= 3
    # Nothing acts from the phone: the page asks.
    assert all(one["action"] == "view" for one in posted.get("actions", []))


def check_email(mail: EmailMessage) -> None:
    assert not mail.defects
    assert mail["List-Id"] == "<st_01m82n3sff53tbts2x2cdq816m.comments.localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe-Post" not in mail
    assert "List-Unsubscribe" not in mail
    assert mail.get_content_type() == "multipart/alternative"
    assert "\n" not in mail["Subject"]
    raw = mail.as_bytes()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    raw.decode("ascii")
    formatted = parts(mail)[1]
    # No script, picture, form or style of others; links are those of the buttons and the post.
    assert set(re.findall(r"<([a-z0-9]+)", formatted)) <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "body",
            "div",
            "h1",
            "p",
            "table",
            "tr",
            "td",
            "bdi",
            "a",
            "ul",
            "li",
            "span",
        ),
        "blockquote",
    }
    assert all(one.startswith(("https://comments.", "https://news.")) for one in re.findall('href="([^"]*)', formatted))


def check_apprise(posted: Any) -> None:
    """Plain text; how much a service takes apprise knows."""
    assert set(posted) == {"title", "body", "type"}
    assert 0 < units(posted["title"]) <= 250
    assert posted["type"] in ("info", "success", "warning", "failure")


CHECKS: dict[str, Callable[[Any], None]] = {
    "slack": check_slack,
    "discord": check_discord,
    "mattermost": check_mattermost,
    "teams": check_teams,
    "telegram": check_telegram,
    "ntfy": check_ntfy,
    "email": check_email,
    "apprise": check_apprise,
}
EACH = pytest.mark.parametrize("kind", FORMATS)


@EACH
@pytest.mark.parametrize("name", everything())
def test_every_event_is_told_within_the_vendors_limits(kind: str, name: str) -> None:
    for language in (None, "en", "fa"):
        CHECKS[kind](written(kind, everything()[name], language))


@EACH
def test_a_held_comment_is_told_with_who_where_what_and_why(kind: str) -> None:
    text = text_of(kind, held())
    for piece in ("A comment is waiting", "Dora", "Rents rise again", "Make money fast!", "Many links", "4.7"):
        assert piece in text, piece
    assert "first comment on this site" not in text
    for url in ACTIONS.values():
        assert url in text
    assert "private.example" not in text


@EACH
def test_a_list_of_held_comments_has_the_links_of_each(kind: str) -> None:
    held_one = held()["data"]["comment"]
    top = [
        held_one | {"name": f"Reader {n}", "actions": {name: f"{url[:-1]}{n}" for name, url in ACTIONS.items()}}
        for n in range(5)
    ]
    digest = event("queue.digest", waiting=9, oldest_at=None, reasons=[], top=top, queue_url=None)
    CHECKS[kind](written(kind, digest))
    text = text_of(kind, digest)
    for one in top:
        assert one["name"] in text
        for url in one["actions"].values():
            assert url in text


@EACH
def test_links_that_do_not_fit_are_left_out_whole(kind: str) -> None:
    top = []
    for n in range(5):
        actions = {name: f"https://comments.example.com/{n}{'x' * 350}/{name}/end" for name in ACTIONS}
        top.append(held(name="\U0001f600" * 90, body="نه " * 200)["data"]["comment"] | {"actions": actions})
    digest = event("queue.digest", waiting=9, oldest_at=None, reasons=[], top=top, queue_url=None)
    posted = written(kind, digest)
    CHECKS[kind](posted)
    text = text_of(kind, digest)
    begun = re.findall("https://comments.example.com/[0-9]x+[^ \n]*", text)
    # The formats of more room hold all of them; a row of them is whole.
    assert len(begun) % len(ACTIONS) == 0
    assert all(re.search("/(approve|reject|spam)/end", one) for one in begun)


@EACH
def test_persian_is_spoken_of_a_persian_comment_and_to_those_who_want_it(kind: str) -> None:
    assert "یک دیدگاه منتظر بررسی است" in text_of(kind, held_persian())
    assert "۴٫۷" in text_of(kind, held(), "fa")
    assert "A comment is waiting" in text_of(kind, held_persian(), "en")


def test_persian_runs_from_right_to_left_where_that_can_be_said() -> None:
    assert written("teams", held_persian())["attachments"][0]["content"]["rtl"]
    formatted = parts(written("email", held_persian()))[1]
    assert '<html lang="fa" dir="rtl">' in formatted
    assert "text-align:right" in formatted
    for kind in ("slack", "discord", "mattermost", "telegram", "ntfy"):
        assert "\u200f\u2068این مطلب درست نیست" in text_of(kind, held_persian())


@EACH
def test_nothing_of_strangers_is_a_link_or_calls_anyone(kind: str) -> None:
    shown = "\n".join(strings(written(kind, held()))) if kind != "email" else "\n".join(parts(written(kind, held())))
    assert "evil.com" not in shown
    assert "@rich_dora" not in shown


@EACH
@given(texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS), body=TEXTS, times=st.integers(1, 300))
@settings(max_examples=25)
def test_no_text_breaks_a_message_or_does_anything_in_it(
    kind: str, texts: tuple[str, str, str, str, str], body: str, times: int
) -> None:
    name, title, website, evidence, url = (one.replace("\x00", "") for one in texts)
    document = held(name=name * 5, body=(body * times)[:20_000], website=website, language=None)
    document["data"]["comment"]["post"] = {"id": title, "url": "https://news.example.com/" + url, "title": title * 9}
    document["data"]["verdict"]["signals"] = [
        *(signal(f"{name}{number}", 5.0 - number, quote(evidence * 40), remark(evidence)) for number in range(4)),
    ]
    CHECKS[kind](written(kind, document))
    document["data"]["decision"] = {"by": name * 9, "reason": evidence * 50}
    CHECKS[kind](written(kind, document, "fa"))
    notice = event("site.new", **{f"{title}{number}": evidence * 30 for number in range(9)})
    CHECKS[kind](written(kind, notice))


@EACH
def test_no_hostile_text_breaks_a_message(kind: str) -> None:
    for text in hostile(3_000).values():
        CHECKS[kind](written(kind, held(name=text[:100], body=text, website=text[:2_000])))


def test_what_is_said_of_an_author_in_confidence_stays_out() -> None:
    document = held()
    document["data"]["verdict"]["signals"] = [
        signal("WORDS_HOLD", 3.0, quote("@private.example", "email")),
        signal("WORDS_SPAM", 2.0, quote("203.0.113.9", "ip")),
        signal("RULE_BLOCK", 0.0, remark("dora@private.example")),
        signal("EMAIL_DISPOSABLE", 1.0, quote("mailinator.test", "email")),
    ]
    why = build(document).why
    assert [one.quotes for one in why] == [(), (), (), ("mailinator.test",)]
    assert not any(one.remark for one in why)


def test_a_number_in_a_remark_is_shown_and_a_filters_name_in_any_language() -> None:
    document = held()
    document["data"]["verdict"]["signals"] = [
        signal("REPEATED", 3.0, remark("5 times in 24 hours")),
        signal("FILTER_FAILED", 0.0, remark("mine: ValueError")),
        signal("LAWYERS", 1.0, remark("names a lawyer")),
    ]
    assert [one.remark for one in build(document).why] == ["mine: ValueError", "5 times in 24 hours", "names a lawyer"]
    assert [one.remark for one in build(document, "fa").why] == ["mine: ValueError", "", "names a lawyer"]


def test_two_words_of_one_model_are_one_reason() -> None:
    document = held()
    document["data"]["verdict"]["signals"] = [signal("MODEL_UNTAUGHT", 3.0), signal("MODEL_SPAM", 1.5)]
    assert [one.words for one in build(document).why] == ["Reads like spam"]


def test_why_is_told_where_the_machine_decided_and_who_where_a_person_did() -> None:
    documents = everything()
    assert build(documents["spam"]).why
    assert not build(documents["approved"]).why
    decided = build(documents["rejected"])
    assert not decided.why
    assert ("Decided by", "Zahra") in [(one.label, one.value) for one in decided.facts]


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://news.example.com/8344", "https://news.example.com/8344"),
        ("https://news.example.com/اجاره", "https://news.example.com/%D8%A7%D8%AC%D8%A7%D8%B1%D9%87"),
        ("https://خبر.ایران/1", "https://xn--ngblk.xn--mgba3a4f16a/1"),
        ("https://x.example/a(b)[c]|d>e\"f'g`h", "https://x.example/a%28b%29%5Bc%5D%7Cd%3Ee%22f%27g%60h"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("javascript:alert(1)", None),
        ("https://user@x.example/", None),
        ("//x.example/", None),
        ("https://x.example:nine/", None),
        ("https://x.example/" + "a" * 1_000, None),
        ("https://" + "a" * 70 + ".example/", None),
        ("", None),
        (None, None),
    ],
)
def test_a_link_is_plain_and_whole_or_none(url: str | None, safe: str | None) -> None:
    assert safe_url(url) == safe


def test_what_chats_take_from_the_url_is_not_sent_twice() -> None:
    message = telegram(held(), target("telegram"))
    assert message.url == "https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage"
    assert ntfy(held(), target("ntfy")).url == "https://ntfy.example.com/?auth=QmVhcmVy"
    assert (
        discord(held(), target("discord")).url == "https://discord.com/api/webhooks/123/abc-DEF?thread_id=7&wait=true"
    )


def test_telegram_gets_no_button_that_it_would_refuse() -> None:
    document = held()
    document["data"]["actions"] = {name: f"http://127.0.0.1:8000/m/{name}" for name in ACTIONS}
    posted = written("telegram", document)
    assert [one["text"] for one in posted["reply_markup"]["inline_keyboard"][0]] == ["Open the post"]
    assert '<a href="http://127.0.0.1:8000/m/approve">Approve</a>' in posted["text"]


def test_a_mail_is_the_same_each_time_and_dated_by_its_event() -> None:
    first, second = (write_email(held(), target("email")).body for _ in range(2))
    strip = re.compile(rb"={15}\d+==")
    assert strip.sub(b"", first) == strip.sub(b"", second)
    assert written("email", held())["Date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
