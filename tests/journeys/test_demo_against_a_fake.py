"""`moderation demo` against a small service that speaks the contract, and misbehaves where a test asks it to.

A word in a comment's body (`#doubled`) decides what the fake makes of it: each test tells its story in its rows.
"""

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
import urllib3
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from moderation.commands.demo import demo

SITE_KEY, MODERATOR_TOKEN = "sk_fake", "mt_fake"
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBmYWtlIHNlcnZpY2U="
OTHER_SECRET = "whsec_" + "c29tZWJvZHkgZWxzZSdzIHNlY3JldCBrZXk="


class FakeService(ThreadingHTTPServer):
    """Takes comments, judges them by a word in their body on a thread of its own, and tells its endpoints."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, *, allows_loopback: bool = True, largest_batch: int = 500, has_verdicts: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.allows_loopback = allows_loopback
        self.largest_batch = largest_batch
        self.has_verdicts = has_verdicts
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.comments: dict[str, dict[str, Any]] = {}
        self.status: dict[str, str] = {}
        self.endpoints: dict[str, str] = {}
        self.deleted: list[str] = []
        self.raw_posts: list[bytes] = []
        self.refusals_left = Counter({"#throttled": 2, "#busy": 1, "#cut off": 1})
        self.by_key: dict[str, str] = {}
        self.lock = threading.Lock()
        self._bell: queue.Queue[str | None] = queue.Queue()
        self._pool = urllib3.PoolManager(retries=False)
        self._running = [threading.Thread(target=self.serve_forever, args=(0.02,)), threading.Thread(target=self._work)]

    def __enter__(self) -> Self:
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bell.put(None)
        self.shutdown()
        for thread in self._running:
            thread.join()
        self._pool.clear()
        self.server_close()

    def accept(self, comment: dict[str, Any], key: str) -> tuple[int, dict[str, Any]]:
        """Answer one comment, the same for a key that was seen before."""
        body = comment["body"].strip()
        if not body or len(body) > 20_000:
            error = {"field": "body", "code": "too_long" if body else "required", "message": "no"}
            return 422, {"title": "Invalid input", "status": 422, "errors": [error]}
        with self.lock:
            comment_id = self.by_key.setdefault(key, f"cm_{len(self.by_key)}")
            is_new = comment_id not in self.comments
            self.comments[comment_id] = comment
            self.status.setdefault(comment_id, "received")
        if is_new:
            self._bell.put(comment_id)
        return 202, {"id": comment_id, "status": "received", "status_url": f"{self.url}/v1/comments/{comment_id}"}

    def _work(self) -> None:
        while comment_id := self._bell.get():
            body = self.comments[comment_id]["body"]
            if not self.has_verdicts or "#forget" in body:
                continue
            status = next((word for word in ("spam", "held") if word in body), "approved")
            self.status[comment_id] = status
            if "#untold" in body:
                continue
            self._tell(f"dl_{comment_id}", comment_id, status, OTHER_SECRET if "#forged" in body else SECRET)
            if "#redelivered" in body:
                self._tell(f"dl_{comment_id}", comment_id, status)
            if "#doubled" in body:
                self._tell(f"dl_{comment_id}_again", comment_id, status)

    def _tell(self, webhook_id: str, comment_id: str, status: str, secret: str = SECRET) -> None:
        now = datetime.now(UTC)
        comment = {"id": comment_id, "external_id": self.comments[comment_id].get("external_id"), "status": status}
        message = {
            "type": f"comment.{status}",
            "timestamp": now.isoformat(),
            "data": {"comment": comment, "verdict": verdict_of(status), "decision": None},
        }
        body = json.dumps(message)
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(webhook_id, now, body),
        }
        for url in list(self.endpoints.values()):
            self._pool.request("POST", url, body=body, headers=headers)


def verdict_of(status: str) -> dict[str, Any]:
    action = {"approved": "approve", "held": "hold"}.get(status, status)
    signals = [{"name": "WORD_SEEN", "strength": 1, "points": 8, "evidence": []}] if status != "approved" else []
    return {"action": action, "score": 8.0 * len(signals), "signals": signals}


class _Handler(BaseHTTPRequestHandler):
    server: FakeService
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        content = json.loads(raw)
        service = self.server
        if self.path == "/v1/endpoints":
            self._make_endpoint(content)
            return
        service.raw_posts.append(raw)
        if self.headers["Authorization"] != f"Bearer {SITE_KEY}":
            self._answer(401, {"title": "Unauthorized", "status": 401})
        elif self.path == "/v1/comments":
            self._take_one(content)
        elif len(content["comments"]) > service.largest_batch:
            self._answer(413, {"title": "Too large", "status": 413})
        else:
            key = self.headers["Idempotency-Key"]
            answers = [service.accept(one, f"{key}/{n}") for n, one in enumerate(content["comments"])]
            self._answer(200, {"results": [{**said, "status": status} for status, said in answers]})

    def do_GET(self) -> None:
        status = self.server.status.get(self.path.rpartition("/")[2])
        if status is None:
            self._answer(404, {"title": "Not found", "status": 404})
        else:
            self._answer(200, {"status": status, "verdict": None if status == "received" else verdict_of(status)})

    def do_DELETE(self) -> None:
        endpoint_id = self.path.rpartition("/")[2]
        del self.server.endpoints[endpoint_id]
        self.server.deleted.append(endpoint_id)
        self._answer(204)

    def _make_endpoint(self, wanted: dict[str, Any]) -> None:
        if self.headers["Authorization"] != f"Bearer {MODERATOR_TOKEN}":
            self._answer(401, {"title": "Unauthorized", "status": 401})
        elif not self.server.allows_loopback:
            error = {"field": "url", "code": "not_allowed", "message": "This address is not allowed."}
            self._answer(422, {"title": "Invalid input", "status": 422, "errors": [error]})
        else:
            self.server.endpoints["ep_1"] = wanted["url"]
            self._answer(201, {**wanted, "id": "ep_1", "enabled": True, "secret": SECRET})

    def _take_one(self, comment: dict[str, Any]) -> None:
        service, body = self.server, comment["body"]
        reason = next((word for word in service.refusals_left if word in body and service.refusals_left[word]), None)
        if reason:
            service.refusals_left[reason] -= 1
        if reason == "#throttled":
            self._answer(429, {"title": "Slow down", "status": 429}, {"Retry-After": "0"})
        elif reason == "#busy":
            self._answer(503, {"title": "Busy", "status": 503}, {"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"})
        else:
            answer = service.accept(comment, self.headers["Idempotency-Key"])
            if reason == "#cut off":
                # Taken, but the answer never arrives.
                self.close_connection = True
            else:
                self._answer(*answer)

    def _answer(self, status: int, content: Any = None, headers: Mapping[str, str] | None = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[FakeService]:
    with FakeService() as running:
        yield running


def write_credentials(folder: Path, base_url: str, site_key: str = SITE_KEY, token: str = MODERATOR_TOKEN) -> Path:
    path = folder / "credentials.json"
    path.write_text(
        json.dumps({"base_url": base_url, "site": {"secret_key": site_key}, "moderator_token": token}), encoding="utf-8"
    )
    return path


def write_rows(folder: Path, bodies: Sequence[tuple[str, str]]) -> Path:
    path = folder / "rows.jsonl"
    rows = [{"id": f"row-{n}", "label": label, "body": body} for n, (label, body) in enumerate(bodies, 1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run_demo(folder: Path, base_url: str, *arguments: str | Path, **credentials: str) -> Result:
    access = write_credentials(folder, base_url, **credentials)
    quick = ["--credentials", access, "--linger", "0.2", "--patience", "0.5"]
    return CliRunner().invoke(demo, [str(word) for word in [*quick, *arguments]])


def tried(folder: Path, service: FakeService, *bodies: tuple[str, str], options: Sequence[str] = ()) -> tuple[int, Any]:
    """Run the demo on these labels and bodies; return its exit code and what its JSON says."""
    result = run_demo(folder, service.url, write_rows(folder, bodies), "--json", *options)
    assert result.stdout, result.output
    return result.exit_code, json.loads(result.stdout)


def test_our_own_comments_all_come_home(tmp_path: Path, service: FakeService) -> None:
    result = run_demo(tmp_path, service.url)
    assert result.exit_code == 0, result.output
    assert "sent 65, accepted 65, refused 0" in result.stdout
    assert "lost 0, doubled 0, badly signed 0; redelivered 0" in result.stdout
    assert (service.endpoints, service.deleted) == ({}, ["ep_1"])


def test_no_label_is_ever_sent(tmp_path: Path, service: FakeService) -> None:
    run_demo(tmp_path, service.url, "--batch", "7")
    assert len(service.raw_posts) == 10
    assert not any(b"label" in raw or b"toxic" in raw for raw in service.raw_posts)


def test_verdicts_are_told_by_true_label(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "fair"), ("ham", "spam?"), ("spam", "spam"), ("toxic", "held"))
    assert code == 0
    assert said["labels"]["ham"]["percent"] == {"called_spam": 50.0, "held": 0.0, "approved": 50.0}
    assert said["labels"]["spam"]["percent"]["called_spam"] == 100.0
    assert said["labels"]["toxic"]["percent"]["held"] == 100.0
    assert said["signals"] == {"WORD_SEEN": {"ham": 1, "spam": 1, "toxic": 1}}
    assert said["seconds"]["to_webhook"]["p99"] >= said["seconds"]["to_verdict"]["p50"] >= 0


def test_a_comment_without_its_webhook_is_reported_as_lost(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "fair"), ("spam", "spam #untold"))
    assert code == 1
    assert said["lost"] == {"not_judged": [], "webhook_missing": ["row-2"]}
    assert said["labels"]["spam"]["spam"] == 1


def test_a_comment_that_is_never_judged_is_reported_as_lost(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "fair"), ("ham", "#forget me"))
    assert code == 1
    assert said["lost"] == {"not_judged": ["row-2"], "webhook_missing": []}


def test_a_verdict_told_under_two_ids_is_reported_as_doubled(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "fair"), ("ham", "#doubled"))
    assert (code, said["doubled"], said["redelivered"]) == (1, ["row-2"], 0)


def test_a_webhook_that_comes_again_is_only_counted(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "#redelivered"))
    assert (code, said["doubled"], said["redelivered"]) == (0, [], 1)


def test_a_badly_signed_webhook_fails_the_run(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "fair"), ("ham", "#forged"))
    assert (code, said["badly_signed"]) == (1, 1)
    assert said["lost"]["webhook_missing"] == ["row-2"]


@pytest.mark.parametrize("options", [(), ("--batch", "500")])
def test_refused_rows_are_listed_by_reason_and_spoil_no_other(
    tmp_path: Path, service: FakeService, options: Sequence[str]
) -> None:
    bodies = [("ham", "fair"), ("ham", " \n"), ("spam", "a" * 20_001), ("ham", "")]
    code, said = tried(tmp_path, service, *bodies, options=options)
    assert (code, said["sent"], said["accepted"], said["refused"]["count"]) == (0, 4, 1, 3)
    reasons = {one["reason"]: sorted(one["examples"]) for one in said["refused"]["reasons"]}
    assert reasons == {"422 body: required": ["row-2", "row-4"], "422 body: too_long": ["row-3"]}


def test_a_batch_that_is_too_large_is_halved(tmp_path: Path) -> None:
    with FakeService(largest_batch=3) as service:
        code, said = tried(tmp_path, service, *[("ham", f"fair {n}") for n in range(10)], options=("--batch", "10"))
    assert (code, said["accepted"], len(service.comments)) == (0, 10, 10)


def test_a_service_that_asks_to_wait_is_asked_again(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "#throttled"), ("ham", "#busy"))
    assert (code, said["accepted"], said["retries"]) == (0, 2, {"429": 2, "503": 1})


def test_a_lost_answer_makes_no_second_comment(tmp_path: Path, service: FakeService) -> None:
    code, said = tried(tmp_path, service, ("ham", "#cut off"))
    assert (code, said["accepted"], said["retries"]) == (0, 1, {"no answer": 1})
    assert len(service.comments) == 1


def test_a_service_that_may_not_reach_loopback_is_named_with_the_cure(tmp_path: Path) -> None:
    with FakeService(allows_loopback=False) as service:
        result = run_demo(tmp_path, service.url)
    assert result.exit_code == 2
    assert "restart the service with `MODERATION_OUTBOUND_ALLOW=127.0.0.0/8`" in result.stderr


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [({"token": "mt_wrong"}, "moderator token"), ({"site_key": "sk_wrong"}, "site's secret key")],
)
def test_keys_of_another_service_are_a_wrong_use(
    tmp_path: Path, service: FakeService, keys: dict[str, str], complaint: str
) -> None:
    result = run_demo(tmp_path, service.url, **keys)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert service.endpoints == {}


def test_a_service_that_is_not_there_is_a_wrong_use(tmp_path: Path) -> None:
    with FakeService() as gone:
        pass
    result = run_demo(tmp_path, gone.url)
    assert result.exit_code == 2
    assert "start it with `moderation up`" in result.stderr


def test_missing_files_are_a_wrong_use(tmp_path: Path, service: FakeService) -> None:
    result = run_demo(tmp_path, service.url, tmp_path / "none.jsonl")
    assert (result.exit_code, "There is no file" in result.stderr) == (2, True)
    result = CliRunner().invoke(demo, ["--credentials", str(tmp_path / "none.json")])
    assert (result.exit_code, "There is no credentials file" in result.stderr) == (2, True)
    (tmp_path / "half.json").write_text("{}", encoding="utf-8")
    result = CliRunner().invoke(demo, ["--credentials", str(tmp_path / "half.json")])
    assert (result.exit_code, "lacks base_url" in result.stderr) == (2, True)


def test_url_outranks_the_credentials(tmp_path: Path, service: FakeService) -> None:
    rows = write_rows(tmp_path, [("ham", "fair")])
    result = run_demo(tmp_path, "http://nowhere.example", rows, "--url", service.url + "/")
    assert result.exit_code == 0, result.output


@contextmanager
def running_demo(folder: Path, service: FakeService) -> Iterator[subprocess.Popen[bytes]]:
    access = write_credentials(folder, service.url)
    # As from a terminal: a test run in the background hands its children an ignored SIGINT.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from moderation.commands.demo import demo; demo()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "--credentials", str(access)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_deletes_its_endpoint(tmp_path: Path, number: signal.Signals) -> None:
    with FakeService(has_verdicts=False) as service, running_demo(tmp_path, service) as process:
        give_up_at = time.monotonic() + 20
        while len(service.comments) < 65 and time.monotonic() < give_up_at:
            time.sleep(0.02)
        assert service.endpoints
        process.send_signal(number)
        assert process.wait(20) == 1
    assert (service.endpoints, service.deleted) == ({}, ["ep_1"])
