"""What editors write that CommonMark reads otherwise than they mean it, put as it is meant.

GitBook, Notion and pages pasted from a word processor have spaces as entities, bold marks with a
space on the wrong side, a backslash for a line break and headings without the space after ``#``.
"""

from __future__ import annotations

import re
from itertools import pairwise

_ENTITY = r"&(?:#x20|#32|nbsp|#160|#xa0|ensp|emsp|thinsp);"
_SPACE = re.compile(_ENTITY, re.I)
_SPACE_AT_END = re.compile(rf"(?:[ \t]?{_ENTITY})++[ \t]*$", re.I | re.M)
_LINE_BREAK = re.compile(r"(?<!\\)\\(?=\n)")
_HEADING = re.compile(r"^( {0,3}#{2,6})(?=[^\s#])", re.M)
# "#general" is a channel and "#1" a number.
_FIRST_HEADING = re.compile(
    r"(\A\s*|\n[ \t]*\n)( {0,3}#)(?=[^\W\d_a-z][^\n#]{0,80}(?:\n[ \t]*\n|\Z))"
)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_BOLD = re.compile(r"(?<![\\*])\*\*(?!\*)")


def as_meant(text: str) -> str:
    """The same words as plain Markdown; ``text`` is prose without code."""
    if "&" in text:
        text = _SPACE.sub(" ", _SPACE_AT_END.sub("", text))
    if "\\\n" in text:
        text = _LINE_BREAK.sub("  ", text)
    if "#" in text:
        text = _FIRST_HEADING.sub(r"\1\2 ", _HEADING.sub(r"\1 ", text))
    if "**" in text:
        parts = _PARAGRAPH.split(text)
        marks = _PARAGRAPH.findall(text)
        text = "".join(_bold(part) + mark for part, mark in zip(parts, [*marks, ""], strict=True))
    return text


def _bold(paragraph: str) -> str:
    """A paragraph whose bold marks touch the words that they mark, and not the next ones."""
    at = [match.start() for match in _BOLD.finditer(paragraph)]
    if len(at) % 2:
        return paragraph
    edges = [0, *(edge for start in at for edge in (start, start + 2)), len(paragraph)]
    pieces = [paragraph[start:end] for start, end in pairwise(edges)][::2]
    for inside in range(1, len(pieces), 2):
        words = pieces[inside]
        bare = words.strip()
        if not bare or (words[0].isspace() and words[-1].isspace()):
            return paragraph  # a sum, or marks that belong together otherwise
        before, after = words[: words.index(bare)], words[words.index(bare) + len(bare) :]
        if not after and not bare[-1].isalnum() and pieces[inside + 1][:1].isalnum():
            after = " "
        pieces[inside - 1] += before
        pieces[inside] = bare
        pieces[inside + 1] = after + pieces[inside + 1]
    return "**".join(pieces)
