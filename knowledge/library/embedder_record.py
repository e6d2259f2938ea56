"""Which embedder made the vectors in the store: those of another one do not compare with them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.embedding.port import Embedder
from knowledge.errors import StoreError
from knowledge.library.attachments import forget_all
from knowledge.library.catalog import Catalog
from knowledge.library.release.items import drop_items
from knowledge.state.tables import metadata, upsert
from knowledge.stores.port import PassageStore
from knowledge.types import CURATED

_record = sa.Table(
    "index_embedder",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
)
_ONLY = 1  # the id of its one row


class EmbedderRecord:
    """What is recorded of the embedder, and what becomes of the passages when it changes."""

    def __init__(
        self, engine: AsyncEngine, catalog: Catalog, store: PassageStore, embedder: Embedder
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._store = store
        self._embedder = embedder

    async def check(self) -> None:
        """Raise :class:`StoreError` if another embedder made the vectors."""
        recorded = await self._recorded()
        if recorded not in (None, self._current()):
            raise StoreError(
                "The passages were embedded by {} ({} dimensions), and the embedder is now "
                "{} ({}). Run 'source refresh' to read everything again, or set "
                "HOUSEVOICE_EMBEDDER back.".format(*recorded, *self._current())
            )

    async def settle(self) -> None:
        """Take out what another embedder made, so that this one's vectors are alone.

        The sources are read again one by one; until then they have no passages. A process that
        dies on the way leaves the old record, and the next one begins anew.
        """
        recorded = await self._recorded()
        if recorded == self._current():
            return
        if recorded is not None:
            for spec in await self._catalog.sources():
                await self._catalog.mark_unread(spec.id)
                await self._store.delete(spec.id)
                async with self._engine.begin() as db:
                    await drop_items(db, spec.id)
            await forget_all(self._engine, self._store)
            await self._store.delete(CURATED)  # housekeeping stores them anew
        name, dimension = self._current()
        async with self._engine.begin() as db:
            await db.execute(upsert(db, _record).values(id=_ONLY, name=name, dimension=dimension))

    def _current(self) -> tuple[str, int]:
        return self._embedder.name, self._embedder.dimension

    async def _recorded(self) -> tuple[str, int] | None:
        async with self._engine.connect() as db:
            row = (await db.execute(sa.select(_record))).one_or_none()
        return None if row is None else (row.name, row.dimension)
