"""The metadata at a file's head, YAML, TOML or JSON, read so that an access list cannot get lost.

What looks like front matter is read whole or not at all: a document whose author meant it for a few
must not be shown to everybody because of a slip in a line.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import primary_language
from knowledge.parsing.text import clean

MAX_FRONT_MATTER = 64 * 1024
"""Characters; what is longer is not metadata, and is not read as such."""
HEAD = 4 * 1024
"""Characters of a text, or after its front matter, in which a line like ``access:`` is no prose."""

_ADVICE = (
    "so nobody is shown the document. Begin the file with a line ---, then "
    "access: [role:managers, channel:C9], then another line ---."
)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a file states of itself, and the text below that."""

    body: str
    title: str | None = None
    access: frozenset[str] | None = None
    """Principals; None when nothing is said. Never empty."""
    valid_until: date | None = None
    language: str | None = None


def read_front_matter(text: str, *, guarded: bool = True) -> FrontMatter:
    """Take the front matter off the head of a cleaned text.

    It stands between lines of ``---`` (YAML) or ``+++`` (TOML), or is an object in JSON; blank
    lines and HTML comments may come first. Raises :class:`DocumentSkipped` for what looks like
    front matter and cannot be read whole, and for a line like ``access:`` that was not read as an
    access list. All that is text when not ``guarded``: where something else settles who may read
    it.
    """
    try:
        return _taken_off(text)
    except DocumentSkipped:
        if guarded:
            raise
        return FrontMatter(text)


def _taken_off(text: str) -> FrontMatter:
    opening = _OPENING.match(text, _first_visible(text))
    if opening is None and (found := _json_head(text)) is not None:
        return _stated(*found)
    if opening is None:
        refuse_unread_access(text)
        return FrontMatter(text)
    is_yaml = opening[1] == "---"
    closing = (_YAML_END if is_yaml else _TOML_END).search(text, opening.end())
    written = text[opening.end() : closing.start() if closing else len(text)]
    stated = _loaded(written, is_yaml=is_yaml) if closing else None
    if closing is None or stated is None:
        if not _is_metadata(written):  # a rule above prose
            refuse_unread_access(text)
            return FrontMatter(text)
        problem = "cannot be read" if closing else f"has no closing line {opening[1]}"
        raise DocumentSkipped(
            f"Its front matter {problem}, and could name who may read it. Correct it, "
            "or put a line of text first if it is none."
        )
    return _stated(stated, text, closing.end())


def _stated(stated: dict[str, Any], text: str, end: int) -> FrontMatter:
    """What the front matter, which ends there, says."""
    lists = _access_lists(text[:end], is_metadata=True)
    misspelt = any(key != "access" and _is_nearly(_letters(key), "access") for key in stated)
    if "access" not in stated:
        misspelt = misspelt or any(_names_people(value) for value in stated.values())
    if misspelt or len(lists) > ("access" in stated):
        raise DocumentSkipped(
            f"Its front matter has an access list that is misspelt or in the wrong place, {_ADVICE}"
        )
    refuse_unread_access(text[end:], within=HEAD)
    return FrontMatter(
        text[end:],
        title=_words(stated.get("title")),
        access=_principals(stated["access"]) if "access" in stated else None,
        valid_until=_day(stated.get("valid_until")),
        language=primary_language(stated.get("language")),
    )


def refuse_unread_access(text: str, *, within: int | None = None) -> None:
    """Raise :class:`DocumentSkipped` if a line of a text without front matter looks like a list.

    Looked at are the first ``within`` characters; if not given, :data:`HEAD`, or the whole of a
    text that begins as metadata does.
    """
    looks_like_metadata = within is None and _BEGINS_AS_METADATA.match(text, _first_visible(text))
    head = text if looks_like_metadata else text[: within or HEAD]
    if _access_lists(head, is_metadata=False):
        raise DocumentSkipped(
            "A line of it looks like an access list (access: …) but does not stand in front matter "
            f"of a Markdown file that can be read, {_ADVICE} If the line is none, word it "
            "differently."
        )


# --- the front matter's borders ---------------------------------------------------------------

_SPACE = re.compile(r"\s*")
_OPENING = re.compile(r"(---|\+\+\+)[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_YAML_END = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:#[^\n]*)?(?:\n|\Z)", re.M)
_TOML_END = re.compile(r"^\+\+\+[ \t]*(?:#[^\n]*)?(?:\n|\Z)", re.M)
_INDENTED_END = re.compile(r"^[ \t]+(?:-{3,}|\.{3}|\+{3})[ \t]*$", re.M)
_KEY = re.compile(r"^[^\w\n]*+[\w.-]+(?:\t[\w.-]+)*[\"']?[ \t]*[:=](?:\s|$)", re.M)
_BEGINS_AS_METADATA = re.compile(
    r"(?:[#%][^\n]*\n\s*)*+(?:[-–—+=;~`*_.]{2}|[{%]|[\w\"'.-]+\s?[:=])"
)


def _first_visible(text: str) -> int:
    """Where the text begins after blank lines and HTML comments."""
    at = 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches anywhere
        end = text.find("-->", at) if text.startswith("<!--", at) else -1
        if end < 0:
            return at
        at = end + len("-->")


def _loaded(written: str, *, is_yaml: bool) -> dict[str, Any] | None:
    """The mapping, empty if nothing is stated; None if it is not one, or cannot be read whole."""
    if len(written) > MAX_FRONT_MATTER or _INDENTED_END.search(written):
        return None
    try:
        # This loader leaves all values text: no date or number can be wrong, no merge can blow up.
        loaded = (
            yaml.load(written, Loader=yaml.BaseLoader)  # noqa: S506 - makes no objects either
            if is_yaml
            else tomllib.loads(written)
        )
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if loaded in (None, ""):
        return {}
    return loaded if isinstance(loaded, dict) else None


