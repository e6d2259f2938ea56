"""What mammoth does not read of a Word file, moved to where it does, before it converts the text.

Text boxes, charts and diagrams become paragraphs and tables behind the paragraph they hang on; what
is hidden, deleted or moved away goes; headers and footers stand once, above the text.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from knowledge.parsing.office.charts import chart_markdown
from knowledge.parsing.office.chunks import embedded_texts
from knowledge.parsing.office.equations import spell_equations
from knowledge.parsing.office.numbering import number_paragraphs
from knowledge.parsing.office.package import parsed_xml, related, transitional
from knowledge.parsing.pictures import Pictures, description
from knowledge.parsing.recognition import Recognition
from knowledge.types import LeftOut, LeftOutKind

_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_W = f"{{{_MAIN}}}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_PIC = "{http://schemas.openxmlformats.org/drawingml/2006/picture}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DOCUMENT = "word/document.xml"
_PLACE = re.compile(r'(HYPERLINK\s+"[^"#]{1,2000})"\s+\\l\s+"([^"]{1,500})"')
_STRUCK = ("strike", "dstrike")
_LARGE = 1_000_000
"""English Metric Units, some 2.8 cm: smaller pictures are logos and icons."""
_PAGE_NUMBER = re.compile(r"\W*(?:\w+\W+)?[\divxlc]{0,4}(?:\W+\w{1,5}\W+\d{1,4})?\W*", re.I)
_MOST_RUNNING = 300
"""Characters of a header or footer; a longer one is a letterhead, not a note."""


def prepared(
    content: bytes, recognition: Recognition | None = None
) -> tuple[bytes, tuple[LeftOut, ...], dict[str, str]]:
    """The file to convert, what of it is not read, and what is Markdown already.

    The last is by the paragraph that stands in its place in the file.
    """
    content = transitional(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        document = parsed_xml(archive.read(_DOCUMENT))
        targets = related(archive, _DOCUMENT)
        _spell_out_fields(document)
        _drop_runs(document, _styles_with(archive, *_STRUCK), *_STRUCK)
        dropped = _drop_runs(document, _styles_with(archive, "vanish"), "vanish")
        pictures = Pictures(recognition)
        recognised = _recognised(document, archive, targets, pictures)
        recognised |= embedded_texts(document, archive, targets, _paragraph)
        spell_equations(document, lambda text: _paragraph(text)[0])
        number_paragraphs(document, archive)
        _lift_drawings(document, archive, targets)
        body = document.find(f"{_W}body")
        if body is not None:
            for text in reversed(list(_running_lines(archive, targets))):
                body.insert(0, _paragraph(text))
        comments = sum(name == "word/comments.xml" for name in archive.namelist()) and len(
            list(parsed_xml(archive.read("word/comments.xml")).iter(f"{_W}comment"))
        )
        copy = io.BytesIO()
        with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as repacked:
            for name in dict.fromkeys(archive.namelist()):
                if name == _DOCUMENT:
                    repacked.writestr(name, _serialized(document))
                elif not name.startswith(("word/media/", "word/embeddings/", "word/fonts/")):
                    repacked.writestr(name, archive.read(name))
                else:
                    repacked.writestr(name, b"")  # pictures are not read, but must be there
    counted: dict[LeftOutKind, int] = {
        "hidden passages": dropped,
        "comments": comments,
    }
    left_out = [LeftOut(kind, n) for kind, n in counted.items() if n]
    return copy.getvalue(), (*left_out, *pictures.left_out()), recognised


def _serialized(document: Any) -> bytes:
    from lxml import etree

    written: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8")
    return written


def _spell_out_fields(document: Any) -> None:
    """Fields in their short form are written in the long one, which is read.

    So is a place in the page that a link leads to.
    """
    from lxml import etree

    for short in list(document.iter(f"{_W}fldSimple")):
        around = [etree.Element(f"{_W}r", nsmap={"w": _MAIN}) for _ in range(4)]
        for run, kind in zip(around, ("begin", "", "separate", "end"), strict=True):
            if kind:
                etree.SubElement(run, f"{_W}fldChar").set(f"{_W}fldCharType", kind)
            else:
                etree.SubElement(run, f"{_W}instrText").text = short.get(f"{_W}instr")
        for part in [*around[:3], *list(short), around[3]]:
            short.addprevious(part)
        short.getparent().remove(short)
    for code in document.iter(f"{_W}instrText"):
        code.text = _PLACE.sub(r'\1#\2"', code.text or "")


# --- what nobody sees -------------------------------------------------------------------------


def _styles_with(archive: zipfile.ZipFile, *settings: str) -> set[str]:
    """Styles whose text is hidden, or crossed out."""
    if "word/styles.xml" not in archive.namelist():
        return set()
    styles = parsed_xml(archive.read("word/styles.xml")).iter(f"{_W}style")
    return {
        style.get(f"{_W}styleId")
        for style in styles
        if any(_is_on(style.find(f"{_W}rPr/{_W}{name}")) for name in settings)
    }


def _is_on(setting: Any) -> bool:
    return setting is not None and setting.get(f"{_W}val") not in ("0", "false", "off")


def _drop_runs(document: Any, styles: set[str], *settings: str) -> int:
    """Remove runs with a setting, and what was moved away; of how many paragraphs was any text."""
    for moved in [*document.iter(f"{_W}moveFrom"), *document.iter(f"{_W}del")]:
        if moved.getparent() is not None and moved.getparent().tag != f"{_W}trPr":
            moved.getparent().remove(moved)
    touched: set[Any] = set()
    for run in list(document.iter(f"{_W}r")):
        properties = run.find(f"{_W}rPr")
        paragraph = run.getparent()
        while paragraph is not None and paragraph.tag != f"{_W}p":
            paragraph = paragraph.getparent()
        style = properties.find(f"{_W}rStyle") if properties is not None else None
        named = {style.get(f"{_W}val")} if style is not None else set()
        if paragraph is not None:
            whole = paragraph.find(f"{_W}pPr/{_W}pStyle")
            named |= {whole.get(f"{_W}val")} if whole is not None else set()
        own = [] if properties is None else [properties.find(f"{_W}{name}") for name in settings]
        own = [each for each in own if each is not None]
        if any(map(_is_on, own)) or (not own and named & styles):
            if any(text.text for text in run.iter(f"{_W}t")):
                touched.add(paragraph)
            run.getparent().remove(run)
    return len(touched)


# --- what hangs on a paragraph ----------------------------------------------------------------


def _recognised(
    document: Any,
    archive: zipfile.ZipFile,
    targets: dict[str, tuple[str, str]],
    pictures: Pictures,
) -> dict[str, str]:
    """The text of large pictures; a paragraph below each says which is to stand there."""
    found: dict[str, str] = {}
    for drawing in list(document.iter(f"{_W}drawing")):
        extent = next(drawing.iter(f"{_WP}extent"), None)
        told = next(drawing.iter(f"{_WP}docPr"), None)
        blip = next(drawing.iter(f"{_A}blip"), None)
        if next(drawing.iter(f"{_PIC}pic"), None) is None or extent is None:
            continue
        if min(int(extent.get("cx") or 0), int(extent.get("cy") or 0)) < _LARGE:
            continue
        _, part = targets.get("" if blip is None else blip.get(f"{_R}embed") or "", ("", ""))
        is_told = told is not None and bool(description(told.get("descr")))
        there = part in archive.namelist()
        text = pictures.text(archive.read(part) if there else b"", is_told=is_told)
        if text:
            # Two letters for private use, which no author's text is taken for.
            place = f"\ue000picture{len(found)}\ue001"
            found[place] = text
            _below(drawing).addnext(_paragraph(place))
    return found


def _below(drawing: Any) -> Any:
    """The paragraph or table of the text itself that holds a drawing."""
    outermost = drawing
    for above in drawing.iterancestors():
        if above.tag in (f"{_W}p", f"{_W}tbl"):
            outermost = above
    return outermost


def _lift_drawings(
    document: Any, archive: zipfile.ZipFile, targets: dict[str, tuple[str, str]]
) -> None:
    """Put text boxes, charts and diagrams behind the paragraph that holds them."""
    for choice in list(document.iter(f"{_MC}AlternateContent")):
        for fallback in choice.findall(f"{_MC}Fallback"):
            if choice.find(f"{_MC}Choice") is not None:
                choice.remove(fallback)
    places: dict[Any, Any] = {}  # by paragraph: what was put behind it last
    for found in list(document.iter(f"{_W}txbxContent", f"{_C}chart", f"{_DGM}relIds")):
        paragraph = _outermost_paragraph(found)
        if paragraph is None:
            continue
        if found.tag == f"{_W}txbxContent":
            pieces = [piece for piece in found if piece.tag in (f"{_W}p", f"{_W}tbl")]
            found.getparent().remove(found)
        else:
            pieces = list(_drawn(found, archive, targets))
        for piece in pieces:
            places.get(paragraph, paragraph).addnext(piece)
            places[paragraph] = piece


def _outermost_paragraph(element: Any) -> Any:
    found = None
    for above in element.iterancestors():
        if above.tag == f"{_W}p":
            found = above
        if above.tag == f"{_W}tc":
            break
    return found


def _drawn(
    found: Any, archive: zipfile.ZipFile, targets: dict[str, tuple[str, str]]
) -> Iterator[Any]:
    name = found.get(f"{_R}id") or found.get(f"{_R}dm") or ""
    _, target = targets.get(name, ("", ""))
    if target not in archive.namelist():
        return
    part = parsed_xml(archive.read(target))
    if found.tag == f"{_C}chart":
        for line in chart_markdown(part).split("\n\n"):
            if line.startswith("|"):
                yield _table([_cells(row) for row in line.split("\n")])
            elif line:
                yield _paragraph(line.strip("*"))
    else:
        for text in diagram_lines(part):
            yield _paragraph(text)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def diagram_lines(data: Any) -> list[str]:
    """The texts of a diagram's (SmartArt's) points, in the file's order."""
    points = data.iter(f"{_DGM}pt")
    said = (" ".join("".join(run.text or "" for run in p.iter(f"{_A}t")).split()) for p in points)
    return [text for text in said if text]


