"""A question that a person wrote the answer to gets that answer, whole and before all others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.answers.chain import Retriever
from bot.answers.judge import CERTAIN
from knowledge.parsing.inline import plain_text
from knowledge.types import CURATED, Evidence, Passage, Principals, ScoredUnit

Worded = Callable[[str, Principals], Awaitable[Passage | None]]
"""The answer that was written for exactly this question, if these may read it;
:meth:`knowledge.library.curated.CuratedAnswers.worded`."""


class CuratedFirst:
    """A :class:`bot.answers.chain.Retriever` that asks another, but looks there first.

    Other wordings find the same answers by search, like everything else.
    """

    def __init__(self, retriever: Retriever, worded: Worded) -> None:
        self._retriever = retriever
        self._worded = worded

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """See :class:`bot.answers.chain.Retriever`."""
        passage = None
        if sources is None or CURATED in sources:
            passage = await self._worded(question, principals)
        found = await self._retriever.search(question, principals, k, sources=sources)
        if passage is None:
            return found
        others = [each for each in found if each.passage.id != passage.id]
        return [_whole(passage), *others][:k]


def _whole(passage: Passage) -> Evidence:
    """The passage as one piece: who wrote it meant all of it."""
    words = plain_text(passage.text) or passage.text
    unit = ScoredUnit(words, passage.text, "sentence", "", share=1.0)
    return Evidence(passage, CERTAIN, CERTAIN, (unit,))
