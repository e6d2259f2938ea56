"""A row of what was brought in, and what was said of it, with its line for whoever mends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.voice.voice import Example

Step = Literal[
    "encoding",
    "schema",
    "plain side",
    "personal data",
    "length",
    "language",
    "voice",
    "facts",
    "duplicate",
    "tone",
]
"""What a row was dropped or changed by, in the order in which the steps are taken."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row stands."""

    file: str
    line: int
    """From 1, as editors count; of a row over several lines the first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of writing as it was brought in."""

    origin: Origin
    voiced: str
    plain: str = ""
    """Empty: it is still to be made from the voiced side."""
    kind: str = "rewrite"
    topic: str = ""
    """Empty: it is still to be found."""
    question: str = ""
    wording: str = ""
    """Id of the wording from use that it is; empty for a row of a file."""

    def example(self) -> Example:
        """As a pair for training."""
        fields = ("kind", "topic", "question", "plain", "voiced")
        return Example.model_validate({name: getattr(self, name) for name in fields})


@dataclass(frozen=True, slots=True)
class Note:
    """What was done with a row, and why."""

    origin: Origin
    step: Step
    reason: str
    """What is wrong and what to do. Holds no personal data: those are named by their kind."""


@dataclass
class Sorted:
    """Rows that are kept so far, and notes on those that were dropped or changed."""

    rows: list[Row] = field(default_factory=list)
    dropped: list[Note] = field(default_factory=list)
    changed: list[Note] = field(default_factory=list)

    def drop(self, origin: Origin, step: Step, reason: str) -> None:
        """Note that a row goes no further."""
        self.dropped.append(Note(origin, step, reason))
