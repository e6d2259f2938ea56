"""Slack over HTTP: what is forged, stale, replayed, oversized or nonsense is not heard."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.connection import http_mode
from adapters.slack.connection.http_mode import MOST_BYTES
from bot.desk.commands import Commands
from tests.adapters.slack_office import (
    Log,
    Office,
    assert_silent,
    captured_log,
    office_at,
)
from tests.stand_ins.slack_server import Json
from tests.stand_ins.slack_server.http_mode import FORM, HttpAnswer, SignedRequest, signature


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


@pytest.fixture
def log() -> Iterator[Log]:
    """All that was logged."""
    with captured_log() as captured:
        yield captured


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


# --- many at once, slowly, deeply -------------------------------------------------------------


async def test_copies_of_a_request_at_the_same_moment_are_heard_once(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    parse = Commands.parse

    def noted(commands: Commands, name: str, text: str) -> Any:
        runs.append(text)
        return parse(commands, name, text)

    monkeypatch.setattr(Commands, "parse", noted)
    office = door.office
    body = urlencode(
        {
            "command": "/ask",
            "text": "how many days of leave?",
            "user_id": office.ann.id,
            "channel_id": office.general.id,
            "trigger_id": "1.2.3",
        }
    )
    request = door.signed(body, FORM)
    answers = await asyncio.gather(*(door.send(request) for _ in range(5)))
    await office.rest()
    assert [each.status for each in answers] == [200] * 5
    assert runs == ["how many days of leave?"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nX-Slow: y",
        b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 9\r\n\r\nhalf",
        b"GET /health HTTP/1.1\r\nHost: bot\r\n\r\nGET /health HT",
    ],
    ids=["nothing", "half a head", "half a body", "half a second head"],
)
async def test_who_sends_no_further_is_hung_up_on(
    office: Office, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_mode, "_REQUEST_SECONDS", 0.05)
    monkeypatch.setattr(http_mode, "_LINGER_SECONDS", 0.05)
    bot = await office.start(http=True)
    opened = [await asyncio.open_connection("127.0.0.1", bot.port) for _ in range(200)]
    for _, writer in opened:
        writer.write(sent)
    for reader, writer in opened:  # until they are closed, which is what is waited for
        with suppress(ConnectionResetError):
            answer = await reader.read()
            assert answer.split(b" ")[1:2] in ([], [b"408"], [b"200"])
        writer.close()
    ts = await office.ask()
    assert office.counted()[ts] == 1


@pytest.mark.parametrize("timestamp", ["9" * 400, "-1", "1e9", "\u0663", "1_000", "", "9" * 13])
async def test_a_timestamp_that_is_none_is_refused(door: Door, timestamp: str) -> None:
    headers = {
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(door.office.slack.signing_secret, timestamp, "{}"),
    }
    assert await door.bare(b"{}", headers) == 401


@pytest.mark.parametrize("depth", [65, 900, 50_000])
@pytest.mark.parametrize(("open_", "close"), ["[]", ('{"a":', "}")], ids=["lists", "objects"])
@pytest.mark.parametrize("is_form", [False, True])
async def test_a_payload_that_is_nested_too_deeply_is_refused(
    door: Door, depth: int, open_: str, close: str, is_form: bool
) -> None:
    body = '{"type": "event_callback", "event": ' + open_ * depth + "1" + close * depth + "}"
    if is_form:
        request = door.signed(urlencode({"payload": body}), FORM)
    else:
        request = door.signed(body, "application/json")
    assert (await door.send(request)).status == 400