_JSON_MARK = re.compile(r";;;[ \t]*\n")
_JSON_END = re.compile(r"\s*\n;;;[ \t]*(?:\n|\Z)")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")


def _json_head(text: str) -> tuple[dict[str, Any], str, int] | None:
    """An object in JSON that a text begins with, bare (Hugo) or between ``;;;``; and its end."""
    at = _first_visible(text)
    mark = _JSON_MARK.match(text, at)
    start = _SPACE.match(text, mark.end() if mark else at).end()  # type: ignore[union-attr]
    if not text.startswith("{", start):
        return None
    written = text[start : start + MAX_FRONT_MATTER]
    try:
        # A key that stands twice could hide an access list; numbers and dates stay text.
        pairs, length = json.JSONDecoder(object_pairs_hook=_once_each).raw_decode(written)
    except (ValueError, RecursionError):
        return None
    closing = (_JSON_END if mark else _LINE_END).match(text, start + length)
    return (pairs, text, closing.end()) if closing and isinstance(pairs, dict) and pairs else None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _is_metadata(written: str) -> bool:
    """Has it a line that names a key, or people? Prose has ``Note: …``, but seldom so early."""
    head = written[:HEAD]
    return any(sign.search(head) for sign in (_KEY, _PEOPLE)) or bool(
        _access_lists(written, is_metadata=True)
    )


# --- the access list --------------------------------------------------------------------------

_NAMED = re.compile(
    r"(?:^[^\w\n]*+|[{,;#][ \t\"'`]{0,9})(?P<name>\w{5,7})(?:[ _-]?lists?)?(?!\w)"
    r"[^\w\n:=\[{]{0,20}(?P<mark>[:=\[{]|$)(?=(?P<value>[^\n]*)(?P<next>\n\s*[^\n]*)?)",
    re.M,
)
# Wherever it stands but in code, as after a line whose end was lost: a list that names somebody.
_SAID = re.compile(
    r"(?<![\w`])(?P<name>\w{5,7})(?:[ _-]?lists?)?[\"'*`]{0,3}[\s>]{0,99}[:=][\s*]{0,99}"
    r"(?:\[(?![^\]\n]{0,300}\]\()|(?:-\s{0,9})?[\"']?\w+:\w)"
)
_INVISIBLE = "Cf"


def _access_lists(text: str, *, is_metadata: bool) -> set[int]:
    """Where something looks like an access list, also misspelt by one letter.

    In text that is not metadata, ``Access: by the back door`` is prose.
    """
    if not text.isascii():  # full-width colons, no-break spaces, joiners within a word
        text = unicodedata.normalize("NFKC", text)
        text = "".join(char for char in text if unicodedata.category(char) != _INVISIBLE)
    return {
        match.start("name")
        for pattern in (_NAMED, _SAID)
        for match in pattern.finditer(text)
        if _is_nearly(match["name"].casefold(), "access")
        and (is_metadata or pattern is _SAID or (match["mark"] and not _is_prose(match)))
    }


def _is_prose(line: re.Match[str]) -> bool:
    value = line["value"].strip(" \t*`") or (line["next"] or "").strip(" \t\n-*+")
    if line["mark"] in "[{":
        return "](" in value or "][" in value or value.startswith(("{", "%"))
    words = value.split()
    is_list = value.startswith(("[", "{", "&", "*", "!", "|", ">")) and "](" not in value
    is_list = is_list or re.search(r"\w:\w", value) is not None
    is_list = is_list or all(word.endswith(",") for word in words[:-1])
    return line["name"] != line["name"].lower() and not (is_list or len(words) < 3)


_PEOPLE = re.compile(r"\b(?:role|user|channel|group):\w")


def _names_people(value: object) -> bool:
    listed = value if isinstance(value, list) else [value]
    return any(isinstance(item, str) and _PEOPLE.search(item) for item in listed)


def _letters(key: str) -> str:
    return re.sub(r"[\W_]", "", key).casefold()


def _is_nearly(word: str, wanted: str) -> bool:
    """Is it that word, but for one letter added, left out or another, or two that are swapped?"""
    pairs = enumerate(zip(word, wanted, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(word), len(wanted)))
    left, right = word[same:], wanted[same:]
    is_swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return is_swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


_NO_NAME = re.compile(r"[~\d.+-]*|null|none|true|false|yes|no|on|off", re.I)
_NEVER_IN_A_NAME = re.compile(r"[\[\]{},\"'|<>\x00-\x1f]")


def _principals(value: object) -> frozenset[str]:
    listed = value if isinstance(value, list) else [value]
    names = [item.strip() for item in listed if isinstance(item, str) and item == clean(item)]
    if len(names) < max(1, len(listed)) or any(
        _NO_NAME.fullmatch(name) or _NEVER_IN_A_NAME.search(name) for name in names
    ):
        raise DocumentSkipped(f"Its access list cannot be read, {_ADVICE}")
    return frozenset(names)


# --- other values -----------------------------------------------------------------------------

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")


def _words(stated: object) -> str | None:
    is_text = isinstance(stated, str) and stated.casefold() not in ("~", "null")
    return str(stated) if is_text else None


def _day(stated: object) -> date | None:
    if isinstance(stated, date):
        return stated.date() if isinstance(stated, datetime) else stated
    found = _DAY.match(stated.strip()) if isinstance(stated, str) else None
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
