"""Take over word lists that other systems keep a line each: WordPress's disallowed comment keys, public blocklists."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from moderation.errors import ModerationError
from moderation.policy import MAX_WORD_LENGTH, MAX_WORDS
from moderation.sites import policies_of, set_policy
from moderation.tables import Site
from moderation.wordlists import is_usable


@dataclass(frozen=True, slots=True)
class Imported:
    """The policy's version since, and how many lines were added, known already, or could match nothing."""

    version: int
    added: int
    known: int
    unusable: int


def import_words(
    session: Session, site_id: str, lines: Sequence[str], which: str, now: datetime, *, is_within_words: bool = False
) -> Imported:
    """Add the lines to the site's list `which` (`words_hold`, `words_spam`) as its policy's next version.

    Blank lines don't count. `is_within_words` puts stars around each. Raises ModerationError where the list would be
    longer than a policy may have; then nothing is added.
    """
    # One at a time, so that two at once make two versions.
    session.get(Site, site_id, with_for_update={"key_share": True})
    policy = policies_of(session, [site_id])[site_id]
    before: tuple[str, ...] = getattr(policy, which)
    written = [line.strip() for line in lines if line.strip()]
    usable = [line for line in written if len(line) < MAX_WORD_LENGTH - 1 and "\0" not in line and is_usable(line)]
    wanted = dict.fromkeys(_starred(line) if is_within_words else line for line in usable)
    already = set(before)
    added = [entry for entry in wanted if entry not in already]
    if len(before) + len(added) > MAX_WORDS:
        raise ModerationError(f"the list would have {len(before) + len(added):,} entries; a policy takes {MAX_WORDS:,}")
    version = policy.version
    if added:
        lists: dict[str, Any] = {which: (*before, *added)}
        version = set_policy(session, site_id, replace(policy, **lists), now).version
    return Imported(version, len(added), len(usable) - len(added), len(written) - len(usable))


def _starred(line: str) -> str:
    return f"*{line.strip('*')}*"
