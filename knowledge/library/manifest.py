"""The list of sources as YAML: written out, read back, and made so. Configuration as code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from knowledge.errors import SourceError
from knowledge.library.library import Library
from knowledge.sources.port import SourceSpec
from knowledge.types import PUBLIC

Doing = Literal["add", "change", "keep", "remove", "leave"]

_KEYS = {"kind", "location", "options", "access", "schedule", "paused"}
_NIGHTLY = "nightly"
_HEAD = (
    "# The sources of Housevoice. 'housevoice source apply FILE' makes it so.\n"
    "# Secrets are named only: env:NAME or file:PATH.\n"
)


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one source."""

    doing: Doing
    spec: SourceSpec
    changes: tuple[str, ...] = field(default=())
    """What of it is changed."""


def written(specs: Sequence[SourceSpec], named: Callable[[str], str] = str) -> str:
    """All sources as YAML. ``named``: how a location is written."""
    listed = []
    for spec in specs:
        entry: dict[str, Any] = {"kind": spec.kind, "location": named(spec.location)}
        if spec.options:
            entry["options"] = dict(spec.options)
        entry["access"] = sorted(spec.access)
        if spec.schedule:
            entry["schedule"] = spec.schedule
        if spec.is_paused:
            entry["paused"] = True
        listed.append(entry)
    return _HEAD + yaml.safe_dump(
        {"sources": listed}, sort_keys=False, allow_unicode=True, default_flow_style=False
    )


def read(
    text: str,
    library: Library,
    schedule: Callable[[str], str],
    located: Callable[[str], str] = str,
) -> list[SourceSpec]:
    """The sources that the text describes.

    ``schedule``: reads one as it is typed. ``located``: the location that is written so.

    Raises :class:`SourceError`, naming the entry, for whatever is not written as it should be.
    """
    try:
        whole = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SourceError(f"That is not YAML: {' '.join(str(error).split())}.") from error
    entries = whole.get("sources") if isinstance(whole, dict) else None
    if not isinstance(entries, list):
        raise SourceError("There is no list 'sources' in it; 'source export' shows how it looks.")
    specs: dict[str, SourceSpec] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            spec = _described(entry, library, schedule, located)
        except (SourceError, ValueError) as error:
            raise SourceError(f"Source {number} of the list: {error}") from error
        if spec.id in specs:
            raise SourceError(f"Source {number} of the list: {spec.shown} stands there twice.")
        specs[spec.id] = spec
    return list(specs.values())


async def plan(library: Library, wanted: Sequence[SourceSpec], *, prune: bool) -> list[Step]:
    """What has to be done so that the sources are these. ``prune``: others are removed."""
    known = {each.id: each for each in await library.sources()}
    steps = []
    for spec in wanted:
        before = known.pop(spec.id, None)
        if before is None:
            steps.append(Step("add", spec))
            continue
        changes = tuple(
            name
            for name, is_new in (
                ("options", dict(before.options) != dict(spec.options)),
                ("access", before.access != spec.access),
                ("schedule", before.schedule != spec.schedule),
                ("paused", before.is_paused != spec.is_paused),
            )
            if is_new
        )
        steps.append(Step("change" if changes else "keep", spec, changes))
    return [*steps, *(Step("remove" if prune else "leave", each) for each in known.values())]


async def take(library: Library, step: Step) -> str:
    """Do one step; what came of it. Doing it again changes nothing. Raises :class:`SourceError`."""
    spec, told = step.spec, "done"
    if step.doing == "remove":
        return f"{await library.remove(spec.id)} passages removed"
    if step.doing == "add" or "options" in step.changes:
        _, report = await library.add(
            spec.location, kind=spec.kind, options=spec.options, access=spec.access
        )
        told = report.error or f"{report.added} added, {report.changed} changed"
    elif "access" in step.changes:
        await library.set_access(spec.id, spec.access)
    now = await library.find(spec.id)
    if now.schedule != spec.schedule:
        await library.set_schedule(spec.id, spec.schedule)
    if now.is_paused != spec.is_paused:
        await library.pause(spec.id, is_paused=spec.is_paused)
    return told


def _described(
    entry: Any,
    library: Library,
    schedule: Callable[[str], str],
    located: Callable[[str], str],
) -> SourceSpec:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("location"), str):
        raise SourceError("it needs a location, and a kind if that is not plain from it.")
    if unknown := sorted(set(map(str, entry)) - _KEYS):
        raise SourceError(
            f"there is no {', '.join(unknown)}; there are {', '.join(sorted(_KEYS))}."
        )
    options, access = entry.get("options") or {}, entry.get("access", [PUBLIC])
    if not isinstance(options, Mapping) or not all(isinstance(each, str) for each in options):
        raise SourceError("the options are names with values.")
    if not isinstance(access, list) or not all(isinstance(each, str) for each in access):
        raise SourceError("access is a list of names, such as [role:managers].")
    paused = entry.get("paused", False)
    if not isinstance(paused, bool):
        raise SourceError("paused is true or false.")
    return library.describe(
        located(entry["location"]),
        kind=entry.get("kind"),
        options=options,
        access=frozenset(access),
        schedule=schedule(str(entry.get("schedule") or _NIGHTLY)),
        is_paused=paused,
    )
