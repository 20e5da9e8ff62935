"""Events about no comment, and sites that are flooded.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("events") as events:
        events.alter_column("comment_id", existing_type=sa.String(length=32), nullable=True)
        events.add_column(sa.Column("data", JSON, nullable=True))
    op.create_table(
        "site_states",
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("tightened_at", MOMENT, nullable=True),
        sa.Column("tightened_until", MOMENT, nullable=True),
        sa.Column("usual", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.PrimaryKeyConstraint("site_id"),
    )


def downgrade() -> None:
    op.drop_table("site_states")
    op.execute(
        "DELETE FROM attempts WHERE delivery_id IN "
        "(SELECT deliveries.id FROM deliveries JOIN events ON events.id = event_id WHERE comment_id IS NULL)"
    )
    op.execute("DELETE FROM deliveries WHERE event_id IN (SELECT id FROM events WHERE comment_id IS NULL)")
    op.execute("DELETE FROM events WHERE comment_id IS NULL")
    with op.batch_alter_table("events") as events:
        events.drop_column("data")
        events.alter_column("comment_id", existing_type=sa.String(length=32), nullable=False)
