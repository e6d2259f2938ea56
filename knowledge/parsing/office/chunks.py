"""Other documents inside a Word document (``w:altChunk``), which Word shows as parts of its text.

Programs that make Word files of web pages put all of their text into one.
"""

from __future__ import annotations

import email
import email.policy
import zipfile
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.html.pages import parse_html
from knowledge.parsing.text import decode

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def embedded_texts(
    document: Any, archive: zipfile.ZipFile, targets: dict[str, tuple[str, str]], as_paragraph: Any
) -> dict[str, str]:
    """Their text as Markdown, by the paragraph that is put in their place."""
    found: dict[str, str] = {}
    for chunk in list(document.iter(f"{_W}altChunk")):
        _, part = targets.get(chunk.get(f"{_R}id") or "", ("", ""))
        text = _text(part, archive.read(part)) if part in archive.namelist() else ""
        if text:
            # Letters for private use, which no author's text is taken for.
            place = f"\ue000chunk{len(found)}\ue001"
            found[place] = text
            chunk.getparent().replace(chunk, as_paragraph(place))
    return found


def _text(part: str, content: bytes) -> str:
    name = part.lower()
    if name.endswith((".mht", ".mhtml")):
        message = email.message_from_bytes(content, policy=email.policy.default)
        page = message.get_body(("html", "plain"))
        content = page.get_payload(decode=True) if page is not None else b""  # type: ignore[assignment]
    elif not name.endswith((".htm", ".html", ".xhtml", ".txt")):
        return ""
    text = decode(content, charset=None, is_html=True)
    if name.endswith(".txt"):
        return text
    try:
        return parse_html(text, url=None).markdown
    except DocumentSkipped:
        return ""
