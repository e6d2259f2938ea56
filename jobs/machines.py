"""Sources read by several machines, with Ray: the one place that knows it.

On each machine of the cluster one actor embeds and one reads; those that read have a library of
their own over the same state and the same passages. What a worker that died leaves behind, its
lease and its work items, is what a process that died here leaves behind.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING, Any

from knowledge.documents.reading import CountTokens
from knowledge.embedding.port import Embedder
from knowledge.errors import KnowledgeError
from knowledge.library.kept.records import RunReport
from knowledge.library.library import Library
from knowledge.sources.port import SourceSpec
from knowledge.types import Vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 32
"""Texts that one machine embeds while the others have theirs."""
_RESTARTS = 3
"""Of an actor that died, with what it was asked: a document that kills each of them is left."""

OpenEmbedder = Callable[[], Embedder]
OpenLibrary = Callable[[Embedder], AbstractAsyncContextManager[Library]]
"""Both are called on the machines of the cluster, and find there what they need."""


class Embedding:
    """An actor that embeds."""

    def __init__(self, open_embedder: OpenEmbedder) -> None:
        self._embedder = open_embedder()

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As :meth:`Embedder.embed_passages` does."""
        return await self._embedder.embed_passages(texts)


class SpreadEmbedder:
    """Embeds passages on all machines, and questions where it is."""

    def __init__(self, here: Embedder, actors: Sequence[Any]) -> None:
        self._here = here
        self._actors = cycle(actors)

    @property
    def name(self) -> str:
        """The same model everywhere."""
        return self._here.name

    @property
    def dimension(self) -> int:
        """Length of every vector."""
        return self._here.dimension

    @property
    def counter(self) -> CountTokens:
        """Of the same model."""
        return self._here.counter

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Raises :class:`KnowledgeError` if a machine went away over it, more than once."""
        import numpy as np
        from ray.exceptions import RayError

        if not texts:
            return await self._here.embed_passages(texts)
        asked = [
            next(self._actors).embed.remote(texts[first : first + BATCH])
            for first in range(0, len(texts), BATCH)
        ]
        try:
            return np.concatenate(await asyncio.gather(*asked))
        except RayError as error:
            raise _as_raised(error, "embedded") from error

    async def embed_question(self, text: str) -> Vector:
        """By the model that is here, which is loaded then."""
        return await self._here.embed_question(text)

    async def warm_up(self) -> None:
        """Nothing is loaded here."""

    def close(self) -> None:
        """The actors are their owner's."""
        self._here.close()


class Reading:
    """An actor that reads sources by a library of its own."""

    def __init__(
        self, open_library: OpenLibrary, open_embedder: OpenEmbedder, embedding: Sequence[Any]
    ) -> None:
        self._open_library = open_library
        self._embedder = SpreadEmbedder(open_embedder(), embedding)
        self._opening = asyncio.Lock()
        self._opened = AsyncExitStack()
        self._library: Library | None = None

    async def read(self, source: str) -> RunReport:
        """As :meth:`Library.refresh` does."""
        async with self._opening:
            if self._library is None:
                opened = self._open_library(self._embedder)
                self._library = await self._opened.enter_async_context(opened)
        return await self._library.refresh(source)


@dataclass(slots=True)
class _Reader:
    actor: Any
    is_here: bool
    """Whether it has the disk of this machine."""
    reading: int = 0


@dataclass(frozen=True, slots=True)
class Machines:
    """The workers of a cluster, as :class:`jobs.reingest.Workers`."""

    library: Library
    readers: list[_Reader] = field(default_factory=list)

    @property
    def at_once(self) -> int:
        """One source for each that reads."""
        return max(1, len(self.readers))

    async def read(self, spec: SourceSpec) -> RunReport:
        """By whoever has least to do; what is on this machine's disk is read on this machine."""
        from ray.exceptions import RayError

        reads_disk = self.library.kinds.named(spec.kind).reads_disk
        able = [each for each in self.readers if each.is_here or not reads_disk]
        if not able:
            return await self.library.refresh(spec.id)
        reader = min(able, key=lambda each: each.reading)
        reader.reading += 1
        try:
            told: RunReport = await asyncio.wrap_future(reader.actor.read.remote(spec.id).future())
        except (RayError, ConnectionError) as error:
            raise _as_raised(error, "read it") from error
        finally:
            reader.reading -= 1
        return told


@asynccontextmanager
async def machines(
    address: str,
    library: Library,
    open_library: OpenLibrary,
    open_embedder: OpenEmbedder,
    *,
    is_shared: bool,
) -> AsyncIterator[Machines]:
    """The workers of the cluster at ``address``, until the block ends.

    ``is_shared``: whether state and passages can be reached from everywhere; if not, only this
    machine reads, and all embed. Raises :class:`KnowledgeError` if there is no cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise KnowledgeError(
            "RAY_ADDRESS is set, and Ray is not installed: "
            "'.venv/bin/python -m pip install -e .[ray] -c constraints.txt'."
        ) from error
    try:
        await asyncio.to_thread(
            ray.init, address, namespace="housevoice", logging_level="ERROR", log_to_driver=False
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise KnowledgeError(
            f"There is no Ray cluster at {address}. Start it, or take RAY_ADDRESS out of .env."
        ) from error
    try:
        hire = _hire(ray, open_library, open_embedder, is_shared)
        yield Machines(library, await asyncio.to_thread(hire))
    finally:
        await asyncio.to_thread(ray.shutdown)  # which ends the actors as well


def _hire(
    ray: Any, open_library: OpenLibrary, open_embedder: OpenEmbedder, is_shared: bool
) -> Callable[[], list[_Reader]]:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def actor(kind: type[object], node: str, *given: object) -> Any:
        return (
            ray.remote(kind)
            .options(
                num_cpus=0,
                max_restarts=_RESTARTS,
                # What was embedded is embedded again; what was read is read by the next attempt.
                max_task_retries=_RESTARTS if kind is Embedding else 0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            )
            .remote(*given)
        )

    def hired() -> list[_Reader]:
        nodes = [each for each in ray.nodes() if each["Alive"]]
        embedding = [actor(Embedding, each["NodeID"], open_embedder) for each in nodes]
        here = platform.node()
        return [
            _Reader(actor(Reading, each["NodeID"], open_library, open_embedder, embedding), is_here)
            for each in nodes
            if (is_here := each["NodeManagerHostname"] == here) or is_shared
        ]

    return hired


def _as_raised(error: Exception, what: str) -> Exception:
    """What was raised on the machine; or that it went away."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, KnowledgeError):
        return cause
    if cause is not None:
        return KnowledgeError(f"A machine that {what} failed: {cause}")
    return KnowledgeError(f"A machine that {what} went away. It is tried again.")
