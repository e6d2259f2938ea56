"""PowerPoint files (.pptx): a heading for each slide, with its text, tables and notes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft
from knowledge.parsing.tables import write_table


def parse_pptx(content: bytes) -> Draft:
    """The slides in order; hidden ones are left out. The first slide's title is the document's."""
    from pptx import Presentation
    from pptx.exc import PythonPptxError

    failures: tuple[type[Exception], ...] = (*PARSER_FAILURES, PythonPptxError)
    try:
        deck = Presentation(io.BytesIO(content))
        slides = [
            (number, slide)
            for number, slide in enumerate(deck.slides, start=1)
            if slide.element.get("show") != "0"
        ]
        titles = [_slide_title(slide) for _, slide in slides]
        parts: list[str] = []
        for (number, slide), title in zip(slides, titles, strict=True):
            body = list(_slide_parts(slide))
            if title or body:
                parts += [f"## {title or f'Slide {number}'}", *body]
    except failures as error:
        raise DocumentSkipped(
            "The PowerPoint file is damaged. Open it in PowerPoint, save it anew and add it again."
        ) from error
    return Draft("\n\n".join(parts), title=titles[0] if titles else None)


def _slide_title(slide: Any) -> str:
    shape = slide.shapes.title
    return " ".join(shape.text_frame.text.split()) if shape is not None else ""


def _slide_parts(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    for shape in _flat(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if getattr(shape, "has_table", False):
            rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
            yield write_table(rows)
        elif shape.has_text_frame and (text := _paragraphs(shape)):
            yield text
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        notes = " ".join(frame.text.split())
        if notes:
            yield f"Notes: {notes}"


def _flat(shapes: Any) -> Iterator[Any]:
    """The shapes with groups opened, in the order in which they were drawn."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flat(shape.shapes)
        else:
            yield shape


def _paragraphs(shape: Any) -> str:
    """Text of one shape; several paragraphs, or an indented one, are a list."""
    lines = [
        (paragraph.level, " ".join(paragraph.text.split()))
        for paragraph in shape.text_frame.paragraphs
    ]
    lines = [(level, text) for level, text in lines if text]
    if len(lines) < 2 and all(level == 0 for level, _ in lines):
        return "".join(text for _, text in lines)
    return "\n".join(f"{'  ' * level}- {text}" for level, text in lines)
