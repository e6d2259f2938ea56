"""The history of a Discord channel or forum, for the library to read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import discord

from adapters.discord.checkup import signed_in
from adapters.discord.config import DiscordConfig
from adapters.discord.connection.errors import DISCORD_FAILURES
from adapters.discord.events import is_said_by_a_person
from bot.errors import HousevoiceError
from knowledge.errors import SourceError
from knowledge.sources.chat.port import Channel, Said, Talk

_MENTION = re.compile(r"<@!?(\d+)>")
_OTHER = re.compile(r"<(?:@&|#|a?:(\w+):)\d+>")
_NOT_READABLE = (
    "There is no such channel on Discord, or the bot may not view it and read its history. Give "
    "its role 'View Channel' and 'Read Message History' there."
)
_NO_CONTENT = (
    "Without the message-content intent Discord hides what people wrote. Set "
    "HOUSEVOICE_DISCORD_MESSAGE_CONTENT=true and switch the intent on in the developer portal."
)

Place = discord.TextChannel | discord.ForumChannel


class DiscordChannel:
    """One channel or forum: :class:`knowledge.sources.chat.port.Channel`."""

    def __init__(self, client: discord.Client, channel: str) -> None:
        self._client = client
        self._id = int(channel)
        self._place: Place | None = None
        self._threads: dict[str, discord.Thread] = {}
        self._chains: dict[str, list[discord.Message]] = {}
        self.readers = f"discord:channel:{channel}"

    async def check(self) -> None:
        """It is there, and its history can be read."""
        await self._opened()

    async def talks(self, since: datetime | None) -> AsyncIterator[Talk]:
        """Posts and threads, and what was said in the channel itself, by who replied to whom."""
        place = await self._opened()
        try:
            threads = await self._listed(place)
            starters = {each.id for each in threads}
            for each in threads:
                begun = each.created_at or discord.utils.snowflake_time(each.id)
                if since is None or begun >= since:
                    self._threads[str(each.id)] = each
                    last = discord.utils.snowflake_time(each.last_message_id or each.id)
                    version = f"{each.message_count} {each.last_message_id}"
                    yield Talk(str(each.id), begun, last, version, each.name)
            if isinstance(place, discord.TextChannel):
                for talk in await self._spoken(place, since, starters):
                    yield talk
        except DISCORD_FAILURES as error:
            raise _as_source_error(error) from error

    async def read(self, talk: Talk) -> list[Said] | None:
        """What people said in it."""
        if talk.id in self._chains:
            return [_said(each) for each in self._chains[talk.id]]
        thread = self._threads[talk.id]
        try:
            messages = [
                each
                async for each in thread.history(limit=None, oldest_first=True)
                if is_said_by_a_person(each)
            ]
            starter = await self._starter(thread)
        except discord.NotFound:
            return None
        except DISCORD_FAILURES as error:
            raise _as_source_error(error) from error
        if starter is not None and all(each.id != starter.id for each in messages):
            messages.insert(0, starter)
        return [_said(each) for each in messages]

    def link(self, talk: Talk) -> str:
        """Where people open it."""
        guild = self._place.guild.id if self._place else 0
        inner = talk.id if talk.id in self._threads else f"{self._id}/{talk.id}"
        return f"https://discord.com/channels/{guild}/{inner}"

    async def _opened(self) -> Place:
        if self._place is None:
            try:
                found = await self._client.fetch_channel(self._id)
            except DISCORD_FAILURES as error:
                raise _as_source_error(error) from error
            if not isinstance(found, discord.TextChannel | discord.ForumChannel):
                raise SourceError("Only text channels and forums have a history that can be read.")
            self._place = found
        return self._place

    async def _listed(self, place: Place) -> list[discord.Thread]:
        """Its threads, those that are archived as well; private ones are left alone."""
        guild = await self._client.fetch_guild(place.guild.id)
        active = [
            each
            for each in await guild.active_threads()
            if each.parent_id == place.id and not each.is_private()
        ]
        archived = [each async for each in place.archived_threads(limit=None)]
        return sorted({each.id: each for each in (*archived, *active)}.values(), key=lambda t: t.id)

    async def _spoken(
        self, place: discord.TextChannel, since: datetime | None, starters: set[int]
    ) -> list[Talk]:
        """What stands in the channel itself, each reply with what it replies to."""
        roots: dict[int, int] = {}
        chains: dict[int, list[discord.Message]] = defaultdict(list)
        async for each in place.history(limit=None, after=since, oldest_first=True):
            if each.id in starters or not is_said_by_a_person(each):
                continue
            replied = each.reference.message_id if each.reference else None
            roots[each.id] = roots.get(replied, each.id) if replied else each.id
            chains[roots[each.id]].append(each)
        self._chains = {str(root): chain for root, chain in chains.items()}
        return [
            Talk(
                root,
                chain[0].created_at,
                chain[-1].created_at,
                " ".join(f"{each.id}{each.edited_at or ''}" for each in chain)[-200:],
                is_alone=len(chain) == 1,
            )
            for root, chain in self._chains.items()
        ]

    async def _starter(self, thread: discord.Thread) -> discord.Message | None:
        """The message that a thread was started from, which stands in the channel."""
        if not isinstance(self._place, discord.TextChannel):
            return None
        try:
            message = await self._place.fetch_message(thread.id)
        except discord.NotFound:
            return None
        return message if is_said_by_a_person(message) else None


class DiscordChannels:
    """Opens channels of the servers that the bot is on."""

    def __init__(self, config: DiscordConfig) -> None:
        self._config = config

    @asynccontextmanager
    async def open(self, channel: str) -> AsyncIterator[Channel]:
        """The channel; the bot is signed in, without listening, for as long as the block lasts."""
        if not self._config.message_content:
            raise SourceError(_NO_CONTENT)
        try:
            async with signed_in(self._config) as client:
                yield DiscordChannel(client, channel)
        except HousevoiceError as error:  # signing in says it in words already
            raise SourceError(str(error)) from error
        except DISCORD_FAILURES as error:
            raise _as_source_error(error) from error


def _said(message: discord.Message) -> Said:
    texts = [message.content, *(forwarded.content for forwarded in message.message_snapshots)]
    text = _MENTION.sub(r"<@\1>", "\n\n".join(each for each in texts if each))
    return Said(str(message.author.id), _OTHER.sub(lambda found: found[1] or "", text))


def _as_source_error(error: BaseException) -> SourceError:
    if isinstance(error, discord.NotFound | discord.Forbidden):
        return SourceError(_NOT_READABLE)
    return SourceError("Discord could not be asked. The next run tries again.")
