"""Documents of events as `payload` makes them, for tests of the formats."""

from typing import Any

from moderation.formats.message import Target

AT = "2026-11-22T10:00:00.123Z"
SITE = "st_01m82n3sff53tbts2x2cdq816m"
_BASE = "https://comments.example.com/m/a2.01m82n4q8h5m4jz0se9s5nq2zx.01m82n3sff53tbts2x2cdq816m.1763000000."
ACTIONS = {name: f"{_BASE}{name:z<26}" for name in ("approve", "reject", "spam")}
URLS = {
    "standard": "https://news.example.com/hooks",
    "slack": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "discord": "https://discord.com/api/webhooks/123/abc-DEF?thread_id=7",
    "mattermost": "https://chat.example.com/hooks/xxx-generatedkey-xxx",
    "teams": "https://prod-1.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig=x",
    "telegram": "https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/sendMessage?chat_id=-1001234567890",
    "ntfy": "https://ntfy.example.com/moderators-8d2f?auth=QmVhcmVy",
    "email": "mailto:desk@news.example.com,night@news.example.com",
    "apprise": "apprise:",
}


def target(kind: str, language: Any = None) -> Target:
    return Target(url=URLS[kind], delivery_id="dl_01m82n4q8h5m4jz0se9s5nq2zx", language=language)


def signal(name: str, points: float, *evidence: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "strength": 1.0, "points": points, "evidence": list(evidence)}


def quote(text: str, field: str = "body") -> dict[str, Any]:
    return {"text": text, "field": field, "start": 0, "end": len(text)}


def remark(text: str) -> dict[str, Any]:
    return {"text": text, "field": "", "start": None, "end": None}


def held(**changed: Any) -> dict[str, Any]:
    """Return a held comment's event; `changed` are fields of the comment."""
    comment = {
        "id": "cm_01m82n4q8h5m4jz0se9s5nq2zx",
        "external_id": "77",
        "site": SITE,
        "post": {"id": "8344", "url": "https://news.example.com/8344", "title": "Rents rise again"},
        "parent_id": None,
        "name": "Dora",
        "email": "dora@private.example",
        "website": "https://evil.com/buy",
        "body": "Make money fast!\n\nVisit https://evil.com/buy or write to @rich_dora & friends <today>.",
        "body_cut": False,
        "language": "en",
        "status": "held",
        "version": 2,
        "received_at": "2026-11-22T09:59:59.987Z",
    }
    signals = [
        signal("LINKS_MANY", 3.0, quote("https://evil.com/buy")),
        signal("CONTACT", 1.5, quote("@rich_dora")),
        signal("AUTHOR_NEW", 0.2, remark("first comment on this site")),
    ]
    verdict = {
        "action": "hold",
        "score": 4.7,
        "thresholds": {"hold": 3.0, "spam": 6.0, "discard": 12.0},
        "signals": signals,
    }
    data = {"comment": comment | changed, "verdict": verdict, "decision": None, "actions": dict(ACTIONS)}
    return {"type": "comment.held", "timestamp": AT, "data": data}


def held_persian() -> dict[str, Any]:
    """Return a held comment in Persian."""
    document = held(
        name="کاربر مهمان",
        language="fa",
        website=None,
        body="این مطلب درست نیست!\nبرای خرید فالوور به سایت evil.com سر بزنید یا به @shop_fa پیام دهید. قیمت از 50,000",
    )
    document["data"]["comment"]["post"] |= {"title": "اجاره‌بها دوباره بالا رفت"}
    document["data"]["verdict"]["signals"] = [
        signal("CONTACT", 3.0, quote("@shop_fa")),
        signal("MODEL_SPAM", 1.4, quote("خرید فالوور")),
    ]
    return document


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": AT, "data": {"site": SITE, **data}}


def decided(action: str, status: str) -> dict[str, Any]:
    document = held(status=status)
    document["type"] = f"comment.{status}"
    by = {"action": action, "reason": "off topic", "by": "Zahra", "version": 3, "decided_at": AT}
    document["data"] |= {"decision": by, "actions": None}
    return document


def everything() -> dict[str, dict[str, Any]]:
    """Return one document of every kind, by a name for the test."""
    flood = {"comments": 412, "minutes": 10, "usual": 6.5}
    waiting = {
        "waiting": 12,
        "oldest_at": "2026-11-22T05:30:00Z",
        "reasons": [{"name": "LINKS_MANY", "count": 7}, {"name": "MY_OWN", "count": 5}],
        "top": [one["data"]["comment"] | {"actions": ACTIONS} for one in (held(), held_persian())],
        "queue_url": "https://comments.example.com/console?status=held",
    }
    machine = held(status="approved")
    machine["type"] = "comment.approved"
    spam = held(status="spam")
    spam["type"] = "comment.spam"
    sample = held()
    sample["type"] = "endpoint.test"
    return {
        "held": held(),
        "sample": sample,
        "held in Persian": held_persian(),
        "approved": machine,
        "approved by a person": decided("approve", "approved"),
        "spam": spam,
        "rejected": decided("reject", "rejected"),
        "tightened": event("site.tightened", **flood, addresses=388, authors=401, until=AT),
        "relaxed": event("site.relaxed", **flood, tightened_at=AT),
        "disabled": event("endpoint.disabled", endpoint="ep_1", host="x.example", reason="no answer", failing_since=AT),
        "recovered": event("endpoint.recovered", endpoint="ep_1", host="x.example", failing_since=AT),
        "queue.digest": event("queue.digest", **waiting),
        "waiting": event("queue.waiting", waiting=1, oldest_at=AT),
        "unknown": event("site.renamed", was="Old <b>", now="New @here", nested={"a": 1}, count=3),
    }
