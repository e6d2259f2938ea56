"""Reads the rows of a query, in a transaction that can only read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from knowledge.errors import SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.sources.records.record import Fields, as_document, plain, version
from knowledge.types import Validators

_READS = re.compile(r"\s*(?:select|with)\b", re.I)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_AT_ONCE = 500
"""Rows fetched together, and ids in one question: SQLite takes 32,766 values, SQL Server 2,100."""

Row = Mapping[str, Any]
Given = TypeVar("Given")


class Query:
    """The rows of one query; a document is called by its row's id."""

    def __init__(
        self, url: str, query: str, fields: Fields, most: int, *, seconds: float = 600
    ) -> None:
        """``url``: of the database, with its password. Raises SourceError for what is no SELECT.

        ``seconds``: what asking and reading may take together; whoever waits for the next source of
        the night is not kept for longer.
        """
        bare = _COMMENTS.sub(" ", query).strip().removesuffix(";").strip()
        if not _READS.match(bare) or ";" in bare:
            raise SourceError("The option query must be one SELECT.")
        self._query = bare.replace(":", r"\:")  # as in '12:30': none of it is a place for a value
        self._url = _url(url)
        self._fields = fields
        self._most = most
        self._seconds = seconds

    async def check(self) -> None:
        """A query that does not work now will hardly work tonight; a database that is away may."""
        try:
            await self._asked(self._try)
        except _Away:
            return

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """Every row, in the query's order. Raises :class:`SourceError` if it cannot be asked.

        Where the version has a column, only that and the id are asked for first, and the rest of
        those rows only that have changed.
        """
        for each in await self._asked(lambda connection: [*self._documents(connection, known)]):
            yield each

    def _try(self, connection: sa.Connection) -> None:
        result = connection.execute(sa.text(self._query))
        self._refuse_missing(list(result.keys()))

    def _refuse_missing(self, columns: list[str]) -> None:
        wanted = [self._fields.id, *self._fields.text, *filter(None, [self._fields.updated])]
        if missing := [each for each in wanted if each not in columns]:
            raise SourceError(
                f"The query gives no column {missing[0]}; it gives: {', '.join(columns)}. Name "
                "the columns with --id-field, --text-field and --updated-field."
            )

    def _documents(
        self, connection: sa.Connection, known: Mapping[str, Validators]
    ) -> Iterator[RawDocument | SkippedDocument]:
        given: set[str] = set()
        rows = self._changed(connection, known) if self._fields.updated and known else None
        for number, row in enumerate(rows or self._rows(connection, self._query), 1):
            if number > self._most:
                raise SourceError(
                    f"The query gives more than {self._most} rows. Raise --max-records, or "
                    "select fewer."
                )
            if isinstance(row, RawDocument):
                found: RawDocument | SkippedDocument = row
            else:
                found = as_document(row, self._fields, number, known)
            if found.document not in given:
                given.add(found.document)
                yield found

    def _rows(
        self, connection: sa.Connection, query: str, values: Mapping[str, Any] | None = None
    ) -> Iterator[Row]:
        if not connection.dialect.is_async:  # whose cursors let errors through that are not ours
            connection = connection.execution_options(yield_per=_AT_ONCE)
        result = connection.execute(sa.text(query), dict(values or {}))
        self._refuse_missing(list(result.keys()))
        for row in result.mappings():
            yield dict(row)

    def _changed(
        self, connection: sa.Connection, known: Mapping[str, Validators]
    ) -> Iterator[Row | RawDocument]:
        """What is as it was, as such, and the rows of the rest; the order is the query's."""
        spelt = connection.dialect.identifier_preparer.quote
        id, updated = spelt(self._fields.id), spelt(self._fields.updated)
        listed = connection.execute(
            sa.text(f"SELECT {id}, {updated} FROM ({self._query}) listed")  # noqa: S608 - an admin's
        ).all()
        waiting: list[Any] = []
        for value, said in listed:
            row = {self._fields.id: value, self._fields.updated: said}
            name, note = plain(value), version(row, self._fields)
            if note and known.get(name, Validators()).note == note:
                yield RawDocument(name, "", name, None, None, known[name])
            else:
                waiting.append(value)
        for begin in range(0, len(waiting), _AT_ONCE):
            some = waiting[begin : begin + _AT_ONCE]
            places = ", ".join(f":p{number}" for number in range(len(some)))
            query = f"SELECT * FROM ({self._query}) listed WHERE {id} IN ({places})"  # noqa: S608
            yield from self._rows(
                connection, query, {f"p{number}": each for number, each in enumerate(some)}
            )

    async def _asked(self, job: Callable[[sa.Connection], Given]) -> Given:
        """What the job makes of a connection, in a thread where the driver blocks."""

        def reading(connection: sa.Connection) -> Given:
            try:
                _only_read(connection)
                return job(connection)
            except sa.exc.DBAPIError as error:
                raise SourceError(
                    f"The database refuses the query: {_reason(error)} Check --query."
                ) from error
            finally:
                connection.rollback()

        running: list[sa.Connection] = []

        def blocking() -> Given:
            engine = sa.create_engine(self._url, poolclass=sa.NullPool)
            with engine.connect() as connection:
                running.append(connection)
                given = reading(connection)
                running.clear()
                return given

        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                if not self._url.get_dialect().is_async:
                    return await asyncio.to_thread(blocking)
                engine = create_async_engine(self._url, poolclass=sa.NullPool)
                async with engine.connect() as opened:
                    return await opened.run_sync(reading)
        except (sa.exc.NoSuchModuleError, sa.exc.ArgumentError, ImportError) as error:
            raise SourceError(
                f"The database cannot be used: there is no driver for {self._url.drivername} here. "
                "Install it, or check the URL."
            ) from error
        except (sa.exc.SQLAlchemyError, OSError) as error:
            if limit.expired():
                raise SourceError(
                    f"The database took more than {self._seconds / 60:g} minutes. Raise --minutes, "
                    "or select fewer rows."
                ) from error
            raise _Away(
                "The database does not answer, or refuses to let us in. Check its URL and that it "
                "runs; the next run tries again."
            ) from error
        finally:
            _stop(running)


