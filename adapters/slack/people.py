"""Who may read what on Slack: people, their groups and channels, asked for once and kept a while.

What cannot be found out counts as not held: an answer may then say less than it could, never more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog
from cachetools import LRUCache

from adapters.slack.connection.web import Json, SlackError, Web
from adapters.slack.events import PLATFORM, Me
from bot.types import Place
from knowledge.types import PUBLIC, Principals

KEPT_SECONDS: Final = 120.0
"""How long an answer of Slack's is believed where no event says that it changed."""
MOST_MEMBERS: Final = 200
"""Larger private channels are not searched for groups that all of their members are in."""
_MOST_KEPT = 10_000
_MOST_BOTS = 10
"""In a channel beside a group; each costs a call to tell it from a person."""
_KINDS = "public_channel,private_channel,mpim"

_T = TypeVar("_T")
_log = structlog.get_logger("housevoice")


class Kept(Generic[_T]):
    """Answers by key, for a time. Asked for once, however many wait; failures are not kept."""

    def __init__(self, seconds: float, clock: Callable[[], float]):
        self._seconds = seconds
        self._clock = clock
        self._values: LRUCache[str, tuple[float, _T]] = LRUCache(_MOST_KEPT)
        self._pending: dict[str, asyncio.Task[_T]] = {}

    async def get(self, key: str, load: Callable[[], Awaitable[_T]]) -> _T:
        """The kept answer, or what ``load`` finds."""
        found = self._values.get(key)
        if found is not None and self._clock() - found[0] < self._seconds:
            return found[1]
        task = self._pending.get(key)
        if task is None:
            task = asyncio.ensure_future(self._load(key, load))
            self._pending[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def items(self) -> list[tuple[str, _T]]:
        """All that is kept, however old."""
        return [(key, value) for key, (_, value) in self._values.items()]

    def drop(self, key: str | None = None) -> None:
        """Forget one or all, and what is on its way: it may have been asked for too early."""
        for known in [key] if key is not None else [*self._values, *self._pending]:
            self._values.pop(known, None)
            self._pending.pop(known, None)

    async def _load(self, key: str, load: Callable[[], Awaitable[_T]]) -> _T:
        asked, task = self._clock(), asyncio.current_task()
        value = await load()
        if self._pending.get(key) is task:
            self._values[key] = (asked, value)
        return value

    def _ended(self, key: str, task: asyncio.Task[_T]) -> None:
        if self._pending.get(key) is task:
            del self._pending[key]
        if not task.cancelled():
            task.exception()  # who waits for it gets it; nobody may be left


@dataclass(frozen=True, slots=True)
class Person:
    """What users.info says, as far as it matters here."""

    name: str
    is_ours: bool
    """A member or guest of this workspace, not of another organisation's."""
    is_admin: bool
    is_bot: bool


class People:
    """Looks up people, groups and channels."""

    def __init__(
        self,
        web: Web,
        admins: frozenset[str],
        *,
        clock: Callable[[], float] = time.monotonic,
        kept_seconds: float = KEPT_SECONDS,
    ):
        self._web = web
        self._admins = admins
        self.me = Me("", "")
        """The bot itself, as soon as it has signed in."""
        self._persons: Kept[Person] = Kept(kept_seconds, clock)
        self._channels_of: Kept[frozenset[str]] = Kept(kept_seconds, clock)
        self._groups: Kept[Mapping[str, frozenset[str]]] = Kept(kept_seconds, clock)
        self._channels: Kept[Json] = Kept(kept_seconds, clock)
        self._members: Kept[frozenset[str]] = Kept(kept_seconds, clock)

    def signed_in(self, me: Me) -> None:
        """From now on the workspace is known."""
        self.me = me

    async def principals(self, user: str) -> Principals:
        """As whom a person may read in private."""
        own = frozenset({f"{PLATFORM}:user:{user}"})
        try:
            person = await self._person(user)
        except SlackError as error:
            _log.warning("slack_lookup_failed", reason=str(error))
            return own
        if not person.is_ours:
            return own
        return own | {PUBLIC} | await self._groups_of(user) | await self._channels_with(user)

    async def audience(self, place: Place) -> Principals:
        """As whom everybody may read who can see this channel.

        A channel's own principal is part of it also where the channel is public.
        """
        here = frozenset({f"{PLATFORM}:channel:{place.channel}"})
        try:
            channel = await self._channel(place.channel)
            shared = any(
                channel.get(flag)
                for flag in ("is_ext_shared", "is_pending_ext_shared", "is_org_shared")
            )
            if not (channel.get("is_mpim") or channel.get("is_private") or channel.get("is_im")):
                return here if shared else here | {PUBLIC}
            if channel.get("is_mpim") or channel.get("is_im"):
                return here | await self._held_by_all(place.channel)
            public = frozenset() if shared else frozenset({PUBLIC})
            return here | public | await self._groups_of_all(place.channel)
        except SlackError as error:
            _log.warning("slack_lookup_failed", reason=str(error))
            return here

    async def is_admin(self, user: str) -> bool:
        """Whether the workspace or the settings make this person an admin.

        Raises :class:`SlackError`: it must not look as if somebody had lost a right.
        """
        person = await self._person(user)
        if person.is_ours and person.is_admin:
            return True
        return bool(self._admins) and bool(self._admins & await self.principals(user))

    async def is_direct_with(self, channel: str, user: str) -> bool:
        """Whether a direct message is one with the bot, not one between two people."""
        try:
            found = await self._channel(channel)
        except SlackError:
            return False
        return bool(found.get("is_im")) and found.get("user") == user

    async def meet(self, user: str) -> None:
        """Learn a person's name, for :meth:`names`."""
        try:
            await self._person(user)
        except SlackError as error:
            _log.warning("slack_lookup_failed", reason=str(error))

    def names(self) -> dict[str, str]:
        """How people are called, by id, as far as it is known already."""
        return {id: person.name for id, person in self._persons.items() if person.name}

    def changed(self, event: Mapping[str, object]) -> None:
        """Forget what an event says is no longer so."""
        user, channel = event.get("user"), event.get("channel")
        match event.get("type"):
            case "member_joined_channel" | "member_left_channel":
                self._channels_of.drop(str(user))
                self._members.drop(str(channel))
                self._channels.drop(str(channel))
            case "subteam_members_changed" | "subteam_updated" | "subteam_created":
                self._groups.drop()
            case "user_change":
                self._persons.drop(str(user.get("id")) if isinstance(user, dict) else None)
            case "channel_shared" | "channel_unshared":
                self._channels.drop(str(channel))
                self._members.drop(str(channel))

    # --- what Slack says --------------------------------------------------------------------

    async def _person(self, user: str) -> Person:
        async def load() -> Person:
            found = (await self._web.call("users.info", user=user))["user"]
            profile = found.get("profile") or {}
            name = profile.get("display_name") or found.get("real_name") or found.get("name") or ""
            return Person(
                name=str(name),
                is_ours=not found.get("is_stranger")
                and not found.get("deleted")
                and found.get("team_id") == self.me.team,
                is_admin=bool(found.get("is_admin") or found.get("is_owner")),
                is_bot=bool(found.get("is_bot")) or user == "USLACKBOT",
            )

        return await self._persons.get(user, load)

    async def _channel(self, channel: str) -> Json:
        async def load() -> Json:
            found: Json = (await self._web.call("conversations.info", channel=channel))["channel"]
            return found

        return await self._channels.get(channel, load)

    async def _all_groups(self) -> Mapping[str, frozenset[str]]:
        async def load() -> Mapping[str, frozenset[str]]:
            found = await self._web.call("usergroups.list", include_users=True)
            return {
                str(group["id"]): frozenset(group.get("users") or ())
                for group in found["usergroups"]
                if not group.get("date_delete")
            }

        try:
            return await self._groups.get("", load)
        except SlackError as error:
            _log.warning("slack_lookup_failed", reason=str(error))
            return {}

    async def _groups_of(self, user: str) -> Principals:
        groups = await self._all_groups()
        return frozenset(f"{PLATFORM}:group:{id}" for id, users in groups.items() if user in users)

    async def _channels_with(self, user: str) -> Principals:
        async def load() -> frozenset[str]:
            ids: set[str] = set()
            pages = self._web.pages(
                "users.conversations", user=user, types=_KINDS, exclude_archived=True, limit=200
            )
            async for page in pages:
                ids.update(str(channel["id"]) for channel in page["channels"])
            return frozenset(ids)

        try:
            found = await self._channels_of.get(user, load)
        except SlackError as error:
            _log.warning("slack_lookup_failed", reason=str(error))
            return frozenset()
        return frozenset(f"{PLATFORM}:channel:{id}" for id in found)

    async def _in(self, channel: str) -> frozenset[str]:
        """The members besides the bot; nobody where there are too many to look at each."""

        async def load() -> frozenset[str]:
            ids: set[str] = set()
            pages = self._web.pages("conversations.members", channel=channel, limit=MOST_MEMBERS)
            async for page in pages:
                ids.update(page["members"])
                if len(ids) > MOST_MEMBERS + 1:
                    return frozenset()
            return frozenset(ids - {self.me.user})

        return await self._members.get(channel, load)

    async def _groups_of_all(self, channel: str) -> Principals:
        """The groups that all people in a channel are in; bots need not be."""
        groups = await self._all_groups()
        if not groups:
            return frozenset()
        members = await self._in(channel)
        held = set()
        for id, users in groups.items():
            others = members - users
            if members & users and len(others) <= _MOST_BOTS and await self._are_bots(others):
                held.add(f"{PLATFORM}:group:{id}")
        return frozenset(held)

    async def _held_by_all(self, channel: str) -> Principals:
        """What everyone in a group message may read."""
        people = [each for each in await self._in(channel) if not await self._are_bots({each})]
        held = [await self.principals(user) for user in people]
        return frozenset.intersection(*held) if held else frozenset()

    async def _are_bots(self, users: Collection[str]) -> bool:
        for user in users:
            if not (await self._person(user)).is_bot:
                return False
        return True
