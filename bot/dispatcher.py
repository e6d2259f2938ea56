"""From what platforms hear to what the bot says: who is meant, who may see it, and once only.

An utterance is decided on and entered in the inbox before its platform is told that it arrived; it
is answered afterwards. So nothing is lost when the process dies in between, and nothing is said
twice however often it is delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import uuid4

import structlog

from bot.assistant import Assistant
from bot.attention import bar_for, is_for_bot, wish
from bot.cards import Card, answer_card
from bot.channels import ChannelRules, Channels
from bot.errors import PlatformError
from bot.failures import log_failure
from bot.growth import Growth
from bot.inbox import LEASE, Accepted, Inbox
from bot.limits import Limits, Reached
from bot.ports import Platform, ReplyView
from bot.queueing import Queue
from bot.roles import Roles
from bot.types import Asker, Message, Place, Reply, Utterance, person
from knowledge.types import Attachment, attachment_source, conversation_principal

EDITABLE = timedelta(minutes=1)
"""How long an edit or deletion of the question still changes the answer."""
ATTEMPTS = 5
"""That may fail by themselves."""
BROKEN_OFF = 100
"""Attempts in all, most of which a process did not live to finish: perhaps because of them."""
OPTIONAL_SECONDS = 2.0
"""For what would make an answer better, and is answered without where it takes longer."""
_AT_ONCE = 8
_BEAT = LEASE.total_seconds() / 3

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
_NOT_SHOWN = "I could not show you my answer. If it stays so, tell an admin: error {error_id}."
_GIVEN_UP = "I tried several times and could not answer this. Please ask again."

_log = structlog.get_logger("housevoice")


class AttachmentReader(Protocol):
    """Reads files into a conversation; :class:`knowledge.attachments.AttachmentReader` is one."""

    async def read(self, conversation: str, files: Sequence[Attachment]) -> dict[str, str]:
        """Name to reason of each file that could not be read."""
        ...


class Dispatcher:
    """Hears for all platforms."""

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
        self._running: dict[str, asyncio.Task[None]] = {}
        self._views: dict[str, tuple[Accepted, ReplyView]] = {}

    async def rules(self, place: Place) -> ChannelRules:
        """How the bot behaves in the channel that the place is in; settles where it answers."""
        return await self._channels.rules(place)

    async def hear(self, platform: Platform, utterance: Utterance) -> bool:
        """Take an utterance in; True if it will be answered. Returns as soon as it is safe."""
        if not await self._is_meant(utterance):
            return False
        accepted = await self._inbox.accept(utterance, self._clock())
        if accepted is None:
            return False
        self._start(platform, accepted)
        return True

    async def edited(self, platform: Platform, utterance: Utterance) -> bool:
        """The author changed their words: within a minute the answer changes too.

        False: it is too late, or they were never heard.
        """
        await self._stop(utterance.id)
        accepted = await self._inbox.reopen(utterance, self._clock(), EDITABLE)
        if accepted is None:
            return False
        self._start(platform, accepted)
        return True

    async def deleted(
        self, platform: Platform, place: Place, id: str, *, may_come: bool = False
    ) -> None:
        """The author took their words back, and the answer goes with them.

        ``may_come``: the platform may deliver the words after their deletion.
        """
        view = await self._stop(id)
        shown = await self._inbox.withdraw(id, self._clock(), EDITABLE)
        if shown is None and may_come:
            if await self._inbox.withdraw_unheard(id, platform.name, self._clock()):
                return
            shown = await self._inbox.withdraw(id, self._clock(), EDITABLE)
        if shown is not None and view is not None:
            await view.erase()
        elif shown:
            await platform.erase(place, shown)

    async def shown_for_others(self, utterance: Utterance) -> frozenset[str]:
        """The platform's ids of what answers other utterances of the same conversation."""
        return await self._inbox.shown_for_others(utterance)

    async def recover(self, platform: Platform) -> None:
        """Answer what a process that died, or was stopped, has left behind."""
        # First its own: after a long pause they look as if nobody held them.
        await self._inbox.renew(self._running.keys(), self._clock())
        for accepted in await self._inbox.take_over(platform.name, self._clock()):
            self._start(platform, accepted)

    async def attend(self, platform: Platform) -> None:
        """Keep hold of what is being answered and pick up what others left, until cancelled."""
        while True:
            # A database that is away for a while must not end the service.
            try:
                await self.recover(platform)
            except Exception as error:
                log_failure("attending_failed", error, platform=platform.name)
            await asyncio.sleep(_BEAT)

    async def settled(self) -> None:
        """Wait until nothing is being answered."""
        while self._running:
            await asyncio.wait(list(self._running.values()))

    async def close(self, grace: float) -> None:
        """Finish what can be finished within ``grace`` seconds; hand the rest back."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=grace)
        for id in list(self._running):
            await self._stop(id)
            await self._inbox.release(id, self._clock())

    async def _is_meant(self, utterance: Utterance) -> bool:
        if utterance.address in ("mention", "direct", "command"):
            return True  # and waits for nothing but its entry
        rules = await self._channels.rules(utterance.place)
        if await self._channels.is_quiet(utterance.place):
            return wish(utterance.text) == "resume"
        before: frozenset[str] = frozenset()
        if utterance.address == "thread":
            before = await self._inbox.authors(utterance.conversation)
        return is_for_bot(utterance, rules, before)

    def _start(self, platform: Platform, accepted: Accepted) -> None:
        id = accepted.utterance.id
        task = asyncio.create_task(self._work(platform, accepted), name=f"answer {id}")
        self._running[id] = task
        task.add_done_callback(lambda done: self._ended(id, done))

    def _ended(self, id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(id) is task:
            del self._running[id]
            if not task.cancelled():
                self._views.pop(id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_failure("dispatch_failed", error, message_id=id)

    async def _stop(self, id: str) -> ReplyView | None:
        """Break off; what is posted is noted. Returns the reply that was begun."""
        task = self._running.get(id)
        if task is None:
            return None
        task.cancel()
        await asyncio.wait([task])
        if (begun := self._views.pop(id, None)) is None:
            return None
        accepted, view = begun
        await self._inbox.showing(accepted, view.shown)
        return view

    async def _work(self, platform: Platform, accepted: Accepted) -> None:
        utterance = accepted.utterance
        try:
            await self._answer(platform, accepted)
        except PlatformError as error:
            failures = accepted.failures + 1
            last = failures >= ATTEMPTS or not error.passing
            error_id = uuid4().hex[:8]
            _log.warning(
                "reply_not_shown",
                message_id=utterance.id,
                error_id=error_id,
                reason=str(error),
                failures=failures,
                given_up=last,
            )
            if not last:
                await self._inbox.failed(accepted)
            elif await self._inbox.settle(accepted, "given_up"):
                await self._say_so(platform, utterance, error_id)
        except Exception:
            await self._inbox.failed(accepted)
            raise

    async def _say_so(self, platform: Platform, utterance: Utterance, error_id: str) -> None:
        """The answer cannot be shown where it belongs: tell the asker alone, if that works."""
        if utterance.address in ("mention", "direct", "command"):
            with suppress(PlatformError):
                words = _NOT_SHOWN.format(error_id=error_id)
                await platform.whisper(utterance.place, utterance.author, words)

    async def _answer(self, platform: Platform, accepted: Accepted) -> None:
        utterance, place = accepted.utterance, accepted.utterance.place
        rules = await self._channels.rules(place)
        if rules.answers == "never" and not utterance.private and not place.direct:
            await platform.whisper(place, utterance.author, _NOT_HERE)
            await self._inbox.settle(accepted, "answered", ())
            return
        before = await self._inbox.authors(utterance.conversation, but=utterance.id)
        bar = bar_for(utterance, rules, before)
        view: ReplyView | None = None
        if bar is None:
            view = await self._open(platform, accepted)
        card = await self._fixed_reply(accepted, rules, bar)
        if card is None:
            # Only here: the sign that it was heard waits for nobody.
            async with self._queue.turn(partial(self._say_wait, accepted, view)):
                card = await self._looked_up(platform, accepted, rules, bar, view)
        if card is None:
            await self._inbox.settle(accepted, "ignored", ())
            return
        view = view or await self._open(platform, accepted)
        if await self._inbox.holds(accepted):
            await view.finish(card)
        if not await self._inbox.settle(accepted, "answered", view.shown):
            await self._take_back(platform, utterance, view)

    async def _say_wait(self, accepted: Accepted, view: ReplyView | None, words: str) -> None:
        if view is not None:
            await view.wait(words)
            await self._inbox.showing(accepted, view.shown)

    async def _open(self, platform: Platform, accepted: Accepted) -> ReplyView:
        view = await platform.open_reply(accepted.utterance, accepted.shown)
        self._views[accepted.utterance.id] = (accepted, view)
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
        async with Growth(view, accepted.shown, partial(self._inbox.showing, accepted)) as growth:
            async for piece in self._assistant.answer(message):
                if isinstance(piece, Reply):
                    reply = piece
                else:
                    growth.add(piece.text)
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
        unread = {}
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
            unread=unread,
            voice=utterance.voice or rules.voice,
            sources=None if sources is None else sources | {attachment_source(conversation)},
            earlier=await self._earlier(platform, utterance),
            bar=bar,
            private=private,
            unsure_too=rules.unsure,
            frame=rules.frame,
        )
