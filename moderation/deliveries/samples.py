"""Try an endpoint out: a message that is signed, sent and logged like every other, and about nothing real."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from moderation.events import TEST_TYPE, Notice, Owed, record_for
from moderation.payload import moment
from moderation.tables import Endpoint


def owe_sample(session: Session, endpoint: Endpoint, now: datetime) -> Owed:
    """Owe the endpoint a sample; it is tried at once, though it may be left alone just now."""
    endpoint.rests_until = None
    notice = Notice(site_id=endpoint.site_id, type=TEST_TYPE, data=_sample(endpoint.site_id, now))
    return record_for(session, notice, endpoint.id, now)


def _sample(site_id: str, now: datetime) -> dict[str, Any]:
    """Return what a held comment looks like."""
    return {
        "comment": {
            "id": "cm_00000000000000000000000000",
            "external_id": None,
            "site": site_id,
            "post": {"id": "0", "url": None, "title": "A sample"},
            "parent_id": None,
            "name": "A sample",
            "email": "sample@example.com",
            "website": None,
            "body": "This is a sample: messages about comments look like it. Nobody posted it.",
            "body_cut": False,
            "language": "en",
            "status": "held",
            "version": 1,
            "received_at": moment(now),
        },
        "verdict": {
            "action": "hold",
            "score": 3.0,
            "thresholds": {"hold": 3.0, "spam": 6.0, "discard": 12.0},
            "signals": [
                {
                    "name": "WORDS_HOLD",
                    "strength": 1.0,
                    "points": 3.0,
                    "evidence": [{"text": "sample", "field": "body", "start": 10, "end": 16}],
                }
            ],
        },
        "decision": None,
        "actions": None,
    }
