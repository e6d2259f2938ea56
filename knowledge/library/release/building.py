"""The parts of releases put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.embedding.port import Embedder
from knowledge.library.catalog import Catalog
from knowledge.library.kept.notices import Notices
from knowledge.library.release.golden import GoldenQuestions, Rated
from knowledge.library.release.items import WorkItems
from knowledge.library.release.kept import KeptVersions
from knowledge.library.release.measures import Measures
from knowledge.library.release.releasing import SHARE, Releasing
from knowledge.library.release.restoring import Restorer
from knowledge.library.release.switch import Switcher
from knowledge.retrieval.reader import Reader
from knowledge.stores.port import PassageStore

LIKELY = 0.2
"""As likely as an answer is shown by default (``HOUSEVOICE_UNSURE``)."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What a release is held to."""

    reader: Reader | None = None
    """Reads the answers to golden questions; without one they are not asked."""
    likely: float = LIKELY
    """From which likelihood on a passage answers."""
    rated: Rated | None = None
    """Further golden questions: what people found well answered."""
    share: float = SHARE
    """Of a source's documents that may go without an admin's word."""


def releasing(
    engine: AsyncEngine,
    catalog: Catalog,
    store: PassageStore,
    embedder: Embedder,
    checks: Checks | None = None,
    *,
    clock: Callable[[], datetime],
) -> Releasing:
    """All that a run needs once it has read."""
    checks = checks or Checks()
    items, kept = WorkItems(engine), KeptVersions(engine)
    switcher = Switcher(catalog, items, kept, store, embedder, clock)
    golden = GoldenQuestions(
        engine,
        catalog,
        store,
        embedder,
        items,
        checks.reader,
        likely=checks.likely,
        rated=checks.rated,
        clock=clock,
    )
    return Releasing(
        catalog,
        items,
        kept,
        switcher,
        Restorer(catalog, kept, switcher, embedder, clock),
        golden,
        Measures(engine, catalog),
        Notices(engine, catalog),
        share=checks.share,
        clock=clock,
    )
