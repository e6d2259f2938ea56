"""Files that came along with questions: which are kept, and since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attachment",
        sa.Column("conversation", sa.String(200), primary_key=True),
        sa.Column("document", sa.String(200), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_attachment_read_at", "attachment", ["read_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("attachment")
