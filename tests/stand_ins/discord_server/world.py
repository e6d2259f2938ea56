"""The world behind the stand-in: simcord's state of a Discord, on the real clock and event loop.

simcord normally takes over the event loop and waits after every step until the bot has settled;
a bot that talks HTTP to a model and writes to a database never settles in its sense. Here the
bot is a client on the other end of a socket, so :class:`World` leaves the loop alone and keeps
what simcord knows about Discord: permissions, commands, components, interactions, payloads.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import discord
from simcord import ChannelHandle, Env, InteractionResult, ResponseMessage
from simcord._clock import Clock
from simcord._dpy_internals import get_state
from simcord.backend import Backend
from simcord.backend.cdn import CdnStore
from simcord.backend.models import Interaction as Record
from simcord.backend.models import Message
from simcord.components import walk_components

from tests.stand_ins.discord_server.text import visible_text

Now = Callable[[], datetime]

SPOKEN = {0, 19, 20, 23}
"""Message types with which somebody says something: plain, reply, slash and context command."""


class LiveClock(Clock):
    """A given clock, or the real one, plus what a test has added."""

    def __init__(self, now: Now | None = None):
        super().__init__()
        self._now = now or (lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self._now() + timedelta(seconds=self.elapsed)


class LocalCdn(CdnStore):
    """Files under addresses that can really be fetched."""

    def __init__(self, base: str):
        super().__init__()
        self._base = base

    def store_attachment(
        self,
        attachment_id: int,
        channel_id: int,
        filename: str,
        data: bytes,
        description: str | None,
    ) -> dict[str, Any]:
        safe = re.sub(r"[^\w.-]", "_", filename)  # as Discord renames what is uploaded
        stored = super().store_attachment(attachment_id, channel_id, safe, data, description)
        path = f"/attachments/{channel_id}/{attachment_id}/{safe}"
        self._blobs[path] = self._blobs.pop(stored["url"])
        stored["url"] = stored["proxy_url"] = self._base + path
        return stored


class World(Env):
    """simcord's environment without a bot in it: builders and actors work, nothing is patched."""

    def __init__(self, clock: Clock, cdn: CdnStore):
        # simcord builds the messages it hands out with a client; this one never connects.
        looker = discord.Client(intents=discord.Intents(guilds=True))
        super().__init__(looker)
        self.backend = Backend(clock=clock)
        self.backend.cdn = cdn
        self._message_states.add(get_state(looker))

    def _begin_operation(self, label: str) -> None:
        """Several users may act at the same time."""

    def _end_operation(self) -> None:
        """See :meth:`_begin_operation`."""

    async def _settle_internal(self, *_: Any, **__: Any) -> None:
        await asyncio.sleep(0)

    @contextmanager
    def unannounced(self) -> Iterator[None]:
        """Inside, nothing of what happens is told to the bot."""
        subscribers, self.backend.subscribers = self.backend.subscribers, []
        try:
            yield
        finally:
            self.backend.subscribers = subscribers

    def channel_handle(self, channel_id: int) -> ChannelHandle:
        channel = self.backend.get_channel(channel_id)
        guild = next((each for each in self._guilds if each.id == channel.guild_id), None)
        return ChannelHandle(self, guild, channel)

    def names(self, message: Message) -> tuple[str, ...]:
        """Whom this message rings: names of users, of roles as ``@role``, ``@everyone``."""
        roles = {
            role.id: role.name
            for guild in self.backend.guilds.values()
            for role in guild.roles.values()
        }
        return (
            *(self.backend.users[user].name for user in message.ping_user_ids),
            *(f"@{roles[role]}" for role in message.ping_role_ids),
            *(("@everyone",) if message.mention_everyone else ()),
        )


class Posted(ResponseMessage):
    """A message as it stands now: it changes when the bot edits it."""

    _env: World

    @property
    def channel(self) -> ChannelHandle:
        return self._env.channel_handle(self.channel_id)

    @property
    def author(self) -> str:
        return self._message.author_name or self._env.backend.users[self._message.author_id].name

    @property
    def by_bot(self) -> bool:
        """Whether the bot under test wrote it."""
        backend = self._env.backend
        return self._message.author_id == backend.bot_user.id and not self._message.webhook_id

    @property
    def text(self) -> str:
        """What a reader sees of it."""
        return visible_text(self._env.backend, self._message)

    @property
    def thinking(self) -> bool:
        """Whether it still shows “… is thinking”."""
        return bool(self._message.flags & discord.MessageFlags.loading.flag)

    @property
    def suppressed(self) -> bool:
        """Whether links in it get no preview."""
        return bool(self._message.flags & discord.MessageFlags.suppress_embeds.flag)

    @property
    def pings(self) -> tuple[str, ...]:
        """Whom it would have rung: what ``allowed_mentions`` and permissions let through."""
        return self._env.names(self._message)

    @property
    def reply_to(self) -> int | None:
        reference = self._message.reference
        return int(reference["message_id"]) if reference else None

    @property
    def edited(self) -> bool:
        return self._message.edited_timestamp is not None

    @property
    def deleted(self) -> bool:
        return self.id not in self._env.backend.messages.get(self.channel_id, {})

    @property
    def thread(self) -> ChannelHandle | None:
        """The thread that was started from it."""
        return self._env.channel_handle(self.id) if self.id in self._env.backend.channels else None

    @property
    def controls(self) -> dict[str, dict[str, Any]]:
        """Its buttons and selects that can be used, by custom id."""
        return {
            each["custom_id"]: each
            for each in walk_components(self._message.components)
            if "custom_id" in each
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Posted) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)


class Interaction(InteractionResult):
    """One use of a command, button, select or modal, and what the bot has made of it so far."""

    _env: World

    def __init__(self, env: World, record: Record):
        super().__init__(env, record)
        self.started = perf_counter()

    @property
    def id(self) -> int:
        return self._interaction.id

    @property
    def token(self) -> str:
        return self._interaction.token

    @property
    def message(self) -> Posted | None:
        """The first answer to it: a message of its own, or the one whose button was used."""
        return Posted(self._env, self.response._message) if self.response else None

    @property
    def messages(self) -> list[Posted]:
        """The first answer and the follow-ups."""
        shown = [self.response, *self.followups] if self.response else self.followups
        return [Posted(self._env, each._message) for each in shown]

    @property
    def text(self) -> str:
        """What the user sees as the answer, follow-ups included; a failure as Discord words it."""
        if not self.acknowledged:
            return "The application did not respond"
        return "\n".join(each.text for each in self.messages)
