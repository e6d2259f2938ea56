"""When voices were last looked at, and trained, by the schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "voice_training",
        sa.Column("voice", sa.String(40), primary_key=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("voice_training")
