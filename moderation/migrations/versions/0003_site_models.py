"""What a site's own model learned, version by version, and which decisions are still to be learned.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "site_models",
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.PrimaryKeyConstraint("site_id", "version"),
    )
    # What was decided before is learned too: the first sweep finds it.
    op.add_column("decisions", sa.Column("learned_at", MOMENT, nullable=True))
    op.create_index(
        "decisions_owed",
        "decisions",
        ["site_id", "id"],
        unique=False,
        sqlite_where=sa.text("learned_at IS NULL"),
        postgresql_where=sa.text("learned_at IS NULL"),
    )
    op.create_index("decisions_by_action", "decisions", ["site_id", "action", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("decisions_by_action", table_name="decisions")
    op.drop_index("decisions_owed", table_name="decisions")
    with op.batch_alter_table("decisions") as decisions:
        decisions.drop_column("learned_at")
    op.drop_table("site_models")
