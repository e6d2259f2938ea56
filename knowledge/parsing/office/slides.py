"""PowerPoint files (.pptx): a heading for each slide, with its text, tables, charts and notes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft, some_of
from knowledge.parsing.grid import spread
from knowledge.parsing.office.charts import chart_markdown
from knowledge.parsing.office.package import parsed_xml, transitional
from knowledge.parsing.office.word_package import diagram_lines
from knowledge.parsing.pictures import Pictures, description
from knowledge.parsing.recognition import Recognition
from knowledge.parsing.tables import write_table
from knowledge.types import LeftOut

_LARGE = 1_000_000
"""English Metric Units, some 2.8 cm: smaller pictures are logos and icons."""
_SAME_LINE = 230_000
"""English Metric Units, a quarter of an inch: shapes that begin so near each other's top are read
from left to right."""
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"


def parse_pptx(content: bytes, recognition: Recognition | None = None) -> Draft:
    """The slides in order, hidden ones left out; each from top left to bottom right.

    The first slide's title is the document's. What is recognised in large pictures stands below
    its slide.
    """
    from pptx import Presentation
    from pptx.exc import PythonPptxError

    failures: tuple[type[Exception], ...] = (*PARSER_FAILURES, PythonPptxError)
    charts = 0
    pictures = Pictures(recognition)
    try:
        deck = Presentation(io.BytesIO(transitional(content)))
        slides = list(enumerate(deck.slides, start=1))
        hidden = [str(number) for number, slide in slides if slide.element.get("show") == "0"]
        slides = [each for each in slides if str(each[0]) not in hidden]
        titles = [_slide_title(slide) for _, slide in slides]
        parts: list[str] = []
        for (number, slide), title in zip(slides, titles, strict=True):
            body = list(_slide_parts(slide))
            body += filter(None, _recognised(slide, pictures))
            charts += _unread_charts(slide)
            if title or body:
                parts += [f"## {title or f'Slide {number}'}", *body]
    except failures as error:
        raise DocumentSkipped(
            "The PowerPoint file is damaged. Open it in PowerPoint, save it anew and add it again."
        ) from error
    left_out = [LeftOut("hidden slides", len(hidden), some_of(hidden))] if hidden else []
    left_out += [LeftOut("charts", charts)] if charts else []
    left_out += pictures.left_out()
    return Draft("\n\n".join(parts), title=titles[0] if titles else None, left_out=tuple(left_out))


def _slide_title(slide: Any) -> str:
    shape = slide.shapes.title
    return " ".join(shape.text_frame.text.split()) if shape is not None else ""


def _slide_parts(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    for shape in _flat(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if getattr(shape, "has_table", False):
            yield _table(shape.table)
        elif getattr(shape, "has_chart", False):
            if text := chart_markdown(shape.chart.part._element):
                yield text
        elif shape.has_text_frame:
            if text := _paragraphs(shape):
                yield text
        elif diagram := _diagram(shape):
            yield "\n".join(f"- {line}" for line in diagram)
        elif told := _description(shape):
            yield f"![{told}]()"
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        notes = " ".join(frame.text.split())
        if notes:
            yield f"Notes: {notes}"


def _description(shape: Any) -> str:
    """What the author says that a picture shows; empty for other shapes, too."""
    named = getattr(shape._element, "nvPicPr", None)
    return "" if named is None else description(named.cNvPr.get("descr"))


def _recognised(slide: Any, pictures: Pictures) -> Iterator[str]:
    for shape in _flat(slide.shapes):
        if not hasattr(shape._element, "nvPicPr"):
            continue
        if min(shape.width or 0, shape.height or 0) >= _LARGE:
            yield pictures.text(_blob(shape), is_told=bool(_description(shape)))


def _blob(shape: Any) -> bytes:
    """A picture's file; empty for one that is linked and not in the file."""
    try:
        blob: bytes = shape.image.blob
    except (AttributeError, KeyError, ValueError):
        return b""
    return blob


def _unread_charts(slide: Any) -> int:
    charts = (shape.chart for shape in _flat(slide.shapes) if getattr(shape, "has_chart", False))
    return sum(not chart_markdown(chart.part._element) for chart in charts)


def _flat(shapes: Any) -> Iterator[Any]:
    """The shapes as they are read: from the top, on one line from the left; groups opened."""
    placed = sorted(shapes, key=lambda shape: shape.top or 0)
    line: list[Any] = []
    for shape in [*placed, None]:
        if line and (shape is None or (shape.top or 0) - (line[0].top or 0) > _SAME_LINE):
            for each in sorted(line, key=lambda shape: shape.left or 0):
                if hasattr(each, "shapes"):
                    yield from _flat(each.shapes)
                else:
                    yield each
            line = []
        line.append(shape)


def _table(table: Any) -> str:
    rows = [
        [
            (cell.text, cell.span_width, cell.span_height)
            for cell in row.cells
            if not cell.is_spanned
        ]
        for row in table.rows
    ]
    return write_table(spread(rows))


def _diagram(shape: Any) -> list[str]:
    """The texts of SmartArt."""
    for reference in shape._element.iter(f"{{{_DIAGRAM}}}relIds"):
        name = reference.get(_RELATION)
        if name in shape.part.rels:
            return diagram_lines(parsed_xml(shape.part.related_part(name).blob))
    return []


def _paragraphs(shape: Any) -> str:
    """Text of one shape; several paragraphs, or an indented one, are a list."""
    lines = [(paragraph.level, _linked(paragraph)) for paragraph in shape.text_frame.paragraphs]
    lines = [(level, text) for level, text in lines if text]
    if len(lines) < 2 and all(level == 0 for level, _ in lines):
        return "".join(text for _, text in lines)
    return "\n".join(f"{'  ' * level}- {text}" for level, text in lines)


def _linked(paragraph: Any) -> str:
    """The paragraph's words, with the addresses that they lead to."""
    text = " ".join(paragraph.text.split())
    for run in paragraph.runs:
        address = run.hyperlink.address
        words = " ".join(run.text.split())
        if address and address.startswith(("http:", "https:")) and words and address != words:
            text = text.replace(words, f"[{words}]({address})", 1)
    return text
