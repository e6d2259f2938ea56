"""What a source's data looks like after each run: age, volume, duplicates, languages, drift."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.library.catalog import Catalog
from knowledge.library.kept.records import DocumentRecord, RunReport
from knowledge.state.tables import Moment, metadata, upsert

UNKNOWN = "unknown"
"""The language of documents that are too short to tell, and say nothing themselves."""

_measure = sa.Table(
    "source_measure",
    metadata,
    sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("source_id", sa.String(40), nullable=False, index=True),
    sa.Column("measured_at", Moment, nullable=False),
    sa.Column("newest_at", Moment),
    sa.Column("documents", sa.Integer, nullable=False),
    sa.Column("passages", sa.Integer, nullable=False),
    sa.Column("characters", sa.Integer, nullable=False),
    sa.Column("duplicates", sa.Float, nullable=False),
    sa.Column("languages", sa.JSON, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("drift", sa.Float, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A source after one run."""

    run: int
    measured_at: datetime
    newest_at: datetime | None
    """When a document of it was last found new or changed."""
    documents: int
    passages: int
    characters: int
    """Of documents that were read since this is counted."""
    duplicates: float
    """Share of the passages whose text stands in another passage of the source as well."""
    languages: dict[str, int]
    """ISO 639-1 code to documents."""
    failures: int
    """Documents that were there and could not be used."""
    drift: float
    """Share of the documents that are other ones, or others than before, since the last measure."""


class Measures:
    """The measures of all sources over time."""

    def __init__(self, engine: AsyncEngine, catalog: Catalog) -> None:
        self._engine = engine
        self._catalog = catalog

    async def take(self, source: str, run: int, report: RunReport, now: datetime) -> None:
        """Measure a source after a run; what a run did not change is not counted again."""
        last = next(iter(await self.of(source, 1)), None)
        turned_over = report.added + report.changed + report.removed
        if last is not None and not turned_over and not report.skipped and last.failures == 0:
            values = {**_row(last), "drift": 0.0}
        else:
            documents = await self._catalog.documents(source)
            values = measured(documents)
            all_of_them = max(1, len(documents) + report.removed)
            values["drift"] = round(min(1.0, turned_over / all_of_them), 4)
            values["failures"] = len(report.skipped)
            values["newest_at"] = now if turned_over else last and last.newest_at
        values |= {"run_id": run, "source_id": source, "measured_at": now}
        async with self._engine.begin() as db:
            await db.execute(upsert(db, _measure).values(values))

    async def of(self, source: str, most: int) -> list[Measure]:
        """The newest measures of a source, the newest first."""
        asked = (
            sa.select(_measure)
            .where(_measure.c.source_id == source)
            .order_by(_measure.c.measured_at.desc(), _measure.c.run_id.desc())
            .limit(most)
        )
        async with self._engine.connect() as db:
            return [_measured(row) for row in await db.execute(asked)]

    async def newest(self) -> dict[str, Measure]:
        """The newest of every source that has one."""
        last = sa.select(sa.func.max(_measure.c.run_id)).group_by(_measure.c.source_id)
        asked = sa.select(_measure).where(_measure.c.run_id.in_(last))
        async with self._engine.connect() as db:
            return {row.source_id: _measured(row) for row in await db.execute(asked)}

    async def forget(self, source: str) -> None:
        """Keep none of a source that is removed."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_measure).where(_measure.c.source_id == source))


def measured(documents: dict[str, DocumentRecord]) -> dict[str, object]:
    """Volume, duplicates and languages of a source's documents. Pure."""
    marks = Counter(mark for record in documents.values() for mark in record.marks)
    total = sum(marks.values())
    repeated = sum(count for count in marks.values() if count > 1)
    return {
        "documents": len(documents),
        "passages": sum(record.passages for record in documents.values()),
        "characters": sum(record.characters or 0 for record in documents.values()),
        "duplicates": round(repeated / total, 4) if total else 0.0,
        "languages": dict(Counter(each.language or UNKNOWN for each in documents.values())),
    }


def _measured(row: sa.Row[Any]) -> Measure:
    return Measure(
        row.run_id,
        row.measured_at,
        row.newest_at,
        row.documents,
        row.passages,
        row.characters,
        row.duplicates,
        dict(row.languages),
        row.failures,
        row.drift,
    )


def _row(last: Measure) -> dict[str, object]:
    return {
        "newest_at": last.newest_at,
        "documents": last.documents,
        "passages": last.passages,
        "characters": last.characters,
        "duplicates": last.duplicates,
        "languages": last.languages,
        "failures": last.failures,
    }
