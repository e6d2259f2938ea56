"""The passages as they would be after the switch, to be searched before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from knowledge.library.release.items import WorkItems
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.port import PassageSearch
from knowledge.types import Principals, ScoredPassage, Vector


class Overlay:
    """What is answered from now, without some documents of a source, and with their new versions.

    The two are searched apart and their results laid into each other by rank: scores of two
    searches do not compare, and the reader, which looks at all of them, decides.
    """

    def __init__(
        self, store: PassageSearch, staged: PassageSearch, source: str, covered: Collection[str]
    ) -> None:
        """``covered``: the documents of the source whose old versions are not seen."""
        self._store = store
        self._staged = staged
        self._source = source
        self._covered = frozenset(covered)

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
        """See :class:`knowledge.stores.port.PassageStore`."""
        asked = (text, vector, principals)
        staying = [
            each
            for each in await self._store.search(*asked, 2 * k, alpha=alpha, sources=sources)
            if not self._is_covered(each)
        ]
        new = await self._staged.search(*asked, k, alpha=alpha, sources=sources)
        ranked = sorted(
            [(rank, 0, each) for rank, each in enumerate(staying)]
            + [(rank, 1, each) for rank, each in enumerate(new)],
            key=lambda one: one[:2],
        )
        return [each for _, _, each in ranked[:k]]

    def _is_covered(self, found: ScoredPassage) -> bool:
        one = found.passage
        return one.source == self._source and one.document in self._covered


@asynccontextmanager
async def overlaid(
    store: PassageSearch, items: WorkItems, source: str, going: Collection[str]
) -> AsyncIterator[Overlay]:
    """The store with these work items laid over it, for as long as the block lasts."""
    with TemporaryDirectory(prefix="housevoice-") as folder:
        staged = await EmbeddedStore.open(Path(folder) / "staged.db")
        try:
            async for path, passages in items.bodies(source, going):
                if passages:
                    await staged.replace(source, path, passages)
            yield Overlay(store, staged, source, going)
        finally:
            await staged.close()
