"""Who may post, and by which policy: looked up for all that ask at the same moment, in one session.

The first thing that is asked of the database for a comment; `intake` is the second and last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from moderation.abreast import Asked, ask
from moderation.clock import utc_now
from moderation.db import Database
from moderation.floods import tightened
from moderation.identity import Keyed
from moderation.keys import Caller, Kind, find_callers
from moderation.policy import Policy
from moderation.sites import policies_of


@dataclass(frozen=True, slots=True)
class Admission:
    """Someone with a valid key, the policy of the site that it is of (the default where it is of several), and more."""

    caller: Caller
    policy: Policy
    # Whether it is a public form of a site that is flooded: those are asked for more.
    is_in_flood: bool


class Admissions:
    """Looks them up. Making one connects to nothing."""

    def __init__(self, database: Database, keyed: Keyed) -> None:
        self._database = database
        self._keyed = keyed

    def of(self, token: str) -> Admission | None:
        """Return what there is for the holder of this token, None when nobody holds it (any more)."""
        found: Admission | None = ask(self._look_up, token)
        return found

    def _look_up(self, asked: Sequence[Asked]) -> None:
        try:
            found = self._find({one.what for one in asked})
        except Exception as error:  # noqa: BLE001 - it is raised where each of them asked
            for one in asked:
                one.error = error
            return
        for one in asked:
            one.result = found.get(one.what)

    def _find(self, tokens: set[str]) -> dict[str, Admission]:
        now = utc_now()
        with self._database.look() as session:
            callers = find_callers(session, self._keyed, tokens, now)
            policies = policies_of(session, {_site_of(one) for one in callers.values()})
            forms = {_site_of(one) for one in callers.values() if one.kind is Kind.PUBLIC}
            flooded = tightened(session, [site for site in forms if policies[site].rules.tighten_in_floods], now)
        return {
            token: Admission(one, policies[_site_of(one)], one.kind is Kind.PUBLIC and _site_of(one) in flooded)
            for token, one in callers.items()
        }


def _site_of(caller: Caller) -> str:
    """Return the one site of a caller; nothing for one who has several, and may not post."""
    return next(iter(caller.site_ids)) if caller.site_ids is not None and len(caller.site_ids) == 1 else ""
