"""One run of the demo from its first request to its last: sends, listens, asks after what stayed silent."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from moderation.demo.client import Client
from moderation.demo.credentials import Credentials
from moderation.demo.endpoint import endpoint
from moderation.demo.observed import Accepted, Outcome
from moderation.demo.receiver import Inbox, Receiver
from moderation.demo.rows import Row, pack
from moderation.demo.sending import Ledger, Sending, outcome_of
from moderation.demo.tally import Result, Seen, tally

_LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send, where and how; `batch` is None for one comment a request.

    `patience_seconds` bounds a silence of the service, `linger_seconds` is how long to listen on for doubles.
    """

    credentials: Credentials
    rows: Sequence[Row]
    connections: int = 8
    batch: int | None = None
    patience_seconds: float = 60.0
    linger_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is: of how many comments something was heard, among other counts."""

    total: int
    accepted: int
    refused: int
    heard: int


def run(plan: Plan, show: Callable[[Standing], None], warn: Callable[[str], None]) -> Result:
    """Post every row and return what came of them; raise UsedWronglyError when that can't be started."""
    name = secrets.token_hex(4)
    ledger = Ledger()
    with (
        closing(_client(plan, plan.credentials.moderator_token)) as moderator,
        closing(_client(plan, plan.credentials.site_key)) as site,
        Receiver() as receiver,
        endpoint(moderator, receiver.url, warn) as secret,
    ):
        inbox = receiver.inbox
        inbox.use_secret(secret)
        started_at = time.time()
        _send(plan, name, site, ledger, lambda: show(_standing(plan, ledger, inbox)))
        _listen(plan, ledger, inbox, lambda: show(_standing(plan, ledger, inbox)))
        accepted, refused = ledger.read()
        silent_ids = inbox.without_event({entry.comment_id for entry in accepted})
        with closing(_client(plan, plan.credentials.site_key)) as asker:
            told = _ask_after(asker, plan.connections, [one for one in accepted if one.comment_id in silent_ids])
    return tally(
        Seen(
            run=name,
            rows=plan.rows,
            started_at=started_at,
            accepted=accepted,
            refused=refused,
            events=inbox.events,
            told=told,
            retries=site.retries,
            badly_signed=inbox.badly_signed,
            unreadable=inbox.unreadable,
        )
    )


def _client(plan: Plan, key: str) -> Client:
    return Client(plan.credentials.base_url, key, connections=plan.connections, patience_seconds=plan.patience_seconds)


def _standing(plan: Plan, ledger: Ledger, inbox: Inbox) -> Standing:
    accepted, refused = ledger.counts()
    return Standing(len(plan.rows), accepted, refused, inbox.count())


def _send(plan: Plan, name: str, site: Client, ledger: Ledger, show: Callable[[], None]) -> None:
    parcels = tuple(pack(plan.rows, name))
    with Sending(site, parcels, ledger, connections=plan.connections, batch=plan.batch) as sending:
        while not sending.is_done(_LOOK_EVERY_SECONDS):
            show()


def _listen(plan: Plan, ledger: Ledger, inbox: Inbox, show: Callable[[], None]) -> None:
    """Wait until something was heard of every accepted comment, or nothing of any for too long; then linger."""
    accepted, _ = ledger.read()
    comment_ids = {entry.comment_id for entry in accepted}
    since = time.monotonic()
    while inbox.without_event(comment_ids):
        if min(inbox.quiet_seconds(), time.monotonic() - since) > plan.patience_seconds:
            break
        show()
        time.sleep(_LOOK_EVERY_SECONDS)
    show()
    time.sleep(plan.linger_seconds)


def _ask_after(client: Client, connections: int, silent: Iterable[Accepted]) -> dict[str, Outcome | None]:
    with ThreadPoolExecutor(connections, thread_name_prefix="demo-asker") as pool:
        answers = [(entry.row_id, pool.submit(outcome_of, client, entry.comment_id)) for entry in silent]
        return {row_id: answer.result() for row_id, answer in answers}
