"""What the routes stand on, made once per application and found through it."""

from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from api.doorbell import Doorbell
from moderation.admission import Admissions
from moderation.db import Database
from moderation.identity import Keyed
from moderation.key_use import KeyUse
from moderation.limiting.shared import Limiter
from moderation.list_cache import ListCache
from moderation.outbound import Outbound
from moderation.replica import Replica
from moderation.settings import Settings
from moderation.tallies import Notes

_NAME = "moderation"


@dataclass(frozen=True, slots=True)
class Resources:
    """Connections and keys of one application."""

    settings: Settings
    database: Database
    keyed: Keyed
    admissions: Admissions
    outbound: Outbound
    doorbell: Doorbell
    limiter: Limiter
    key_use: KeyUse
    notes: Notes
    lists: ListCache
    # Whatever only lists reads from it; what decides, or reads one comment, asks the database.
    replica: Replica
    # What this process has warned of, and need not again.
    warned: set[str] = field(default_factory=set)

    @property
    def base_url(self) -> str:
        """The address under which clients reach the service, without a slash at the end."""
        return self.settings.effective_base_url


def resources() -> Resources:
    """Return the resources of the application that answers this request."""
    return cast("Resources", current_app.extensions[_NAME])
