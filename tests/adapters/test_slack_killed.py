"""A real process that serves Slack is killed, or told to stop, at the worst moments."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.showing.finding import METADATA
from bot.conversation.inbox import LEASE
from tests.adapters.slack_office import ANSWER
from tests.conftest import ROOT
from tests.stand_ins.slack_server import Channel, Json, SlackServer, User

LATER = LEASE.total_seconds() + 5
"""What a new process is ahead of the one that died, so that nobody waits for the lease."""


@dataclass
class Home:
    """A workspace, a database file, and processes that come and go."""

    slack: SlackServer
    folder: Path
    ann: User
    general: Channel
    processes: list[Process] = field(default_factory=list)

    async def start(self, *, seconds: float = 0, grace: float = 5) -> Process:
        """A process that listens."""
        given = {
            "url": f"sqlite:///{self.folder / 'state.db'}",
            "api_url": self.slack.api_url,
            "bot_token": self.slack.bot_token,
            "app_token": self.slack.app_token,
            "seconds": seconds,
            "grace": grace,
        }
        with (self.folder / f"stderr-{len(self.processes)}").open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.adapters.slack_process",
                json.dumps(given),
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=PIPE,
                stderr=errors,
            )
        self.processes.append(process)
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while b"listening" not in (line := await process.stdout.readline()):
                assert line, f"it did not start: {self.errors()}"
        return process

    async def kill(self, process: Process) -> None:
        """No last words."""
        process.kill()
        await process.wait()
        self.slack.socket_mode.drop()

    def errors(self) -> str:
        """What the latest process complained of."""
        return (self.folder / f"stderr-{len(self.processes) - 1}").read_text()[-2000:]

    async def ask(self, text: str = "how many days of leave?", **where: Any) -> str:
        """Ann asks; returns when the question was acknowledged."""
        said = f"{self.slack.mention} {text}"
        ts = await self.slack.say(self.ann, where.pop("channel", self.general), said, **where)
        await self.slack.until(lambda: not self.slack.deliveries.are_under_way, 30)
        return ts

    async def answered(self, *asked: str, channel: Channel | None = None) -> list[Json]:
        """Wait for the answers, and a little longer for those that should not be; all messages."""
        place = channel or self.general
        await self.slack.until(
            lambda: {*asked} <= {self.asked(each) for each in self.whole(place)}, 40
        )
        while await self.slack.changed(0.7) or self.slack.in_flight:
            pass
        replies = self.slack.replies(place)
        counted = Counter(self.asked(each) for each in replies)
        wrong = {ts: counted[ts] for ts in asked if counted[ts] != 1}
        assert not wrong, f"not answered once: {wrong}"
        assert len(replies) == len(asked), f"{len(replies)} messages: {counted}"
        open_now = [each["ts"] for each in replies if self.slack.is_streaming(place, each["ts"])]
        assert open_now == [], f"still open: {open_now}"
        return replies

    def whole(self, channel: Channel) -> list[Json]:
        """The answers that are complete, with their buttons."""
        return [
            each
            for each in self.slack.replies(channel)
            if ANSWER in (shown := self.slack.visible(each)) and "[Helpful]" in shown
        ]

    @staticmethod
    def asked(message: Json) -> str:
        """The ``ts`` of the question that a message answers."""
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") != METADATA:
            return f"unmarked {message['ts']}"
        return str(metadata["event_payload"]["id"]).rpartition(":")[2]

    def inbox(self) -> list[dict[str, Any]]:
        """What the database holds."""
        with closing(sqlite3.connect(self.folder / "state.db")) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM inbox")]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with SlackServer(retry_seconds=(0.0, 0.5, 1.0)) as slack:
        ann = slack.user("ann")
        home = Home(slack, tmp_path, ann, slack.channel("general", members=[ann]))
        try:
            yield home
        finally:
            for process in home.processes:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                process._transport.close()  # type: ignore[attr-defined]


async def test_killed_between_acknowledgement_and_answer_it_answers_after_the_restart(
    home: Home,
) -> None:
    process = await home.start()
    home.slack.fail("conversations.info", latency=2, times=None)
    asked = [await home.ask(f"days of leave {n}?") for n in range(3)]
    await home.kill(process)
    assert home.slack.replies(home.general) == []
    assert [row["outcome"] for row in home.inbox()] == [None] * 3
    home.slack.faults.clear()
    await home.start(seconds=LATER)
    await home.answered(*asked)
    assert {row["outcome"] for row in home.inbox()} == {"answered"}


@pytest.mark.parametrize(
    ("place", "noted"),
    [
        ("channel", False),
        pytest.param("channel", True, marks=pytest.mark.slow),
        pytest.param("direct", True, marks=pytest.mark.slow),
        pytest.param("direct", False, marks=pytest.mark.slow),
    ],
)
async def test_killed_after_posting_it_completes_that_message_and_posts_no_other(
    home: Home, place: str, noted: bool
) -> None:
    """``noted``: the process had written down what it posted before it died."""
    channel = home.general if place == "channel" else home.slack.dm(home.ann)
    process = await home.start()
    last = "chat.stopStream" if place == "channel" else "chat.update"
    home.slack.fail(last, latency=1.5)
    ts = await home.ask(channel=channel)
    await home.slack.until(lambda: home.slack.called(last), 20)
    await home.kill(process)
    (posted,) = home.slack.replies(channel)
    if not noted:
        with closing(sqlite3.connect(home.folder / "state.db")) as db, db:
            db.execute("UPDATE inbox SET shown = '[]'")
    await home.start(seconds=LATER)
    (whole,) = await home.answered(ts, channel=channel)
    assert whole["ts"] == posted["ts"]


@pytest.mark.slow
async def test_killed_after_the_answer_was_complete_it_says_nothing_more(home: Home) -> None:
    """The message stands there whole; only the database does not know it yet."""
    process = await home.start()
    ts = await home.ask()
    await home.slack.until(lambda: home.whole(home.general), 20)
    await home.kill(process)
    with closing(sqlite3.connect(home.folder / "state.db")) as db, db:
        db.execute(
            "UPDATE inbox SET outcome = NULL, shown = '[]', body = ?",
            (self_made_body(home, ts),),
        )
    (before,) = home.slack.replies(home.general)
    await home.start(seconds=LATER)
    while {row["outcome"] for row in home.inbox()} != {"answered"}:
        await home.slack.changed(0.2)
    (after,) = await home.answered(ts)
    assert after["ts"] == before["ts"]


def self_made_body(home: Home, ts: str) -> str:
    """The question as the inbox keeps it until it is settled."""
    place = {
        "platform": "slack",
        "workspace": home.slack.team_id,
        "channel": home.general.id,
        "thread": ts,
        "direct": False,
    }
    return json.dumps(
        {
            "id": f"slack:{home.slack.team_id}:{home.general.id}:{ts}",
            "place": place,
            "author": home.ann.id,
            "text": "how many days of leave?",
            "address": "mention",
            "files": [],
            "handle": {"ts": ts, "team": home.slack.team_id},
        }
    )


@pytest.mark.slow
async def test_the_other_replica_answers_for_the_one_that_was_killed(home: Home) -> None:
    first = await home.start()
    home.slack.fail("conversations.info", latency=2, times=None)
    asked = [await home.ask(f"days of leave {n}?") for n in range(3)]
    await home.kill(first)
    home.slack.faults.clear()
    await home.start()
    asked.append(await home.ask("days of leave for new ones?"))
    while await home.slack.changed(0.7):
        pass
    assert len(home.slack.replies(home.general)) == 1, "the dead one's lease was not respected"
    await home.start(seconds=LATER)
    await home.answered(*asked)


async def test_told_to_stop_it_finishes_what_it_has_begun(home: Home) -> None:
    process = await home.start()
    home.slack.fail("conversations.info", latency=1)
    ts = await home.ask()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0, home.errors()
    await home.answered(ts)
    assert [row["outcome"] for row in home.inbox()] == ["answered"]


async def test_what_it_cannot_finish_in_time_it_hands_back_at_once(home: Home) -> None:
    process = await home.start(grace=0.2)
    home.slack.fail("conversations.info", latency=3)
    ts = await home.ask()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0, home.errors()
    assert [row["outcome"] for row in home.inbox()] == [None]
    await home.start()  # with the same time: no lease stands in the way
    await home.answered(ts)


@pytest.mark.slow
async def test_told_to_stop_while_it_posts_it_leaves_one_message_to_go_on_with(home: Home) -> None:
    process = await home.start(grace=0.2)
    home.slack.fail("chat.startStream", latency=1)
    ts = await home.ask()
    await home.slack.until(lambda: home.slack.called("chat.startStream"), 20)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0, home.errors()
    await home.start()
    await home.answered(ts)


@pytest.mark.slow
async def test_killed_again_and_again_it_answers_everything_once(home: Home) -> None:
    asked: list[str] = []
    for lives in range(3):
        process = await home.start(seconds=lives * LATER)
        for n in range(6):
            said = f"{home.slack.mention} leave {n}?"
            asked.append(await home.slack.say(home.ann, home.general, said))
        begun = len(home.slack.called("chat.startStream")) + 2
        await home.slack.until(
            lambda begun=begun: len(home.slack.called("chat.startStream")) >= begun,  # type: ignore[misc]
            20,
        )
        await home.kill(process)
    await home.start(seconds=3 * LATER)
    await home.answered(*asked)
