"""A source that lists what it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping

from knowledge.errors import SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.types import Principals, Validators


class Shelf:
    """A source that lists what it is given, and then perhaps fails."""

    def __init__(
        self, listed: Iterable[RawDocument | SkippedDocument], failure: str | None = None
    ) -> None:
        self._listed = tuple(listed)
        self._failure = failure

    async def check(self) -> None: ...

    async def documents(
        self, _: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        for each in self._listed:
            yield each
        if self._failure:
            raise SourceError(self._failure)


def document(name: str, text: str | None, access: Principals | None = None) -> RawDocument:
    content = None if text is None else text.encode()
    url = f"https://x.example/{name}"
    return RawDocument(name, url, name, content, None, Validators(), access)
