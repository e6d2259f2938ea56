"""HTML fragments as Markdown: what Word's converter makes, and tags inside Markdown files."""

from __future__ import annotations

import re

from knowledge.parsing.inline import outside_code, raised, rewrite_pairs
from knowledge.parsing.markdown.dialects import definitions_as_text


def to_markdown(markup: str, *, first_row_is_header: bool) -> str:
    """An HTML fragment as Markdown with ATX headings, ``-`` lists and pipe tables.

    ``first_row_is_header`` says what the first row of a table without ``<th>`` is; else such a
    table gets an empty header row, which Markdown cannot do without.
    """
    from bs4 import BeautifulSoup

    from knowledge.parsing.html.converter import Converter, flatten_terms, unwrap_layout

    soup = BeautifulSoup(markup, "html.parser")
    for hidden in soup.find_all(["script", "style"]):
        hidden.decompose()
    unwrap_layout(soup)
    flatten_terms(soup)
    converter = Converter(first_row_is_header=first_row_is_header)
    markdown: str = outside_code(converter.convert_soup(soup), definitions_as_text)
    return re.sub(r"\n{3,}", "\n\n", _TRAILING.sub("", markdown)).strip()


# Not two spaces before another line: there an address, say, goes on below.
_TRAILING = re.compile(r"[ \t]+$(?!\n[ \t]*\S)|(?<![ \t])[ \t]$", re.M)


def _end(names: str) -> re.Pattern[str]:
    return re.compile(rf"</(?:{names})\s{{0,9}}>", re.I)


_TABLE, _END_TABLE = re.compile(r"^[ \t]*(<table\b)", re.I | re.M), _end("table")
_HEADING, _END_HEADING = re.compile(r"<h([1-6])\b([^<>]*)>", re.I), _end("h[1-6]")
_ID = re.compile(r"\sid\s*=\s*[\"']([^\"'<>\s]+)[\"']", re.I)
_LINK, _END_LINK = (
    re.compile(r"<a\b[^<>]{0,2000}?\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^<>]*>", re.I),
    _end("a"),
)
_BOLD, _END_BOLD = re.compile(r"<(?:strong|b)\b[^<>]*>", re.I), _end("strong|b")
_ITALIC, _END_ITALIC = re.compile(r"<(?:em|i)\b[^<>]*>", re.I), _end("em|i")
_CODE, _END_CODE = re.compile(r"<code\b[^<>]*>", re.I), _end("code")
_BOLD_MARK = re.compile(r"</?(?:strong|b|h[1-6])\b[^<>]*>|\*\*", re.I)
_SUMMARY, _END_SUMMARY = re.compile(r"<summary\b[^<>]*>", re.I), _end("summary")
_RAISED = re.compile(r"(?<=(\d))<sup>\s*([+\-−]?\d{1,4})\s*</sup>", re.I)
_ITEM = re.compile(r"^[ \t]*<li\b[^<>]*>\s*", re.M | re.I)
_BREAK = re.compile(r"<br\s*/?>[ \t]*\n?", re.I)
_HIDDEN = [
    (re.compile(rf"<{name}\b[^<>]*>", re.I), _end(name)) for name in ("script", "style", "svg")
]
_UNSEEN = [
    (
        re.compile(
            rf"<{name}\b[^<>]{{0,500}}?(?:\shidden(?=[\s>=])|display\s{{0,9}}:\s{{0,9}}none)"
            r"[^<>]{0,500}>",
            re.I,
        ),
        _end(name),
    )
    for name in ("div", "span", "p", "section")
]
_TAG_LINE = re.compile(
    r"^[ \t]*(?:</?(?:div|section|details|span|ul|ol|p|button|article|aside|figure|main)\b"
    r"[^<>]*>[ \t]*)+$",
    re.M | re.I,
)
_TAG_START = re.compile(
    r"^[ \t]*(?=</?(?:div|section|details|summary|h[1-6]|button|p)\b)", re.M | re.I
)
_TAG = re.compile(
    r"</?(?:div|section|details|span|ul|ol|li|p|button|article|aside|figure|figcaption|main"
    r"|center|font|small|sup|sub|u|wbr|abbr|ins|mark|kbd)\b[^<>]*>",
    re.I,
)


def html_to_markdown_inside(text: str) -> str:
    """Markdown with the HTML that authors mix into it as Markdown; unknown tags stay.

    Tags like ``<project>`` are placeholders in running text far more often than markup.
    """
    for start, end in (*_HIDDEN, *(_UNSEEN if "none" in text or "hidden" in text else ())):
        text = rewrite_pairs(text, start, end, lambda _start, _inner: "")
    text = rewrite_pairs(text, _TABLE, _END_TABLE, _table)
    text = rewrite_pairs(text, _SUMMARY, _END_SUMMARY, _summary)
    text = _TAG_START.sub("", text)
    text = rewrite_pairs(text, _CODE, _END_CODE, lambda _start, inner: f"`{_one_line(inner)}`")
    text = rewrite_pairs(text, _LINK, _END_LINK, _link)
    text = rewrite_pairs(text, _BOLD, _END_BOLD, lambda _start, inner: _marked("**", inner))
    text = rewrite_pairs(text, _ITALIC, _END_ITALIC, lambda _start, inner: _marked("_", inner))
    text = rewrite_pairs(text, _HEADING, _END_HEADING, _heading)
    text = _ITEM.sub("- ", text)
    text = _BREAK.sub(_break, text)
    text = _TAG_LINE.sub("", text)
    text = _RAISED.sub(lambda mark: raised(mark[1], mark[2]), text)
    return _TAG.sub("", text)


_PLACE = "\ue010"
"""A letter for private use, which stands in no author's text."""


def _table(start: re.Match[str], inner: str) -> str:
    # The places of code spans, which are put aside, would not come through the parser.
    inside = inner.replace("\0", _PLACE)
    table = to_markdown(f"{start[1]}{inside}</table>", first_row_is_header=False)
    return f"\n{table}\n".replace(_PLACE, "\0")


def _summary(_start: re.Match[str], inner: str) -> str:
    words = _one_line(_BOLD_MARK.sub("", inner))
    return f"\n\n**{words}**\n\n" if words else ""


def _link(start: re.Match[str], inner: str) -> str:
    return f"[{_one_line(inner)}]({start[1] or start[2] or ''})"


def _marked(mark: str, inner: str) -> str:
    return f"{mark}{inner.strip()}{mark}" if inner.strip() else inner


def _break(match: re.Match[str]) -> str:
    """A line break, but a space in what may be a table row: the row would end."""
    start = match.string.rfind("\n", 0, match.start()) + 1
    end = match.string.find("\n", match.end())
    line = match.string[start : end if end >= 0 else None]
    if "|" not in line:
        return "  \n"
    is_parted = match.start() > start and line[match.start() - start - 1] not in " |.,;:!?"
    following = match.string[match.end() : match.end() + 1].strip(" |\n")
    goes_on = following and not following.islower() and is_parted
    return ("; " if goes_on else " ") + "\n" * match[0].endswith("\n")


def _heading(start: re.Match[str], inner: str) -> str:
    name = _ID.search(start[2])
    mark = f" {{#{name[1]}}}" if name else ""
    return f"\n\n{'#' * int(start[1])} {_one_line(_TAG.sub('', inner))}{mark}\n\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
