"""What services answer, what it means for a delivery, and which URLs fit a format."""

from datetime import UTC, datetime, timedelta

import pytest

from moderation.formats.answers import read
from moderation.formats.targets import addresses, is_fit, shown
from tests.unit.format_samples import URLS

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "status", "body", "result"),
    [
        ("standard", 200, b"anything", "delivered"),
        ("standard", 404, b"", "retry"),
        ("mattermost", 404, b"", "retry"),
        ("teams", 404, b"", "gone"),
        ("teams", 401, b"", "retry"),
        ("standard", 400, b"", "retry"),
        ("standard", 410, b"", "gone"),
        ("slack", 200, b"ok", "delivered"),
        ("slack", 200, b"<html>log in</html>", "retry"),
        ("slack", 400, b"invalid_blocks", "dead"),
        ("slack", 404, b"no_service", "gone"),
        ("slack", 410, b"channel_is_archived", "gone"),
        ("slack", 500, b"rollup_error", "retry"),
        ("discord", 200, b'{"id": "1"}', "delivered"),
        ("discord", 204, b"", "delivered"),
        ("discord", 400, b'{"embeds": ["0"]}', "dead"),
        ("discord", 404, b'{"message": "Unknown Webhook", "code": 10015}', "gone"),
        ("mattermost", 200, b"ok", "delivered"),
        ("mattermost", 400, b'{"id": "web.incoming_webhook.parse.app_error"}', "dead"),
        ("teams", 202, b"", "delivered"),
        ("teams", 200, b"1", "delivered"),
        ("teams", 200, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned 429", "retry"),
        ("telegram", 200, b'{"ok": true, "result": {}}', "delivered"),
        ("telegram", 200, b'{"ok": false, "description": "x"}', "retry"),
        ("telegram", 200, b"<html>", "retry"),
        ("telegram", 200, b"[" * 100_000, "retry"),
        ("telegram", 403, b'{"ok": false, "error_code": 403}', "gone"),
        ("telegram", 502, b"", "retry"),
        ("ntfy", 200, b'{"id": "x"}', "delivered"),
        ("ntfy", 403, b"", "retry"),
        ("ntfy", 413, b"", "dead"),
        ("ntfy", 308, b"", "retry"),
    ],
)
def test_an_answer_says_what_becomes_of_a_delivery(kind: str, status: int, body: bytes, result: str) -> None:
    assert read(kind, status, {}, body, NOW).result == result


@pytest.mark.parametrize(
    ("kind", "headers", "body", "seconds"),
    [
        ("slack", {"retry-after": "30"}, b"", 30),
        ("discord", {}, b'{"retry_after": 0.5, "global": false}', 0.5),
        ("discord", {"retry-after": "3"}, b'{"retry_after": 2.7}', 3),
        ("telegram", {}, b'{"ok": false, "parameters": {"retry_after": 7}}', 7),
        ("telegram", {}, b'{"ok": false, "parameters": {"retry_after": 1e300}}', 86_400),
        ("ntfy", {}, b'{"code": 42901}', None),
        ("telegram", {}, b'{"parameters": {"retry_after": -1}}', None),
        ("telegram", {}, b'{"parameters": {"retry_after": NaN}}', None),
        ("telegram", {}, b'{"parameters": {"retry_after": true}}', None),
        ("telegram", {}, b'{"parameters": "soon"}', None),
        ("telegram", {}, b"not JSON", None),
        ("standard", {}, b'{"retry_after": 7}', None),
    ],
)
def test_patience_is_read_wherever_a_service_asks_for_it(
    kind: str, headers: dict[str, str], body: bytes, seconds: float | None
) -> None:
    outcome = read(kind, 429, headers, body, NOW)
    assert outcome.result == "retry"
    assert outcome.not_before == (NOW + timedelta(seconds=seconds) if seconds is not None else None)


@pytest.mark.parametrize("kind", URLS)
def test_the_url_that_the_docs_show_fits(kind: str) -> None:
    assert is_fit(kind, URLS[kind])


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("standard", "mailto:desk@news.example.com"),
        ("slack", "mailto:desk@news.example.com"),
        ("slack", "https://hooks.slack.com/…"),
        ("discord", "https://discord.com/api/webhooks/1/x#fragment"),
        ("telegram", "https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage"),
        ("telegram", "https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage?chat_id=a%20b"),
        ("telegram", "https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage?chat_id=1&chat_id=2"),
        ("telegram", "https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage?chat_id=1&text=x"),
        ("telegram", "https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/getUpdates?chat_id=1"),
        ("ntfy", "https://ntfy.sh/"),
        ("ntfy", "https://ntfy.sh/a topic"),
        ("standard", "apprise:"),
        ("slack", "apprise:"),
        ("apprise", "https://news.example.com/"),
        ("apprise", "json://127.0.0.1/"),
        ("apprise", "apprise:json://127.0.0.1/"),
        ("email", "https://news.example.com/"),
        ("email", "mailto:"),
        ("email", "mailto:not an address"),
        ("email", "mailto:a@news.example.com?bcc=b@news.example.com"),
        ("email", "mailto:a@news.example.com%0d%0aBcc:b@news.example.com"),
        ("email", "mailto:" + ",".join(f"a{number}@news.example.com" for number in range(6))),
    ],
)
def test_a_url_of_another_shape_does_not(kind: str, url: str) -> None:
    assert not is_fit(kind, url)


def test_a_chats_url_is_shown_without_what_opens_it() -> None:
    assert shown("standard", URLS["standard"]) == URLS["standard"]
    assert shown("email", URLS["email"]) == URLS["email"]
    for kind in ("slack", "discord", "mattermost", "teams", "telegram", "ntfy"):
        host = URLS[kind].split("/")[2]
        assert shown(kind, URLS[kind]) == f"https://{host}/…"
        assert not is_fit(kind, shown(kind, URLS[kind]))


def test_addresses_are_those_that_a_mail_can_go_to() -> None:
    assert addresses(URLS["email"]) == ("desk@news.example.com", "night@news.example.com")
    assert addresses("MAILTO:Desk%2Bnight@خبر.example") == ("Desk+night@xn--ngblk.example",)
