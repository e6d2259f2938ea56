"""What a person can do on every platform and see there, so that one test can be played on all.

A stage is a running adapter over the real core, in front of a stand-in for its platform. People
are called by their names and places by theirs; what they see comes back as plain text.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from langchain_core.runnables import RunnableGenerator

from adapters.base import Adapter
from bot.answers.turns import Question
from bot.cards import LABELS, Action, Values, label
from bot.types import Delta, Place, Reply
from tests.adapters.desk_bench import Bench, open_bench
from tests.adapters.stages.desk import Tried, desk_of
from tests.adapters.stages.hearing import Hearing

Person = Literal["ann", "bob", "ida", "stan"]
"""Ann and Bob work here, Ann is a manager, Ida is an admin, Stan comes from another company."""
Where = Literal["general", "board", "help", "direct", "shared", "forum"]
"""``board``: only Ann and Ida get in. ``help``: where people take over. ``direct``: alone with the
bot. ``shared``: with Stan in it. ``forum``: everything said there is a new post."""

QUIET = 0.05
"""Seconds without a call to the platform after which an adapter is taken to have finished."""


@dataclass(frozen=True)
class Said:
    """Something that a person said."""

    who: Person
    where: Where
    raw: Any = None


@dataclass(frozen=True)
class Shown:
    """One message of the bot's as its reader sees it now."""

    text: str
    """All of it, with sources, files' names and buttons."""
    sources: tuple[str, ...] = ()
    """The numbered list under the answer, one a source: ``[1] Handbook``."""
    confidence: str = ""
    buttons: tuple[str, ...] = ()
    """Their labels."""
    rings: tuple[str, ...] = ()
    """Whom it calls."""
    links: frozenset[str] = frozenset()
    """What a click in it opens, buttons apart."""
    files: Mapping[str, str] = field(default_factory=dict)
    """What came along, as text by name."""
    where: Where = "general"
    thread: str | None = None
    """The platform's id of the thread that it stands in."""
    raw: Any = None
    """The stand-in's own object, for the stage."""


def label_on(shown: Shown, action: Action) -> str:
    """What a button is called under that message."""
    unsure = label(action, "unsure")
    return unsure if unsure in shown.buttons else LABELS[action]


@dataclass(frozen=True)
class OpenForm:
    """A form as it stands open in front of somebody."""

    title: str
    values: Values
    """What is filled in already, by the fields' names."""
    raw: Any = None


