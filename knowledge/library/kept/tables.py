"""The catalog's tables: sources, their documents, and the runs that read them."""

from __future__ import annotations

import sqlalchemy as sa

from knowledge.state.tables import Moment, metadata

source = sa.Table(
    "source",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("location", sa.Text, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("access", sa.JSON, nullable=False),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column("schedule", sa.String(120), nullable=False, server_default=""),
    sa.Column("added_at", Moment, nullable=False),
    sa.Column("added_by", sa.Text, nullable=False, server_default=""),
)

document = sa.Table(
    "document",
    metadata,
    sa.Column("source_id", sa.String(40), primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.String(96), nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("valid_until", sa.Date),
    sa.Column("language", sa.String(8)),
    sa.Column("passages", sa.Integer, nullable=False),
    sa.Column("left_out", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("limits", sa.JSON(none_as_null=True)),
    sa.Column("characters", sa.Integer),
    sa.Column("access", sa.JSON(none_as_null=True)),
    sa.Column("marks", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("ingested_at", Moment, nullable=False),
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source_id", sa.String(40), nullable=False, index=True),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    sa.Column("added", sa.Integer, nullable=False, default=0),
    sa.Column("changed", sa.Integer, nullable=False, default=0),
    sa.Column("removed", sa.Integer, nullable=False, default=0),
    sa.Column("unchanged", sa.Integer, nullable=False, default=0),
    sa.Column("skipped", sa.JSON, nullable=False),
    sa.Column("left_out", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("others", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("error", sa.Text),
    sa.Column("state", sa.String(12), nullable=False, server_default="open"),
    sa.Column("quarantined", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("held", sa.JSON, nullable=False, server_default="[]"),
)