class _Away(SourceError):
    """The database cannot be reached now."""


def _stop(running: list[sa.Connection]) -> None:
    """End what a thread still asks, where the driver can be told: SQLite's, and psycopg."""
    for connection in running:
        with suppress(sa.exc.SQLAlchemyError):  # closed by itself in between
            driver = connection.connection.driver_connection
            stop = getattr(driver, "interrupt", None) or getattr(driver, "cancel", None)
            if stop is not None:
                stop()


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise SourceError(
            "The database's URL is none. Write it as SQLAlchemy does: "
            "postgresql://user:password@host/name, or sqlite:////path/file.db."
        ) from error
    if url.drivername == "sqlite" and url.database and not url.database.startswith("file:"):
        # Opened as a URI it can be opened for reading only, and is not made where there is none.
        return url.set(database=f"file:{quote(url.database)}", query={"mode": "ro", "uri": "true"})
    return url.set(drivername="postgresql+asyncpg") if url.drivername == "postgresql" else url


def _only_read(connection: sa.Connection) -> None:
    match connection.dialect.name:
        case "postgresql":
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))
        case "mysql" | "mariadb":
            connection.rollback()
            connection.execute(sa.text("SET SESSION TRANSACTION READ ONLY"))
        case "sqlite":
            connection.execute(sa.text("PRAGMA query_only = ON"))


def _reason(error: sa.exc.DBAPIError) -> str:
    """The database's own words, in a line; the query and its values are not among them."""
    words = " ".join(str(error.orig).split())[:200]
    return f"{words}." if words else ""
