"""What must not happen on Slack: machines answered, people called, links live."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.conversation.channels import WorkspaceRules
from bot.types import Place
from tests.adapters.slack_office import (
    Office,
    office_at,
    shown_links,
    will_answer,
)
from tests.kit.fakes import evidence
from tests.stand_ins.slack_server import Json


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


# --- who is never answered --------------------------------------------------------------------


def from_app(office: Office, text: str, **other: Any) -> list[Json]:
    """The two events of another app's message that mentions the bot."""
    workspace, ts = office.slack.workspace, office.slack.workspace.next_ts()
    message = {
        "type": "message",
        "user": workspace.new_id("U"),
        "bot_id": workspace.new_id("B"),
        "app_id": workspace.new_id("A"),
        "text": text,
        "ts": ts,
        "event_ts": ts,
        "channel": office.general.id,
        "channel_type": "channel",
        "bot_profile": {"name": "other"},
    } | other
    office.general.messages[ts] = message
    return [message, message | {"type": "app_mention"}]


MACHINES: dict[str, dict[str, Any]] = {
    "app": {},
    "webhook": {"subtype": "bot_message", "user": None, "username": "builds"},
    "workflow": {"subtype": "bot_message", "user": None, "workflow_id": "Wf1", "bot_profile": None},
    "slackbot": {"bot_id": None, "user": "USLACKBOT"},
    "nobody": {"user": None},
}


@pytest.mark.parametrize("in_thread", [False, True])
async def test_machines_are_not_answered(office: Office, in_thread: bool) -> None:
    await office.start()
    thread = {"thread_ts": await office.ask()} if in_thread else {}
    before = office.said()
    for name, other in MACHINES.items():
        words = f"{office.slack.mention} how many days of leave, asks {name}?"
        for event in from_app(office, words, **(other | thread)):
            office.deliver(event)
    await office.rest()
    assert office.said() == before
    assert len(await office.bench.rows("inbox")) == len(thread)


async def test_two_bots_of_this_make_do_not_talk_to_each_other_for_ever(office: Office) -> None:
    """The other one quotes the mention in its answer, in the same thread."""
    await office.start()
    ts = await office.ask()
    answers = len(office.said())
    for text in (f"{office.slack.mention} asked: how many days of leave?", "Right. days of leave?"):
        for event in from_app(office, text, thread_ts=ts):
            office.deliver(event)
        await office.rest()
    assert len(office.said()) == answers


async def test_its_own_messages_are_not_answered_even_if_they_name_it(office: Office) -> None:
    await office.start()
    will_answer(office.bench, f"Ask {office.slack.mention}: how many days of leave?")
    await office.ask()
    assert len(office.said()) == 1
    own = dict(office.slack.replies(office.general)[0])
    for subtype in (None, "thread_broadcast", "me_message"):
        office.deliver(own | {"type": "app_mention", "channel": office.general.id, "event_ts": "1"})
        office.deliver(own | {"channel": office.general.id, "event_ts": "1", "subtype": subtype})
    await office.rest()
    assert len(office.said()) == 1


# --- mentions and links -----------------------------------------------------------------------


def bombs(office: Office) -> list[str]:
    """Everything that calls people on Slack, and what could be taken for it."""
    group = office.slack.usergroup("all", [office.ann, office.bob])
    return [
        "<!channel>",
        "<!here>",
        "<!everyone>",
        "<!here|here>",
        f"<@{office.bob.id}>",
        f"<@{office.bob.id}|bob>",
        f"<!subteam^{group.id}>",
        f"<!subteam^{group.id}|@all>",
        f"<#{office.general.id}|general>",
        "<!date^1392734382^{date}|now>",
        "@channel @here @everyone @group",
        "＠channel ＜!channel＞",
        "&lt;!channel&gt;",
        "\\<!channel\\>",
        f"**<!channel>** _<@{office.bob.id}>_ [<!here>](https://evil.example)",
        "<!chan\u200bnel>",
    ]


def assert_calls_nobody(office: Office) -> None:
    rings = office.rings()
    assert rings == [], "\n".join(rings)
    for place, message in office.everything():
        for text in [json.dumps(message.get("blocks")), str(message.get("text"))]:
            for live in ("<!", "<@", "<#", "@channel", "@here", "@everyone"):
                bare = text.replace("<@\u200b", "")
                assert live not in bare or f"`{live}" in bare, f"{place}: {live} in {text[:300]}"
    asked = [name for call in office.slack.calls for name in call.args]
    assert "link_names" not in asked
    assert "parse" not in asked


async def test_nothing_in_an_answer_calls_anybody(office: Office) -> None:
    await office.start()
    for bomb in bombs(office):
        will_answer(office.bench, "See ", bomb, " and ", bomb[:3], bomb[3:], f"\n\n> {bomb}\n")
        await office.begin()
        await office.heard()
    await office.rest()
    assert len(office.said()) == len(bombs(office))
    assert_calls_nobody(office)


async def test_nothing_in_a_title_or_document_calls_anybody(office: Office) -> None:
    await office.start()
    for number, bomb in enumerate(bombs(office)):
        found = evidence(f"Fare {number} is 3 pounds.", title=bomb, document=f"{bomb}.md")
        office.bench.knows(f"fare {number}", found)
        await office.begin(f"what is fare {number}?")
    await office.rest()
    for reply in office.slack.replies(office.general):
        await office.slack.click(office.ann, reply, "housevoice:why")
    await office.rest()
    assert_calls_nobody(office)


