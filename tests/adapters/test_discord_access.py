"""Who is answered from what on Discord: every kind of place against every kind of source."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from simcord import ChannelHandle, MemberActor, RoleHandle

from adapters.discord.config import permissions
from bot.conversation.channels import WorkspaceRules
from bot.types import Place
from knowledge.types import PUBLIC
from tests.adapters.discord_office import Office, assert_nothing_to_fear, office_at
from tests.adapters.slack_office import Log, captured_log
from tests.kit.fakes import evidence
from tests.stand_ins.discord_server import Posted

SOURCES = ("public", "server", "elsewhere", "general", "crew_room", "crew", "ann")
"""What the sources are limited to; ``crew`` is a role, ``crew_room`` a channel."""


@dataclass
class Company(Office):
    """Ann and Al are crew, Bob is not; Eve is on another server, where Ann is as well."""

    crew: RoleHandle = field(init=False)
    al: MemberActor = field(init=False)
    eve: MemberActor = field(init=False)
    rooms: dict[str, ChannelHandle] = field(default_factory=dict)
    word: dict[str, str] = field(default_factory=dict)
    """Of every source, what nobody may read who may not read that source."""

    async def furnish(self) -> None:
        """Rooms, people and sources."""
        server = self.discord
        self.crew = server.role("Crew")
        self.al = server.user("Al", [self.crew])
        server.grant(self.ann, self.crew)
        other = server.add_guild("Elsewhere", permissions=permissions())
        self.eve = server.user("Eve", guild=other)
        there = server.channel("general", guild=other)
        self.rooms = {
            "general": self.general,
            "crew_room": server.channel("crew", private_to=[self.crew]),
            "anns_room": server.channel("ann", private_to=[self.ann]),
            "forum": server.channel("forum", kind="forum"),
            "elsewhere": there,
        }
        limits = {
            "public": PUBLIC,
            "server": f"discord:guild:{server.guild.id}",
            "elsewhere": f"discord:guild:{other.id}",
            "general": f"discord:channel:{self.general.id}",
            "crew_room": f"discord:channel:{self.rooms['crew_room'].id}",
            "crew": f"discord:role:{self.crew.id}",
            "ann": f"discord:user:{self.ann.id}",
        }
        for number, source in enumerate(SOURCES):
            self.word[source] = f"zebra{number}"
            self.bench.knows(
                f"about {source}?",
                evidence(
                    f"The plan is {self.word[source]}.",
                    title=f"Plan {self.word[source]}",
                    document=f"{self.word[source]}.md",
                    source=source,
                    url=f"https://intra.example/{self.word[source]}",
                    access=frozenset({limits[source]}),
                ),
            )

    def given_away(self) -> dict[str, list[str]]:
        """By source, the messages of the bot that hold something of it, as it was sent."""
        shown = [json.dumps(each._message.components) + each.text for each in self.everything()]
        return {
            source: [text for text in shown if word in text] for source, word in self.word.items()
        }


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    async with office_at(tmp_path, kind=Company) as opened:
        assert isinstance(opened, Company)
        await opened.furnish()
        await opened.start()
        yield opened
        assert_nothing_to_fear(opened)


def assert_given(company: Company, log: Log, expected: set[str], where: str) -> None:
    """What was answered from is just that, and of the rest there is no trace anywhere."""
    given = company.given_away()
    missing = {source for source in expected if not given[source]}
    leaked = {source: given[source][:1] for source in set(SOURCES) - expected if given[source]}
    assert not leaked, f"{where}: given away {leaked}"
    assert not missing, f"{where}: not answered from {missing}:\n{company.transcript()}"
    logged = log.holding([*company.word.values(), "what is the plan"])
    assert not logged, f"{where}: in the log stands {logged}"


OPEN = {"public", "server"}
SEEN_BY_ALL: Mapping[str, set[str]] = {
    "in #general": OPEN | {"general"},
    "in the crew's channel": OPEN | {"crew_room", "crew"},
    "in a channel for one member": OPEN,
    "in a thread of #general": OPEN | {"general"},
    "in a private thread of #general": OPEN | {"general"},
    "in a private thread of the crew's channel": OPEN | {"crew_room", "crew"},
    "in a forum post": OPEN,
    "by /ask for all in #general": OPEN | {"general"},
    "by /ask for all in the crew's channel": OPEN | {"crew_room", "crew"},
    "on another server": {"public", "elsewhere"},
}
ANNS = {*OPEN, "general", "crew_room", "crew", "ann"}
SEEN_BY_ONE: Mapping[tuple[str, str], set[str]] = {
    ("ann", "by /ask in #general"): ANNS,
    ("ann", "by /ask in the crew's channel"): ANNS,
    ("ann", "in a direct message"): ANNS,
    ("al", "by /ask in #general"): ANNS - {"ann"},
    ("al", "in a direct message"): ANNS - {"ann"},
    ("bob", "by /ask in #general"): OPEN | {"general"},
    ("bob", "in a direct message"): OPEN | {"general"},
    ("eve", "by /ask on another server"): {"public", "elsewhere"},
    ("eve", "in a direct message"): {"public", "elsewhere"},
}


def place_of(company: Company, where: str) -> ChannelHandle:
    """The channel of a row."""
    server, rooms = company.discord, company.rooms
    parent = rooms["crew_room"] if "the crew's" in where else rooms["general"]
    if "private thread" in where:
        thread = server.thread(parent, "Quietly", by=company.ann, private=True)
        for member in (company.ann.id, server.backend.bot_user.id):
            server.backend.add_thread_member(thread.id, member)
        return thread
    if "thread" in where:
        return server.thread(parent, "Aloud", by=company.ann)
    if "forum post" in where:
        return server.thread(rooms["forum"], "Plans", by=company.ann, text="I ask below.")
    if "one member" in where:
        return rooms["anns_room"]
    return rooms["elsewhere"] if "another server" in where else parent


@pytest.mark.parametrize("where", SEEN_BY_ALL)
async def test_what_all_can_see_is_answered_from_what_all_may_read(
    company: Company, where: str
) -> None:
    channel = place_of(company, where)
    by = company.eve if "another server" in where else company.ann
    with captured_log() as log:
        for source in SOURCES:
            text = f"what is the plan about {source}?"
            if "/ask" in where:
                await company.command(by, "ask", channel=channel, question=text, public=True)
            else:
                await company.begin(text, by=by, channel=channel)
        await company.rest()
    assert_given(company, log, SEEN_BY_ALL[where], where)


@pytest.mark.parametrize(("who", "where"), SEEN_BY_ONE)
async def test_what_one_person_sees_is_answered_from_what_they_may_read(
    company: Company, who: str, where: str
) -> None:
    by: MemberActor = getattr(company, who)
    channel = place_of(company, where)
    with captured_log() as log:
        for source in SOURCES:
            text = f"what is the plan about {source}?"
            if "/ask" in where:
                await company.command(by, "ask", channel=channel, question=text)
            else:
                await company.begin(text, by=by, channel=company.discord.dm(by))
        await company.rest()
    assert_given(company, log, SEEN_BY_ONE[who, where], f"{who} {where}")
    others = [each for each in (company.ann, company.bob, company.al) if each is not by]
    assert all(company.private(each) == [] for each in others)
    assert company.discord.replies(channel) == [], "others can see it"


async def test_on_two_servers_a_direct_message_is_answered_from_both(company: Company) -> None:
    there = company.rooms["elsewhere"].guild
    assert there
    there.add_member(company.bob.user)
    with captured_log() as log:
        for source in SOURCES:
            text = f"what is the plan about {source}?"
            await company.begin(text, by=company.bob, channel=company.discord.dm(company.bob))
        await company.rest()
    assert_given(company, log, {*OPEN, "general", "elsewhere"}, "Bob, member of both")


async def test_one_who_administers_the_server_reads_what_they_can_see(company: Company) -> None:
    """All channels, though not what is limited to a role that they have not."""
    chief = company.discord.user("Chief", [company.discord.role("Chiefs", "administrator")])
    with captured_log() as log:
        for source in SOURCES:
            await company.command(chief, "ask", question=f"what is the plan about {source}?")
    assert_given(company, log, {*OPEN, "general", "crew_room"}, "Chief by /ask")


async def test_who_may_manage_the_server_reads_no_more_for_that(company: Company) -> None:
    manager = company.discord.user("Manager", admin=True)
    with captured_log() as log:
        for source in SOURCES:
            await company.command(manager, "ask", question=f"what is the plan about {source}?")
    assert_given(company, log, {*OPEN, "general"}, "Manager by /ask")


# --- what is done about answers ---------------------------------------------------------------


async def told_alone(company: Company, source: str, room: str = "general") -> Posted:
    """Ann's answer for her eyes only."""
    used = await company.command(
        company.ann,
        "ask",
        channel=company.rooms[room],
        question=f"what is the plan about {source}?",
    )
    assert used.message and company.word[source] in used.text, used.text
    return used.message


