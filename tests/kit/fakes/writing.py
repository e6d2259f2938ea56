"""A writer that says what it was given."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Sequence,
)

from bot.voice.template import Prompt
from bot.voice.voice import Voice
from bot.voice.writer import Choose, Free, Say, Step

_PIECE = 7  # letters; borders of sentences and marks fall inside and between pieces


class FakeWriter:
    """Writes what was queued for the free steps; takes the first of every choice.

    Nothing queued: what the script has for a refusal. A queued exception is raised after
    the first step.
    ``prompts`` and ``scripts``: what every reply was asked for with.
    """

    def __init__(self, *free: str | Exception, tuned: bool = True):
        self._free = deque(free)
        self.tuned = tuned
        self.is_closed = False
        self.prompts: list[Prompt] = []
        self.scripts: list[tuple[Step, ...]] = []

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step."""
        self.prompts.append(prompt)
        self.scripts.append(tuple(script))
        for number, step in enumerate(script):
            if number == 1 and self._free and isinstance(self._free[0], Exception):
                raise self._free[0]
            match step:
                case Choose(options):
                    yield options[0]
                case Say(text, mark):
                    yield text + mark
                case Free():
                    yield self._written(step)

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        """Yield what was queued next, a few letters at a time."""
        self.prompts.append(prompt)
        text = self._free.popleft() if self._free else ""
        if isinstance(text, Exception):
            raise text
        for start in range(0, len(text), _PIECE):
            yield text[start : start + _PIECE]

    def close(self) -> None:
        """Remembered."""
        self.is_closed = True

    def _written(self, step: Free) -> str:
        text = self._free.popleft() if self._free else step.otherwise
        assert isinstance(text, str)
        return (text if step.accept(text) else step.otherwise) + step.mark

    async def for_voice(self, _: Voice) -> FakeWriter:
        """This writer, whatever the voice: what the chain takes as ``writer_for``."""
        return self
