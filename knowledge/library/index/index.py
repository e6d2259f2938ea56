"""The index that answers: opened, followed when another takes its place, and written to.

Whoever asks holds one generation, store and embedder together, until the answer is there. So a
question is never embedded by one embedder and looked up among the vectors of another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.embedding.port import Embedder
from knowledge.errors import KnowledgeError, StateError, StoreError
from knowledge.library.index.generations import Generation, Generations, Making
from knowledge.stores.places import Place
from knowledge.stores.port import ListedStore

GATE_PAUSE = 0.1
"""Seconds between two looks of a writer that waits for a switch."""

EARLIER = "an earlier embedder"
"""Stands where nobody wrote down which one it was."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the index is to be made, by the settings."""

    place: str
    """The name of one of the places."""
    embedder: str
    """As :data:`OpenEmbedder` takes it."""


OpenEmbedder = Callable[[str], Embedder]
"""The embedder of a setting; raises :class:`KnowledgeError` if there is none."""


@dataclass(slots=True)
class Opened:
    """A generation, its store and what embeds for it."""

    generation: Generation
    store: ListedStore
    lacking: str
    """Why there is no embedder, where there is none."""
    _embedder: Embedder | None
    _opened_for_it: bool
    """Nobody else uses this embedder."""
    users: int = 0

    @property
    def embedder(self) -> Embedder:
        """The one that made its vectors; raises :class:`StoreError` if it cannot be had."""
        if self._embedder is None:
            raise StoreError(self.lacking)
        return self._embedder

    async def close(self) -> None:
        """Close the store, and the embedder that was opened for it."""
        await self.store.close()
        if self._embedder is not None and self._opened_for_it:
            self._embedder.close()


