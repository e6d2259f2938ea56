"""Answers that people wrote: found at once, cited as such, each with readers and an owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.embedding.port import Embedder
from knowledge.state.tables import Moment, metadata
from knowledge.stores.port import PassageStore
from knowledge.text.words import stems_in_order
from knowledge.types import CURATED, CuratedAnswer, EmbeddedPassage, Passage, Principals

TITLE = "Curated answer"
"""What citations begin with, so that readers see that a person wrote it."""

_curated = sa.Table(
    "curated_answer",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("asked", sa.JSON, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("access", sa.JSON, nullable=False),
    sa.Column("owner", sa.String(200), nullable=False),
    sa.Column("written_at", Moment, nullable=False),
)


class CuratedAnswers:
    """The answers: in the database of the state, and as passages among all others.

    All methods raise :class:`knowledge.errors.StoreError` when the store cannot be reached.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        store: PassageStore,
        embedder: Embedder,
        clock: Callable[[], datetime],
        changed: Callable[[str], Awaitable[object]],
    ) -> None:
        """``changed``: is told when one is taken away; does not raise."""
        self._engine = engine
        self._store = store
        self._embedder = embedder
        self._clock = clock
        self._changed = changed

    async def add(
        self,
        question: str,
        answer: str,
        *,
        asked: Collection[str] = (),
        access: Principals,
        owner: str,
    ) -> CuratedAnswer:
        """Keep an answer; the very next question finds it.

        ``asked``: other wordings of the question that it answers word for word as well.
        """
        wordings = sorted({_key(each) for each in (question, *asked)})
        kept = CuratedAnswer(uuid4().hex, question, answer, access, owner, self._clock())
        async with self._engine.begin() as db:
            await db.execute(
                sa.insert(_curated).values(
                    id=kept.id,
                    question=question,
                    asked=wordings,
                    answer=answer,
                    access=sorted(access),
                    owner=owner,
                    written_at=kept.written_at,
                )
            )
        await self._store_passage(kept)
        return kept

    async def all(self) -> list[CuratedAnswer]:
        """The newest first."""
        async with self._engine.connect() as db:
            rows = await db.execute(
                sa.select(_curated).order_by(_curated.c.written_at.desc(), _curated.c.id)
            )
        return [_answer(row._mapping) for row in rows]

    async def remove(self, id: str) -> CuratedAnswer | None:
        """Take one away; the very next question does not find it. None: there is none."""
        async with self._engine.connect() as db:
            row = (await db.execute(sa.select(_curated).where(_curated.c.id == id))).one_or_none()
        if row is None:
            return None
        await self._store.delete(CURATED, id)
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_curated).where(_curated.c.id == id))
        await self._changed(CURATED)
        return _answer(row._mapping)

    async def worded(self, question: str, principals: Principals) -> Passage | None:
        """The newest that was written for exactly this question, among those these may read."""
        key = _key(question)
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_curated).order_by(_curated.c.written_at.desc()))
        for row in rows:
            if key and key in row.asked and principals & frozenset(row.access):
                return passage_of(_answer(row._mapping))
        return None

    async def settle(self) -> None:
        """Make store and record agree, after a crash between the two or with a new embedder."""
        for each in await self.all():
            if not await self._store.held(CURATED, each.id):
                await self._store_passage(each)

    async def _store_passage(self, answer: CuratedAnswer) -> None:
        passage = passage_of(answer)
        words = f"{answer.question}\n{answer.answer}"
        [vector] = list(await self._embedder.embed_passages([words]))
        await self._store.replace(CURATED, answer.id, [EmbeddedPassage(passage, vector)])


def passage_of(answer: CuratedAnswer) -> Passage:
    """The answer as it is searched and cited."""
    return Passage(
        id=str(uuid5(NAMESPACE_URL, f"{CURATED}\0{answer.id}\0{answer.answer}")),
        source=CURATED,
        document=answer.id,
        title=TITLE,
        headings=(answer.question,),
        position=0,
        url="",
        text=answer.answer,
        access=answer.access,
    )


def _key(question: str) -> str:
    """The same for questions that differ in punctuation, capitals and endings only."""
    return " ".join(stems_in_order(question))


def _answer(row: Mapping[Any, Any]) -> CuratedAnswer:
    return CuratedAnswer(
        row["id"],
        row["question"],
        row["answer"],
        frozenset(row["access"]),
        row["owner"],
        row["written_at"],
    )
