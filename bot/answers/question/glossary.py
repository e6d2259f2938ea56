"""The company's own other words for things: what else is searched when somebody says "holiday"."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from bot.errors import ConfigurationError
from knowledge.text.words import stems, surface_words

Glossary = Mapping[str, tuple[str, ...]]
"""What people say -> what the documents say. Not the other way round, unless that is there too."""


def load_glossary(path: Path) -> Glossary:
    """The glossary in a TOML file of lines such as ``holiday = ["annual leave"]``.

    The name is what people say, one word or several in quotes; the value is what is searched too,
    one text or a list. Raises :class:`ConfigurationError` that says which line is wrong.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"The glossary {path} cannot be read: {error.strerror or error}."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"The glossary {path} is not TOML in UTF-8: {error}. "
            'Write a line for each word, such as: "holiday" = ["annual leave"]'
        ) from error
    return {said: _meant(path, said, meant) for said, meant in entries.items()}


def widened(question: str, glossary: Glossary) -> str:
    """``question`` and behind it, for the search alone, what the glossary has for its words.

    Whole words are compared, by their stems ("holidays" is "holiday"), and of an entry of several
    words all in that order. What the question says already is not said again.
    """
    asked = _stems_in_order(question)
    added: list[str] = []
    for said, meant in glossary.items():
        if _holds(asked, _stems_in_order(said)):
            added += [each for each in meant if not _holds(asked, _stems_in_order(each))]
    return " ".join([question, *dict.fromkeys(added)])


def _meant(path: Path, said: str, meant: object) -> tuple[str, ...]:
    listed = [meant] if isinstance(meant, str) else meant
    if not surface_words(said):
        raise ConfigurationError(f"The glossary {path} has an entry without a word: {said!r}.")
    if (
        not isinstance(listed, list)
        or not listed
        or not all(isinstance(each, str) and surface_words(each) for each in listed)
    ):
        raise ConfigurationError(
            f"The glossary {path} has no words for {said!r}: give a text or a list of texts, such "
            f'as "{said}" = ["annual leave"].'
        )
    return tuple(listed)


def _stems_in_order(text: str) -> list[str]:
    return [stem for word in surface_words(text) for stem in stems(word)]


def _holds(words: list[str], phrase: list[str]) -> bool:
    length = len(phrase)
    return any(words[at : at + length] == phrase for at in range(len(words) - length + 1))
