"""Wordings that people gave, for a voice to learn from, and blind comparisons of voices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "wording",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("voice", sa.String(40), nullable=False),
        sa.Column("answer", sa.String(32)),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("plain", sa.Text, nullable=False),
        sa.Column("voiced", sa.Text, nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_wording_voice", "wording", ["voice"])
    op.create_table(
        "blind_choice",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("first", sa.String(60), nullable=False),
        sa.Column("second", sa.String(60), nullable=False),
        sa.Column("choice", sa.String(8)),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
    )
    for name, kind in (("source", sa.Text), ("voice", sa.String(40))):
        op.add_column("draft", sa.Column(name, kind, nullable=False, server_default=""))


def downgrade() -> None:
    """Take back."""
    op.drop_column("draft", "voice")
    op.drop_column("draft", "source")
    op.drop_table("blind_choice")
    op.drop_table("wording")
