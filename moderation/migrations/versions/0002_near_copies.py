"""What near-copies are found by, and the campaign that a comment belongs to.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("comments", sa.Column("campaign_id", sa.String(length=32), nullable=True))
    op.create_index(
        "comments_by_campaign",
        "comments",
        ["site_id", "campaign_id", "id"],
        unique=False,
        sqlite_where=sa.text("campaign_id IS NOT NULL"),
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_table(
        "text_sketches",
        sa.Column("comment_id", sa.String(length=32), nullable=False),
        sa.Column("sketch", sa.LargeBinary(length=72), nullable=False),
        sa.Column("kept_until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("comment_id"),
    )
    op.create_index(
        "text_sketches_overdue",
        "text_sketches",
        ["kept_until"],
        unique=False,
        sqlite_where=sa.text("kept_until IS NOT NULL"),
        postgresql_where=sa.text("kept_until IS NOT NULL"),
    )
    op.create_table(
        "text_bands",
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("comment_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("band", "comment_id"),
    )
    op.create_index("text_bands_by_comment", "text_bands", ["comment_id"], unique=False)


def downgrade() -> None:
    op.drop_table("text_bands")
    op.drop_table("text_sketches")
    op.drop_index("comments_by_campaign", table_name="comments")
    with op.batch_alter_table("comments") as comments:
        comments.drop_column("campaign_id")
