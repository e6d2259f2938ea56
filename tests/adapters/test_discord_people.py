"""Who may read what: by roles, channels and membership, and nothing where that is not known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from simcord import ChannelHandle, MemberActor, RoleHandle

from adapters.discord.config import DiscordConfig, permissions
from adapters.discord.connection.client import FrontClient
from adapters.discord.people import BELIEVED, People
from bot.errors import PlatformError
from bot.types import Place
from knowledge.types import PUBLIC, Principals
from tests.stand_ins.discord_server import DiscordServer


class _Deaf:
    """Hears nothing: these tests only look people up."""

    async def said(self, *_: object) -> None: ...
    async def edited(self, *_: object) -> None: ...
    async def deleted(self, *_: object) -> None: ...


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Look:
    """A server and what the bot makes of its people."""

    server: DiscordServer
    client: FrontClient
    clock: Seconds = field(default_factory=Seconds)
    admins: Principals = frozenset()

    def __post_init__(self) -> None:
        self.people = People(self.client, self.admins, self.clock)

    def place(self, channel: ChannelHandle, thread: ChannelHandle | None = None) -> Place:
        guild = str(self.server.guild.id)
        return Place("discord", guild, str(channel.id), str(thread.id) if thread else None)

    async def held(self, user: MemberActor, channel: ChannelHandle) -> Principals:
        await self.server.delivered()
        return await self.people.principals(self.place(channel), str(user.id))

    async def audience(
        self, channel: ChannelHandle, thread: ChannelHandle | None = None
    ) -> Principals:
        await self.server.delivered()
        return await self.people.audience(self.place(channel, thread))


@pytest.fixture
async def look() -> AsyncIterator[Look]:
    async with DiscordServer(permissions=permissions()) as server:
        client = FrontClient(DiscordConfig(server.token))
        client.ear = _Deaf()
        await server.start(client)
        yield Look(server, client)


def of(channel: ChannelHandle) -> str:
    return f"discord:channel:{channel.id}"


def role(handle: RoleHandle) -> str:
    return f"discord:role:{handle.id}"


async def test_a_person_holds_their_roles_the_server_and_the_channels_they_see(
    look: Look,
) -> None:
    sales = look.server.role("Sales")
    ann, bob = look.server.user("Ann", [sales]), look.server.user("Bob")
    general, closed = look.server.channel("general"), look.server.channel("closed", [sales])
    guild = f"discord:guild:{look.server.guild.id}"
    assert await look.held(ann, general) >= {
        PUBLIC,
        guild,
        f"discord:user:{ann.id}",
        role(sales),
        of(general),
        of(closed),
    }
    assert not {role(sales), of(closed)} & await look.held(bob, general)
    assert of(general) in await look.held(bob, general)


async def test_who_is_not_a_member_holds_nothing_but_themselves(look: Look) -> None:
    general = look.server.channel("general")
    other = look.server.add_guild("Elsewhere")
    stranger = look.server.user("Eve", guild=other)
    assert await look.held(stranger, general) == {f"discord:user:{stranger.id}"}


async def test_in_a_direct_conversation_all_shared_servers_count(look: Look) -> None:
    other = look.server.add_guild("Elsewhere")
    there = look.server.role("Crew", guild=other)
    ann = look.server.user("Ann")
    other.add_member(ann.user, roles=[there])
    await look.server.delivered()
    held = await look.people.principals(Place("discord", "", "9", direct=True), str(ann.id))
    assert {role(there), f"discord:guild:{look.server.guild.id}"} <= held
    assert f"discord:guild:{other.id}" in held


async def test_a_role_that_was_taken_away_is_gone_within_a_minute(look: Look) -> None:
    sales, general = look.server.role("Sales"), look.server.channel("general")
    ann = look.server.user("Ann", [sales])
    assert role(sales) in await look.held(ann, general)
    look.server.revoke(ann, sales)
    look.clock.now += BELIEVED - 1
    assert role(sales) in await look.held(ann, general)
    look.clock.now += 1
    assert role(sales) not in await look.held(ann, general)


async def test_when_discord_does_not_answer_nothing_is_granted(look: Look) -> None:
    ann, general = look.server.user("Ann"), look.server.channel("general")
    look.server.fail("GET /guilds/*/members/*", 500, times=None)
    with pytest.raises(PlatformError) as error:
        await look.held(ann, general)
    assert error.value.passing
    with pytest.raises(PlatformError):
        await look.people.is_admin(look.place(general), str(ann.id))
    with pytest.raises(PlatformError):
        await look.people.audience(Place("discord", "1", "2"))


async def test_an_open_channel_is_read_by_what_everybody_holds(look: Look) -> None:
    general = look.server.channel("general")
    guild = f"discord:guild:{look.server.guild.id}"
    assert await look.audience(general) == {PUBLIC, guild, of(general)}


async def test_a_channel_of_one_role_is_read_with_that_role(look: Look) -> None:
    sales = look.server.role("Sales")
    closed = look.server.channel("closed", [sales])
    look.server.allow(closed, "view_channel", to=[sales])
    assert role(sales) in await look.audience(closed)


async def test_a_channel_of_two_roles_is_read_with_neither(look: Look) -> None:
    sales, legal = look.server.role("Sales"), look.server.role("Legal")
    held = await look.audience(look.server.channel("closed", [sales, legal]))
    assert not {role(sales), role(legal)} & held


async def test_a_guest_in_a_roles_channel_takes_the_role_from_it(look: Look) -> None:
    sales, guest = look.server.role("Sales"), look.server.user("Guest")
    held = await look.audience(look.server.channel("closed", [sales, guest]))
    assert role(sales) not in held


async def test_a_role_that_sees_everything_counts_as_one_that_sees_the_channel(
    look: Look,
) -> None:
    sales, wide = look.server.role("Sales"), look.server.role("Wide", "view_channel")
    closed = look.server.channel("closed", [sales])
    assert role(sales) in await look.audience(closed), "the channel is closed to @everyone"
    everyone = look.server.guild.default_role
    everyone._role.permissions &= ~0x400  # nobody sees channels by default
    look.server.backend.emit(
        "GUILD_ROLE_UPDATE", {"guild_id": str(look.server.guild.id), "role": _payload(everyone)}
    )
    hidden = look.server.channel("hidden")
    look.server.allow(hidden, "view_channel", to=[sales])
    held = await look.audience(hidden)
    assert not {role(sales), role(wide)} & held


async def test_a_public_thread_is_seen_by_its_channel_and_a_private_one_is_not(
    look: Look,
) -> None:
    general, ann = look.server.channel("general"), look.server.user("Ann")
    open_ = look.server.thread(general, "open", by=ann)
    secret = look.server.thread(general, "secret", by=ann, private=True)
    assert of(open_) in await look.audience(general, open_)
    assert of(secret) not in await look.audience(general, secret)
    held = await look.people.principals(look.place(general, open_), str(ann.id))
    assert of(open_) in held
    held = await look.people.principals(look.place(general, secret), str(ann.id))
    assert of(secret) not in held


async def test_a_direct_conversation_has_no_audience(look: Look) -> None:
    assert await look.people.audience(Place("discord", "", "9", direct=True)) == frozenset()


async def test_admins_manage_the_server_or_are_named_by_the_settings(look: Look) -> None:
    crew, general = look.server.role("Crew"), look.server.channel("general")
    ann, bob = look.server.user("Ann", admin=True), look.server.user("Bob", [crew])
    await look.server.delivered()
    place = look.place(general)
    assert await look.people.is_admin(place, str(ann.id))
    assert not await look.people.is_admin(place, str(bob.id))
    named = Look(look.server, look.client, admins=frozenset({role(crew)}))
    assert await named.people.is_admin(place, str(bob.id))
    direct = Place("discord", "", "9", direct=True)
    assert await named.people.is_admin(direct, str(bob.id))
    assert not await named.people.is_admin(direct, str(ann.id))


def _payload(handle: RoleHandle) -> dict[str, object]:
    from simcord.backend import serializers

    return dict(serializers.role_payload(handle._role))
