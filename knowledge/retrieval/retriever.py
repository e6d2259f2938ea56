"""Finding the passages for a question: search from afar, then a reader over the best of them.

Hybrid search finds; near-duplicates are collapsed; then the reader sees the question and each of
the best passages together. That one look ranks them, says whether each answers, and where.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache

from knowledge.embedding.packaged import NAME as PACKAGED_NAME
from knowledge.embedding.port import Embedder
from knowledge.parsing.inline import plain_text
from knowledge.retrieval.abbreviations import long_form, may_abbreviate
from knowledge.retrieval.reader import Reader, Reading, readable_text
from knowledge.stores.port import PassageSearch
from knowledge.text.sentences import Unit, split_units
from knowledge.text.short_forms import spelled_out
from knowledge.text.words import surface_words
from knowledge.types import Evidence, Passage, Principals, ScoredPassage, ScoredUnit, Vector

ALPHA = 0.6
"""Weight of the vectors in the fusion; see docs/benchmarks.md for the other values."""
READ = 15
"""Passages that are read at the least; docs/benchmarks.md tells what more of them would bring."""
_DEFINING = 50  # passages with an abbreviation that are looked through for what it stands for
_DUPLICATES = 3  # candidates for each that is read: some of them say the same
_SAME_TEXT = 0.85  # share of word triples in common (Broder 1997) above which texts are one


class Retriever:
    """Search for people: by question, for those who may read, best evidence first."""

    def __init__(
        self, store: PassageSearch, embedder: Embedder, reader: Reader, *, read: int = READ
    ):
        """``read``: passages that are read at the least."""
        self._least = read
        self._store = store
        self._embedder = embedder
        self._reader = reader
        # Cosines of different embedders do not compare, and readers were fitted to this one's.
        self._is_calibrated = embedder.name == PACKAGED_NAME

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
        searched: str | None = None,
    ) -> list[Evidence]:
        """At most ``k`` pieces of evidence, no two of them near-duplicates.

        ``searched``: what to search for, where that is more than the question that is read.
        Raises :class:`knowledge.errors.StoreError`, or :class:`knowledge.errors.KnowledgeError`
        when a model cannot be loaded.
        """
        found = await self.candidates(searched or question, principals, k, sources=sources)
        units = [_units(each.passage) for each in found]
        texts = [
            readable_text(each.passage.context, some, each.cosine if self._is_calibrated else None)
            for each, some in zip(found, units, strict=True)
        ]
        readings = await self._reader.read(spelled_out(question), texts)
        evidence = [
            _evidence(each.passage, some, reading)
            for each, some, reading in zip(found, units, readings, strict=True)
        ]
        return sorted(evidence, key=lambda each: -each.score)[:k]

    async def candidates(
        self,
        text: str,
        principals: Principals,
        k: int = 1,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[ScoredPassage]:
        """What is read for this text, in the order of the search; ``k`` at the least."""
        most = max(self._least, k)
        vector = await self._embedder.embed_question(text)
        spelled_out = await self._spelled_out(text, vector, principals, sources)
        if spelled_out:
            text = f"{text} {spelled_out}"
            vector = await self._embedder.embed_question(text)
        found = await self._store.search(
            text, vector, principals, _DUPLICATES * most, alpha=ALPHA, sources=sources
        )
        return _without_near_duplicates(found, most)

    async def _spelled_out(
        self,
        text: str,
        vector: Vector,
        principals: Principals,
        sources: frozenset[str] | None,
    ) -> str:
        """What the abbreviations of a question stand for in what the asker may read.

        "pr" finds the pages that say "pull request", since one of them says "pull request (PR)".
        """
        shorts = may_abbreviate(text)
        with_them = await asyncio.gather(
            *(
                self._store.search(short, vector, principals, _DEFINING, alpha=0, sources=sources)
                for short in shorts
            )
        )
        longs = [
            long_form(short, (each.passage.text for each in found))
            for short, found in zip(shorts, with_them, strict=True)
        ]
        asked = set(surface_words(text))
        return " ".join(each for each in longs if each and not set(surface_words(each)) <= asked)


def _units(passage: Passage) -> list[Unit]:
    # A passage of nothing but a heading or a rule is still one thing to look at.
    whole = plain_text(passage.text) or passage.text
    return split_units(passage.text) or [Unit(whole, passage.text, "sentence")]


def _evidence(passage: Passage, units: Sequence[Unit], reading: Reading) -> Evidence:
    scored = tuple(
        ScoredUnit(unit.text, unit.raw, unit.kind, unit.lead, share)
        for unit, share in zip(units, reading.units, strict=True)
    )
    return Evidence(passage, reading.relevance, reading.answers, scored)


def _without_near_duplicates(found: Sequence[ScoredPassage], most: int) -> list[ScoredPassage]:
    kept: list[ScoredPassage] = []
    triples: list[frozenset[tuple[str, ...]]] = []
    for one in found:
        own = _triples(one.passage.text)
        if not any(_is_same(own, other) for other in triples):
            kept.append(one)
            triples.append(own)
        if len(kept) == most:
            break
    return kept


def _is_same(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    few, many = sorted((len(one), len(other)))
    if few < _SAME_TEXT * many:  # they cannot share enough
        return False
    return len(one & other) >= _SAME_TEXT * len(one | other)


@lru_cache(maxsize=2048)
def _triples(text: str) -> frozenset[tuple[str, ...]]:
    words = surface_words(text)
    return frozenset(tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2)))
