"""What ``doctor discord`` looks at, and the syncing of commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

from adapters.discord.commands import Tree
from adapters.discord.config import PERMISSIONS, SCOPES, DiscordConfig, endpoints, permissions
from adapters.discord.connection.client import FrontClient
from adapters.discord.connection.errors import DISCORD_FAILURES, as_ours, not_discords, translated
from bot.desk.commands import Commands
from bot.errors import HousevoiceError, PlatformError
from bot.findings import Finding

_SYNC = "Run `.venv/bin/housevoice discord sync`."
_LISTED = 10  # servers that are named


async def examine(config: DiscordConfig) -> list[Finding]:
    """Look at everything; what cannot be looked at is a finding as well."""
    findings: list[Finding] = []
    try:
        async with signed_in(config) as client:
            app = await client.application_info()
            findings.append(Finding("Discord: token", True, f"Signed in as {app.name}."))
            findings += [_intent(config, app), _public(app), _invitation(app)]
            findings.append(await _guilds(client))
            findings.append(await _commands(client))
    except DISCORD_FAILURES as error:
        findings.append(Finding("Discord", False, str(as_ours(error))))
    except PlatformError as error:
        findings.append(Finding("Discord", False, str(error)))
    return findings


async def refusal(config: DiscordConfig) -> HousevoiceError | None:
    """Why Discord cannot be served; None if it can. Asked before anything is loaded."""
    try:
        async with signed_in(config):
            return None
    except DISCORD_FAILURES as error:
        return as_ours(error)
    except PlatformError as error:
        return error


async def sync(config: DiscordConfig, commands: Commands, guild: int | None = None) -> int:
    """Tell Discord which commands there are; returns how many.

    ``guild``: on this server only, which is quicker to show; None: everywhere. Raises
    :class:`bot.errors.ConfigurationError` and :class:`bot.errors.PlatformError`.
    """
    with translated():
        async with signed_in(config) as client:
            tree = Tree(client, commands)
            where = None if guild is None else discord.Object(guild)
            if where is not None:
                tree.copy_global_to(guild=where)
            return len(await tree.sync(guild=where))


def invite_link(application: int) -> str:
    """Where an admin of a server adds the bot, with the least permissions."""
    return discord.utils.oauth_url(application, permissions=permissions(), scopes=SCOPES)


@asynccontextmanager
async def signed_in(config: DiscordConfig) -> AsyncIterator[FrontClient]:
    """A client that asks but does not listen.

    Raises :class:`PlatformError` where what answers is not Discord, and the library's exceptions.
    """
    with endpoints(config):
        client = FrontClient(config)
        try:
            try:
                await client.login(config.token)
            except (TypeError, LookupError) as error:  # it takes every answer for what it expects
                raise not_discords() from error
            yield client
        finally:
            await client.http.close()


def _intent(config: DiscordConfig, app: discord.AppInfo) -> Finding:
    what = "Discord: message content"
    granted = app.flags.gateway_message_content or app.flags.gateway_message_content_limited
    if config.message_content and not granted:
        return Finding(
            what,
            False,
            "The setting asks for it, but the portal does not allow it: switch on Bot, Message "
            "Content Intent.",
        )
    if config.message_content:
        return Finding(what, True, "Allowed: follow-ups in threads need no mention.")
    return Finding(
        what, True, "Not asked for: it hears mentions, replies to it, direct messages and commands."
    )


def _public(app: discord.AppInfo) -> Finding:
    if app.bot_public:
        return Finding(
            "Discord: who may add it",
            False,
            "Anyone, to any server, where all members may then read what is public. Switch off "
            "Public Bot in the portal (set the Install Link to None first).",
        )
    return Finding("Discord: who may add it", True, "Only its owner.")


def _invitation(app: discord.AppInfo) -> Finding:
    reasons = "; ".join(f"{_title(name)} {what}" for name, what in PERMISSIONS.items())
    return Finding("Discord: invite link", True, f"{invite_link(app.id)} ({reasons})")


async def _guilds(client: discord.Client) -> Finding:
    names = [guild.name async for guild in client.fetch_guilds(limit=200)]
    if not names:
        return Finding("Discord: servers", False, "On none yet. Open the invite link.")
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return Finding("Discord: servers", True, f"On {', '.join(names[:_LISTED])}{more}.")


async def _commands(client: FrontClient) -> Finding:
    tree: discord.app_commands.CommandTree[FrontClient] = discord.app_commands.CommandTree(client)
    synced = await tree.fetch_commands()
    if not synced:
        async for guild in client.fetch_guilds(limit=20):
            synced += await tree.fetch_commands(guild=guild)
    if not synced:
        return Finding("Discord: commands", False, f"None are synced. {_SYNC}")
    names = sorted({each.name for each in synced})
    return Finding("Discord: commands", True, f"Synced: {', '.join(names)}.")


def _title(permission: str) -> str:
    """A permission as Discord's settings show it."""
    return permission.replace("_", " ").title()
