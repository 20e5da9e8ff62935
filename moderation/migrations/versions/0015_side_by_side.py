"""A default for what the release before does not write: both write while one is replaced by the other.

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("site_models") as site_models:
        site_models.alter_column("learned_until", existing_type=MOMENT, server_default=sa.func.now())


def downgrade() -> None:
    with op.batch_alter_table("site_models") as site_models:
        site_models.alter_column("learned_until", existing_type=MOMENT, server_default=None)
