"""What goes on while somebody looks at a page: answers that grow, sources that are being read."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

from bot.cards import Card, Form, Values

_MOST_KEPT = 1000
"""Works, and forms, that are remembered; the oldest go first. What came of them is kept."""


class Work:
    """One thing that goes on, as its owner sees it; a :class:`bot.ports.ReplyView` as well."""

    def __init__(self, owner: str, subject: str, id: str = ""):
        """``owner``: who may see it. ``subject``: what it is about, such as a question."""
        self.id = id or uuid4().hex
        self.owner = owner
        self.subject = subject
        self.text = ""
        """Markdown, so far."""
        self.note = ""
        """How long it will take, or how far it is."""
        self.card: Card | None = None
        """How it ended."""
        self.conversation = ""
        self.version = 0
        """Rises with every change."""
        self._changed = asyncio.Condition()

    @property
    def shown(self) -> tuple[str, ...]:
        """Its own id: there is one message, and it is here."""
        return (self.id,)

    async def grow(self, text: str) -> None:
        """Show the text so far."""
        self.text = text
        await self._tell()

    async def wait(self, words: str) -> None:
        """Show how long it will take."""
        self.note = words
        await self._tell()

    async def finish(self, card: Card) -> None:
        """Show the whole."""
        self.card = card
        await self._tell()

    async def erase(self) -> None:
        """Take it back."""
        await self.finish(Card(""))

    async def changed_since(self, version: int, seconds: float) -> None:
        """Wait until there is something newer than that, or no longer than this."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self.version > version)

    async def _tell(self) -> None:
        self.version += 1
        async with self._changed:
            self._changed.notify_all()


class Works:
    """Those of this process, by their ids."""

    def __init__(self) -> None:
        self._works: OrderedDict[str, Work] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, id: str, owner: str) -> Work | None:
        """One that this person may see."""
        work = self._works.get(id)
        return work if work is not None and work.owner == owner else None

    def of(self, conversation: str, owner: str) -> list[Work]:
        """Those of a conversation, oldest first."""
        return [
            each
            for each in self._works.values()
            if each.conversation == conversation and each.owner == owner
        ]

    def add(self, work: Work) -> Work:
        """From now on it can be seen."""
        self._works[work.id] = work
        while len(self._works) > _MOST_KEPT:
            self._works.popitem(last=False)
        return work

    def known(self, id: str) -> Work | None:
        """Whosever it is."""
        return self._works.get(id)

    def start(
        self,
        owner: str,
        subject: str,
        doing: Callable[[Callable[[str], Awaitable[None]]], Awaitable[Card]],
    ) -> Work:
        """Begin something long. ``doing``: takes how to tell how far it is; does not raise."""
        work = self.add(Work(owner, subject))

        async def run() -> None:
            card = Card("It was broken off.")
            try:
                card = await doing(work.wait)
            finally:
                await work.finish(card)

        task = asyncio.create_task(run(), name=f"console {subject}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return work

    async def close(self) -> None:
        """Break off what goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class OpenForms:
    """Forms that stand open on pages, so that one that is refused is there again as it was sent."""

    def __init__(self) -> None:
        self._forms: OrderedDict[str, tuple[str, Form]] = OrderedDict()

    def keep(self, form: Form, owner: str) -> str:
        """The name under which it can be found again."""
        id = uuid4().hex
        self._forms[id] = owner, form
        while len(self._forms) > _MOST_KEPT:
            self._forms.popitem(last=False)
        return id

    def filled_in(self, id: str, owner: str, values: Values) -> Form | None:
        """The form with what was filled in; None if it is another's, or of long ago."""
        whose, form = self._forms.get(id, ("", None))
        if form is None or whose != owner:
            return None
        empty = {each.name: () if each.kind == "some_of" else "" for each in form.fields}
        said = {**empty, **values}
        fields = tuple(replace(each, value=said[each.name]) for each in form.fields)
        return replace(form, fields=fields)
