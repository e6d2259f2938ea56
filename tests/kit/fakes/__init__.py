"""Stand-ins for what the core needs from outside: a queue in, a history out, no time passing."""

from tests.kit.fakes.office import FakeReleases, FakeSupport, FixedClock
from tests.kit.fakes.passages import (
    FAR,
    NEAR,
    THRESHOLDS,
    FakeReader,
    FakeRetriever,
    InMemoryPassages,
    Search,
    evidence,
    far_evidence,
)
from tests.kit.fakes.sources import FakeAttachments, FakeSources
from tests.kit.fakes.writing import FakeWriter

__all__ = [
    "FAR",
    "NEAR",
    "THRESHOLDS",
    "FakeAttachments",
    "FakeReader",
    "FakeReleases",
    "FakeRetriever",
    "FakeSources",
    "FakeSupport",
    "FakeWriter",
    "FixedClock",
    "InMemoryPassages",
    "Search",
    "evidence",
    "far_evidence",
]
