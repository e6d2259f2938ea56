"""Pictures, in files of their own and in documents: the text recognised in them, laid out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from knowledge.errors import DocumentSkipped
from knowledge.parsing.document import PARSER_FAILURES, Draft, some_of
from knowledge.parsing.recognition import MAX_PIXELS, Recognition, confidence, marked
from knowledge.types import LeftOut

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_FRAMES = 100
"""Pages of one TIFF file."""
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def parse_picture(content: bytes, recognition: Recognition | None) -> Draft:
    """The text in a picture; of a TIFF file that in all its pages, of another's frames the first.

    Raises :class:`DocumentSkipped` where there is no way to recognise text, or no text in it.
    """
    if recognition is None:
        raise DocumentSkipped(
            "It is a picture. Its text is read only where text recognition (OCR) is installed and "
            "switched on for the source.",
            kind="pictures",
        )
    parts: list[str] = []
    late: list[str] = []
    try:
        for number, frame in _frames(content):
            read = recognised_text(frame, recognition, f"page {number}" if number > 1 else "")
            if read is None:
                late.append(str(number))
            elif read:
                parts.append(f'<a name="page={number}"></a>\n\n{read}' if number > 1 else read)
    except PARSER_FAILURES as error:
        raise DocumentSkipped(
            "The picture is damaged, or of a kind that cannot be read. Save it as PNG or JPEG and "
            "add it again."
        ) from error
    if not parts:
        raise DocumentSkipped(
            "There was no time left to recognise its text."
            if late
            else "No text was recognised in the picture.",
            kind="" if late else "pictures without text",
        )
    told = LeftOut("pictures not recognised in time", len(late), some_of(late))
    return Draft("\n\n".join(parts), left_out=(told,) if late else (), has_own_anchors=True)


def recognised_text(picture: Image, recognition: Recognition, place: str = "") -> str | None:
    """The Markdown of a picture, marked as recognised; ``""`` without text, None without time.

    ``place``: see :meth:`Recognition.read`.
    """
    from knowledge.parsing.pdf.layout import reading_order
    from knowledge.parsing.pdf.recognised import recognised_page
    from knowledge.parsing.pdf.text import page_as_markdown

    read = recognition.read(picture, place)
    if read is None or not read.lines:
        return None if read is None else ""
    page = recognised_page(read.lines, read.size)
    return marked(page_as_markdown(reading_order(page)), confidence(read.lines))


_FILE_NAME = re.compile(r".*\.(?:bmp|emf|gif|jpe?g|png|svg|tiff?|webp|wmf)", re.I | re.S)


def description(stated: str | None) -> str:
    """What an author says that a picture shows; programs put a file's name there instead."""
    words = " ".join((stated or "").split())
    return "" if _FILE_NAME.fullmatch(words) else words


_NO_PICTURE: tuple[type[Exception], ...] = (*PARSER_FAILURES, DocumentSkipped)


class Pictures:
    """The pictures of one Office file: their text is recognised where it can be, each once."""

    def __init__(self, recognition: Recognition | None) -> None:
        self._recognition = recognition
        self._read: dict[bytes, str | None] = {}
        self._unread = self._late = 0

    def text(self, content: bytes, *, is_told: bool) -> str:
        """The text of one, marked as recognised; empty if there is none, or no way to it.

        ``is_told``: its author says in words what it shows; then nobody misses it.
        """
        read: str | None = ""
        if self._recognition is not None:
            key = sha256(content).digest()
            if key not in self._read:  # the same picture stands on many slides
                self._read[key] = self._recognised(content, self._recognition)
            read = self._read[key]
        if not read and not is_told:
            self._late += read is None
            self._unread += read is not None
        return read or ""

    def left_out(self) -> Iterator[LeftOut]:
        """What was not read of them."""
        if self._unread:
            yield LeftOut("pictures", self._unread)
        if self._late:
            yield LeftOut("pictures not recognised in time", self._late)

    def _recognised(self, content: bytes, recognition: Recognition) -> str | None:
        try:
            return recognised_text(opened_picture(content), recognition)
        except _NO_PICTURE:  # a drawing in EMF, say: it is told as unread
            return ""


def opened_picture(content: bytes) -> Image:
    """A picture, upright, of which nothing is decoded yet.

    Raises :class:`DocumentSkipped` for one with too many pixels, and what
    :data:`PARSER_FAILURES` has for what is none.
    """
    from PIL import Image as images

    picture = images.open(io.BytesIO(content), formats=_FORMATS)
    wide, high = picture.size
    if wide * high > MAX_PIXELS:
        raise DocumentSkipped(
            f"The picture has {wide * high / 1e6:.0f} million pixels, more than the "
            f"{MAX_PIXELS // 10**6} million that are looked at. Save it smaller and add it again."
        )
    return picture


def _frames(content: bytes) -> Iterator[tuple[int, Image]]:
    from PIL import ImageOps

    picture = opened_picture(content)
    count = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
    if count > MAX_FRAMES:
        raise DocumentSkipped(
            f"It has {count} pages, more than the {MAX_FRAMES} that are looked at. Split it."
        )
    for number in range(count):
        picture.seek(number)
        if picture.width * picture.height > MAX_PIXELS:
            raise DocumentSkipped("One of its pages has too many pixels. Save it smaller.")
        yield number + 1, ImageOps.exif_transpose(picture)
