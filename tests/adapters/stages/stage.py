"""What a person can do on every platform and see there, so that one test can be played on all.

A stage is a running adapter over the real core, in front of a stand-in for its platform. People
are called by their names and places by theirs; what they see comes back as plain text.
"""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

from langchain_core.runnables import RunnableGenerator

from adapters.base import Adapter
from bot.cards import Action, Card, Choice, Field, Form, Values
from bot.chain import Question
from bot.commands import Command, Commands, FieldFaults, Invocation, Outcome, Parameter
from bot.desk import Desk
from bot.ports import Platform
from bot.types import Delta, Place, Reply, Utterance
from tests.adapters.desk_bench import Bench, open_bench

Person = Literal["ann", "bob", "ida", "stan"]
"""Ann and Bob work here, Ann is a manager, Ida is an admin, Stan comes from another company."""
Where = Literal["general", "board", "help", "direct", "shared", "forum"]
"""``board``: only Ann and Ida get in. ``help``: where people take over. ``direct``: alone with the
bot. ``shared``: with Stan in it. ``forum``: everything said there is a new post."""

Ability = Literal[
    "others",
    "channels",
    "edits",
    "deletions",
    "redelivery",
    "outages",
    "restarts",
    "strangers",
    "typed_lines",
    "suggestions",
    "message_menu",
    "files",
    "lines",
    "formatting",
    "mentions",
    "links",
    "forums",
]

LACKS: Mapping[str, Mapping[Ability, str]] = {
    "slack": {
        "suggestions": "Slack completes nothing behind a slash command: its words are one text.",
        "forums": "Slack has no channels of posts.",
    },
    "discord": {
        "strangers": "Whoever sees a channel of a server is a member of that server.",
        "typed_lines": "Discord sends commands with typed options only, checked by its client.",
    },
    "console": {
        "others": "One person sits at a terminal.",
        "channels": "A terminal is one direct conversation.",
        "edits": "What was typed stays typed.",
        "deletions": "What was typed stays typed.",
        "redelivery": "Nothing stands between the keyboard and the process that could repeat.",
        "outages": "There is no server that could fail.",
        "restarts": "Who typed a question sees the process end, and types it again.",
        "strangers": "One person sits at a terminal.",
        "suggestions": "Lines are read whole.",
        "message_menu": "Nobody else's messages are there to point at.",
        "files": "Nothing can be handed over with a line.",
        "lines": "A line ends where Enter is pressed.",
        "formatting": "A terminal shows Markdown as it was written.",
        "mentions": "Nobody else is there to be rung.",
        "links": "A terminal has no addresses for what was said.",
        "forums": "A terminal is one conversation.",
    },
}
"""What a platform by its nature has not, and why. Whatever is not listed it must have."""


QUIET = 0.05
"""Seconds without a call to the platform after which an adapter is taken to have finished."""
PATIENCE = 1.0
"""Seconds to wait for what an adapter may also keep to itself."""


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
    async def press(self, who: Person, shown: Shown, action: Action) -> Shown | OpenForm | None:
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

    @property
    def is_at_work(self) -> bool:
        """Whether the core is answering something."""
        return any(each.get_name().startswith("answer ") for each in asyncio.all_tasks())

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
                yield Reply(asked.text, markdown, False, asked.voice.name, asked.trace_id)

        self.bench.assistant._chain = RunnableGenerator(chain)


# --- a desk with more on it -----------------------------------------------------------------------

EVERY_FIELD: Mapping[str, tuple[Field, ...]] = {
    "texts": (
        Field("title", "Title", "text", "Leave", required=True, help="In a few words."),
        Field("words", "Words", "long_text", "One line."),
        Field("amount", "Amount", "number", "25"),
    ),
    "choices": (
        Field("mode", "Mode", "one_of", "warm", (Choice("warm", "Warm"), Choice("dry", "Dry"))),
        Field(
            "days",
            "Days",
            "some_of",
            ("mon",),
            (Choice("mon", "Monday"), Choice("tue", "Tuesday"), Choice("wed", "Wednesday")),
        ),
        Field("room", "Room", "channel"),
    ),
}
"""Two forms that have every kind of field between them, by the action of ``/try`` that opens
them."""


@dataclass
class Tried:
    """What ``/try`` was given."""

    forms: list[tuple[str, Mapping[str, str], Values]] = field(default_factory=list)
    """Form, context and values of each that was sent in."""
    ran: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    """Name, action and values of every command that was given."""


