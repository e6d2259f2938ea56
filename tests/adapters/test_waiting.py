"""Who has long to wait is told so, on both platforms, and the answer takes the place of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from bot.conversation.answering import OPTIONAL_SECONDS
from tests.adapters import discord_office, slack_office
from tests.adapters.desk_bench import Bench

WAIT = "before you"
MANY = 30


class Slow:
    """A bench whose answers wait for a gate, and take a minute each by its clock."""

    def __init__(self, bench: Bench):
        self.gate = asyncio.Event()
        self.begun = asyncio.Semaphore(0)
        answer = bench.assistant.answer

        async def slowly(message: Any) -> Any:
            self.begun.release()
            await self.gate.wait()
            async for piece in answer(message):
                yield piece

        bench.assistant.answer = slowly  # type: ignore[method-assign]
        self._bench = bench

    async def go_on(self) -> None:
        """When eight are being answered and all others wait, a minute passes."""
        for _ in range(8):
            await self.begun.acquire()
        waiting = self._bench.dispatcher._answering._queue._waiting
        while len(waiting) < MANY - 8:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        self._bench.clock.tick(60)
        self.gate.set()


async def test_on_slack_the_status_says_how_long(tmp_path: Path) -> None:
    async with slack_office.office_at(tmp_path) as office:
        await office.start()
        slow = Slow(office.bench)
        asked = [await office.begin(f"days of leave {n}?") for n in range(MANY)]
        await office.heard()
        await slow.go_on()
        await office.rest()
        statuses = [
            call.args["status"] for call in office.slack.called("assistant.threads.setStatus")
        ]
        assert "is looking it up, in about 2 minutes: 12 before you" in statuses
        slack_office.assert_one_answer_each(office, asked, office.general)


async def test_on_slack_who_asks_in_private_is_told_too(tmp_path: Path) -> None:
    async with slack_office.office_at(tmp_path) as office:
        await office.start()
        slow = Slow(office.bench)
        given = [
            asyncio.create_task(
                office.slack.command(office.ann, office.general, "/ask", f"days of leave {n}?")
            )
            for n in range(MANY)
        ]
        await asyncio.gather(*given)
        await office.slack.until(lambda: len(office.private()) == MANY)
        await slow.go_on()
        await office.rest()
        said = [str(call.args.get("text")) for call in office.slack.called("response_url")]
        assert any(WAIT in each for each in said)
        assert sum(slack_office.ANSWER in each for each in office.private()) == MANY


async def test_on_discord_the_reply_says_how_long(tmp_path: Path) -> None:
    async with discord_office.office_at(tmp_path) as office:
        await office.start()
        slow = Slow(office.bench)
        asked = [await office.begin(f"days of leave {n}?") for n in range(MANY)]
        await slow.go_on()
        await office.rest()
        told = [each for each in office.discord.calls if WAIT in json.dumps(each.body)]
        assert len(told) > 5
        office.assert_one_answer_each(asked)


async def test_a_thread_that_slack_keeps_back_is_not_waited_for(tmp_path: Path) -> None:
    async with slack_office.office_at(tmp_path) as office:
        waits: list[float] = []
        kept = asyncio.Event()

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            kept.set()
            await asyncio.Event().wait()

        await office.start(sleep=sleep)
        parent = await office.slack.say(office.bob, office.general, "About leave:")
        await office.rest()
        office.slack.fail(
            "conversations.replies", error="ratelimited", status=429, retry_after=60, times=None
        )
        ts = await office.begin(thread_ts=parent)
        await kept.wait()
        assert waits == [60.0]
        office.bench.world.hand.move(OPTIONAL_SECONDS)
        await office.rest()
        slack_office.assert_one_answer_each(office, [ts], office.general)
