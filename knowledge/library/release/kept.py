"""What was answered from before: the earlier versions of documents that runs have replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.library.kept.records import DocumentRecord, record_as_json, record_from_json
from knowledge.library.release.items import packed, unpacked
from knowledge.state.tables import insert, metadata
from knowledge.types import EmbeddedPassage

RUNS_KEPT = 3
"""Of each source, as many runs that replaced something can be taken back; older ones are let go."""

_kept = sa.Table(
    "kept_version",
    metadata,
    sa.Column("source_id", sa.String(40), primary_key=True),
    sa.Column("run_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("embedder", sa.Text, nullable=False),
    sa.Column("record", sa.JSON),
    sa.Column("passages", sa.LargeBinary),
    sa.Column("vectors", sa.LargeBinary),
)


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """One document as it was before a run."""

    path: str
    embedder: str
    """Which one made its vectors."""
    record: DocumentRecord | None
    """None if it was not there."""
    passages: Sequence[EmbeddedPassage]


class KeptVersions:
    """The earlier versions of all sources."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, source: str, run: int, versions: Iterable[KeptVersion]) -> None:
        """Keep what a run is about to replace; what is kept of it already stays as it is."""
        rows = [
            {
                "source_id": source,
                "run_id": run,
                "path": each.path,
                "embedder": each.embedder,
                "record": each.record and record_as_json(each.record),
                **packed(each.passages),
            }
            for each in versions
        ]
        if rows:
            async with self._engine.begin() as db:
                await db.execute(insert(db, _kept).on_conflict_do_nothing(), rows)

    async def runs(self, source: str) -> list[int]:
        """The runs that can be taken back, the newest first."""
        asked = sa.select(_kept.c.run_id).where(_kept.c.source_id == source).distinct()
        async with self._engine.connect() as db:
            return sorted((await db.execute(asked)).scalars(), reverse=True)

    async def after(self, source: str, run: int) -> list[KeptVersion]:
        """Each document that a run after this one replaced, as it was before the first that did."""
        asked = (
            sa.select(_kept)
            .where(_kept.c.source_id == source, _kept.c.run_id > run)
            .order_by(_kept.c.run_id.desc())
        )
        async with self._engine.connect() as db:
            rows = (await db.execute(asked)).all()
        return [
            KeptVersion(
                row.path,
                row.embedder,
                row.record and record_from_json(row.record),
                unpacked(source, row.path, row.passages, row.vectors),
            )
            for row in {row.path: row for row in rows}.values()
        ]

    async def let_go(self, source: str, most: int = RUNS_KEPT) -> None:
        """Forget all but the newest runs' versions."""
        await self.forget(source, (await self.runs(source))[most:])

    async def forget(self, source: str, runs: Collection[int] | None = None) -> None:
        """Forget what these runs replaced; if not given, all."""
        of_them = sa.true() if runs is None else _kept.c.run_id.in_(runs)
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_kept).where(_kept.c.source_id == source, of_them))
