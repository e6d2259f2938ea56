"""Turns a file of any supported format into Markdown; pure and synchronous, run it in a thread."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from knowledge.errors import DocumentSkipped
from knowledge.parsing.blocks import parse_blocks
from knowledge.parsing.detect import (
    PICTURE_EXTENSIONS,
    SUPPORTED_EXTENSIONS,
    detect,
    file_name,
)
from knowledge.parsing.document import MAX_DOCUMENT_BYTES, Draft, ParsedDocument
from knowledge.parsing.inline import plain_text, split_heading_id
from knowledge.parsing.markdown.front_matter import HEAD, refuse_unread_access
from knowledge.parsing.markdown.questions import questions_as_headings
from knowledge.parsing.recognition import Recognition
from knowledge.parsing.tables import compact_tables
from knowledge.parsing.text import clean, decode
from knowledge.types import LeftOut

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "PICTURE_EXTENSIONS",
    "SUPPORTED_EXTENSIONS",
    "LeftOut",
    "ParsedDocument",
    "parse",
]

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.I)
_TAG = re.compile(r"<(?!!--)")
_EXTENSIONS = SUPPORTED_EXTENSIONS | PICTURE_EXTENSIONS
_MAX_TITLE = 200
"""Characters; a longer 'title' is a paragraph that was styled as a heading."""


def parse(
    name: str,
    content: bytes,
    *,
    content_type: str | None = None,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    guarded: bool = True,
    url: str = "",
    recognition: Recognition | None = None,
) -> ParsedDocument:
    """Read one document.

    ``name`` is a file name, path or URL: its extension helps to tell the format, it is the title
    of last resort, and relative links of an HTML page are resolved against it if it is a URL, else
    against ``url`` if that is one of the web.
    ``content_type`` is what a server said, parameters included. ``guarded``: what may be an access
    list and cannot be read as one is a reason to skip the document. ``recognition``: how text in
    pictures is recognised; without it they are not read.

    Raises :class:`DocumentSkipped`, whose reason says what to do, for content that is empty, too
    large, damaged, encrypted, of no supported format, or not what its name says.
    """
    if len(content) > max_bytes:
        raise DocumentSkipped(
            f"The file has {len(content) / 2**20:.1f} MB, more than the {max_bytes / 2**20:.1f} MB "
            "that are read. Split it and add the parts."
        )
    if not content.strip():
        raise DocumentSkipped("The file is empty. Add it again once it has content.")
    place = next((each for each in (name, url) if each.startswith(("http:", "https:"))), None)
    draft = _draft(name, content, content_type, guarded=guarded, url=place, recognition=recognition)
    markdown = questions_as_headings(compact_tables(clean(draft.markdown))).strip("\n")
    if not markdown.strip():
        raise DocumentSkipped("No text was found in the file. Check that it is the right one.")
    if guarded:
        refuse_unread_access(markdown, within=HEAD)
    return ParsedDocument(
        title=_title(draft, markdown, name),
        markdown=markdown,
        access=draft.access,
        valid_until=draft.valid_until,
        language=draft.language,
        left_out=(*draft.left_out, *(recognition.left_out() if recognition else ())),
        has_own_anchors=draft.has_own_anchors,
    )


def _draft(
    name: str,
    content: bytes,
    content_type: str | None,
    *,
    guarded: bool,
    url: str | None,
    recognition: Recognition | None,
) -> Draft:
    """Parse by format; each format's module loads its library only when it is called."""
    match detect(name, content, content_type):
        case "pdf":
            from knowledge.parsing.pdf.document import parse_pdf

            return parse_pdf(content, recognition)
        case "docx":
            from knowledge.parsing.office.word import parse_docx

            return parse_docx(content, recognition)
        case "pptx":
            from knowledge.parsing.office.slides import parse_pptx

            return parse_pptx(content, recognition)
        case "xlsx":
            from knowledge.parsing.office.sheets import parse_xlsx

            return parse_xlsx(content)
        case "picture":
            from knowledge.parsing.pictures import parse_picture

            return parse_picture(content, recognition)
        case "csv":
            from knowledge.parsing.delimited import parse_csv

            return parse_csv(_plain(content, content_type, guarded=guarded))
        case "html":
            from knowledge.parsing.html.pages import parse_html

            text = _text(content, content_type, is_html=True)
            if guarded:
                refuse_unread_access(_before_markup(text))
            return parse_html(text, url=url)
        case "markdown":
            from knowledge.parsing.markdown.files import parse_markdown

            return parse_markdown(_text(content, content_type), guarded=guarded)
        case "rst":
            from knowledge.parsing.markdown.rst import rst_to_markdown

            return Draft(rst_to_markdown(_plain(content, content_type, guarded=guarded)))
        case "text":
            return Draft(_plain(content, content_type, guarded=guarded))


def _text(content: bytes, content_type: str | None, *, is_html: bool = False) -> str:
    stated = _CHARSET.search(content_type or "")
    return clean(decode(content, charset=stated[1] if stated else None, is_html=is_html))


def _plain(content: bytes, content_type: str | None, *, guarded: bool) -> str:
    text = _text(content, content_type)
    if guarded:
        refuse_unread_access(text)
    return text


def _before_markup(page: str) -> str:
    """What stands above an HTML page's first tag: site generators keep front matter there."""
    first = _TAG.search(page)
    return page[: first.start()] if first else page


def _title(draft: Draft, markdown: str, name: str) -> str:
    stated = plain_text(" ".join(clean(draft.title or "").split()))
    if stated and len(stated) <= _MAX_TITLE:
        return stated
    for block in parse_blocks(markdown):
        if block.kind == "heading" and block.level == 1:
            heading = plain_text(split_heading_id(block.content)[0])
            if heading and len(heading) <= _MAX_TITLE:
                return heading
            break
    return _prettified(name)


def _prettified(name: str) -> str:
    """``travel_policy-2024.md`` as ``Travel policy 2024``."""
    path = PurePosixPath(file_name(name))
    stem = path.stem if path.suffix.lower() in _EXTENSIONS else path.name
    words = " ".join(clean(re.sub(r"[_\-+\s]+", " ", stem)).split())
    return (words[:1].upper() + words[1:])[:_MAX_TITLE] or "Untitled"
