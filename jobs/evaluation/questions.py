"""The organisation's own questions: what is asked, what a good answer says, what has no answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ConfigurationError

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


def read_questions(path: Path) -> list[AskedQuestion]:
    """A JSONL file: ``question``, and ``answer`` unless ``answerable`` is false.

    Raises :class:`ConfigurationError` naming the line.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    asked = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            read = _Line.model_validate(json.loads(line))
        except (ValueError, ValidationError) as error:
            raise ConfigurationError(
                f"{path}, line {number}: a question is {{'question': …, 'answer': …}}: {error}"
            ) from error
        reference = (read.answer or read.answer_text) if read.answerable else ""
        if read.answerable and not reference.strip():
            raise ConfigurationError(
                f"{path}, line {number}: give the 'answer', or 'answerable': false."
            )
        asked.append(AskedQuestion(read.question, reference.strip(), read.document or read.file))
    if len(asked) < FEWEST:
        raise ConfigurationError(f"{path} has {len(asked)} questions; {FEWEST} are the fewest.")
    return asked
