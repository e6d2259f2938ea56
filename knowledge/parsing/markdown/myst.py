"""MyST's directives, written as code fences, and its roles, as the text that they show."""

from __future__ import annotations

import re

from knowledge.parsing.markdown.admonitions import OPTION, title_line

_MYST = re.compile(r"[ \t]*(`{3,}|~{3,})\{([\w:.-]+)\}[ \t]*(.*)$")
_MYST_CODE = frozenset("code code-block code-cell sourcecode literalinclude math mermaid".split())
_PLAIN_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[^`]*$")
_MYST_LEFT_OUT = frozenset("toctree contents tableofcontents image raw index bibliography".split())
_ROLE = re.compile(r"\{[\w:.-]{1,40}\}`([^`<>\n]{1,300}?)(?:\s*<[^`<>\n]{0,300}>)?`")


def without_myst(text: str) -> str:
    """MyST's directives, written as code fences, and roles, written before code spans, as text."""
    if "}`" in text:
        text = _ROLE.sub(r"\1", text)
    if "`{" not in text and "~{" not in text:
        return text
    found: list[str] = []
    open_fences: list[tuple[str, str]] = []  # marks, and what becomes of what is inside
    for line in text.split("\n"):
        inside = open_fences[-1][1] if open_fences else ""
        if open_fences and line.strip() == open_fences[-1][0]:
            open_fences.pop()
            found.append("" if inside in ("gone", "text") else line)
        elif inside == "options" and OPTION.match(line):
            pass
        elif inside in ("code", "options", "gone"):
            if inside == "options":
                open_fences[-1] = (open_fences[-1][0], "code")
            found.append(line) if inside != "gone" else None
        elif match := _MYST.match(line):
            kind = (
                "options"
                if match[2] in _MYST_CODE
                else "gone"
                if match[2] in _MYST_LEFT_OUT
                else ""
            )
            open_fences.append((match[1], kind or "text"))
            if kind == "options":
                found.append(f"{match[1]}{match[3].split()[0] if match[3] else ''}")
            elif not kind:
                found.append(title_line(match[3]))
        elif match := _PLAIN_FENCE.match(line):
            open_fences.append((match[1], "code"))
            found.append(line)
        elif not (inside == "text" and OPTION.match(line)):
            found.append(line)
    return text if open_fences else "\n".join(found)
