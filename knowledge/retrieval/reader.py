"""The port behind which a question and a passage are read together.

Search compares a question with a passage from afar; a reader sees both at once. It says how near
the passage comes to what is asked, whether it answers, and in which of its units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.text.sentences import Unit
from knowledge.text.short_forms import spelled_out

_LONGEST_CODE = 400  # characters of a code block that are read: what it is about stands above it


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader says of one passage."""

    relevance: float
    """How near the passage comes to what is asked, in [0, 1]: what passages are ranked by."""
    answers: float
    """How likely the passage answers the question, in [0, 1]; calibrated on held-out handbooks."""
    units: tuple[float, ...]
    """For each unit how likely the answer stands in it; sums to 1."""


@dataclass(frozen=True, slots=True)
class ReadableText:
    """A passage as a reader is given it."""

    text: str
    spans: tuple[tuple[int, int], ...]
    """Where each unit stands in ``text``."""
    cosine: float | None = None
    """Of question and passage by the search; None where it is not the packaged embedder's."""


class Reader(Protocol):
    """Reads passages for a question; implementations pass one contract suite."""

    @property
    def name(self) -> str:
        """Which model it is, as ``doctor`` and the trace tell."""
        ...

    async def read(self, question: str, passages: Sequence[ReadableText]) -> list[Reading]:
        """One reading a passage, in order; the passages may be weighed against each other.

        ``passages``: as search found them, best first.

        Raises :class:`knowledge.errors.KnowledgeError` when the model cannot be loaded.
        """
        ...

    async def warm_up(self) -> None:
        """Load the weights now, not when the first question waits for them."""
        ...

    def close(self) -> None:
        """Let go of its models and its threads; nothing can be read afterwards."""
        ...


def readable_text(context: str, units: Sequence[Unit], cosine: float | None = None) -> ReadableText:
    """Title and headings, then the units; a table's cells each after its column's heading.

    Common short forms are spelled out, as the reader hardly knows them; quotes are not made of it.
    """
    parts = [context]
    spans = []
    at = len(context)
    for unit in units:
        said = spelled_out(unit.labelled or unit.text)
        if unit.kind == "code":
            said = said[:_LONGEST_CODE]
        spans.append((at + 1, at + 1 + len(said)))
        parts.append(said)
        at += 1 + len(said)
    return ReadableText("\n".join(parts), tuple(spans), cosine)
