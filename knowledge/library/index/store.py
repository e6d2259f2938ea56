"""The current generation as one passage store, and as what people search."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from knowledge.documents.reading import embedded_words
from knowledge.embedding.port import Embedder
from knowledge.errors import StoreError
from knowledge.library.index.index import Index, Opened
from knowledge.retrieval.reader import Reader
from knowledge.retrieval.retriever import Retriever
from knowledge.types import EmbeddedPassage, Evidence, Principals, ScoredPassage, Vector


class IndexStore:
    """A :class:`knowledge.stores.port.PassageStore` over whatever generation is current.

    It takes and is asked by vectors of the wanted embedder. While a generation of another one is
    still current, what is written is embedded anew by that one.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    async def replace(
        self, source: str, document: str, passages: Sequence[EmbeddedPassage]
    ) -> None:
        """See the port."""
        await self.replace_many(source, {document: passages})

    async def replace_many(
        self, source: str, documents: Mapping[str, Sequence[EmbeddedPassage]]
    ) -> None:
        """See the port."""
        if not documents:
            return

        async def work(opened: Opened) -> None:
            fitting = documents
            if opened.generation.making.embedder_name != self._index.embedder.name:
                fitting = await embedded_by(opened.embedder, documents)
            await opened.store.replace_many(source, fitting)

        await self._index.write(source, [*documents], work)

    async def delete(self, source: str, document: str | None = None) -> int:
        """See the port."""
        documents = None if document is None else [document]
        gone = await self._index.write(
            source, documents, lambda opened: opened.store.delete(source, document)
        )
        return max(gone)  # the same passages, if it was done in two generations

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
        """See the port; :class:`StoreError` while another embedder's generation answers."""
        async with self._index.using() as opened:
            made_by = opened.generation.making.embedder_name
            if made_by != self._index.embedder.name:
                raise StoreError(
                    f"The index was embedded by {made_by}: this vector does not compare with it."
                )
            return await opened.store.search(
                text, vector, principals, k, alpha=alpha, sources=sources
            )

    async def readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        """See the port."""
        async with self._index.using() as opened:
            return await opened.store.readable(ids, principals)

    async def held(self, source: str, document: str) -> list[EmbeddedPassage]:
        """See the port; with vectors of the wanted embedder, as whoever writes them back needs."""
        async with self._index.using() as opened:
            held = await opened.store.held(source, document)
            if opened.generation.making.embedder_name == self._index.embedder.name:
                return held
        return (await embedded_by(self._index.embedder, {document: held}))[document]

    async def count(self, source: str | None = None) -> int:
        """See the port."""
        async with self._index.using() as opened:
            return await opened.store.count(source)

    async def similar_words(self, word: str, principals: Principals) -> dict[str, int]:
        """See the port."""
        async with self._index.using() as opened:
            return await opened.store.similar_words(word, principals)

    async def close(self) -> None:
        """Close the index."""
        await self._index.close()


class IndexSearcher:
    """:class:`knowledge.retrieval.retriever.Retriever` over the index: a generation a question."""

    def __init__(self, index: Index, reader: Reader) -> None:
        self._index = index
        self._reader = reader

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
        searched: str | None = None,
    ) -> list[Evidence]:
        """See :meth:`knowledge.retrieval.retriever.Retriever.search`."""
        async with self._index.using() as opened:
            retriever = Retriever(opened.store, opened.embedder, self._reader)
            return await retriever.search(
                question, principals, k, sources=sources, searched=searched
            )


async def embedded_by(
    embedder: Embedder, documents: Mapping[str, Sequence[EmbeddedPassage]]
) -> dict[str, list[EmbeddedPassage]]:
    """The same passages with this embedder's vectors."""
    passages = [each.passage for some in documents.values() for each in some]
    words = [embedded_words(each.title, each.headings, each.text) for each in passages]
    vectors = iter(await embedder.embed_passages(words))
    return {
        name: [EmbeddedPassage(each.passage, next(vectors)) for each in some]
        for name, some in documents.items()
    }
