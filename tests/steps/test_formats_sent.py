"""Messages to people on their way: to real servers of chats and of mail, and what is kept of their answers."""

import json
from email import message_from_bytes
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update
from standardwebhooks import Webhook

from moderation.db import Database
from moderation.deliveries.delivering import deliver
from moderation.identity import Keyed
from moderation.mail import Mailer
from moderation.operator_services import OperatorServices
from moderation.sites import NewSite
from moderation.tables import Endpoint
from tests.conftest import Received, StoppedClock
from tests.mail_server import mail_server
from tests.stand_ins import Reply, stand_in
from tests.steps.conftest import Post
from tests.steps.endpoints import LOOPBACK, add, attempts, owe, rows

PATHS = {
    "slack": "/services/T0/B0/xyz",
    "discord": "/api/webhooks/1/abc",
    "mattermost": "/hooks/xyz",
    "teams": "/workflows/1/invoke?sig=x",
    "telegram": "/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage?chat_id=-1001",
    "ntfy": "/moderators",
}
ANSWERS = {"slack": b"ok", "mattermost": b"ok", "telegram": b'{"ok": true, "result": {"text": "Comment number 0"}}'}


def _add(database: Database, site_id: str, kind: str, url: str, clock: StoppedClock) -> None:
    add(database, site_id, f"ep_{kind}", url, clock)
    with database.write() as session:
        session.execute(update(Endpoint).where(Endpoint.id == f"ep_{kind}").values(format=kind, language="fa"))


def test_every_chat_is_told_signed_and_what_it_repeats_is_not_kept(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    def respond(received: Received) -> Reply:
        kind = next((one for one in PATHS if urlsplit(PATHS[one]).path == urlsplit(received.path).path), "ntfy")
        return Reply(ANSWERS.get(kind, b"{}"))

    with stand_in(respond) as chats:
        root = chats.url.removesuffix(urlsplit(chats.url).path)
        for kind, path in PATHS.items():
            _add(database, site.id, kind, root + path, clock)
        deliver(database, keyed, LOOPBACK, owe(database, post, clock), clock)
        told = {received.path: received for received in chats.received}
    assert set(told) == {
        *(PATHS[kind] for kind in ("slack", "mattermost", "teams")),
        PATHS["discord"] + "?wait=true",
        PATHS["telegram"].partition("?")[0],
        "/",
    }
    assert all("Comment number 0" in received.body.decode() for received in told.values())
    telegram = told[PATHS["telegram"].partition("?")[0]]
    assert json.loads(telegram.body)["chat_id"] == "-1001"
    assert json.loads(told["/"].body)["topic"] == "moderators"
    for received in told.values():
        assert "دیدگاه" in received.body.decode()
        assert received.headers["content-type"] == "application/json"
    ids = {row.endpoint_id: row.id for row in rows(database)}
    assert telegram.headers["webhook-id"] == ids["ep_telegram"]
    signed = {name: told[PATHS["slack"]].headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")}
    secret = keyed.endpoint_secret("ep_slack", 1)
    # The clock of the test stands in another year than the library's.
    assert signed["signature"] == Webhook(secret).sign(signed["id"], clock(), told[PATHS["slack"]].body.decode())
    assert {row.state for row in rows(database)} == {"delivered"}
    assert {one.answer for one in attempts(database)} == {None}


@pytest.mark.parametrize(
    ("kind", "reply", "state", "is_enabled"),
    [
        ("telegram", Reply(b'{"ok": false}'), "pending", True),
        ("telegram", Reply(b'{"ok": false}', 429, {}), "pending", True),
        ("telegram", Reply(b'{"ok": false, "description": "Forbidden: bot was kicked"}', 403), "dead", False),
        ("discord", Reply(b'{"embeds": ["0"]}', 400), "dead", True),
        ("slack", Reply(b"no_service", 404), "dead", False),
    ],
)
def test_a_chats_refusal_says_so_at_once(
    database: Database,
    keyed: Keyed,
    site: NewSite,
    post: Post,
    clock: StoppedClock,
    kind: str,
    reply: Reply,
    state: str,
    is_enabled: bool,
) -> None:
    with stand_in(lambda _received: reply) as chat:
        root = chat.url.removesuffix(urlsplit(chat.url).path)
        _add(database, site.id, kind, root + PATHS[kind], clock)
        deliver(database, keyed, LOOPBACK, owe(database, post, clock), clock)
    (row,) = rows(database)
    assert row.state == state
    with database.read() as session:
        endpoint = session.get_one(Endpoint, row.endpoint_id)
    assert endpoint.enabled == is_enabled
    assert (endpoint.disabled_reason is None) == is_enabled
    assert [one.answer for one in attempts(database)] == [reply.body.decode()]


def test_a_chat_is_told_one_by_one_and_in_order(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    with stand_in(lambda _received: Reply(b"ok")) as chat:
        _add(database, site.id, "slack", chat.url, clock)
        deliver(database, keyed, LOOPBACK, owe(database, post, clock, 12), clock)
    told = [received.headers["webhook-id"] for received in chat.received]
    assert told == [row.id for row in rows(database)]


def test_the_operators_services_hear_it_and_it_waits_while_they_are_away(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    _add(database, site.id, "apprise", "apprise:", clock)
    ids = owe(database, post, clock)
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert [one.error for one in attempts(database)] == ["MODERATION_APPRISE_URLS is not set"]
    clock.advance(seconds=10)
    with stand_in(lambda _received: Reply()) as service:
        services = OperatorServices(service.url.replace("http:", "json:") + "/ops")
        deliver(database, keyed, LOOPBACK, ids, clock, services=services)
    (received,) = service.received
    assert "Comment number 0" in json.loads(received.body)["message"]
    (row,) = rows(database)
    assert (row.state, row.attempts) == ("delivered", 2)


def test_a_mail_is_sent_and_waits_where_the_server_is_away(
    database: Database, keyed: Keyed, site: NewSite, post: Post, clock: StoppedClock
) -> None:
    _add(database, site.id, "email", "mailto:desk@news.example.com", clock)
    ids = owe(database, post, clock)
    deliver(database, keyed, LOOPBACK, ids, clock)
    assert [one.error for one in attempts(database)] == ["MODERATION_SMTP_URL is not set"]
    clock.advance(seconds=10)
    with mail_server() as server:
        mailer = Mailer(f"smtp://127.0.0.1:{server.port}", "comments@news.example.com")
        deliver(database, keyed, LOOPBACK, ids, clock, mailer=mailer)
    (envelope,) = server.mails
    assert envelope.rcpt_tos == ["desk@news.example.com"]
    assert isinstance(envelope.content, bytes)
    assert message_from_bytes(envelope.content)["Message-ID"] == f"<{ids[0]}@news.example.com>"
    (row,) = rows(database)
    assert (row.state, row.last_error) == ("delivered", None)
