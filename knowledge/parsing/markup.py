"""HTML fragments as Markdown: what Word's converter makes, and tags inside Markdown files."""

from __future__ import annotations

import re


def to_markdown(markup: str, *, first_row_is_header: bool) -> str:
    """An HTML fragment as Markdown with ATX headings, ``-`` lists and pipe tables.

    ``first_row_is_header`` says what the first row of a table without ``<th>`` is; else such a
    table gets an empty header row, which Markdown cannot do without.
    """
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    soup = BeautifulSoup(markup, "html.parser")
    for hidden in soup.find_all(["script", "style"]):
        hidden.decompose()
    for cell in soup.find_all(["td", "th"]):
        for text in cell.find_all(string=lambda text: text is not None and "|" in text):
            text.replace_with(text.replace("|", "\\|"))
    converter = MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        table_infer_header=first_row_is_header,
        # Escapes guard against text that looks like markup, and break every snake_case name.
        escape_asterisks=False,
        escape_underscores=False,
    )
    markdown: str = converter.convert_soup(soup)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", markdown, flags=re.M)).strip()


_TABLE = re.compile(r"^[ \t]*<table\b.*?</table\s*>", re.S | re.I | re.M)
_HEADING = re.compile(r"<h([1-6])\b[^<>]*>(.*?)</h\1\s*>", re.S | re.I)
_HEADING_NAME = re.compile(r"<h[1-6]\b[^<>]*?\sid\s*=\s*[\"']([^\"'<>\s]+)[\"']", re.I)
_LINK = re.compile(
    r"<a\b[^<>]*?\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^<>]*>(.*?)</a\s*>", re.S | re.I
)
_BOLD = re.compile(r"<(strong|b)\b[^<>]*>\s*(.*?)\s*</\1\s*>", re.S | re.I)
_ITALIC = re.compile(r"<(em|i)\b[^<>]*>\s*(.*?)\s*</\1\s*>", re.S | re.I)
_CODE = re.compile(r"<code\b[^<>]*>([^`<>]*)</code\s*>", re.I)
_SUMMARY = re.compile(r"<summary\b[^<>]*>\s*(.*?)\s*</summary\s*>", re.S | re.I)
_ITEM = re.compile(r"^[ \t]*<li\b[^<>]*>\s*", re.M | re.I)
_BREAK = re.compile(r"<br\s*/?>[ \t]*\n?", re.I)
_HIDDEN = re.compile(r"<(script|style|svg)\b.*?</\1\s*>", re.S | re.I)
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
    r"|center|font|small|sup|sub|u|wbr|abbr)\b[^<>]*>",
    re.I,
)


def html_to_markdown_inside(text: str) -> str:
    """Markdown with the HTML that authors mix into it as Markdown; unknown tags stay.

    Tags like ``<project>`` are placeholders in running text far more often than markup.
    """
    text = _HIDDEN.sub("", text)
    text = _TABLE.sub(
        lambda table: f"\n{to_markdown(table[0].strip(), first_row_is_header=False)}\n", text
    )
    text = _SUMMARY.sub(lambda summary: f"\n\n**{_one_line(summary[1])}**\n\n", text)
    text = _TAG_START.sub("", text)
    text = _CODE.sub(r"`\1`", text)
    text = _LINK.sub(lambda link: f"[{_one_line(link[3])}]({link[1] or link[2]})", text)
    text = _ITALIC.sub(r"_\2_", _BOLD.sub(r"**\2**", text))
    text = _HEADING.sub(_heading, text)
    text = _ITEM.sub("- ", text)
    text = _BREAK.sub(_break, text)
    text = _TAG_LINE.sub("", text)
    return _TAG.sub("", text)


def _break(match: re.Match[str]) -> str:
    """A line break, but a space in what may be a table row: the row would end."""
    start = match.string.rfind("\n", 0, match.start()) + 1
    end = match.string.find("\n", match.end())
    line = match.string[start : end if end >= 0 else None]
    return (" " + "\n" * match[0].endswith("\n")) if "|" in line else "\n"


def _heading(match: re.Match[str]) -> str:
    name = _HEADING_NAME.match(match[0])
    mark = f" {{#{name[1]}}}" if name else ""
    return f"\n\n{'#' * int(match[1])} {_one_line(_TAG.sub('', match[2]))}{mark}\n\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
