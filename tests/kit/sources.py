"""Sources opened for a test, and what they give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from knowledge.sources.port import Means, RawDocument, SkippedDocument, Source
from knowledge.sources.registry import Kinds
from knowledge.types import Validators
from knowledge.web.client import GuardedClient

LOOPBACK = ("127.0.0.0/8",)


class Given:
    """What a source gave in one run."""

    def __init__(self, found: list[RawDocument | SkippedDocument]) -> None:
        self.found = found
        self.documents = {each.document: each for each in found if isinstance(each, RawDocument)}
        self.skipped = {each.document: each for each in found if isinstance(each, SkippedDocument)}

    @property
    def known(self) -> dict[str, Validators]:
        """What the next run is told."""
        return {name: each.validators for name, each in self.documents.items()}

    @property
    def read(self) -> list[str]:
        """The documents that came with their content, in order."""
        return [name for name, each in self.documents.items() if each.content is not None]

    def reasons(self) -> dict[str, str]:
        """Document to the reason why it was left out, of those that are named."""
        return {name: each.reason for name, each in self.skipped.items() if not each.kind}

    def counted(self) -> dict[str, int]:
        """Kind to how many were left out that are only counted."""
        kinds = [each.kind for each in self.skipped.values() if each.kind]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


@asynccontextmanager
async def opened(typed: str, kind: str | None = None, **options: Any) -> AsyncIterator[Source]:
    """The source that was typed, over a client that reaches this machine."""
    async with GuardedClient(allow=LOOPBACK) as client:
        spec = Kinds().describe(typed, kind=kind, options=options)
        yield Kinds().open(spec, Means(client, 10**6))


async def read(
    typed: str,
    kind: str | None = None,
    known: Mapping[str, Validators] | None = None,
    **options: Any,
) -> Given:
    """What one run over the source gives."""
    async with opened(typed, kind, **options) as source:
        return Given([each async for each in source.documents(known or {})])
