"""What has been read from where, and when: sources, their documents, and the runs that read them.

The passages themselves are in a :class:`knowledge.stores.port.PassageStore`; a document is entered
here only after the store holds it, so the catalog never claims what cannot be found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.sources.port import SourceSpec
from knowledge.state.tables import Moment, metadata, upsert
from knowledge.types import LeftOut, Principals, Validators

_RUNS_LOOKED_AT = 5

_source = sa.Table(
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
)

_document = sa.Table(
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
    sa.Column("ingested_at", Moment, nullable=False),
)

_run = sa.Table(
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
)


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document as it was last read."""

    path: str
    fingerprint: str
    """Digest of all that decides how it is cut, embedded and guarded, then that of its content."""
    validators: Validators
    valid_until: date | None
    language: str | None
    passages: int
    left_out: tuple[LeftOut, ...] = ()
    """What of it was not read."""
    limits: tuple[Principals, ...] | None = ()
    """Who may read it as its place and the document itself say; each narrows the source's list.
    None: an earlier version read it, which did not keep them."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one reading of a source did."""

    source: str
    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: dict[str, str]
    """Document to reason."""
    error: str | None = None
    """Why the source as a whole could not be read; nothing was removed then."""
    left_out: dict[str, tuple[LeftOut, ...]] = field(default_factory=dict)
    """Document to what of it was not read, also of those that have not changed."""
    others: dict[str, int] = field(default_factory=dict)
    """Kind (``fonts``) to how many files are no documents."""


@dataclass(frozen=True, slots=True)
class Run:
    """One reading of a source, and when it was."""

    started_at: datetime
    """In UTC, as all times here."""
    finished_at: datetime | None
    """None for one that is under way or was broken off."""
    report: RunReport
    """What it did; empty while it is not finished."""


