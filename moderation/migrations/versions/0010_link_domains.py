"""Where judged comments link to.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_domains",
        sa.Column("domain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("comment_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("domain", "comment_id"),
    )
    op.create_index("link_domains_by_comment", "link_domains", ["comment_id"], unique=False)


def downgrade() -> None:
    op.drop_table("link_domains")
