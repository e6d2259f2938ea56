"""Slides as PowerPoint files."""

from __future__ import annotations

from io import BytesIO

from pptx import Presentation
from pptx.slide import Slide
from pptx.util import Inches, Pt

from samples.documents.content import SlideText
from samples.documents.office import fix_dates, set_properties


def build_pptx(slides: tuple[SlideText, ...]) -> bytes:
    """Return the slides as a PowerPoint file."""
    deck = Presentation()
    for number, text in enumerate(slides):
        layout = 0 if number == 0 else 5 if text.table else 1
        slide = deck.slides.add_slide(deck.slide_layouts[layout])
        slide.shapes.title.text = text.title
        if text.table:
            add_slide_table(slide, text.table)
        else:
            frame = slide.placeholders[1].text_frame
            frame.text = text.bullets[0]
            for bullet in text.bullets[1:]:
                frame.add_paragraph().text = bullet
        if text.notes:
            slide.notes_slide.notes_text_frame.text = text.notes
    set_properties(deck.core_properties, slides[0].title)
    out = BytesIO()
    deck.save(out)
    return fix_dates(out.getvalue())


def add_slide_table(slide: Slide, rows: tuple[tuple[str, ...], ...]) -> None:
    """Put a table below the title of a slide."""
    shape = slide.shapes.add_table(
        len(rows), len(rows[0]), Inches(0.4), Inches(1.8), Inches(9.2), Inches(3.5)
    )
    for row, texts in zip(shape.table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
            cell.text_frame.paragraphs[0].font.size = Pt(14)
