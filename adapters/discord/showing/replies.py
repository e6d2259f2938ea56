"""Replies as they grow: messages in a channel or thread, or the answer to a command.

What is posted is named so that a later process can go on with it: ``channel/message`` for a
message, ``@original`` for the first answer to a command, ``@message`` for its further ones.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol, cast

import discord

from adapters.discord.connection import errors
from adapters.discord.connection.errors import DISCORD_FAILURES, translated
from adapters.discord.showing.components import Part, growing, options, parts
from bot.cards import Card

PACE = 1.0
"""Seconds between edits: Discord lets a bot edit about five times in five seconds a channel."""
ORIGINAL = "@original"
_TYPING = 8.0
"""Seconds after which typing is shown anew; Discord shows it for ten."""


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
    """Messages in a channel, a thread or a direct conversation.

    ``reply_to``: the first one replies to this message. ``nonce``: begins the nonces of its
    messages, so that what was posted by a process that died is not posted once more: for some
    minutes Discord returns the message that it has. ``posted``: how many there are already.
    """

    def __init__(
        self,
        client: discord.Client,
        guild: int | None,
        channel: int,
        *,
        reply_to: int | None = None,
        nonce: str | None = None,
        posted: int = 0,
    ) -> None:
        self._client = client
        self._guild = guild
        self._channel = channel
        self._reply_to = reply_to
        self._nonce = nonce
        self._posted = posted

    async def show_typing(self) -> None:
        """Show that something is coming; it is no harm if that fails."""
        with suppress(*DISCORD_FAILURES):
            await self._at(self._channel).typing()

    async def post(self, part: Part) -> str:
        """Post a message."""
        try:
            return await self._post(part)
        except discord.NotFound as error:
            if self._nonce is None or error.code != errors.UNKNOWN_MESSAGE:
                raise
            self._nonce = None  # what was posted with it has been removed
            return await self._post(part)

    async def _post(self, part: Part) -> str:
        sent = await self._send(part)
        self._posted += 1
        self._reply_to = None
        name = f"{sent.channel.id}/{sent.id}"
        if not _shows(sent, part):  # it had been posted before, with other words
            await self.edit(name, part)
        return name

    async def edit(self, name: str, part: Part) -> None:
        """Replace a message."""
        await self._message(name).edit(**options(part, edit=True))

    async def delete(self, name: str) -> None:
        """Take a message back."""
        await self._message(name).delete()

    async def _send(self, part: Part) -> discord.Message:
        channel = self._at(self._channel)
        given: dict[str, Any] = {"suppress_embeds": True}
        if self._nonce is not None:
            given["nonce"] = f"{self._nonce}-{self._posted}"
        if self._reply_to is not None:
            reference = discord.MessageReference(
                message_id=self._reply_to,
                channel_id=self._channel,
                guild_id=self._guild,
                fail_if_not_exists=False,
            )
            try:
                return await channel.send(**options(part), **given, reference=reference)
            except discord.HTTPException as error:
                if error.code != errors.CANNOT_REPLY:
                    raise
        return await channel.send(**options(part), **given)

    def _at(self, channel: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel, guild_id=self._guild)

    def _message(self, name: str) -> discord.PartialMessage:
        channel, _, id = name.partition("/")
        return self._at(int(channel)).get_partial_message(int(id))


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
    # Discord takes "@original" where discord.py's types want a number.
    return cast(int, name) if name == ORIGINAL else int(name[1:])


def _shows(message: discord.Message, part: Part) -> bool:
    """Whether the text is that of the part; Discord trims it."""
    if part.plain:
        return message.content.strip() == (part.text.strip() or "…")
    texts = [each.content for each in message.components if isinstance(each, discord.TextDisplay)]
    wanted = [each for each in (part.text, part.foot) if each] or ["…"]
    return [each.strip() for each in texts] == [each.strip() for each in wanted]


class GrowingReply:
    """A reply on a surface.

    ``ahead``: Markdown that it begins with. ``elsewhere``: gives, once the token of a command has
    expired, another surface and what to begin with there.
    """

    def __init__(
        self,
        surface: Surface,
        shown: Sequence[str],
        clock: Callable[[], float],
        elsewhere: Callable[[], Awaitable[tuple[Surface, str]]] | None = None,
        *,
        ahead: str = "",
    ) -> None:
        self._surface = surface
        self._names = list(shown)
        self._parts: list[Part | None] = [None] * len(self._names)
        self._clock = clock
        self._elsewhere = elsewhere
        self._ahead = ahead
        self._edited_at = self._typed_at = float("-inf")

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of what is posted so far."""
        return tuple(self._names)

    async def open(self) -> None:
        """Show that something is coming."""
        self._typed_at = self._clock()
        await self._surface.show_typing()

    async def grow(self, text: str) -> None:
        """Show the answer so far, but for what comes too soon after the last time."""
        now = self._clock()
        if not text.strip():
            if now - self._typed_at >= _TYPING:
                await self.open()
            return
        if now - self._edited_at < PACE:
            return
        self._edited_at = now
        with translated():
            await self._show(lambda ahead: growing(ahead + text))

    async def wait(self, words: str) -> None:
        """Show how long it will take; the answer takes its place."""
        with translated():
            await self._show(lambda ahead: growing(f"{ahead}*I am looking it up, in {words}.*"))

    async def finish(self, card: Card) -> None:
        """Show the whole, in place of what has grown."""
        with translated():
            await self._show(lambda ahead: parts(replace(card, text=ahead + card.text)))

    async def erase(self) -> None:
        """Take back what was shown."""
        with translated():
            for name in self._names:
                with suppress(discord.NotFound):
                    await self._surface.delete(name)
        self._names, self._parts = [], []

    async def _show(self, wanted: Callable[[str], list[Part]]) -> None:
        try:
            await self._bring_to(wanted(self._ahead))
        except discord.HTTPException as error:
            if self._elsewhere is None or error.code not in errors.NO_MORE_TOKEN:
                raise
            elsewhere, self._elsewhere = self._elsewhere, None
            self._surface, self._ahead = await elsewhere()
            self._names, self._parts = [], []
            await self._bring_to(wanted(self._ahead))

    async def _bring_to(self, wanted: list[Part]) -> None:
        """Edit, post and delete until the messages are these."""
        for index, part in enumerate(wanted):
            if index == len(self._names):
                self._names.append(await self._surface.post(part))
                self._parts.append(part)
            elif self._parts[index] != part:
                await self._replace(index, part)
        while len(self._names) > len(wanted):
            with suppress(discord.NotFound):
                await self._surface.delete(self._names[-1])
            del self._names[-1], self._parts[-1]

    async def _replace(self, index: int, part: Part) -> None:
        try:
            await self._surface.edit(self._names[index], part)
        except discord.NotFound as error:
            if error.code != errors.UNKNOWN_MESSAGE:
                raise
            # Somebody has removed it; the question still has no answer.
            self._names[index] = await self._surface.post(part)
        self._parts[index] = part


async def replace_messages(surface: Surface, names: Sequence[str], wanted: Sequence[Part]) -> bool:
    """Show these parts in place of messages; False: none is there. Raises discord.py's exceptions.

    Those that somebody has deleted stay deleted.
    """
    changed = False
    for number, name in enumerate(names):
        with suppress(discord.NotFound):
            if number < len(wanted):
                await surface.edit(name, wanted[number])
                changed = True
            else:
                await surface.delete(name)
    for part in wanted[len(names) :] if changed else ():
        await surface.post(part)
    return changed
