"""Inline Markdown: reduced to the plain words, or rewritten everywhere but in code."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from knowledge.parsing.blocks import fence_ranges

# Bounds in the patterns keep unclosed marks in long paragraphs from costing quadratic time.
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)((?:[^\n]|\n(?![ \t]*\n)){1,2000}?)(?<!`)\1(?!`)")
_TARGET = r"\(\s{0,9}(?:<[^<>\n]{0,2000}>|[^\s()]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,9})"
_LINK_TITLE = r"(?:\s{1,9}(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?\s{0,9}\)"
_LABEL = r"\[((?:[^\[\]\\]|\\.|\[[^\[\]]{0,200}\]){0,1000})\]"
IMAGE = re.compile("!" + _LABEL + "(?:" + _TARGET + _LINK_TITLE + r"|\[[^\[\]]{0,200}\])")
LINK = re.compile("(?<!!)" + _LABEL + _TARGET + _LINK_TITLE)
REFERENCE_LINK = re.compile(r"(?<!!)\[([^\[\]]{1,1000})\]\[[^\[\]]{0,200}\]")
AUTOLINK = re.compile(r"<((?:https?|mailto):[^<>\s]{1,2000}|[\w.+-]{1,64}@[\w.-]{1,255})>")
_FOOTNOTE = re.compile(r"\[\^[\w-]{1,50}\](?::\s*)?")
_HTML_IMAGE = re.compile(r"<img\b[^<>]{0,4000}>", re.I)
_HTML_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.I)
_COMMENT_START, _COMMENT_END = re.compile("<!--"), re.compile("-->")
_HTML_TAG = re.compile(
    r"</?(?:a|abbr|b|br|code|dd|del|details|div|dl|dt|em|font|hr|i|ins|kbd|li|mark|ol|p|pre|q|s"
    r"|samp|section|small|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul|wbr)"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.I,
)
_HEADING_ID = re.compile(r"\s*\{:?\s*#([^\s}]+)[^{}]*\}\s*$")
_INLINE_ANCHOR = re.compile(
    r"<a\s+(?:name|id)\s*=\s*[\"']?([^\"'<>]+?)[\"']?\s*(?:/>|>\s*</a>)", re.I
)
_STARS = re.compile(r"(?<!\\)(\*{1,3})(?=[^\s*])((?:(?!\1).){1,1000}?)(?<=[^\s\\])\1", re.S)
_UNDERSCORES = re.compile(
    r"(?<![\w\\])(_{1,3})(?=[^\s_])((?:(?!\n[ \t]*\n).){1,1000}?)(?<=[^\s\\_])\1(?!\w)", re.S
)
_STRIKE = re.compile(r"~~(?=\S)(.{1,1000}?)(?<=\S)~~", re.S)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_QUOTE_MARK = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.M)


def outside_code(text: str, rewrite: Callable[[str], str]) -> str:
    """``text`` with ``rewrite`` applied to what lies between code fences and code spans."""
    parts: list[str] = []
    at = 0
    for start, end in [*fence_ranges(text), (len(text), len(text))]:
        parts.append(_outside_spans(text[at:start], rewrite))
        parts.append(text[start:end])
        at = end
    return "".join(parts)


def _outside_spans(text: str, rewrite: Callable[[str], str]) -> str:
    """A code span is put aside, not cut at, so that a rewrite sees links and tags whole."""
    spans: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        spans.append(match[0])
        return f"\0{len(spans) - 1}\0"

    rewritten = rewrite(CODE_SPAN.sub(put_aside, text.replace("\0", "")))
    # A rewrite may drop a span (inside a comment) but must not double one.
    return re.sub("\0(\\d+)\0", lambda match: spans[int(match[1])], rewritten)


def rewrite_pairs(
    text: str,
    opening: re.Pattern[str],
    closing: re.Pattern[str],
    rewrite: Callable[[re.Match[str], str], str],
) -> str:
    """``text`` with each part from an opening to the next closing mark rewritten.

    ``rewrite`` gets the opening's match and what lies between the marks. One regular expression
    for the pair would read on to the end of the text for every opening that is never closed.
    """
    parts: list[str] = []
    at = 0
    while (start := opening.search(text, at)) and (end := closing.search(text, start.end())):
        parts += [text[at : start.start()], rewrite(start, text[start.end() : end.start()])]
        at = end.end()
    return "".join(parts) + text[at:]


def reduce_media(text: str) -> str:
    """Markdown without HTML comments, and with images as their alternative text.

    Those that fill a line stay images, without address: their words can be searched, but make no
    sentence to quote.
    """
    if "<!--" in text:
        text = outside_code(text, without_comments)
    return outside_code(text, _reduced) if "![" in text or "<img" in text.lower() else text


def without_lone_images(text: str) -> str:
    """``text`` without the lines that hold nothing but images."""
    return _LONE_IMAGES.sub("", text) if "![" in text else text


_LONE_IMAGES = re.compile(
    rf"^[ \t>]*(?:(?:{IMAGE.pattern}|\[{IMAGE.pattern}\]{_TARGET}{_LINK_TITLE}|"
    rf"{_HTML_IMAGE.pattern})[ \t]*)+$\n?",
    re.M | re.I,
)


def _reduced(text: str) -> str:
    def without_addresses(match: re.Match[str]) -> str:
        words = _images_as_text(LINK.sub(r"\1", match[0])).strip(" \t>\n")
        end = "\n" * match[0].endswith("\n")
        return f"![{words}](){end}" if words and not set("[]") & set(words) else words + end

    text = _LONE_IMAGES.sub(without_addresses, text)
    text = _HTML_IMAGE.sub(_html_alt, text)
    return IMAGE.sub(lambda match: match[0] if match[0].endswith("]()") else match[1], text)


def without_comments(text: str) -> str:
    """``text`` without HTML comments, wherever they stand."""
    return rewrite_pairs(text, _COMMENT_START, _COMMENT_END, lambda _start, _inner: "")


def _images_as_text(text: str) -> str:
    return _HTML_IMAGE.sub(_html_alt, IMAGE.sub(r"\1", text))


def _html_alt(match: re.Match[str]) -> str:
    found = _HTML_ALT.search(match[0])
    return html.unescape(found[1] or found[2] or "") if found else ""


_DEEPEST = 20


def without_links(markdown: str) -> str:
    """Markdown whose masked links and images are their words and whose tags are gone.

    Nothing in it can be clicked but an address that stands there to be read. Code stays as it is.
    """
    return outside_code(markdown, _links_as_words)


def _links_as_words(text: str) -> str:
    text = without_comments(text)
    for _ in range(_DEEPEST):  # links and images in each other's words, as people write them
        before = text
        text = REFERENCE_LINK.sub(r"\1", LINK.sub(r"\1", _images_as_text(text)))
        if text == before:
            break
    text = AUTOLINK.sub(lambda match: match[1].removeprefix("mailto:"), text)
    return _HTML_TAG.sub(_space_for_break, text)


LABEL_START, LABEL_END = "\ue002", "\ue003"
"""Around the number of a list item where it is known; no author's text has them."""
_RAISED = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")


