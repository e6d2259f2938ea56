"""Work items: what a run makes of each document, durable, so that nothing is done twice.

An item is there from the moment at which a document is found to differ from what is answered from,
until that difference is made visible or is gone. Whoever writes here holds the source's lease.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from knowledge.library.kept.records import DocumentRecord, record_as_json, record_from_json
from knowledge.state.tables import Moment, metadata, upsert
from knowledge.types import EmbeddedPassage, Passage

ItemState = Literal["reading", "staged", "quarantined", "rejected", "gone", "switching"]
"""``reading``: begun; a process that died left it. ``staged``: read and embedded. ``quarantined``:
looks wrong, and waits for an admin. ``rejected``: an admin does not want this version. ``gone``:
its passages are to go. ``switching``: checked, and being made visible."""

BODIES_AT_ONCE = 50
"""Documents whose passages are loaded together."""

_item = sa.Table(
    "work_item",
    metadata,
    sa.Column("source_id", sa.String(40), primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Integer, nullable=False),
    sa.Column("version", sa.String(96), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("record", sa.JSON),
    sa.Column("passages", sa.LargeBinary),
    sa.Column("vectors", sa.LargeBinary),
    sa.Column("changed_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What is to become of one document; its passages are loaded apart."""

    path: str
    version: str
    """The fingerprint of what was found; empty where the document is gone."""
    state: ItemState
    record: DocumentRecord | None = None
    """As it will be in the catalog; None where the document will not be."""
    urgent: bool = False
    """Whether it is never held back: it limits who may read, or what it replaces may not be told
    any longer."""
    error: str = ""
    """Why it is quarantined, or was rejected."""
    attempts: int = 1
    """How often its reading was begun."""
    run: int = 0
    """The one that made it."""

    @property
    def is_at_hand(self) -> bool:
        """Whether its version need not be read again."""
        return self.state in ("staged", "quarantined", "rejected")

    @property
    def is_restored(self) -> bool:
        """Whether its version is not to come again: what is made visible takes its place."""
        return self.version != (self.record.fingerprint if self.record else "")

    @property
    def found(self) -> DocumentRecord | None:
        """What is known of the version itself, where the item holds it."""
        record = self.record
        return record if record and record.fingerprint == self.version else None


class WorkItems:
    """The items of all sources."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, source: str) -> dict[str, WorkItem]:
        """Path to item."""
        columns = [each for each in _item.c if each.name not in ("passages", "vectors")]
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(*columns).where(_item.c.source_id == source).order_by(_item.c.path)
            )
        return {
            row.path: WorkItem(
                row.path,
                row.version,
                row.state,
                row.record and record_from_json(row.record),
                row.urgent,
                row.error,
                row.attempts,
                row.run_id,
            )
            for row in rows
        }

    async def save(
        self,
        source: str,
        run: int,
        items: Iterable[tuple[WorkItem, Sequence[EmbeddedPassage] | None]],
        now: datetime,
    ) -> None:
        """Enter items with their passages, replacing what there was for the same paths."""
        rows = [
            {
                "source_id": source,
                "path": item.path,
                "run_id": run,
                "version": item.version,
                "state": item.state,
                "urgent": item.urgent,
                "attempts": item.attempts,
                "error": item.error,
                "record": item.record and record_as_json(item.record),
                **packed(passages),
                "changed_at": now,
            }
            for item, passages in items
        ]
        if rows:
            async with self._engine.begin() as db:
                await db.execute(upsert(db, _item), rows)

    async def mark(self, source: str, paths: Iterable[str], state: ItemState, error: str) -> None:
        """Change the state of items, and say why; their passages stay."""
        async with self._engine.begin() as db:
            await mark_items(db, source, paths, state, error=error)

    async def drop(self, source: str, paths: Iterable[str] | None = None) -> None:
        """Forget items; all of the source's if no paths are given."""
        async with self._engine.begin() as db:
            await drop_items(db, source, paths)

    async def bodies(
        self, source: str, paths: Collection[str]
    ) -> AsyncIterator[tuple[str, list[EmbeddedPassage]]]:
        """The passages of these items, a few documents at a time; none for what is gone."""
        ordered = sorted(paths)
        for first in range(0, len(ordered), BODIES_AT_ONCE):
            some = ordered[first : first + BODIES_AT_ONCE]
            asked = sa.select(_item.c.path, _item.c.passages, _item.c.vectors).where(
                _item.c.source_id == source, _item.c.path.in_(some)
            )
            async with self._engine.connect() as db:
                rows = (await db.execute(asked)).all()
            for row in rows:
                yield row.path, unpacked(source, row.path, row.passages, row.vectors)


async def drop_items(db: AsyncConnection, source: str, paths: Iterable[str] | None = None) -> None:
    """Forget items within a transaction."""
    if paths is None:
        await db.execute(sa.delete(_item).where(_item.c.source_id == source))
    else:
        await _each(db, sa.delete(_item), source, paths)


async def mark_items(
    db: AsyncConnection,
    source: str,
    paths: Iterable[str],
    state: ItemState,
    *,
    error: str | None = None,
) -> None:
    """Change the state of items within a transaction; ``error``: if given, why."""
    values = {"state": state} if error is None else {"state": state, "error": error}
    await _each(db, sa.update(_item).values(values), source, paths)


async def _each(
    db: AsyncConnection, statement: sa.Update | sa.Delete, source: str, paths: Iterable[str]
) -> None:
    named = [{"named": path} for path in paths]
    if named:
        its = (_item.c.source_id == source, _item.c.path == sa.bindparam("named"))
        await db.execute(statement.where(*its), named)


def packed(passages: Sequence[EmbeddedPassage] | None) -> dict[str, bytes | None]:
    """Passages as two columns: their texts as JSON, compressed, and their vectors."""
    if passages is None:
        return {"passages": None, "vectors": None}
    told = [
        [one.id, one.title, one.headings, one.position, one.url, one.text, sorted(one.access)]
        for one in (each.passage for each in passages)
    ]
    vectors = [each.vector.astype("<f4").tobytes() for each in passages]
    return {
        "passages": zlib.compress(json.dumps(told).encode(), 1),
        "vectors": b"".join(vectors),
    }


def unpacked(
    source: str, path: str, passages: bytes | None, vectors: bytes | None
) -> list[EmbeddedPassage]:
    """Passages from their two columns."""
    if not passages or not vectors:
        return []
    told: list[Any] = json.loads(zlib.decompress(passages))
    rows = np.frombuffer(vectors, dtype="<f4").reshape(len(told), -1)
    return [
        EmbeddedPassage(
            Passage(id, source, path, title, tuple(headings), at, url, text, frozenset(access)),
            vector,
        )
        for (id, title, headings, at, url, text, access), vector in zip(told, rows, strict=True)
    ]
