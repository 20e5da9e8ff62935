"""One sender per endpoint at a time, endpoints that are left alone while they fail, rotation, replay.

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

from moderation.migrations.large_indexes import DELIVERIES_BY_SITE, DELIVERIES_FINISHED, DELIVERIES_OWED

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_MOMENTS = ("rotated_at", "leased_until", "rung_until", "failing_since", "rests_until", "tripped_at")


def upgrade() -> None:
    for name in _MOMENTS:
        op.add_column("endpoints", sa.Column(name, MOMENT, nullable=True))
    op.add_column("endpoints", sa.Column("lease", sa.String(length=32), nullable=True))
    op.add_column("endpoints", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("endpoints", sa.Column("attempts_made", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "UPDATE endpoints SET attempts_made = (SELECT count(*) FROM attempts JOIN deliveries "
        "ON deliveries.id = attempts.delivery_id WHERE deliveries.endpoint_id = endpoints.id)"
    )
    op.add_column("deliveries", sa.Column("replayed_at", MOMENT, nullable=True))
    op.add_column("deliveries", sa.Column("attempts_before", sa.Integer(), server_default="0", nullable=False))
    for index in (DELIVERIES_OWED, DELIVERIES_BY_SITE, DELIVERIES_FINISHED):
        op.execute(index.statement())


def downgrade() -> None:
    op.execute("UPDATE deliveries SET state = 'dead' WHERE state = 'dropped'")
    for name in ("deliveries_finished", "deliveries_by_site", "deliveries_owed_by_endpoint"):
        op.drop_index(name, table_name="deliveries")
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_column("attempts_before")
        deliveries.drop_column("replayed_at")
    with op.batch_alter_table("endpoints") as endpoints:
        for name in ("attempts_made", "failures", "lease", *_MOMENTS):
            endpoints.drop_column(name)
