"""Which places the settings name for the index, and the index opened with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import ConfigurationError
from bot.shell.settings import Settings
from bot.shell.sources import in_words
from bot.source_ports import IndexStatus, KnownIndex
from knowledge.embedding.local import PACKAGED, open_embedder
from knowledge.embedding.port import Embedder
from knowledge.library.index.generations import Generations
from knowledge.library.index.index import Index, Wanted
from knowledge.library.index.rebuild import Rebuilding, Shown
from knowledge.library.leases import Leases
from knowledge.state.database import open_database
from knowledge.stores.places import EmbeddedPlace, Place
from knowledge.stores.port import ListedStore


def now() -> datetime:
    """In UTC."""
    return datetime.now(UTC)


def database_url(settings: Settings) -> str:
    """Where the state is kept."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.data.absolute() / 'state.db'}"


def wanted_place(settings: Settings) -> str:
    """The name of the place that passages are wanted in."""
    if settings.store != "auto":
        return settings.store
    return "embedded" if settings.weaviate_url is None else "weaviate"


def places(settings: Settings) -> dict[str, Place]:
    """The places that can be opened, by their names."""
    found: dict[str, Place] = {"embedded": EmbeddedPlace(settings.data)}
    if settings.weaviate_url is not None:
        from knowledge.stores.weaviate.place import WeaviatePlace
        from knowledge.stores.weaviate.schema import Cluster

        key = settings.weaviate_api_key
        found["weaviate"] = WeaviatePlace(
            settings.weaviate_url,
            api_key=key.get_secret_value() if key else None,
            grpc_port=settings.weaviate_grpc_port,
            cluster=Cluster(
                settings.weaviate_replicas,
                settings.weaviate_shards,
                settings.weaviate_reads,
                settings.weaviate_tenant,
            ),
        )
    elif settings.store == "weaviate":
        raise ConfigurationError("HOUSEVOICE_STORE is weaviate: set WEAVIATE_URL too.")
    return found


async def open_index(settings: Settings, engine: AsyncEngine, embedder: Embedder) -> Index:
    """The index with what there is entered in it; its store is opened by whoever uses it."""
    index = Index(
        engine,
        places(settings),
        Wanted(wanted_place(settings), _from_anywhere(settings.embedder)),
        embedder,
        partial(open_embedder, weights=settings.data / "weights"),
        clock=now,
    )
    await index.enter()
    return index


def _from_anywhere(embedder: str) -> str:
    """The setting as it can be kept: another process may be started in another folder."""
    return embedder if embedder == PACKAGED else str(Path(embedder).absolute())


@asynccontextmanager
async def opened_rebuilding(settings: Settings) -> AsyncIterator[tuple[Index, Rebuilding]]:
    """The index by itself, also where the one that answers is lost."""
    engine = await open_database(database_url(settings))
    try:
        weights = settings.data / "weights"
        embedder = await asyncio.to_thread(open_embedder, settings.embedder, weights)
        index = await open_index(settings, engine, embedder)
        try:
            yield index, Rebuilding(index, Leases(engine, now), now)
        finally:
            await index.close()
    finally:
        await engine.dispose()


async def open_current(settings: Settings) -> tuple[str, ListedStore]:
    """The store that answers, with the name of its place; no model is looked at."""
    engine = await open_database(database_url(settings))
    try:
        current = (await Generations(engine, now).standing()).current
    finally:
        await engine.dispose()
    name = (current.making.place if current else "") or wanted_place(settings)
    known = places(settings)
    if name not in known:
        raise ConfigurationError(
            f"The index is in {name}, which no setting names: 'index status' tells more."
        )
    number = current.number if current else await known[name].newest()
    return name, await known[name].open(number or 1)


class KnownIndexes:
    """:class:`bot.source_ports.Indexes` over those of this process."""

    def __init__(self, index: Index, rebuilding: Rebuilding) -> None:
        self._index = index
        self._rebuilding = rebuilding

    async def status(self) -> IndexStatus:
        """As they are now; each is opened to count its passages."""
        with in_words():
            shown, working = await self._rebuilding.status()
            reason = await self._index.reason()
        since = f"{working.since:%Y-%m-%d %H:%M} UTC" if working else ""
        return IndexStatus(
            [_known(each) for each in shown],
            reason or "",
            f"Worked on by {working.holder} since {since}." if working else "",
        )

    async def rebuild(self, tell: Callable[[str], None]) -> int:
        """From the passages of the one that answers."""
        with in_words():
            return (await self._rebuilding.rebuild(tell)).number

    async def switch(self, number: int | None, tell: Callable[[str], None]) -> int:
        """Once it has what was written since."""
        with in_words():
            return (await self._rebuilding.switch(number, tell)).number

    async def drop(self, number: int) -> None:
        """At once."""
        with in_words():
            await self._rebuilding.drop(number)


def _known(shown: Shown) -> KnownIndex:
    generation, made = shown.generation, shown.generation.making
    return KnownIndex(
        generation.number,
        generation.state,
        made.place,
        shown.passages,
        made.embedder_name,
        made.dimension,
    )
