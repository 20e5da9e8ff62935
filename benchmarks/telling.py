"""How fast webhooks go out: a backlog beside one request at a time, and a fast endpoint beside a slow one.

The backlog: held comments in a database (SQLite, or --database-url), sent by one worker's thread to a receiver in a
process of its own that takes so many milliseconds for an answer, as one over the internet does. The baseline posts the
same messages one at a time, each over a new connection, and needs no database.

Beside a slow one: a real set, one endpoint that answers at once and, every other round, one that takes two seconds.
What is measured is the time from the event (the verdict) to the arrival at the fast one: the median of the rounds' p99,
since one stall of the disk (SQLite copying its log) is a whole round's. Ends with 1 when a target is missed.
"""

import argparse
import http.server
import ipaddress
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, update

from moderation.clock import utc_now
from moderation.db import Database, make_engine
from moderation.deliveries.delivering import deliver
from moderation.events import Happening, record
from moderation.identity import Keyed
from moderation.intake import accept
from moderation.log import configure
from moderation.migrations import migrate
from moderation.outbound import Outbound
from moderation.sites import add_site
from moderation.submission import read_submission
from moderation.tables import Comment, DeliveryRow, Endpoint
from tests.conftest import Received
from tests.journeys.load import load
from tests.journeys.program import Up, up
from tests.processes import free_port
from tests.stand_ins import Reply, StandIn, stand_in

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
SLOW_SECONDS = 2.0
LEAST_SPEEDUP = 5.0
MOST_RATIO = 2.0


