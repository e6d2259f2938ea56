"""Finding the passages for a question, and reading the best of them closely.

Hybrid search finds; near-duplicates are collapsed; then every quotable unit of the best passages
is compared with the question. That second look both ranks (docs/benchmarks.md: nDCG@10 .936 to
.969 on a handbook with its headings, .547 to .575 without) and tells which sentences to quote.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.embedding import Embedder
from knowledge.sentences import Unit, split_units
from knowledge.store import PassageStore
from knowledge.types import Evidence, Passage, Principals, ScoredPassage, ScoredUnit, Vector
from knowledge.words import stems_and_compounds, surface_words, telling

ALPHA = 0.7
"""Weight of the vectors in the fusion; see docs/benchmarks.md for the other values."""
READ_CLOSELY = 10
"""Passages whose units are embedded: about 50 units, 100 ms on two cores."""
_CANDIDATES = 30
_SAME_TEXT = 0.85  # share of word triples in common (Broder 1997) above which texts are one
_CACHED_UNITS = 20_000  # vectors of 384 floats: about 30 MB


class Retriever:
    """Search for people: by question, for those who may read, best evidence first."""

    def __init__(self, store: PassageStore, embedder: Embedder):
        self._store = store
        self._embedder = embedder
        self._unit_vectors: dict[str, Vector] = {}

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """At most ``k`` pieces of evidence, no two of them near-duplicates.

        Raises :class:`knowledge.errors.StoreError`.
        """
        vector = await self._embedder.embed_one(question)
        found = await self._store.search(
            question,
            vector,
            principals,
            max(_CANDIDATES, 2 * k),
            alpha=ALPHA,
            sources=sources,
        )
        distinct = _without_near_duplicates(found)[: max(READ_CLOSELY, k)]
        return (await self._read(question, vector, distinct))[:k]

    async def _read(
        self, question: str, vector: Vector, found: Sequence[ScoredPassage]
    ) -> list[Evidence]:
        close, rest = found[:READ_CLOSELY], found[READ_CLOSELY:]
        units = [_units(one.passage) for one in found]
        texts = [heading(one.passage) for one in close]
        texts += [_in_context(unit) for each in units[: len(close)] for unit in each]
        cosines = await self._cosines(texts, vector)
        words = telling(question)
        rarity = await self._rarity(words)
        evidence = []
        for index, one in enumerate(close):
            scored = tuple(
                ScoredUnit(unit.text, unit.raw, unit.kind, unit.lead, cosines[_in_context(unit)])
                for unit in units[index]
            )
            near = max(cosines[heading(one.passage)], *(unit.cosine for unit in scored))
            evidence.append(
                _evidence(one, one.score + near, cosines[heading(one.passage)], scored, rarity)
            )
        evidence.sort(key=lambda each: -each.score)
        # Those that were not read closely keep their order, below all that were.
        for index, one in enumerate(rest, start=len(close)):
            unread = tuple(
                ScoredUnit(unit.text, unit.raw, unit.kind, unit.lead, 0.0) for unit in units[index]
            )
            evidence.append(_evidence(one, one.score - 1, 0.0, unread, rarity))
        return evidence

    async def _cosines(self, texts: Sequence[str], vector: Vector) -> dict[str, float]:
        new = [text for text in dict.fromkeys(texts) if text not in self._unit_vectors]
        if len(self._unit_vectors) + len(new) > _CACHED_UNITS:
            self._unit_vectors.clear()
            new = list(dict.fromkeys(texts))
        vectors: NDArray[np.float32] = await self._embedder.embed(new)
        self._unit_vectors.update(zip(new, vectors, strict=True))
        return {text: float(self._unit_vectors[text] @ vector) for text in texts}

    async def _rarity(self, words: dict[str, str]) -> dict[str, float]:
        """Stem to inverse document frequency (Robertson & Spärck Jones), in nats."""
        total = await self._store.count()
        frequency = await self._store.frequencies(list(words.values()))
        return {
            stem: math.log(1 + (total - frequency[word] + 0.5) / (frequency[word] + 0.5))
            for stem, word in words.items()
        }


def heading(passage: Passage) -> str:
    """The passage's own heading: what its section is called, or else the document."""
    return passage.headings[-1] if passage.headings else passage.title


def _in_context(unit: Unit) -> str:
    """What is embedded of a unit: "London | £58" means nothing without its table's header."""
    return f"{unit.lead} {unit.text}" if unit.lead else unit.text


def _units(passage: Passage) -> list[Unit]:
    # A passage of nothing but a heading or a rule is still one thing to look at.
    return split_units(passage.text) or [Unit(passage.text, passage.text, "sentence")]


def _evidence(
    found: ScoredPassage,
    score: float,
    heading_cosine: float,
    units: tuple[ScoredUnit, ...],
    rarity: dict[str, float],
) -> Evidence:
    present = stems_and_compounds(f"{found.passage.context} {found.passage.text}")
    missing = [weight for stem, weight in rarity.items() if stem not in present]
    nearest = sorted(units, key=lambda unit: -unit.cosine)[:2]
    beside = stems_and_compounds(
        " ".join([found.passage.context, *(f"{u.text} {u.lead}" for u in nearest)])
    )
    return Evidence(
        passage=found.passage,
        score=score,
        cosine=found.cosine or 0.0,
        heading_cosine=heading_cosine,
        units=units,
        unit_coverage=len(rarity.keys() & beside) / len(rarity) if rarity else 0.0,
        rarest_missing=max(missing, default=0.0),
    )


def _without_near_duplicates(found: Sequence[ScoredPassage]) -> list[ScoredPassage]:
    kept: list[ScoredPassage] = []
    triples: list[set[tuple[str, ...]]] = []
    for one in found:
        words = surface_words(one.passage.text)
        own = {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}
        if all(len(own & other) / len(own | other) < _SAME_TEXT for other in triples):
            kept.append(one)
            triples.append(own)
    return kept
