"""The conversation put together: everything between a platform and what is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.assistant import Assistant
from bot.answers.chain import Retriever, build_chain
from bot.answers.composing import Support
from bot.answers.gaps import Gaps
from bot.answers.history import History
from bot.answers.judge import Thresholds
from bot.answers.question.curated import CuratedFirst, Worded
from bot.answers.recall import Recalls
from bot.answers.voices.records import records
from bot.conversation.answering import Answering, AttachmentReader
from bot.conversation.channels import Channels
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.errands import Errands
from bot.conversation.inbox import Inbox
from bot.conversation.limits import Limits
from bot.conversation.outbox import Outbox
from bot.conversation.recalling import Recalling
from bot.conversation.roles import Roles
from bot.desk.audit import Audit
from bot.desk.commands import Commands, Invocation, Outcome
from bot.desk.console.answers import Answers
from bot.desk.console.command import console_command
from bot.desk.console.console import Console
from bot.desk.console.health import Examine, Health
from bot.desk.console.passes import Passes
from bot.desk.console.rights import Rights
from bot.desk.console.versions import Versions
from bot.desk.desk import Desk
from bot.desk.drafting import Drafting
from bot.desk.follow_ups import FollowUps, PassageAccess, ReadAt
from bot.desk.kb.adding import Adding
from bot.desk.kb.askers import Askers
from bot.desk.kb.gaps import ANSWER, SOURCE, GapDesk
from bot.desk.kb.golden import GOLDEN, GoldenDesk
from bot.desk.kb.index import IndexDesk
from bot.desk.kb.parts import Embed, Knowledge
from bot.desk.kb.proposals import Proposals
from bot.desk.kb.releasing import ReleaseDesk
from bot.desk.kb.setup.setting_up import OPTIONS, SETUP
from bot.desk.own_commands import own_commands
from bot.desk.own_forms import own_forms
from bot.desk.settling import Settling
from bot.desk.voices.wording import WORDING
from bot.findings import Finding
from bot.journey import Journey, Watch, unwatched
from bot.ports import Curated, Platform, Sources
from bot.shell.settings import Settings
from bot.shell.voicing.desks import voice_desks
from bot.shell.voicing.files import VoiceFiles
from bot.shell.voicing.work import VoiceWork
from bot.shell.watching.metrics import Away, Meter
from bot.source_ports import Indexes, Releases
from bot.voice.rewording import Rewording, Says
from bot.voice.rewriting import Rewriter
from bot.voice.versions.registry import Registry
from bot.voice.voice import Voice
from bot.voice.writer import WriterFor
from knowledge.web.url_secrets import without_secrets


async def nothing_found() -> Sequence[Finding]:
    """Where nothing is examined."""
    return ()


@dataclass(frozen=True, slots=True)
class Outside:
    """What the conversation needs from outside; tests replace parts of it."""

    engine: AsyncEngine
    """Of the database of the state."""
    retriever: Retriever
    writer: WriterFor
    voice: Callable[[str | None], Voice]
    """A voice by name; None: the configured one."""
    voice_names: Callable[[], Sequence[str]]
    voices: Path
    """The folder that they are in."""
    making: VoiceFiles
    work: VoiceWork
    attachments: AttachmentReader
    sources: Sources
    releases: Releases
    indexes: Indexes
    curated: Curated
    worded: Worded
    embed: Embed
    passages: PassageAccess
    read_at: ReadAt
    recalls: Recalls
    clock: Callable[[], datetime]
    support: Support | None = None
    says: Says | None = None
    examine: Examine = nothing_found
    meter: Meter = field(default_factory=Meter)
    away: Away = dict[str, bool]
    """Which voices' endpoints are away."""
    watch: Watch = unwatched
    """Is told of every question's way, as the meter is."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class Core:
    """The conversation's parts."""

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
    errands: Errands
    desk: Desk
    """What every platform hands what it hears to."""
    present: dict[str, Platform]
    """The platforms that are served at the moment, by name: whoever serves them enters them."""
    console: Console


