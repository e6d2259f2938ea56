"""The conversation put together: everything between a platform and what is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.answers.assistant import Assistant
from bot.answers.chain import Retriever, build_chain
from bot.answers.composing import Support
from bot.answers.history import History
from bot.answers.judge import Thresholds
from bot.conversation.answering import Answering, AttachmentReader
from bot.conversation.channels import Channels
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.inbox import Inbox
from bot.conversation.limits import Limits
from bot.conversation.roles import Roles
from bot.desk.commands import Commands
from bot.desk.desk import Desk
from bot.desk.drafting import Drafting
from bot.desk.follow_ups import FollowUps, PassageAccess, ReadAt
from bot.desk.kb.audit import Audit
from bot.desk.own_commands import own_commands
from bot.desk.own_forms import own_forms
from bot.ports import Sources
from bot.shell.settings import Settings
from bot.voice.rewriting import Rewriter
from bot.voice.voice import Voice
from bot.voice.writer import WriterFor


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
    attachments: AttachmentReader
    sources: Sources
    passages: PassageAccess
    read_at: ReadAt
    clock: Callable[[], datetime]
    support: Support | None = None
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
    audit: Audit
    desk: Desk
    """What every platform hands what it hears to."""


def build_core(outside: Outside, settings: Settings) -> Core:
    """Put the conversation together."""
    engine, clock, voice = outside.engine, outside.clock, outside.voice
    history, inbox, channels = History(engine), Inbox(engine), Channels(engine)
    limits = Limits(engine, settings.person_hourly_limit, settings.workspace_daily_limit)
    roles = Roles(settings.roles)
    chain = build_chain(
        outside.retriever,
        outside.writer,
        Thresholds(settings.sure, settings.unsure, settings.near),
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
    dispatcher = Dispatcher(answering, inbox, channels, clock)
    drafting = Drafting(engine, Rewriter(outside.writer), voice, channels, clock)
    follow_ups = FollowUps(history, channels, outside.passages, outside.read_at, roles, clock)
    sources, names = outside.sources, outside.voice_names
    audit = Audit(engine, clock)
    forms = own_forms(channels, drafting, sources, audit, names, clock)
    commands = own_commands(channels, history, drafting, forms, sources, audit, names, clock)
    desk = Desk(dispatcher, commands, forms, follow_ups, drafting, settings.prompts)
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
        audit=audit,
        desk=desk,
    )
