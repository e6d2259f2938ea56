"""Quoted stretches as a reader sees them: no links behind words, no lines that only wrap."""

from __future__ import annotations

import re

from knowledge.parsing.inline import outside_code, without_links, without_lone_images

_WRAPPED = 50  # characters; from this length on a line of a PDF may have been broken to fit
_KEEPS_LINES = (".pdf", ".txt")
_STRUCTURED = re.compile(r"\s*([-*+>|#`~]|\d+[.)]\s)")
_FOOTNOTE = re.compile(r"(?<=\S)\[\^[\w-]{1,50}\](?!:)")
_DANGLING = re.compile(r"\A\*\*(?=\S)|(?<=\S)\*\*(?=\n\n|\s*\Z)")
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
    if kept.count("**") % 2:  # the other end is in a sentence that is not quoted
        kept = _DANGLING.sub("", kept, count=1)
    return _joined(without_links(kept if kept.strip() else markdown), reflow=reflow)


def _without_marks(text: str) -> str:
    return _ANSWER_LABEL.sub("", _FOOTNOTE.sub("", without_lone_images(text)))


def _joined(markdown: str, *, reflow: bool) -> str:
    lines: list[str] = []
    last = ""
    in_code = False
    for line in markdown.strip().split("\n"):
        fence = line.lstrip().startswith(("```", "~~~"))
        wrapped = last and (reflow or len(last) >= _WRAPPED) and not last.startswith("|")
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
