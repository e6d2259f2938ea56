"""A platform of no make: rooms with people in them, and everything that the bot showed there."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from bot.cards import Card
from bot.desk.commands import Invocation
from bot.ports import Feature
from bot.types import Place, Sent, Utterance, person
from knowledge.types import PUBLIC, Attachment, Principals

NAME = "office"
CHANNEL = Place(NAME, "W1", "C1")
THREAD = replace(CHANNEL, thread="t1")
DIRECT = Place(NAME, "W1", "D-ann", direct=True)

_ids = count(1)


def utterance(text: str, **of: Any) -> Utterance:
    """Ann mentions the bot in the channel, unless told otherwise; every one has its own id."""
    plain = Utterance(f"{NAME}:u{next(_ids)}", CHANNEL, "ann", text, "mention")
    return replace(plain, **of)


@dataclass
class FakeReply:
    """One reply as it grows."""

    platform: FakePlatform
    utterance: Utterance
    shown: tuple[str, ...]
    grown: list[str] = field(default_factory=list)
    """Every text that was shown while it grew."""
    waits: list[str] = field(default_factory=list)
    """What was said of how long it takes."""
    card: Card | None = None
    """How it ended."""
    erased: bool = False

    async def grow(self, text: str) -> None:
        """Show the text so far."""
        await self.platform.step("grow")
        self.grown.append(text)
        self._show(Card(text))

    async def wait(self, words: str) -> None:
        """Note what was said of the wait."""
        await self.platform.step("wait")
        self.waits.append(words)

    async def finish(self, card: Card) -> None:
        """Show the whole."""
        await self.platform.step("finish")
        self.card = card
        self._show(card)

    async def erase(self) -> None:
        """Take it back."""
        await self.platform.step("erase_reply")
        self.erased = True
        for id in self.shown:
            self.platform.messages.pop(id, None)
        self.shown = ()

    def _show(self, card: Card) -> None:
        if not self.shown:
            self.shown = (f"p{next(_ids)}",)
        self.platform.messages[self.shown[0]] = card


@dataclass
class FakePlatform:
    """Implements :class:`bot.ports.Platform`. What is public is what a test sets or looks at."""

    name: str = NAME
    picks_options: bool = False
    features: frozenset[Feature] = frozenset({"channels", "threads", "forums"})
    admins: set[str] = field(default_factory=set)
    held: dict[str, Principals] = field(default_factory=dict)
    """By person: what they hold besides ``public`` and themselves."""
    audiences: dict[str, Principals] = field(default_factory=dict)
    """By channel: what everybody there holds besides ``public``."""
    before: dict[str, Sequence[str]] = field(default_factory=dict)
    """By thread: what people said there."""
    messages: dict[str, Card] = field(default_factory=dict)
    """What readers see now of the bot's replies, by the platform's ids."""
    replies: list[FakeReply] = field(default_factory=list)
    whispers: list[tuple[Place, str, str]] = field(default_factory=list)
    posts: list[tuple[Place, Card]] = field(default_factory=list)
    has_links: bool = True
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """By method: it waits for this."""
    reached: dict[str, asyncio.Event] = field(default_factory=dict)
    _failures: dict[str, deque[Exception]] = field(default_factory=dict)

    def fail(self, method: str, *errors: Exception) -> None:
        """Raise these, one a call; ``grow``, ``finish`` and ``erase_reply`` are the reply's."""
        self._failures.setdefault(method, deque()).extend(errors)

    def hold(self, method: str) -> asyncio.Event:
        """Let calls of ``method`` wait for what is returned; ``reached[method]`` tells of one."""
        self.reached[method] = asyncio.Event()
        self.gates[method] = asyncio.Event()
        return self.gates[method]

    async def step(self, method: str) -> None:
        """Wait, or fail, as a test has set it up."""
        if method in self.gates:
            self.reached[method].set()
            await self.gates[method].wait()
        failures = self._failures.get(method)
        if failures:
            raise failures.popleft()

    @property
    def answers(self) -> list[str]:
        """The texts of finished replies that were not taken back."""
        return [each.card.text for each in self.replies if each.card and not each.erased]

    @property
    def last(self) -> Card:
        """The newest finished reply."""
        return next(each.card for each in reversed(self.replies) if each.card)

    def by(self, user: str, place: Place = CHANNEL, **values: str) -> Invocation:
        """Somebody gives a command or presses a button."""
        return Invocation(self, place, user, values)

    async def principals(self, place: Place, user: str) -> Principals:
        """What a person holds."""
        await self.step("principals")
        return self.held.get(user, frozenset()) | {PUBLIC, person(place, user)}

    async def audience(self, place: Place) -> Principals:
        """What everybody in the channel holds."""
        await self.step("audience")
        return self.audiences.get(place.channel, frozenset()) | {PUBLIC}

    async def is_admin(self, place: Place, user: str) -> bool:
        """Whether they are among the admins."""
        return user in self.admins

    async def earlier(self, utterance: Utterance) -> Sequence[str]:
        """What was said in the thread."""
        await self.step("earlier")
        return self.before.get(utterance.place.thread or "", ())

    def with_credentials(self, file: Attachment) -> Attachment:
        """The file with a secret that must be kept nowhere."""
        return replace(file, headers={"Authorization": "Bearer sesame"})

    async def open_reply(self, utterance: Utterance, shown: Sequence[str]) -> FakeReply:
        """Begin a reply, or go on with one."""
        await self.step("open_reply")
        reply = FakeReply(self, utterance, tuple(shown))
        self.replies.append(reply)
        return reply

    async def whisper(self, place: Place, user: str, text: str) -> None:
        """Keep it."""
        await self.step("whisper")
        self.whispers.append((place, user, text))

    async def direct_with(self, user: str) -> Place:
        """A conversation by their name."""
        await self.step("direct_with")
        return Place(self.name, "W1", f"D-{user}", direct=True)

    async def post(self, place: Place, card: Card) -> Sent:
        """Keep it."""
        await self.step("post")
        self.posts.append((place, card))
        id = f"p{next(_ids)}"
        self.messages[id] = card
        link = f"https://{NAME}.example/p{len(self.posts)}" if self.has_links else ""
        return Sent(link, place, (id,))

    async def replace(self, place: Place, shown: Sequence[str], card: Card) -> bool:
        """Show it in place of the first that is there."""
        await self.step("replace")
        there = [id for id in shown if id in self.messages]
        for id in there[:1]:
            self.messages[id] = card
        return bool(there)

    async def link(self, place: Place) -> str:
        """An address, where there are any."""
        return f"https://{NAME}.example/{place.conversation}" if self.has_links else ""

    async def erase(self, place: Place, shown: Sequence[str]) -> None:
        """Take messages back."""
        await self.step("erase")
        for id in shown:
            self.messages.pop(id, None)

    def mention(self, user: str) -> str:
        """Their name."""
        return f"@{user}"
