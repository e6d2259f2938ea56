"""Who may read what on Discord, from roles, channel permissions and membership.

Without the privileged members intent Discord does not tell who joins, leaves or changes roles. So
members are taken from what they last said, or asked for, and believed for a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import discord
from cachetools import LRUCache

from adapters.discord.config import PLATFORM
from adapters.discord.connection.errors import DISCORD_FAILURES, as_ours
from bot.errors import PlatformError
from bot.types import Place
from knowledge.types import PUBLIC, Principals

BELIEVED = 60.0
"""Seconds for which a member's roles are taken for true."""
_REMEMBERED = 10_000
_AT_ONCE = 4  # questions to Discord about one person


class People:
    """Looks people up. Where Discord does not answer nothing is granted: it raises."""

    def __init__(
        self, client: discord.Client, admins: Principals, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._admins = admins
        self._clock = clock
        self._members: LRUCache[tuple[int, int], tuple[float, discord.Member | None]]
        self._members = LRUCache(_REMEMBERED)
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._ahead = float("-inf")

    def learn(self, person: discord.User | discord.Member, event: int) -> None:
        """Remember a member as an event shows them, the id of a message or interaction.

        A resumed connection may bring it minutes late, or once more: it counts as of its own time.
        """
        if isinstance(person, discord.Member):
            happened = discord.utils.snowflake_time(event).timestamp()
            # By how much Discord's clock is ahead of ours, from the event that came soonest.
            self._ahead = max(self._ahead, happened - self._clock())
            self._remember(person.guild.id, person.id, person, happened - self._ahead)

    async def principals(self, place: Place, user: str) -> Principals:
        """As whom a person may read in private: in a direct conversation from all servers."""
        guilds = [self._guild(place)] if place.workspace else list(self._client.guilds)
        members = await asyncio.gather(*(self._member(guild, int(user)) for guild in guilds))
        held = {f"{PLATFORM}:user:{user}"}
        for member in members:
            if member is not None:
                held |= _held_by(member)
        if place.thread and f"{PLATFORM}:channel:{place.channel}" in held:
            held |= self._thread_of(place)
        return frozenset(held)

    async def audience(self, place: Place) -> Principals:
        """As whom everybody may read who can see the place; nothing in a direct conversation."""
        if place.direct:
            return frozenset()
        guild = self._guild(place)
        held = {PUBLIC, f"{PLATFORM}:guild:{guild.id}", f"{PLATFORM}:channel:{place.channel}"}
        held |= self._thread_of(place)
        channel = guild.get_channel(int(place.channel))
        role = role_of_all_viewers(channel) if channel else None
        if role is not None:
            held.add(f"{PLATFORM}:role:{role.id}")
        return frozenset(held)

    async def is_admin(self, place: Place, user: str) -> bool:
        """Who may manage the server, and whom the settings name."""
        if place.workspace:
            member = await self._member(self._guild(place), int(user))
            if member is not None and member.guild_permissions.manage_guild:
                return True
        return bool(self._admins and self._admins & await self.principals(place, user))

    def _guild(self, place: Place) -> discord.Guild:
        guild = self._client.get_guild(int(place.workspace))
        if guild is None or guild.unavailable:
            raise PlatformError("The server is not available", passing=True)
        return guild

    def _thread_of(self, place: Place) -> set[str]:
        """A public thread is seen by all who see its channel, a private one only by its members."""
        if not place.thread:
            return set()
        thread = self._guild(place).get_thread(int(place.thread))
        if thread is None or thread.is_private():
            return set()
        return {f"{PLATFORM}:channel:{place.thread}"}

    async def _member(self, guild: discord.Guild, user: int) -> discord.Member | None:
        """A member as of a minute ago at most; None: not a member."""
        known = self._members.get((guild.id, user))
        if known and self._clock() - known[0] < BELIEVED:
            return known[1]
        async with self._gate:
            try:
                member = await guild.fetch_member(user)
            except (discord.NotFound, discord.Forbidden):
                member = None
            except DISCORD_FAILURES as error:
                raise as_ours(error) from error
        self._remember(guild.id, user, member, self._clock())
        return member

    def _remember(self, guild: int, user: int, member: discord.Member | None, as_of: float) -> None:
        known = self._members.get((guild, user))
        if known and known[0] > as_of:
            return
        self._members[guild, user] = (as_of, member)


def _held_by(member: discord.Member) -> set[str]:
    """The principals of a member of a server. Only members hold ``public``."""
    guild = member.guild
    held = {PUBLIC, f"{PLATFORM}:guild:{guild.id}"}
    held |= {f"{PLATFORM}:role:{role.id}" for role in member.roles if not role.is_default()}
    held |= {
        f"{PLATFORM}:channel:{channel.id}"
        for channel in guild.channels
        if not isinstance(channel, discord.CategoryChannel)
        and channel.permissions_for(member).view_channel
    }
    return held


def role_of_all_viewers(channel: discord.abc.GuildChannel) -> discord.Role | None:
    """The one role without which nobody can see the channel, administrators apart.

    docs.discord.com/developers/topics/permissions#permission-overwrites: a channel is seen by who
    is allowed to as a member, else by a role, else by @everyone, else by the server's own rules.
    """
    guild, me = channel.guild, channel.guild.me
    everyone = channel.overwrites_for(guild.default_role).view_channel
    if everyone or (everyone is None and guild.default_role.permissions.view_channel):
        return None
    granting = []
    for target, overwrite in channel.overwrites.items():
        if overwrite.view_channel and not isinstance(target, discord.Role) and target.id != me.id:
            return None  # a person, who need not have any role
    for role in guild.roles:
        if role.is_default() or role.is_bot_managed() or role.permissions.administrator:
            continue  # bots read nothing, and administrators see everything anyway
        allowed = channel.overwrites_for(role).view_channel
        if allowed or (allowed is None and everyone is None and role.permissions.view_channel):
            granting.append(role)
    return granting[0] if len(granting) == 1 else None
