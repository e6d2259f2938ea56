"""Running a model over what several askers want at the same moment, in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

_Wanted = TypeVar("_Wanted")
_Found = TypeVar("_Found")


class Batcher(Generic[_Wanted, _Found]):
    """While the model is at work, what comes is collected for its next run.

    Nobody waits for company: who comes alone is served alone.
    """

    def __init__(
        self,
        run: Callable[[Sequence[_Wanted]], Sequence[_Found]],
        executor: Executor,
        *,
        most: int,
    ):
        """``run``: blocks, on ``executor``, and gives a result for each. ``most``: of one run."""
        self._run = run
        self._executor = executor
        self._most = most
        self._waiting: list[tuple[_Wanted, asyncio.Future[_Found]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, wanted: _Wanted) -> _Found:
        """The model's result for this. Raises what the model raises."""
        found: asyncio.Future[_Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, found))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work())
        return await found

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            wanted = [each for each in batch if not each[1].done()]  # some wait no longer
            if await self._serve(wanted):
                continue
            for each in wanted:  # one that the model cannot bear is not to fail the others
                await self._serve([each])

    async def _serve(self, batch: list[tuple[_Wanted, asyncio.Future[_Found]]]) -> bool:
        """False: it failed, and they are to be served one by one."""
        if not batch:
            return True
        run = asyncio.get_running_loop().run_in_executor
        try:
            found = await run(self._executor, self._run, [wanted for wanted, _ in batch])
        except Exception as error:  # it is theirs who asked
            if len(batch) > 1:
                return False
            _settle(batch[0][1], error=error)
            return True
        for (_, future), result in zip(batch, found, strict=True):
            _settle(future, result)
        return True


def _settle(
    future: asyncio.Future[_Found], result: Any = None, error: Exception | None = None
) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
