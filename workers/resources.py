"""What the tasks stand on, made once per process when first asked for: never at import, never before a fork."""

import time
from dataclasses import dataclass, field
from functools import cache

from moderation.clock import utc_now
from moderation.db import Database
from moderation.deliveries.slow_lane import SlowLane
from moderation.health import note_heartbeat
from moderation.identity import Keyed
from moderation.mail import Mailer
from moderation.operator_services import OperatorServices
from moderation.outbound import Outbound
from moderation.processes import Lookout, note_process
from moderation.remote.asking import Asker
from moderation.remote.services import make_asker
from moderation.settings import Settings
from workers.leaving import leave, queues_of

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
    services: OperatorServices
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
        services=OperatorServices(found.apprise_urls),
        asker=make_asker(found),
        lookout=Lookout(database, found.log_level),
        slow_lane=SlowLane(found.deliver_threads),
    )
