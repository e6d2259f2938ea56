"""Which format a file is in: told by its first bytes, then by its name or its server."""

from __future__ import annotations

import codecs
import io
import json
import re
import zipfile
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from knowledge.errors import DocumentSkipped
from knowledge.parsing.charsets import utf16_without_mark
from knowledge.parsing.document import PARSER_FAILURES
from knowledge.parsing.text import has_text_bom

Format = Literal["markdown", "html", "text", "rst", "csv", "pdf", "docx", "pptx", "xlsx", "picture"]

_BY_EXTENSION: dict[str, Format] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".html": "html",
    ".htm": "html",
    ".txt": "text",
    ".text": "text",
    ".rst": "rst",
    ".csv": "csv",
    ".tsv": "csv",
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
}
SUPPORTED_EXTENSIONS = frozenset(_BY_EXTENSION)
"""File name extensions, lower case with their dot, that :func:`knowledge.parsing.parse` reads."""
PICTURE_EXTENSIONS = frozenset((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"))
"""As above, of what it reads if it is given the means to recognise text in pictures."""
_BY_EXTENSION_TOO = _BY_EXTENSION | dict.fromkeys(PICTURE_EXTENSIONS, "picture")

_BY_CONTENT_TYPE: dict[str, Format] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/x-rst": "rst",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}

_OFFICE_PARTS: dict[str, Format] = {
    "word/document.xml": "docx",
    "ppt/presentation.xml": "pptx",
    "xl/workbook.xml": "xlsx",
}
_PACKED = {
    b"application/vnd.oasis.opendocument": "OpenDocument files (.odt, .ods, .odp) cannot be read. "
    "Save it as .docx, .xlsx or .pptx and add it again.",
    b"application/epub+zip": "Electronic books (.epub) cannot be read. "
    "Save it as .html or .pdf and add it again.",
}
_NAMES: dict[Format, str] = {
    "markdown": "Markdown",
    "html": "an HTML page",
    "text": "plain text",
    "rst": "reStructuredText",
    "csv": "CSV",
    "pdf": "a PDF",
    "docx": "a Word document",
    "pptx": "a PowerPoint file",
    "xlsx": "an Excel workbook",
    "picture": "a picture",
}
_BINARY: frozenset[Format] = frozenset({"pdf", "docx", "pptx", "xlsx", "picture"})
_PICTURES = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP|BM.{4}\0{4}|II\*\0|MM\0\*", re.S
)
"""How the files begin that Pillow reads as one of :data:`PICTURE_EXTENSIONS`."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
"""The stream that holds an encrypted Office file inside its OLE container (MS-OFFCRYPTO 2.1)."""

_SAMPLED = 8192
"""Bytes looked at for binary data; formats that begin with text have NULs long before."""
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
"""An Office file that unpacks to more is taken for a zip bomb: ten times the largest document."""
MAX_PARTS = 20_000
"""Parts in one Office file; the largest real decks have a few thousand."""


def file_name(name: str) -> str:
    """The last path segment of a file name, path or URL, percent-decoded."""
    path = unquote(urlsplit(name).path) if "://" in name else name
    return PurePosixPath(path.replace("\\", "/")).name


def detect(name: str, content: bytes, content_type: str | None) -> Format:
    """The format to parse ``content`` as.

    Raises :class:`DocumentSkipped` when it is of no supported format, not what its name says,
    password-protected or a zip bomb.
    """
    extension = PurePosixPath(file_name(name)).suffix.lower()
    media_type = (content_type or "").split(";")[0].strip().lower()
    named = _BY_EXTENSION_TOO.get(extension)
    served = _BY_CONTENT_TYPE.get(media_type)
    if media_type == "text/plain" and named is None:
        served = "text"  # with a known name, that says more: raw Markdown is served as text/plain
    actual = _by_bytes(content)

    if actual is not None:
        if named is not None and named != actual and served != actual:
            raise DocumentSkipped(
                f"The file is named {extension} but holds {_NAMES[actual]}. "
                "Rename it to what it is and add it again."
            )
        return actual
    if media_type.partition("/")[0] in _MEDIA:
        raise DocumentSkipped(
            f"Its server says that it is no document ({media_type}). "
            "Check that the address is the page's."
        )
    claimed = served or named
    if named is None:
        _refuse_data(content, media_type)
    if claimed is None:
        if extension:
            raise DocumentSkipped(
                f"Files of the type {extension} cannot be read. Save it as one of "
                f"{', '.join(sorted(SUPPORTED_EXTENSIONS))} and add it again."
            )
        head = content[:512].lstrip().lower()
        return "html" if head.startswith((b"<!doctype html", b"<html")) else "text"
    if claimed in _BINARY:
        raise DocumentSkipped(
            f"The file should be {_NAMES[claimed]} but is not one: it is damaged or wrongly named. "
            "Open it in its program, save it anew and add it again."
        )
    return claimed


_MEDIA = frozenset(("audio", "font", "image", "video"))
_FEED = re.compile(
    rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b", re.S
)


def _refuse_data(content: bytes, media_type: str) -> None:
    """Feeds and data are no pages, however a server calls them."""
    kind = media_type.rpartition("/")[2]
    is_json = kind == "json" or kind.endswith("+json")
    if not is_json and content.lstrip()[:1] in (b"{", b"["):
        with suppress(ValueError, RecursionError):
            is_json = isinstance(json.loads(content), dict | list)
    if is_json:
        raise DocumentSkipped(
            "It is data for programs (JSON), not a page. Add the address of the page that shows "
            "it, or add it as a JSON endpoint ('rest')."
        )
    if _FEED.match(content) or kind in ("rss+xml", "atom+xml"):
        raise DocumentSkipped(
            "It is a feed or a site map, not a page. Add it as one ('feed', 'sitemap'), or the "
            "pages that it lists."
        )


def _by_bytes(content: bytes) -> Format | None:
    """The binary format that the first bytes show; None for what looks like text."""
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"PK\x03\x04"):
        return _office_format(content)
    if content.startswith(_OLE):
        if _ENCRYPTED_PACKAGE in content:
            raise DocumentSkipped(
                "The Office file is protected by a password. Save it without one and add it again."
            )
        raise DocumentSkipped(
            "The file is in the old Office format (.doc, .xls, .ppt). "
            "Save it as .docx, .xlsx or .pptx and add it again."
        )
    if _PICTURES.match(content):
        return "picture"
    is_text = has_text_bom(content) or utf16_without_mark(content) is not None
    if b"\0" in content[:_SAMPLED] and not is_text and not _is_utf8(content):
        raise DocumentSkipped(
            "The file holds binary data, not text, whatever its name says. "
            "Check that it is the right file, or save it in a supported format."
        )
    return None


def _is_utf8(content: bytes) -> bool:
    """Is it UTF-8 with hardly any NULs? A stray one is removed; many are a binary format."""
    sample = content[:_SAMPLED]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # may end inside a character
    except UnicodeDecodeError:
        return False
    return sample.count(0) * 100 <= max(len(sample), 100)


def _office_format(content: bytes) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except PARSER_FAILURES as error:
        raise DocumentSkipped(
            "The file is damaged: its packed contents cannot be listed. "
            "Open it in its program, save it anew and add it again."
        ) from error
    # zipfile never unpacks more of a part than the size declared here, so the sum is a bound.
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise DocumentSkipped(
            f"The file unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MB, which may be a "
            "zip bomb. Split it, or remove its large pictures, and add it again."
        )
    for part in parts:
        if (found := _OFFICE_PARTS.get(part.filename)) is not None:
            return found
    for kind, advice in _PACKED.items():
        # These begin with their media type, not packed (ODF 1.3, 3.3; EPUB OCF 3.3, 4.3).
        if kind in content[:128]:
            raise DocumentSkipped(advice)
    raise DocumentSkipped(
        "Archives and this kind of packed file cannot be read. "
        "Unpack it and add the documents inside, or save it as .docx, .pptx, .xlsx or .pdf."
    )
