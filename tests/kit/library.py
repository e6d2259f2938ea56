"""A folder of documents with everything that reads it in and finds it again, and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.documents.pool import ReaderPool
from knowledge.library.catalog import Catalog, DocumentRecord, RunReport
from knowledge.library.ingest import Ingester, Progress
from knowledge.library.release.building import releasing
from knowledge.retrieval.retriever import Retriever
from knowledge.sources.port import Means, Source, SourceSpec
from knowledge.sources.registry import Kinds
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import PassageStore
from knowledge.types import PUBLIC, Passage
from knowledge.web.client import GuardedClient
from tests.kit.fakes import FakeReader
from tests.kit.word_embedder import WordEmbedder, count_words

ALL = 10_000
MAX_BYTES = 50_000


@cache
def file_reader() -> ReaderPool:
    """One for all tests: starting a process takes as long as a small test."""
    return ReaderPool(count_words)


class Library:
    """One data folder, opened. Times are told by ``now``."""

    def __init__(self, engine: AsyncEngine, store: PassageStore, folder: Path) -> None:
        self.engine = engine
        self.catalog = Catalog(engine)
        self.store = store
        self.folder = folder
        self.embedder = WordEmbedder()
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        self.client = GuardedClient(allow=("127.0.0.0/8",))

    def write(self, **texts: str) -> None:
        """Write ``name="text"`` as ``name.md`` (two underscores: a slash)."""
        for name, text in texts.items():
            path = self.folder / f"{name.replace('__', '/')}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def spec(self, access: Iterable[str] = (PUBLIC,), base_url: str = "") -> SourceSpec:
        """The folder as a source."""
        return spec_for(str(self.folder), access, **({"base_url": base_url} if base_url else {}))

    def opened(self, spec: SourceSpec) -> Source:
        """The source of that description."""
        return Kinds().open(spec, Means(self.client, MAX_BYTES))

    def ingester(
        self, catalog: Catalog | None = None, store: PassageStore | None = None
    ) -> Ingester:
        """Reads into this data folder, or into something between."""
        catalog, store = catalog or self.catalog, store or self.store
        return Ingester(
            catalog,
            store,
            self.embedder,
            file_reader(),
            releasing(self.engine, catalog, store, self.embedder, clock=lambda: self.now),
            max_bytes=MAX_BYTES,
            clock=lambda: self.now,
        )

    async def read(
        self,
        spec: SourceSpec | None = None,
        source: Source | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> RunReport:
        """One run over the folder, or over another source."""
        spec = spec or self.spec()
        await self.catalog.save_source(spec, self.now)
        return await self.ingester().run(spec, source or self.opened(spec), progress)

    async def found(self, words: str, *principals: str) -> list[str]:
        """The documents whose passages hold all of the words, as somebody finds them."""
        evidence = await Retriever(self.store, self.embedder, FakeReader()).search(
            words, frozenset(principals or (PUBLIC,)), ALL
        )
        return sorted({each.passage.document for each in evidence if each.answers == 1})

    async def passages(self, *principals: str) -> list[Passage]:
        """All passages that somebody may read, by document and position."""
        vector = await self.embedder.embed_question("anything")
        found = await self.store.search(
            "", vector, frozenset(principals or (PUBLIC,)), ALL, alpha=1
        )
        return sorted((each.passage for each in found), key=lambda p: (p.document, p.position))

    async def documents(self) -> dict[str, DocumentRecord]:
        """What the catalog says of the folder."""
        return await self.catalog.documents(self.spec().id)


async def last_report(catalog: Catalog, source: str) -> RunReport | None:
    """What the newest finished run of a source did."""
    last = await catalog.last_run(source)
    return last.report if last else None


def spec_for(
    typed: str, access: Iterable[str] = (PUBLIC,), **options: str | Sequence[str]
) -> SourceSpec:
    """What an admin typed, described as the library does it."""
    return Kinds().describe(typed, options=options, access=frozenset(access))


@asynccontextmanager
async def opened_library(data: Path, folder: Path) -> AsyncIterator[Library]:
    """The library over the data folder ``data`` and the documents in ``folder``."""
    _make(folder, data)
    engine = await open_database(f"sqlite:///{data / 'state.db'}")
    store = await EmbeddedStore.open(data / "passages.db")
    library = Library(engine, store, folder)
    try:
        yield library
    finally:
        await library.client.aclose()
        await store.close()
        await engine.dispose()


def _make(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
