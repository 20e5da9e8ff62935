"""Decisions by a link in a message: no key made them, an endpoint's message did.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("decisions") as decisions:
        decisions.alter_column("key_id", existing_type=sa.String(length=32), nullable=True)
        decisions.add_column(sa.Column("endpoint_id", sa.String(length=32), nullable=True))
        decisions.create_foreign_key("decisions_endpoint_id_fkey", "endpoints", ["endpoint_id"], ["id"])


def downgrade() -> None:
    # The release before knows of no decision without a key: what such decisions did stays, that they were made goes.
    of_links = "(SELECT id FROM decisions WHERE key_id IS NULL)"
    op.execute(f"UPDATE events SET decision_id = NULL WHERE decision_id IN {of_links}")  # noqa: S608 - no input
    op.execute("DELETE FROM decisions WHERE key_id IS NULL")
    with op.batch_alter_table("decisions") as decisions:
        decisions.drop_constraint("decisions_endpoint_id_fkey", type_="foreignkey")
        decisions.drop_column("endpoint_id")
        decisions.alter_column("key_id", existing_type=sa.String(length=32), nullable=False)
