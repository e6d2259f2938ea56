"""A library whose sources are shelves that a test fills, with all that a release is held to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.errors import SourceError
from knowledge.library.library import Library
from knowledge.library.release.building import Checks
from knowledge.library.release.golden import GoldenQuestion
from knowledge.sources.port import Kind, Means, RawDocument, SkippedDocument
from knowledge.sources.registry import Kinds
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import PassageStore
from knowledge.types import PUBLIC, Principals, Validators
from knowledge.web.client import GuardedClient
from tests.kit.fakes import FakeReader
from tests.kit.library import file_reader
from tests.kit.word_embedder import WordEmbedder

SHELF = "shelf://fruit"
LOGIN = "<html><title>Sign in</title><form><input type='password'></form></html>"
"""A page that is served in place of another."""
NOT_THERE = "<html><title>404 Page not found</title><p>Nothing here.</p></html>"


class Shelf:
    """A source whose documents a test sets, as ``name`` to text; each has its text as ETag.

    ``failure``: raised once all were listed. ``fetched``: what was sent, not "not modified".
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.access: dict[str, Principals] = {}
        self.failure: SourceError | None = None
        self.fetched: list[str] = []

    async def check(self) -> None: ...

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        for name, text in sorted(self.texts.items()):
            etag = str(hash(text))
            is_known = name in known and known[name].etag == etag
            if not is_known:
                self.fetched.append(name)
            content = None if is_known else text.encode()
            kind = "text/html" if text.startswith("<html") else "text/markdown"
            yield RawDocument(
                name, "", name, content, kind, Validators(etag), self.access.get(name)
            )
        if self.failure is not None:
            raise self.failure


class Releases:
    """The library, its one shelf, and what is found in it."""

    def __init__(self, engine: AsyncEngine, store: PassageStore) -> None:
        self.engine, self.store = engine, store
        self.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
        self.shelf = Shelf()
        self.embedder = WordEmbedder()
        self.rated: list[GoldenQuestion] = []
        self.library: Library

    def put(self, *names: str, text: Callable[[str], str] = "All about {}.".format) -> None:
        """Documents ``name.md`` with a text each."""
        self.shelf.texts |= {f"{name}.md": text(name) for name in names}

    def take_away(self, *names: str) -> None:
        """These are no longer there."""
        for name in names:
            del self.shelf.texts[f"{name}.md"]

    async def held(self, *principals: str) -> dict[str, str]:
        """Document to its whole text, as far as somebody can find it."""
        vector = await self.embedder.embed_question("anything")
        found = await self.store.search(
            "", vector, frozenset(principals or (PUBLIC,)), 1000, alpha=1
        )
        ordered = sorted((each.passage for each in found), key=lambda one: one.position)
        texts: dict[str, str] = {}
        for one in ordered:
            texts[one.document] = texts.get(one.document, "") + one.text
        return texts

    def next_day(self) -> None:
        """A day passes."""
        self.now += timedelta(days=1)


@asynccontextmanager
async def opened_releases(
    data: Path, store: PassageStore | None = None, *, share: float = 0.2
) -> AsyncIterator[Releases]:
    """Over the data folder ``data``, or over another store."""
    engine = await open_database(f"sqlite:///{data / 'state.db'}")
    kept = store or await EmbeddedStore.open(data / "passages.db")
    made = Releases(engine, kept)

    async def rated() -> list[GoldenQuestion]:
        return made.rated

    shelf = Kind(
        "a shelf",
        lambda typed: typed if typed.startswith("shelf://") else None,
        lambda spec, means: made.shelf,
    )
    async with GuardedClient() as client:
        made.library = Library(
            engine,
            kept,
            made.embedder,
            file_reader(),
            Means(client, 10**6),
            checks=Checks(FakeReader(), 0.5, rated, share),
            kinds=Kinds({"shelf": shelf}),
            clock=lambda: made.now,
        )
        yield made
    if store is None:
        await kept.close()
    await engine.dispose()
