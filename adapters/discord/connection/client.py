"""discord.py's client as the adapter uses it, and what it hands interactions to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any, Protocol

import discord
import yarl

from adapters.discord.config import DiscordConfig, intents
from bot.cards import Choice
from bot.desk.commands import Command
from bot.failures import log_failure


class Front(Protocol):
    """Takes what people do with commands, buttons and forms."""

    async def command(
        self, interaction: Interaction, command: Command, given: dict[str, Any]
    ) -> None:
        """A slash command, with the options that were given."""
        ...

    async def suggest(
        self, interaction: Interaction, command: Command, parameter: str, typed: str
    ) -> Iterable[Choice]:
        """Completions for an option of a command."""
        ...

    async def answer_this(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry that answers a message."""
        ...

    async def in_our_voice(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry that rewrites a message."""
        ...

    async def add_source(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry that adds a message's file as a source."""
        ...

    async def pressed(self, interaction: Interaction, action: str, subject: str) -> None:
        """A button under an answer or a draft, perhaps one of another version."""
        ...

    async def reopened(self, interaction: Interaction, key: str) -> None:
        """The button that opens a form again."""
        ...

    async def submitted(self, interaction: Interaction) -> None:
        """A form was sent in."""
        ...

    async def failed(self, interaction: Interaction, error: Exception) -> None:
        """discord.py could not hand something over."""
        ...


class Ear(Protocol):
    """Takes what is said where the bot can hear it."""

    async def said(self, message: discord.Message) -> None:
        """A message was posted."""
        ...

    async def edited(self, message: discord.Message) -> None:
        """A message was changed; not necessarily its text."""
        ...

    async def deleted(self, guild: int | None, channel: int, messages: Iterable[int]) -> None:
        """Messages were deleted."""
        ...


class _WithoutReconnects(logging.Filter):
    """Drops what discord.py logs, with a traceback, of a reconnect that it goes on to make."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Attempting a reconnect")


_WITHOUT_RECONNECTS = _WithoutReconnects()


class FrontClient(discord.AutoShardedClient):
    """A client that keeps little in memory and hands on what it hears to ``ear`` and ``front``."""

    front: Front
    ear: Ear

    def __init__(self, config: DiscordConfig) -> None:
        # It would warn of libraries for voice channels, which nobody uses here.
        discord.VoiceClient.warn_nacl = False
        discord.VoiceClient.warn_dave = False
        for name in ("discord.client", "discord.shard"):
            logging.getLogger(name).addFilter(_WITHOUT_RECONNECTS)
        super().__init__(
            intents=intents(config),
            shard_count=config.shards,
            allowed_mentions=discord.AllowedMentions.none(),
            # Members and messages change without word where the intents are few: nothing is kept
            # that could be out of date.
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self._gateway = yarl.URL(config.gateway_url) if config.gateway_url else None

    async def launch_shard(
        self, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """Connect a shard, to the gateway of the settings rather than the one that Discord says."""
        await super().launch_shard(self._gateway or gateway, shard_id, initial=initial)

    async def on_message(self, message: discord.Message) -> None:
        """See :class:`Ear`."""
        await self.ear.said(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """See :class:`Ear`."""
        await self.ear.edited(event.message)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """See :class:`Ear`."""
        await self.ear.deleted(event.guild_id, event.channel_id, [event.message_id])

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """See :class:`Ear`."""
        await self.ear.deleted(event.guild_id, event.channel_id, event.message_ids)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Commands and buttons have their own ways; modals are taken as they are.

        discord.py knows a modal only in the process that opened it.
        """
        if interaction.type is discord.InteractionType.modal_submit:
            await self.front.submitted(interaction)

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """Log where a handler failed, not what was said."""
        error = sys.exc_info()[1]
        if error is not None:
            log_failure("discord_event_failed", error, platform_event=event_method)


Interaction = discord.Interaction[FrontClient]
