"""The library as the settings name it, with all that it reads, keeps and checks with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.recall import Recalls
from bot.failures import log_failure
from bot.shell.indexing import database_url, now, open_index
from bot.shell.platforms import kinds_of
from bot.shell.settings import Settings
from bot.shell.watching.reading import TimedReader
from bot.shell.well_answered import well_answered
from knowledge.documents.pool import ReaderPool
from knowledge.documents.recogniser import RapidRecogniser, is_installed
from knowledge.embedding.port import Embedder
from knowledge.library.curated import CuratedAnswers
from knowledge.library.index.index import Index
from knowledge.library.index.store import IndexStore
from knowledge.library.library import Library
from knowledge.library.release.building import Checks
from knowledge.retrieval.cross_encoder import open_reader
from knowledge.sources.port import Means
from knowledge.sources.registry import Kinds
from knowledge.state.database import open_database
from knowledge.web.client import GuardedClient


@dataclass(frozen=True, slots=True)
class OpenedLibrary:
    """The library and its parts."""

    library: Library
    engine: AsyncEngine
    index: Index
    store: IndexStore
    reader: TimedReader
    recalls: Recalls
    curated: CuratedAnswers
    means: Means
    recogniser: RapidRecogniser | None


@asynccontextmanager
async def opened_library(settings: Settings, embedder: Embedder) -> AsyncIterator[OpenedLibrary]:
    """Build it and take it down again; the embedder is its caller's.

    Raises :class:`bot.errors.ConfigurationError` or :class:`knowledge.errors.KnowledgeError`.
    """
    async with AsyncExitStack() as opened:
        engine = await open_database(database_url(settings))
        opened.push_async_callback(engine.dispose)
        index = await open_index(settings, engine, embedder)
        opened.push_async_callback(index.close)
        async with index.using():
            pass  # a store that cannot be used is told now
        store = IndexStore(index)
        max_bytes = settings.max_document_mb * 1024 * 1024
        client = GuardedClient(allow=settings.http_allow, max_bytes=max_bytes)
        opened.push_async_callback(client.aclose)
        reader = TimedReader(open_reader(settings.reader, settings.data / "weights"))
        recogniser = RapidRecogniser() if settings.ocr and is_installed() else None
        file_reader = ReaderPool(embedder.counter, recogniser)
        for threads in (reader, file_reader):
            opened.callback(threads.close)
        recalls = Recalls(engine, store.held, settings.recall_days, now)
        recheck = rechecking(recalls)
        curated = CuratedAnswers(engine, store, embedder, now, recheck)
        means = Means(client, max_bytes, recognises=recogniser is not None)
        library = Library(
            engine,
            store,
            embedder,
            file_reader,
            means,
            checks=Checks(
                reader,
                settings.unsure,
                partial(well_answered, engine, curated),
                settings.deletion_share,
            ),
            kinds=Kinds(kinds_of(settings)),
            clock=now,
            changed=recheck,
        )
        yield OpenedLibrary(
            library, engine, index, store, reader, recalls, curated, means, recogniser
        )


def rechecking(recalls: Recalls) -> Callable[[str], Awaitable[None]]:
    """Look again at the answers that rest on a source; what fails is made up for hourly."""

    async def recheck(source: str) -> None:
        try:
            await recalls.check(source)
        except Exception as error:  # the source is read, and that is told
            log_failure("answers_not_checked", error, source=source)

    return recheck