class Index:
    """All generations of an installation. Open it with :meth:`open`."""

    def __init__(
        self,
        engine: AsyncEngine,
        places: Mapping[str, Place],
        wanted: Wanted,
        embedder: Embedder,
        open_embedder: OpenEmbedder,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``embedder``: the wanted one, opened; ``engine``: of the database of the state."""
        self.generations = Generations(engine, clock)
        self.places = places
        self.wanted = wanted
        self.embedder = embedder
        self._open_embedder = open_embedder
        self._clock = clock
        self._sleep = sleep
        self._opened: dict[int, Opened] = {}
        self._opening = asyncio.Lock()
        self._is_closed = False
        self._current: int | None = None

    async def enter(self) -> None:
        """Enter what is there, or make the first generation. Nothing is opened."""
        standing = await self.generations.standing()
        making = self.making
        if standing.current is None:
            place = self.places[making.place]
            shown = await place.newest()
            number = shown or 1
            layout = await place.found(number) if shown else None
            entered = making if layout is None else replace(making, layout=layout)
            dimension = await place.dimension(number) if shown else None
            if dimension not in (None, making.dimension):
                # From before it was written down, and not by the one that is wanted now.
                entered = replace(entered, embedder="", embedder_name=EARLIER, dimension=dimension)
            await self.generations.enter_first(number, entered)
        elif not standing.current.making.place:
            number, known = standing.current.number, standing.current.making
            place = self.places[making.place]
            layout = await place.found(number)
            is_wanted = known.embedder_name == making.embedder_name
            completed = Making(
                making.place,
                making.layout if layout is None else layout,
                making.embedder if is_wanted else "",
                known.embedder_name,
                known.dimension,
            )
            await self.generations.complete(number, completed)

    @property
    def making(self) -> Making:
        """How a generation would be made now."""
        return Making(
            self.wanted.place,
            self.places[self.wanted.place].layout,
            self.wanted.embedder,
            self.embedder.name,
            self.embedder.dimension,
        )

    async def reason(self) -> str | None:
        """Why the index should be built anew, as a sentence; None if it need not be."""
        current = (await self.generations.standing()).current
        if current is None:
            return None
        is_, be = current.making, self.making
        if is_.place != be.place:
            return f"The index is in {_place(is_.place)} and is wanted in {_place(be.place)}."
        if (is_.embedder_name, is_.dimension) != (be.embedder_name, be.dimension):
            return (
                f"The index was embedded by {is_.embedder_name} ({is_.dimension} dimensions), and "
                f"the embedder is now {be.embedder_name} ({be.dimension})."
            )
        if is_.layout != be.layout:
            return "How the index is kept has changed."
        return None

    async def can_answer(self) -> bool:
        """Whether the embedder can be had that made the vectors of the one that answers."""
        async with self.using() as opened:
            return not opened.lacking

    @asynccontextmanager
    async def using(self) -> AsyncIterator[Opened]:
        """The generation that answers, which stays open within the block.

        Raises :class:`StoreError` if it cannot be opened.
        """
        async with self.holding(await self._answering()) as opened:
            yield opened

    @asynccontextmanager
    async def holding(self, generation: Generation) -> AsyncIterator[Opened]:
        """Any generation, open within the block."""
        opened = await self._open(generation)
        opened.users += 1
        try:
            yield opened
        finally:
            opened.users -= 1
            await self._close_unused()

    async def write(
        self,
        source: str,
        documents: Collection[str] | None,
        work: Callable[[Opened], Awaitable[_T]],
    ) -> list[_T]:
        """Write these documents, None for all of the source, to whatever generation is current.

        If another one takes its place meanwhile, once more to that. Returns what each time gave.
        """
        done: list[_T] = []
        while True:
            async with self.using() as opened:
                if await self._is_switching():
                    continue
                done.append(await work(opened))
                number = opened.generation.number
                if await self.generations.note(source, documents, number):
                    return done

    async def _is_switching(self) -> bool:
        """Whether another is about to become the current one; a moment later then."""
        standing = await self.generations.standing()
        if standing.is_switching(self._clock()):
            await self._sleep(GATE_PAUSE)
            return True
        return False

    async def close(self) -> None:
        """Close all that is open; nothing can be opened afterwards."""
        self._is_closed = True
        while self._opened:
            _, opened = self._opened.popitem()
            await opened.close()

    async def _answering(self) -> Generation:
        if self._is_closed:
            raise StoreError("The passage store is closed.")
        # Asked every time: a list of readers that was narrowed after a switch counts at once.
        current = (await self.generations.standing()).current
        if current is None:
            raise StateError("No index is entered in the state. Start again, which enters it.")
        self._current = current.number
        return current

    async def _open(self, generation: Generation) -> Opened:
        async with self._opening:
            if generation.number not in self._opened:
                making = generation.making
                if making.place not in self.places:
                    raise StoreError(
                        f"The index is in {_place(making.place)}, which no setting names. Set "
                        "WEAVIATE_URL, with HOUSEVOICE_STORE=embedded to move the index here; or "
                        "run 'index rebuild --afresh', and 'source refresh' to fill it."
                    )
                store = await self.places[making.place].open(generation.number)
                embedder, lacking = self._embedder_of(making)
                self._opened[generation.number] = Opened(
                    generation, store, lacking, embedder, embedder is not self.embedder
                )
            return self._opened[generation.number]

    def _embedder_of(self, making: Making) -> tuple[Embedder | None, str]:
        if making.embedder_name == self.embedder.name:
            return self.embedder, ""
        found: Embedder | None = None
        if making.embedder_name != EARLIER:
            with suppress(KnowledgeError):
                found = self._open_embedder(making.embedder or making.embedder_name)
        if found is not None and found.name == making.embedder_name:
            return found, ""
        return None, (
            f"The passages were embedded by {making.embedder_name}, which cannot be loaded any "
            "more. Run 'index rebuild', which embeds them anew, or set HOUSEVOICE_EMBEDDER back."
        )

    async def _close_unused(self) -> None:
        for number, opened in [*self._opened.items()]:
            if not opened.users and number != self._current:
                del self._opened[number]
                await opened.close()


def _place(name: str) -> str:
    return {"embedded": "the data folder", "weaviate": "Weaviate"}.get(name, name)
