"""What is counted, and indexes by which what waits is found however much is stored.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from moderation.migrations.large_indexes import COMMENTS_HELD, DELIVERIES_DEAD

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "totals",
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    for index in (COMMENTS_HELD, DELIVERIES_DEAD):
        op.execute(index.statement())
    op.drop_index("verdicts_shadow", table_name="verdicts")


def downgrade() -> None:
    shadowed = sa.text("shadow_action IS NOT NULL")
    op.create_index(
        "verdicts_shadow",
        "verdicts",
        ["action", "shadow_action"],
        sqlite_where=shadowed,
        postgresql_where=shadowed,
    )
    op.drop_index("deliveries_dead", table_name="deliveries")
    op.drop_index("comments_held", table_name="comments")
    op.drop_table("totals")
    op.drop_table("tallies")