@pytest.mark.parametrize(
    ("source", "room", "may"),
    [
        ("public", "general", True),
        ("server", "general", True),
        ("general", "general", True),
        ("crew", "general", False),
        ("crew_room", "general", False),
        ("ann", "general", False),
        ("crew", "crew_room", True),
        ("crew_room", "crew_room", True),
        ("ann", "crew_room", False),
        ("general", "crew_room", False),
        ("crew", "anns_room", False),
    ],
)
async def test_an_answer_is_shared_if_all_there_may_read_its_sources(
    company: Company, source: str, room: str, may: bool
) -> None:
    answer = await told_alone(company, source, room)
    pressed = await company.click(company.ann, answer, "Share with channel")
    posted = company.discord.replies(company.rooms[room])
    assert (pressed.text == "Shared.") == may, pressed.text
    assert bool(posted) == may
    assert company.word[source] not in pressed.text


async def test_the_people_who_are_asked_are_not_told_of_sources_that_not_all_may_read(
    company: Company,
) -> None:
    server = company.discord
    helpers = server.channel("help")
    place = Place("discord", str(server.guild.id), str(company.general.id))
    await company.bench.channels.set_workspace(
        place, WorkspaceRules(help_channel=str(helpers.id)), "test", company.bench.clock()
    )
    await company.click(company.ann, await told_alone(company, "crew"), "Ask a person")
    await company.click(company.ann, await told_alone(company, "server"), "Ask a person")
    hidden, open_ = server.replies(helpers)
    assert company.word["crew"] not in hidden.text and "I looked at" not in hidden.text
    assert company.word["server"] in open_.text
    assert "discord.com/channels" not in hidden.text, "it was asked in private"


