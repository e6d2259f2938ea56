"""Where an answer goes: a thread of its own, a reply, or the place where a command was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import discord

from adapters.discord import events
from adapters.discord.connection import errors
from adapters.discord.connection.errors import translated
from adapters.discord.showing.components import named
from adapters.discord.showing.replies import (
    ORIGINAL,
    GrowingReply,
    InteractionSurface,
    MessageSurface,
)
from bot.types import Utterance

_QUOTED = 300
"""Characters of a question that is answered away from where it was asked."""


class Answers:
    """Opens replies, on what an earlier process has shown where there was one."""

    def __init__(self, client: discord.Client, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock

    async def open(self, utterance: Utterance, shown: Sequence[str]) -> GrowingReply:
        """The reply to an utterance; its place shows that something is coming."""
        if "token" not in utterance.handle:
            surface = await self._surface(utterance, shown)
            reply = GrowingReply(surface, shown, self._clock)
        elif any("/" in name for name in shown):  # the token had expired before
            surface, ahead = await self._away(utterance, len(shown))
            reply = GrowingReply(surface, shown, self._clock, ahead=ahead)
        else:
            reply = self._answer_to_command(utterance, shown)
        await reply.open()
        return reply

    async def _surface(self, utterance: Utterance, shown: Sequence[str]) -> MessageSurface:
        place = utterance.place
        guild = int(place.workspace) if place.workspace else None
        asked_in, message = int(utterance.handle["channel"]), int(utterance.handle["message"])
        if shown:
            channel = int(shown[0].partition("/")[0])
        elif place.thread == utterance.handle["message"] and asked_in != message:
            channel = await self._thread(utterance, guild, asked_in, message)
        else:
            channel = asked_in
        return MessageSurface(
            self._client,
            guild,
            channel,
            reply_to=message if channel == asked_in else None,
            nonce=str(message),
            posted=len(shown),
        )

    async def _thread(
        self, utterance: Utterance, guild: int | None, channel: int, message: int
    ) -> int:
        """The thread that starts from the question; the channel where there can be none."""
        asked = self._client.get_partial_messageable(channel, guild_id=guild)
        name = events.thread_name(utterance.text)
        with translated():
            try:
                thread = await asked.get_partial_message(message).create_thread(name=name)
            except discord.HTTPException as error:
                if error.code == errors.THREAD_EXISTS:
                    return message  # a thread has the id of the message that it starts from
                if error.status == 429 or error.status >= 500:
                    raise
                return channel
        return thread.id

    def _answer_to_command(self, utterance: Utterance, shown: Sequence[str]) -> GrowingReply:
        async def elsewhere() -> tuple[MessageSurface, str]:
            return await self._away(utterance)

        handle = utterance.handle
        hook = discord.Webhook.from_state(
            data={"id": int(handle["application"]), "type": 3, "token": handle["token"]},
            state=self._client._connection,
        )
        surface = InteractionSurface(hook, private=utterance.private and not utterance.place.direct)
        return GrowingReply(surface, shown or (ORIGINAL,), self._clock, elsewhere)

    async def _away(self, utterance: Utterance, posted: int = 0) -> tuple[MessageSurface, str]:
        """Where a command is answered whose token has expired, and what it was."""
        place = utterance.place
        guild = int(place.workspace) if place.workspace else None
        channel, who = int(utterance.handle["channel"]), named(utterance.author)
        if utterance.private:
            who = "You"
        if utterance.private and not place.direct:
            with translated():
                guild, channel = None, await self.direct(utterance.author)
        quoted = " ".join(utterance.text.split())
        quoted = quoted if len(quoted) <= _QUOTED else quoted[:_QUOTED].rstrip() + " …"
        nonce = utterance.id.partition(":")[2]
        surface = MessageSurface(self._client, guild, channel, nonce=nonce, posted=posted)
        return surface, f"{who} asked:\n> {quoted}\n\n"

    async def direct(self, user: str) -> int:
        """The direct conversation with a person. Raises discord.py's exceptions."""
        person = self._client.get_user(int(user)) or await self._client.fetch_user(int(user))
        return (person.dm_channel or await person.create_dm()).id
