"""An index of what waits, by site: no site's comments wait for those of another (`shares`).

Revision: 0024, after 0023.
"""

from alembic import op

from moderation.migrations.large_indexes import COMMENTS_WAITING

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(COMMENTS_WAITING.statement())


def downgrade() -> None:
    op.drop_index("comments_waiting", table_name="comments")
