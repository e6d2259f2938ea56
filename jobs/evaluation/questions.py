"""The organisation's own questions: what is asked, what a good answer says, what has no answer."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ConfigurationError

KEPT = "questions.jsonl"
"""The questions that a voice is judged by, in its folder."""
FEWEST = 5
"""Fewer questions tell nothing."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    question: str
    answer: str = ""
    answer_text: str = ""
    document: str = ""
    file: str = ""
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question of a test set."""

    text: str
    reference: str
    """What a good answer says; empty: there is none, and "I don't know" is right."""
    document: str = ""
    """Where it stands, if that is known."""

    @property
    def answerable(self) -> bool:
        """Whether there is an answer."""
        return bool(self.reference)


def read_questions(path: Path, called: str = "") -> list[AskedQuestion]:
    """A JSONL file: ``question``, and ``answer`` unless ``answerable`` is false.

    ``called``: how people know the file; its path if they know it so.
    Raises :class:`ConfigurationError` naming the line.
    """
    called = called or str(path)
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{called} cannot be read: {error}") from error
    asked = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            read = _Line.model_validate(json.loads(line))
        except (ValueError, ValidationError) as error:
            raise ConfigurationError(
                f"{called}, line {number}: a question is {{'question': …, 'answer': …}}: {error}"
            ) from error
        reference = (read.answer or read.answer_text) if read.answerable else ""
        if read.answerable and not reference.strip():
            raise ConfigurationError(
                f"{called}, line {number}: give the 'answer', or 'answerable': false."
            )
        asked.append(AskedQuestion(read.question, reference.strip(), read.document or read.file))
    if len(asked) < FEWEST:
        raise ConfigurationError(f"{called} has {len(asked)} questions; {FEWEST} are the fewest.")
    return asked


def keep_questions(folder: Path, text: str) -> int:
    """Keep these with the voice in ``folder`` if they can be read; how many there are.

    Raises :class:`ConfigurationError` naming the line; what was kept before stays then.
    """
    unfinished = folder / f".{os.getpid()}.{KEPT}"
    try:
        unfinished.write_text(text.strip() + "\n", "utf-8")
        number = len(read_questions(unfinished, "The text"))
        unfinished.replace(folder / KEPT)
    finally:
        unfinished.unlink(missing_ok=True)
    return number
