"""A writing model on another machine: left alone while it is away, and another speaks instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Protocol

import structlog

from bot.errors import ModelError
from bot.voice.away.circuit import Circuit
from bot.voice.template import Prompt
from bot.voice.writer import Step, Writer

_log = structlog.get_logger("housevoice")


class LoadedWriter(Writer, Protocol):
    """A model that takes memory until it is closed."""

    def close(self) -> None:
        """Let go of it; it cannot write afterwards."""
        ...


class GuardedWriter:
    """Writes by ``model``, and by ``instead`` where that fails or has failed too often.

    ``instead``: loads the other one, blocking, when it is first needed; None: there is none, and
    failures come through. ``voice``: as the log names it.
    """

    def __init__(
        self,
        model: LoadedWriter,
        instead: Callable[[], LoadedWriter] | None,
        voice: str,
        circuit: Circuit | None = None,
    ) -> None:
        self._model = model
        self._load = instead
        self._voice = voice
        self._circuit = circuit or Circuit()
        self._loading = asyncio.Lock()
        self._instead: LoadedWriter | None = None

    @property
    def tuned(self) -> bool:
        """As the model is: prompts are made for it."""
        return self._model.tuned

    @property
    def is_away(self) -> bool:
        """Whether it failed so often that it is left alone."""
        return self._circuit.is_open

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step; see :class:`bot.voice.writer.Writer`."""
        async for text in self._written(lambda model: model.compose(prompt, script)):
            yield text

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        """Yield pieces as they come; see :class:`bot.voice.writer.Writer`."""
        async for text in self._written(lambda model: model.write(prompt, max_tokens)):
            yield text

    def close(self) -> None:
        """Close what was loaded."""
        self._model.close()
        if self._instead is not None:
            self._instead.close()

    async def _written(
        self, wanted: Callable[[Writer], AsyncIterator[str]]
    ) -> AsyncGenerator[str, None]:
        """What has been said cannot be begun anew: a failure after that comes through."""
        begun = False
        if self._circuit.lets_through():
            try:
                async for text in wanted(self._model):
                    if not begun and self._circuit.succeeded():
                        _log.warning("writer_back", voice=self._voice)
                    begun = True
                    yield text
                return
            except ModelError as error:
                if self._circuit.failed():
                    _log.error("writer_away", voice=self._voice, reason=str(error))
                if begun or self._load is None:
                    raise
        if self._load is None:
            raise ModelError("The writing endpoint is away, and is tried again in a while.")
        async for text in wanted(await self._other(self._load)):
            yield text

    async def _other(self, load: Callable[[], LoadedWriter]) -> Writer:
        async with self._loading:
            if self._instead is None:
                self._instead = await asyncio.to_thread(load)
            return self._instead
