"""A bad day of the service, at the log level that says the most: `python -m tests.journeys.a_day DATABASE_URL`.

Logs go to standard error as they do in production; every answer that says no is printed, and at last what was secret.
"""

import ipaddress
import sys
from typing import Any

from celery import Celery
from flask.testing import FlaskClient
from sqlalchemy import select, text

from api.resources import Resources
from moderation.deliveries.delivering import deliver
from moderation.log import configure
from moderation.screening import screen
from moderation.tables import DeliveryRow
from tests.api.service import Service, comment, running
from tests.steps.judges import BrokenModel, judge_with

EMAIL, BODY, ADDRESS, HOOK = "quetzal@mail.example", "a xylophone of words", "198.51.100.77", "hook-token-4711"
_SENT = comment(email=EMAIL, body=BODY, ip=ADDRESS)


class _Day:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.secrets = {EMAIL, BODY, ADDRESS, HOOK, service.sk, service.pk, service.moderator, service.admin}

    def ask(self, method: str, path: str, key: str | None, **call: Any) -> Any:
        """Ask; print what says no."""
        answer = self.service.call(method, path, key, **call)
        if answer.status_code >= 400:
            sys.stdout.write(f"{answer.status_code} {answer.text.strip()} {dict(answer.headers)}\n")
        return answer.json

    def post(self, sent: Any, key: str | None = None, **headers: str) -> Any:
        """Post a comment."""
        return self.ask("POST", "/v1/comments", key or self.service.sk, json=sent, headers=headers)

    def of_clients(self) -> None:
        """Take what clients send, right and wrong."""
        one = self.post(_SENT, **{"Idempotency-Key": "1"})
        self.post(_SENT | {"body": f"{BODY}!"}, **{"Idempotency-Key": "1"})
        self.post(_SENT, key="sk_" + "wrong" * 8)
        self.post(_SENT, key=self.service.moderator)
        self.post(_SENT | {"email": f"{EMAIL}@", "ip": f"{ADDRESS}.1", "body": ""})
        self.post(_SENT, key=self.service.pk, Origin=f"https://{HOOK}.example")
        public = self.post(_SENT, key=self.service.pk)
        self.secrets.add(public["status_url"].partition("token=")[2])
        self.ask("GET", public["status_url"].partition(".com")[2], None)
        self.ask("GET", f"/v1/comments/cm_1?token={HOOK}", None)
        self.ask("POST", "/v1/comments", self.service.sk, data=f'{{"body": "{BODY}', content_type="application/json")
        batch = {"comments": [_SENT, _SENT | {"email": BODY}]}
        self.ask("POST", "/v1/comments/batch", self.service.sk, json=batch)
        decision = {"action": "spam", "version": 1, "reason": BODY}
        for _ in range(2):
            self.ask("POST", f"/v1/comments/{one['id']}/decision", self.service.moderator, json=decision)
        self.ask("POST", "/v1/endpoints", self.service.moderator, json={"url": f"http://10.0.0.1/?t={HOOK}"})

    def of_workers(self) -> None:
        """Judge with a filter that fails, and deliver to nobody."""
        made = self.ask("POST", "/v1/endpoints", self.service.moderator, json={"url": f"http://127.0.0.1:1/?t={HOOK}"})
        self.secrets.add(made["secret"])
        self.post(_SENT)

        screen(self.service.database, judge_with(BrokenModel()), self.service.waiting())
        parts: Resources = self.service.app.extensions["moderation"]
        with self.service.database.read() as session:
            ids = list(session.scalars(select(DeliveryRow.id)))
        tried = deliver(self.service.database, parts.keyed, parts.outbound, ids)
        assert tried

    def of_failures(self) -> None:
        """Fail inside, with texts that quote what was sent."""
        parts: Resources = self.service.app.extensions["moderation"]
        ring = parts.doorbell.ring

        def fail(**_: Any) -> None:
            raise ValueError(f"{BODY} {EMAIL} {ADDRESS}")

        # What fails inside is in no document.
        self.service.app.testing, self.service.app.test_client_class = False, FlaskClient
        parts.doorbell.ring = fail  # type: ignore[assignment]
        self.post(_SENT)
        parts.doorbell.ring = ring  # type: ignore[method-assign]
        waiting = self.service.waiting()
        with self.service.database.write() as session:
            session.execute(text("ALTER TABLE comments RENAME TO lost"))
        self.post(_SENT)
        app = Celery("day", set_as_current=False)

        @app.task(name="screen")
        def judge() -> None:
            screen(self.service.database, judge_with(), waiting)

        @app.task(name="quote")
        def quote() -> None:
            fail()

        assert judge.apply().failed()
        assert quote.apply().failed()


def main(url: str) -> None:
    """Live through it."""
    configure("DEBUG", "api")
    with running(url, outbound_allow=(ipaddress.ip_network("127.0.0.0/8"),)) as service:
        day = _Day(service)
        day.of_clients()
        day.of_workers()
        day.of_failures()
        sys.stdout.write("\n".join(["secrets:", *sorted(day.secrets), ""]))


if __name__ == "__main__":
    main(sys.argv[1])
