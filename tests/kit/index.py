"""An index with its places in a folder and in a stand-in for Weaviate, over a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.embedding.port import Embedder
from knowledge.errors import KnowledgeError
from knowledge.library.index.index import Index, Opened, Wanted
from knowledge.library.index.rebuild import Rebuilding
from knowledge.library.index.store import IndexStore
from knowledge.library.leases import Leases
from knowledge.stores.places import EmbeddedPlace, Place
from knowledge.stores.weaviate.place import WeaviatePlace
from knowledge.types import EmbeddedPassage
from tests.kit.store_toys import EVERYBODY, passage
from tests.kit.word_embedder import WordEmbedder
from tests.stand_ins.weaviate import StandIn

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOPICS = ("trains", "salaries", "laptops", "parties", "doctors", "badges", "interviews", "plants")


class TurnedEmbedder(WordEmbedder):
    """Of the same length as any other, with directions that mean nothing to another one's."""

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = await super().embed_passages(texts)
        turn = np.random.default_rng(crc32(self.name.encode())).permutation(self.dimension)
        return np.asarray(rows[:, turn], np.float32)


class Installation:
    """One data folder and one database, in which processes open the index by their settings."""

    def __init__(self, folder: Path, engine: AsyncEngine, server: StandIn) -> None:
        self.now = START
        self.engine = engine
        self.places: dict[str, Place] = {
            "embedded": EmbeddedPlace(folder),
            "weaviate": WeaviatePlace(server.url, grpc_port=server.grpc_port),
        }
        self.embedders = {name: TurnedEmbedder(name) for name in ("first", "second")}
        self._opened: list[Index] = []

    async def process(
        self, place: str = "embedded", embedder: str = "first", *, watched: Place | None = None
    ) -> Process:
        """One more process, with settings of its own, and with a place of its own if given."""
        index = Index(
            self.engine,
            self.places | ({place: watched} if watched else {}),
            Wanted(place, embedder),
            self.embedders[embedder],
            self._open_embedder,
            clock=lambda: self.now,
            sleep=self._sleep,
        )
        await index.enter()
        self._opened.append(index)
        rebuilding = Rebuilding(index, Leases(self.engine, lambda: self.now), lambda: self.now)
        return Process(index, rebuilding, IndexStore(index))

    async def close(self) -> None:
        for each in self._opened:
            await each.close()

    def _open_embedder(self, setting: str) -> Embedder:
        if setting not in self.embedders:
            raise KnowledgeError(f"There is no embedder {setting}.")
        return self.embedders[setting]

    async def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class Process:
    """The index as one process has it open."""

    def __init__(self, index: Index, rebuilding: Rebuilding, store: IndexStore) -> None:
        self.index = index
        self.rebuilding = rebuilding
        self.store = store

    async def put(self, source: str, document: str, *said: str) -> None:
        """Make this all that a document says."""
        await self.store.replace(source, document, await self.embedded(source, document, *said))

    async def embedded(self, source: str, document: str, *said: str) -> list[EmbeddedPassage]:
        """The document's passages, by this process's own embedder."""
        plain = [
            passage(text, np.ones(1, np.float32), source=source, document=document, position=at)
            for at, text in enumerate(said)
        ]
        words = [f"{each.passage.title} {each.passage.text}" for each in plain]
        vectors = await self.index.embedder.embed_passages(words)
        return [
            EmbeddedPassage(each.passage, vector)
            for each, vector in zip(plain, vectors, strict=True)
        ]

    async def fill(self, documents: int = 8) -> None:
        """Documents of two sources, each with a topic of its own and a page on everything."""
        for n in range(documents):
            topic = TOPICS[n % len(TOPICS)]
            source = "wiki" if n % 3 else "handbook"
            await self.put(source, f"{topic}{n}.md", f"About {topic} number{n}.", f"More {topic}.")

    async def nearest(self, question: str) -> tuple[str, float]:
        """The document that is nearest in meaning alone, and how near, as people's questions go."""
        async with self.index.using() as opened:
            return await nearest(opened, question)

    async def everything(self) -> set[str]:
        """All texts that the index holds."""
        async with self.index.using() as opened:
            return await texts_in(opened)


async def nearest(opened: Opened, question: str) -> tuple[str, float]:
    vector = await opened.embedder.embed_question(question)
    (found,) = await opened.store.search("", vector, EVERYBODY, 1, alpha=1)
    return found.passage.document, found.cosine or 0


async def texts_in(opened: Opened) -> set[str]:
    listing = await opened.store.listing()
    held = [await opened.store.held(*each) for each in listing]
    return {one.passage.text for some in held for one in some}
