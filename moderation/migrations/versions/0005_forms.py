"""How a comment's form was filled in.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("comments", sa.Column("form_seconds", sa.Float(), nullable=True))
    op.add_column("comments", sa.Column("form_problem", sa.String(length=16), nullable=True))
    op.add_column("comments", sa.Column("is_trapped", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("comments") as comments:
        for name in ("is_trapped", "form_problem", "form_seconds"):
            comments.drop_column(name)
