"""What must not happen on Slack: forged requests heard, people called, links live, loops, leaks."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.http_mode import MOST_BYTES
from bot.channels import WorkspaceRules
from bot.types import Place
from knowledge.types import PUBLIC
from tests.adapters.slack_office import (
    ANSWER,
    LEAVE,
    Log,
    Office,
    captured_log,
    office_at,
    shown_links,
    will_answer,
)
from tests.fakes import evidence
from tests.slack_server import Channel, Json, User
from tests.slack_server.http_mode import FORM, HttpAnswer, SignedRequest, signature


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


@pytest.fixture
def log() -> Iterator[Log]:
    """All that was logged."""
    with captured_log() as captured:
        yield captured


def assert_silent(log: Log, office: Office, *words: str) -> None:
    """Neither a secret of the installation nor anybody's words are in the log."""
    slack = office.slack
    secrets = [slack.bot_token, slack.app_token, slack.signing_secret, "ticket=", "xoxb-", "xapp-"]
    found = log.holding([*secrets, "/commands/T", "/actions/T", "/app/T", *words])
    assert found == [], "\n".join(found)


# --- requests over HTTP -----------------------------------------------------------------------


@dataclass
class Door:
    """The request URL, knocked at by hand."""

    office: Office
    bot: SlackAdapter

    @property
    def url(self) -> str:
        return str(self.office.slack.request_url)

    def event(self, text: str = "how many days of leave?") -> Json:
        """Ann's mention as Slack would send it."""
        slack, ts = self.office.slack, self.office.slack.workspace.next_ts()
        return {
            "type": "event_callback",
            "team_id": slack.team_id,
            "event_id": f"Ev{ts}",
            "event": {
                "type": "app_mention",
                "user": self.office.ann.id,
                "text": f"{slack.mention} {text}",
                "ts": ts,
                "channel": self.office.general.id,
                "event_ts": ts,
            },
        }

    async def send(self, request: SignedRequest) -> HttpAnswer:
        return await self.office.slack.http_mode.send(request)

    async def knock(self, request: SignedRequest) -> HttpAnswer:
        """Send it, and wait until everything is said."""
        answer = await self.send(request)
        await self.office.rest()
        return answer

    async def bare(self, body: bytes, headers: dict[str, str], method: str = "POST") -> int:
        async with (
            aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as browser,
            browser.request(method, self.url, data=body, headers=headers) as response,
        ):
            return response.status

    def signed(self, body: str, content_type: str) -> SignedRequest:
        """Any body, well signed."""
        headers = dict(self.office.slack.http_mode.sign({}).headers)
        stamp, secret = headers["X-Slack-Request-Timestamp"], self.office.slack.signing_secret
        headers |= {
            "Content-Type": content_type,
            "X-Slack-Signature": signature(secret, stamp, body),
        }
        return SignedRequest(body, headers)

    async def heard_nothing(self) -> None:
        await self.office.rest()
        assert await self.office.bench.rows("inbox") == []
        assert self.office.slack.called("chat.startStream") == []
        assert self.office.said() == []


@pytest.fixture
async def door(office: Office) -> Door:
    return Door(office, await office.start(http=True))


async def test_the_challenge_is_answered(door: Door) -> None:
    answer = await door.office.slack.verify_url()
    assert answer.status == 200
    assert json.loads(answer.body)["challenge"]
    await door.heard_nothing()


async def test_a_well_signed_event_is_heard(door: Door) -> None:
    sent = door.office.slack.http_mode.sign(door.event())
    assert (await door.knock(sent)).status == 200
    assert (await door.office.bench.rows("inbox"))[0]["outcome"] is not None


FORGED: tuple[dict[str, Any], ...] = (
    {"secret": "forged"},
    {"secret": " "},
    {"age_seconds": 301},
    {"age_seconds": -301},
    {"age_seconds": 10**7},
)


async def test_what_slack_did_not_sign_just_now_is_refused(door: Door, log: Log) -> None:
    office = door.office
    command = {
        "command": "/ask",
        "text": "how many days of leave?",
        "user_id": office.ann.id,
        "channel_id": office.general.id,
        "trigger_id": "1.2.3",
    }
    payloads = {"events_api": door.event(), "slash_commands": command, "interactive": command}
    taken = [
        f"{kind} {how}: {answer.status}"
        for kind, payload in payloads.items()
        for how in FORGED
        if (answer := await door.send(office.slack.http_mode.sign(payload, kind, **how))).status
        != 401
    ]
    assert taken == []
    await door.heard_nothing()
    assert_silent(log, office, "days of leave")


ODD = (
    {"X-Slack-Signature": ""},
    {"X-Slack-Signature": "v0="},
    {"X-Slack-Signature": "v1=" + "0" * 64},
    {"X-Slack-Signature": "v0=é"},
    {"X-Slack-Request-Timestamp": ""},
    {"X-Slack-Request-Timestamp": "now"},
    {"X-Slack-Request-Timestamp": "-1"},
    {"X-Slack-Request-Timestamp": "1e9"},
    {"X-Slack-Request-Timestamp": "²"},
    {"X-Slack-Request-Timestamp": "9" * 5000},
    {"Content-Type": "application/json; charset=nonsense"},
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Type": ""},
)


async def test_odd_headers_are_refused_without_a_stir(door: Door, log: Log) -> None:
    sent = door.office.slack.http_mode.sign(door.event(), secret="forged")
    wrong = {}
    for odd in ODD:
        status = await door.bare(sent.body.encode(), dict(sent.headers) | odd)
        if status != 401:
            wrong[str(odd)[:80]] = status
    assert wrong == {}
    await door.heard_nothing()
    assert log.lines == [], "anybody on the internet could fill the log"


