"""The composition root: settings in, a running bot out. Tests build through it too."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from bot.answers.assistant import Assistant
from bot.answers.history import History
from bot.answers.question.glossary import load_glossary
from bot.answers.question.searching import Searching
from bot.answers.voices.wordings import Wordings
from bot.conversation.errands import Errands
from bot.conversation.roles import Roles
from bot.desk.audit import Audit
from bot.desk.console.console import Console
from bot.desk.desk import Desk
from bot.desk.kb.parts import Knowledge
from bot.errors import ConfigurationError
from bot.ports import Platform, Sources
from bot.shell.core import Outside, build_core
from bot.shell.data_folder import open_data_folder
from bot.shell.doctor import examine
from bot.shell.indexing import KnownIndexes, now
from bot.shell.keeping.chores import chores
from bot.shell.keeping.people import People
from bot.shell.library import opened_library
from bot.shell.models import is_hub_id, voices, writers
from bot.shell.platforms import served
from bot.shell.releases import LibraryReleases
from bot.shell.settings import Settings
from bot.shell.sources import LibrarySources, schedules_of
from bot.shell.voicing.files import VoiceFiles, content_of
from bot.shell.voicing.training import voice_training
from bot.shell.voicing.work import VoiceWork
from bot.shell.watching.log import configure_log
from bot.shell.watching.metrics import Meter
from bot.shell.watching.traces import traced
from bot.voice.voice import Voice, names
from bot.voice.writer import WriterFor
from jobs.admins import Admins
from jobs.digest import Digests
from jobs.housekeeping import Chores, tidy_up
from jobs.measures import Measures
from jobs.notices import Notifying
from jobs.voice_training import VoiceTraining
from jobs.wordings import WordingNotices
from knowledge.documents.pool import ReaderPool
from knowledge.embedding.local import open_embedder
from knowledge.embedding.port import Embedder
from knowledge.errors import remedy
from knowledge.library.attachments import AttachmentReader
from knowledge.library.catalog import Catalog
from knowledge.library.index.index import Index
from knowledge.library.index.rebuild import Rebuilding
from knowledge.library.index.store import IndexSearcher
from knowledge.library.leases import Leases
from knowledge.library.library import Library
from knowledge.library.uploads import Uploads
from knowledge.retrieval.reader import Reader
from knowledge.retrieval.support import ReaderSupport
from knowledge.stores.port import PassageStore
from knowledge.types import Attachment, Vector

if TYPE_CHECKING:
    from jobs.schedule import Job


@dataclass(frozen=True, slots=True)
class App:
    """Everything that a command or an adapter works with."""

    settings: Settings
    library: Library
    index: Index
    rebuilding: Rebuilding
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
    knowledge: Knowledge
    errands: Errands
    digests: Digests
    notifying: Notifying
    wording_notices: WordingNotices
    training: Callable[[], VoiceTraining]
    """At times that are set; raises :class:`ConfigurationError` for those that are none."""
    sources: Sources
    uploads: Uploads
    people: People
    chores: Chores
    present: dict[str, Platform]
    console: Console

    def jobs(self) -> list[Job]:
        """What is done unasked while the bot serves.

        Raises :class:`ConfigurationError` for times that are none.
        """
        from bot.shell.machines import hiring
        from jobs.reindex import Reindex
        from jobs.reingest import reingest
        from jobs.schedule import Job

        schedules = schedules_of(self.settings)
        hire = hiring(self.settings, self.library)

        async def read_what_is_due() -> None:
            await reingest(self.library, lambda spec: schedules.last(spec.schedule, now()), hire)

        also: list[Job] = []
        if self.settings.train_at:
            also.append(Job("training", self.training().run, timedelta(minutes=1)))
        return [
            Job("housekeeping", partial(tidy_up, self.chores), timedelta(hours=1)),
            Job("reindex", Reindex(self.index, self.rebuilding), timedelta(hours=1)),
            Job("reingest", read_what_is_due, timedelta(minutes=1)),
            Job("notices", self.notifying.deliver, timedelta(minutes=1)),
            Job("wordings", self.wording_notices.deliver, timedelta(minutes=1)),
            Job(
                "digest",
                lambda: self.digests.post(schedules.last("", now())),
                timedelta(minutes=5),
            ),
            *also,
        ]

    async def warm_up(self) -> None:
        """Load all models now, so that the first question does not wait for them.

        One after the other: transformers' lazy imports do not bear two threads at once.
        """
        await self.embedder.warm_up()
        async with self.index.using() as opened:  # another one, if the setting has changed
            if not opened.lacking and opened.embedder is not self.embedder:
                await opened.embedder.warm_up()
        await self.reader.warm_up()
        await self.writer(self.voice(None))


@asynccontextmanager
async def open_app(settings: Settings, writer: WriterFor | None = None) -> AsyncIterator[App]:
    """Build the bot and take it down again.

    ``writer``: another way to get a writing model, for tests. Raises
    :class:`ConfigurationError` or :class:`knowledge.errors.KnowledgeError` with what to do.
    """
    meter = Meter()
    configure_log(settings.log_level, meter)
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
        weights = settings.data / "weights"
        embedder = await asyncio.to_thread(open_embedder, settings.embedder, weights)
        opened.callback(embedder.close)
        parts = await opened.enter_async_context(opened_library(settings, embedder))
        library, engine, index, store = parts.library, parts.engine, parts.index, parts.store
        reader, client, max_bytes = parts.reader, parts.means.client, parts.means.max_bytes
        rebuilding = Rebuilding(index, Leases(engine, now), now)
        voice = voices(settings)
        retriever = Searching(
            IndexSearcher(index, reader),
            store.similar_words,
            load_glossary(settings.glossary) if settings.glossary else {},
        )
        models = opened.enter_context(closing(writers(settings)))
        writer, support = writer or models, ReaderSupport(reader)
        # A file that somebody waits for does not wait for a source.
        attachment_reader = ReaderPool(embedder.counter, parts.recogniser, size=2)
        opened.callback(attachment_reader.close)
        attachments = AttachmentReader(
            store,
            embedder,
            attachment_reader,
            client,
            engine,
            max_bytes=max_bytes,
            recognises=parts.means.recognises,
            keep=timedelta(days=settings.attachment_days),
            clock=now,
        )
        uploads = Uploads(settings.data / "uploads", parts.means)
        sources = LibrarySources(library, uploads, cache(partial(schedules_of, settings)), now)

        async def embed_all(texts: Sequence[str]) -> Sequence[Vector]:
            return list(await embedder.embed_passages(texts))

        async def sent(file: Attachment) -> bytes:
            return await content_of(file, client, max_bytes)

        wordings = Wordings(engine, now)
        voice_files = VoiceFiles(settings.voices, wordings, sent, now)
        work = VoiceWork(settings.voices)
        opened.push_async_callback(work.aclose)
        core = build_core(
            Outside(
                engine=engine,
                retriever=retriever,
                writer=writer,
                voice=voice,
                voice_names=partial(names, settings.voices),
                voices=settings.voices,
                making=voice_files,
                work=work,
                attachments=attachments,
                sources=sources,
                releases=LibraryReleases(library, sources),
                indexes=KnownIndexes(index, rebuilding),
                curated=parts.curated,
                worded=parts.curated.worded,
                embed=embed_all,
                passages=store,
                read_at=Catalog(engine).read_at,
                recalls=parts.recalls,
                clock=now,
                support=support,
                says=support.says,
                examine=examine,
                meter=meter,
                away=models.away,
                watch=opened.enter_context(traced()),
            ),
            settings,
        )
        admins = Admins(core.channels, core.errands.outbox, served(settings), settings.admins)
        yield App(
            settings=settings,
            library=library,
            index=index,
            rebuilding=rebuilding,
            history=core.history,
            store=store,
            embedder=embedder,
            reader=reader,
            retriever=retriever,
            assistant=core.assistant,
            voice=voice,
            writer=writer,
            desk=core.desk,
            audit=core.knowledge.audit,
            knowledge=core.knowledge,
            errands=core.errands,
            digests=Digests(
                library,
                core.knowledge.gaps,
                Measures(engine),
                core.channels,
                core.errands.outbox,
                core.knowledge.retriever.search,
                core.knowledge.thresholds,
                sources.shown,
                now,
            ),
            notifying=Notifying(
                library,
                admins,
                sources.shown,
                now,
            ),
            wording_notices=WordingNotices(wordings, admins, Roles(settings.roles)),
            training=partial(voice_training, settings, engine, wordings, voice_files, work, admins),
            sources=sources,
            uploads=uploads,
            people=People(engine, core.history, attachments.forget, voice_files.forget_person),
            present=core.present,
            console=core.console,
            chores=chores(core, settings, attachments, parts.curated, parts.recalls, rebuilding),
        )
