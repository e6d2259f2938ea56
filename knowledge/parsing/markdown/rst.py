"""reStructuredText as Markdown: what Sphinx and docutils add to the words is taken off.

docutils itself knows none of Sphinx's directives and puts an error in place of each.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from knowledge.parsing.blocks import fence_ranges
from knowledge.parsing.markdown.rst_tables import (
    GRID_BORDER,
    SIMPLE_BORDER,
    directed_table,
    grid_table,
    simple_end,
    simple_table,
)

_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:_<>])\1{2,}[ \t]*$")
_DIRECTIVE = re.compile(r"([ \t]*)\.\. (?:\|[^|\n]+\| )?([\w:.+-]+)::[ \t]*(.*)$")
_EXPLICIT = re.compile(r"([ \t]*)\.\.(?:[ \t]|$)")
_TARGET = re.compile(r"[ \t]*\.\. _([^:\n]+):[ \t]*$")
_NAMED_LINK = re.compile(r"[ \t]*\.\. _`?([^`:\n]+)`?:[ \t]+(\S+)[ \t]*$")
_NOTE = re.compile(r"([ \t]*)\.\. \[(?:#[\w-]*|\*|\d{1,3})\][ \t]+(.*)$")
_FIELD = re.compile(r"([ \t]*):([A-Z][\w ()/-]{0,40}):[ \t]+(\S.*)$")
_LINE_BLOCK = re.compile(r"([ \t]*)\|[ \t]+([^|\n]*)$")
_OPTION = re.compile(r"[ \t]*:([\w-]+):[ \t]*(.*)$")
_REPLACED = re.compile(r"[ \t]*\.\. \|([^|\n]+)\| replace::[ \t]*(.*)$")
_CODE = frozenset("code code-block sourcecode prompt console parsed-literal literalinclude".split())
_UNSAID = ("only", "class", "container", "role", "compound")
"""Directives whose argument is for the builder."""
_LEFT_OUT = frozenset(
    "toctree contents image raw meta index highlight include tabularcolumns automodule "
    "autoclass autofunction currentmodule module default-role role sectnum header footer".split()
)
_TABLES = ("list-table", "csv-table")
_VERSIONS = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version",
}
"""As Sphinx shows them; without, a number would stand there alone."""


def rst_to_markdown(text: str) -> str:
    """Markdown of the same words, with headings, lists, code, links and tables."""
    found = (_NAMED_LINK.match(line) for line in text.split("\n"))
    links = {match[1]: match[2] for match in found if match}
    lines = text.expandtabs(8).split("\n")
    blocks = "\n".join(_blocks(lines, []))
    if texts := {match[1]: match[2] for line in lines if (match := _REPLACED.match(line))}:
        names = "|".join(map(re.escape, texts))
        blocks = re.sub(rf"\|({names})\|", lambda match: texts[match[1]], blocks)
    return re.sub(r"\n{3,}", "\n\n", _inline(blocks, links)).strip("\n").rstrip()


def _blocks(lines: list[str], levels: list[str]) -> Iterator[str]:
    """``levels``: how the headings so far were underlined, the highest first."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if heading := _heading(lines, at, levels):
            text, level, at = heading
            yield f"\n{'#' * level} {text}\n"
        elif match := _DIRECTIVE.match(line):
            body, after = _indented(lines, at + 1, len(match[1]))
            yield from _directive(match[2].lower(), match[3], body, levels)
            at = after
        elif match := _TARGET.match(line):
            yield f'\n<a name="{_as_id(match[1])}"></a>\n'
            at += 1
        elif match := _NOTE.match(line):
            body, at = _indented(lines, at + 1, len(match[1]))
            yield ""
            yield " ".join([match[2], *body])
            yield ""
        elif match := _EXPLICIT.match(line):  # comments, named links
            _, at = _indented(lines, at + 1, len(match[1]))
        elif match := _FIELD.match(line):
            body, at = _indented(lines, at + 1, len(match[1]))
            yield " ".join([f"{match[1]}**{match[2]}**: {match[3]}", *body]) + "  "
        elif match := _LINE_BLOCK.match(line):
            yield f"{match[1]}{match[2]}  "
            at += 1
        elif _is_term(lines, at):
            body, at = _indented(lines, at + 1, 0)
            said = line.rstrip().split(" : ")[0]
            yield ""
            yield from _blocks([f"**{said}**: {body[0]}", *body[1:]], levels)
            yield ""
        elif GRID_BORDER.match(line):
            end = at
            while end < len(lines) and lines[end].strip().startswith(("+", "|")):
                end += 1
            yield f"\n{grid_table(lines[at:end])}\n"
            at = end
        elif SIMPLE_BORDER.match(line) and (last := simple_end(lines, at)) is not None:
            yield f"\n{simple_table(lines[at:last])}\n"
            at = last
        elif line.rstrip().endswith("::"):
            said = line.rstrip()[:-1].rstrip()
            yield "" if said.strip() == ":" else said.removesuffix(" :")
            body, at = _indented(lines, at + 1, len(line) - len(line.lstrip()))
            if body:
                yield from _fence(body, "")
        else:
            yield re.sub(r"^([ \t]*)#\. ", r"\g<1>1. ", line)
            at += 1


