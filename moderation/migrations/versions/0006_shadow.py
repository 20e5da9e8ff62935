"""What a verdict would be if what is tried out had a say.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PARTS = (
    ("verdicts_shadow", ["action", "shadow_action"], "shadow_action IS NOT NULL"),
    ("verdicts_differing", ["comment_id", "action", "shadow_action"], "shadow_action != action"),
)


def upgrade() -> None:
    op.add_column("verdicts", sa.Column("shadow_action", sa.String(length=16), nullable=True))
    op.add_column("verdicts", sa.Column("shadow_score", sa.Float(), nullable=True))
    op.add_column("verdicts", sa.Column("shadow_model", sa.String(length=64), nullable=True))
    for name, columns, where in _PARTS:
        op.create_index(name, "verdicts", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, _, _ in _PARTS:
        op.drop_index(name, table_name="verdicts")
    with op.batch_alter_table("verdicts") as verdicts:
        for column in ("shadow_model", "shadow_score", "shadow_action"):
            verdicts.drop_column(column)
