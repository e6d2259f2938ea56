"""What the steps of the chain hand on to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

from bot.answers.judge import Verdict
from bot.answers.question.languages import Language
from bot.journey import StageName, current
from bot.types import Frame
from bot.voice.voice import Voice
from knowledge.types import Evidence, Principals


@dataclass(frozen=True, slots=True)
class Question:
    """What goes into the chain."""

    text: str
    principals: Principals
    voice: Voice
    trace_id: str
    earlier: tuple[str, ...] = ()
    """What was said before in the thread, oldest first."""
    sources: frozenset[str] | None = None
    """Ids of the sources that may be used; None: all."""
    unsure_too: bool = True
    """Whether the closest passage is shown where it is not certain that it answers."""
    frame: Frame = "light"
    """How much of the voice stands around the answer."""
    first: bool = True
    """Whether it is the first in its conversation, where the voice greets."""
    first_mark: int = 1
    """The number of its first citation; of a second question in one message they go on."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question on its way through the chain."""

    asked: Question
    started: float
    standalone: str = ""
    language: Language = "en"
    evidence: tuple[Evidence, ...] = ()
    verdict: Verdict = Verdict("none", 0.0)  # noqa: RUF009 - frozen
    timings: dict[str, float] = field(default_factory=dict)
    """Milliseconds by stage."""

    def since_start(self) -> float:
        """Milliseconds, to a tenth."""
        return round((perf_counter() - self.started) * 1000, 1)

    def ends(self, stage: StageName) -> None:
        """Note how long the stage took that ends now, in addition to earlier times of it."""
        others = sum(ms for name, ms in self.timings.items() if name not in _NOT_STAGES)
        took = self.since_start() - others
        if (journey := current()) is not None:
            journey.note(stage, took / 1000)
        self.timings[stage] = round(self.timings.get(stage, 0.0) + took, 1)


_NOT_STAGES = ("first_word", "total")
