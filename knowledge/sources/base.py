"""What a source is: where documents come from, before anything is known about their content."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from knowledge.http import Validators
from knowledge.http_urls import without_secrets
from knowledge.types import PUBLIC, Principals

__all__ = [
    "RawDocument",
    "SkippedDocument",
    "Source",
    "SourceKind",
    "SourceSpec",
    "Validators",
]

SourceKind = Literal["file", "folder", "web"]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as an admin added it; :func:`knowledge.sources.spec_for` makes one."""

    id: str
    """12 hex digits derived from kind and location: adding the same again gives the same id."""
    kind: SourceKind
    location: str
    """Absolute path, or URL without fragment."""
    include: tuple[str, ...] = ()
    """Globs of a folder's documents (:mod:`knowledge.sources.globs`); none means all."""
    exclude: tuple[str, ...] = ()
    """Globs of what is left out of a folder, stronger than ``include``."""
    access: Principals = field(default=frozenset({PUBLIC}))
    """Who may read its documents where they do not say so themselves."""
    base_url: str = ""
    """Where a file's or folder's documents are published; empty: they are opened as files."""

    @property
    def shown(self) -> str:
        """The location as lists may show it: sources of earlier versions can have secrets in it."""
        return without_secrets(self.location) if self.kind == "web" else self.location


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document as it lies at its source."""

    document: str
    """Stable name within the source: POSIX path relative to the folder, file name, or URL."""
    url: str
    """Where a reader opens it."""
    name: str
    """File name or URL, from which the format and a title of last resort are told."""
    content: bytes | None
    """None if it has not changed since the validators that were passed in."""
    content_type: str | None
    """As a server stated it, with its charset; None for files."""
    validators: Validators
    """To pass in next time; empty where the source knows none."""


@dataclass(frozen=True, slots=True)
class SkippedDocument:
    """A document that is there but was not read. It has not vanished."""

    document: str
    reason: str
    """A sentence or two for the admin, with what to do."""


class Source(Protocol):
    """Lists a source's documents."""

    def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """All documents there are now, in a stable order; what is not among them has vanished.

        ``known`` has the validators of the documents from the last run. Raises
        :class:`knowledge.errors.SourceError` if the source as a whole cannot be read: the list
        is incomplete then, and nothing may be taken for vanished.
        """
        ...
