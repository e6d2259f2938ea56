"""The whole core on a temporary database, with a chain that finds what a test lets it know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.assistant import Assistant
from bot.answers.history import History
from bot.answers.recall import Recalls
from bot.answers.voices.wordings import Wordings
from bot.conversation.channels import Channels
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.errands import Errands
from bot.conversation.inbox import Inbox
from bot.conversation.limits import Limits
from bot.desk.audit import Audit
from bot.desk.commands import Commands
from bot.desk.console.console import Console
from bot.desk.desk import Desk
from bot.desk.drafting import Drafting
from bot.desk.follow_ups import FollowUps
from bot.desk.kb.parts import Knowledge
from bot.errors import ConfigurationError
from bot.journey import unwatched
from bot.ports import Platform
from bot.shell.core import Outside, build_core, nothing_found
from bot.shell.models import voices as shelf
from bot.shell.settings import Settings
from bot.shell.voicing.files import VoiceFiles
from bot.shell.voicing.work import VoiceWork
from bot.shell.watching.metrics import Meter
from bot.voice.voice import Voice, names
from knowledge.library.curated import CuratedAnswers
from knowledge.state.database import open_database
from knowledge.stores.port import PassageStore
from knowledge.types import Attachment, Evidence, Vector
from tests.adapters.hand import Hand
from tests.kit.fakes import (
    THRESHOLDS,
    FakeAttachments,
    FakeReleases,
    FakeSources,
    FakeWriter,
    FixedClock,
    InMemoryPassages,
)
from tests.kit.indexes import FakeIndexes
from tests.kit.word_embedder import WordEmbedder

VOICES = Path(__file__).resolve().parents[2] / "voices"


@cache
def voices() -> dict[str, Voice]:
    """The shipped voice, and a second one that greets otherwise."""
    fernhill = Voice.load(VOICES, "fernhill")
    ahoy = fernhill.guide.model_copy(update={"name": "Harbour", "greetings": ("Ahoy.",)})
    return {"fernhill": fernhill, "harbour": replace(fernhill, name="harbour", guide=ahoy)}


def voice_for(name: str | None) -> Voice:
    """A voice by name; None: the shipped one."""
    try:
        return voices()[name or "fernhill"]
    except KeyError:
        raise ConfigurationError(f"There is no voice '{name}'.") from None


@dataclass(frozen=True)
class World:
    """What lies outside the database; several replicas share it."""

    clock: FixedClock = field(default_factory=FixedClock)
    passages: InMemoryPassages = field(default_factory=InMemoryPassages)
    writer: FakeWriter = field(default_factory=FakeWriter)
    hand: Hand = field(default_factory=Hand)
    """By which it is measured what is not waited for."""
    sources: FakeSources = field(default_factory=FakeSources)
    releases: FakeReleases = field(default_factory=FakeReleases)
    indexes: FakeIndexes = field(default_factory=FakeIndexes)
    read_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """When documents, as (source, document), were last read."""

    def __post_init__(self) -> None:
        self.releases.sources = self.sources


@dataclass(frozen=True)
class Bench:
    """One process of the bot, with all its parts in reach."""

    url: str
    options: Mapping[str, Any]
    world: World
    attachments: FakeAttachments
    engine: AsyncEngine
    history: History
    inbox: Inbox
    channels: Channels
    limits: Limits
    assistant: Assistant
    dispatcher: Dispatcher
    follow_ups: FollowUps
    drafting: Drafting
    commands: Commands
    knowledge: Knowledge
    recalls: Recalls
    errands: Errands
    desk: Desk
    present: dict[str, Platform]
    console: Console
    meter: Meter

    @property
    def audit(self) -> Audit:
        """Who changed what."""
        return self.knowledge.audit

    @property
    def clock(self) -> FixedClock:
        """The time, which moves only when told to."""
        return self.world.clock

    @property
    def passages(self) -> InMemoryPassages:
        """What it knows, and what was asked of it."""
        return self.world.passages

    @property
    def writer(self) -> FakeWriter:
        """The writing model."""
        return self.world.writer

    def knows(self, words: str, *found: Evidence) -> None:
        """Questions with ``words`` in them find this, if they come from who may read it."""
        self.passages.knows(words, *found)

    def finds(self, *found: Evidence) -> None:
        """Every question finds this, if it comes from who may read it."""
        self.passages.knows("", *found)

    async def settled(self) -> None:
        """Wait until nothing is being answered."""
        await self.dispatcher.settled()

    async def crash(self) -> None:
        """What is being answered breaks off, and nothing is tidied up: as after ``kill -9``."""
        tasks = [each for each in asyncio.all_tasks() if each.get_name().startswith("answer ")]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def replica(self) -> Any:
        """Another process on the same database, or this one after a restart: ``async with``."""
        return _open(self.url, self.world, self.options)

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """All that a table holds."""
        async with self.engine.connect() as db:
            found = await db.execute(sa.text(f"SELECT * FROM {table}"))  # noqa: S608
            return [dict(row) for row in found.mappings()]


@asynccontextmanager
async def open_bench(tmp_path: Path, **options: Any) -> AsyncIterator[Bench]:
    """A bot on a new SQLite file in ``tmp_path``.

    ``options``: ``person_hourly`` and ``workspace_daily`` (0: no limit), ``thresholds`` of the
    judge, ``max_question_chars``, ``prompts``, ``roles``, ``url`` for another database, ``clock``
    for another time than a fixed one, ``sources`` for others than those of the world, ``voices``
    for a folder of voices to change, ``console`` for where that is, ``examine`` for what an
    examination finds, ``watch`` for who watches, and ``attachments`` with ``retriever`` for
    real ones.
    """
    url = str(options.pop("url", f"sqlite:///{tmp_path / 'state.db'}"))
    world = World(clock=options.pop("clock", None) or FixedClock())
    async with _open(url, world, options) as bench:
        yield bench


@asynccontextmanager
async def _open(url: str, world: World, options: Mapping[str, Any]) -> AsyncIterator[Bench]:
    engine = await open_database(url)
    try:
        yield _build(engine, url, world, options)
    finally:
        await engine.dispose()


def _build(engine: AsyncEngine, url: str, world: World, options: Mapping[str, Any]) -> Bench:
    attachments = FakeAttachments(world.passages)

    async def read_at(
        documents: Collection[tuple[str, str]],
    ) -> Mapping[tuple[str, str], datetime]:
        return {each: world.read_at[each] for each in documents if each in world.read_at}

    folder = options.get("voices")
    settings = _settings(options)
    recalls = Recalls(engine, world.passages.held, settings.recall_days, world.clock)
    curated = CuratedAnswers(
        engine, _as_store(world.passages), WordEmbedder(), world.clock, recalls.check
    )

    async def embed(texts: Sequence[str]) -> Sequence[Vector]:
        return list(await WordEmbedder().embed_passages(texts))

    outside = Outside(
        engine=engine,
        retriever=options.get("retriever", world.passages),
        writer=world.writer.for_voice,
        voice=shelf(Settings(voices=folder)) if folder else voice_for,
        voice_names=(lambda: names(folder)) if folder else (lambda: sorted(voices())),
        voices=folder or VOICES,
        making=VoiceFiles(folder or VOICES, Wordings(engine, world.clock), _content, world.clock),
        work=VoiceWork(folder or VOICES),
        attachments=options.get("attachments", attachments),
        sources=options.get("sources", world.sources),
        releases=options.get("releases", world.releases),
        indexes=options.get("indexes", world.indexes),
        curated=curated,
        worded=curated.worded,
        embed=embed,
        passages=world.passages,
        read_at=read_at,
        recalls=recalls,
        clock=world.clock,
        sleep=world.hand.sleep,
        examine=options.get("examine", nothing_found),
        watch=options.get("watch", unwatched),
    )
    core = build_core(outside, settings)
    return Bench(
        url=url,
        options=options,
        world=world,
        attachments=attachments,
        engine=engine,
        history=core.history,
        inbox=core.inbox,
        channels=core.channels,
        limits=core.limits,
        assistant=core.assistant,
        dispatcher=core.dispatcher,
        follow_ups=core.follow_ups,
        drafting=core.drafting,
        commands=core.commands,
        knowledge=core.knowledge,
        recalls=recalls,
        errands=core.errands,
        desk=core.desk,
        present=core.present,
        console=core.console,
        meter=outside.meter,
    )


async def _content(file: Attachment) -> bytes:
    """All files of the stages carry what is in them."""
    assert file.content is not None
    return file.content


def _as_store(passages: InMemoryPassages) -> PassageStore:
    """It has what curated answers need of one."""
    return cast("PassageStore", passages)


def _settings(options: Mapping[str, Any]) -> Settings:
    thresholds = options.get("thresholds", THRESHOLDS)
    return Settings(
        person_hourly_limit=options.get("person_hourly", 0),
        workspace_daily_limit=options.get("workspace_daily", 0),
        sure=thresholds.sure,
        unsure=thresholds.unsure,
        near=thresholds.near,
        recall_days=options.get("recall_days", 14),
        max_question_chars=options.get("max_question_chars", 2000),
        roles=options.get("roles", {}),
        prompts=tuple(options.get("prompts", ())),
        console=options.get("console"),
    )
