"""Endpoints that asked for all events there were hear of those that came later too.

So do those for moderators, whose list was that of their release. One of `comment.held` alone stays: somebody may have
wanted no more. Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
ENDPOINTS = sa.table("endpoints", sa.column("id", sa.String), sa.column("events", JSON))
ALL = "*"
SITE = ["site.tightened", "site.relaxed"]
ENDPOINT = ["endpoint.disabled", "endpoint.recovered"]
COMMENTS = ["comment.approved", "comment.held", "comment.spam", "comment.rejected"]
EVERYTHING = [*COMMENTS, *SITE, *ENDPOINT, "queue.waiting"]
MODERATORS = ["comment.held", "queue.waiting", *SITE, *ENDPOINT]
# What earlier releases had in all, and for moderators where nobody said otherwise. The very first knew events of
# comments alone, and a website wants no more of them.
BECOMES = [
    (set(COMMENTS + SITE), [ALL, *EVERYTHING]),
    (set(COMMENTS + SITE + ENDPOINT), [ALL, *EVERYTHING]),
    (set(EVERYTHING), [ALL, *EVERYTHING]),
    ({"comment.held", *SITE}, MODERATORS),
    ({"comment.held", *SITE, *ENDPOINT}, MODERATORS),
]


def upgrade() -> None:
    for endpoint_id, events in _all():
        wanted = next((becomes for earlier, becomes in BECOMES if set(events) == earlier), None)
        if wanted is not None:
            _change(endpoint_id, wanted)


def downgrade() -> None:
    for endpoint_id, events in _all():
        if ALL in events:
            _change(endpoint_id, [one for one in events if one != ALL])


def _all() -> list[sa.Row[tuple[str, list[str]]]]:
    return list(op.get_bind().execute(sa.select(ENDPOINTS.c.id, ENDPOINTS.c.events)).all())


def _change(endpoint_id: str, events: list[str]) -> None:
    op.get_bind().execute(sa.update(ENDPOINTS).where(ENDPOINTS.c.id == endpoint_id).values(events=events))
