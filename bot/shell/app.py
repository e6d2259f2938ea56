"""The composition root: settings in, a running bot out. Tests build through it too."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.answers.assistant import Assistant
from bot.answers.history import History
from bot.answers.question.glossary import load_glossary
from bot.answers.question.searching import Searching
from bot.desk.desk import Desk
from bot.desk.kb.audit import Audit
from bot.errors import ConfigurationError
from bot.ports import Sources
from bot.shell.core import Outside, build_core
from bot.shell.data_folder import open_data_folder
from bot.shell.log import configure_log
from bot.shell.models import is_hub_id, voices, writers
from bot.shell.settings import Settings
from bot.shell.sources import LibrarySources
from bot.voice.voice import Voice, names
from bot.voice.writer import WriterFor
from jobs.housekeeping import Chores, tidy_up
from knowledge.documents.pool import ReaderPool
from knowledge.documents.recogniser import RapidRecogniser, is_installed
from knowledge.embedding.local import LocalEmbedder
from knowledge.embedding.port import Embedder
from knowledge.errors import remedy
from knowledge.library.attachments import AttachmentReader
from knowledge.library.catalog import Catalog
from knowledge.library.library import Library
from knowledge.library.release.building import Checks
from knowledge.library.release.golden import GoldenQuestion
from knowledge.retrieval.cross_encoder import open_reader
from knowledge.retrieval.reader import Reader
from knowledge.retrieval.retriever import Retriever
from knowledge.retrieval.support import ReaderSupport
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import PassageStore
from knowledge.web.client import GuardedClient

if TYPE_CHECKING:
    from jobs.schedule import Job
    from jobs.schedules import Schedules


RATED_ASKED = 100
"""The newest questions with a helpful answer that a change is held to: reading them all takes about
half a minute on two cores."""


@dataclass(frozen=True, slots=True)
class App:
    """Everything that a command or an adapter works with."""

    settings: Settings
    library: Library
    history: History
    store: PassageStore
    embedder: Embedder
    reader: Reader
    retriever: Searching
    assistant: Assistant
    voice: Callable[[str | None], Voice]
    writer: WriterFor
    desk: Desk
    audit: Audit
    sources: Sources
    chores: Chores

    def jobs(self) -> list[Job]:
        """What is done unasked while the bot serves.

        Raises :class:`ConfigurationError` for times that are none.
        """
        from jobs.reingest import reingest
        from jobs.schedule import Job

        schedules = schedules_of(self.settings)

        async def read_what_is_due() -> None:
            now = _now()
            await reingest(self.library, lambda spec: schedules.last(spec.schedule, now))

        return [
            Job("housekeeping", partial(tidy_up, self.chores), timedelta(hours=1)),
            Job("reingest", read_what_is_due, timedelta(minutes=1)),
        ]

    async def warm_up(self) -> None:
        """Load all models now, so that the first question does not wait for them.

        One after the other: transformers' lazy imports do not bear two threads at once.
        """
        await self.library.check_embedder()
        await self.embedder.warm_up()
        await self.reader.warm_up()
        await self.writer(self.voice(None))


@asynccontextmanager
async def open_app(settings: Settings, writer: WriterFor | None = None) -> AsyncIterator[App]:
    """Build the bot and take it down again.

    ``writer``: another way to get a writing model, for tests. Raises
    :class:`ConfigurationError` or :class:`knowledge.errors.KnowledgeError` with what to do.
    """
    configure_log(settings.log_level)
    if not is_hub_id(settings.writer_model):
        # Else a missing path would be asked for at the hub, for half a minute.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        open_data_folder(settings.data)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {settings.data} cannot be used ({remedy(error) or error.strerror}); "
            "set HOUSEVOICE_DATA to one that can."
        ) from error
    async with AsyncExitStack() as opened:
        embedder = LocalEmbedder(settings.embedder)
        engine = await open_database(database_url(settings))
        opened.push_async_callback(engine.dispose)
        store = await open_store(settings)
        opened.push_async_callback(store.close)
        max_bytes = settings.max_document_mb * 1024 * 1024
        client = GuardedClient(allow=settings.http_allow, max_bytes=max_bytes)
        opened.push_async_callback(client.aclose)
        voice = voices(settings)
        reader = open_reader(settings.reader, settings.data / "weights")
        retriever = Searching(
            Retriever(store, embedder, reader),
            store.similar_words,
            load_glossary(settings.glossary) if settings.glossary else {},
        )
        writer = writer or writers(settings)
        # A file that somebody waits for does not wait for a source.
        recogniser = RapidRecogniser() if is_installed() else None
        file_reader, attachment_reader = (
            ReaderPool(embedder.counter, recogniser),
            ReaderPool(embedder.counter, recogniser, size=2),
        )
        opened.callback(file_reader.close)
        opened.callback(attachment_reader.close)
        attachments = AttachmentReader(
            store,
            embedder,
            attachment_reader,
            client,
            engine,
            max_bytes=max_bytes,
            recognises=recogniser is not None,
            keep=timedelta(days=settings.attachment_days),
            clock=_now,
        )
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
                partial(well_rated, History(engine)),
                settings.deletion_share,
            ),
            clock=_now,
        )
        sources = LibrarySources(library, cache(partial(schedules_of, settings)), _now)
        core = build_core(
            Outside(
                engine=engine,
                retriever=retriever,
                writer=writer,
                voice=voice,
                voice_names=partial(names, settings.voices),
                attachments=attachments,
                sources=sources,
                passages=store,
                read_at=Catalog(engine).read_at,
                clock=_now,
                support=ReaderSupport(reader),
            ),
            settings,
        )
        yield App(
            settings=settings,
            library=library,
            history=core.history,
            store=store,
            embedder=embedder,
            reader=reader,
            retriever=retriever,
            assistant=core.assistant,
            voice=voice,
            writer=writer,
            desk=core.desk,
            audit=core.audit,
            sources=sources,
            chores={
                "inbox": lambda: core.inbox.forget_old(_now()),
                "limits": lambda: core.limits.forget_old(_now()),
                "attachments": attachments.forget_expired,
                "drafts": core.drafting.forget_old,
                "citations": core.history.forget_lost_citations,
            },
        )


def _now() -> datetime:
    return datetime.now(UTC)


async def well_rated(history: History) -> list[GoldenQuestion]:
    """What people asked and found well answered: it must be answered after a change as well.

    Anywhere in the source, so that moving a document breaks nothing.
    """
    return [
        GoldenQuestion(question, source, origin="rated")
        for question, source in await history.well_rated(RATED_ASKED)
    ]


def schedules_of(settings: Settings) -> Schedules:
    """When sources are read again. Raises :class:`ConfigurationError`."""
    from jobs.schedules import Schedules

    return Schedules(settings.refresh_at, _timezone(settings.timezone))


def _timezone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # a folder of zones
        raise ConfigurationError(
            f"HOUSEVOICE_TIMEZONE: there is no time zone '{name}'; write one as Europe/Berlin."
        ) from error


def database_url(settings: Settings) -> str:
    """Where the state is kept."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.data.absolute() / 'state.db'}"


async def open_store(settings: Settings) -> PassageStore:
    """The passage store that the settings name."""
    if settings.weaviate_url is None:
        return await EmbeddedStore.open(settings.data / "passages.db")
    from knowledge.stores.weaviate.store import WeaviateStore

    key = settings.weaviate_api_key
    return await WeaviateStore.open(
        settings.weaviate_url,
        api_key=key.get_secret_value() if key else None,
        grpc_port=settings.weaviate_grpc_port,
    )
