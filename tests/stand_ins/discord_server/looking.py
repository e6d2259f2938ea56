"""What can be seen on the server, and waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from simcord import ChannelHandle, MemberActor

from tests.stand_ins.discord_server.gateway import Gateway
from tests.stand_ins.discord_server.people import ACKNOWLEDGE, People
from tests.stand_ins.discord_server.rest import Call, Rest
from tests.stand_ins.discord_server.world import SPOKEN, Interaction, Posted

T = TypeVar("T")

UNTOLD = 0.05
"""Seconds after which a condition is tried again, for what only the bot knows of."""


class Looking(People):
    """The part of the server that a test looks through."""

    rest: Rest
    gateway: Gateway
    changed: asyncio.Event
    """Set whenever something has happened."""

    # --- observing ----------------------------------------------------------------------------

    def messages(self, channel: ChannelHandle) -> list[Posted]:
        """What anybody who may read the channel finds there, oldest first."""
        return [each for each in self._all(channel) if not each.ephemeral]

    def replies(self, channel: ChannelHandle) -> list[Posted]:
        """Those of them that the bot wrote, once there is something in them."""
        return [each for each in self.messages(channel) if each.by_bot and not each.thinking]

    def ephemerals(self, user: MemberActor, channel: ChannelHandle | None = None) -> list[Posted]:
        """What only this user has been shown."""
        channels = [channel.id] if channel else list(self.backend.messages)
        return [
            message
            for id in channels
            for message in self._all(self.world.channel_handle(id))
            if message.ephemeral and message._message.visible_to(user.id)
        ]

    def _all(self, channel: ChannelHandle) -> list[Posted]:
        stored = sorted(self.backend.messages[channel.id].values(), key=lambda each: each.id)
        return [Posted(self.world, each) for each in stored if each.type in SPOKEN]

    @property
    def modals(self) -> list[Interaction]:
        """Interactions that opened a modal which has not been sent yet."""
        return [
            each
            for each in self.interactions
            if each.modal and not each._interaction.modal_consumed
        ]

    @property
    def calls(self) -> list[Call]:
        """Every call the bot made, files it fetched included."""
        return self.rest.calls

    def called(self, pattern: str) -> list[Call]:
        """The calls like ``PATCH /channels/*/messages/*``."""
        return [call for call in self.calls if call.matches(pattern)]

    @property
    def typing(self) -> list[ChannelHandle]:
        """Where the bot showed that it types, in order."""
        shown = self.called("POST /channels/*/typing")
        return [self.world.channel_handle(int(each.path.split("/")[2])) for each in shown]

    def latencies_ms(self) -> list[float]:
        """How long each first response to an interaction took, of those that came."""
        answered = {
            int(call.path.split("/")[2]): call.received
            for call in reversed(self.called("POST /interactions/*/*/callback"))
        }
        return [
            (answered[each.id] - each.started) * 1_000
            for each in self.interactions
            if each.id in answered
        ]

    def visible(self, message: Posted) -> str:
        """A message as its reader sees it, in plain text."""
        return message.text

    def pings(self, message: Posted) -> tuple[str, ...]:
        """Whom it would have rung: names, ``@role``, ``@everyone``."""
        return message.pings

    @property
    def rung(self) -> dict[Posted, tuple[str, ...]]:
        """Every message of the bot that rings somebody, ephemeral ones included."""
        stored = [each for place in self.backend.messages.values() for each in place.values()]
        found = (Posted(self.world, each) for each in stored)
        return {each: each.pings for each in found if each.by_bot and each.pings}

    def transcript(self, channel: ChannelHandle, *, for_user: MemberActor | None = None) -> str:
        """A conversation to read. ``for_user``: with what only this person sees."""
        seen_by = for_user.id if for_user else None
        return "\n".join(
            f"{each.author}{' (only you can see this)' if each.ephemeral else ''}: {each.text}"
            for each in self._all(channel)
            if each._message.visible_to(seen_by)
        )

    # --- waiting ------------------------------------------------------------------------------

    async def until(
        self,
        predicate: Callable[[], T],
        timeout: float = 10,  # noqa: ASYNC109 - it is told in the error
    ) -> T:
        """Wait until it is true, and return what it gave. Raises TimeoutError."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not (found := predicate()):
                    self.changed.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(UNTOLD):
                            await self.changed.wait()
                return found
        if found := predicate():
            return found
        raise TimeoutError(f"not within {timeout} s.\n{self._recent()}")

    def _recent(self) -> str:
        """What a reader of a failed test wants to know."""
        said = [self.transcript(self.world.channel_handle(id)) for id in self.backend.messages]
        calls = [f"{each.method} {each.path} {each.status}" for each in self.calls[-20:]]
        return "\n".join([*said, "The last calls:", *calls])

    async def until_acknowledged(self, interaction: Interaction) -> None:
        """Wait for the first response, as long as Discord would."""
        with suppress(TimeoutError):  # the interaction tells that nothing came
            await self.until(
                lambda: interaction.acknowledged or self._late(interaction), ACKNOWLEDGE
            )

    def _late(self, interaction: Interaction) -> bool:
        return self.backend.now_iso() >= (interaction._interaction.initial_response_deadline or "")

    async def connected(
        self,
        shards: int = 1,
        timeout: float = 10,  # noqa: ASYNC109 - it is told in the error
    ) -> None:
        """Wait until a bot that was started elsewhere is connected with all its shards."""
        await self.until(lambda: len(self.gateway.connected) >= shards, timeout)

    async def delivered(self) -> None:
        """Wait until the bot has been told everything up to now; it may still be at work on it."""
        asked = self.gateway.ask_for_beats()
        await self.until(
            lambda: all(each.heard >= seq or each.outbox is None for each, seq in asked)
        )

    async def settled(
        self,
        quiet: float = 0.1,
        timeout: float = 10,  # noqa: ASYNC109 - it is told in the error
    ) -> None:
        """Wait until all is acknowledged, nothing is “thinking”, and no call comes for a while (s).

        A bot that is busy without showing it is taken to have finished: then use :meth:`until`.
        """
        await self.until(lambda: not self._is_busy(), timeout)
        await self.idle(quiet)

    async def idle(self, quiet: float) -> None:
        """Wait until the bot knows everything and has made no call for so many seconds."""
        await self.delivered()
        seen = -1
        while seen != len(self.calls) or self.rest.in_flight:
            seen = len(self.calls)
            await asyncio.sleep(quiet)

    def _is_busy(self) -> bool:
        open_ = (each for each in self.interactions if not each.acknowledged)
        thinking = (
            each.message.thinking
            for each in self.interactions
            if each.message and not each.message.deleted
        )
        return any(not self._late(each) for each in open_) or any(thinking)
