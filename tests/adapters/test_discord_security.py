"""What must not happen on Discord: people called, links live, loops, words in the log."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import discord
import pytest
from simcord import MemberActor
from simcord.components import walk_components
from simcord.enums import MessageType

from adapters.discord.config import permissions
from bot.conversation.channels import WorkspaceRules
from bot.types import Place
from tests.adapters.discord_office import (
    ANSWER,
    Office,
    assert_logged,
    assert_nothing_to_fear,
    office_at,
    without_code,
)
from tests.adapters.slack_office import Log, captured_log, will_answer
from tests.kit.fakes import evidence
from tests.stand_ins.discord_server import Posted

ALL_RIGHTS = permissions() | discord.Permissions(mention_everyone=True, embed_links=True)
"""The bot could ring everybody here: only what it says of mentions holds it back."""


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path, held=ALL_RIGHTS) as opened:
        await opened.start()
        yield opened
        assert_nothing_to_fear(opened)


@pytest.fixture
def log() -> Iterator[Log]:
    """All that was logged."""
    with captured_log() as captured:
        yield captured


# --- mentions and links -------------------------------------------------------------------------

_LIVE = re.compile(
    r"@everyone|@here|<@[!&]?\d+>|<#\d+>|<a?:\w+:\d+>|<t:\d+|</\w+:\d+>|<id:\w+>", re.I
)
_LINK = re.compile(r"(?:https?://|discord\.gg/|www\.)[^\s<>)\]]+", re.I)


def nasty(office: Office) -> str:
    """Everything that Discord could take for more than text."""
    role = office.discord.role("Everybody", mentionable=True)
    return " ".join(
        [
            "@everyone @here",
            "@Everyone @HERE",
            f"<@{office.bob.id}> <@!{office.bob.id}> <@&{role.id}> <#{office.general.id}>",
            "<:party:1477953611366400016> <a:party:1477953611366400016>",
            "<t:1700000000:R> <t:1700000000> </ask:1477953611366400016> <id:customize>",
            "[click here](https://evil.example/a) https://evil.example/b <https://evil.example/c>",
            "[https://intra.example/leave](https://evil.example/d) www.evil.example",
            "![picture](https://evil.example/e.png) [ref][1] discord.gg/evil",
            "@\u200beveryone \uff20everyone <\u200b@\u200b1>",
        ]
    )


def raw(message: Posted) -> str:
    """What was sent, before a client draws it."""
    texts = [each.get("content", "") for each in walk_components(message._message.components)]
    return "\n".join([message._message.content, *texts])


def assert_inert(
    office: Office, messages: Sequence[Posted], *named: MemberActor, links: bool = True
) -> None:
    """Nothing in them is live but the cited source; ``named``: who may be named, unrung."""
    assert messages, "nothing was said"
    shown = {f"<@{each.id}>" for each in named}
    for message in messages:
        text = without_code(raw(message))
        live = [found for found in _LIVE.findall(text) if found not in shown]
        assert not live, f"{live} in {text!r}"
        own = ("://intra.example/", f"discord.com/channels/{office.discord.guild.id}/")
        found = [link for link in _LINK.findall(text) if not any(each in link for each in own)]
        assert not (links and found), f"{found} in {text!r}"


@pytest.mark.parametrize("where", ["thread", "reply", "direct", "ask", "ask in public"])
async def test_nothing_in_an_answer_is_live_but_its_sources(office: Office, where: str) -> None:
    words = nasty(office)
    will_answer(office.bench, f"{words}\n\n", f"# {words}\n\n- {words}\n\n> {words}\n\nEnd. [1]")
    if where.startswith("ask"):
        await office.command(office.ann, "ask", question="leave?", public="public" in where)
    else:
        await office.rules(office.general, threads=where == "thread")
        place = office.discord.dm(office.ann) if where == "direct" else office.general
        await office.ask(channel=place)
    assert_inert(office, office.everything())
    assert any("End. [1]" in each.text for each in office.everything())
    assert any("](<https://intra.example/leave>)" in raw(each) for each in office.everything())


async def test_nothing_in_a_source_is_live(office: Office) -> None:
    words = nasty(office)
    office.bench.knows(
        "nasty",
        evidence(
            f"The nasty thing is {words} and that is all.",
            title=f"Title {words}",
            document="[x](https://evil.example)",
            url="https://intra.example/nasty>) @everyone [x](<https://evil.example",
        ),
    )
    await office.ask("what is the nasty thing?")
    used = await office.command(office.ann, "ask", question="what is the nasty thing?")
    await office.click(office.ann, used.message, "Why this answer?")
    await office.click(office.ann, used.message, "Share with channel")
    assert len(office.everything()) == 5, office.transcript()
    assert_inert(office, office.everything(), office.ann)


async def test_nothing_in_a_question_is_live_where_it_is_quoted(office: Office) -> None:
    words = nasty(office)
    helpers = office.discord.channel("help")
    place = Place("discord", str(office.discord.guild.id), str(office.general.id))
    await office.bench.channels.set_workspace(
        place, WorkspaceRules(help_channel=str(helpers.id)), "test", office.bench.clock()
    )
    for where in (office.general, office.discord.dm(office.bob)):
        await office.ask(f"{words} how many days of leave?", by=office.bob, channel=where)
    used = await office.command(office.bob, "ask", question=f"days of leave? {words}")
    await office.click(office.bob, used.message, "Why this answer?")
    await office.click(office.bob, used.message, "Share with channel")
    await office.click(office.bob, used.message, "Ask a person")
    assert len(office.discord.replies(helpers)) == 1
    assert_inert(office, office.everything(), office.bob)


async def test_nothing_in_a_question_is_live_where_it_comes_back_after_its_token(
    office: Office,
) -> None:
    office.discord.fail("PATCH /webhooks/*/*/messages/*", 401, code=50027, times=None)
    for public in (True, False):
        words = f"days of leave?\n> {nasty(office)}\n\n# {nasty(office)}"
        await office.command(office.bob, "ask", question=words, public=public)
    assert len([each for each in office.everything() if "asked:" in each.text]) == 2
    shown = [each for each in office.everything() if not each.thinking]
    assert_inert(office, shown, office.bob)


async def test_nothing_in_the_name_of_a_file_or_person_is_live(office: Office) -> None:
    words = "@everyone `<@1>` [x](https://evil.example).pdf"
    safe = re.sub(r"[^\w.-]", "_", words)
    office.bench.attachments.unreadable[safe] = f"{words} is no PDF"
    mallory = office.discord.user("@everyone <@&1> [x](https://evil.example)")
    await office.ask("days of leave?", by=mallory, files=[(words, b"x")])
    used = await office.command(mallory, "ask", question="days of leave?")
    await office.click(mallory, used.message, "Share with channel")
    assert_inert(office, office.everything(), mallory)


async def test_nothing_in_a_draft_is_live_but_its_owners_links(office: Office) -> None:
    said = await office.discord.say(office.bob, office.general, f"Hi, {nasty(office)}, sorry.")
    used = await office.discord.context_menu(office.bob, "Say it in our voice", said)
    await office.rest()
    await office.click(office.bob, used.message, "Copy")
    await office.click(office.bob, used.message, "Send")
    assert office.discord.replies(office.general), office.transcript()
    assert_inert(office, office.everything(), office.bob, links=False)


async def test_no_thread_is_named_by_what_could_ring(office: Office) -> None:
    asked = await office.ask(f"{nasty(office)} leave?")
    assert asked.thread
    name = asked.thread._channel.name or ""
    assert 0 < len(name) <= 100 and not _LIVE.search(name), name


async def test_a_forged_mark_for_a_name_names_nobody(office: Office) -> None:
    """The adapter marks people whom it names by two characters that nobody types."""
    forged = f"\ue000@{office.bob.id}\ue001"
    will_answer(office.bench, f"Ask {forged} about it. [1]")
    await office.ask(f"days of leave {forged}?")
    used = await office.command(office.ann, "ask", question=f"days of leave {forged}?")
    await office.click(office.ann, used.message, "Share with channel")
    assert_inert(office, office.everything(), office.ann)


# --- who is never answered ----------------------------------------------------------------------


async def test_other_bots_webhooks_and_the_server_itself_are_never_answered(
    office: Office,
) -> None:
    forum = office.discord.channel("questions", kind="forum")
    await office.rules(forum, forum=True)
    await office.rules(office.general, answers="unprompted", bar=0.0)
    robo = office.discord.user("Robo", bot=True)
    hook = office.discord.webhook(office.general, "Build")
    words = f"{office.discord.mention} how many days of leave?"
    for speaker in (robo, hook):
        await office.discord.say(speaker, office.general, words)
    office.discord.thread(forum, "How many days of leave?", by=robo, text=words)
    office.discord.thread(office.general, "How many days of leave?", by=office.bob)
    await office.rest()
    assert office.everything() == [], office.transcript()
    assert await office.bench.rows("inbox") == []


@pytest.mark.parametrize("kind", ["NEW_MEMBER", "CHANNEL_NAME_CHANGE", "PINS_ADD", "POLL_RESULT"])
async def test_what_discord_says_in_somebodys_name_is_not_answered(
    office: Office, kind: str
) -> None:
    """A renamed thread is told of in a message with its new name, a question perhaps."""
    await office.rules(office.general, answers="unprompted", bar=0.0)
    answer = await office.answered()
    for place in (office.general, answer.channel):
        office.discord.backend.create_message(
            place.id,
            office.ann.id,
            f"{office.discord.mention} how many days of leave?",
            message_type=MessageType[kind],
        )
    await office.rest()
    assert office.everything() == [answer]


async def test_two_of_its_kind_do_not_talk_for_ever(office: Office) -> None:
    """The other one mentions it, replies to it, and asks in threads where it takes part."""
    other = office.discord.user("Housevoice of another company", bot=True)
    await office.rules(office.general, answers="unprompted", bar=0.0, threads=False)
    asked = await office.ask()
    (answer,) = office.answers(asked)
    for _ in range(3):
        words = f"{office.discord.mention} {answer.text} How many days of leave?"
        await office.discord.say(other, office.general, words, reply_to=answer)
        thread = office.discord.thread(office.general, "Leave", by=office.bob)
        await office.ask(by=office.bob, channel=thread)
        await office.discord.say(other, thread, "And how many days of leave do I get?")
        await office.rest()
    assert len(office.everything()) == 1 + 3, office.transcript()


async def test_what_it_says_itself_is_not_heard(office: Office) -> None:
    await office.rules(office.general, answers="unprompted", bar=0.0, threads=False)
    will_answer(office.bench, f"{office.discord.mention} how many days of leave? [1]")
    await office.ask()
    assert len(office.everything()) == 1
    assert len(await office.bench.rows("inbox")) == 1


async def test_without_the_intent_nothing_is_heard_that_is_not_for_it(tmp_path: Path) -> None:
    async with office_at(tmp_path, content=False) as office:
        await office.start()
        await office.rules(office.general, answers="unprompted", bar=0.0)
        with captured_log() as log:
            await office.discord.say(office.bob, office.general, "how many days of leave?")
            thread = office.discord.thread(office.general, "Leave", by=office.bob)
            await office.discord.say(office.bob, thread, "how many days of leave?")
            await office.rest()
        assert office.everything() == [] and await office.bench.rows("inbox") == []
        assert log.lines == []


async def test_without_the_intent_what_is_for_it_is_heard(tmp_path: Path) -> None:
    async with office_at(tmp_path, content=False) as office:
        await office.start()
        answer = await office.answered()
        await office.discord.say(
            office.bob, answer.channel, "and days of leave for Bob?", reply_to=answer
        )
        alone = office.discord.dm(office.bob)
        await office.ask(by=office.bob, channel=alone)
        for place, due in ((answer.channel, 2), (alone, 1)):
            said = office.discord.replies(place)
            assert [ANSWER in each.text for each in said] == [True] * due


async def test_without_the_intent_a_forum_post_is_answered_by_its_title(tmp_path: Path) -> None:
    async with office_at(tmp_path, content=False) as office:
        await office.start()
        forum = office.discord.channel("questions", kind="forum")
        await office.rules(forum, forum=True)
        posts = {"Days of leave?": "See above.", "Pay?": "And how many days of leave?"}
        for title, text in posts.items():
            post = office.discord.thread(forum, title, by=office.bob, text=text)
            await office.rest()
            (answer,) = office.discord.replies(post)
            assert (ANSWER in answer.text) == ("leave" in title)


# --- the log ------------------------------------------------------------------------------------


def assert_silent(log: Log, office: Office, *words: str) -> None:
    """Neither a secret of the installation nor anybody's words are in the log."""
    tokens = [office.discord.token, *(each.token for each in office.discord.interactions)]
    found = log.holding([*tokens, "Bot a-token", *words])
    assert found == [], "\n".join(found)


