"""From an accepted utterance to its answer: for whose eyes it is, and that it is shown once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog

from bot.answers.assistant import Assistant
from bot.cards import Card, answer_card
from bot.conversation.attention import bar_for, wish
from bot.conversation.channels import ChannelRules, Channels
from bot.conversation.inbox import Accepted, Inbox
from bot.conversation.limits import Limits, Reached
from bot.conversation.queueing import Queue
from bot.conversation.roles import Roles
from bot.conversation.streaming import StreamingReply
from bot.errors import PlatformError
from bot.journey import current, stage
from bot.ports import Platform, ReplyView
from bot.types import Asker, Message, Reply, Utterance, person
from knowledge.types import (
    CURATED,
    Attachment,
    Unread,
    attachment_source,
    conversation_principal,
)

ATTEMPTS = 5
"""That may fail by themselves."""
BROKEN_OFF = 100
"""Attempts in all, most of which a process did not live to finish: perhaps because of them."""
OPTIONAL_SECONDS = 2.0
"""For what would make an answer better, and is answered without where it takes longer."""
_AT_ONCE = 8
OPENED_AT_ONCE = 8
"""Of one platform. Hundreds that all want the database at once would keep it from what is being
accepted, whose platform then says it again, and from each other until they fail."""

_LIMITS: dict[Reached, str] = {
    "person": "That is a lot of questions in one hour. Give me a little while, then ask again.",
    "channel": "I have answered as much as I may in this channel today. "
    "Ask me in a direct message, or tomorrow.",
    "workspace": "I have answered as much as I may today. Ask me again tomorrow.",
}
_NOT_HERE = "I do not answer in this channel. Ask me in a direct message."
_QUIET = "I will be quiet here. Mention me if you want something; `resume` brings me back."
_BACK = "I am back."
_STILL_QUIET = "This whole channel wants me quiet: `/quiet off` in the channel ends that."
_GIVEN_UP = "I tried several times and could not answer this. Please ask again."

_log = structlog.get_logger("housevoice")


class AttachmentReader(Protocol):
    """Reads files into a conversation, as :mod:`knowledge.library.attachments` does."""

    async def read(self, conversation: str, files: Sequence[Attachment]) -> dict[str, Unread]:
        """By name, why files could not be read, or not as a whole."""
        ...


class Answering:
    """Answers utterances one by one, a few at a time."""

    def __init__(
        self,
        assistant: Assistant,
        inbox: Inbox,
        channels: Channels,
        limits: Limits,
        attachments: AttachmentReader,
        *,
        roles: Roles,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        """``sleep``: how it measures what it does not wait for."""
        self._assistant = assistant
        self._inbox = inbox
        self._channels = channels
        self._limits = limits
        self._attachments = attachments
        self._roles = roles
        self._clock = clock
        self._sleep = sleep
        self._queue = Queue(_AT_ONCE, clock)
        self._begun: dict[str, tuple[Accepted, ReplyView]] = {}
        self._opening: dict[str, asyncio.Semaphore] = {}

    async def answer(self, platform: Platform, accepted: Accepted) -> None:
        """Answer it, and settle it. Raises :class:`PlatformError` if it cannot be shown."""
        utterance, place = accepted.utterance, accepted.utterance.place
        view: ReplyView | None = None
        async with self._greeting(platform):
            rules = await self._channels.rules(place)
            if rules.answers == "never" and not utterance.private and not place.direct:
                await platform.whisper(place, utterance.author, _NOT_HERE)
                await self._inbox.settle(accepted, "answered", ())
                return
            before: frozenset[str] = frozenset()
            if utterance.address == "thread":
                before = await self._inbox.authors(utterance.conversation, but=utterance.id)
            bar = bar_for(utterance, rules, before)
            if bar is None:
                view = await self._open(platform, accepted)
                _heard(accepted)
            card = await self._fixed_reply(accepted, rules, bar)
        if card is None:
            # Only here: the sign that it was heard waits for nobody.
            async with AsyncExitStack() as turn:
                with stage("wait"):
                    await turn.enter_async_context(
                        self._queue.turn(partial(self._say_wait, accepted, view))
                    )
                card = await self._looked_up(platform, accepted, rules, bar, view)
        if card is None:
            await self._inbox.settle(accepted, "ignored", ())
            if (journey := current()) is not None and not journey.fault:
                journey.outcome = "ignored"
            return
        view = view or await self._open(platform, accepted)
        if await self._inbox.holds(accepted):
            with stage("send"):
                await view.finish(card)
        if not await self._inbox.settle(accepted, "answered", view.shown):
            await self._take_back(platform, utterance, view)

    async def break_off(self, id: str) -> ReplyView | None:
        """Note what is posted of an answer that is not finished; the reply that was begun."""
        if (begun := self._begun.pop(id, None)) is None:
            return None
        accepted, view = begun
        await self._inbox.showing(accepted, view.shown)
        return view

    def finished(self, id: str) -> None:
        """Nothing of it needs to be noted any more."""
        self._begun.pop(id, None)

    @asynccontextmanager
    async def _greeting(self, platform: Platform) -> AsyncIterator[None]:
        """A few at a time; while many wait for it, few are answered."""
        with self._queue.greeting():
            async with self._opening.setdefault(platform.name, asyncio.Semaphore(OPENED_AT_ONCE)):
                yield

    async def _say_wait(self, accepted: Accepted, view: ReplyView | None, words: str) -> None:
        if view is not None:
            await view.wait(words)
            if view.shown:
                await self._inbox.showing(accepted, view.shown)

    async def _open(self, platform: Platform, accepted: Accepted) -> ReplyView:
        view = await platform.open_reply(accepted.utterance, accepted.shown)
        self._begun[accepted.utterance.id] = (accepted, view)
        return view

    async def _take_back(self, platform: Platform, utterance: Utterance, view: ReplyView) -> None:
        """Its author took it back, or changed it and another process answers the new words."""
        if await self._inbox.is_withdrawn(utterance.id):
            await view.erase()
            return
        kept = await self._inbox.shown(utterance.id)
        if gone := [id for id in view.shown if id not in kept]:
            await platform.erase(utterance.place, gone)

    async def _fixed_reply(
        self, accepted: Accepted, rules: ChannelRules, bar: float | None
    ) -> Card | None:
        """What is said without asking the assistant."""
        utterance, now = accepted.utterance, self._clock()
        if accepted.failures >= ATTEMPTS or accepted.attempts > BROKEN_OFF:
            return Card(_GIVEN_UP)
        wished = wish(utterance.text)
        if wished is not None:
            await self._channels.set_quiet(utterance.place, wished == "quiet", now)
            if wished == "quiet":
                return Card(_QUIET)
            still = await self._channels.is_quiet(utterance.place)
            return Card(_STILL_QUIET if still else _BACK)
        # What nobody asked for is counted when it is said.
        if bar is None and accepted.attempts == 1:
            reached = await self._limits.spend(
                utterance.place, utterance.author, rules.daily_limit, now
            )
            return Card(_LIMITS[reached]) if reached else None
        return None

    async def _looked_up(
        self,
        platform: Platform,
        accepted: Accepted,
        rules: ChannelRules,
        bar: float | None,
        view: ReplyView | None,
    ) -> Card | None:
        """The assistant's reply; None where it was not asked and is not sure enough."""
        utterance, place = accepted.utterance, accepted.utterance.place
        message = await self._message(platform, utterance, rules, bar)
        reply: Reply | None = None
        async with StreamingReply(
            view, accepted.shown, partial(self._inbox.showing, accepted)
        ) as shown:
            async for piece in self._assistant.answer(message):
                if isinstance(piece, Reply):
                    reply = piece
                else:
                    shown.add(piece.text)
        if reply is None:
            return None
        if bar is not None and await self._limits.spend(
            place, utterance.author, rules.daily_limit, self._clock()
        ):
            return None
        workspace = await self._channels.workspace(place)
        return answer_card(
            reply,
            shareable=utterance.private and not place.direct,
            help_channel=workspace.help_channel is not None,
            forum=rules.forum,
            support=self._roles.has_support,
        )

    async def _earlier(self, platform: Platform, utterance: Utterance) -> tuple[str, ...]:
        """What was said before helps to understand it, but is not worth a long wait."""
        reading = asyncio.ensure_future(platform.earlier(utterance))
        enough = asyncio.ensure_future(self._sleep(OPTIONAL_SECONDS))
        try:
            await asyncio.wait({reading, enough}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return tuple(reading.result())
        except PlatformError as error:
            _log.warning("earlier_unread", message_id=utterance.id, reason=str(error))
            return ()
        finally:
            enough.cancel()
            reading.cancel()
        _log.warning("earlier_unread", message_id=utterance.id, reason="it takes too long")
        return ()

    async def _message(
        self, platform: Platform, utterance: Utterance, rules: ChannelRules, bar: float | None
    ) -> Message:
        place, conversation = utterance.place, utterance.conversation
        private = utterance.private or place.direct
        principals = (
            await platform.principals(place, utterance.author)
            if private
            else await platform.audience(place)
        )
        unread: dict[str, Unread] = {}
        if utterance.files and bar is None:  # nobody asked it to read what others share
            files = [platform.with_credentials(file) for file in utterance.files]
            unread = await self._attachments.read(conversation, files)
        sources = rules.sources
        return Message(
            id=utterance.id,
            platform=platform.name,
            conversation=conversation,
            asker=Asker(
                person(place, utterance.author),
                self._roles.widen(principals) | {conversation_principal(conversation)},
            ),
            text=utterance.text,
            attachments=tuple(file.name for file in utterance.files),
            unread={name: each.reason for name, each in unread.items()},
            partly=frozenset(name for name, each in unread.items() if each.is_partly),
            voice=utterance.voice or rules.voice,
            sources=None
            if sources is None
            else sources | {attachment_source(conversation), CURATED},
            earlier=await self._earlier(platform, utterance),
            bar=bar,
            private=private,
            unsure_too=rules.unsure,
            frame=rules.frame,
        )


def _heard(accepted: Accepted) -> None:
    """Note that there is a sign to be seen; a further attempt has begun too late to tell."""
    if (journey := current()) is not None and accepted.attempts == 1:
        journey.note("first_sign", journey.since_it_began())