def _is_term(lines: list[str], at: int) -> bool:
    """Does a word with its explanation below stand here, in a list of such?"""
    line, below = lines[at], lines[at + 1] if at + 1 < len(lines) else ""
    is_alone = at == 0 or not lines[at - 1].strip() or lines[at - 1][:1] == " "
    is_word = line[:1].isalpha() and len(line) < 80 and line.rstrip()[-1:] not in ".:;,"
    return is_alone and is_word and bool(re.match(r" {1,8}[^\W\d_]", below))


def _heading(lines: list[str], at: int, levels: list[str]) -> tuple[str, int, int] | None:
    over = _UNDERLINE.match(lines[at])
    start = at + 1 if over else at
    if (
        start + 1 >= len(lines)
        or not lines[start].strip()
        or (lines[start][:1] == " " and not over)
    ):
        return None
    under = _UNDERLINE.match(lines[start + 1])
    if under is None or (over and over[1] != under[1]):
        return None
    text = lines[start].strip()
    if len(lines[start + 1].rstrip()) < min(len(text), 4) or _UNDERLINE.match(text):
        return None
    style = under[1] * (2 if over else 1)
    if style not in levels:
        levels.append(style)
    return text, min(levels.index(style) + 1, 6), start + 2


def _indented(lines: list[str], at: int, indent: int) -> tuple[list[str], int]:
    """The lines that are indented further, with the first line after them."""
    end = at
    while end < len(lines) and (
        not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent
    ):
        end += 1
    body = textwrap.dedent("\n".join(lines[at:end])).strip("\n")
    return (body.split("\n") if body.strip() else []), end


def _directive(name: str, said: str, body: list[str], levels: list[str]) -> Iterator[str]:
    options: dict[str, str] = {}
    while body and (match := _OPTION.match(body[0])):
        options[match[1]] = match[2].strip()
        body.pop(0)
    name = name.rpartition(":")[2]
    if name in _LEFT_OUT:
        yield f"\n![{options['alt']}]()\n" if options.get("alt") else ""
    elif name in _CODE:
        yield from _fence(body, said if name not in ("prompt", "parsed-literal") else "")
    elif name in _TABLES:
        title = f"{said}\n\n" if said else ""
        yield f"\n{title}{directed_table(name, options, body)}\n"
    elif name in _VERSIONS:
        number, _, rest = said.partition(" ")
        text = "\n".join(filter(None, [rest, *body]) if rest else body)
        said = f"{_VERSIONS[name]} {number}"
        yield ""
        yield from _blocks((f"{said}: {text}" if text else f"{said}.").split("\n"), levels)
        yield ""
    elif name == "replace":  # its words stand where they are named
        return
    else:
        is_argument = name in (
            "admonition",
            "topic",
            "sidebar",
            "rubric",
            "tab",
            "tab-item",
            "dropdown",
        )
        if said and name not in _UNSAID:
            yield f"\n**{said}**\n" if is_argument else f"\n{said}"
        yield ""
        yield from _blocks(body, levels)
        yield ""


def _fence(body: list[str], language: str) -> Iterator[str]:
    if body:
        yield "\n".join(["", f"```{language.split()[0] if language else ''}", *body, "```", ""])


# --- inside of lines --------------------------------------------------------------------------

_LITERAL = re.compile(r"``([^`\n](?:[^`\n]|`(?!`)){0,500})``")
_ROLE = re.compile(r":[\w:.+-]{1,40}:`([^`]{1,500})`")
_SUBSTITUTED = re.compile(r"(?<![\w|`])\|([^\W\d_][\w.]{0,40})\|(?![\w|`])")
"""What the settings of a site replace: most often by its name in other print."""
_LINK = re.compile(r"`([^`<>]{1,300}?)\s*<([^`<>\s]{1,1000})>`__?")
_NAMED = re.compile(r"(?<!`)`([^`<>\n]{1,200})`_(?!_|\w)|(?<![\w`])(\w[\w-]{0,60})_(?![\w_])")
_FOOTNOTE = re.compile(r"[ \t]?\[(?:#[\w-]*|\*|\d{1,3})\]_")
_SHOWN = re.compile(r"^!?~?(.*?)\s*(?:<[^<>]*>)?$", re.S)


def _inline(text: str, links: dict[str, str]) -> str:
    targets = {name.casefold(): target for name, target in links.items()}

    def named(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        target = targets.get(" ".join(name.split()).casefold())
        return f"[{name}]({target})" if target else (name if match[1] else match[0])

    def prose(part: str) -> str:
        part = _SUBSTITUTED.sub(r"\1", part)
        part = _ROLE.sub(lambda match: _SHOWN.sub(r"\1", match[1]), part)
        part = _LINK.sub(r"[\1](\2)", _FOOTNOTE.sub("", part))
        return _NAMED.sub(named, part)

    parts: list[str] = []
    at = 0
    # Here a backtick is no code: all but the fences is prose.
    for start, end in [*fence_ranges(text), (len(text), len(text))]:
        parts += [_LITERAL.sub(r"`\1`", prose(text[at:start])), text[start:end]]
        at = end
    return "".join(parts)


def _as_id(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name.strip("` ").lower()).strip("-")
