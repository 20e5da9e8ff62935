"""How often what readers are shown of a post has changed, and an index of what they are shown.

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

from moderation.migrations.large_indexes import COMMENTS_SHOWN

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "post_versions",
        sa.Column("site_id", sa.String(length=32), nullable=False),
        sa.Column("post_id", sa.String(length=200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"]),
        sa.PrimaryKeyConstraint("site_id", "post_id"),
    )
    op.execute(COMMENTS_SHOWN.statement())


def downgrade() -> None:
    op.drop_index("comments_shown", table_name="comments")
    op.drop_table("post_versions")
