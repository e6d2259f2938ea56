"""Files that are made to stop, starve or crash whoever reads them; built here, none is stored."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

from openpyxl import Workbook
from pptx import Presentation

MEGABYTE = 2**20
Files = dict[str, Callable[[], bytes]]
"""File name, as telling as its extension, to what builds its content."""


def run_of(text: str, size: int = 3 * MEGABYTE) -> bytes:
    """``text`` again and again."""
    return (text * (size // len(text))).encode()


def below(head: str) -> bytes:
    return f"---\n{head}\n---\nText.\n".encode()


def laughs(depth: int, of: str) -> bytes:
    lines = ["a0: &a0 " + of.format("x")]
    lines += [f"a{n}: &a{n} " + of.format(f"*a{n - 1}") for n in range(1, depth)]
    return below("\n".join(lines))


def packed(**parts: bytes) -> bytes:
    """A ZIP file; two underscores in a name are a slash, one that stands alone a dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


# --- Office -----------------------------------------------------------------------------------

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    b'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
_RELATIONS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="r1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/'
    b'officeDocument/2006/relationships/officeDocument"/></Relationships>'
)


def word(body: str, before: str = "") -> bytes:
    document = f'{before}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/document.xml", document)
    return buffer.getvalue()


def _in_word(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def nested_in_word(depth: int) -> bytes:
    start, end = "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"
    return word(start * depth + _in_word("deep") + end * depth)


def entities_in_word() -> bytes:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return word(_in_word("&e11;"), f'<!DOCTYPE d [<!ENTITY e0 "ha">{lines}]>')


def workbook(rows: str, strings: str = "") -> bytes:
    """A workbook whose only sheet has these rows, in place of those that openpyxl writes."""
    book = Workbook()
    book.active.append(["a", 1])
    buffer = io.BytesIO()
    book.save(buffer)
    changed = io.BytesIO()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = old.read(part).decode()
            if part == "xl/worksheets/sheet1.xml":
                start = content.index("<sheetData>") + len("<sheetData>")
                content = content[:start] + rows + content[content.index("</sheetData>") :]
            if part == "xl/sharedStrings.xml" and strings:
                content = content.replace("</sst>", strings + "</sst>")
            new.writestr(part, content)
    return changed.getvalue()


def deck(groups: int = 0, slides: int = 1, words: int = 0) -> bytes:
    presentation = Presentation()
    for _ in range(slides):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = "Title"
        slide.placeholders[1].text = "word " * words
        shapes = slide.shapes
        for _ in range(groups):
            shapes = shapes.add_group_shape().shapes
    buffer = io.BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def many_parts(count: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"word/{number}", b"")
    return buffer.getvalue()


# --- PDF --------------------------------------------------------------------------------------


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, of which the first is the catalog."""
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(out))
    )


_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<<>>>>>>"


def pdf_page(content: bytes, packings: int = 1) -> bytes:
    for _ in range(packings):
        content = zlib.compress(content, 9)
    filters = b"/FlateDecode " * packings
    stream = b"<</Length %d/Filter[%s]>>\nstream\n" % (len(content), filters)
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        _PAGE,
        stream + content + b"\nendstream",
    )


def deep_pdf(depth: int) -> bytes:
    return pdf_page(b"BT " + b"[" * depth + b"(x)" + b"]" * depth + b" TJ ET")


HOSTILE: Files = {
    # Markdown
    "div-in-table.md": lambda: b"<table><tr><td>" + b"<div>" * 330 + b"x" + b"</table>",
    "liquid.md": lambda: run_of("{% a "),
    "shortcodes.md": lambda: run_of("{{< a "),
    "jsx.md": lambda: run_of("<A b={{"),
    "brackets.md": lambda: run_of("["),
    "links.md": lambda: run_of("[a]("),
    "images.md": lambda: run_of("![a]( "),
    "references.md": lambda: run_of("[a][b", MEGABYTE),
    "anchors.md": lambda: run_of('<a href="'),
    "emphasis.md": lambda: run_of("*a _b ", MEGABYTE),
    "backticks.md": lambda: run_of("` `` ``` "),
    "fences.md": lambda: run_of("```\n~~~\n"),
    "comments.md": lambda: run_of("<!-- "),
    "quotes.md": lambda: run_of(">"),
    "lists.md": lambda: b"".join(b" " * n + b"- a\n" for n in range(2000)),
    "wide-table.md": lambda: run_of("|a", MEGABYTE) + b"\n" + run_of("|-", MEGABYTE),
    "rows.md": lambda: b"|a|\n|-|\n" + run_of("|a|\n"),
    "headings.md": lambda: run_of("# A\n\nb\n\n"),
    "one-word.md": lambda: run_of("a"),
    "definitions.md": lambda: run_of("[a]: /b\n", MEGABYTE) + run_of("[a]", MEGABYTE),
    "exports.md": lambda: run_of("export const a = \n"),
    "admonitions.md": lambda: b"".join(b" " * 4 * n + b'!!! note "a"\n' for n in range(1500)),
    # Front matter
    "merges.md": lambda: laughs(9, "{{<<: [{0},{0},{0},{0},{0},{0},{0},{0},{0}]}}"),
    "aliases.md": lambda: laughs(30, "[{0},{0},{0},{0},{0},{0},{0},{0},{0}]"),
    "hexadecimal.md": lambda: below("title: 0x" + "f" * 40_000),
    "nested.md": lambda: below("a: " + "[" * 40_000),
    "toml.md": lambda: b"+++\na = " + b"[" * 60_000 + b"\n+++\nText.",
    "rule-and-blank.md": lambda: b"---\n" + run_of("\n") + b"a",
    "key.md": lambda: b"---\na: " + run_of("{,") + b"\n",
    # Text, tables
    "marks.txt": lambda: b"a" + run_of("\u0301\u0323", MEGABYTE),
    "noise.txt": lambda: run_of("\ud7ff\x85\r", MEGABYTE),
    "columns.csv": lambda: run_of(","),
    "quotes.csv": lambda: b'"' + run_of("a"),
    # HTML
    "nested.html": lambda: b"<html><body>" + b"<div>" * 20_000 + b"x",
    "tables.html": lambda: b"<table><tr><td>" * 3_000 + b"x",
    "lists.html": lambda: b"<ul><li>x" * 5_000,
    "open.html": lambda: b"<html><body>" + run_of("<b><i>a ", MEGABYTE),
    "spans.html": lambda: b"<p>" + run_of("<span>a</span> "),
    "attributes.html": lambda: b"<p " + run_of('a="b" ') + b">x",
    "entities.html": lambda: b"<p>" + run_of("&#xD800;&#0;&amp;"),
    # Office
    "long.docx": lambda: word(_in_word("a word") * 1_500_000),
    "nested.docx": lambda: nested_in_word(3_000),
    "entities.docx": entities_in_word,
    "far-row.xlsx": lambda: workbook('<row r="1000000000"><c r="A1000000000"><v>1</v></c></row>'),
    "far-column.xlsx": lambda: workbook(
        "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 20_000))
    ),
    "strings.xlsx": lambda: workbook("", "<si><t>a</t></si>" * 4_000_000),
    "groups.pptx": lambda: deck(groups=200),
    "long.pptx": lambda: deck(slides=40, words=100_000),
    "parts.docx": lambda: many_parts(30_000),
    "bomb.docx": lambda: packed(word__document_xml=bytes(250 * MEGABYTE)),
    # PDF
    "bomb.pdf": lambda: pdf_page(bytes(300 * MEGABYTE), packings=2),
    "operators.pdf": lambda: pdf_page(b"BT " + b"(a) Tj " * 2_000_000 + b"ET"),
    "nested.pdf": lambda: deep_pdf(100_000),
    "circle.pdf": lambda: pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"
    ),
    "count.pdf": lambda: pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 1000000000>>"
    ),
    # Not read at all, and to be refused without unpacking
    "bomb.odt": lambda: packed(content_xml=bytes(100 * MEGABYTE)),
    "bomb.epub": lambda: packed(book_xhtml=bytes(100 * MEGABYTE)),
}
