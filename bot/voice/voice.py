"""A brand's voice as data: a guide of measurable habits, example pairs, and perhaps a LoRA.

A voice is a folder ``voices/<name>/`` with ``guide.toml``, ``examples.jsonl`` and, once trained,
``lora/``. Without a LoRA it still speaks, from its guide and a few examples in the prompt.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

import structlog
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.errors import ConfigurationError
from bot.voice.plain_lines import as_of_today
from bot.voice.versions.manifest import CONFIG, WEIGHTS, checked_files
from bot.voice.versions.served import NONE, CanaryRule, folder_of, read_served
from knowledge.errors import remedy


def _says_something(line: str) -> str:
    if not line.strip():
        raise ValueError("an empty line says nothing")
    return line


Lines = tuple[Annotated[str, AfterValidator(_says_something)], ...]
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_MARKS = {
    "too_long": "{limit}",
    "apology": "{error_id}",
    "unread_files": "{files}",
    "read_files": "{files}",
}
HEADING = "{heading}"
_NEEDED = ("apology", "unread_files", "read_files")

_log = structlog.get_logger("housevoice")

Occasion = Literal["money", "date", "steps", "permission", "place", "trouble"]
"""What an exchange can be about; :mod:`bot.voice.lines.occasions` tells whether it is."""
Mood = Literal["security", "health", "bad_news", "money", "complaint"]
"""Where a voice had better be sober, gravest first; see :mod:`bot.voice.lines.moods`."""


class Replies(BaseModel):
    """The fixed lines for what needs no looking up; ``{…}`` marks are filled in by code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hello: Lines = Field(min_length=1)
    thanks: Lines = Field(min_length=1)
    never_mind: Lines = Field(min_length=1)
    capabilities: str
    unknown: Lines = Field(min_length=1)
    unsure: Lines = Field(min_length=1)
    unknown_sources: str
    empty_question: str
    too_long: str
    not_text: str
    unread_files: str
    read_files: str
    apology: str

    @field_validator("*")
    @classmethod
    def _has_only_marks_that_are_filled_in(
        cls, value: str | Lines, info: ValidationInfo
    ) -> str | Lines:
        mark = _MARKS.get(info.field_name or "", "")
        lines = [value] if isinstance(value, str) else value
        if any(set(line.replace(mark, "")) & set("{}") for line in lines):
            raise ValueError(f"braces may only stand in {mark}" if mark else "no braces here")
        return value

    @field_validator(*_NEEDED)
    @classmethod
    def _has_its_mark(cls, value: str, info: ValidationInfo) -> str:
        mark = _MARKS[info.field_name or ""]
        if mark not in value:
            raise ValueError(f"{mark} is missing")
        return value


class Markers(BaseModel):
    """Habits that can be counted in a text; :func:`bot.voice.metrics.markers` counts them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forbidden: Lines = ()
    swaps: dict[str, str] = {}
    max_sentence_words: int = Field(default=30, gt=0)
    emoji: Literal["none", "any"] = "none"
    exclamations: int = Field(default=1, ge=0)


class Guide(BaseModel):
    """``guide.toml``: who speaks, the lines that stand around a quote, and its markers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: str
    system: str
    greetings: Lines = Field(min_length=1)
    leads: Lines = Field(min_length=1)
    """Lead-ins that claim nothing, so that whatever quote follows they are true."""
    heading_lead: str = ""
    """The lead-in that names where the quote stands; empty for never."""
    closings: Lines = Field(min_length=1)
    when: dict[str, tuple[Occasion, ...]] = {}
    """On which occasions a greeting or closing fits; one that is not here fits any."""
    to_questions: Lines = ()
    """Greetings that speak to somebody who asked: none of them opens a draft."""
    mood: dict[str, tuple[Mood, ...]] = {}
    """Greetings and closings for moods: they stand in these only, and no others do there."""
    sober: dict[Mood, str] = {}
    """For a mood a text as the voice has it there, shown to a model that writes freely."""
    replies: Replies
    markers: Markers = Markers()

    @field_validator("heading_lead")
    @classmethod
    def _names_the_heading(cls, value: str) -> str:
        if value and (value.count(HEADING) != 1 or set(value.replace(HEADING, "")) & set("{}")):
            raise ValueError(f"{HEADING} must stand in it once, and no other braces")
        return value

    @model_validator(mode="after")
    def _knows_its_lines(self) -> Self:
        lines = {*self.greetings, *self.closings}
        for key, known in (("when", self.when.keys()), ("mood", self.mood.keys())):
            if unknown := known - lines:
                raise ValueError(f"{key}: no greeting or closing reads {min(unknown)!r}")
        if unknown := set(self.to_questions) - {*self.greetings}:
            raise ValueError(f"to_questions: no greeting reads {min(unknown)!r}")
        if both := self.mood.keys() & self.when.keys():
            raise ValueError(f"{min(both)!r} cannot be in both when and mood")
        return self

    def suited(self, lines: Lines, mood: Mood | None) -> Lines:
        """Those of ``lines`` that may stand in a mood; any, where the guide has no such table."""
        if mood is None or not self.mood:
            return tuple(line for line in lines if line not in self.mood)
        return tuple(line for line in lines if mood in self.mood.get(line, ()))


