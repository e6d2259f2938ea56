"""A channel's history as a source, on Slack and on Discord: what is read, for whom, unnamed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from adapters.channels import (
    discord_channel,
    named_discord_channel,
    named_slack_channel,
    slack_channel,
)
from adapters.discord.config import DiscordConfig, permissions
from adapters.discord.history import DiscordChannels
from adapters.slack.config import SlackConfig
from adapters.slack.history import SlackChannels
from bot.shell.platforms import kinds_of
from bot.shell.settings import Settings
from knowledge.errors import SourceError
from knowledge.sources.chat.history import ChatHistory, ChatOptions, written
from knowledge.sources.chat.port import Channels, Said
from knowledge.sources.registry import Kinds
from knowledge.types import Validators
from tests.kit.fakes import FixedClock
from tests.kit.sources import Given
from tests.stand_ins.discord_server import DiscordServer
from tests.stand_ins.slack_server import BOT_SCOPES, SlackServer

QUESTION = "When are we paid? It was Friday."
LONG = "The workshop moves on Monday. " * 10


class Room:
    """A channel with two people, whatever the platform."""

    def __init__(self, channels: Channels, channel: str, readers: str, clock: FixedClock) -> None:
        self.channels = channels
        self.channel = channel
        self.readers = readers
        self._clock = clock

    people: dict[str, Any]
    general: Any

    async def say(self, who: str, text: str, thread: Any = None) -> Any:
        raise NotImplementedError

    async def delete(self, message: Any) -> None:
        raise NotImplementedError

    async def edit(self, who: str, message: Any, text: str) -> None:
        raise NotImplementedError

    def mention(self, who: str) -> str:
        return f"<@{self.people[who].id}>"

    async def read(self, known: Mapping[str, Validators] | None = None, days: int = 0) -> Given:
        history = ChatHistory(
            self.channels, self.channel, ChatOptions(days), now=lambda: self._clock()
        )
        return Given([each async for each in history.documents(known or {})])

    def pass_time(self, by: timedelta) -> None:
        self._clock.now += by


class SlackRoom(Room):
    slack: SlackServer

    async def say(self, who: str, text: str, thread: Any = None) -> Any:
        return await self.slack.say(self.people[who], self.general, text, thread_ts=thread)

    async def delete(self, message: Any) -> None:
        await self.slack.delete(self.general, message)

    async def edit(self, who: str, message: Any, text: str) -> None:
        await self.slack.edit(self.people[who], self.general, message, text)


class DiscordRoom(Room):
    server: DiscordServer

    async def say(self, who: str, text: str, thread: Any = None) -> Any:
        return await self.server.say(self.people[who], self.general, text, reply_to=thread)

    async def delete(self, message: Any) -> None:
        await self.server.delete(self.people["Bob"], message)

    async def edit(self, who: str, message: Any, text: str) -> None:
        await self.server.edit(self.people[who], message, text)


@asynccontextmanager
async def slack_room(clock: FixedClock) -> AsyncIterator[SlackRoom]:
    async with SlackServer(clock=clock) as slack:
        people = {name: slack.user(name.lower()) for name in ("Ann", "Bob")}
        general = slack.channel("general", members=list(people.values()))
        config = SlackConfig(slack.bot_token, slack.app_token, api_url=slack.api_url)
        room = SlackRoom(SlackChannels(config), general.id, f"slack:channel:{general.id}", clock)
        room.slack, room.people, room.general = slack, people, general
        yield room


@asynccontextmanager
async def discord_room(clock: FixedClock) -> AsyncIterator[DiscordRoom]:
    async with DiscordServer(permissions=permissions(), clock=clock) as server:
        people = {name: server.user(name) for name in ("Ann", "Bob")}
        general = server.channel("general")
        config = DiscordConfig(server.token, message_content=True)
        id = str(general.id)
        room = DiscordRoom(DiscordChannels(config), id, f"discord:channel:{id}", clock)
        room.server, room.people, room.general = server, people, general
        yield room


@pytest.fixture(params=["slack", "discord"])
async def room(request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    clock = FixedClock()
    opened: Callable[[FixedClock], Any] = {"slack": slack_room, "discord": discord_room}[
        request.param
    ]
    async with opened(clock) as made:
        yield made


class TestOnBothPlatforms:
    async def test_a_question_and_its_answers_are_one_document(self, room: Room) -> None:
        asked = await room.say("Ann", f"{QUESTION} {room.mention('Bob')}?")
        await room.say("Bob", "On **Monday** from now on.", asked)
        given = await room.read()
        (document,) = given.documents.values()
        text = (document.content or b"").decode()
        assert text.startswith("# When are we paid?\n\n**Person A:** When are we paid?")
        assert "@Person B?" in text and "\n\n**Person B:** On **Monday** from now on." in text
        assert "Ann" not in text and "Bob" not in text
        assert document.access == frozenset({room.readers})
        assert room.channel in document.url and document.url.startswith("https://")

    async def test_what_nobody_answered_is_left_out_unless_it_is_long(self, room: Room) -> None:
        await room.say("Ann", "Good morning!")
        await room.say("Bob", LONG)
        given = await room.read()
        assert [b"workshop" in (e.content or b"") for e in given.documents.values()] == [True]

    async def test_what_is_deleted_is_gone_in_the_next_run(self, room: Room) -> None:
        asked = await room.say("Ann", QUESTION)
        answer = await room.say("Bob", "On Monday.", asked)
        await room.say("Ann", "Thank you, that helps.", asked)
        first = await room.read()
        await room.delete(answer)
        again = await room.read(first.known)
        (text,) = ((each.content or b"").decode() for each in again.documents.values())
        assert "Monday" not in text and "Thank you" in text

    async def test_an_edit_is_seen_in_the_next_run(self, room: Room) -> None:
        asked = await room.say("Ann", QUESTION)
        answer = await room.say("Bob", "On Monday.", asked)
        first = await room.read()
        await room.edit("Bob", answer, "On Tuesday.")
        (document,) = (await room.read(first.known)).documents.values()
        assert b"Tuesday" in (document.content or b"")

    async def test_what_is_settled_is_not_read_again(self, room: Room) -> None:
        asked = await room.say("Ann", QUESTION)
        await room.say("Bob", "On Monday.", asked)
        first = await room.read()
        room.pass_time(timedelta(days=31))
        again = await room.read(first.known)
        assert list(again.documents) == list(first.documents) and again.read == []
        await room.say("Ann", "And in May?", asked)
        assert (await room.read(first.known)).read == list(first.documents)

    async def test_only_so_many_days_are_read(self, room: Room) -> None:
        await room.say("Bob", LONG)
        room.pass_time(timedelta(days=10))
        await room.say("Bob", LONG)
        assert len((await room.read(days=5)).documents) == 1
        assert len((await room.read(days=15)).documents) == 2

    async def test_a_channel_that_is_not_there_is_told(self, room: Room) -> None:
        room.channel = "C0NOTTHERE" if room.readers.startswith("slack") else "1" * 18
        with pytest.raises(SourceError, match="There is no such channel"):
            await room.read()

    async def test_a_heading_that_somebody_wrote_does_not_cut_it_in_two(self, room: Room) -> None:
        asked = await room.say("Ann", QUESTION)
        await room.say("Bob", "# Monday\nas said", asked)
        (document,) = (await room.read()).documents.values()
        assert b"\\# Monday" in (document.content or b"")


async def test_bots_are_left_out_on_slack() -> None:
    async with slack_room(FixedClock()) as room:
        asked = await room.say("Ann", QUESTION)
        await room.slack.say_as_other_bot(room.general, LONG)
        await room.say("Bob", "On Monday.", asked)
        (document,) = (await room.read()).documents.values()
        assert b"workshop" not in (document.content or b"")


async def test_a_channel_that_the_bot_is_not_in_or_may_not_read_is_told() -> None:
    clock = FixedClock()
    async with SlackServer(clock=clock, scopes=BOT_SCOPES - {"channels:history"}) as slack:
        ann = slack.user("ann")
        general = slack.channel("general", members=[ann])
        config = SlackConfig(slack.bot_token, slack.app_token, api_url=slack.api_url)
        with pytest.raises(SourceError, match="channels:history"):
            await ChatHistory(SlackChannels(config), general.id, ChatOptions()).check()


async def test_posts_of_a_forum_and_threads_are_read_on_discord() -> None:
    clock = FixedClock()
    async with discord_room(clock) as room:
        forum = room.server.channel("help", kind="forum")
        ann = room.people["Ann"]
        post = room.server.thread(forum, "Where is the key?", by=ann, text="Lost it.")
        await room.server.say(room.people["Bob"], post, "In the drawer.")
        config = DiscordConfig(room.server.token, message_content=True)
        history = ChatHistory(
            DiscordChannels(config), str(forum.id), ChatOptions(0), now=lambda: clock()
        )
        (document,) = Given([each async for each in history.documents({})]).documents.values()
        assert (document.content or b"").decode() == (
            "# Where is the key?\n\n**Person A:** Lost it.\n\n**Person B:** In the drawer."
        )
        asked = await room.say("Ann", QUESTION)
        thread = room.server.thread(room.general, "Pay", by=room.people["Ann"], starter=asked)
        await room.server.say(room.people["Bob"], thread, "On Monday.")
        (document,) = (await room.read()).documents.values()
        text = (document.content or b"").decode()
        assert text.index("When are we paid") < text.index("On Monday.")


async def test_private_threads_are_left_alone_on_discord() -> None:
    async with discord_room(FixedClock()) as room:
        thread = room.server.thread(room.general, "Pay", by=room.people["Ann"], private=True)
        await room.server.say(room.people["Ann"], thread, LONG)
        assert (await room.read()).documents == {}


async def test_without_the_message_content_intent_discord_is_not_read() -> None:
    channels = DiscordChannels(DiscordConfig("token"))
    with pytest.raises(SourceError, match="HOUSEVOICE_DISCORD_MESSAGE_CONTENT"):
        await ChatHistory(channels, "1" * 18, ChatOptions()).check()


@pytest.mark.parametrize(
    ("typed", "slack", "named_slack", "discord", "named_discord"),
    [
        ("#C0123ABCD", "C0123ABCD", "C0123ABCD", None, None),
        ("<#C0123ABCD|general>", "C0123ABCD", "C0123ABCD", None, None),
        ("https://acme.slack.com/archives/C0123ABCD/p17", "C0123ABCD", "C0123ABCD", None, None),
        ("CHANGELOG", None, "CHANGELOG", None, None),
        ("#general", None, None, None, None),
        ("<#123456789012345678>", None, None, "123456789012345678", "123456789012345678"),
        ("123456789012345678", None, None, None, "123456789012345678"),
        (
            "https://discord.com/channels/111111111111111111/123456789012345678",
            None,
            None,
            "123456789012345678",
            "123456789012345678",
        ),
        ("https://slack.com.evil.example/archives/C0123ABCD", None, None, None, None),
    ],
)
def test_a_channel_is_recognised_as_people_write_it(
    typed: str,
    slack: str | None,
    named_slack: str | None,
    discord: str | None,
    named_discord: str | None,
) -> None:
    assert slack_channel(typed) == slack
    assert named_slack_channel(typed) == named_slack
    assert discord_channel(typed) == discord
    assert named_discord_channel(typed) == named_discord


def test_only_configured_platforms_have_such_sources_and_they_may_be_added_from_a_chat() -> None:
    assert kinds_of(Settings()) == {}
    kinds = Kinds(kinds_of(Settings(slack_bot_token="xoxb-x", discord_token="x")))
    assert kinds.names()[:2] == ("slack-channel", "discord-channel")
    spec = kinds.describe("#C0123ABCD", remote=True)
    assert (spec.kind, spec.location) == ("slack-channel", "C0123ABCD")
    assert kinds.describe("discord-channel 123456789012345678").kind == "discord-channel"


def test_people_keep_their_letter_within_a_thread() -> None:
    said = [Said(str(n), f"<@{n + 1}> says {n}") for n in range(28)]
    text = written(said)
    assert "**Person A:** @Person B says 0" in text
    assert "**Person AB:** @Person AC says 27" in text


def test_a_long_question_is_cut_for_the_title() -> None:
    assert written([Said("1", "word " * 50)]).splitlines()[0].endswith("word…")
