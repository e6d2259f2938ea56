"""What parsing makes of one file: its Markdown and the few facts that the file states of itself."""

from __future__ import annotations

import struct
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax import SAXException

from knowledge.types import LeftOut

MAX_DOCUMENT_BYTES = 20 * 1024 * 1024
"""Larger files are skipped: a handbook page is kilobytes, and parsers need many times the size."""

PARSER_FAILURES: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    SyntaxError,  # lxml's XMLSyntaxError is one
    TypeError,
    ValueError,
    SAXException,
    struct.error,
    xml.parsers.expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the format libraries raise on malformed input besides their own error types.

They walk the file's structures unchecked, so a flipped byte surfaces as almost any of these. Only
the single call into such a library is wrapped, so errors of our own code are not hidden.
"""


_SHOWN = 10


def some_of(names: Sequence[str]) -> str:
    """The first names in one line, for :attr:`LeftOut.where`."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """One document as Markdown, with what it says about itself."""

    title: str
    """Never empty: stated title, else the first H1, else the file name made readable."""
    markdown: str
    """NFC, ``\\n`` line ends, no control characters. PDF pages begin with an anchor ``page=N``."""
    access: frozenset[str] | None
    """Principals from the front matter; None when the document says nothing. Never empty."""
    valid_until: date | None
    """The last day on which the document holds; None when it says nothing."""
    language: str | None
    """Lower-case primary subtag of the stated language (``de-AT`` is ``de``); None if unstated."""
    left_out: tuple[LeftOut, ...] = ()
    """What of it was not read; a kind occurs once."""
    has_own_anchors: bool = False
    """Only ids that the document states can be linked to; else headings' slugs can, too."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What one format's parser hands back before title and text are settled."""

    markdown: str
    title: str | None = None
    access: frozenset[str] | None = None
    valid_until: date | None = None
    language: str | None = None
    left_out: tuple[LeftOut, ...] = ()
    has_own_anchors: bool = False


def primary_language(stated: object) -> str | None:
    """The lower-case primary subtag of a language tag, or None if ``stated`` is not one."""
    if not isinstance(stated, str):
        return None
    subtag = stated.strip().replace("_", "-").split("-")[0].lower()
    return subtag if subtag.isascii() and subtag.isalpha() and 2 <= len(subtag) <= 3 else None
