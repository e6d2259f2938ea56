"""Who may read what on Slack, asked of a workspace that answers as Slack does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.slack.config import SlackConfig
from adapters.slack.connection.web import SlackError, Web
from adapters.slack.events import Me
from adapters.slack.people import KEPT_SECONDS, People
from bot.types import Place
from tests.stand_ins.slack_server import BOT_SCOPES, Channel, SlackServer, User


class Seconds:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def web(slack: SlackServer) -> AsyncIterator[Web]:
    async def at_once(_: float) -> None:
        return

    opened = Web(SlackConfig(slack.bot_token, api_url=slack.api_url), sleep=at_once)
    yield opened
    await opened.close()


@pytest.fixture
def people(slack: SlackServer, web: Web, seconds: Seconds) -> People:
    asked = People(web, frozenset({"slack:group:S-none"}), clock=seconds)
    asked.signed_in(Me(slack.team_id, slack.bot.id))
    return asked


def at(slack: SlackServer, channel: Channel) -> Place:
    return Place("slack", slack.team_id, channel.id)


async def test_a_person_holds_their_own_groups_and_channels(
    slack: SlackServer, people: People
) -> None:
    ada, bob = slack.user("ada"), slack.user("bob")
    mine, theirs = slack.usergroup("finance", [ada]), slack.usergroup("people", [bob])
    secret = slack.channel("secret", private=True, members=[ada])
    held = await people.principals(ada.id)
    assert held == {
        "public",
        f"slack:user:{ada.id}",
        f"slack:group:{mine.id}",
        f"slack:channel:{secret.id}",
    }
    assert f"slack:group:{theirs.id}" in await people.principals(bob.id)


async def test_a_disabled_group_is_held_by_nobody(slack: SlackServer, people: People) -> None:
    ada = slack.user("ada")
    slack.usergroup("old", [ada], disabled=True)
    assert await people.principals(ada.id) == {"public", f"slack:user:{ada.id}"}


@pytest.mark.parametrize("flag", ["is_stranger", "deleted"])
async def test_who_is_not_of_the_workspace_holds_nothing_but_themselves(
    slack: SlackServer, people: People, flag: str
) -> None:
    eve = slack.user("eve", **{flag: True})
    slack.usergroup("all", [eve])
    assert await people.principals(eve.id) == {f"slack:user:{eve.id}"}


async def test_channels_are_read_to_the_last_page(slack: SlackServer, people: People) -> None:
    ada = slack.user("ada")
    rooms = [slack.channel(f"room-{n}", private=True, members=[ada]) for n in range(7)]
    slack.most_per_page = 2
    held = await people.principals(ada.id)
    assert {f"slack:channel:{room.id}" for room in rooms} <= held


async def test_a_public_channel_is_for_everyone(slack: SlackServer, people: People) -> None:
    ada = slack.user("ada")
    slack.usergroup("all", [ada])
    general = slack.channel("general", members=[ada])
    assert await people.audience(at(slack, general)) == {"public", f"slack:channel:{general.id}"}


@pytest.mark.parametrize("private", [True, False])
async def test_a_channel_shared_with_others_is_not_for_everyone(
    slack: SlackServer, people: People, private: bool
) -> None:
    ada, eve = slack.user("ada"), slack.user("eve", is_stranger=True)
    slack.usergroup("finance", [ada])
    room = slack.channel("joint", private=private, shared=True, members=[ada, eve])
    assert await people.audience(at(slack, room)) == {f"slack:channel:{room.id}"}


async def test_a_private_channel_holds_the_groups_that_all_its_people_are_in(
    slack: SlackServer, people: People
) -> None:
    ada, bob, robot = slack.user("ada"), slack.user("bob"), slack.user("robot", is_bot=True)
    both, one = slack.usergroup("finance", [ada, bob]), slack.usergroup("leads", [ada])
    room = slack.channel("room", private=True, members=[ada, bob, robot])
    audience = await people.audience(at(slack, room))
    assert audience == {"public", f"slack:channel:{room.id}", f"slack:group:{both.id}"}
    assert f"slack:group:{one.id}" not in audience


async def test_who_joins_a_private_channel_takes_rights_away_at_once(
    slack: SlackServer, people: People
) -> None:
    ada, bob = slack.user("ada"), slack.user("bob")
    group = slack.usergroup("finance", [ada])
    room = slack.channel("room", private=True, members=[ada])
    assert f"slack:group:{group.id}" in await people.audience(at(slack, room))
    room.members.append(bob.id)
    people.changed({"type": "member_joined_channel", "user": bob.id, "channel": room.id})
    assert f"slack:group:{group.id}" not in await people.audience(at(slack, room))


async def test_a_large_private_channel_is_not_searched(slack: SlackServer, people: People) -> None:
    crowd = [slack.user(f"u{n}") for n in range(203)]
    slack.usergroup("all", crowd)
    room = slack.channel("room", private=True, members=crowd)
    assert await people.audience(at(slack, room)) == {"public", f"slack:channel:{room.id}"}
    assert len(slack.called("users.info")) == 0


async def test_a_group_message_holds_what_all_of_its_members_hold(
    slack: SlackServer, people: People
) -> None:
    ada, bob, eve = slack.user("ada"), slack.user("bob"), slack.user("eve", is_stranger=True)
    group = slack.usergroup("finance", [ada, bob])
    inside = slack.group_dm(ada, bob)
    audience = await people.audience(at(slack, inside))
    assert {"public", f"slack:group:{group.id}"} <= audience
    assert not any(each.startswith("slack:user:") for each in audience)
    with_eve = slack.group_dm(ada, eve)
    assert await people.audience(at(slack, with_eve)) == {f"slack:channel:{with_eve.id}"}


@pytest.mark.parametrize("method", ["users.info", "usergroups.list", "users.conversations"])
async def test_a_look_up_that_fails_gives_nothing_and_is_asked_again(
    slack: SlackServer, people: People, method: str
) -> None:
    ada = slack.user("ada")
    slack.usergroup("finance", [ada])
    slack.channel("room", private=True, members=[ada])
    slack.fail(method, error="internal_error")
    less = await people.principals(ada.id)
    whole = await people.principals(ada.id)
    assert less < whole and f"slack:user:{ada.id}" in less


async def test_a_channel_that_cannot_be_looked_up_is_for_nobody(
    slack: SlackServer, people: People
) -> None:
    room = slack.channel("room", private=True, with_bot=False, members=[slack.user("ada")])
    assert await people.audience(at(slack, room)) == {f"slack:channel:{room.id}"}


async def test_a_missing_scope_closes_instead_of_failing(
    slack: SlackServer, people: People
) -> None:
    ada = slack.user("ada")
    slack.usergroup("finance", [ada])
    slack.bot_scopes = BOT_SCOPES - {"usergroups:read"}
    assert await people.principals(ada.id) == {"public", f"slack:user:{ada.id}"}


async def test_what_was_looked_up_is_kept_a_while(
    slack: SlackServer, people: People, seconds: Seconds
) -> None:
    ada = slack.user("ada")
    for _ in range(3):
        await people.principals(ada.id)
    assert len(slack.called("users.info")) == 1
    seconds.now += KEPT_SECONDS + 1
    await people.principals(ada.id)
    assert len(slack.called("users.info")) == 2


async def test_an_event_says_that_it_changed(slack: SlackServer, people: People) -> None:
    ada = slack.user("ada")
    group = slack.usergroup("finance", [])
    assert f"slack:group:{group.id}" not in await people.principals(ada.id)
    group.members.append(ada.id)
    people.changed({"type": "subteam_members_changed", "subteam_id": group.id})
    assert f"slack:group:{group.id}" in await people.principals(ada.id)


async def test_admins_are_the_workspaces_and_those_of_the_settings(
    slack: SlackServer, web: Web
) -> None:
    group = slack.usergroup("it", [bob := slack.user("bob")])
    people = People(web, frozenset({f"slack:group:{group.id}"}))
    people.signed_in(Me(slack.team_id, slack.bot.id))
    owner = slack.user("olga", is_owner=True)
    stranger = slack.user("eve", is_stranger=True, is_admin=True)
    found = [await people.is_admin(user.id) for user in (owner, bob, slack.user("ada"), stranger)]
    assert found == [True, True, False, False]


async def test_an_admin_who_cannot_be_looked_up_is_no_silent_no(
    slack: SlackServer, people: People
) -> None:
    slack.fail("users.info", error="internal_error")
    with pytest.raises(SlackError):
        await people.is_admin(slack.user("ada").id)


async def test_only_a_direct_message_with_the_bot_is_one(
    slack: SlackServer, people: People
) -> None:
    ada: User = slack.user("ada")
    assert await people.is_direct_with(slack.dm(ada).id, ada.id)
    assert not await people.is_direct_with("D0UNKNOWN", ada.id)
    assert not await people.is_direct_with(slack.dm(ada).id, slack.user("bob").id)
