"""From what platforms hear to what is answered: who is meant, and each of them once only.

An utterance is decided on and entered in the inbox before its platform is told that it arrived; it
is answered afterwards. So nothing is lost when the process dies in between, and nothing is said
twice however often it is delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from bot.conversation.answering import ATTEMPTS, Answering
from bot.conversation.attention import is_for_bot, wish
from bot.conversation.channels import ChannelRules, Channels
from bot.conversation.inbox import LEASE, Accepted, Inbox
from bot.errors import PlatformError
from bot.failures import log_failure
from bot.journey import Journey, Watch, unwatched
from bot.ports import Platform, ReplyView
from bot.types import Place, Utterance

EDITABLE = timedelta(minutes=1)
"""How long an edit or deletion of the question still changes the answer."""
_BEAT = LEASE.total_seconds() / 3

_NOT_SHOWN = "I could not show you my answer. If it stays so, tell an admin: error {error_id}."

_log = structlog.get_logger("housevoice")


class Dispatcher:
    """Hears for all platforms."""

    def __init__(
        self,
        answering: Answering,
        inbox: Inbox,
        channels: Channels,
        clock: Callable[[], datetime],
        watch: Watch = unwatched,
    ):
        self._answering = answering
        self._inbox = inbox
        self._channels = channels
        self._clock = clock
        self._watch = watch
        self._running: dict[str, asyncio.Task[None]] = {}

    async def rules(self, place: Place) -> ChannelRules:
        """How the bot behaves in the channel that the place is in; settles where it answers."""
        return await self._channels.rules(place)

    async def hear(self, platform: Platform, utterance: Utterance) -> bool:
        """Take an utterance in; True if it will be answered. Returns as soon as it is safe."""
        journey = Journey(platform.name)
        if not await self._is_meant(utterance):
            return False
        accepted = await self._inbox.accept(utterance, self._clock())
        if accepted is None:
            return False
        self._start(platform, accepted, journey)
        return True

    async def edited(self, platform: Platform, utterance: Utterance) -> bool:
        """The author changed their words: within a minute the answer changes too.

        False: it is too late, or they were never heard.
        """
        journey = Journey(platform.name)
        await self._stop(utterance.id)
        accepted = await self._inbox.reopen(utterance, self._clock(), EDITABLE)
        if accepted is None:
            return False
        self._start(platform, accepted, journey)
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
            self._start(platform, accepted, Journey(platform.name))

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

    def _start(self, platform: Platform, accepted: Accepted, journey: Journey) -> None:
        id = accepted.utterance.id
        task = asyncio.create_task(self._work(platform, accepted, journey), name=f"answer {id}")
        self._running[id] = task
        task.add_done_callback(lambda done: self._ended(id, done))

    def _ended(self, id: str, task: asyncio.Task[None]) -> None:
        if self._running.get(id) is task:
            del self._running[id]
            if not task.cancelled():
                self._answering.finished(id)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_failure("dispatch_failed", error, message_id=id)

    async def _stop(self, id: str) -> ReplyView | None:
        """Break off; what is posted is noted. Returns the reply that was begun."""
        task = self._running.get(id)
        if task is None:
            return None
        task.cancel()
        await asyncio.wait([task])
        return await self._answering.break_off(id)

    async def _work(self, platform: Platform, accepted: Accepted, journey: Journey) -> None:
        with journey.under_way(self._watch):
            await self._answer(platform, accepted, journey)

    async def _answer(self, platform: Platform, accepted: Accepted, journey: Journey) -> None:
        utterance = accepted.utterance
        try:
            await self._answering.answer(platform, accepted)
        except PlatformError as error:
            journey.fails(error)
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
