"""Whether a form showed the work that it was asked for.

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("comments", sa.Column("has_worked", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("comments") as comments:
        comments.drop_column("has_worked")
