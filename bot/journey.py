"""The way of one question from being heard to being settled, as those see it who watch the bot.

Whoever does a part of it says here when that has ended; they need not know who watches, and where
nobody does nothing is noted. Nothing that was said is ever in it.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter, time_ns
from typing import Literal

Outcome = Literal["answered", "ignored", "broken_off", "failed"]
"""``ignored``: nobody had asked the bot, and it was not sure enough to speak up. ``broken_off``: by
an edit, a deletion or the end of the process."""
StageName = Literal["first_sign", "wait", "retrieve", "read", "judge", "write", "send"]
"""``first_sign``: from being heard to a sign that people can see. ``wait``: for a turn. ``read``: a
part of ``retrieve``, and of ``write`` where sentences are composed."""
_NANO = 1_000_000_000


Tokens = Counter[str]


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the way; moments in nanoseconds since 1970, in UTC."""

    name: str
    began: int
    ended: int

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.began) / _NANO


@dataclass(slots=True)
class Journey:
    """What is known of one question's way; it begins when this is made."""

    platform: str
    began: int = field(default_factory=time_ns)
    ended: int = 0
    outcome: Outcome = "answered"
    fault: str = ""
    """The type of the error that ended it."""
    facts: dict[str, str] = field(default_factory=dict)
    """Ids and names by which it is found again: the stored trace, the voice, the tier."""
    stages: list[Stage] = field(default_factory=list)
    tokens: Tokens = field(default_factory=Counter)
    """Of the model that writes, ``read`` and ``written``."""
    _started: float = field(default_factory=perf_counter)

    @contextmanager
    def under_way(self, watch: Watch) -> Iterator[None]:
        """What is done within, and in tasks that begin within, is a part of it."""
        _UNDER_WAY.set(self)  # for this task alone, which ends with it
        try:
            yield
        except BaseException as error:
            self.fails(error)
            raise
        finally:
            self.ended = self.began + round((perf_counter() - self._started) * _NANO)
            watch(self)

    def fails(self, error: BaseException) -> None:
        """Note what ended it, by its type: the words may hold what somebody said."""
        self.outcome = "broken_off" if isinstance(error, CancelledError) else "failed"
        self.fault = type(error).__name__

    def note(self, name: StageName, seconds: float) -> None:
        """A stage that took so long has ended now."""
        # By the clock that only goes forward, so that all parts lie within the whole.
        ended = self.began + round((perf_counter() - self._started) * _NANO)
        self.stages.append(Stage(name, max(self.began, ended - round(seconds * _NANO)), ended))

    def since_it_began(self) -> float:
        """Seconds."""
        return perf_counter() - self._started


Watch = Callable[[Journey], None]
"""Is given every journey that has ended; must not raise."""
_UNDER_WAY: ContextVar[Journey | None] = ContextVar("journey", default=None)


def unwatched(_: Journey) -> None:
    """For where nobody watches."""


def current() -> Journey | None:
    """The one that this is a part of."""
    return _UNDER_WAY.get()


def counted() -> Tokens:
    """Where the tokens of what is under way are counted; where nothing is, nobody looks at them."""
    journey = current()
    return Tokens() if journey is None else journey.tokens


@contextmanager
def stage(name: StageName) -> Iterator[None]:
    """What is done within is that stage."""
    begun = perf_counter()
    try:
        yield
    finally:
        if (journey := current()) is not None:
            journey.note(name, perf_counter() - begun)
