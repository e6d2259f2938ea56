"""The terminal as a person meets it: lines are typed, and what is written is read."""

from __future__ import annotations

import asyncio
import io
import re
import shlex
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Literal

from adapters.base import Adapter
from adapters.terminal.adapter import Console
from bot.cards import LABELS, Action, Values
from bot.types import Asker, Place
from tests.adapters.desk_bench import Bench
from tests.adapters.stages.alone import AloneStage
from tests.adapters.stages.stage import OpenForm, Person, Said, Shown, Where

_DIM = re.compile(r"\x1b\[\d+m")
_SOURCE = re.compile(r"(\[\d+\] .+) \(.*\)")
_FIELD = re.compile(r"^([a-z_]+): [^\n\[]* \[([^\]]*)\]", re.M)
_BUTTON = re.compile(r"/([a-z]+)(?: \((.+)\))?")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class ConsoleStage(AloneStage):
    """One person, Ann, whoever a scenario names, in one conversation."""

    name = "console"

    def __init__(self, bench: Bench):
        super().__init__(bench)
        self._out = _Terminal()
        self._typed: SimpleQueue[str | None] = SimpleQueue()
        self._reading = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._shown: list[Shown] = []
        self._seen = 0
        """How much of what was written is in ``_shown``."""

    def make_adapter(self) -> Adapter:
        asker = Asker("user:ann", frozenset({"public", "role:managers"}))
        return Console(self.desk, asker, self._out, self._read, echo=True)

    def wake(self) -> None:
        self._typed.put("")

    def _read(self) -> str | None:
        self._loop.call_soon_threadsafe(self._reading.set)
        return self._typed.get()

    async def _end(self) -> None:
        self._typed.put(None)
        await super()._end()

    async def _type(self, line: str) -> Shown:
        """Type a line and wait until the next can be typed; what was written meanwhile."""
        await self._reading.wait()
        self._reading.clear()
        before = len(self._out.getvalue())
        self._typed.put(line)
        await self._reading.wait()
        shown = self._written(before, f"> {line}\n")
        self._shown.append(shown)
        self._seen = len(self._out.getvalue())
        return shown

    def _written(self, start: int, echo: str = "") -> Shown:
        return _shown(_DIM.sub("", self._out.getvalue()[start:]).removeprefix(echo).strip())

    # --- who and where ------------------------------------------------------------------------

    def place(self, where: Where, who: Person = "ann") -> Place:
        if where in ("help", "board"):  # it knows other places by name only
            return Place(self.name, "", where)
        assert isinstance(self.adapter, Console)
        return self.adapter._place

    def user(self, who: Person) -> str:
        return "ann"

    def principal(self, of: Person | Where | Literal["managers"]) -> str:
        return "role:managers" if of == "managers" else "console:user:ann"

    # --- doing --------------------------------------------------------------------------------

    async def say(
        self,
        who: Person,
        where: Where,
        text: str,
        *,
        mention: bool = True,
        files: Mapping[str, bytes] | None = None,
        to: Person | None = None,
    ) -> Said:
        await self._type(text)
        return Said(who, where)

    async def follow_up(
        self, who: Person, answer: Shown, text: str, *, to: Person | None = None
    ) -> Said:
        return await self.say(who, answer.where, text)

    async def command(self, who: Person, where: Where, line: str) -> Shown | OpenForm | None:
        shown = await self._type(line)
        if values := dict(_FIELD.findall(shown.text)):
            several = {"days", "sources"}
            return OpenForm(
                line,
                {
                    name: tuple(value.split(",")) if name in several else value
                    for name, value in values.items()
                    if value
                },
                line,
            )
        return shown

    async def press(
        self, who: Person, shown: Shown, action: Action, row: int = 0
    ) -> Shown | OpenForm | None:
        number = f" {row + 1}" if f"/{action} {row + 1}" in shown.text else ""
        return await self.command(who, shown.where, f"/{action}{number}")

    async def fill_in(self, who: Person, form: OpenForm, values: Values) -> Shown:
        filled = {**form.values, **values}
        if len(filled) == 1:
            ((name, value),) = filled.items()
            words = f"{name}={value}"
        else:
            given = {
                name: value if isinstance(value, str) else ",".join(value)
                for name, value in filled.items()
            }
            words = " ".join(shlex.quote(f"{name}={value}") for name, value in given.items())
        return await self._type(f"{form.raw} {words}")

    async def correct(self, who: Person, form: OpenForm, values: Values, told: Shown) -> OpenForm:
        return OpenForm(form.title, {**form.values, **values}, form.raw)  # arrow up, so to speak

    # --- looking ------------------------------------------------------------------------------

    def everyone_sees(self, where: Where) -> list[Shown]:
        unasked = self._written(self._seen)
        return [*self._shown, unasked] if unasked.text else list(self._shown)

    def only(self, who: Person) -> list[Shown]:
        return self.everyone_sees("direct")

    async def settled(self) -> None:
        await self.bench.settled()


def _shown(text: str) -> Shown:
    sources, buttons, confidence = [], [], ""
    for line in text.splitlines():
        if match := _SOURCE.fullmatch(line):
            sources.append(match[1])
        parts = line.split("  ")
        pressed = [match for each in parts if (match := _BUTTON.fullmatch(each))]
        labels = [
            match[2] or usual
            for match in pressed
            for action, usual in LABELS.items()
            if match[1] == action
        ]
        if labels:
            buttons = labels
            confidence = "" if _BUTTON.fullmatch(parts[0]) else parts[0]
    return Shown(text, tuple(sources), confidence, tuple(buttons))
