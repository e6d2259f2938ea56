"""Somebody who talks to the bot at a terminal."""

from __future__ import annotations

import io
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from adapters.terminal.adapter import Console
from bot.types import Asker
from tests.adapters.desk_bench import Bench

MANAGERS = frozenset({"role:managers"})
ASKER = Asker("user:console", frozenset({"public"}) | MANAGERS)
ASKED = "When do salaries arrive?"


class Terminal(io.StringIO):
    """What is written, to a terminal or to a pipe; ``pieces`` as it was flushed."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self.pieces: list[str] = []

    def isatty(self) -> bool:
        return self._is_terminal

    def flush(self) -> None:
        self.pieces.append(self.getvalue()[sum(map(len, self.pieces)) :])


@dataclass
class Talk:
    """A console over a bot that finds what it is given."""

    bench: Bench
    rest: deque[str] = field(default_factory=deque)
    """What is typed and not read yet."""
    out: Terminal = field(default_factory=Terminal)

    def opened(self, *lines: str, is_terminal: bool = False, **of: Any) -> Console:
        self.rest = deque(lines)
        self.out = Terminal(is_terminal=is_terminal)
        plain: dict[str, Any] = {
            "desk": self.bench.desk,
            "asker": ASKER,
            "out": self.out,
            "echo": True,
        }
        return Console(**plain | {"read": self._read} | of)

    def _read(self) -> str | None:
        return f"{self.rest.popleft()}\n" if self.rest else None

    async def said(self, *lines: str, **of: Any) -> str:
        """All that is written when these lines are typed."""
        await self.opened(*lines, **of).listen()
        return self.out.getvalue()

    @property
    def asked(self) -> list[str]:
        """What was looked up."""
        return [each.question for each in self.bench.passages.searches]
