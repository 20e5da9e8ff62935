"""Opinions from outside in the real program: while a service is silent, everybody else's comments are judged."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.program import up
from tests.processes import free_port, wait_until
from tests.stand_ins import Reply, stand_in

pytestmark = pytest.mark.timeout(600)

COMMENT = {"name": "Sara", "email": "sara@example.org", "body": "Cheap pills for all of you.", "post_id": "8344"}


@pytest.mark.long
def test_a_silent_service_keeps_only_those_who_asked_for_it(tmp_path: Path) -> None:
    with stand_in(lambda _received: Reply(b"true")) as akismet:
        settings = {
            "MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8",
            "MODERATION_AKISMET_KEY": "0123456789ab",
            "MODERATION_AKISMET_URL": akismet.url,
            "MODERATION_REMOTE_TIMEOUT": "20",
        }
        with up(tmp_path / "var", free_port(), **settings) as program:
            program.wait_until_ready()
            command = [
                sys.executable,
                "-m",
                "moderation",
                "site",
                "add",
                "Other",
                "--domain",
                "other.example",
                "--json",
            ]
            environment = {"MODERATION_DATA_DIR": str(program.folder)}
            made = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
            asking: str = json.loads(made.stdout)["secret_key"]
            site = json.loads(made.stdout)["id"]
            admin = program.credentials["admin_token"]
            assert program.call("PUT", f"/v1/policy?site={site}", {"remote": ["akismet"]}, key=admin)[0] == 200

            def post(key: str | None) -> str:
                status, answer = program.call("POST", "/v1/comments", COMMENT, key=key)
                assert status == 202
                return str(answer["id"])

            def look(comment_id: str, key: str | None) -> dict[str, Any]:
                found: dict[str, Any] = program.call("GET", f"/v1/comments/{comment_id}", key=key)[1]
                return found

            akismet.may_answer.clear()
            waiting = post(asking)
            wait_until(akismet.is_stalling.is_set, "the service is asked")
            other = post(None)
            wait_until(lambda: look(other, None)["status"] != "received", "the other site's comment is judged")
            assert look(waiting, asking)["status"] == "received"
            akismet.may_answer.set()
            wait_until(lambda: look(waiting, asking)["status"] != "received", "the answer brings the verdict")
            names = {signal["name"] for signal in look(waiting, asking)["verdict"]["signals"]}
            assert "REMOTE_AKISMET" in names
            assert "REMOTE_AKISMET" not in {one["name"] for one in look(other, None)["verdict"]["signals"]}
            assert program.stop() == 0
            program.assert_nothing_is_left()
