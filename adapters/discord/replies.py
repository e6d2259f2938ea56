"""Replies as they grow: a message in a channel or thread, or the answer to a command.

What is posted is named so that a later process can go on with it: ``channel/message`` for a
message, ``@original`` for the first answer to a command, ``@message`` for its further ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, cast

import discord

from adapters.discord import errors
from adapters.discord.components import Part, growing, options, parts
from adapters.discord.errors import DISCORD_FAILURES, translated
from adapters.discord.events import thread_name
from bot.cards import Card
from bot.types import Utterance

PACE = 1.0
"""Seconds between edits: Discord lets a bot edit about five times in five seconds a channel."""
_TYPING = 8.0
"""Seconds after which typing is shown anew; Discord shows it for ten."""
ORIGINAL = "@original"
_QUOTED = 300  # characters of a question that is answered away from where it was asked


class Surface(Protocol):
    """Where the messages of a reply go. Raises discord.py's exceptions."""

    async def show_typing(self) -> None:
        """Show that something is coming."""
        ...

    async def post(self, part: Part) -> str:
        """Post a message; returns its name."""
        ...

    async def edit(self, name: str, part: Part) -> None:
        """Replace a message."""
        ...

    async def delete(self, name: str) -> None:
        """Take a message back."""
        ...


class MessageSurface:
    """Messages in a channel, a thread or a direct conversation."""

    def __init__(
        self,
        client: discord.Client,
        guild: int | None,
        channel: int,
        *,
        reply_to: int | None = None,
        ahead: str = "",
    ) -> None:
        """``reply_to``: the first message is a reply to this one. ``ahead``: it begins so."""
        self._client = client
        self._guild = guild
        self._channel = channel
        self._reply_to = reply_to
        self._ahead = ahead

    async def show_typing(self) -> None:
        """Show that something is coming; it is no harm if that fails."""
        with suppress(*DISCORD_FAILURES):
            await self._at(self._channel).typing()

    async def post(self, part: Part) -> str:
        """Post a message. An identical call within minutes posts nothing new: Discord's nonce."""
        channel = self._at(self._channel)
        given = options(self._begun(part)) | {"suppress_embeds": True}
        if self._reply_to is None:
            sent = await channel.send(**given)
        else:
            reference = discord.MessageReference(
                message_id=self._reply_to,
                channel_id=self._channel,
                guild_id=self._guild,
                fail_if_not_exists=False,
            )
            try:
                sent = await channel.send(**given, reference=reference)
            except discord.HTTPException as error:
                if error.code != errors.CANNOT_REPLY:
                    raise
                sent = await channel.send(**options(self._begun(part)), suppress_embeds=True)
        self._reply_to = None
        return f"{sent.channel.id}/{sent.id}"

    async def edit(self, name: str, part: Part) -> None:
        """Replace a message."""
        channel, _, id = name.partition("/")
        message = self._at(int(channel)).get_partial_message(int(id))
        await message.edit(**options(self._begun(part), edit=True), suppress=True)

    async def delete(self, name: str) -> None:
        """Take a message back."""
        channel, _, id = name.partition("/")
        await self._at(int(channel)).get_partial_message(int(id)).delete()

    def _at(self, channel: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel, guild_id=self._guild)

    def _begun(self, part: Part) -> Part:
        return part


class InteractionSurface:
    """The answer to a command: what was deferred, and what follows it, for 15 minutes."""

    def __init__(self, hook: discord.Webhook, *, private: bool) -> None:
        self._hook = hook
        self._private = private

    async def show_typing(self) -> None:
        """Discord says that the bot is thinking since the command was acknowledged."""

    async def post(self, part: Part) -> str:
        """Post what follows the first answer."""
        sent = await self._hook.send(
            **options(part), ephemeral=self._private, suppress_embeds=True, wait=True
        )
        return f"@{sent.id}"

    async def edit(self, name: str, part: Part) -> None:
        """Replace the first answer, or what follows it."""
        await self._hook.edit_message(_hook_id(name), **options(part, edit=True))

    async def delete(self, name: str) -> None:
        """Take it back."""
        await self._hook.delete_message(_hook_id(name))


def _hook_id(name: str) -> int:
    """``@original`` stands where Discord takes a message's id, whatever discord.py's types say."""
    return cast(int, name) if name == ORIGINAL else int(name[1:])


class GrowingReply:
    """A reply on a surface. ``elsewhere``: where it goes when the first one is no more."""

    def __init__(
        self,
        surface: Surface,
        shown: Sequence[str],
        clock: Callable[[], float],
        elsewhere: Callable[[], Any] | None = None,
    ) -> None:
        self._surface = surface
        self._names = list(shown)
        self._parts: list[Part | None] = [None] * len(self._names)
        self._clock = clock
        self._elsewhere = elsewhere
        self._edited_at = self._typed_at = float("-inf")

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of what is posted so far."""
        return tuple(self._names)

    async def open(self) -> None:
        """Show that something is coming."""
        self._typed_at = self._clock()
        await self._surface.show_typing()
