"""Many questions at the same moment: all are accepted, and then opened a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.conversation.answering import OPENED_AT_ONCE
from bot.types import Utterance
from tests.adapters.desk_bench import Bench
from tests.adapters.fake_platform import CHANNEL, FakePlatform, FakeReply, utterance
from tests.kit.fakes import evidence


class Crowded(FakePlatform):
    """Counts how many replies are being opened at once."""

    opening = 0
    most = 0

    async def open_reply(self, utterance: Utterance, shown: Sequence[str]) -> FakeReply:
        self.opening += 1
        self.most = max(self.most, self.opening)
        try:
            return await super().open_reply(utterance, shown)
        finally:
            self.opening -= 1


async def test_a_crowd_is_accepted_whole_and_opened_a_few_at_a_time(bench: Bench) -> None:
    office = Crowded()
    bench.knows("salaries", evidence("Salaries arrive on the 28th."))
    gate = office.hold("open_reply")
    crowd = [utterance("When do salaries arrive?", author=f"u{n}") for n in range(60)]
    accepted = [bench.dispatcher.hear(office, each) for each in crowd]
    assert all(await asyncio.wait_for(asyncio.gather(*accepted), 30))
    assert len(await bench.rows("inbox")) == len(crowd)
    while office.opening < OPENED_AT_ONCE:  # noqa: ASYNC110 - without end the test fails
        await asyncio.sleep(0.01)
    gate.set()
    await bench.settled()
    assert office.most == OPENED_AT_ONCE
    assert len(office.answers) == len(crowd)


async def test_a_platform_that_hangs_keeps_no_other_from_being_heard(bench: Bench) -> None:
    stuck, office = FakePlatform(name="stuck"), FakePlatform()
    gate = stuck.hold("open_reply")
    for n in range(OPENED_AT_ONCE + 1):
        at = replace(CHANNEL, platform="stuck")
        await bench.dispatcher.hear(stuck, utterance("Hello there?", place=at, author=f"u{n}"))
    await stuck.reached["open_reply"].wait()
    await bench.dispatcher.hear(office, utterance("thanks!"))
    while not office.answers:  # noqa: ASYNC110 - for what does not come by itself, the test fails
        await asyncio.sleep(0.01)
    gate.set()
    await bench.settled()