def main() -> int:
    """Measure, print and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=1_000, help="in the backlog")
    parser.add_argument(
        "--milliseconds", type=int, nargs="+", default=[50, 20], help="that an answer takes; targets: the first"
    )
    parser.add_argument("--database-url", help="of an empty PostgreSQL database for the backlog")
    parser.add_argument("--seconds", type=float, default=10, help="of each round beside a slow endpoint")
    parser.add_argument("--rounds", type=int, default=5, help="with and without the slow endpoint")
    parser.add_argument("--per-second", type=float, default=8, help="comments of such a round")
    parser.add_argument("--receive", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.receive is not None:
        _receive(asked.receive / 1000)
    # What a worker logs costs it little; a terminal would cost more.
    configure("WARNING", "benchmark")
    speedups = [_measure_backlog(asked.comments, one, asked.database_url) for one in asked.milliseconds]
    ratio = _measure_beside_a_slow_one(asked.seconds, asked.rounds, asked.per_second)
    is_met = speedups[0] >= LEAST_SPEEDUP and ratio <= MOST_RATIO
    word = "met" if is_met else "MISSED"
    print(f"targets: {LEAST_SPEEDUP:.0f}x at {asked.milliseconds[0]} ms, p99 within {MOST_RATIO:.0f}x: {word}")
    return 0 if is_met else 1


def _measure_backlog(count: int, milliseconds: int, database_url: str | None) -> float:
    with tempfile.TemporaryDirectory(prefix="moderation-telling-") as folder, _receiver(milliseconds) as url:
        database = Database(make_engine(database_url or f"sqlite:///{folder}/moderation.db", can_redo=True))
        migrate(database)
        keyed, outbound = Keyed("a secret that signs nothing real"), Outbound(LOOPBACK)
        owed = _owe(database, keyed, url, count)
        began = time.monotonic()
        tried = []
        while owed:
            done = deliver(database, keyed, outbound, owed)
            tried += done.tried
            owed = [one.delivery_id for one in done.owed]
        ours = time.monotonic() - began
        with database.read() as session:
            delivered = session.scalar(select(func.count()).where(DeliveryRow.state == "delivered"))
        assert delivered == len(tried) == count, (delivered, len(tried))
        body = json.dumps(tried[0].sendable.document).encode()
        one_by_one = Outbound(LOOPBACK, kept_seconds=0)
        began = time.monotonic()
        for _ in range(count):
            assert one_by_one.post(url, {"content-type": "application/json"}, body).status == 204  # noqa: PLR2004
        theirs = time.monotonic() - began
        database.close()
    kind = "PostgreSQL" if database_url else "SQLite"
    print(
        f"{count} held comments, answers after {milliseconds} ms, {kind}: {ours:.2f} s ({count / ours:.0f} a second); "
        f"one at a time over new connections: {theirs:.2f} s; {theirs / ours:.1f}x"
    )
    return theirs / ours


def _owe(database: Database, keyed: Keyed, url: str, count: int) -> list[str]:
    now = utc_now()
    with database.write() as session:
        site = add_site(session, keyed, "News", "news.example.com", now).id
        endpoint = Endpoint(id="ep_1", site_id=site, url=url, events=["comment.held"], format="standard", enabled=True)
        endpoint.generation, endpoint.created_at = 1, now
        session.add(endpoint)
    sent = [
        read_submission({"name": "Sara", "email": f"{n}@example.com", "body": f"Comment number {n}.", "post_id": "1"})
        for n in range(count)
    ]
    ids = accept(database, keyed, site, sent, now, shape=lambda _ids: {}).ids
    with database.write() as session:
        session.execute(update(Comment).values(status="held", version=2, settled_at=now))
        happenings = [Happening(site_id=site, comment_id=one, status="held", version=2) for one in ids]
        return [one.delivery_id for one in record(session, happenings, now)][:1]


def _measure_beside_a_slow_one(seconds: float, rounds: int, per_second: float) -> float:
    arrivals: list[float] = []

    def arrive(received: Received) -> Reply:
        now = time.time()
        arrivals.append(now - datetime.fromisoformat(json.loads(received.body)["timestamp"]).timestamp())
        return Reply(status=204)

    def dawdle(_received: Received) -> Reply:
        time.sleep(SLOW_SECONDS)
        return Reply(status=204)

    seen: dict[str, list[list[float]]] = {"alone": [], "beside": []}
    settings = {"MODERATION_OUTBOUND_ALLOW": "127.0.0.0/8"}
    with (
        stand_in(arrive) as fast,
        stand_in(dawdle) as slow,
        tempfile.TemporaryDirectory(prefix="moderation-telling-") as folder,
        up(Path(folder) / "var", free_port(), **settings) as one,
    ):
        one.wait_until_ready()
        one.listen(fast.url)
        endpoint = one.listen(slow.url)["id"]
        _post(one, 3, per_second)
        for _ in range(rounds):
            for state, of_rounds in seen.items():
                is_beside = state == "beside"
                token = one.credentials["moderator_token"]
                one.call("PATCH", f"/v1/endpoints/{endpoint}", {"enabled": is_beside}, key=token)
                _wait_until_quiet(slow)
                arrivals.clear()
                heard = len(slow.received)
                posted = _post(one, seconds, per_second)
                deadline = time.monotonic() + 60
                while len(arrivals) < posted and time.monotonic() < deadline:
                    time.sleep(0.1)
                assert len(arrivals) >= posted, (len(arrivals), posted)
                assert (len(slow.received) > heard) == is_beside
                of_rounds.append(list(arrivals))
        one.stop()
    p99: dict[str, float] = {}
    for state, by_round in seen.items():
        worst = sorted(1000 * statistics.quantiles(one, n=100)[98] for one in by_round)
        p99[state] = statistics.median(worst)
        every = [1000 * value for one in by_round for value in one]
        print(
            f"fast endpoint {state}: {len(every)} events, verdict to arrival p50 {statistics.median(every):.0f} ms, "
            f"p99 {p99[state]:.0f} ms ({worst[0]:.0f} to {worst[-1]:.0f} in {len(worst)} rounds)"
        )
    print(f"p99 beside an endpoint that takes {SLOW_SECONDS:.0f} s: {p99['beside'] / p99['alone']:.2f}x")
    return p99["beside"] / p99["alone"]


def _post(one: Up, seconds: float, per_second: float) -> int:
    with load(one.port, one.credentials["site"]["secret_key"], per_second) as posting:
        posting.post_for(seconds)
    return len(posting.ids())


@contextmanager
def _receiver(milliseconds: int) -> Iterator[str]:
    """Run a receiver in a process of its own, so that it takes no time from who sends."""
    command = [sys.executable, "-m", "benchmarks.telling", "--receive", str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _receive(seconds: float) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            time.sleep(seconds)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/hook", flush=True)
        server.serve_forever()


def _wait_until_quiet(slow: StandIn) -> None:
    """Wait until what was claimed before the endpoint was disabled is sent."""
    heard = -1
    while heard != len(slow.received):
        heard = len(slow.received)
        time.sleep(2 * SLOW_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
