"""A library over a folder, with a clock of its own and sources that do as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.library.library import Library
from knowledge.sources.port import Kind, Means, RawDocument, SkippedDocument
from knowledge.sources.registry import Kinds
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import Validators
from knowledge.web.client import GuardedClient
from tests.kit.library import file_reader
from tests.kit.word_embedder import WordEmbedder

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MANAGERS = frozenset({"role:managers"})


class Shelf:
    """A source that lists its document when it is told to."""

    def __init__(self) -> None:
        self.asked, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def check(self) -> None: ...

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        self.asked.set()
        await self.may_go_on.wait()
        yield RawDocument("a.md", "", "a.md", b"Apples.", None, Validators())


@asynccontextmanager
async def opened(
    engine: AsyncEngine,
    folder: Path,
    shelf: Shelf | None,
    embedder: WordEmbedder | None = None,
) -> AsyncIterator[Library]:
    """A library that knows one further kind, ``shelf://``, if it is given a shelf."""
    further = {}
    if shelf is not None:
        further["shelf"] = Kind(
            "a shelf",
            lambda typed: typed if typed.startswith("shelf://") else None,
            lambda spec, means: shelf,
        )
    store = await EmbeddedStore.open(folder / "passages.db")
    async with GuardedClient(allow=("127.0.0.0/8",)) as client:
        yield Library(
            engine,
            store,
            embedder or WordEmbedder(),
            file_reader(),
            Means(client, 10**6),
            kinds=Kinds(further),
            clock=lambda: START,
        )
    await store.close()
