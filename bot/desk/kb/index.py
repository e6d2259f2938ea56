"""The index of all passages: which one answers, building it anew, switching: ``/kb show index``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from bot.cards import Action, Card, Row
from bot.desk.commands import Invocation
from bot.desk.forms import must_be_admin
from bot.desk.kb.parts import Knowledge
from bot.desk.kb.progress import telling
from bot.desk.kb.words import counted
from bot.errors import UsageError
from bot.source_ports import KnownIndex
from bot.types import person

INDEX: Final = "index"
"""What it is called where a source may be named."""

_STATES = {"current": "answers", "building": "is being built", "aside": "is kept beside"}
_BUTTONS: dict[str, tuple[Action, ...]] = {"aside": ("switch", "delete"), "building": ("delete",)}


@dataclass(frozen=True, slots=True)
class IndexDesk:
    """What is shown of indexes and done with them. The subject of a button is a number."""

    knowledge: Knowledge

    async def show(self) -> Card:
        """Those there are, and whether the one that answers is as the settings want it."""
        found = await self.knowledge.indexes.status()
        rows = [each for each in found.known if each.state != "current"]
        lines = [_told(each) for each in found.known if each not in rows]
        lines += [found.reason, found.worked_on]
        return Card(
            "\n".join(line for line in lines if line),
            buttons=("rebuild",),
            rows=tuple(Row(_told(each), _BUTTONS[each.state], str(each.number)) for each in rows),
        )

    async def rebuild(self, _: str, by: Invocation) -> Card:
        """Build it anew beside the one that answers, and switch to it."""
        return await self._answers(by, "rebuilt", self.knowledge.indexes.rebuild)

    async def switch(self, number: str, by: Invocation) -> Card:
        """Let another one answer."""
        work = partial(self.knowledge.indexes.switch, _number(number))
        return await self._answers(by, "switched", work)

    async def delete(self, number: str, by: Invocation) -> Card:
        """Delete one that does not answer."""
        await must_be_admin(by)
        async with self.knowledge.audit.of(person(by.place, by.user), "deleted", INDEX, number):
            await self.knowledge.indexes.drop(_number(number))
        return Card(f"Index {number} is deleted.")

    async def _answers(
        self, by: Invocation, verb: str, work: Callable[[Callable[[str], None]], Awaitable[int]]
    ) -> Card:
        await must_be_admin(by)
        audit = self.knowledge.audit
        async with (
            audit.of(person(by.place, by.user), verb, INDEX) as entry,
            telling(by, self.knowledge.sleep) as tell,
        ):
            number = await work(tell)
            entry.detail = str(number)
        return Card(
            f"Index {number} answers now. What answered before is kept for a day; "
            f"`/kb show {INDEX}` can go back to it."
        )


def _number(subject: str) -> int:
    if not subject.isdecimal():
        raise UsageError(f"There is no such index; `/kb show {INDEX}` shows those there are.")
    return int(subject)


def _told(index: KnownIndex) -> str:
    count = index.passages
    held = "cannot be opened" if count is None else f"has {counted(count, 'passage')}"
    return (
        f"Index {index.number} {_STATES[index.state]}: {index.place}, {held}, "
        f"embedded by {index.embedder} ({index.dimensions} dimensions)."
    )
