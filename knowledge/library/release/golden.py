"""Golden questions: what must still be answered after a change, if it was answered before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.embedding.port import Embedder
from knowledge.errors import SourceError
from knowledge.library.catalog import Catalog
from knowledge.library.release.items import WorkItems
from knowledge.library.release.overlay import overlaid
from knowledge.retrieval.reader import Reader
from knowledge.retrieval.retriever import Retriever
from knowledge.state.tables import Moment, metadata
from knowledge.stores.port import PassageSearch, PassageStore
from knowledge.types import PUBLIC, Evidence, Principals

Origin = Literal["admin", "curated", "rated"]
"""Who says so: an admin; an answer that was written for it; people who found it helpful."""

JUDGED = 3
"""Passages of which one has to answer: as many as an answer is chosen from."""
_CHARS = 500
_NAMED = 3
"""Questions that are named in a reason; more are counted."""

_golden = sa.Table(
    "golden_question",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("source_id", sa.String(40), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("origin", sa.String(12), nullable=False),
    sa.Column("added_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """A question, and where its answer is to stand."""

    question: str
    source: str
    document: str = ""
    """Empty: anywhere in the source."""
    section: str = ""
    """A heading on the way to the passage, in any case; empty: anywhere in the document."""
    origin: Origin = "admin"
    id: int = 0


Rated = Callable[[], Awaitable[Sequence[GoldenQuestion]]]
"""What people asked and found well answered."""


class GoldenQuestions:
    """Those that are kept, and the check of what was built aside."""

    def __init__(
        self,
        engine: AsyncEngine,
        catalog: Catalog,
        store: PassageStore,
        embedder: Embedder,
        items: WorkItems,
        reader: Reader | None,
        *,
        likely: float,
        rated: Rated | None = None,
        clock: Callable[[], datetime],
    ) -> None:
        """``reader``: without one nothing is checked. ``likely``: from when on it answers."""
        self._engine = engine
        self._catalog = catalog
        self._clock = clock
        self._store = store
        self._embedder = embedder
        self._items = items
        self._reader = reader
        self._likely = likely
        self._rated = rated

    async def add(self, question: GoldenQuestion) -> GoldenQuestion:
        """From now on a change must leave this answered, if it was.

        Raises :class:`SourceError` for what is no question, for one that is there already, and for
        a document that the source does not have.
        """
        question = replace(question, question=" ".join(question.question.split()))
        if not any(map(str.isalnum, question.question)):
            raise SourceError("Give the question, in quotes.")
        if len(question.question) > _CHARS:
            raise SourceError(f"A question has at most {_CHARS} characters.")
        named = question.document
        if named and named not in await self._catalog.documents(question.source):
            raise SourceError(f"The source has no document '{named}'.")
        same = [
            each
            for each in await self.all()
            if (each.question, each.source, each.document, each.section)
            == (question.question, question.source, question.document, question.section)
        ]
        if same:
            raise SourceError(f"That question is there already, as number {same[0].id}.")
        async with self._engine.begin() as db:
            new = await db.execute(
                sa.insert(_golden)
                .values(
                    question=question.question,
                    source_id=question.source,
                    document=question.document,
                    section=question.section,
                    origin=question.origin,
                    added_at=self._clock(),
                )
                .returning(_golden.c.id)
            )
            id = int(new.scalar_one())
        return replace(question, id=id)

    async def all(self) -> list[GoldenQuestion]:
        """Those that were added, in their order."""
        async with self._engine.connect() as db:
            rows = await db.execute(sa.select(_golden).order_by(_golden.c.id))
        return [
            GoldenQuestion(
                row.question, row.source_id, row.document, row.section, row.origin, row.id
            )
            for row in rows
        ]

    async def is_answered(self, question: GoldenQuestion) -> bool:
        """Whether it is answered there now: what is not, no change can break.

        Raises :class:`knowledge.errors.KnowledgeError`.
        """
        if self._reader is None:
            return True
        spec = await self._catalog.source(question.source)
        documents = await self._catalog.documents(question.source)
        named = (each.access or () for each in documents.values())
        readers = frozenset({PUBLIC}).union(spec.access if spec else (), *named)
        return await self._is_answered(question, self._store, readers)

    async def remove(self, id: int) -> None:
        """Keep a question no longer. Raises :class:`SourceError` if there is none."""
        if id not in {each.id for each in await self.all()}:  # no database takes every number
            raise SourceError(f"There is no golden question {id}; 'golden list' shows those.")
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_golden).where(_golden.c.id == id))

    async def forget_source(self, source: str) -> None:
        """Keep no question of a source that is removed."""
        async with self._engine.begin() as db:
            await db.execute(sa.delete(_golden).where(_golden.c.source_id == source))

    async def broken_by(
        self, source: str, going: Collection[str], urgent: Collection[str], readers: Principals
    ) -> str | None:
        """Why a switch of these items would leave questions without their answer; None if it won't.

        ``urgent``: those of them that go anyway. A question that is not answered without the
        others cannot be broken by them. ``readers``: everybody that the source's documents name.
        Raises :class:`knowledge.errors.KnowledgeError`.
        """
        if self._reader is None or len(urgent) == len(going):
            return None
        asked = [*await self.all(), *(await self._rated() if self._rated else ())]
        if not asked:
            return None
        broken = []
        async with (
            overlaid(self._store, self._items, source, urgent) as before,
            overlaid(self._store, self._items, source, going) as after,
        ):
            for each in asked:
                as_whom = readers | {PUBLIC}
                if await self._is_answered(each, after, as_whom):
                    continue
                if await self._is_answered(each, before, as_whom):
                    broken.append(each.question)
        if not broken:
            return None
        named = ", ".join(f"“{each}”" for each in broken[:_NAMED])
        more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        return (
            f"Answered now, and not after this change: {named}{more}. What changed waits until "
            "somebody approves."
        )

    async def _is_answered(
        self, question: GoldenQuestion, view: PassageSearch, principals: Principals
    ) -> bool:
        assert self._reader is not None  # noqa: S101 - its caller has looked
        found = await Retriever(view, self._embedder, self._reader).search(
            question.question, principals, JUDGED
        )
        return any(each.answers >= self._likely and _is_there(question, each) for each in found)


def _is_there(question: GoldenQuestion, found: Evidence) -> bool:
    one = found.passage
    headings = {each.casefold() for each in (one.title, *one.headings)}
    return (
        one.source == question.source
        and question.document in ("", one.document)
        and (not question.section or question.section.casefold() in headings)
    )
