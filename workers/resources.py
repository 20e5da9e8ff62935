"""What the tasks stand on, made once per process when first asked for: never at import, never before a fork."""

import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from moderation.clock import utc_now
from moderation.db import Database
from moderation.deliveries.slow_lane import SlowLane
from moderation.errors import ModerationError
from moderation.filters import load_filters
from moderation.health import note_heartbeat
from moderation.identity import Keyed
from moderation.learning.model import TextModel
from moderation.learning.toxic import ToxicModel
from moderation.log import get_logger
from moderation.mail import Mailer
from moderation.outbound import Outbound
from moderation.processes import Lookout, note_process
from moderation.remote.asking import Asker
from moderation.remote.services import make_asker
from moderation.screening import Judge
from moderation.settings import Settings
from workers.leaving import leave, queues_of

log = get_logger(__name__)

# Tasks under load prove often enough that somebody consumes.
_HEARTBEAT_SECONDS = 5.0


@dataclass(slots=True)
class Resources:
    """Connections and keys of one worker process."""

    settings: Settings
    database: Database
    keyed: Keyed
    outbound: Outbound
    mailer: Mailer
    judge: Judge
    asker: Asker
    lookout: Lookout
    slow_lane: SlowLane
    _noted_at: dict[str, float] = field(default_factory=dict)

    def note_consumption(self, queue: str, worker: str) -> None:
        """Note that this process took a message off the queue; writes rows every few seconds at most."""
        now = time.monotonic()
        if now - self._noted_at.get(queue, float("-inf")) >= _HEARTBEAT_SECONDS:
            self._noted_at[queue] = now
            note_heartbeat(self.database, queue, worker, utc_now())
            note_process(self.database, worker, "worker", queues_of(worker), utc_now())

    def takes_up(self, queue: str, worker: str) -> bool:
        """Note the same, and tell whether the work is to be done: what is paused or drained is left to the rows."""
        self.note_consumption(queue, worker)
        controls = self.lookout.look()
        if controls.drained_at is not None:
            leave(worker)
        return controls.drained_at is None and queue not in controls.paused_queues


@cache
def load_model() -> TextModel:
    """Return the shipped text model; loaded in the parent of a pool, its memory is shared by the children."""
    return TextModel.load()


@cache
def load_toxic() -> ToxicModel:
    """Return the shipped model of insult and threat."""
    return ToxicModel.load()


@cache
def load_shadow() -> TextModel | None:
    """Return the model that is tried out, if the settings name one that can be read."""
    path = settings().shadow_weights
    try:
        return TextModel.load(Path(path)) if path else None
    except (ModerationError, OSError) as error:
        # It has no say, so nothing waits for it.
        log.error("shadow model not loaded", error=type(error).__name__)  # noqa: TRY400 - the kind says it
        return None


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_environment()


@cache
def resources() -> Resources:
    """Return the resources of this process."""
    found = settings()
    database = Database.of(found, pool_size=found.deliver_threads, can_redo=True)
    return Resources(
        settings=found,
        database=database,
        keyed=Keyed(found.secret(), found.secret_key_previous),
        outbound=Outbound(found.outbound_allow),
        mailer=Mailer(found.smtp_url, found.smtp_from),
        judge=Judge(load_filters(found.filters), load_model, load_shadow, load_toxic),
        asker=make_asker(found),
        lookout=Lookout(database, found.log_level),
        slow_lane=SlowLane(found.deliver_threads),
    )
