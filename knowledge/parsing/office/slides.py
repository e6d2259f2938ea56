"""PowerPoint files (.pptx): a heading for each slide, with its text, tables, charts and notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft, some_of
from knowledge.parsing.grid import joined_header, names_groups, spread
from knowledge.parsing.office.charts import chart_markdown
from knowledge.parsing.office.numbering import written
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
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_NUMBERED = {
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
}
"""How the names of PowerPoint's ways to count begin, and Word's name of the same."""
_MAX_HEADING = 200
"""Characters; a title that is longer is a paragraph."""
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
    charts = comments = 0
    pictures = Pictures(recognition)
    try:
        deck = Presentation(io.BytesIO(transitional(content)))
        slides = list(enumerate(deck.slides, start=1))
        hidden = [str(number) for number, slide in slides if slide.element.get("show") == "0"]
        slides = [each for each in slides if str(each[0]) not in hidden]
        for _, slide in slides:
            _drop_struck(slide)
        titles = [_slide_title(slide) for _, slide in slides]
        parts: list[str] = []
        for (number, slide), title in zip(slides, titles, strict=True):
            body = list(_slide_parts(slide))
            body += filter(None, _recognised(slide, pictures))
            charts += _unread_charts(slide)
            comments += _comments(slide)
            if title or body:
                is_heading = 0 < len(title) <= _MAX_HEADING
                heading = title if is_heading else f"Slide {number}"
                parts += [f"## {heading}", *([title] if title and not is_heading else []), *body]
    except failures as error:
        raise DocumentSkipped(
            "The PowerPoint file is damaged. Open it in PowerPoint, save it anew and add it again."
        ) from error
    left_out = [LeftOut("hidden slides", len(hidden), some_of(hidden))] if hidden else []
    left_out += [LeftOut("charts", charts)] if charts else []
    left_out += [LeftOut("comments", comments)] if comments else []
    left_out += pictures.left_out()
    return Draft("\n\n".join(parts), title=titles[0] if titles else None, left_out=tuple(left_out))


def _drop_struck(slide: Any) -> None:
    """Remove what is crossed out, in place: it holds no more."""
    notes = [slide.notes_slide.element] if slide.has_notes_slide else []
    for part in [slide.element, *notes]:
        for run in list(part.iter(f"{_A}r")):
            properties = run.find(f"{_A}rPr")
            if properties is not None and properties.get("strike", "noStrike") != "noStrike":
                run.getparent().remove(run)


def _slide_title(slide: Any) -> str:
    shape = slide.shapes.title
    return " ".join(shape.text_frame.text.split()) if shape is not None else ""


def _slide_parts(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    for shape in _flat(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if getattr(shape, "has_table", False):
            if text := _table(shape.table):
                yield text
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


def _comments(slide: Any) -> int:
    """How many remarks reviewers left at a slide."""
    parts = [each.target_part for each in slide.part.rels.values() if not each.is_external]
    said = [part for part in parts if "comments" in part.content_type.lower()]
    elements = (element for part in said for element in parsed_xml(part.blob).iter("{*}cm"))
    return sum(1 for _ in elements)


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
    is_empty = not any(text.strip() for row in rows for text, _, _ in row)
    if is_empty:
        return ""
    grid = spread(rows)
    if len(grid) > 2 and names_groups(grid[0], grid[1]):
        grid[:2] = [joined_header(grid[:2])]
    return write_table(grid)


def _diagram(shape: Any) -> list[str]:
    """The texts of SmartArt."""
    for reference in shape._element.iter(f"{{{_DIAGRAM}}}relIds"):
        name = reference.get(_RELATION)
        if name in shape.part.rels:
            return diagram_lines(parsed_xml(shape.part.related_part(name).blob))
    return []


def _paragraphs(shape: Any) -> str:
    """Text of one shape; several paragraphs, or an indented one, are a list."""
    lines = [(each, _linked(each)) for each in shape.text_frame.paragraphs]
    lines = [(paragraph, text) for paragraph, text in lines if text]
    if len(lines) < 2 and all(paragraph.level == 0 for paragraph, _ in lines):
        return "".join(text for _, text in lines)
    counts: dict[int, int] = {}
    said: list[str] = []
    for paragraph, text in lines:
        level = paragraph.level
        label = _label(paragraph, counts)
        counts = {at: count for at, count in counts.items() if at < level + bool(label)}
        is_counted = re.fullmatch(r"\d+\.", label) is not None
        mark = label if is_counted else f"- {label}".strip()
        said.append(f"{'  ' * level}{mark} {text}")
    return "\n".join(said)


def _label(paragraph: Any, counts: dict[int, int]) -> str:
    """The number that PowerPoint puts before a paragraph, counted in ``counts`` by level."""
    numbered = next(paragraph._p.iter(f"{_A}buAutoNum"), None)
    if numbered is None:
        return ""
    level, kind = paragraph.level, numbered.get("type") or "arabicPeriod"
    start = int(numbered.get("startAt") or 1)
    counts[level] = counts[level] + 1 if level in counts else start
    form = next((form for form in _NUMBERED if kind.startswith(form)), "")
    count = written(counts[level], _NUMBERED.get(form, "decimal"))
    if kind.endswith("ParenBoth"):
        return f"({count})"
    return count + {"R": ")", "d": "."}.get(kind[-1], "")


def _linked(paragraph: Any) -> str:
    """The paragraph's words, with the addresses that they lead to."""
    text = " ".join(paragraph.text.split())
    for run in paragraph.runs:
        address = run.hyperlink.address
        words = " ".join(run.text.split())
        if address and address.startswith(("http:", "https:")) and words and address != words:
            text = text.replace(words, f"[{words}]({address})", 1)
    return text