_CITIES = ("Ghent", "Lyon", "Lisbon")


def desk_of(bench: Bench, tried: Tried) -> Desk:
    """The desk of a bench with ``/try`` besides: every kind of field, a suggestion, a failure."""

    def opens(name: str) -> Any:
        async def run(_: Invocation) -> Outcome:
            return Form(name, f"Try {name}", EVERY_FIELD[name], context={"opened": name})

        return run

    async def take(by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        if values.get("title") == "wrong":
            raise FieldFaults({"title": "That title is taken."})
        tried.forms.append((context.get("opened", ""), context, values))
        return Card("Taken in.")

    async def pick(by: Invocation) -> Outcome:
        return Card(f"You chose {by.values['city']}.")

    async def cities(_: Invocation, typed: str) -> Sequence[Choice]:
        return [Choice(each, each) for each in _CITIES if each.lower().startswith(typed.lower())]

    async def fail(_: Invocation) -> Outcome:
        raise RuntimeError("the disk is on fire")

    more = [
        *(
            Command("try", f"Try {name}.", opens(name), name, opens_form=True)
            for name in EVERY_FIELD
        ),
        Command(
            "try", "Pick a city.", pick, "pick", (Parameter("city", "Where.", suggest=cities),)
        ),
        Command("try", "Fail.", fail, "fail"),
    ]

    def handed_on(form: str) -> Any:
        async def submit(by: Invocation, context: Mapping[str, str], values: Values) -> Card:
            return await bench.commands.submit(form, context, by, values)

        return submit

    forms = {name: handed_on(name) for name in ("channel", "workspace")}
    forms |= dict.fromkeys(EVERY_FIELD, take)

    def noted(command: Command) -> Command:
        async def run(by: Invocation) -> Outcome:
            tried.ran.append((command.name, command.action, by.values))
            return await command.run(by)

        return replace(command, run=run)

    commands = [noted(each) for each in (*bench.commands.all, *more)]
    return replace(bench.desk, commands=Commands(commands, forms))


# --- what drivers share ---------------------------------------------------------------------------


class Hearing:
    """Notes what the core has been told of; ``keeps``: and lets it go no further.

    An adapter may keep to itself what nobody could mean for the bot: so waiting has an end.
    """

    def __init__(self, bench: Bench):
        self.keeps = False
        self.utterances: list[Utterance] = []
        self._count = 0
        self._changed = asyncio.Event()
        dispatcher: Any = bench.dispatcher
        dispatcher.hear = self._noted(dispatcher.hear)
        dispatcher.edited = self._noted(dispatcher.edited)
        dispatcher.deleted = self._noted(dispatcher.deleted)

    def _noted(self, told: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def noted(platform: Platform, *what: Any) -> Any:
            try:
                return not self.keeps and await told(platform, *what)
            finally:
                self.utterances += [each for each in what if isinstance(each, Utterance)]
                self._count += 1
                self._changed.set()

        return noted

    async def of(self, id: str) -> None:
        """Wait until the core has heard what the platform calls so."""
        await self._until(lambda: any(id in each.id for each in self.utterances))

    @asynccontextmanager
    async def one_more(self) -> AsyncIterator[None]:
        """Wait until the core was told of what happens inside."""
        before = self._count
        yield
        await self._until(lambda: self._count > before)

    async def _until(self, seen: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not seen():
                    self._changed.clear()
                    await self._changed.wait()


_CODE = re.compile(r"(`+).+?\1", re.S)
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()|\]]+")


def live_links(markup: str) -> frozenset[str]:
    """Addresses outside of code: both platforms make a link of any."""
    return frozenset(_ADDRESS.findall(_CODE.sub(" ", markup)))


def command_of(commands: Commands, line: str) -> tuple[Command, dict[str, str]]:
    """Which command a line is, and its values, as a person with a menu would enter them."""
    name, _, rest = line.removeprefix("/").partition(" ")
    return commands.parse(name, rest)


@asynccontextmanager
async def opened(kind: type[Stage], folder: Path, **options: Any) -> AsyncIterator[Stage]:
    """A stage of a kind, with the bot on it. ``options``: those of the bench."""
    async with open_bench(folder, **options) as bench, kind(bench) as stage:
        await stage.start()
        yield stage
