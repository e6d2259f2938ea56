"""Who was told of a wording, and where notices stand whose buttons wait for a decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("wording", sa.Column("told_at", sa.DateTime(timezone=True)))
    op.add_column("outbox", sa.Column("shown", sa.JSON))


def downgrade() -> None:
    """Take back."""
    op.drop_column("outbox", "shown")
    op.drop_column("wording", "told_at")
