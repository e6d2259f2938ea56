"""Passages that are found and judged as a test lays down."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from bot.answers.judge import Thresholds
from knowledge.retrieval.reader import ReadableText, Reading
from knowledge.text.sentences import split_units
from knowledge.text.words import stems, telling
from knowledge.types import (
    PUBLIC,
    EmbeddedPassage,
    Evidence,
    Passage,
    Principals,
    ScoredUnit,
)

NEAR, FAR = 0.9, 0.01
"""What a reader says of what was asked for, and of what has nothing to do with it."""
THRESHOLDS = Thresholds(sure=0.5, unsure=0.2, near=0.1)


class FakeRetriever:
    """Hands out what was queued, one result a search; nothing queued: nothing found.

    A queued exception is raised. ``asked``: the (question, principals) of every search.
    """

    def __init__(self, *results: Sequence[Evidence] | Exception):
        self._results = deque(results)
        self.asked: list[tuple[str, Principals]] = []

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """The next queued result."""
        self.asked.append((question, principals))
        result = self._results.popleft() if self._results else ()
        if isinstance(result, Exception):
            raise result
        return list(result)[:k]


@dataclass(frozen=True, slots=True)
class Search:
    """One search, as it was asked for."""

    question: str
    principals: Principals
    sources: frozenset[str] | None


class InMemoryPassages:
    """Passages that answer questions with certain words in them, for those who may read them.

    Both retriever and store: it filters by access and by source as they do, and knows who may
    read what. ``searches``: what was asked of it. ``fault``: raised by the next search.
    """

    def __init__(self) -> None:
        self._held: list[tuple[str, Evidence]] = []
        self.searches: list[Search] = []
        self.fault: Exception | None = None

    def knows(self, words: str, *found: Evidence) -> None:
        """Questions with ``words`` in them, in any case, find these; "" is in every question."""
        self._held += [(words.lower(), each) for each in found]

    def forget(self, *gone: Evidence) -> None:
        """These are no longer held: deleted at the source, or changed."""
        ids = {each.passage.id for each in gone}
        self._held = [(words, each) for words, each in self._held if each.passage.id not in ids]

    async def replace(
        self, source: str, document: str, passages: Sequence[EmbeddedPassage]
    ) -> None:
        """Hold these of a document; questions that have their last heading in them find them."""
        await self.delete(source, document)
        for each in passages:
            asked = each.passage.headings[-1].lower()
            unit = ScoredUnit(each.passage.text, each.passage.text, "sentence", "", 1.0)
            self._held.append((asked, Evidence(each.passage, NEAR, NEAR, (unit,))))

    async def delete(self, source: str, document: str | None = None) -> int:
        """Hold nothing of a document, or of a source, any more."""
        kept = [
            (words, each)
            for words, each in self._held
            if each.passage.source != source or document not in (None, each.passage.document)
        ]
        gone, self._held = len(self._held) - len(kept), kept
        return gone

    async def held(self, source: str, document: str) -> list[EmbeddedPassage]:
        """All that is held of a document."""
        return [
            EmbeddedPassage(each.passage, np.ones(1, np.float32))
            for _, each in self._held
            if (each.passage.source, each.passage.document) == (source, document)
        ]

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """What answers the question and may be read, in the order in which it was made known."""
        self.searches.append(Search(question, principals, sources))
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return [
            each
            for words, each in self._held
            if words in question.lower()
            and each.passage.access & principals
            and (sources is None or each.passage.source in sources)
        ][:k]

    async def readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        """Which of these are held and may be read."""
        return frozenset(
            each.passage.id
            for _, each in self._held
            if each.passage.id in ids and each.passage.access & principals
        )


def evidence(
    markdown: str,
    shares: Mapping[str, float] | None = None,
    *,
    title: str = "Handbook",
    headings: tuple[str, ...] = (),
    document: str = "handbook.md",
    source: str = "handbook",
    url: str = "https://intra.example/handbook",
    answers: float = NEAR,
    score: float = NEAR,
    access: Principals = frozenset({PUBLIC}),
) -> Evidence:
    """A found passage that answers, unless told otherwise.

    ``shares``: a piece of a unit's text to how likely the answer stands there; units that hold none
    of the pieces are ``FAR``. Without it the first unit that is no heading is ``NEAR``.
    """
    units = split_units(markdown)
    if shares is None:
        telling = [unit for unit in units if unit.kind != "heading"] or units
        shares = {telling[0].text: NEAR}
    scored = tuple(
        ScoredUnit(
            unit.text,
            unit.raw,
            unit.kind,
            unit.lead,
            next((near for piece, near in shares.items() if piece in unit.text), FAR),
        )
        for unit in units
    )
    return Evidence(
        passage=Passage(
            id=str(uuid5(NAMESPACE_URL, f"{source}\x1f{document}\x1f{markdown}")),
            source=source,
            document=document,
            title=title,
            headings=headings,
            position=0,
            url=url,
            text=markdown,
            access=access,
        ),
        score=score,
        answers=answers,
        units=scored,
    )


def far_evidence(markdown: str, *, title: str = "Handbook", document: str = "x.md") -> Evidence:
    """A found passage that is about the same thing, but does not answer."""
    return evidence(markdown, {}, title=title, document=document, answers=0.02, score=0.3)


class FakeReader:
    """Says of every passage what share of the question's telling words it has.

    ``asked``: the question and the texts of every reading; ``cosines``: those told of them.
    """

    name = "fake"

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.cosines: list[list[float | None]] = []

    async def read(self, question: str, passages: Sequence[ReadableText]) -> list[Reading]:
        """One reading a passage."""
        self.asked.append((question, tuple(each.text for each in passages)))
        self.cosines.append([each.cosine for each in passages])
        words = telling(question).keys()

        def share(text: str) -> float:
            return len(words & stems(text)) / max(1, len(words))

        readings = []
        for each in passages:
            units = [share(each.text[start:end]) + 0.01 for start, end in each.spans]
            near = share(each.text)
            readings.append(Reading(near, near, tuple(one / sum(units) for one in units)))
        return readings

    async def warm_up(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to let go of."""
