"""The kinds of sources, and which of them an admin means."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Mapping
from typing import Any

from knowledge.errors import SourceError
from knowledge.sources.options import as_json, read_options
from knowledge.sources.port import Kind, Means, Source, SourceSpec
from knowledge.types import PUBLIC, Principals
from knowledge.web.url_secrets import secret_in

KINDS: Mapping[str, str] = {
    "web": "knowledge.sources.web",
    "folder": "knowledge.sources.folder",
    "file": "knowledge.sources.file",
}
"""Name to module, which has it as ``KIND``. The first that recognises what was typed is meant."""


class Kinds:
    """The kinds that there are: those of :data:`KINDS`, and further ones, asked first."""

    def __init__(self, further: Mapping[str, Kind] | None = None) -> None:
        """``further``: kinds by name that live elsewhere, such as a platform's history."""
        self._further = dict(further or {})

    def names(self) -> tuple[str, ...]:
        """In the order in which they are asked."""
        return (*self._further, *KINDS)

    def named(self, name: str) -> Kind:
        """The kind. Raises :class:`SourceError` if there is none."""
        if name in self._further:
            return self._further[name]
        if name not in KINDS:
            raise SourceError(
                f"There is no kind of source {name!r} here; there are {', '.join(self.names())}."
            )
        kind: Kind = importlib.import_module(KINDS[name]).KIND
        return kind

    def open(self, spec: SourceSpec, means: Means) -> Source:
        """The source that ``spec`` describes. Raises :class:`SourceError`."""
        return self.named(spec.kind).open(spec, means)

    def describe(
        self,
        typed: str,
        *,
        kind: str | None = None,
        options: Mapping[str, Any] | None = None,
        access: Principals = frozenset({PUBLIC}),
    ) -> SourceSpec:
        """Recognise what an admin typed, and describe it; looks at the disk but not at the web.

        ``kind``: only that one. Raises :class:`SourceError`, saying what to do, for what is of no
        kind, for wrong options, for an address with a secret in it, and for an empty access list.
        """
        place, values = typed.strip(), dict(options or {})
        if not place:
            raise SourceError("Give the URL, folder or file to add.")
        if not access:
            raise SourceError("Nobody could read this source. Name at least one who may.")
        for text in (place, *_texts(values)):
            if any("\ud800" <= char <= "\udfff" for char in text):
                raise SourceError("The name is not written in UTF-8. Rename the file or folder.")
            _refuse_secrets(text)
        for name in (kind,) if kind else self.names():
            location = self.named(name).recognise(place)
            if location is not None:
                kept = as_json(read_options(self.named(name).options, values))
                identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:{location}").hex[:12]
                return SourceSpec(identity, name, location, kept, access)
        raise SourceError(f"{place!a} is not {self.named(kind).title if kind else 'a source'}.")


def _texts(values: Mapping[str, Any]) -> list[str]:
    listed = [value if isinstance(value, (list, tuple)) else [value] for value in values.values()]
    return [each for value in listed for each in value if isinstance(each, str)]


def _refuse_secrets(text: str) -> None:
    """Raise SourceError for a URL that lets in whoever has it: it is stored and shown."""
    if "://" in text and (found := secret_in(text)) is not None:
        raise SourceError(
            f"The address has a secret in it ({found}), which would be stored and shown to "
            "readers. Take it out; pages that need signing in can be saved and added as files."
        )
