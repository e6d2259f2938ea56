"""The versions of the voices, and the change from one to another, which holds at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ConfigurationError, UsageError
from bot.voice.versions.manifest import Manifest, checked_files, read_manifest
from bot.voice.versions.served import (
    NONE,
    ORIGINAL,
    VERSIONS,
    CanaryRule,
    Change,
    Served,
    folder_of,
    read_served,
    write_served,
)
from bot.voice.versions.withdrawn import stale
from bot.voice.voice import Voice, guide_digest

VERDICT = "verdict.json"
STALE = "learnt from wordings that were taken back since, and has to be trained anew"
_ID = re.compile(r"v([1-9]\d*)")


class Verdict(BaseModel):
    """What the gate said of a version; written by ``voice evaluate``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    passed: bool
    reasons: tuple[str, ...]
    """Each of what was asked, and how it came out."""
    guide_sha256: str
    """Of the guide that it was judged with."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version as it stands."""

    id: str
    folder: Path
    manifest: Manifest | None
    """None for weights that came without one."""
    verdict: Verdict | None
    fault: str = ""
    """Why it cannot be spoken with, if so."""
    is_stale: bool = False
    """It learnt from wordings that were taken back since, so that it has to be trained anew."""


class Registry:
    """All that can be done with versions. Raises :class:`UsageError` with what to do instead."""

    def __init__(self, root: Path, clock: Callable[[], datetime]):
        self._root = root
        self._clock = clock

    def served(self, name: str) -> Served:
        """What of a voice speaks."""
        return read_served(self._voice(name).folder)

    def versions(self, name: str) -> Sequence[Version]:
        """All versions of a voice, the one that came with it first, then as they were trained."""
        folder = self._voice(name).folder
        numbered = sorted(
            (int(found[1]), path.name)
            for path in (folder / VERSIONS).glob("v*")
            if (found := _ID.fullmatch(path.name)) and path.is_dir()
        )
        ids = [name for _, name in numbered]
        if folder_of(folder, ORIGINAL).is_dir():
            ids.insert(0, ORIGINAL)
        return [_version(folder, id) for id in ids]

    def version(self, name: str, id: str) -> Version:
        """One version of a voice."""
        known = self.versions(name)
        for each in known:
            if each.id == id:
                return each
        there = ", ".join(each.id for each in known) or "none: 'voice train' makes one"
        raise UsageError(f"The voice '{name}' has no version '{id}' (there: {there}).")

    def promote(self, name: str, id: str, who: str, *, anyway: str = "") -> Served:
        """Let a version speak. ``anyway``: why, although the gate did not pass it."""
        voice = self._voice(name)
        if id != NONE:
            version = self.version(name, id)
            if version.fault:
                raise UsageError(version.fault)
            if not anyway and (why := _not_passed(name, version, guide_digest(voice.folder))):
                raise UsageError(why)
        served = read_served(voice.folder)
        if served.live == id:
            raise UsageError(f"{id} speaks already.")
        canary = served.canary if served.canary and served.canary.version != id else None
        changed = served.model_copy(
            update={"live": id, "before": (*served.before, served.live), "canary": canary}
        )
        return self._write(voice.folder, changed, "promoted", who, id, anyway)

    def rollback(self, name: str, who: str) -> Served:
        """Let that speak again which spoke before; a canary ends as well."""
        folder = self._voice(name).folder
        served = read_served(folder)
        if served.canary is not None:
            ended = served.model_copy(update={"canary": None})
            return self._write(folder, ended, "canary ended", who, served.canary.version)
        if not served.before:
            raise UsageError(f"Nothing spoke before {served.live}. 'voice promote' chooses one.")
        *before, last = served.before
        changed = served.model_copy(update={"live": last, "before": tuple(before)})
        return self._write(folder, changed, "rolled back", who, last)

    def canary(
        self, name: str, id: str, who: str, *, share: float = 0.0, channels: Sequence[str] = ()
    ) -> Served:
        """Let some conversations try a version, whatever the gate said of it: people watch it."""
        folder = self._voice(name).folder
        version = self.version(name, id)
        if version.fault:
            raise UsageError(version.fault)
        served = read_served(folder)
        if served.live == id:
            raise UsageError(f"{id} speaks everywhere already.")
        if not 0 <= share <= 1:
            raise UsageError("The share goes from 0 to 1, such as 0.1 for one in ten.")
        if not share and not channels:
            raise UsageError("Say who gets it: a share such as 0.1, or a channel.")
        rule = CanaryRule(version=id, share=share, channels=tuple(channels))
        changed = served.model_copy(update={"canary": rule})
        told = ", ".join((*channels, *([f"{share:.0%}"] if share else [])))
        return self._write(folder, changed, "canary", who, id, told)

    def _voice(self, name: str) -> Voice:
        return Voice.load(self._root, name, version=NONE)

    def _write(
        self, folder: Path, served: Served, what: str, who: str, id: str, why: str = ""
    ) -> Served:
        change = Change(at=self._clock(), who=who, what=what, version=id, why=why)
        changed = served.model_copy(update={"changes": (*served.changes, change)})
        try:
            write_served(folder, changed)
        except OSError as error:
            raise ConfigurationError(
                f"{folder} cannot be written ({error.strerror}): what speaks stays as it was."
            ) from error
        return changed


def _version(folder: Path, id: str) -> Version:
    place = folder_of(folder, id)
    manifest = verdict = None
    fault, is_stale = "", False
    try:
        manifest = read_manifest(place)
        is_stale = manifest is not None and stale(folder, manifest.from_use)
        if not checked_files(place):
            fault = f"{place} has no weights."
        verdict = Verdict.model_validate_json((place / "evaluation" / VERDICT).read_bytes())
    except ConfigurationError as error:
        fault = str(error)
    except FileNotFoundError:
        pass
    except (OSError, ValidationError, json.JSONDecodeError) as error:
        fault = f"{place} cannot be read: {error}"
    return Version(id, place, manifest, verdict, fault, is_stale)


def _not_passed(name: str, version: Version, guide_sha256: str) -> str:
    """Why the gate is closed for a version; empty if it is open."""
    judge = f"'voice evaluate {name} --version {version.id}' judges it"
    if version.id == ORIGINAL and version.manifest is None:
        return ""  # what came with the voice was judged where it was made
    if version.is_stale:
        return f"{version.id} {STALE}: 'voice prepare {name}' and 'voice train {name}'."
    if version.verdict is None:
        return f"{version.id} was not judged yet: {judge}."
    if version.verdict.guide_sha256 != guide_sha256:
        return f"The guide has changed since {version.id} was judged: {judge} again."
    if not version.verdict.passed:
        return f"{version.id} stays a candidate: {' '.join(version.verdict.reasons)}"
    return ""