def build_core(outside: Outside, settings: Settings) -> Core:
    """Put the conversation together."""
    engine, clock, voice = outside.engine, outside.clock, outside.voice
    history, inbox, channels = History(engine), Inbox(engine), Channels(engine)
    limits = Limits(engine, settings.person_hourly_limit, settings.workspace_daily_limit)
    roles = Roles(settings.roles)
    thresholds = Thresholds(settings.sure, settings.unsure, settings.near)
    retriever = CuratedFirst(outside.retriever, outside.worded)
    chain = build_chain(
        retriever,
        outside.writer,
        thresholds,
        freedom=settings.writer_freedom,
        support=outside.support,
    )
    assistant = Assistant(
        chain,
        history,
        voice,
        max_question_chars=settings.max_question_chars,
        frame=settings.frame,
        clock=clock,
    )
    answering = Answering(
        assistant,
        inbox,
        channels,
        limits,
        outside.attachments,
        roles=roles,
        clock=clock,
        sleep=outside.sleep,
    )

    def watch(journey: Journey) -> None:
        outside.meter.watch(journey)
        outside.watch(journey)

    dispatcher = Dispatcher(answering, inbox, channels, clock, watch)
    says = outside.says if settings.writer_freedom != "quote" else None
    rewriter = Rewriter(outside.writer, says and Rewording(says))
    drafting = Drafting(engine, rewriter, voice, channels, clock)
    follow_ups = FollowUps(history, channels, outside.passages, outside.read_at, roles, clock)
    outbox = Outbox(engine, clock)
    knowledge = Knowledge(
        sources=outside.sources,
        releases=outside.releases,
        indexes=outside.indexes,
        audit=Audit(engine, clock, without_secrets),
        gaps=Gaps(engine),
        curated=outside.curated,
        askers=Askers(engine, inbox, outbox),
        proposals=Proposals(engine, clock),
        retriever=retriever,
        embed=outside.embed,
        thresholds=thresholds,
        roles=roles,
        clock=clock,
        sleep=outside.sleep,
    )
    adding = Adding(knowledge)
    gaps, names = GapDesk(knowledge, adding), outside.voice_names
    of_voices = voice_desks(outside, knowledge.audit, outbox, channels, follow_ups, chain, roles)
    deciding, indexes = ReleaseDesk(knowledge), IndexDesk(knowledge)
    forms = own_forms(channels, drafting, of_voices.wording, of_voices.forms, gaps, names, clock)

    passes, present = Passes(engine, clock), dict[str, Platform]()
    address = settings.console_address
    links = [console_command(passes, address)] if address else []
    making = of_voices.commands
    commands = own_commands(channels, drafting, forms, gaps, names, clock, making, *links)

    async def form(name: str, subject: str, by: Invocation) -> Outcome:
        return await forms.open(name, by, subject)

    desk = Desk(
        dispatcher,
        commands,
        forms,
        follow_ups,
        drafting,
        {
            "keep": adding.keep,
            "leave": adding.leave,
            "answer": partial(form, ANSWER),
            "write": partial(form, ANSWER),
            "source": partial(form, SOURCE),
            "dismiss": gaps.dismiss,
            "forget": gaps.forget,
            "wording": partial(form, WORDING),
            **of_voices.actions,
            "approve": deciding.approve,
            "reject": deciding.reject,
            "restore": deciding.restore,
            "golden": partial(form, GOLDEN),
            "setup": partial(form, SETUP),
            "options": partial(form, OPTIONS),
            "drop": GoldenDesk(knowledge).drop,
            "rebuild": indexes.rebuild,
            "switch": indexes.switch,
            "delete": indexes.delete,
        },
        settings.prompts,
    )
    settling = Settling(outbox, {"approve": deciding.decided, **of_voices.decided})
    health = Health(engine, clock, outside.examine)

    async def figures() -> bytes:
        return await outside.meter.exposition(
            outside.sources, outside.releases, health.waiting, outside.away, clock()
        )

    console = Console(
        desk=desk,
        passes=passes,
        rights=Rights(present, roles),
        knowledge=knowledge,
        gaps=gaps,
        adding=adding,
        answers=Answers(engine, history, outside.passages, knowledge.audit),
        releases=deciding,
        versions=Versions(
            Registry(outside.voices, clock),
            partial(records, engine),
            voice,
            names,
            rewriter,
            knowledge.audit,
            of_voices.wording,
            outside.work.progress,
        ),
        health=health,
        figures=figures,
    )
    return Core(
        history=history,
        inbox=inbox,
        channels=channels,
        limits=limits,
        assistant=assistant,
        dispatcher=dispatcher,
        follow_ups=follow_ups,
        drafting=drafting,
        commands=commands,
        knowledge=knowledge,
        errands=Errands(
            Recalling(outside.recalls, history, inbox), outbox, settling.run, outside.sleep
        ),
        desk=desk,
        present=present,
        console=console,
    )