def raised(before: str, text: str) -> str:
    """What is set higher than the text before it: behind a digit, as 10⁶ is not 106."""
    is_number = before[-1:].isdigit() and re.fullmatch(r"[+\-−]?\d{1,4}", text) is not None
    return text.translate(_RAISED) if is_number else text


def split_heading_id(content: str) -> tuple[str, str]:
    """A heading's inline Markdown without its explicit id, and that id or ``""``.

    Understands ``{#id}`` and ``{: #id}`` (kramdown, Pandoc) and an ``<a name>`` or ``<a id>``.
    """
    if match := _HEADING_ID.search(content):
        return content[: match.start()], match[1]
    if match := _INLINE_ANCHOR.search(content):
        return content[: match.start()] + content[match.end() :], match[1].strip()
    return content, ""


def plain_text(markdown: str) -> str:
    """The words of inline Markdown in one line: no links, marks, tags or escapes."""
    codes: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        codes.append(match[2])
        return f"\0{len(codes) - 1}\0"

    text = CODE_SPAN.sub(put_aside, _QUOTE_MARK.sub("", markdown.replace("\0", "")))
    text = _images_as_text(without_comments(text))
    text = LINK.sub(r"\1", _FOOTNOTE.sub("", text))
    text = REFERENCE_LINK.sub(r"\1", text)
    text = AUTOLINK.sub(lambda match: match[1].removeprefix("mailto:"), text)
    text = _HTML_TAG.sub(_space_for_break, text)
    for _ in range(3):  # bold inside italic inside strike: deeper nesting is not written
        before = text
        text = _STRIKE.sub(r"\1", _UNDERSCORES.sub(r"\2", _STARS.sub(r"\2", text)))
        if text == before:
            break
    text = re.sub(r"\\\n", "\n", text)
    text = html.unescape(_ESCAPE.sub(r"\1", text))
    return " ".join(re.sub("\0(\\d+)\0", lambda match: codes[int(match[1])], text).split())


def _space_for_break(match: re.Match[str]) -> str:
    """Tags that end a line part words; those inside a line do not."""
    name = match[0].strip("</> \t\n").split()[0].lower() if match[0].strip("</> ") else ""
    inline = {"a", "abbr", "b", "code", "em", "i", "kbd", "mark", "s", "span", "strong", "u"}
    return "" if name in inline | {"sub", "sup", "small", "wbr", "del", "ins", "q"} else " "
