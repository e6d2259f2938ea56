"""Showing an answer while it is written, without either waiting for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from bot.ports import ReplyView


class StreamingReply:
    """Shows the newest text; what came while the platform was busy is shown with the next.

    Leave it to wait until all is shown; that raises what the platform raised. ``noted`` is told of
    each change of what is posted, of which ``shown`` is known already. Without a view it shows
    nothing.
    """

    def __init__(
        self,
        view: ReplyView | None,
        shown: Sequence[str],
        noted: Callable[[Sequence[str]], Awaitable[None]],
    ):
        self._view = view
        self._shown = tuple(shown)
        self._noted = noted
        self._text = ""
        self._task: asyncio.Task[None] | None = None

    def add(self, text: str) -> None:
        """A further piece."""
        self._text += text
        if self._view is not None and (self._task is None or self._is_over(self._task)):
            self._task = asyncio.create_task(self._show(self._view))

    async def __aenter__(self) -> Self:
        """The reply itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait until all is shown; on a failure stop at once."""
        if self._task is None:
            return
        if error is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        else:
            await self._task

    async def _show(self, view: ReplyView) -> None:
        text = ""
        while text != self._text:
            text = self._text
            await view.grow(text)
            if view.shown != self._shown:
                self._shown = view.shown
                await self._noted(self._shown)

    @staticmethod
    def _is_over(task: asyncio.Task[None]) -> bool:
        """Whether another may begin; one that failed is the last."""
        return task.done() and not task.cancelled() and task.exception() is None
