"""What all tables of the state share: their register, moments in UTC, and how a row is entered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

metadata = sa.MetaData()
"""Every table of the state; Alembic's migrations lead to the same."""


class Moment(sa.TypeDecorator[datetime]):
    """A moment with its time zone, which SQLite does not keep: all are stored in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: sa.engine.Dialect
    ) -> datetime | None:
        """As it is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self, value: datetime | None, dialect: sa.engine.Dialect
    ) -> datetime | None:
        """As it is read."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def insert(db: AsyncEngine | AsyncConnection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say, with ``on_conflict_do_…``, what becomes of a row that is there."""
    if db.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(
    db: AsyncEngine | AsyncConnection, table: sa.Table, *, keep: Collection[str] = ()
) -> sqlite.Insert | postgresql.Insert:
    """An insert that replaces a row with the same primary key, but for the columns in ``keep``."""
    entry = insert(db, table)
    key = list(table.primary_key)
    changed = [each for each in table.columns if each not in key and each.name not in keep]
    replacing: sqlite.Insert | postgresql.Insert = entry.on_conflict_do_update(
        index_elements=key, set_={each.name: entry.excluded[each.name] for each in changed}
    )
    return replacing
