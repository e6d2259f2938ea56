"""Admonitions and tabs of Markdown's dialects: their title in bold, and their words.

Those of MkDocs are indented, those of Docusaurus and MyST stand between colons, the alerts of
GitHub and callouts of Obsidian are quotes, which may be nested.
"""

from __future__ import annotations

import re

from knowledge.parsing.blocks import lines_in_fences

_MKDOCS = re.compile(
    r"[ \t]*(?:!!!|\?\?\?\+?|===[!+]?)[ \t]+(?:[\w-]+(?:[ \t]+[\w-]+){0,9}[ \t]*)?"
    r"(?:\"(.*)\")?[ \t]*$"
)
_MKDOCS_INDENT = 4
_DIRECTIVE = re.compile(
    r"[ \t]*:{3,}[ \t]*(?:\{[^{}\n]*\}|[\w-]+)?(?:\[([^\]\n]*)\])?(?:\{[^{}\n]*\})?[ \t]*"
    r"(.*?)[ \t]*(?:\{[^{}\n]*\})?[ \t]*:*$"
)
_QUOTED = re.compile(r"[ \t]*(?:>[ \t]?){1,20}")
_ALERT = re.compile(r"[ \t]*\[!([\w-]+)(?:\|[^\]\n]*)?\][-+]?[ \t]*(.*?)[ \t]*$")
OPTION = re.compile(r"[ \t]*:[\w-]+:")


def without_admonitions(text: str) -> str:
    """Without the lines that begin and end admonitions and tabs, and their content not indented."""
    if not any(mark in text for mark in ("!!!", "???", "===", ":::", "[!")):
        return text
    in_fence = lines_in_fences(text)
    found: list[str] = []
    indents: list[int] = []  # of the MkDocs blocks that are open
    after_myst = False
    depth = 0  # of the alerts that are open
    for number, line in enumerate(text.split("\n")):
        indent = len(line) - len(line.lstrip(" "))
        while indents and line.strip() and indent < indents[-1] + _MKDOCS_INDENT:
            indents.pop()
        shown = line[_MKDOCS_INDENT * len(indents) :] if line.strip() else line
        quoted = _QUOTED.match(shown)
        depth = min(depth, shown.count(">", 0, quoted.end()) if quoted else 0)
        if number in in_fence:
            pass
        elif match := _MKDOCS.match(line):
            indents.append(indent)
            shown = title_line(match[1])
        elif after_myst and OPTION.match(line):
            continue
        elif line.lstrip().startswith(":::") and (match := _DIRECTIVE.match(line)):
            after_myst = "{" in line
            said = match[1] or match[2]
            found.append(title_line(said if any(map(str.isalpha, said)) else ""))
            continue
        elif quoted and (match := _ALERT.match(shown, quoted.end())):
            depth, shown = quoted[0].count(">"), title_line(match[2])
        elif depth:
            shown = re.sub(rf"[ \t]*(?:>[ \t]?){{{depth}}}", "", shown, count=1)
        after_myst = False
        found.append(shown)
    return "\n".join(found)


def title_line(title: str | None) -> str:
    """A title in bold on a line of its own; nothing without one."""
    return f"\n**{title.strip()}**\n" if title and title.strip() else ""