async def test_no_word_and_no_token_is_logged(office: Office, log: Log) -> None:
    office.bench.knows("quince", evidence("The medlar is ripe.", title="Mulberry"))
    asked = await office.ask("is the quince ripe?", by=office.bob)
    await office.discord.edit(office.bob, asked, f"{office.discord.mention} quince, damson?")
    await office.rest()
    (answer,) = office.answers(asked)
    for label in ("Helpful", "Not helpful", "Why this answer?"):
        await office.click(office.bob, answer, label)
    await office.discord.say(office.bob, answer.channel, "and the quince of Bob?")
    used = await office.command(office.bob, "ask", question="is the quince ripe?")
    await office.click(office.bob, used.message, "Share with channel")
    await office.command(office.bob, "voice", "say", draft="Hi, the quince is not ripe.")
    await office.discord.delete(office.bob, asked)
    await office.rest()
    assert log.named("message_answered")
    assert_silent(log, office, "quince", "medlar", "mulberry", "damson")


@pytest.mark.parametrize(
    "route",
    [
        "POST /channels/*/messages",
        "PATCH /channels/*/messages/*",
        "POST /channels/*/messages/*/threads",
        "POST /interactions/*/*/callback",
        "PATCH /webhooks/*/*/messages/*",
        "GET /guilds/*/members/*",
    ],
)
async def test_no_word_and_no_token_is_logged_when_discord_fails(
    office: Office, log: Log, route: str
) -> None:
    office.bench.knows("quince", evidence("The medlar is ripe.", title="Mulberry"))
    for status in (400, 403, 404, 429, 500):
        times = None if status != 429 else 3
        office.discord.fail(route, status, code=50035, message="quince", times=times)
        await office.ask("is the quince ripe?", by=office.bob)
        alone = office.discord.dm(office.bob)
        await office.ask("is the quince ripe?", by=office.bob, channel=alone)
        used = await office.discord.command(
            office.bob, office.general, "ask", question="is the quince ripe?", wait=False
        )
        await office.rest()
        if used.message and used.message.controls:
            await office.discord.click(
                office.bob, used.message, label="Why this answer?", wait=False
            )
            await office.rest()
        office.discord.mend()
    assert log.lines, "nothing went wrong"
    assert_silent(log, office, "quince", "medlar", "mulberry")


async def test_what_breaks_inside_is_told_by_a_number_alone(office: Office, log: Log) -> None:
    office.bench.passages.fault = RuntimeError("the quince database is at 10.0.0.1")
    asked = await office.ask("is the quince ripe?")
    (told,) = office.answers(asked)
    id = re.search(r"\b[0-9a-f]{8}\b", told.text)
    assert id and "quince" not in told.text and "Runtime" not in told.text
    assert_logged(log, "message_failed", id[0], "RuntimeError")
    answer = await office.answered()
    async with office.bench.engine.begin() as db:
        await db.exec_driver_sql("DROP TABLE trace")
    used = await office.click(office.ann, answer, "Why this answer?")
    assert "Something went wrong on my side" in used.text
    assert_silent(log, office, "quince", "10.0.0.1")


async def test_a_database_that_is_away_stands_in_the_log_and_not_before_people(
    office: Office, log: Log
) -> None:
    async with office.bench.engine.begin() as db:
        await db.exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")
    await office.ask("is the quince ripe?")
    used = await office.command(office.ann, "ask", question="is the quince ripe?")
    assert "Something went wrong on my side" in used.text
    assert_logged(log, "message_not_heard", "OperationalError")
    assert_silent(log, office, "quince")
