"""Trying a source out: its beginning is read as it would be, and nothing of it is kept."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

from knowledge.documents.reading import FileReader, RawFile
from knowledge.errors import DocumentSkipped, SourceError
from knowledge.sources.port import RawDocument, SkippedDocument, Source
from knowledge.types import LeftOut

MOST_DOCUMENTS = 20
"""Enough to see what a source is like; a page a second and somebody waits."""
_SAMPLES = 2
_SAMPLE_CHARS = 300


@dataclass(slots=True)
class TrialReport:
    """What was found."""

    documents: int = 0
    passages: int = 0
    is_whole: bool = True
    """All that there is was looked at."""
    samples: list[tuple[str, str]] = field(default_factory=list)
    """Title with headings, and the beginning of the text."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Document to reason."""
    left_out: dict[str, tuple[LeftOut, ...]] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    """As documents state them."""
    error: str | None = None
    """Why the source as a whole could not be read."""


async def try_out(
    source: Source, reader: FileReader, max_bytes: int, most: int = MOST_DOCUMENTS
) -> TrialReport:
    """Read at most so many documents. Raises :class:`SourceError` for what no run could mend."""
    await source.check()
    report = TrialReport()
    # What yields is a generator, and it is closed at the first document too many: a crawl ends.
    found = cast("Any", source.documents({}))
    try:
        async with aclosing(found):
            async for each in found:
                if report.documents + len(report.skipped) >= most:
                    report.is_whole = False
                    break
                await _take(report, each, reader, max_bytes)
    except SourceError as error:
        report.error = str(error)
    return report


async def _take(
    report: TrialReport,
    found: RawDocument | SkippedDocument,
    reader: FileReader,
    max_bytes: int,
) -> None:
    if isinstance(found, SkippedDocument):
        if not found.kind:
            report.skipped[found.document] = found.reason
        return
    try:
        read = await reader.read(
            RawFile(found.name, found.content or b"", found.content_type, max_bytes, url=found.url)
        )
    except DocumentSkipped as skipped:
        report.skipped[found.document] = skipped.reason
        return
    report.documents += 1
    report.passages += len(read.pieces)
    if read.left_out:
        report.left_out[found.document] = read.left_out
    if read.language:
        report.languages[read.language] += 1
    for piece in read.pieces[: _SAMPLES - len(report.samples)]:
        title = " › ".join(part for part in (read.title, *piece.headings) if part)
        text = " ".join(piece.text.split())
        cut = text[:_SAMPLE_CHARS] + " …" * (len(text) > _SAMPLE_CHARS)
        report.samples.append((title, cut))
