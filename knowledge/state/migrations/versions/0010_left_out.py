"""What of each document was not read, and how many files of other kinds lay beside them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("document", sa.Column("left_out", sa.JSON, nullable=False, server_default="[]"))
    for name in ("left_out", "others"):
        op.add_column("run", sa.Column(name, sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take back."""
    op.drop_column("document", "left_out")
    for name in ("left_out", "others"):
        op.drop_column("run", name)
