"""``voice create``: a new voice's folder, with a guide that can be answered with at once."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.errors import ConfigurationError
from bot.voice.plain_lines import PLAIN_REPLIES
from bot.voice.voice import Guide, Mood, Voice, is_voice_name
from jobs.training.voice.preparing.prepare import add_files
from jobs.training.voice.preparing.reading import read_text
from jobs.training.voice.preparing.style_guide import word_rules

_GREETINGS, _LEADS, _CLOSINGS = (
    ["Good question."],
    ["Here is what I found."],
    ["Just ask if you want more."],
)
_SOBER_GREETINGS, _SOBER_CLOSINGS = ["Hello."], ["Ask me if anything is unclear."]
_SOBER: tuple[Mood, ...] = ("health", "bad_news", "money", "complaint")
"""The moods that sober lines are for; of a theft or a fire nothing but the answer is told."""


@dataclass(frozen=True, slots=True)
class NewVoice:
    """What a new voice is made from; what is left out gets plain defaults."""

    name: str
    """The folder's name."""
    title: str = ""
    about: str = ""
    greetings: Sequence[str] = ()
    leads: Sequence[str] = ()
    closings: Sequence[str] = ()
    sober_greetings: Sequence[str] = ()
    sober_closings: Sequence[str] = ()
    """What stands around bad news and the like, and nowhere else."""
    forbidden: Sequence[str] = ()
    swaps: Mapping[str, str] = field(default_factory=dict)
    max_sentence_words: int = 24
    emoji: str = "none"
    exclamations: int = 1


def create(
    root: Path,
    new: NewVoice,
    *,
    style_guides: Sequence[Path] = (),
    examples: Sequence[Path] = (),
) -> Voice:
    """Make the voice's folder, whole or not at all.

    ``style_guides``: Markdown whose word lists go into the guide and whose examples are kept.
    Raises :class:`ConfigurationError` if there is one of this name, or something is wrong with it.
    """
    if not is_voice_name(new.name):
        raise ConfigurationError(
            f"'{new.name}' is not a voice's name: use lower-case letters, digits, - and _."
        )
    folder = root / new.name
    if folder.exists():
        raise ConfigurationError(
            f"There is a voice '{new.name}' already. 'voice add {new.name} FILE' adds examples."
        )
    ordinary, sober = {*new.greetings, *new.closings}, {*new.sober_greetings, *new.sober_closings}
    if both := ordinary & sober:
        raise ConfigurationError(
            f"'{min(both)}' is given for every day and for bad news: sober lines stand only there."
        )
    swaps, forbidden = dict(new.swaps), list(new.forbidden)
    for path in style_guides:
        rules = word_rules(read_text(path))
        swaps = rules.swaps | swaps
        forbidden += [each for each in rules.forbidden if each not in forbidden]
    written = _toml(new, swaps, [each for each in forbidden if each not in swaps])
    try:
        Guide.model_validate(tomllib.loads(written))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise ConfigurationError(f"The guide cannot be made: {faults}.") from error
    unfinished = root / f".{new.name}.{os.getpid()}.part"
    try:
        unfinished.mkdir(parents=True)
        (unfinished / "guide.toml").write_text(written, "utf-8")
        if files := (*style_guides, *examples):
            add_files(unfinished, files)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Voice.load(root, new.name)


def _toml(new: NewVoice, swaps: Mapping[str, str], forbidden: Sequence[str]) -> str:
    title = new.title or new.name.replace("-", " ").replace("_", " ").title()
    about = new.about or f"How {title} speaks."
    system = (
        f"You are {title}. {about} Add one short greeting and one lead-in sentence before the "
        "notes, keep the notes word for word, and close with one short line."
    )
    greetings, closings = list(new.greetings) or _GREETINGS, list(new.closings) or _CLOSINGS
    sober = _sober(new.sober_greetings or _SOBER_GREETINGS, greetings)
    sober_end = _sober(new.sober_closings or _SOBER_CLOSINGS, closings)
    top: list[tuple[str, Any]] = [
        ("name", title),
        ("about", about),
        ("system", system),
        ("greetings", [*greetings, *sober]),
        ("leads", list(new.leads) or _LEADS),
        ("closings", [*closings, *sober_end]),
    ]
    markers: list[tuple[str, Any]] = [
        ("forbidden", list(forbidden)),
        ("max_sentence_words", new.max_sentence_words),
        ("emoji", new.emoji),
        ("exclamations", new.exclamations),
    ]
    parts = [_lines(top), "[replies]", _lines(PLAIN_REPLIES.items()), "[markers]", _lines(markers)]
    tables: dict[str, Mapping[str, Any]] = {
        "markers.swaps": swaps,
        "mood": dict.fromkeys((*sober, *sober_end), _SOBER),
    }
    for name, table in tables.items():
        if table:
            quoted = [(json.dumps(key, ensure_ascii=False), value) for key, value in table.items()]
            parts += [f"[{name}]", _lines(quoted)]
    return "\n\n".join(parts) + "\n"


def _sober(lines: Sequence[str], others: Sequence[str]) -> list[str]:
    """Those that are not among the others, as a default may be."""
    return [line for line in lines if line not in others]


def _lines(entries: Any) -> str:
    # A string or a list of strings in JSON is the same in TOML, but for the character DEL.
    dumped = ((key, json.dumps(value, ensure_ascii=False)) for key, value in entries)
    return "\n".join(f"{key} = {value}" for key, value in dumped).replace("\x7f", "\\u007f")
