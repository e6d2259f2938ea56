"""The terminal as a platform: a chat at a prompt, or one question a line from a pipe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TextIO
from uuid import uuid4

from bot.assistant import Assistant
from bot.types import Asker, Citation, Delta, Message, Reply

_LEAVE = frozenset({"/quit", "/exit", "quit", "exit"})
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Console:
    """One conversation. ``read``: the next line, or None at the end of the input."""

    name = "console"

    def __init__(
        self,
        assistant: Assistant,
        asker: Asker,
        out: TextIO,
        read: Callable[[], str | None],
        *,
        voice: str | None = None,
        echo: bool = False,
    ):
        self._assistant = assistant
        self._asker = asker
        self._out = out
        self._read = read
        self._voice = voice
        self._echo = echo
        self._conversation = f"console:{uuid4().hex}"

    async def run(self) -> None:
        """Answer line by line until the input ends."""
        while (line := await asyncio.to_thread(self._read)) is not None:
            text = line.strip()
            if text.lower() in _LEAVE:
                break
            if not text:
                continue
            if self._echo:
                self._out.write(f"> {text}\n")
            await self._answer(text)

    async def _answer(self, text: str) -> None:
        message = Message(
            id=f"console:{uuid4().hex}",
            platform=self.name,
            conversation=self._conversation,
            asker=self._asker,
            text=text,
            voice=self._voice,
        )
        async for piece in self._assistant.answer(message):
            match piece:
                case Delta(words):
                    self._out.write(words)
                case Reply():
                    self._out.write(f"\n{self._sources(piece.citations)}\n")
            self._out.flush()

    def _sources(self, citations: Sequence[Citation]) -> str:
        lines = "".join(f"{source_line(citation)}\n" for citation in citations)
        return f"{_DIM}{lines}{_PLAIN}" if lines and self._out.isatty() else lines


def source_line(citation: Citation) -> str:
    """One source under an answer, for a terminal."""
    return f"[{citation.n}] {citation.title} ({citation.document})"
