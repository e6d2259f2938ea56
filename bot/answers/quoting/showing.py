"""Quoted stretches as a reader sees them: no links behind words, no lines that only wrap."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.parsing.inline import outside_code, without_links, without_lone_images

_WRAPPED = 50  # characters; from this length on a line of a PDF may have been broken to fit
_KEEPS_LINES = (".pdf", ".txt")
_LINE_BREAK = "  "  # at a line's end, as in an address
_STRUCTURED = re.compile(r"\s*([-*+>|#`~]|\d+[.)]\s)")
_FOOTNOTE = re.compile(r"(?<=\S)\[\^[\w-]{1,50}\](?!:)")
_BOLD = re.compile(r"(?<![\\*])(?:(?<=\S)\*\*|\*\*(?=\S))(?!\*)")
_CHECKBOX = re.compile(r"^([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?)\[[ xX]\][ \t]+", re.M)
_ANSWER_LABEL = re.compile(
    r"\A(?:\*\*|__)?(?:A|Answer|Antwort)(?:(?:\*\*|__)?[:.)]|[:.)](?:\*\*|__))\s+(?=\S)"
)


def readable(markdown: str, document: str) -> str:
    """The stretch with the lines of a paragraph or list item joined, images and marks left out.

    All lines are joined in Markdown, whose line ends mean nothing; in a PDF or a text file only
    long lines: a short one was not wrapped and ends there, as in an address.
    """
    reflow = not document.lower().endswith(_KEEPS_LINES)
    kept = outside_code(markdown, _without_marks)
    return _joined(without_links(kept if kept.strip() else markdown), reflow=reflow)


def _without_marks(text: str) -> str:
    text = _FOOTNOTE.sub("", without_lone_images(text))
    return _without_lone_bold(_CHECKBOX.sub(r"\1", _ANSWER_LABEL.sub("", text)))


def _without_lone_bold(text: str) -> str:
    """Without the mark whose other end is in a sentence that is not quoted."""
    marks = [match.start() for match in _BOLD.finditer(text)]
    if len(marks) % 2 == 0:
        return text
    open_marks: list[int] = []
    lone: list[int] = []
    for at in marks:
        if open_marks and not text[at - 1].isspace():
            open_marks.pop()
        elif text[at + 2 : at + 3].strip():
            open_marks.append(at)
        else:
            lone.append(at)
    for at in sorted((*open_marks, *lone), reverse=True):
        text = text[:at] + text[at + 2 :]
    return text


def listed(parts: Sequence[str], document: str) -> str:
    """Stretches of one list, :func:`readable`, below each other and as far in as they are."""
    outermost = _indent(parts[0])
    return "\n".join(
        " " * max(_indent(part) - outermost, 0) + readable(part, document) for part in parts
    )


def _indent(markdown: str) -> int:
    return len(markdown) - len(markdown.lstrip(" "))


def _joined(markdown: str, *, reflow: bool) -> str:
    lines: list[str] = []
    last = ""
    in_code = breaks = False
    for line in markdown.strip().split("\n"):
        fence = line.lstrip().startswith(("```", "~~~"))
        wrapped = last and (reflow or len(last) >= _WRAPPED) and not last.startswith("|")
        wrapped = wrapped and not breaks
        breaks = line.endswith(_LINE_BREAK)
        wrapped = wrapped and not in_code and not fence
        in_code ^= fence
        last = "" if fence else line.rstrip()
        if fence or in_code:
            lines.append(line.rstrip())
            continue
        if wrapped and last and not _STRUCTURED.match(last):
            lines[-1] = f"{lines[-1]} {last.strip()}"
        else:
            lines.append(last)
    return "\n".join(lines)
