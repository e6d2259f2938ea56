"""The database of the bot's state: an engine that behaves, and its schema brought up to date."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from knowledge.errors import StateError, remedy

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 0x486F757365  # any number that no other program locks in this database

BUSY_SECONDS = 15
"""How long a writer waits for another's transaction."""
IDLE_SECONDS = 1.0
"""After which a connection is asked whether its server is still there, before it is used. Asking
each time, as ``pool_pre_ping`` does, is half of all that is sent while many ask."""
_WAL_PAUSE_SECONDS = 0.1
_WAL_ATTEMPTS = int(BUSY_SECONDS / _WAL_PAUSE_SECONDS)


async def open_database(url: str) -> AsyncEngine:
    """Connect and migrate to the newest schema.

    ``url``: ``sqlite:///path`` or ``postgresql://…``; drivers are chosen here. Raises
    :class:`StateError` when the URL is malformed, or the database cannot be reached or
    belongs to a newer version.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose words would hold the password
        raise StateError(
            "DATABASE_URL is not a database URL such as postgresql://user:password@host/name."
        ) from None
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    backend = parsed.get_backend_name()
    if backend not in drivers:
        raise StateError(
            f"DATABASE_URL is for '{backend}', but the state is kept in SQLite or PostgreSQL: "
            "write sqlite:///path or "
            "postgresql://user:password@host/name."
        )
    parsed = parsed.set(drivername=drivers[backend])
    try:
        engine = create_async_engine(
            parsed,
            hide_parameters=True,  # they are people's words, and errors go to the log
        )
    except ModuleNotFoundError as error:
        raise StateError(
            f"The driver {error.name} is missing: pip install 'housevoice[postgres]'."
        ) from error
    if backend == "sqlite":
        open_file(parsed.database)
        sa.event.listen(engine.sync_engine, "connect", _sqlite_pragmas)
    else:
        _ping_what_lay_idle(engine.sync_engine)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    except (SQLAlchemyError, OSError, CommandError, TypeError, ValueError) as error:
        await engine.dispose()
        # Never the URL itself: a password may stand in its query too.
        where = parsed.host and f"{parsed.host}:{parsed.port or 5432}/{parsed.database}"
        # SQLAlchemy adds lines of its own to the driver's words.
        words = remedy(error) or str(getattr(error, "orig", None) or error).split("\n")[0]
        raise StateError(
            f"The database {where or parsed.database} cannot be used: {words.rstrip('.')}."
        ) from error
    return engine


def is_known(revision: str) -> bool:
    """Whether a database with this revision of the schema can be opened by this version."""
    try:
        return ScriptDirectory(str(_MIGRATIONS)).get_revision(revision) is not None
    except CommandError:
        return False


def open_file(path: str | None) -> None:
    """Open the file once before aiosqlite does, whose thread outlives a failure noisily.

    WAL lets a job write while the bot reads. The file keeps it, and two that switch to it at once
    collide, as SQLite does not wait there by itself.
    """
    try:
        with closing(sqlite3.connect(path or ":memory:", timeout=0)) as file:
            for attempt in range(1, _WAL_ATTEMPTS + 1):
                try:
                    file.execute("PRAGMA journal_mode=WAL").fetchone()
                    return
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == _WAL_ATTEMPTS:
                        raise
                    time.sleep(_WAL_PAUSE_SECONDS)
    except sqlite3.Error as error:
        told = remedy(error) or error
        raise StateError(f"The database file {path} cannot be used: {told}.") from error


def _sqlite_pragmas(connection: DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    # A full sync at every commit buys nothing with the write-ahead log.
    for pragma in ("synchronous=NORMAL", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _ping_what_lay_idle(engine: sa.Engine) -> None:
    """As SQLAlchemy's own ``pool_pre_ping``, but for connections that nobody has used just now."""

    def came_back(_: object, record: ConnectionPoolEntry) -> None:
        record.info[came_back] = time.monotonic()

    def goes_out(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        idle = time.monotonic() - record.info.get(came_back, time.monotonic())
        if idle < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except (engine.dialect.loaded_dbapi.Error, OSError) as error:
            # All others are as old: the pool opens new ones from now on.
            raise InvalidatePoolError("The server closed the connection.") from error

    sa.event.listen(engine, "checkin", came_back)
    sa.event.listen(engine, "checkout", goes_out)


def _migrate(connection: sa.Connection) -> None:
    """Bring the schema up to date; of several processes that start at once, one after the other."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    if MigrationContext.configure(connection).get_current_revision() == _newest():
        return  # alembic alone takes longer than all else that opens it
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@cache
def _newest() -> str | None:
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()
