"""What endpoints want to hear of comments and when, digests, and reminders of what has been held for long.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

from moderation.migrations.large_indexes import DELIVERIES_TOGETHER

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("endpoints", sa.Column("min_score", sa.Float(), nullable=True))
    op.add_column("endpoints", sa.Column("languages", JSON, nullable=True))
    op.add_column("endpoints", sa.Column("quiet_hours", JSON, nullable=True))
    op.add_column("endpoints", sa.Column("burst", sa.Integer(), nullable=True))
    op.add_column("deliveries", sa.Column("told_in", sa.String(length=32), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(DELIVERIES_TOGETHER.statement())
    op.add_column("site_states", sa.Column("reminded_at", MOMENT, nullable=True))
    op.add_column("site_states", sa.Column("reminders", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("site_states") as site_states:
        site_states.drop_column("reminders")
        site_states.drop_column("reminded_at")
    op.drop_index("deliveries_told_together", table_name="deliveries")
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_column("told_in")
    with op.batch_alter_table("endpoints") as endpoints:
        for name in ("burst", "quiet_hours", "languages", "min_score"):
            endpoints.drop_column(name)
