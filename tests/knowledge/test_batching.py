"""What is asked at the same moment is run together, and nobody pays for another's fault."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from knowledge.embedding.batching import Batcher


class Model:
    """Doubles numbers, run by run, each when it is let."""

    def __init__(self) -> None:
        self.runs: list[list[int]] = []
        self.may = threading.Semaphore(0)

    def __call__(self, wanted: Sequence[int]) -> list[int]:
        self.may.acquire()
        self.runs.append(list(wanted))
        if -1 in wanted:
            raise ValueError("not that one")
        return [2 * each for each in wanted]


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def batcher(model: Model) -> Batcher[int, int]:
    return Batcher(model, ThreadPoolExecutor(1), most=4)


async def asked(batcher: Batcher[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.ensure_future(batcher.ask(each)) for each in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_alone_is_served_alone(model: Model, batcher: Batcher[int, int]) -> None:
    model.may.release()
    assert await batcher.ask(3) == 6
    assert model.runs == [[3]]


async def test_what_comes_meanwhile_is_run_together(
    model: Model, batcher: Batcher[int, int]
) -> None:
    first = await asked(batcher, 1)
    await asyncio.sleep(0)
    others = await asked(batcher, 2, 3, 4, 5, 6)
    model.may.release(3)
    assert await asyncio.gather(*first, *others) == [2, 4, 6, 8, 10, 12]
    assert model.runs == [[1], [2, 3, 4, 5], [6]]


async def test_one_that_fails_fails_alone(model: Model, batcher: Batcher[int, int]) -> None:
    first = await asked(batcher, 1)
    await asyncio.sleep(0)
    others = await asked(batcher, 2, -1, 3)
    model.may.release(10)
    results = await asyncio.gather(*first, *others, return_exceptions=True)
    assert [results[0], results[1], results[3]] == [2, 4, 6]
    assert isinstance(results[2], ValueError)


async def test_who_waits_no_longer_is_left_out(model: Model, batcher: Batcher[int, int]) -> None:
    first = await asked(batcher, 1)
    await asyncio.sleep(0)
    others = await asked(batcher, 2, 3)
    others[0].cancel()
    model.may.release(2)
    assert await first[0] == 2
    assert await others[1] == 6
    assert model.runs == [[1], [3]]
