"""The state of a database server as a SQLite file, and the way back: for backups, and for moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.errors import UsageError
from knowledge.state.database import open_database

_ROWS = 500
"""At a time."""
_VERSION = "alembic_version"
_Result = TypeVar("_Result")


def copy_out(url: str, file: Path, meanwhile: Callable[[], _Result]) -> _Result:
    """Write the state at ``url`` into a new SQLite file, all of it as of one moment.

    ``meanwhile``: called once that moment has come. Raises :class:`UsageError`, and
    :class:`knowledge.errors.StateError` where a database cannot be opened.
    """

    async def copy() -> _Result:
        async with _connected(url, "REPEATABLE READ") as server:
            await server.execute(sa.select(1))  # from here on it stands
            done = meanwhile()
            async with _connected(f"sqlite:///{file}") as here:
                await _copy(server, here)
                await here.commit()
        return done

    return _run(copy())


def copy_in(file: Path, url: str, meanwhile: Callable[[], None]) -> None:
    """Bring the state in a SQLite file, which is brought to the newest schema, to ``url``.

    ``meanwhile``: called before it can be seen there; if that fails, nothing is. Raises
    :class:`UsageError` where something is kept there already, and
    :class:`knowledge.errors.StateError`.
    """

    async def copy() -> None:
        async with _connected(f"sqlite:///{file}") as here, _connected(url) as server:
            if (kept := await _first_kept(server)) is not None:
                raise UsageError(
                    f"The database of DATABASE_URL has data in it (in the table {kept}), which "
                    "would be overwritten: name an empty one."
                )
            await _copy(here, server)
            await _count_on(server)
            meanwhile()
            await server.commit()

    _run(copy())


def _run(copying: Coroutine[Any, Any, _Result]) -> _Result:
    with ThreadPoolExecutor(1) as thread:  # whoever calls may have a loop already
        try:
            return thread.submit(asyncio.run, copying).result()
        except SQLAlchemyError as error:
            words = str(getattr(error, "orig", None) or error).split("\n")[0]
            raise UsageError(f"The state cannot be copied: {words}") from error


@asynccontextmanager
async def _connected(url: str, isolation: str | None = None) -> AsyncIterator[AsyncConnection]:
    """To a database of the newest schema; JSON is handed on as it stands there."""
    opened = await open_database(url)
    await opened.dispose()
    engine = create_async_engine(
        opened.url, json_serializer=_as_it_is, json_deserializer=_as_it_is, hide_parameters=True
    )
    try:
        async with engine.connect() as connection:
            if isolation is not None:
                connection = await connection.execution_options(isolation_level=isolation)
            yield connection
    finally:
        await engine.dispose()


def _as_it_is(text: Any) -> Any:
    return text


async def _tables(db: AsyncConnection) -> dict[str, sa.Table]:
    """All that hold something of ours, those that others lean on first."""
    found = sa.MetaData()
    await db.run_sync(found.reflect)
    return {each.name: each for each in found.sorted_tables if each.name != _VERSION}


async def _copy(source: AsyncConnection, target: AsyncConnection) -> None:
    theirs, ours = await _tables(source), await _tables(target)
    for name, table in ours.items():
        rows = await source.stream(sa.select(theirs[name]))
        async for some in rows.mappings().partitions(_ROWS):
            await target.execute(sa.insert(table), [_fitting(table, each) for each in some])


def _fitting(table: sa.Table, row: Any) -> dict[str, Any]:
    return {column.name: _moment(column, row[column.name]) for column in table.columns}


def _moment(column: sa.Column[Any], value: Any) -> Any:
    """SQLite keeps moments in UTC without saying so."""
    if not isinstance(value, datetime):
        return value
    with_zone = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return with_zone if getattr(column.type, "timezone", False) else with_zone.replace(tzinfo=None)


async def _first_kept(server: AsyncConnection) -> str | None:
    """The name of a table that has something; a new database has nothing in any."""
    for name, table in (await _tables(server)).items():
        one = sa.select(sa.literal(1)).select_from(table).limit(1)
        if (await server.execute(one)).first() is not None:
            return name
    return None


async def _count_on(server: AsyncConnection) -> None:
    """Let numbers that the server gives go on behind those that came along."""
    for table in (await _tables(server)).values():
        for column in _numbered(table.primary_key.columns):
            await server.execute(
                sa.select(
                    sa.func.setval(
                        sa.func.pg_get_serial_sequence(table.name, column.name),
                        sa.func.coalesce(sa.func.max(column), 1),
                        sa.func.max(column).is_not(None),
                    )
                )
            )


def _numbered(columns: Iterable[sa.Column[Any]]) -> list[sa.Column[Any]]:
    return [each for each in columns if "nextval" in str(getattr(each.server_default, "arg", ""))]
