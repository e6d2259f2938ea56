"""The port of sources: where documents come from, before anything is known about their content.

A kind of source is a module that has a :class:`Kind`, entered in :mod:`knowledge.sources.registry`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from knowledge.errors import SourceError
from knowledge.sources.options import NoOptions, SecretReference
from knowledge.types import PUBLIC, Principals, Validators
from knowledge.web.url_secrets import without_secrets

if TYPE_CHECKING:
    from knowledge.web.client import GuardedClient


OCR_OPTION = "ocr"
"""The name of a kind's option that has text in pictures recognised, where a kind has it."""
OCR_HELP = "Recognise the text in scans and pictures, at some seconds each."


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source as an admin added it; :class:`knowledge.sources.registry.Kinds` makes one."""

    id: str
    """12 hex digits derived from kind and location: adding the same again gives the same id."""
    kind: str
    """The name of a kind in the registry."""
    location: str
    """What the kind made of what was typed: an absolute path, a URL without fragment."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What is not as by default, as JSON; the kind's declaration says what there can be."""
    access: Principals = field(default=frozenset({PUBLIC}))
    """Who may read its documents where they do not say so themselves."""
    is_paused: bool = False
    """Whether it is left as it is until an admin resumes it; what was read stays answerable."""
    schedule: str = ""
    """When it is read again, as :mod:`jobs.schedules` has it; empty: every night."""

    @property
    def shown(self) -> str:
        """The location as lists may show it: sources of earlier versions can have secrets in it."""
        return without_secrets(self.location) if "://" in self.location else self.location


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
    """None if it has not changed since the validators that were passed in, nor its access has."""
    content_type: str | None
    """As a server stated it, with its charset; None for files."""
    validators: Validators
    """To pass in next time; empty where the source knows none."""
    access: Principals | None = None
    """Who may read it there, such as a channel's members; None where the place does not say."""


@dataclass(frozen=True, slots=True)
class SkippedDocument:
    """A document that is there but was not read. It has not vanished."""

    document: str
    reason: str
    """A sentence or two for the admin, with what to do."""
    kind: str = ""
    """Of what can be no document, such as a font: plural, to be counted rather than named."""
    is_kept: bool = False
    """It could not be reached this time: what an earlier run read of it stays answerable."""


class Source(Protocol):
    """One source, opened."""

    async def check(self) -> None:
        """Raise :class:`SourceError` for what no later run can mend, before the source is kept.

        A server that is away for the moment is no reason: it is asked again every night.
        """
        ...

    def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """All documents there are now, in a stable order; what is not among them has vanished.

        ``known`` has the validators of the documents from the last run, and empty ones of those
        that were skipped then. Raises
        :class:`SourceError` if the source as a whole cannot be read: the list is incomplete
        then, and nothing may be taken for vanished.
        """
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What sources are opened with."""

    client: GuardedClient
    """The only way out to the web."""
    max_bytes: int
    """Bound of each document."""
    recognises: bool = False
    """Whether there is an engine that recognises text in pictures."""

    def secret(self, reference: SecretReference) -> str:
        """What is kept there. Raises :class:`SourceError` if nothing is."""
        place, _, name = reference.partition(":")
        if place == "env":
            value = os.environ.get(name, "")
            told = f"Set the environment variable {name}"
        else:
            told = f"Write it into the file {name}, which the bot's user must be able to read"
            try:
                value = Path(name).read_text("utf-8")
            except (OSError, ValueError):
                value = ""
        if not value.strip():
            raise SourceError(f"The secret {reference} is not there. {told}.")
        return value.strip()


Tells = Literal["unchanged", "vanished"]
"""What a source knows without fetching: that a document is as it was, that one is gone."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What there is to know of a kind of source before one is opened."""

    title: str
    """With its article, as in "a folder"."""
    recognise: Callable[[str], str | None]
    """The location that something typed means; None if it means none of this kind. Looks at the
    disk but not at the web. Raises :class:`SourceError` for one that is written wrongly."""
    open: Callable[[SourceSpec, Means], Source]
    """Raises :class:`SourceError` for wrong options and missing secrets."""
    options: type[Any] = NoOptions
    """A dataclass (:mod:`knowledge.sources.options`)."""
    tells: frozenset[Tells] = frozenset({"vanished"})
    reads_disk: bool = True
    """Whether it reads what lies on the machine: such a source is added on the machine only."""
    accept: Callable[[str], str | None] | None = None
    """As ``recognise``, where the kind is named and need not be told by what was typed."""
