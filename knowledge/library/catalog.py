"""What has been read from where, and when: sources, their documents, and the runs that read them.

The passages themselves are in a :class:`knowledge.stores.port.PassageStore`; a document is entered
here only after the store holds it, so the catalog never claims what cannot be found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.library.kept.records import DocumentRecord as DocumentRecord
from knowledge.library.kept.records import Run as Run
from knowledge.library.kept.records import RunReport as RunReport
from knowledge.library.kept.records import RunState, left_out, limits_from, limits_of, listed
from knowledge.library.kept.tables import document as _document
from knowledge.library.kept.tables import run as _run
from knowledge.library.kept.tables import source as _source
from knowledge.library.release.items import drop_items, mark_items
from knowledge.sources.port import SourceSpec
from knowledge.state.tables import metadata, upsert
from knowledge.types import Validators

_RUNS_LOOKED_AT = 5
_PASSING = frozenset({"source_lease", "index_change"})
"""Tables of what is under way: who holds a source, what an index that is built has to repeat."""


class Catalog:
    """The catalog in any database that SQLAlchemy's async engine reaches."""

    def __init__(self, engine: AsyncEngine):
        self._engine = engine

    async def save_source(self, spec: SourceSpec, now: datetime, by: str = "") -> None:
        """Enter a source, or change one that is there (same id).

        ``by``: the principal of who adds it; whoever added it first stays its owner. Whether it is
        paused and when it is read are set by :meth:`change_source`: here they stay as they are.
        """
        stays = ("added_at", "added_by", "is_paused", "schedule")
        entry = upsert(self._engine, _source, keep=stays).values(
            id=spec.id,
            kind=spec.kind,
            location=spec.location,
            options=dict(spec.options),
            access=sorted(spec.access),
            is_paused=spec.is_paused,
            schedule=spec.schedule,
            added_at=now,
            added_by=by,
        )
        async with self._engine.begin() as db:
            await db.execute(entry)

    async def change_source(self, id: str, **values: object) -> None:
        """Change some columns of a source, if it is there; others may be changed meanwhile."""
        async with self._engine.begin() as db:
            await db.execute(sa.update(_source).where(_source.c.id == id).values(**values))

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

    async def rows_of(self, source: str) -> int:
        """How many rows of all tables are about a source, but for those that pass by themselves."""
        about = [
            sa.select(sa.func.count()).select_from(table).where(table.c.source_id == source)
            for name, table in metadata.tables.items()
            if "source_id" in table.c and name not in _PASSING
        ]
        about.append(sa.select(sa.func.count()).where(_source.c.id == source))
        async with self._engine.connect() as db:
            return sum([(await db.execute(each)).scalar_one() for each in about])

    async def owner(self, source: str) -> str:
        """The principal of who added it; empty where that is not known."""
        asked = sa.select(_source.c.added_by).where(_source.c.id == source)
        async with self._engine.connect() as db:
            return (await db.execute(asked)).scalar() or ""

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
                left_out=left_out(row.left_out),
                characters=row.characters,
                access=None if row.access is None else frozenset(row.access),
                marks=tuple(row.marks),
                limits=limits_from(row.limits),
            )
            for row in rows
        }

    async def save_documents(
        self, source: str, records: Iterable[DocumentRecord], now: datetime
    ) -> None:
        """Enter documents, replacing what was known of the same paths."""
        async with self._engine.begin() as db:
            await _save_documents(db, source, records, now)

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

    async def end_run(
        self, run: int, report: RunReport, now: datetime, state: RunState = "done"
    ) -> None:
        """Enter what a run did."""
        async with self._engine.begin() as db:
            await _report(db, run, report, state, now)

    async def begin_switch(
        self, run: int, report: RunReport, source: str, paths: Iterable[str]
    ) -> None:
        """Enter what is about to be made visible: from here on it will be, whoever dies."""
        async with self._engine.begin() as db:
            await mark_items(db, source, paths, "switching")
            await _report(db, run, report, "switching")

    async def settle(
        self,
        source: str,
        records: Iterable[DocumentRecord],
        gone: Collection[str],
        done: Collection[str],
        rejected: Collection[str],
        now: datetime,
    ) -> None:
        """Enter what the store holds now, and forget the work items that led there.

        ``gone``: documents that it holds no longer; ``done``: the paths of the items; ``rejected``:
        those of items that stay, as what they replaced is not to come again.
        """
        async with self._engine.begin() as db:
            await _save_documents(db, source, records, now)
            await _delete_documents(db, source, list(gone))
            await drop_items(db, source, done)
            await mark_items(db, source, rejected, "rejected")

    async def last_run(self, source: str) -> Run | None:
        """The newest finished run of a source."""
        found = await self._runs(source, 1, _run.c.finished_at.is_not(None))
        return found[0] if found else None

    async def in_state(self, state: RunState, source: str | None = None) -> list[Run]:
        """The runs in that state, of one source or of all."""
        of = sa.true() if source is None else _run.c.source_id == source
        return await self._select(sa.select(_run).where(of, _run.c.state == state))

    async def end_waiting(self, source: str, state: RunState = "done") -> None:
        """Nothing of the source's earlier runs waits any more."""
        waiting = sa.and_(_run.c.source_id == source, _run.c.state == "waiting")
        async with self._engine.begin() as db:
            await db.execute(sa.update(_run).where(waiting).values(state=state))

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

    async def runs_since(self, source: str, at: datetime) -> list[Run]:
        """Those that were begun since then, the newest first."""
        since = sa.and_(_run.c.source_id == source, _run.c.started_at >= at)
        return await self._select(sa.select(_run).where(since).order_by(_run.c.id.desc()))

    async def _runs(self, source: str, limit: int, wanted: sa.ColumnElement[bool]) -> list[Run]:
        newest = (
            sa.select(_run)
            .where(_run.c.source_id == source, wanted)
            .order_by(_run.c.id.desc())
            .limit(limit)
        )
        return await self._select(newest)

    async def _select(self, wanted: sa.Select[Any]) -> list[Run]:
        async with self._engine.connect() as db:
            rows = await db.execute(wanted)
        return [
            Run(
                row.started_at,
                row.finished_at,
                RunReport(
                    source=row.source_id,
                    added=row.added,
                    changed=row.changed,
                    removed=row.removed,
                    unchanged=row.unchanged,
                    skipped=dict(row.skipped),
                    error=row.error,
                    left_out={name: left_out(each) for name, each in row.left_out.items()},
                    others=dict(row.others),
                    quarantined=dict(row.quarantined),
                    held=tuple(row.held),
                ),
                row.id,
                row.state,
            )
            for row in rows
        ]