class Stage(ABC):
    """A platform with people on it, and the bot among them."""

    name: str
    adapter: Adapter

    def __init__(self, bench: Bench):
        self.bench = bench
        self.tried = Tried()
        self.desk = desk_of(bench, self.tried)
        self.hearing = Hearing(bench)
        self._stack = AsyncExitStack()
        self.tasks: list[asyncio.Task[None]] = []

    # --- the bot ------------------------------------------------------------------------------

    @abstractmethod
    def make_adapter(self) -> Adapter:
        """The adapter as the app would build it, for this stand-in."""

    @abstractmethod
    def with_wrong_token(self) -> Adapter:
        """The adapter as it is when somebody has copied the wrong token."""

    def wake(self) -> None:  # noqa: B027 - most need nothing
        """What lets an adapter that waits for people see that it was told to stop."""

    async def start(self) -> None:
        """Connect, listen, and pick up what was left behind, as ``serve`` does."""
        self.adapter = self.make_adapter()
        await self.adapter.connect()
        self.tasks = [asyncio.create_task(self.adapter.listen())]
        await self.bench.dispatcher.recover(self.adapter)

    async def stop(self) -> None:
        """End in good order."""
        await self.adapter.stop_listening()
        await self.bench.dispatcher.close(0.1)
        await self._end()

    async def crash(self) -> None:
        """End at once: what is being answered breaks off."""
        await self.bench.crash()
        await self._end()

    async def start_again(self) -> None:
        """A new process on the same database, once nobody holds what the old one had."""
        self.bench.clock.tick(31)
        self.bench = await self._stack.enter_async_context(self.bench.replica())
        self.desk, self.hearing = desk_of(self.bench, self.tried), Hearing(self.bench)
        await self.start()

    async def _end(self) -> None:
        await self.adapter.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if getattr(self, "adapter", None) is not None:
            await self._end()
        await self._stack.aclose()

    # --- who and where ------------------------------------------------------------------------

    @abstractmethod
    def place(self, where: Where, who: Person = "ann") -> Place:
        """The place as the core knows it."""

    @abstractmethod
    def user(self, who: Person) -> str:
        """The platform's id of a person."""

    @abstractmethod
    def principal(self, of: Person | Where | Literal["managers"]) -> str:
        """What a source may be limited to: a person, a channel, the group of managers."""

    # --- doing --------------------------------------------------------------------------------

    @abstractmethod
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
        """Say something. ``mention``: to the bot, where that needs saying. ``to``: to a person."""

    @abstractmethod
    async def follow_up(
        self, who: Person, answer: Shown, text: str, *, to: Person | None = None
    ) -> Said:
        """Go on where that answer stands, without naming the bot."""

    @abstractmethod
    async def edit(self, said: Said, text: str) -> None:
        """Change one's words; the bot stays mentioned."""

    @abstractmethod
    async def delete(self, said: Said) -> None:
        """Take one's words back."""

    @abstractmethod
    async def command(self, who: Person, where: Where, line: str) -> Shown | OpenForm | None:
        """Give a command as it is typed, such as ``/kb channel``; what its giver gets to see."""

    @abstractmethod
    async def press(
        self, who: Person, shown: Shown, action: Action, row: int = 0
    ) -> Shown | OpenForm | None:
        """Press a button; what who pressed it gets to see."""

    @abstractmethod
    async def fill_in(self, who: Person, form: OpenForm, values: Values) -> Shown:
        """Fill in some fields, send the form; what comes of it, faults included."""

    @abstractmethod
    async def correct(self, who: Person, form: OpenForm, values: Values, told: Shown) -> OpenForm:
        """Go back to a form that was refused with these values."""

    @abstractmethod
    async def suggestions(
        self, who: Person, where: Where, command: str, parameter: str, typed: str
    ) -> list[str]:
        """What is offered for a parameter."""

    @abstractmethod
    async def menu(self, who: Person, said: Said, entry: str) -> Shown | OpenForm | None:
        """Use an entry of a message's menu; what its user gets to see."""

    @abstractmethod
    def is_solved(self, answer: Shown) -> bool:
        """Whether the post that it answers is marked as solved."""

    # --- trouble ------------------------------------------------------------------------------

    @abstractmethod
    def everything_comes_twice(self) -> Any:
        """Inside (``async with``), whatever people say is delivered twice."""

    @abstractmethod
    def outage(self) -> None:
        """From now on the platform shows nothing that the bot says."""

    @abstractmethod
    def outage_ends(self) -> None:
        """All is well again."""

    @abstractmethod
    def lookups_fail(self) -> None:
        """From now on the platform says nothing about people and channels."""

    # --- looking ------------------------------------------------------------------------------

    @abstractmethod
    def everyone_sees(self, where: Where) -> list[Shown]:
        """What the bot has said there for all to see, in threads as well, oldest first."""

    @abstractmethod
    def only(self, who: Person) -> list[Shown]:
        """What only this person has been shown, oldest first."""

    @abstractmethod
    def is_link_to(self, text: str, where: Where) -> bool:
        """Whether an address of that place stands in a text."""

    @abstractmethod
    async def settled(self) -> None:
        """Wait until the bot has heard everything and has said all that it will say."""

    async def look(self) -> None:  # noqa: B027 - most need nothing
        """Load anew what does not show by itself what is new."""

    async def last(self, where: Where) -> Shown:
        """The newest of what everyone sees."""
        await self.settled()
        shown = self.everyone_sees(where)
        assert shown, f"the bot has said nothing in {where}"
        return shown[-1]

    async def ask(self, who: Person, where: Where, text: str, **how: Any) -> Shown:
        """Say something to the bot; its answer."""
        before = len(self.everyone_sees(where))
        await self.say(who, where, text, **how)
        await self.settled()
        shown = self.everyone_sees(where)
        assert len(shown) > before, f"{text!r} was not answered"
        return shown[-1]

    def latest(self, who: Person) -> Shown:
        """The newest of what only this person sees."""
        shown = self.only(who)
        assert shown, f"{who} was shown nothing in private"
        return shown[-1]

    # --- the core -----------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[Callable[[], Awaitable[Any]]]:
        """Inside, nothing is found out; what is given waits until something is to be."""
        reached, never = asyncio.Event(), asyncio.Event()

        async def search(*_: Any, **__: Any) -> Any:
            reached.set()
            await never.wait()

        passages: Any = self.bench.passages
        passages.search = search
        try:
            yield reached.wait
        finally:
            del passages.search

    def will_answer(self, markdown: str) -> None:
        """From now on every question is answered with this text, word for word."""

        async def chain(questions: AsyncIterator[Question]) -> AsyncIterator[Delta | Reply]:
            async for asked in questions:
                yield Delta(markdown)
                yield Reply(asked.text, markdown, None, asked.voice.name, asked.trace_id)

        self.bench.assistant._chain = RunnableGenerator(chain)


@asynccontextmanager
async def opened(kind: type[Stage], folder: Path, **options: Any) -> AsyncIterator[Stage]:
    """A stage of a kind, with the bot on it. ``options``: those of the bench."""
    async with open_bench(folder, **options) as bench, kind(bench) as stage:
        await stage.start()
        yield stage
