"""Turns come in order, and who has long to wait is told so, and again where it takes longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest

from bot.conversation.queueing import MANY_UNGREETED, TOLD_AT_ONCE, Queue, wait
from bot.errors import PlatformError
from tests.kit.fakes import FixedClock


class Asker:
    """One who waits for a turn, and holds it until told to go."""

    def __init__(self, queue: Queue, *, fails: bool = False):
        self.told: list[str] = []
        self.has_turn = asyncio.Event()
        self.go = asyncio.Event()
        self._fails = fails
        self.task = asyncio.create_task(self._ask(queue))

    async def _ask(self, queue: Queue) -> None:
        async with queue.turn(self._tell):
            self.has_turn.set()
            await self.go.wait()

    async def _tell(self, words: str) -> None:
        self.told.append(words)
        if self._fails:
            raise PlatformError("not now", passing=True)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_turns_come_in_order_and_so_many_at_once() -> None:
    askers = [Asker(queue) for queue in [Queue(2, FixedClock())] for _ in range(4)]
    await settled()
    assert [each.has_turn.is_set() for each in askers] == [True, True, False, False]
    askers[1].go.set()
    await settled()
    assert [each.has_turn.is_set() for each in askers] == [True, True, True, False]
    for each in askers:
        each.go.set()
    await asyncio.gather(*(each.task for each in askers))


async def test_while_many_wait_to_be_greeted_few_are_answered() -> None:
    queue = Queue(4, FixedClock())
    with ExitStack() as crowd:
        for _ in range(MANY_UNGREETED):
            crowd.enter_context(queue.greeting())
        with queue.greeting():
            askers = [Asker(queue) for _ in range(5)]
            await settled()
            assert [each.has_turn.is_set() for each in askers] == [True] * 2 + [False] * 3
            askers[0].go.set()  # and a platform that greets nobody stops nobody
            await settled()
            assert [each.has_turn.is_set() for each in askers] == [True] * 3 + [False] * 2
        await settled()
        assert all(each.has_turn.is_set() for each in askers)
    for each in askers:
        each.go.set()
    await asyncio.gather(*(each.task for each in askers))


async def test_a_long_wait_is_told_once_when_it_is_known() -> None:
    clock = FixedClock()
    queue = Queue(2, clock)
    askers = [Asker(queue, fails=True) for _ in range(8)]
    await settled()
    assert not any(each.told for each in askers)
    clock.tick(30)
    askers[0].go.set()
    await settled()
    assert [each.told for each in askers[3:]] == [
        [],
        ["about 30 seconds: 1 before you"],
        ["about 50 seconds: 2 before you"],
        ["about a minute: 3 before you"],
        ["about a minute: 4 before you"],
    ]
    askers[1].go.set()
    await settled()
    assert all(len(each.told) <= 1 for each in askers)
    late = Asker(queue)
    await settled()
    assert late.told == ["about a minute: 4 before you"]
    for each in [*askers, late]:
        each.go.set()
    await asyncio.gather(*(each.task for each in [*askers, late]))


async def test_how_long_it_takes_is_told_once_all_see_that_they_were_heard() -> None:
    clock = FixedClock()
    queue = Queue(1, clock)
    askers = [Asker(queue) for _ in range(4)]
    await settled()
    clock.tick(30)
    with ExitStack() as crowd:
        for _ in range(MANY_UNGREETED + 1):
            crowd.enter_context(queue.greeting())
        askers[0].go.set()
        await settled()
        assert not any(each.told for each in askers)
    await settled()
    assert [bool(each.told) for each in askers] == [False, False, True, True]
    for each in askers:
        each.go.set()
    await asyncio.gather(*(each.task for each in askers))


async def test_a_wait_that_proves_to_be_longer_is_told_anew_when_the_told_one_is_over() -> None:
    clock = FixedClock()
    queue = Queue(1, clock)
    askers = [Asker(queue) for _ in range(4)]
    await settled()
    clock.tick(20)
    askers[0].go.set()
    await settled()
    assert askers[3].told == ["about 40 seconds: 1 before you"]
    clock.tick(60)  # the second turn takes three times as long
    late = Asker(queue)
    await settled()
    assert askers[3].told[1:] == ["about a minute: 1 before you"]
    assert late.told == ["about 2 minutes: 2 before you"]
    for each in [*askers, late]:
        each.go.set()
    await asyncio.gather(*(each.task for each in [*askers, late]))


async def test_who_gives_up_waiting_costs_nobody_a_turn() -> None:
    queue = Queue(1, FixedClock())
    askers = [Asker(queue) for _ in range(4)]
    await settled()
    askers[1].task.cancel()
    askers[0].go.set()
    askers[2].task.cancel()
    await settled()
    assert askers[3].has_turn.is_set()
    askers[3].go.set()
    await asyncio.gather(*(each.task for each in askers), return_exceptions=True)
    last = Asker(queue)
    await settled()
    assert last.has_turn.is_set()
    last.go.set()
    await last.task


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (20, "about 20 seconds: 7 before you"),
        (41, "about 50 seconds: 7 before you"),
        (70, "about a minute: 7 before you"),
        (130, "about 2 minutes: 7 before you"),
        (1_500, "about 25 minutes: 7 before you"),
    ],
)
def test_a_wait_is_told_roughly(seconds: float, told: str) -> None:
    assert wait(seconds, 7) == told


async def test_a_few_are_told_at_once_and_nobody_waits_for_being_told() -> None:
    clock = FixedClock()
    queue = Queue(1, clock)
    under_way, hang = [0, 0], asyncio.Event()

    async def slowly(_: str) -> None:
        under_way[0] += 1
        under_way[1] = max(under_way)
        await hang.wait()
        under_way[0] -= 1

    first = Asker(queue)
    await settled()
    others = [asyncio.create_task(_turn(queue, slowly)) for _ in range(40)]
    await settled()
    clock.tick(30)
    first.go.set()  # all know by now that it will take long
    await settled()
    assert under_way == [TOLD_AT_ONCE, TOLD_AT_ONCE]
    hang.set()
    await asyncio.wait_for(asyncio.gather(first.task, *others), 5)
    assert under_way[1] == TOLD_AT_ONCE


async def test_whose_turn_it_is_is_not_told_any_more_how_long_it_will_be() -> None:
    clock = FixedClock()
    queue = Queue(1, clock)
    hang = asyncio.Event()
    told: list[str] = []

    async def stuck(_: str) -> None:
        await hang.wait()

    async def tell(words: str) -> None:
        told.append(words)

    first = Asker(queue)
    await settled()
    first.go.set()
    await first.task
    clock.tick(30)  # nothing: the turn is over
    holding = Asker(queue)
    await settled()
    clock.tick(60)
    stuck_ones = [asyncio.create_task(_turn(queue, stuck)) for _ in range(TOLD_AT_ONCE)]
    last = asyncio.create_task(_turn(queue, tell))
    await settled()
    for each in stuck_ones:
        each.cancel()
    holding.go.set()
    await asyncio.wait_for(last, 5)
    assert told == []
    hang.set()
    await asyncio.gather(*stuck_ones, holding.task, return_exceptions=True)


async def _turn(queue: Queue, tell: Callable[[str], Awaitable[None]]) -> None:
    async with queue.turn(tell):
        pass
