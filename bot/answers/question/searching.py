"""What is searched for a question: its slips put right, and the company's other words for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

from bot.answers.question.glossary import Glossary, widened
from bot.answers.question.typos import corrected
from knowledge.types import Evidence, Principals

SimilarWords = Callable[[str, Principals], Awaitable[Mapping[str, int]]]
"""Words near a word in what these principals may read;
:meth:`knowledge.stores.port.PassageStore.similar_words`."""


class Searcher(Protocol):
    """Finds and reads; :class:`knowledge.retrieval.retriever.Retriever` is one."""

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
        searched: str | None = None,
    ) -> list[Evidence]:
        """At most ``k`` pieces of evidence, best first."""
        ...


class Searching:
    """A :class:`bot.answers.chain.Retriever` that searches for more than was typed.

    What is read with the passages is the question without its slips; the glossary's words only
    help to find them.
    """

    def __init__(self, searcher: Searcher, similar: SimilarWords, glossary: Glossary):
        self._searcher = searcher
        self._similar = similar
        self._glossary = glossary

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """See :class:`bot.answers.chain.Retriever`."""
        question = await corrected(question, partial(self._similar_to, principals))
        return await self._searcher.search(
            question,
            principals,
            k,
            sources=sources,
            searched=widened(question, self._glossary),
        )

    async def _similar_to(self, principals: Principals, word: str) -> Mapping[str, int]:
        return await self._similar(word, principals)
