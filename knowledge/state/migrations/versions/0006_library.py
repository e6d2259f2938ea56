"""Sources with the options of their kind, that can be paused, and with leases on reading them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_source = sa.table(
    "source",
    sa.column("id", sa.String),
    sa.column("kind", sa.String),
    sa.column("include", sa.JSON),
    sa.column("exclude", sa.JSON),
    sa.column("base_url", sa.Text),
    sa.column("options", sa.JSON),
)
_OF_KIND = {"folder": ("include", "exclude", "base_url"), "file": ("base_url",)}


def upgrade() -> None:
    """Apply."""
    op.add_column("source", sa.Column("options", sa.JSON, nullable=False, server_default="{}"))
    op.add_column(
        "source", sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false())
    )
    db = op.get_bind()
    for row in db.execute(sa.select(_source)).all():
        values = {name: getattr(row, name) for name in _OF_KIND.get(row.kind, ())}
        kept = {name: value for name, value in values.items() if value}
        db.execute(sa.update(_source).where(_source.c.id == row.id).values(options=kept))
    with op.batch_alter_table("source") as source:
        for name in ("include", "exclude", "base_url"):
            source.drop_column(name)
    op.create_table(
        "source_lease",
        sa.Column("source_id", sa.String(40), primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("source_lease")
    for name, column_type, default in (
        ("include", sa.JSON, "[]"),
        ("exclude", sa.JSON, "[]"),
        ("base_url", sa.Text, ""),
    ):
        op.add_column(
            "source", sa.Column(name, column_type, nullable=False, server_default=default)
        )
    db = op.get_bind()
    for row in db.execute(sa.select(_source)).all():
        known = {name: row.options[name] for name in _OF_KIND["folder"] if name in row.options}
        if known:
            db.execute(sa.update(_source).where(_source.c.id == row.id).values(known))
    with op.batch_alter_table("source") as source:
        source.drop_column("options")
        source.drop_column("is_paused")
