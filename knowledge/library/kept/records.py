"""What is kept of documents and of runs, and how it is written into rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from knowledge.types import LeftOut, Principals, Validators

RunState = Literal["open", "switching", "waiting", "done", "rejected"]
"""``open``: reading, or broken off. ``switching``: checked, and being made visible. ``waiting``: an
admin has to decide about a part of it. ``rejected``: an admin decided against that part."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document as it was last read."""

    path: str
    fingerprint: str
    """Digest of all that decides how it is cut, embedded and guarded, then that of its content."""
    validators: Validators
    valid_until: date | None
    language: str | None
    """As told from the text; where there is little, as it says itself."""
    passages: int
    left_out: tuple[LeftOut, ...] = ()
    """What of it was not read."""
    limits: tuple[Principals, ...] | None = ()
    """Who may read it as its place and the document itself say; each narrows the source's list.
    None: an earlier version read it, which did not keep them."""
    characters: int | None = None
    """Of all its passages together; None for one that an earlier version read."""
    access: Principals | None = None
    """Who finds its passages, all lists taken together; None as above."""
    marks: tuple[int, ...] = ()
    """A digest of each passage's text, by which the same text is known again elsewhere."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one reading of a source did."""

    source: str
    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: dict[str, str]
    """Document to reason."""
    error: str | None = None
    """Why the source as a whole could not be read; nothing was removed then."""
    left_out: dict[str, tuple[LeftOut, ...]] = field(default_factory=dict)
    """Document to what of it was not read, also of those that have not changed."""
    others: dict[str, int] = field(default_factory=dict)
    """Kind (``fonts``) to how many files are no documents."""
    quarantined: dict[str, str] = field(default_factory=dict)
    """Document to why its new version is not shown; the one before it is still answered from."""
    held: tuple[str, ...] = ()
    """Why a part of the run waits for an admin, a sentence each."""
    again_in: float | None = field(default=None, compare=False)
    """Seconds after which another try may read it; None where none would. Not kept."""


@dataclass(frozen=True, slots=True)
class Run:
    """One reading of a source, and when it was."""

    started_at: datetime
    """In UTC, as all times here."""
    finished_at: datetime | None
    """None for one that is under way or was broken off."""
    report: RunReport
    """What it did; empty while it is not finished."""
    id: int = 0
    state: RunState = "done"


def listed(left_out: Iterable[LeftOut]) -> list[list[object]]:
    """As JSON."""
    return [[each.kind, each.count, each.where] for each in left_out]


def left_out(kept: Iterable[Any]) -> tuple[LeftOut, ...]:
    """From JSON."""
    return tuple(LeftOut(*each) for each in kept)


def limits_of(limits: tuple[Principals, ...] | None) -> list[list[str]] | None:
    """As JSON."""
    return None if limits is None else [*map(sorted, limits)]


def limits_from(kept: list[list[str]] | None) -> tuple[Principals, ...] | None:
    """From JSON."""
    return None if kept is None else tuple(frozenset(each) for each in kept)


def record_as_json(record: DocumentRecord) -> dict[str, Any]:
    """A record as JSON, for where it has no columns of its own."""
    return {
        "path": record.path,
        "fingerprint": record.fingerprint,
        "validators": asdict(record.validators),
        "valid_until": record.valid_until and record.valid_until.isoformat(),
        "language": record.language,
        "passages": record.passages,
        "left_out": listed(record.left_out),
        "limits": limits_of(record.limits),
        "characters": record.characters,
        "access": None if record.access is None else sorted(record.access),
        "marks": list(record.marks),
    }


def record_from_json(kept: Mapping[str, Any]) -> DocumentRecord:
    """A record back from JSON."""
    until, access = kept["valid_until"], kept["access"]
    return DocumentRecord(
        path=kept["path"],
        fingerprint=kept["fingerprint"],
        validators=Validators(**kept["validators"]),
        valid_until=date.fromisoformat(until) if until else None,
        language=kept["language"],
        passages=kept["passages"],
        left_out=left_out(kept["left_out"]),
        limits=limits_from(kept["limits"]),
        characters=kept["characters"],
        access=None if access is None else frozenset(access),
        marks=tuple(kept["marks"]),
    )
