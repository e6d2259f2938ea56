"""Word documents (.docx), through mammoth's HTML.

mammoth keeps styles' meaning (headings, lists, notes, merged cells) where python-docx gives bare
paragraphs; what it leaves out is moved into its way first, see :mod:`word_package`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft
from knowledge.parsing.html.markup import to_markdown
from knowledge.parsing.office.word_package import prepared
from knowledge.parsing.recognition import Recognition

_CODE = "Source Code"
_STYLES = f"""
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='{_CODE}'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Preformatted Text'] => pre:separator('\\n')
p[style-name='Macro Text'] => pre:separator('\\n')
p[style-name='macro'] => pre:separator('\\n')
"""
_TYPEWRITERS = re.compile(r"courier|mono|consolas|menlo|lucida console|fixed", re.I)
_LIKE_CODE = re.compile(r"[{}()\[\];=<>$#|\\]|--\w|\s-\w\b|\w/\w")


def parse_docx(content: bytes, recognition: Recognition | None = None) -> Draft:
    """A Word document with headings, lists, links, tables, notes, text boxes and charts.

    Images are their alternative text, and what is recognised in large ones stands below them. Word
    seldom marks a table's header row, so the first row is taken for it. Comments and hidden text
    are not read, and told.
    """
    import mammoth

    def without_data(image: Any) -> dict[str, str]:
        return {"src": ""}  # the picture itself would become megabytes of base64

    try:
        content, left_out, recognised = prepared(content, recognition)
        result = mammoth.convert_to_html(
            io.BytesIO(content),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(without_data),
            transform_document=_with_code,
        )
        markdown = to_markdown(_notes_in_place(result.value), first_row_is_header=True)
        for place, text in recognised.items():
            markdown = markdown.replace(place, text)
    except PARSER_FAILURES as error:
        raise DocumentSkipped(
            "The Word document is damaged. Open it in Word, save it anew and add it again."
        ) from error
    return Draft(markdown, left_out=left_out)


def _with_code(document: Any) -> Any:
    """Paragraphs that are set in typewriter's letters and read like code are of the style for it.

    Where most of a document is set so, it tells nothing.
    """
    paragraphs = [each for each in document.children if hasattr(each, "numbering")]
    letters = sum(len(_said(each)) for each in paragraphs)
    fixed = [each for each in paragraphs if _is_typewritten(each)]
    if sum(len(_said(each)) for each in fixed) * 2 > letters:
        return document
    known = {id(each) for each in fixed}
    code = {
        id(each)
        for n, each in enumerate(paragraphs)
        if id(each) in known
        and (
            _LIKE_CODE.search(_said(each))
            or any(id(beside) in known for beside in paragraphs[max(0, n - 1) : n + 2 : 2])
        )
    }
    children = [
        each.copy(style_name=_CODE) if id(each) in code else each for each in document.children
    ]
    return document.copy(children=children)


def _runs(element: Any) -> Iterator[Any]:
    for child in getattr(element, "children", ()):
        if hasattr(child, "font"):
            yield child
        else:
            yield from _runs(child)


def _said(element: Any) -> str:
    own = getattr(element, "value", "")
    return own + "".join(map(_said, getattr(element, "children", ())))


def _is_typewritten(paragraph: Any) -> bool:
    runs = [run for run in _runs(paragraph) if _said(run).strip()]
    is_heading = (paragraph.style_name or "").startswith("Heading")
    is_plain = paragraph.numbering is None and not is_heading
    return bool(runs) and is_plain and all(_TYPEWRITERS.search(run.font or "") for run in runs)


_NOTE = re.compile(r'<li id="((?:foot|end)note-[\w-]+)">(.*?)</li>', re.S)
_NOTES = re.compile(r'<ol>(?:<li id="(?:foot|end)note-[\w-]+">.*?</li>)+</ol>', re.S)
_BACK = re.compile(r'\s*<a href="#(?:foot|end)note-ref-[\w-]+">.</a>')
_REFERENCE = re.compile(r'<sup><a href="#((?:foot|end)note-[\w-]+)" id="[\w-]+">\[\d+\]</a></sup>')


def _notes_in_place(html: str) -> str:
    """Foot and end notes in brackets where they are referred to: they belong to that sentence."""
    notes = {
        match[1]: " ".join(re.sub(r"</?p>", " ", _BACK.sub("", match[2])).split())
        for match in _NOTE.finditer(html)
    }
    if not notes:
        return html
    html = _NOTES.sub("", html)
    return _REFERENCE.sub(
        lambda match: f" ({notes[match[1]]})" if notes.get(match[1]) else "", html
    )
