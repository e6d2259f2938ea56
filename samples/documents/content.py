"""What pages of any format are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

COMPANY = "Fernhill Cycles"
DATE = datetime(2025, 11, 3, 9, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Heading:
    """A section heading below the title of a page."""

    text: str


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A bulleted list, or a numbered one."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Grid:
    """A table. The first row is its header; ``widths`` are shares of the page width."""

    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


Block = Heading | Text | Items | Grid


@dataclass(frozen=True)
class Page:
    """A page of running text, to be written as PDF or DOCX."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. The first row is its header."""

    title: str
    rows: tuple[tuple[str | int | float, ...], ...]
    widths: tuple[int, ...]


@dataclass(frozen=True)
class SlideText:
    """One slide: a title, then bullets or a table, and what the speaker says."""

    title: str
    bullets: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    notes: str = ""
