"""What the Discord adapter is told by the settings, and what it asks of a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.ports import Feature

PLATFORM = "discord"
FEATURES: frozenset[Feature] = frozenset({"channels", "threads", "forums"})
"""What it has that not every platform has."""

PERMISSIONS: Mapping[str, str] = {
    "view_channel": "to see the channels that it answers in",
    "send_messages": "to answer in channels",
    "send_messages_in_threads": "to answer in threads",
    "create_public_threads": "to open a thread for an answer",
    "read_message_history": "to reply to a message, and to read what a thread said before",
    "attach_files": "to send an answer as a file when it is very long",
    "manage_threads": 'to close a forum post and tag it when "Mark as solved" is pressed',
}
"""The least that the bot needs on a server, by discord.py's names, and what for."""

SCOPES = ("bot", "applications.commands")


@dataclass(frozen=True, slots=True)
class DiscordConfig:
    """How to reach Discord, and as what."""

    token: str = field(repr=False)
    api_url: str | None = None
    """Base URL of the API in place of Discord's own, such as ``https://proxy/api/v10``."""
    gateway_url: str | None = None
    message_content: bool = False
    """Ask for the privileged intent, without which unaddressed messages have no text."""
    shards: int | None = None
    """None: as many as Discord recommends."""
    admins: frozenset[str] = frozenset()
    """Principals of admins besides those who may manage the server."""


def permissions() -> discord.Permissions:
    """:data:`PERMISSIONS` as Discord takes them."""
    return discord.Permissions(**dict.fromkeys(PERMISSIONS, True))


def intents(config: DiscordConfig) -> discord.Intents:
    """The least: servers with their channels and roles, messages, and their text only if wanted."""
    wanted = discord.Intents.none()
    wanted.guilds = wanted.guild_messages = wanted.dm_messages = True
    wanted.message_content = config.message_content
    return wanted


@contextmanager
def endpoints(config: DiscordConfig) -> Iterator[None]:
    """Inside, discord.py talks to the addresses of ``config``.

    discord.py has them as attributes of its classes, so they hold for the whole process.
    """
    api, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    if config.api_url:
        Route.BASE = config.api_url.rstrip("/")
    if config.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(config.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = api, gateway
