"""Answers that no longer hold, messages that wait to be posted, and where answers were given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "recall",
        sa.Column("trace_id", sa.String(32), primary_key=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(12)),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("platform", sa.String(20), nullable=False),
        sa.Column("place", sa.JSON, nullable=False),
        sa.Column("body", sa.JSON),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(12)),
    )
    op.create_table(
        "measure",
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("documents", sa.Integer, nullable=False),
        sa.Column("gaps", sa.Integer, nullable=False),
    )
    op.add_column("inbox", sa.Column("place", sa.JSON))


def downgrade() -> None:
    """Take back."""
    op.drop_column("inbox", "place")
    op.drop_table("measure")
    op.drop_table("outbox")
    op.drop_table("recall")
