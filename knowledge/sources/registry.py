"""The kinds of sources, and which of them an admin means."""

from __future__ import annotations

import importlib
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from knowledge.errors import SourceError
from knowledge.sources.options import SecretReference, as_json, options_of, read_options
from knowledge.sources.port import Kind, Means, Source, SourceSpec
from knowledge.types import PUBLIC, Principals
from knowledge.web.url_secrets import secret_in

KINDS: Mapping[str, str] = {
    "sitemap": "knowledge.sources.site.sitemap",
    "feed": "knowledge.sources.site.feed",
    "git": "knowledge.sources.git.repository",
    "web": "knowledge.sources.web",
    "website": "knowledge.sources.site.website",
    "rest": "knowledge.sources.records.rest",
    "sql": "knowledge.sources.records.sql",
    "loader": "knowledge.sources.loaders.loader",
    "folder": "knowledge.sources.folder",
    "file": "knowledge.sources.file",
}
"""Name to module, which has it as ``KIND``. The first that recognises what was typed is meant."""

_PRINCIPAL = re.compile(r"[a-z][a-z0-9_-]*:\S(?:.*\S)?")
_CHANNEL = re.compile(r"[a-z]+-channel")
_ON_THE_WEB = re.compile(r"https?://", re.I)


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

    def secrets_of(self, spec: SourceSpec) -> dict[str, Any]:
        """The options of a source that refer to secrets."""
        declared = options_of(self.named(spec.kind).options)
        return {
            each.name: spec.options[each.name]
            for each in declared
            if each.type is SecretReference and each.name in spec.options
        }

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
        remote: bool = False,
    ) -> SourceSpec:
        """Recognise what an admin typed, and describe it; looks at the disk but not at the web.

        ``kind``: only that one; its name may stand before the place as well. ``remote``: it was
        typed by somebody who need not have a right to the machine, such as an admin of a chat.
        Then only kinds are asked that leave its disk alone, and its secrets cannot be referred
        to: they would be sent to a server of their choice. Raises :class:`SourceError`, saying
        what to do, for what is of no kind, for wrong options, for an address with a secret in it,
        and for an access list that nobody could be on.
        """
        kind, place = self._kind_named(typed.strip(), kind)
        values = dict(options or {})
        if not place:
            raise SourceError("Give the URL, folder or file to add.")
        refuse_unheld(access)
        for text in (place, *_texts(values)):
            if any("\ud800" <= char <= "\udfff" for char in text):
                raise SourceError("The name is not written in UTF-8. Rename the file or folder.")
            _refuse_secrets(text)
        names = (kind,) if kind else self.names()
        name, location = self._remote(place, names) if remote else self._recognised(place, names)
        declared = self.named(name).options
        if remote and (named := _secrets_named(declared, values)):
            raise SourceError(
                f"The option {named[0]} says where a secret of the machine is: "
                "add it on the machine, with 'housevoice source add'."
            )
        kept = as_json(read_options(declared, values))
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:{location}").hex[:12]
        return SourceSpec(identity, name, location, kept, access)

    def _kind_named(self, typed: str, kind: str | None) -> tuple[str | None, str]:
        """The kind by name and what was typed without it."""
        first, _, rest = typed.partition(" ")
        name = first.lower().removesuffix(":")
        if kind in (None, name) and name in self.names() and rest.strip():
            return name, rest.strip()
        if kind is None and rest and _CHANNEL.fullmatch(name):
            self.named(name)  # of a platform that is not set up: it says so
        return kind, typed

    def _recognised(self, place: str, names: Sequence[str]) -> tuple[str, str]:
        """The kind, by name, and the location that are meant."""
        for name in names:
            kind = self.named(name)
            recognise = kind.accept or kind.recognise if len(names) == 1 else kind.recognise
            location = recognise(place)
            if location is not None:
                return name, location
        title = self.named(names[0]).title if len(names) == 1 else "a source"
        raise SourceError(f"{place!a} is not {title}.")

    def _remote(self, place: str, names: Sequence[str]) -> tuple[str, str]:
        # Kinds of the disk are not even asked: their answers would tell what lies there.
        asked = [name for name in names if not self.named(name).reads_disk]
        if not asked:
            raise SourceError(
                f"A source of the kind {names[0]} is none for a chat: add it on the machine with "
                "'housevoice source add'."
            )
        try:
            return self._recognised(place, asked)
        except SourceError as error:
            if _ON_THE_WEB.match(place):
                raise
            raise SourceError(
                f"{place!a} is not an address on the web. If it is a file or a folder of the "
                "machine where the bot runs, add it on the machine with 'housevoice source add'."
            ) from error


def refuse_unheld(access: Principals) -> None:
    """Raise :class:`SourceError` for an access list with nobody on it, or what nobody can be."""
    if not access:
        raise SourceError("Nobody could read this source. Name at least one who may.")
    for each in sorted(access):
        if each != PUBLIC and not _PRINCIPAL.fullmatch(each):
            raise SourceError(
                f"Nobody can be {each!a}. Write public, or names such as role:managers and "
                "slack:group:S012AB."
            )


def _secrets_named(declared: type[Any], values: Mapping[str, Any]) -> list[str]:
    """The options, as they are typed, that refer to secrets and were given."""
    return [
        each.shown
        for each in options_of(declared)
        if each.type is SecretReference and values.get(each.name) is not None
    ]


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
