"""What is read of one document: parsed, cut into pieces, and the words of each for the embedder."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from knowledge.documents.chunking import Chunk, chunk
from knowledge.errors import DocumentSkipped
from knowledge.parsing import MAX_DOCUMENT_BYTES, parse
from knowledge.parsing.document import PARSER_FAILURES
from knowledge.parsing.inline import plain_text
from knowledge.parsing.recognition import Recogniser, Recognition
from knowledge.text.sentences import split_units
from knowledge.text.short_forms import spelled_out
from knowledge.types import LeftOut

_MOST_EMBEDDED = 20_000
"""Characters, in which all tokens that are read are found even where words are very long."""
MAX_PIECES = 50_000
"""Of one document: embedding them takes half an hour, and no author writes as many sections."""
_SPECIAL_TOKENS = 2  # [CLS] and [SEP]


class CountTokens(Protocol):
    """Counts one text's tokens as the embedder does; it can be pickled, for another process."""

    @property
    def max_tokens(self) -> int:
        """How many tokens the embedder reads of a text, its special ones counted."""
        ...

    def __call__(self, text: str, /) -> int:
        """Special tokens are not counted."""
        ...


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file to be read, and the bounds that hold for it."""

    name: str
    """File name, path or URL, as :func:`knowledge.parsing.parse` takes it."""
    content: bytes
    content_type: str | None = None
    max_bytes: int = MAX_DOCUMENT_BYTES
    max_growth: int | None = None
    """Bytes by which an Office file may grow when it is unpacked."""
    max_characters: int | None = None
    """Of the Markdown that comes of it."""
    guarded: bool = True
    """Whether an access list that cannot be read is a reason to skip it."""
    url: str = ""
    """Where a reader opens it, against which links in it are resolved; may be empty."""
    recognise_seconds: float = 0.0
    """For how long text in its pictures may be recognised, besides the time for the rest; 0: it is
    not."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file holds."""

    title: str
    access: frozenset[str] | None
    """Principals that the file itself names; None when it says nothing."""
    valid_until: date | None
    language: str | None
    pieces: tuple[Chunk, ...]
    """In order; never none."""
    embedded: tuple[str, ...]
    """For each piece what the embedder reads of it."""
    left_out: tuple[LeftOut, ...] = ()
    """What of it was not read."""


class FileReader(Protocol):
    """Reads files: :class:`knowledge.documents.pool.ReaderPool` is one."""

    async def read(self, file: RawFile) -> ReadFile:
        """Raises :class:`DocumentSkipped`, whatever is wrong with the file."""
        ...


def read_file(
    file: RawFile, count_tokens: CountTokens, recogniser: Recogniser | None = None
) -> ReadFile:
    """Parse a file and cut it into pieces that the embedder reads whole.

    Synchronous. ``recogniser``: the engine for text in pictures, if there is one. Raises
    :class:`DocumentSkipped`, but on odd files anything else too.
    """
    if file.max_growth is not None and _growth(file.content) > file.max_growth:
        raise DocumentSkipped("It unpacks to more than is read along with a question.")
    parsed = parse(
        file.name,
        file.content,
        content_type=file.content_type,
        max_bytes=file.max_bytes,
        guarded=file.guarded,
        url=file.url,
        recognition=Recognition(recogniser, file.recognise_seconds)
        if recogniser is not None and file.recognise_seconds > 0
        else None,
    )
    if file.max_characters is not None and len(parsed.markdown) > file.max_characters:
        raise DocumentSkipped("It is too long, with more than some 400 pages of text.")

    def count_words(markdown: str) -> int:
        return count_tokens(plain_text(markdown))

    pieces = chunk(parsed, count_words, count_tokens.max_tokens - _SPECIAL_TOKENS)
    if not pieces:
        raise DocumentSkipped("It holds no text. Is it a scan, or only pictures?")
    if len(pieces) > MAX_PIECES:
        raise DocumentSkipped(
            f"It has {len(pieces):,} sections, more than the {MAX_PIECES:,} that are read. "
            "Split it."
        )
    return ReadFile(
        parsed.title,
        parsed.access,
        parsed.valid_until,
        parsed.language,
        tuple(pieces),
        tuple(embedded_words(parsed.title, each.headings, each.text) for each in pieces),
        parsed.left_out,
    )


def embedded_words(title: str, headings: tuple[str, ...], text: str) -> str:
    """What the embedder reads: title and headings, then the text without markup.

    Addresses of links would take up to half of its 256 tokens and mean nothing to it. Rows of a
    table without headings are put in words, and short forms spelled out, as for the reader.
    """
    context = " › ".join(part for part in (title, *headings) if part)
    said = spelled_out(plain_text(_with_rows_in_words(text)))
    return f"{context}\n{said}"[:_MOST_EMBEDDED]


_NO_WORDS = re.compile(r"[|\s:-]*\|[|\s:-]*")
"""Such as the empty header of a table that has none."""


def _with_rows_in_words(text: str) -> str:
    rows = [unit for unit in split_units(text) if unit.kind == "row" and not unit.lead]
    if not rows:
        return text
    said = {unit.raw: unit.labelled for unit in rows}
    lines = (said.get(line.strip(), line) for line in text.split("\n"))
    return "\n".join(line for line in lines if not _NO_WORDS.fullmatch(line))


def _growth(content: bytes) -> int:
    if not content.startswith(b"PK\x03\x04"):
        return 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(part.file_size - part.compress_size for part in archive.infolist())
    except PARSER_FAILURES:
        return 0  # parsing will say what is wrong with it