class Catalog:
    """The catalog in any database that SQLAlchemy's async engine reaches."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine

    async def save_source(self, spec: SourceSpec, now: datetime) -> None:
        """Enter a source, or change one that is there (same id)."""
        entry = upsert(self._engine, _source, keep=("added_at",)).values(
            id=spec.id,
            kind=spec.kind,
            location=spec.location,
            options=dict(spec.options),
            access=sorted(spec.access),
            is_paused=spec.is_paused,
            schedule=spec.schedule,
            added_at=now,
        )
        async with self._engine.begin() as db:
            await db.execute(entry)

    async def sources(self) -> list[SourceSpec]:
        """All sources, in the order in which they were added."""
        return await self._sources(sa.select(_source).order_by(_source.c.added_at, _source.c.id))

    async def source(self, id: str) -> SourceSpec | None:
        """The source with that id, if there is one."""
        found = await self._sources(sa.select(_source).where(_source.c.id == id))
        return found[0] if found else None

    async def _sources(self, wanted: sa.Select[Any]) -> list[SourceSpec]:
        async with self._engine.connect() as db:
            rows = await db.execute(wanted)
        return [
            SourceSpec(
                id=row.id,
                kind=row.kind,
                location=row.location,
                options=dict(row.options),
                access=frozenset(row.access),
                is_paused=row.is_paused,
                schedule=row.schedule,
            )
            for row in rows
        ]

    async def remove_source(self, source: str) -> None:
        """Forget a source with its documents and runs. Its passages must be gone already."""
        async with self._engine.begin() as db:
            for table in (_document, _run):
                await db.execute(sa.delete(table).where(table.c.source_id == source))
            await db.execute(sa.delete(_source).where(_source.c.id == source))

    async def documents(self, source: str) -> dict[str, DocumentRecord]:
        """Path to record of all documents of a source."""
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_document).where(_document.c.source_id == source))
        return {
            row.path: DocumentRecord(
                path=row.path,
                fingerprint=row.fingerprint,
                validators=Validators(row.etag, row.last_modified, row.note),
                valid_until=row.valid_until,
                language=row.language,
                passages=row.passages,
                left_out=_left_out(row.left_out),
                limits=_limits(row.limits),
            )
            for row in rows
        }

    async def save_documents(
        self, source: str, records: Iterable[DocumentRecord], now: datetime
    ) -> None:
        """Enter documents, replacing what was known of the same paths."""
        rows = [
            {
                "source_id": source,
                "path": record.path,
                "fingerprint": record.fingerprint,
                "etag": record.validators.etag,
                "last_modified": record.validators.last_modified,
                "note": record.validators.note,
                "valid_until": record.valid_until,
                "language": record.language,
                "passages": record.passages,
                "left_out": _listed(record.left_out),
                "limits": None if record.limits is None else [*map(sorted, record.limits)],
                "ingested_at": now,
            }
            for record in records
        ]
        if not rows:
            return
        async with self._engine.begin() as db:
            await db.execute(upsert(db, _document), rows)

    async def forget_documents(self, source: str, paths: Iterable[str]) -> None:
        """Forget documents. Their passages must be gone already."""
        async with self._engine.begin() as db:
            await _delete_documents(db, source, list(paths))

    async def read_at(
        self, documents: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], datetime]:
        """When these documents, as (source, path), were last read; unknown ones are left out."""
        keys = sa.tuple_(_document.c.source_id, _document.c.path)
        asked = sa.select(_document).where(keys.in_([*documents]))
        async with self._engine.connect() as db:
            rows = await db.execute(asked)
        return {(row.source_id, row.path): row.ingested_at for row in rows}

    async def document_counts(self) -> dict[str, int]:
        """Source to how many documents it has; sources without any are left out."""
        counted = sa.select(_document.c.source_id, sa.func.count()).group_by(_document.c.source_id)
        async with self._engine.connect() as db:
            return {row[0]: row[1] for row in await db.execute(counted)}

    async def begin_run(self, source: str, now: datetime) -> int:
        """Enter that a run has begun; a run without an end was interrupted."""
        async with self._engine.begin() as db:
            result = await db.execute(
                sa.insert(_run).values(source_id=source, started_at=now, skipped={})
            )
        key = result.inserted_primary_key
        assert key is not None  # noqa: S101 - an autoincrement insert always has one
        return int(key[0])

    async def end_run(self, run: int, report: RunReport, now: datetime) -> None:
        """Enter what a run did."""
        async with self._engine.begin() as db:
            await db.execute(
                sa.update(_run)
                .where(_run.c.id == run)
                .values(
                    finished_at=now,
                    added=report.added,
                    changed=report.changed,
                    removed=report.removed,
                    unchanged=report.unchanged,
                    skipped=report.skipped,
                    error=report.error,
                    left_out={name: _listed(each) for name, each in report.left_out.items()},
                    others=report.others,
                )
            )

    async def last_run(self, source: str) -> Run | None:
        """The newest finished run of a source."""
        found = await self._runs(source, 1, _run.c.finished_at.is_not(None))
        return found[0] if found else None

    async def skipped_before(self, source: str) -> set[str]:
        """The documents that the last run which came through left out, and those since.

        Pages that lead to one need not be sent again, so nothing else would tell of it.
        """
        found: set[str] = set()
        for run in await self.runs(source, _RUNS_LOOKED_AT):
            found |= run.report.skipped.keys()
            if run.finished_at is not None and run.report.error is None:
                break
        return found

    async def runs(self, source: str, limit: int) -> list[Run]:
        """The newest runs of a source, the newest first."""
        return await self._runs(source, limit, sa.true())

    async def _runs(self, source: str, limit: int, wanted: sa.ColumnElement[bool]) -> list[Run]:
        newest = (
            sa.select(_run)
            .where(_run.c.source_id == source, wanted)
            .order_by(_run.c.id.desc())
            .limit(limit)
        )
        async with self._engine.connect() as db:
            rows = await db.execute(newest)
        return [
            Run(
                row.started_at,
                row.finished_at,
                RunReport(
                    source=source,
                    added=row.added,
                    changed=row.changed,
                    removed=row.removed,
                    unchanged=row.unchanged,
                    skipped=dict(row.skipped),
                    error=row.error,
                    left_out={name: _left_out(each) for name, each in row.left_out.items()},
                    others=dict(row.others),
                ),
            )
            for row in rows
        ]


def _listed(left_out: Iterable[LeftOut]) -> list[list[object]]:
    return [[each.kind, each.count, each.where] for each in left_out]


def _left_out(kept: Iterable[Any]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(*each) for each in kept)


def _limits(kept: list[list[str]] | None) -> tuple[Principals, ...] | None:
    return None if kept is None else tuple(frozenset(each) for each in kept)


async def _delete_documents(db: AsyncConnection, source: str, paths: list[str]) -> None:
    # One statement a path: no database's limit on bound values is met, however many there are.
    if paths:
        await db.execute(
            sa.delete(_document).where(
                _document.c.source_id == source, _document.c.path == sa.bindparam("gone")
            ),
            [{"gone": path} for path in paths],
        )
