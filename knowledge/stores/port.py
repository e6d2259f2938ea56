"""The port behind which passages are stored and searched; implementations live in ``stores/``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from knowledge.stores.listing import Listing
from knowledge.types import EmbeddedPassage, Principals, ScoredPassage, Vector


class PassageSearch(Protocol):
    """What can be searched."""

    async def search(
        self,
        text: str,
        vector: Vector,
        principals: Principals,
        k: int,
        *,
        alpha: float,
        sources: frozenset[str] | None = None,
    ) -> list[ScoredPassage]:
        """The best ``k`` passages by BM25 on ``text`` and cosine with ``vector``, best first.

        Both legs are fused by relative score (each leg's scores scaled to [0, 1]), ``alpha``
        being the weight of the vector leg. Only passages whose access list shares a member with
        ``principals`` (and, if given, whose source is in ``sources``) are looked at: the filter
        is part of the query. No principals, or an empty ``sources``: no results.
        """
        ...


class PassageStore(PassageSearch, Protocol):
    """Keeps passages with their vectors and finds them again, for those who may read them.

    Every implementation passes the same contract suite (tests/knowledge/store_contract).
    All raise :class:`knowledge.errors.StoreError` when the store cannot be reached or refuses.
    """

    async def replace(
        self, source: str, document: str, passages: Sequence[EmbeddedPassage]
    ) -> None:
        """Make ``passages`` all that the store holds of one document, at once.

        A reader never finds none of them. It sees the old ones or the new ones; where the server
        has no transactions (Weaviate), both for a moment. Idempotent.
        """
        ...

    async def replace_many(
        self, source: str, documents: Mapping[str, Sequence[EmbeddedPassage]]
    ) -> None:
        """:meth:`replace` for several documents of a source, in as few calls as the store takes.

        Many small documents go in much faster so. Those that no passages are given for go.
        """
        ...

    async def delete(self, source: str, document: str | None = None) -> int:
        """Remove one document's passages, or the whole source's; returns how many went."""
        ...

    async def readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        """Those of these passages that the store holds and these principals may read.

        The access filter is part of the query. An id is derived from a passage's content, so one
        that is missing here has changed, has gone or is not for them. No principals: none.
        """
        ...

    async def held(self, source: str, document: str) -> list[EmbeddedPassage]:
        """All that the store holds of one document, by position, whoever may read it.

        For keeping the index in order, never for answering.
        """
        ...

    async def count(self, source: str | None = None) -> int:
        """How many passages the store holds, of one source or in all."""
        ...

    async def similar_words(self, word: str, principals: Principals) -> dict[str, int]:
        """Words that ``word`` may have been meant to be, and in about how many passages each is.

        As they are written in passages that these principals may read, in lower case; ``word``
        itself among them when it is in one (:func:`knowledge.text.spelling.may_be`). A correction
        is shown, so nothing that others may read is looked at.
        No principals: none.
        """
        ...

    async def close(self) -> None:
        """Release connections. The store cannot be used afterwards."""
        ...


class ListedStore(PassageStore, Protocol):
    """A store that also tells all it holds, for building another one from it."""

    async def listing(self) -> Listing:
        """Every document with how many passages it has, and their digest."""
        ...
