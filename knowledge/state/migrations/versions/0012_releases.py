"""Runs as releases: what is built aside, what waits, what can be brought back, and what is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0025"
branch_labels = None
depends_on = None

_ENDED = "UPDATE run SET state = 'done' WHERE finished_at IS NOT NULL"
_NEW_TABLES = (
    "work_item",
    "kept_version",
    "reading_task",
    "source_measure",
    "golden_question",
    "notice",
)


def upgrade() -> None:
    """Apply."""
    op.add_column("source", sa.Column("added_by", sa.Text, nullable=False, server_default=""))
    op.add_column("document", sa.Column("characters", sa.Integer))
    op.add_column("document", sa.Column("access", sa.JSON))
    op.add_column("document", sa.Column("marks", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("run", sa.Column("state", sa.String(12), nullable=False, server_default="open"))
    op.execute(_ENDED)
    op.add_column("run", sa.Column("quarantined", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("run", sa.Column("held", sa.JSON, nullable=False, server_default="[]"))
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "work_item",
        sa.Column("source_id", sa.String(40), primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("version", sa.String(96), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("record", sa.JSON),
        sa.Column("passages", sa.LargeBinary),
        sa.Column("vectors", sa.LargeBinary),
        sa.Column("changed_at", moment, nullable=False),
    )
    op.create_table(
        "kept_version",
        sa.Column("source_id", sa.String(40), primary_key=True),
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("embedder", sa.Text, nullable=False),
        sa.Column("record", sa.JSON),
        sa.Column("passages", sa.LargeBinary),
        sa.Column("vectors", sa.LargeBinary),
    )
    op.create_table(
        "reading_task",
        sa.Column("source_id", sa.String(40), primary_key=True),
        sa.Column("night", moment, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("failed_nights", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_table(
        "source_measure",
        sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source_id", sa.String(40), nullable=False, index=True),
        sa.Column("measured_at", moment, nullable=False),
        sa.Column("newest_at", moment),
        sa.Column("documents", sa.Integer, nullable=False),
        sa.Column("passages", sa.Integer, nullable=False),
        sa.Column("characters", sa.Integer, nullable=False),
        sa.Column("duplicates", sa.Float, nullable=False),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("drift", sa.Float, nullable=False),
    )
    op.create_table(
        "golden_question",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("source_id", sa.String(40), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("added_at", moment, nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("raised_at", moment, nullable=False),
        sa.Column("delivered_at", moment),
    )


def downgrade() -> None:
    """Take back."""
    for name in _NEW_TABLES:
        op.drop_table(name)
    for name in ("state", "quarantined", "held"):
        op.drop_column("run", name)
    for name in ("characters", "access", "marks"):
        op.drop_column("document", name)
    op.drop_column("source", "added_by")