@pytest.mark.parametrize("source", ["crew", "crew_room"])
async def test_why_names_only_what_who_asks_may_read(company: Company, source: str) -> None:
    """Bob comes to the crew's channel as a guest of one member."""
    room = company.rooms["crew_room"]
    asked = await company.ask(f"what is the plan about {source}?", channel=room)
    (answer,) = company.answers(asked)
    company.discord.allow(room, "view_channel", to=[company.bob])
    for who in (company.bob, company.al):
        why = await company.click(who, answer, "Why this answer?")
        may = who is company.al or source == "crew_room"  # now he may see the channel
        assert (company.word[source] in why.text) == may, f"{who.id}: {why.text}"
        assert ("not open to you" in why.text) != may


async def test_a_guest_in_the_channel_ends_what_only_its_role_may_read(company: Company) -> None:
    room = company.rooms["crew_room"]
    company.discord.allow(room, "view_channel", to=[company.bob])
    with captured_log() as log:
        for source in SOURCES:
            await company.begin(f"what is the plan about {source}?", channel=room)
        await company.rest()
    assert_given(company, log, OPEN | {"crew_room"}, "with a guest")


async def test_when_the_channel_is_opened_to_all_its_role_counts_no_more(
    company: Company,
) -> None:
    room = company.rooms["crew_room"]
    company.discord.allow(room, "view_channel", to=[room.guild.default_role] if room.guild else [])
    asked = await company.ask("what is the plan about crew?", channel=room)
    assert company.word["crew"] not in company.answers(asked)[0].text


# --- what changes -----------------------------------------------------------------------------


async def asked_alone(company: Company, source: str = "crew") -> bool:
    """Whether Al is answered from it in a direct message, which says nothing of his roles."""
    dm = company.discord.dm(company.al)
    before = len(company.discord.replies(dm))
    await company.ask(f"what is the plan about {source}?", by=company.al, channel=dm)
    return any(company.word[source] in each.text for each in company.discord.replies(dm)[before:])


async def test_who_loses_a_role_loses_what_it_opened_within_a_minute(company: Company) -> None:
    assert await asked_alone(company)
    company.discord.revoke(company.al, company.crew)
    company.hand.now += 61
    assert not await asked_alone(company)
    assert not await asked_alone(company, "crew_room")
    company.discord.grant(company.al, company.crew)
    company.hand.now += 61
    assert await asked_alone(company)


async def test_who_loses_a_role_and_then_speaks_on_the_server_has_lost_it_at_once(
    company: Company,
) -> None:
    assert await asked_alone(company)
    company.discord.revoke(company.al, company.crew)
    company.hand.now += 1
    await company.command(company.al, "help")
    assert not await asked_alone(company)


@pytest.mark.parametrize("seconds", [5, 600])
async def test_old_messages_that_are_delivered_again_bring_no_role_back(
    company: Company, seconds: int
) -> None:
    await company.discord.say(company.al, company.general, "hello all")
    await company.rest()
    company.discord.revoke(company.al, company.crew)
    company.discord.advance(seconds)
    company.hand.now += seconds
    if seconds < 60:  # else nobody would look
        await company.command(company.al, "help")
    assert not await asked_alone(company)
    async with company.discord.gateway_down(repeat=200):
        pass
    await company.rest()
    assert not await asked_alone(company)


async def test_who_leaves_the_server_is_told_nothing_more(company: Company) -> None:
    assert await asked_alone(company)
    company.discord.backend.remove_member(company.discord.guild.id, company.al.id)
    company.hand.now += 61
    assert not await asked_alone(company)
    assert not await asked_alone(company, "server")
    assert not await asked_alone(company, "public")


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_while_discord_does_not_tell_who_somebody_is_nothing_is_opened(
    company: Company, status: int
) -> None:
    company.discord.fail("GET /guilds/*/members/*", status, times=None)
    assert not await asked_alone(company)
    if status == 500:
        company.discord.mend()
        company.bench.clock.tick(31)
        await company.bench.dispatcher.recover(company.bots[0])
        await company.rest()
        (answer,) = company.discord.replies(company.discord.dm(company.al))
        assert company.word["crew"] in answer.text
