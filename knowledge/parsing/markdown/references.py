"""Markdown's reference links: the addresses stand at the end of a file, and are put in place."""

from __future__ import annotations

import re

from knowledge.parsing.inline import outside_code

_DEFINITION = re.compile(
    r"^ {0,3}\[([^\[\]^\n]{1,200})\]:[ \t]*<?((?:[a-z][a-z\d+.-]{1,20}:|\.{0,2}/|#)[^\s<>]{0,2000}|"
    r"[^\s<>]{1,300}\.(?:md|html?|pdf|png|jpe?g|svg|gif)(?:#[^\s<>]{0,200})?)>?"
    r"(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$\n?",
    re.M | re.I,
)
_REFERENCE = re.compile(
    r"(?<![\]\\])(!?)\[((?:[^\[\]\\\n]|\\.|\n(?!\n)){1,500})\](?:\[([^\[\]\n]{0,200})\])?(?![\[(:{])"
)


def references_resolved(text: str) -> str:
    """Reference links as inline ones, without the definitions, whose addresses are no text."""
    targets: dict[str, str] = {}

    def collect(prose: str) -> str:
        for match in _DEFINITION.finditer(prose):
            targets.setdefault(_label(match[1]), match[2])
        return _DEFINITION.sub("", prose)

    def resolve(prose: str) -> str:
        return _REFERENCE.sub(inline, prose)

    def inline(match: re.Match[str]) -> str:
        target = targets.get(_label(match[3] or match[2]))
        return match[0] if target is None else f"{match[1]}[{match[2]}]({target})"

    text = outside_code(text, collect)
    return outside_code(text, resolve) if targets else text


def _label(words: str) -> str:
    return " ".join(words.split()).casefold()