async def test_nothing_in_a_question_calls_anybody_when_it_is_shown_again(office: Office) -> None:
    await office.start()
    helpers = office.slack.channel("help", members=[office.bob])
    place = Place("slack", office.slack.team_id, office.general.id)
    rules = WorkspaceRules(help_channel=helpers.id)
    await office.bench.channels.set_workspace(place, rules, "test", office.bench.clock())
    explosive = bombs(office)
    for bomb in explosive:
        question = f"{bomb} days of leave {bomb}?"
        await office.slack.command(office.ann, office.general, "/ask", f"--public {question}")
        await office.slack.command(office.ann, office.general, "/ask", question)
        await office.slack.command(office.ann, office.general, "/voice", f"say late, {bomb} sorry")
    await office.rest()
    for shown in office.slack.ephemerals(office.ann):
        for action in ("share", "why", "person", "send"):
            if f"housevoice:{action}" in json.dumps(shown.get("blocks")):
                await office.slack.click(office.ann, shown, f"housevoice:{action}")
    await office.rest()
    assert len(office.said(helpers)) == len(explosive)
    assert len(office.said()) == 3 * len(explosive), "asked, shared and sent"
    assert_calls_nobody(office)


async def test_nothing_in_a_files_name_calls_anybody(office: Office) -> None:
    await office.start()
    for bomb in bombs(office):
        name = f"{bomb.replace('/', '')}.xyz"
        office.bench.attachments.unreadable[name] = f"its kind, {bomb}, is not known"
        await office.begin("how many days of leave?", files=[(name, b"x")])
        await office.begin("", files=[(name, b"x")])
    await office.rest()
    assert len(office.said()) == 2 * len(bombs(office))
    assert_calls_nobody(office)


async def test_nothing_in_a_persons_name_calls_anybody(office: Office) -> None:
    await office.start()
    for bomb in bombs(office):
        mallory = office.slack.user(bomb)
        office.general.members.append(mallory.id)
        await office.slack.command(mallory, office.general, "/ask", "--public days of leave?")
        await office.slack.command(mallory, office.general, "/ask", "days of leave?")
    await office.rest()
    for private in list(office.slack.workspace.ephemerals):
        if "housevoice:share" in json.dumps(private.get("blocks")):
            mallory = office.slack.workspace.users[private["to"]]
            await office.slack.click(mallory, private, "housevoice:share")
    await office.rest()
    assert_calls_nobody(office)


EVIL = (
    "https://evil.example/x",
    "http://evil.example",
    "www.evil.example",
    "evil.example/path",
    "[leave](https://evil.example/x)",
    "<https://evil.example/x>",
    "<https://evil.example/x|https://intra.example/leave>",
    "[https://intra.example/leave](https://evil.example/x)",
    "![picture](https://evil.example/x.png)",
    "[a]: https://evil.example/x\n\n[a]",
    "<mailto:x@evil.example|mail>",
    "slack://evil.example",
    "https://intra.example/leave@evil.example/x",
)


async def test_only_cited_links_are_live(office: Office) -> None:
    await office.start()
    cited = "https://intra.example/leave"
    will_answer(office.bench, f"See {cited} or [this]({cited}).")
    await office.ask()
    (reply,) = office.slack.replies(office.general)
    assert shown_links(reply) == {cited}, "what is cited is a link"
    for link in EVIL:
        will_answer(office.bench, "See ", link, " for more.")
        await office.begin()
        await office.slack.command(office.ann, office.general, "/ask", f"--public {link} leave?")
        await office.bench.settled()
    await office.rest()
    assert len(office.said()) == 1 + 2 * len(EVIL)
    wrong = {
        link: office.slack.visible(message)[:200]
        for _, message in office.everything()
        for link in shown_links(message)
        if "evil" in link
    }
    assert wrong == {}


async def test_previews_are_off_in_every_call_that_could_show_one(office: Office) -> None:
    bot = await office.start()
    direct = office.slack.dm(office.ann)
    await office.ask()
    await office.say("how many days of leave?", channel=direct)
    await office.slack.command(office.ann, office.general, "/ask", "how many days of leave?")
    await office.rest()
    await office.slack.click(
        office.ann, office.slack.ephemerals(office.ann)[-1], "housevoice:share"
    )
    den = office.slack.channel("den", private=True, members=[office.ann], with_bot=False)
    await office.slack.command(office.ann, den, "/ask", "--public how many days of leave?")
    await office.rest()
    await bot.whisper(Place("slack", office.slack.team_id, den.id), office.ann.id, "Not there.")
    shown = [
        call
        for call in office.slack.calls
        if call.method == "chat.postMessage"
        or (call.method == "response_url" and call.args.get("response_type") == "in_channel")
    ]
    assert {call.method for call in shown} == {"chat.postMessage", "response_url"}
    for call in shown:
        flags = {name: call.args.get(name) for name in ("unfurl_links", "unfurl_media")}
        assert flags == {"unfurl_links": False, "unfurl_media": False}, call
