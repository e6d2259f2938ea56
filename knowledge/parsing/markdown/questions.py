"""Lines of questions and answers, ``Q: ...`` above ``A: ...``, as headings with their text."""

from __future__ import annotations

import re
from functools import partial

from knowledge.parsing.inline import outside_code

_PAIRS = (
    "Q A|Question Answer|Question Réponse|Frage Antwort|F A|Pregunta Respuesta|P R|D R|"
    "Domanda Risposta"
)
_BOLD = r"(?:\*\*|__)?"
_LOOK = re.compile(r"^[ \t]*(?:\*\*|__)?[A-Z]\w{0,8}[ \t]?\d{0,3}[.:)]", re.M)
_LEAST = 2
"""Pairs of one kind in a document: one alone may be a dialogue, or an abbreviation."""


def _pattern(pair: str) -> re.Pattern[str]:
    asks, answers = pair.split()
    number = r"[ \t]?\d{0,3}"
    return re.compile(
        rf"^[ \t]{{0,3}}{_BOLD}{asks}{number}[.:)]{_BOLD}[ \t]+(?P<question>[^\n]{{1,300}}"
        rf"(?:\n(?!\s*{_BOLD}{answers}{number}[.:)])[^\n]{{1,300}}){{0,3}})\n(?:[ \t]*\n)?"
        rf"[ \t]{{0,3}}{_BOLD}{answers}{number}[.:)]{_BOLD}[ \t]*(?=\S)",
        re.M,
    )


_PATTERNS = [_pattern(pair) for pair in _PAIRS.split("|")]
_HEADING = re.compile(r"^(#{1,6})[ \t]", re.M)


def questions_as_headings(markdown: str) -> str:
    """Each question of a page of questions and answers as a heading one level deeper."""
    if len(_LOOK.findall(markdown)) < 2 * _LEAST:
        return markdown
    for pattern in _PATTERNS:
        if sum(1 for _ in pattern.finditer(markdown)) >= _LEAST:
            level = max((len(match[1]) for match in _HEADING.finditer(markdown)), default=1)
            mark = "#" * min(level + 1, 6)
            return outside_code(markdown, partial(pattern.sub, partial(_as_heading, mark)))
    return markdown


def _as_heading(mark: str, match: re.Match[str]) -> str:
    question = " ".join(match["question"].strip("*_ \t").split())
    return f"\n{mark} {question}\n\n"
