"""Markdown read by a real parser, with bounds to how deep it may be nested."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

_MAX_NESTING = 100
"""Of quotes and lists; the parser drops what lies deeper."""

_MARKERS = r"(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t])))"
_DEEP_LINE = re.compile(rf"^({_MARKERS}{{30}}){_MARKERS}+[ \t]*", re.M)
_DEEP_ITEM = re.compile(r"^(?: {0,3}\t| {4}){20,}[ ]*(?=(?:[-+*]|\d{1,9}[.)])[ \t])", re.M)


def read_blocks(markdown: str) -> list[Token]:
    """The tokens of the blocks only, without the time that reading their insides takes."""
    return parser(insides=False).parse(markdown)


@cache
def parser(*, insides: bool = True) -> MarkdownIt:
    """CommonMark with tables and strikethrough, less what is more often prose than markup.

    HTML and indented code are text, as is ``[1]: …`` (a source line, not a definition that
    vanishes), and a rule under a paragraph is a rule.
    """
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    parser.disable(["code", "reference", "lheading", "html_block", "html_inline"])
    return parser if insides else parser.disable(["inline", "text_join"])


def shallow(markdown: str) -> str:
    """The same without quotes and lists nested deeper than the parser goes."""
    return _DEEP_ITEM.sub(" " * 80, _DEEP_LINE.sub(r"\1 ", markdown))


def plain_text(nodes: Sequence[SyntaxTreeNode]) -> str:
    """The words of inline Markdown without its marks; of a link, its text."""
    parts = []
    for node in nodes:
        if node.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif node.children:
            parts.append(plain_text(node.children))
        else:
            parts.append(node.content)
    return "".join(parts)
