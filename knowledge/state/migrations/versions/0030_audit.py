"""Who changed which source, when each is read, and what narrows the access of a document."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(12)),
    )
    op.create_index("ix_audit_source", "audit", ["source"])
    op.add_column(
        "source", sa.Column("schedule", sa.String(120), nullable=False, server_default="")
    )
    op.add_column("document", sa.Column("limits", sa.JSON))


def downgrade() -> None:
    """Take back."""
    op.drop_column("document", "limits")
    op.drop_column("source", "schedule")
    op.drop_table("audit")
