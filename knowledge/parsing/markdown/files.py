"""Markdown files: front matter read, Liquid tags and HTML in the text made readable."""

from __future__ import annotations

import re

from knowledge.parsing.document import Draft
from knowledge.parsing.inline import outside_code, rewrite_pairs
from knowledge.parsing.markdown.dialects import without_dialects
from knowledge.parsing.markdown.front_matter import read_front_matter


def parse_markdown(text: str, *, guarded: bool = True) -> Draft:
    """Markdown with its front matter taken off (see :func:`read_front_matter`)."""
    head = read_front_matter(text, guarded=guarded)
    return Draft(
        _readable(head.body),
        title=head.title,
        access=head.access,
        valid_until=head.valid_until,
        language=head.language,
    )


# --- Liquid -----------------------------------------------------------------------------------

_COMMENT = re.compile(r"\{%-?\s{0,9}comment\s{0,9}-?%\}")
_END_COMMENT = re.compile(r"\{%-?\s{0,9}endcomment\s{0,9}-?%\}")
_RAW = re.compile(r"\{%-?\s{0,9}raw\s{0,9}-?%\}")
_END_RAW = re.compile(r"\{%-?\s{0,9}endraw\s{0,9}-?%\}")
_HIGHLIGHT = re.compile(r"^\{%-?\s{0,9}highlight\s{1,9}([\w+-]{1,30})[^%{}\n]{0,200}%\}", re.M)
_END_HIGHLIGHT = re.compile(r"\{%-?\s{0,9}endhighlight\s{0,9}-?%\}")
_LIQUID_TAG = re.compile(
    r"\{%-?\s{0,9}([\w-]*)((?>\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|[^%{]|\{(?!%)|%(?!\})){0,1000}+)%\}"
)
_LIQUID_TARGET = re.compile(r"(?<=\]\()\{\{[^{}\n]*\}\}")
_BLANK_LINES = re.compile(r"\n{3,}")
_TITLE = re.compile(r"\btitle\s{0,9}=\s{0,9}[\"']([^\"'\n]{1,200})[\"']")
_ARGUMENT = re.compile(r"\"([^\"]*)\"|'([^']*)'")


def _readable(text: str) -> str:
    """Text without what dialects add, without Liquid tags and with HTML as Markdown.

    Code is left as it is. Dialects come first: Liquid would take Hugo's tags apart.
    """
    if "highlight" in text:
        text = rewrite_pairs(text, _HIGHLIGHT, _END_HIGHLIGHT, _fenced)
    text = without_dialects(text)
    if "{%" in text or "{{" in text:
        text = outside_code(text, _without_liquid)
        # Around code, raw only protects it from Liquid, which runs before Markdown is read.
        text = _END_RAW.sub("", _RAW.sub("", text))
    if "<" in text:
        from knowledge.parsing.html.markup import html_to_markdown_inside

        text = outside_code(text, html_to_markdown_inside)
    return outside_code(text, lambda prose: _BLANK_LINES.sub("\n\n", prose))


def _fenced(start: re.Match[str], inner: str) -> str:
    code = inner.strip("\n")
    return f"\n```{start[1]}\n{code}\n```\n"


def _without_liquid(text: str) -> str:
    text = rewrite_pairs(text, _COMMENT, _END_COMMENT, lambda _start, _inner: "")
    literal: list[str] = []

    def put_aside(_start: re.Match[str], inner: str) -> str:
        literal.append(inner)
        return f"\0raw{len(literal) - 1}\0"

    text = rewrite_pairs(text, _RAW, _END_RAW, put_aside)
    text = _LIQUID_TARGET.sub("", _LIQUID_TAG.sub(_tag_as_text, text))
    return re.sub("\0raw(\\d+)\0", lambda match: literal[int(match[1])], text)


def _tag_as_text(match: re.Match[str]) -> str:
    name: str = match[1]
    arguments: list[str] = [double or single for double, single in _ARGUMENT.findall(match[2])]
    if name == "slack_channel" and arguments:
        channel = "#" + arguments[0].lstrip("#")
        label = arguments[1].strip() if len(arguments) > 1 else ""
        is_same = label.lstrip("#").casefold() == channel[1:].casefold()
        return channel if not label or is_same else f"{label} ({channel})"
    if name in ("page", "link", "download", "asset", "post_url") and arguments:
        return arguments[0]
    if name.startswith("image") and len(arguments) > 1:
        return f"![{arguments[-1]}]({arguments[0].replace(' ', '%20')})"
    title = _TITLE.search(match[2])
    return f"\n\n**{title[1]}**\n\n" if title else ""