class Example(BaseModel):
    """One pair: plain text and the same in the voice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["answer", "rewrite"]
    topic: str
    question: str
    plain: str
    voiced: str


@dataclass(frozen=True, slots=True)
class Lora:
    """Trained weights as they were read, whatever lies in their folder by now."""

    folder: Path
    weights: bytes = field(repr=False)
    """In the format of safetensors."""
    config: bytes = field(repr=False)
    """``adapter_config.json``; empty where it is missing."""

    @classmethod
    def read(cls, folder: Path) -> Lora | None:
        """The LoRA in a folder, if there is one.

        Raises :class:`OSError`, and :class:`ConfigurationError` for one that is not safe.
        """
        files = checked_files(folder)
        return cls(folder, files[WEIGHTS], files.get(CONFIG, b"")) if files else None

    @property
    def base(self) -> str:
        """Name of the base model that it was trained on, as its configuration tells."""
        return self._told("base_model_name_or_path").rstrip("/").rpartition("/")[2]

    @property
    def kind(self) -> str:
        """What was trained, in peft's words, or :data:`.manifest.OWN_WEIGHTS`."""
        return self._told("peft_type")

    def _told(self, key: str) -> str:
        try:
            return str(dict(json.loads(self.config)).get(key, ""))
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"{self.folder / CONFIG} cannot be read: {error}") from error


@dataclass(frozen=True, eq=False)
class Canary:
    """A version on trial."""

    rule: CanaryRule
    voice: Voice


@dataclass(frozen=True, eq=False)
class Voice:
    """A voice as it was loaded, one object each. ``name`` is the folder's name."""

    name: str
    folder: Path
    guide: Guide
    lora: Lora | None = None
    digest: str = ""
    """SHA-256 of guide and LoRA, 64 hex digits; empty for one that was not loaded from files."""
    canary: Canary | None = None
    """Another version, which some conversations get."""

    @classmethod
    def load(cls, root: Path, name: str, version: str | None = None) -> Voice:
        """Read ``root/name``; raises :class:`ConfigurationError` saying what is wrong with it.

        ``version``: that one, whatever speaks; None: what speaks, with its canary.
        """
        if not is_voice_name(name):
            raise ConfigurationError(
                f"'{name}' is not a voice's name: use lower-case letters, digits, - and _."
            )
        folder = root / name
        path = folder / "guide.toml"
        if not path.is_file():
            have = ", ".join(names(root)) or "none"
            raise ConfigurationError(f"There is no voice '{name}' in {root} (there: {have}).")
        try:
            written = path.read_bytes()
            guide = Guide.model_validate(as_of_today(tomllib.loads(written.decode())))
            served = read_served(folder)
            speaks = version or served.live
            lora = None if speaks == NONE else Lora.read(folder_of(folder, speaks))
        except OSError as error:
            raise ConfigurationError(
                f"The voice '{name}' cannot be read: {remedy(error) or error}."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
                for fault in error.errors()
            )
            raise ConfigurationError(f"{path}: {faults}") from error
        digest = sha256(written)
        if lora is not None:
            digest.update(lora.weights)
            digest.update(lora.config)
        canary = None
        if served.canary is not None and version is None:
            try:
                canary = Canary(served.canary, cls.load(root, name, served.canary.version))
            except ConfigurationError as error:  # its few conversations get the live one
                _log.error("canary_unreadable", voice=name, reason=str(error))
        return cls(name, folder, guide, lora, digest.hexdigest(), canary)

    @property
    def version(self) -> str:
        """Eight hex digits that change with the guide and the LoRA that were loaded."""
        return self.digest[:8]

    def spoken_in(self, conversation: str) -> Voice:
        """The version that this conversation gets."""
        if self.canary is not None and self.canary.rule.takes(conversation):
            return self.canary.voice
        return self

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """All pairs of ``examples.jsonl``; raises :class:`ConfigurationError` naming the line."""
        return tuple(_examples(self.folder / "examples.jsonl"))


def guide_digest(folder: Path) -> str:
    """SHA-256 of a voice's guide as its file is now, 64 hex digits."""
    return sha256((folder / "guide.toml").read_bytes()).hexdigest()


def examples_digest(folder: Path) -> str:
    """SHA-256 of a voice's pairs as their file is now, 64 hex digits; empty without the file."""
    path = folder / "examples.jsonl"
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def is_voice_name(name: str) -> bool:
    """Whether a voice's folder may be called so."""
    return _NAME.fullmatch(name) is not None


def names(root: Path) -> list[str]:
    """The names of the voices under ``root``, sorted."""
    return sorted(path.parent.name for path in root.glob("*/guide.toml"))


def _examples(path: Path) -> Iterator[Example]:
    if not path.is_file():
        return
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield Example.model_validate(json.loads(line))
        except (json.JSONDecodeError, ValidationError) as error:
            raise ConfigurationError(f"{path}, line {number}: {error}") from error
