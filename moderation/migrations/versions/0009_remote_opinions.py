"""Questions to services outside, how those are doing, and what was asked of them.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "remote_questions",
        sa.Column("comment_id", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("signals", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("comment_id", "service"),
    )
    op.create_index(
        "remote_questions_owed",
        "remote_questions",
        ["service", "due_at"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index("remote_questions_by_age", "remote_questions", ["asked_at"], unique=False)
    op.create_table(
        "remote_services",
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("pause_seconds", sa.Float(), nullable=False),
        sa.Column("open_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("service"),
    )
    op.create_table(
        "remote_budgets",
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("site_id", "service"),
    )
    op.create_table(
        "remote_outcomes",
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("questions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service", "outcome"),
    )


def downgrade() -> None:
    for name in ("remote_outcomes", "remote_budgets", "remote_services", "remote_questions"):
        op.drop_table(name)