async def _delete_documents(db: AsyncConnection, source: str, paths: list[str]) -> None:
    # One statement a path: no database's limit on bound values is met, however many there are.
    if paths:
        await db.execute(
            sa.delete(_document).where(
                _document.c.source_id == source, _document.c.path == sa.bindparam("gone")
            ),
            [{"gone": path} for path in paths],
        )


async def _save_documents(
    db: AsyncConnection, source: str, records: Iterable[DocumentRecord], now: datetime
) -> None:
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
            "left_out": listed(record.left_out),
            "characters": record.characters,
            "limits": limits_of(record.limits),
            "access": None if record.access is None else sorted(record.access),
            "marks": list(record.marks),
            "ingested_at": now,
        }
        for record in records
    ]
    if rows:
        await db.execute(upsert(db, _document), rows)


async def _report(
    db: AsyncConnection, run: int, report: RunReport, state: RunState, now: datetime | None = None
) -> None:
    ended = {} if now is None else {"finished_at": now}
    await db.execute(
        sa.update(_run)
        .where(_run.c.id == run)
        .values(
            state=state,
            added=report.added,
            changed=report.changed,
            removed=report.removed,
            unchanged=report.unchanged,
            skipped=report.skipped,
            error=report.error,
            left_out={name: listed(each) for name, each in report.left_out.items()},
            others=report.others,
            quarantined=report.quarantined,
            held=list(report.held),
            **ended,
        )
    )
