"""What people said in a thread before the bot came to it."""

from __future__ import annotations

import discord
from cachetools import LRUCache

from adapters.discord.connection import errors
from adapters.discord.connection.errors import translated
from adapters.discord.events import is_said_by_a_person, readable
from bot.types import Utterance

_READ = 200
"""Messages of a thread that are read, the latest: two pages."""
_KEPT = 30
"""Of what people said in them, the latest."""
_THREADS = 500  # whose beginnings are remembered


class Earlier:
    """Reads threads once: what was said before the bot came does not change any more."""

    def __init__(self, client: discord.Client, *, can_read: bool) -> None:
        """``can_read``: the message-content intent is there, without which all text is blank."""
        self._client = client
        self._can_read = can_read
        self._threads: LRUCache[str, tuple[str, ...]] = LRUCache(_THREADS)

    async def before(self, utterance: Utterance) -> tuple[str, ...]:
        """What was said before, oldest first; a message that it replies to comes last."""
        about = utterance.handle.get("about")
        said = await self._in_thread(utterance) if self._can_read else ()
        return (*said, about) if about else said

    async def _in_thread(self, utterance: Utterance) -> tuple[str, ...]:
        thread, message = utterance.place.thread, utterance.handle.get("message")
        if thread is None or thread == message:
            return ()  # not in a thread, or one that begins with the question
        if thread not in self._threads:
            with translated():
                said = await self._read(utterance, int(thread), message)
            self._threads.setdefault(thread, said)
        return self._threads[thread]

    async def _read(
        self, utterance: Utterance, thread: int, message: str | None
    ) -> tuple[str, ...]:
        me = self._client.user.id if self._client.user else 0
        guild = int(utterance.place.workspace)
        place = self._client.get_partial_messageable(thread, guild_id=guild)
        before = discord.Object(int(message)) if message else None
        texts: list[str] = []
        try:
            async for each in place.history(limit=_READ, before=before):
                if each.author.id == me:
                    texts.clear()  # from here on backwards it was there already
                elif is_said_by_a_person(each) and (text := readable(each, me)):
                    texts.append(text)
            starter = await self._starter(utterance, thread)
        except discord.Forbidden:
            return ()  # it may answer, but not read the history
        if starter is not None and is_said_by_a_person(starter):
            texts.append(readable(starter, me))
        return tuple(text for text in reversed(texts[-_KEPT:]) if text)

    async def _starter(self, utterance: Utterance, thread: int) -> discord.Message | None:
        """The message that the thread was started from, which stands outside of it."""
        channel = self._client.get_partial_messageable(
            int(utterance.place.channel), guild_id=int(utterance.place.workspace)
        )
        try:
            return await channel.fetch_message(thread)
        except discord.HTTPException as error:
            if isinstance(error, discord.NotFound) or error.code == errors.NOT_A_TEXT_CHANNEL:
                return None  # none, or a forum's post, whose first message stands in it
            raise
