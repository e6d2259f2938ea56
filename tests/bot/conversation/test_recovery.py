"""What is left behind by a process that dies, pauses or is stopped: answered once, by another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from bot.conversation.answering import ATTEMPTS, BROKEN_OFF
from bot.conversation.inbox import LEASE
from knowledge.types import Attachment
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import FakePlatform, utterance
from tests.kit.fakes import evidence

PAY = evidence("Salaries are paid on the 25th of each month.\n", title="Pay", document="pay.md")
ASKED = "When is payday?"


@pytest.fixture(autouse=True)
def _knows(bench: Bench) -> None:
    bench.knows("payday", PAY)


async def heard(bench: Bench, office: FakePlatform, text: str = ASKED, **of: Any) -> bool:
    """Say something and wait for the answer."""
    meant = await bench.dispatcher.hear(office, utterance(text, **of))
    await bench.settled()
    return meant


async def lease_runs_out(bench: Bench) -> None:
    bench.clock.tick(LEASE.total_seconds() + 1)


class TestACrash:
    async def test_after_accepting_is_made_up_for_by_the_next_process(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.hold("open_reply")
        await bench.dispatcher.hear(office, utterance(ASKED))
        await bench.crash()
        office.gates.clear()
        async with bench.replica() as restarted:
            await restarted.dispatcher.recover(office)
            assert office.replies == []  # it may be alive still
            await lease_runs_out(bench)
            await restarted.dispatcher.recover(office)
            await restarted.settled()
        assert len(office.answers) == 1

    async def test_half_way_through_goes_on_in_the_message_that_is_there(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        said = utterance(ASKED)
        await bench.dispatcher.hear(office, said)
        office.hold("finish")
        await office.reached["finish"].wait()
        await bench.crash()
        office.gates.clear()
        [half] = office.messages
        await lease_runs_out(bench)
        async with bench.replica() as restarted:
            await restarted.dispatcher.recover(office)
            await restarted.settled()
        assert list(office.messages) == [half]
        assert "25th" in office.messages[half].text
        assert await bench.inbox.shown(said.id) == (half,)

    async def test_is_made_up_for_by_one_of_several(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        for _ in range(10):
            await bench.inbox.accept(utterance(ASKED), bench.clock())
        await lease_runs_out(bench)
        async with bench.replica() as one, bench.replica() as two:
            await asyncio.gather(*(each.dispatcher.recover(office) for each in (one, two, one)))
            await one.settled()
            await two.settled()
        assert len(office.answers) == 10

    async def test_again_and_again_is_no_reason_to_give_up(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await bench.inbox.accept(utterance(ASKED), bench.clock())
        for _ in range(4 * ATTEMPTS):
            await lease_runs_out(bench)
            await bench.inbox.take_over(office.name, bench.clock())
        await lease_runs_out(bench)
        await bench.dispatcher.recover(office)
        await bench.settled()
        [answer] = office.answers
        assert "25th" in answer

    async def test_of_the_process_with_every_attempt_ends_in_plain_words(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        await bench.inbox.accept(utterance(ASKED), bench.clock())
        for _ in range(BROKEN_OFF - 1):
            await lease_runs_out(bench)
            await bench.inbox.take_over(office.name, bench.clock())
        await lease_runs_out(bench)
        await bench.dispatcher.recover(office)
        await bench.settled()
        assert office.answers == [
            "I tried several times and could not answer this. Please ask again."
        ]
        assert bench.passages.searches == []

    async def test_leaves_the_file_to_be_fetched_again_with_fresh_credentials(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        file = Attachment("a.pdf", "https://files.example/a", headers={"Authorization": "old"})
        await bench.inbox.accept(utterance(ASKED, files=(file,)), bench.clock())
        await lease_runs_out(bench)
        async with bench.replica() as restarted:
            await restarted.dispatcher.recover(office)
            await restarted.settled()
            [(_, [fetched])] = restarted.attachments.given
        assert fetched.headers == {"Authorization": "Bearer sesame"}

    async def test_is_not_what_a_long_pause_is(self, bench: Bench, office: FakePlatform) -> None:
        office.hold("finish")
        await bench.dispatcher.hear(office, utterance(ASKED))
        await office.reached["finish"].wait()
        await lease_runs_out(bench)
        await bench.dispatcher.recover(office)  # it finds its own work first
        office.gates["finish"].set()
        await bench.settled()
        assert len(office.replies) == 1


class TestAPauseInWhichAnotherTookOver:
    async def test_leaves_one_answer(self, bench: Bench, office: FakePlatform) -> None:
        office.hold("open_reply")
        await bench.dispatcher.hear(office, utterance(ASKED))
        await office.reached["open_reply"].wait()
        gate = office.gates.pop("open_reply")
        await lease_runs_out(bench)
        async with bench.replica() as other:
            await other.dispatcher.recover(office)
            await other.settled()
        assert len(office.messages) == 1
        gate.set()
        await bench.settled()
        assert len(office.messages) == 1
        assert len(office.answers) == 1


class TestStopping:
    async def test_waits_for_what_is_nearly_done(self, bench: Bench, office: FakePlatform) -> None:
        gate = office.hold("finish")
        await bench.dispatcher.hear(office, utterance(ASKED))
        await office.reached["finish"].wait()
        closing = asyncio.create_task(bench.dispatcher.close(grace=60))
        await asyncio.sleep(0)
        gate.set()
        await closing
        assert len(office.answers) == 1

    async def test_hands_the_rest_back_to_whoever_comes_next(
        self, bench: Bench, office: FakePlatform
    ) -> None:
        office.hold("grow")
        for _ in range(12):  # more than it answers at once
            await bench.dispatcher.hear(office, utterance(ASKED))
        await office.reached["grow"].wait()
        await bench.dispatcher.close(grace=0)
        office.gates.clear()
        assert office.answers == []
        async with bench.replica() as restarted:
            await restarted.dispatcher.recover(office)
            await restarted.settled()
        assert len(office.answers) == 12
        assert len(office.messages) == 12

    async def test_of_an_idle_bot_is_done_at_once(self, bench: Bench) -> None:
        await bench.dispatcher.close(grace=60)


class TestAttending:
    async def test_answers_what_was_left_behind(
        self, bench: Bench, office: FakePlatform, heart: Heart
    ) -> None:
        await bench.inbox.accept(utterance(ASKED), bench.clock())
        await lease_runs_out(bench)
        office.hold("finish").set()
        async with heart.beating(office):
            await asyncio.wait_for(office.reached["finish"].wait(), 30)
            await bench.settled()
        assert len(office.answers) == 1

    async def test_holds_on_to_what_takes_long(
        self, bench: Bench, office: FakePlatform, heart: Heart
    ) -> None:
        office.hold("finish")
        await bench.dispatcher.hear(office, utterance(ASKED))
        await office.reached["finish"].wait()
        async with bench.replica() as other, heart.beating(office):
            for _ in range(6):
                bench.clock.tick(LEASE.total_seconds() / 2)
                await heart.beat()
                await other.dispatcher.recover(office)
        assert len(office.replies) == 1
        office.gates["finish"].set()
        await bench.settled()


class Heart:
    """The dispatcher's attending, its heart beating as fast as the event loop turns."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch):
        self._bench = bench
        self._beaten = asyncio.Event()
        self._renew = bench.inbox.renew
        monkeypatch.setattr("bot.conversation.dispatcher._BEAT", LEASE.total_seconds() / 3e6)
        monkeypatch.setattr(bench.inbox, "renew", self._renewed)

    @asynccontextmanager
    async def beating(self, office: FakePlatform) -> AsyncIterator[None]:
        attending = asyncio.create_task(self._bench.dispatcher.attend(office))
        yield
        attending.cancel()
        await asyncio.wait([attending])

    async def beat(self) -> None:
        """Wait for two beats: the first may have begun before."""
        for _ in range(2):
            self._beaten.clear()
            await asyncio.wait_for(self._beaten.wait(), 30)

    async def _renewed(self, ids: Collection[str], now: datetime) -> None:
        await self._renew(ids, now)
        self._beaten.set()


@pytest.fixture
def heart(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Heart:
    return Heart(bench, monkeypatch)
