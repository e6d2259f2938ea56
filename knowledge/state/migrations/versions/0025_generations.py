"""Generations of the index: which one answers, and what changes while another is built."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    generation = op.create_table(
        "index_generation",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.String(20), nullable=False),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("embedder", sa.Text, nullable=False),
        sa.Column("embedder_name", sa.Text, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("begun_at", moment, nullable=False),
        sa.Column("left_at", moment),
        sa.Column("gate", sa.String(32)),
        sa.Column("gate_until", moment),
    )
    op.create_table(
        "index_change",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("document", sa.Text),
    )
    # Where the one that there is lies is known to whoever opens it next.
    known = sa.table("index_embedder", sa.column("name"), sa.column("dimension"))
    row = op.get_bind().execute(sa.select(known)).one_or_none()
    if row is not None:
        first = {
            "number": 1,
            "place": "",
            "layout": "",
            "embedder": "",
            "embedder_name": row.name,
            "dimension": row.dimension,
            "state": "current",
            "begun_at": datetime.now(UTC),
        }
        op.bulk_insert(generation, [first])
    op.drop_table("index_embedder")


def downgrade() -> None:
    """Take back; the index then counts as made by the embedder that is set."""
    op.drop_table("index_change")
    op.drop_table("index_generation")
    op.create_table(
        "index_embedder",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
    )