async def test_bodies_that_are_no_text_are_refused_without_a_stir(door: Door, log: Log) -> None:
    headers = dict(door.office.slack.http_mode.sign({}).headers)
    assert await door.bare(b"\xff\xfe\x00{", headers) == 401
    assert await door.bare(b"", headers) == 401
    await door.heard_nothing()
    assert log.lines == []


async def test_a_changed_body_does_not_fit_its_signature(door: Door) -> None:
    sent = door.office.slack.http_mode.sign(door.event("salaries?"))
    changed = SignedRequest(sent.body.replace("salaries", "leave"), sent.headers)
    assert (await door.knock(changed)).status == 401
    await door.heard_nothing()


async def test_a_replayed_request_is_not_heard_again(door: Door) -> None:
    sent = door.office.slack.http_mode.sign(door.event())
    first = (await door.knock(sent)).status
    async with door.office.bench.engine.begin() as db:  # as if it had been forgotten
        await db.exec_driver_sql("DELETE FROM inbox")
    again = (await door.knock(sent)).status
    assert first == 200
    assert again < 500
    assert await door.office.bench.rows("inbox") == []


async def test_slacks_own_retries_are_acknowledged_and_answered_once(door: Door) -> None:
    event = door.event()
    for number in range(4):
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"}
        sent = door.office.slack.http_mode.sign(event, headers=retry if number else None)
        assert (await door.knock(sent)).status == 200
    assert len(await door.office.bench.rows("inbox")) == 1


@pytest.mark.parametrize("is_signed", [True, False])
async def test_an_oversized_body_is_refused(door: Door, is_signed: bool) -> None:
    event = door.event("leave? " + "x" * MOST_BYTES)
    sent = door.office.slack.http_mode.sign(event, secret=None if is_signed else "forged")
    body = io.BytesIO(sent.body.encode())
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(door.url, data=body, headers=sent.headers) as response,
    ):
        assert response.status == 413
    await door.heard_nothing()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_posts_are_taken(door: Door, method: str) -> None:
    sent = door.office.slack.http_mode.sign(door.event())
    assert await door.bare(sent.body.encode(), dict(sent.headers), method) == 405
    await door.heard_nothing()


NONSENSE = (
    ("not json", "application/json"),
    ("[1, 2]", "application/json"),
    ("null", "application/json"),
    ('"text"', "application/json"),
    ("{}", "application/json"),
    ("{}", "text/plain"),
    ("", "application/json"),
    ("payload=nonsense", FORM),
    ("payload=%5B%5D", FORM),
    ("payload=%7B%7D", FORM),
    ("a=b", FORM),
    ('{"type": "event_callback"}', "application/json"),
    ('{"type": "event_callback", "event": {}}', "application/json"),
    ('{"type": "from_the_future"}', "application/json"),
    ('{"type": "event_callback", "event": {"type": "app_mention"}}', "application/json"),
    ('{"type": "event_callback", "event": {"type": "message"}}', "application/json"),
    ('{"type": "event_callback", "event": {"type": "not_invented_yet"}}', "application/json"),
    ("payload=%7B%22type%22%3A%22block_actions%22%7D", FORM),
    ("payload=%7B%22type%22%3A%22not_invented_yet%22%7D", FORM),
)
"""Bodies and their content types."""


async def test_well_signed_nonsense_harms_nothing(door: Door) -> None:
    for body, content_type in NONSENSE:
        answer = await door.send(door.signed(body, content_type))
        assert "Traceback" not in answer.body, body
    await door.heard_nothing()
    event = door.office.slack.http_mode.sign(door.event())
    assert (await door.knock(event)).status == 200, "it still hears"
    assert len(await door.office.bench.rows("inbox")) == 1


async def test_the_check_of_its_certificate_is_answered(door: Door) -> None:
    body = "ssl_check=1&token=whatever"
    assert await door.bare(body.encode(), {"Content-Type": FORM}) == 200
    assert (await door.knock(door.signed(body, FORM))).status == 200
    await door.heard_nothing()


async def test_a_forged_question_does_not_pass_as_such_a_check(door: Door) -> None:
    office = door.office
    body = f"ssl_check=1&command=%2Fask&text=leave%3F&user_id={office.ann.id}"
    body += f"&channel_id={office.general.id}&trigger_id=1"
    await door.bare(body.encode(), {"Content-Type": FORM})
    await door.heard_nothing()


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


def send(office: Office, event: Json) -> None:
    id = office.slack.workspace.new_id("Ev")
    office.slack.send(
        {
            "type": "event_callback",
            "team_id": office.slack.team_id,
            "event_id": id,
            "event": {name: value for name, value in event.items() if value is not None},
        }
    )


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
            send(office, event)
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
            send(office, event)
        await office.rest()
    assert len(office.said()) == answers


async def test_its_own_messages_are_not_answered_even_if_they_name_it(office: Office) -> None:
    await office.start()
    will_answer(office.bench, f"Ask {office.slack.mention}: how many days of leave?")
    await office.ask()
    assert len(office.said()) == 1
    own = dict(office.slack.replies(office.general)[0])
    for subtype in (None, "thread_broadcast", "me_message"):
        send(office, own | {"type": "app_mention", "channel": office.general.id, "event_ts": "1"})
        send(office, own | {"channel": office.general.id, "event_ts": "1", "subtype": subtype})
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
        await office.slack.start_assistant_thread(user)
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
    send(office, {"type": "message", "channel": office.general.id, "text": name, "user": 7})
    send(office, {"type": "message", "subtype": "message_changed", "message": name})
    send(office, {"type": "app_home_opened", "tab": "home", "text": name})
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
