"""Indexes for what an author, an address and a site did lately.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("comments_by_author", "comments", ["site_id", "email_token", "received_at"], unique=False)
    op.create_index(
        "comments_by_ip",
        "comments",
        ["site_id", "ip", "received_at"],
        unique=False,
        sqlite_where=sa.text("ip IS NOT NULL"),
        postgresql_where=sa.text("ip IS NOT NULL"),
    )
    op.create_index("comments_by_arrival", "comments", ["site_id", "received_at"], unique=False)


def downgrade() -> None:
    for name in ("comments_by_arrival", "comments_by_ip", "comments_by_author"):
        op.drop_index(name, table_name="comments")
