"""Going back to a version of a site's model, and erasing an author.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_OWING = sa.text("relearn_done < relearn_asked")


def upgrade() -> None:
    op.add_column("comments", sa.Column("erased_at", MOMENT, nullable=True))
    op.add_column("sites", sa.Column("is_learning", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("sites", sa.Column("learns_after", sa.String(length=32), nullable=True))
    op.add_column("sites", sa.Column("relearn_asked", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sites", sa.Column("relearn_done", sa.Integer(), server_default="0", nullable=False))
    op.create_index("sites_owing", "sites", ["id"], sqlite_where=_OWING, postgresql_where=_OWING)
    op.add_column("site_models", sa.Column("copy_of", sa.Integer(), nullable=True))
    op.add_column("site_models", sa.Column("learned_until", MOMENT, nullable=True))
    op.execute("UPDATE site_models SET learned_until = created_at")
    with op.batch_alter_table("site_models") as site_models:
        site_models.alter_column("learned_until", existing_type=MOMENT, nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("site_models") as site_models:
        site_models.drop_column("learned_until")
        site_models.drop_column("copy_of")
    op.drop_index("sites_owing", table_name="sites")
    with op.batch_alter_table("sites") as sites:
        for column in ("relearn_done", "relearn_asked", "learns_after", "is_learning"):
            sites.drop_column(column)
    with op.batch_alter_table("comments") as comments:
        comments.drop_column("erased_at")
