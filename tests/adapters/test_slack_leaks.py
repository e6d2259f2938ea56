"""Private stays private and public still answers, in every place and by every way; the log too."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.conversation.channels import WorkspaceRules
from bot.types import Place
from knowledge.types import PUBLIC
from tests.adapters.slack_office import (
    ANSWER,
    LEAVE,
    Log,
    Office,
    assert_silent,
    captured_log,
    office_at,
)
from tests.kit.fakes import evidence
from tests.stand_ins.slack_server import Channel, Json, User


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


@pytest.fixture
def log() -> Iterator[Log]:
    """All that was logged."""
    with captured_log() as captured:
        yield captured


# --- private stays private, and public still answers ------------------------------------------


SOURCES = (
    "public", "general", "board", "mixed", "shared", "group_message",
    "managers", "ann", "bob", "vault",
)  # fmt: skip
"""What a source is limited to; ``vault`` is a channel without Ann."""
ANNS = frozenset(SOURCES) - {"bob", "vault"}
ALLOWED = {
    "general": {"public", "general"},
    "board": {"public", "board", "managers"},
    "mixed": {"public", "mixed"},
    "shared": {"shared"},
    "group_message": {"public", "group_message", "general", "mixed"},
    "direct": ANNS,
}
"""What may be answered in each place for all to see who are there."""


@dataclass
class House:
    """A workspace with something to know behind every kind of limit."""

    office: Office
    people: dict[str, User]
    places: dict[str, Channel]

    def secret(self, source: str) -> str:
        return f"{source.upper()}-{sum(map(ord, source))}"

    def traces_of(self, source: str) -> tuple[str, ...]:
        """What would give the source away."""
        return (self.secret(source), f"Title of {source}", f"{source}-file.md", f"/{source}-page")

    def question(self, source: str) -> str:
        return f"What is the code for {source.replace('_', ' ')} matters?"

    async def asked_in_private(self, where: str) -> list[Json]:
        """Ann asks for all that she may read; the answers that only she sees."""
        office = self.office
        for source in sorted(ANNS):
            question = self.question(source)
            await office.slack.command(office.ann, self.places[where], "/ask", question)
        await office.rest()
        return [
            each
            for each in office.slack.ephemerals(office.ann)
            if any(self.secret(source) in office.slack.visible(each) for source in ANNS)
        ]

    def assert_only(self, allowed: Any, shown: str, where: str) -> None:
        """Nothing is given away in ``shown`` but what is allowed."""
        leaked = [
            f"{source}: {trace}"
            for source in SOURCES
            if source not in allowed
            for trace in self.traces_of(source)
            if trace.lower() in shown.lower()
        ]
        assert leaked == [], f"{where} gives away {leaked}:\n{shown[-1500:]}"

    def everybody_sees(self, where: str) -> str:
        channel = self.places[where]
        shown = [json.dumps(each) for each in self.office.slack.replies(channel)]
        return "\n".join([*shown, *self.office.said(channel)])


@pytest.fixture
async def house(office: Office) -> House:
    slack = office.slack
    ida, stan = slack.user("ida"), slack.user("stan", is_stranger=True)
    ann, bob = office.ann, office.bob
    places = {
        "general": office.general,
        "board": slack.channel("board", private=True, members=[ann, ida]),
        "mixed": slack.channel("mixed", private=True, members=[ann, bob]),
        "shared": slack.channel("shared", shared=True, members=[ann, stan]),
        "group_message": slack.group_dm(ann, bob),
        "direct": slack.dm(ann),
    }
    vault = slack.channel("vault", private=True, members=[bob])
    managers = slack.usergroup("managers", [ann, ida])
    limits = {name: f"slack:channel:{channel.id}" for name, channel in places.items()}
    limits |= {
        "public": PUBLIC,
        "managers": f"slack:group:{managers.id}",
        "ann": f"slack:user:{ann.id}",
        "bob": f"slack:user:{bob.id}",
        "vault": f"slack:channel:{vault.id}",
    }
    house = House(office, {"ann": ann, "bob": bob, "ida": ida, "stan": stan}, places)
    office.bench.passages._held.clear()
    for source in SOURCES:
        found = evidence(
            f"The code is {house.secret(source)}.",
            title=f"Title of {source}",
            document=f"{source}-file.md",
            url=f"https://intra.example/{source}-page",
            access=frozenset({limits[source]}),
        )
        office.bench.knows(f"for {source.replace('_', ' ')} matters", found)
    await office.start()
    return house


async def everything_asked(house: House, where: str, **how: Any) -> None:
    for source in SOURCES:
        await house.office.begin(house.question(source), channel=house.places[where], **how)
    await house.office.rest()


@pytest.mark.parametrize("where", ALLOWED)
async def test_in_the_open_it_tells_what_all_there_may_read_and_no_more(
    house: House, where: str, log: Log
) -> None:
    await everything_asked(house, where)
    shown = house.everybody_sees(where)
    missing = [source for source in ALLOWED[where] if house.secret(source) not in shown]
    assert missing == [], f"in {where} it should answer from {missing}"
    house.assert_only(ALLOWED[where], shown, where)
    assert_silent(log, house.office, "the code", "matters", "title of", "-file.md", "-page")


@pytest.mark.parametrize("where", ALLOWED)
async def test_a_command_tells_its_giver_what_they_may_read_wherever_they_are(
    house: House, where: str, log: Log
) -> None:
    office = house.office
    for source in SOURCES:
        await office.slack.command(office.ann, house.places[where], "/ask", house.question(source))
    await office.rest()
    shown = "\n".join(office.private())
    missing = [source for source in ANNS if house.secret(source) not in shown]
    assert missing == [], f"asked in {where} it should answer from {missing}"
    house.assert_only(ANNS, shown, f"/ask in {where}")
    assert office.said(house.places[where]) == [], "others see it"
    assert_silent(log, office, "the code", "matters", "title of", "-file.md", "-page")


@pytest.mark.parametrize("where", ["general", "mixed", "shared", "group_message"])
async def test_a_follow_up_in_the_open_brings_up_nothing_private(house: House, where: str) -> None:
    office, place = house.office, house.places[where]
    parent = await office.slack.say(office.ann, place, "I have a question")
    for source in SOURCES:
        await office.slack.command(office.ann, place, "/ask", house.question(source))
    await everything_asked(house, where, thread_ts=parent)
    for words in ("and the code?", "what did you just tell me?", "which document is it in?"):
        await office.say(words, channel=place, thread_ts=parent)
    house.assert_only(ALLOWED[where], house.everybody_sees(where), f"a thread in {where}")


@pytest.mark.parametrize("where", ["general", "board", "mixed", "shared", "group_message"])
async def test_sharing_is_for_what_all_there_may_read(house: House, where: str) -> None:
    office = house.office
    answers = await house.asked_in_private(where)
    assert len(answers) == len(ANNS)
    for answer in answers:
        await office.slack.click(office.ann, answer, "housevoice:share")
    await office.rest()
    shown = house.everybody_sees(where)
    missing = [source for source in ALLOWED[where] if house.secret(source) not in shown]
    assert missing == [], f"{missing} could have been shared in {where}"
    house.assert_only(ALLOWED[where], shown, f"sharing in {where}")


async def test_why_shows_each_reader_only_what_is_open_to_them(house: House) -> None:
    office, board = house.office, house.places["board"]
    await office.begin(house.question("managers"), channel=board)
    await office.begin(house.question("public"), channel=board)
    await office.rest()
    carl = office.slack.user("carl")  # no manager
    await office.slack.join(carl, board)
    await office.rest()
    for reply in office.slack.replies(board):
        for user in (house.people["ida"], carl):
            await office.slack.click(user, reply, "housevoice:why")
            await office.rest()
            modal = office.modal(user)
            shown, mine = office.slack.visible(modal), user is not carl
            may = {"public", "managers"} if mine else {"public"}
            house.assert_only(may, json.dumps(modal) + shown, f"why for {user.name}")
            if house.secret("public") in office.slack.visible(reply) or mine:
                assert "Title of" in shown
            else:
                assert "not open to you" in shown


async def test_who_joins_and_leaves_changes_what_is_told_at_once(house: House) -> None:
    office, board = house.office, house.places["board"]
    await office.ask(house.question("managers"), channel=board)
    assert house.secret("managers") in house.everybody_sees("board")
    carl = office.slack.user("carl")
    await office.slack.join(carl, board)
    await office.rest()
    await office.ask(house.question("managers"), channel=board)
    assert house.secret("managers") not in office.said(board)[-1]
    assert "Title of" not in office.said(board)[-1]


async def test_a_person_who_is_asked_learns_no_more_than_their_channel_may(house: House) -> None:
    office = house.office
    helpers = office.slack.channel("help", members=[office.bob])
    place = Place("slack", office.slack.team_id, office.general.id)
    rules = WorkspaceRules(help_channel=helpers.id)
    await office.bench.channels.set_workspace(place, rules, "test", office.bench.clock())
    for answer in await house.asked_in_private("general"):
        await office.slack.click(office.ann, answer, "housevoice:person")
    await office.rest()
    called = office.said(helpers)
    assert len(called) == len(ANNS)
    assert any("Title of public" in each for each in called)
    raw = json.dumps(office.slack.replies(helpers))
    house.assert_only({"public"}, raw + "\n".join(called), "the help channel")


async def test_a_private_answer_of_somebody_else_cannot_be_acted_on(house: House) -> None:
    """A forged click: Slack sends no such thing, but who can sign could."""
    office = house.office
    await office.slack.command(office.ann, office.general, "/ask", house.question("managers"))
    await office.rest()
    answer = office.slack.ephemerals(office.ann)[-1]
    answer["to"] = office.bob.id
    for action in ("why", "share", "helpful"):
        await office.slack.click(office.bob, answer, f"housevoice:{action}")
    await office.rest()
    answer["to"] = office.ann.id
    told = [*office.slack.views(office.bob), *office.slack.ephemerals(office.bob)]
    assert len(told) == 3
    seen = json.dumps(told)
    assert "given to somebody else" in seen
    house.assert_only(set(), seen + house.everybody_sees("general"), "somebody else's click")


async def test_home_and_prompts_tell_nothing_of_any_source(house: House) -> None:
    office = house.office
    await everything_asked(house, "direct")
    for user in (office.ann, office.bob):
        await office.slack.open_home(user)
        await office.slack.open_home(user, "messages")
    await office.rest()
    for user in (office.ann, office.bob):
        home = office.slack.home(user)
        assert home is not None
        house.assert_only(set(), json.dumps(home), f"the home of {user.name}")
    prompts = json.dumps(list(office.slack.workspace.prompts.values()))
    house.assert_only(set(), prompts, "the prompts")


async def test_a_lookup_that_fails_tells_less_and_never_more(house: House) -> None:
    office = house.office
    for method in ("users.info", "users.conversations", "usergroups.list", "conversations.info"):
        office.slack.fail(method, error="internal_error", times=None)
    for where in ("board", "general", "group_message"):
        await everything_asked(house, where)
        house.assert_only({where}, house.everybody_sees(where), where)
    await office.slack.command(office.ann, office.general, "/ask", house.question("managers"))
    await office.rest()
    house.assert_only({"ann"}, "\n".join(office.private()), "/ask")


# --- the log ----------------------------------------------------------------------------------


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Office]:
    """What is not acknowledged is soon given up."""
    async with office_at(tmp_path, ack_seconds=0.5, retry_seconds=(0.0,)) as opened:
        yield opened


async def test_no_words_and_no_secrets_get_into_the_log_whatever_fails(
    hasty: Office, log: Log
) -> None:
    office = hasty

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    await office.start(sleep=sleep)
    name = "Mephistopheles"
    office.bench.knows("pact", evidence(f"{name} signs in blood.", title=f"Pact of {name}"))
    office.bench.passages.fault = RuntimeError(f"cannot find the pact of {name}")
    await office.ask(f"what is the pact of {name}?")
    for method in ("chat.startStream", "chat.postMessage", "chat.stopStream", "chat.update"):
        office.slack.fail(method, error="invalid_blocks", times=2)
        office.slack.fail(method, status=500, times=2)
        office.slack.fail(method, drop=True, times=2)
    for number in range(4):
        await office.ask(f"what is the pact of {name} {number}?", files=[(f"{name}.txt", b"x")])
    await office.slack.command(office.ann, office.general, "/ask", f"what is the pact of {name}?")
    await office.slack.command(office.ann, office.general, "/voice", f"say Dear {name}, late!")
    await office.slack.command(office.ann, office.general, "/kb", f"{name} {name}")
    await office.rest()
    office.deliver({"type": "message", "channel": office.general.id, "text": name, "user": 7})
    office.deliver({"type": "message", "subtype": "message_changed", "message": name})
    office.deliver({"type": "app_home_opened", "tab": "home", "text": name})
    office.slack.fail("views.open", error="expired_trigger_id")
    await office.ask(f"who is {name}?")
    logging.getLogger("aiohttp.server").error("kept")
    assert log.holding(["kept"]), "what libraries log is not looked at"
    assert log.lines, "nothing was logged, so nothing was tested"
    assert_silent(log, office, name, "in blood")


async def test_one_line_is_logged_for_each_answer(office: Office, log: Log) -> None:
    await office.start()
    await office.ask()
    (line,) = log.named("message_answered")
    assert ANSWER not in line
    assert LEAVE.passage.title not in line