def _paragraph(text: str) -> Any:
    from lxml import etree

    paragraph = etree.Element(f"{_W}p", nsmap={"w": _MAIN})
    run = etree.SubElement(paragraph, f"{_W}r")
    etree.SubElement(run, f"{_W}t").text = text
    return paragraph


def _table(rows: list[list[str]]) -> Any:
    from lxml import etree

    table = etree.Element(f"{_W}tbl", nsmap={"w": _MAIN})
    for number, row in enumerate(rows):
        if number == 1:  # the line of dashes
            continue
        line = etree.SubElement(table, f"{_W}tr")
        for text in row:
            etree.SubElement(line, f"{_W}tc").append(_paragraph(text.replace("\\|", "|")))
    return table


# --- headers and footers ----------------------------------------------------------------------


def _running_lines(archive: zipfile.ZipFile, targets: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Each different line of headers and footers, without page numbers."""
    seen: set[str] = set()
    for kind, target in sorted(targets.values(), key=lambda each: (each[0] != "header", each)):
        if kind not in ("header", "footer") or target not in archive.namelist():
            continue
        part = parsed_xml(archive.read(target))
        for paragraph in part.iter(f"{_W}p"):
            text = " ".join("".join(_shown_text(paragraph)).split())
            is_new = text.casefold() not in seen and len(text) <= _MOST_RUNNING
            if is_new and any(map(str.isalpha, text)) and not _PAGE_NUMBER.fullmatch(text):
                seen.add(text.casefold())
                yield text


def _shown_text(paragraph: Any) -> Iterator[str]:
    """The words of a paragraph, without what fields such as PAGE show."""
    in_field = 0
    for each in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}fldChar"):
        if each.tag == f"{_W}fldChar":
            kind = each.get(f"{_W}fldCharType")
            in_field += {"begin": 1, "end": -1}.get(kind, 0)
        elif each.tag == f"{_W}t":
            if in_field <= 0 and not any(a.tag == f"{_W}fldSimple" for a in each.iterancestors()):
                yield each.text or ""
        else:
            yield " "
