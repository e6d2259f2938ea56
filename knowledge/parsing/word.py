"""Word documents (.docx), through mammoth's HTML."""

from __future__ import annotations

import io
from typing import Any

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft
from knowledge.parsing.markup import to_markdown

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
"""


def parse_docx(content: bytes) -> Draft:
    """A Word document with headings, lists, links and tables; images as their alternative text.

    Word seldom marks a table's header row, so the first row is taken for it.
    """
    import mammoth

    def without_data(image: Any) -> dict[str, str]:
        return {"src": ""}  # the picture itself would become megabytes of base64

    try:
        result = mammoth.convert_to_html(
            io.BytesIO(content),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(without_data),
        )
        markdown = to_markdown(result.value, first_row_is_header=True)
    except PARSER_FAILURES as error:
        raise DocumentSkipped(
            "The Word document is damaged. Open it in Word, save it anew and add it again."
        ) from error
    return Draft(markdown)
