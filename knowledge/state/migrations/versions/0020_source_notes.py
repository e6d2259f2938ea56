"""What a source noted of the version of a document that was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("document", sa.Column("note", sa.Text))


def downgrade() -> None:
    """Take back."""
    op.drop_column("document", "note")
