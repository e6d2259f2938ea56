"""Examples as people have them: JSONL, CSV, and Markdown with tables, before and after, or replies.

A row that cannot be read is noted with its line and leaves its neighbours alone.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationError
from jobs.training.voice.preparing.rows import Origin, Row, Sorted
from jobs.training.voice.preparing.style_guide import markdown_rows

KINDS = (".jsonl", ".csv", ".tsv", ".md", ".markdown", ".txt")

# What people call the columns; the first that a row has counts.
_PLAIN = ("plain", "before", "source", "original", "input", "draft")
_VOICED = ("voiced", "after", "target", "output", "reply", "response", "text")
_TOPIC = ("topic", "category", "tag", "page", "subject")
_QUESTION = ("question", "query", "asked")
# What UTF-8 becomes when it was read as Windows-1252 and saved: "itâ€™s", "cafÃ©".
_MANGLED = re.compile("â€[™œ\u009d“”˜¢]|Ã[\u0080-¿]|\ufffd")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SNIFFED = 20_000  # characters of a CSV file that tell what separates its columns


def read_examples(path: Path, sorted_: Sorted) -> None:
    """Enter the rows of one file, and notes on what of it cannot be used.

    Raises :class:`ConfigurationError` for a file of another kind, or one without any columns that
    are known, since then no row is at fault.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise ConfigurationError(
            f"{path.name}: examples are read from {', '.join(KINDS)} files. Save it as one of them."
        )
    content = _content(path)
    if kind == ".jsonl":
        found = _jsonl(path.name, content, sorted_)
    else:
        text = _decoded(path.name, content, sorted_)
        if kind in (".csv", ".tsv"):
            found = _table(path.name, text, sorted_)
        else:
            found = markdown_rows(path.name, text)
    for row in found:
        if fault := _fault(row):
            sorted_.drop(row.origin, *fault)
        else:
            sorted_.rows.append(row)


def read_text(path: Path) -> str:
    """The text of a file, without lines that cannot be read. Raises :class:`ConfigurationError`."""
    return _decoded(path.name, _content(path), Sorted())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error


def _jsonl(name: str, content: bytes, sorted_: Sorted) -> Iterator[Row]:
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not raw.strip():
            continue
        origin = Origin(name, number)
        try:
            value = json.loads(raw.decode())
        except UnicodeDecodeError as error:
            sorted_.drop(origin, "encoding", _not_utf8(error))
        except ValueError as error:
            sorted_.drop(origin, "schema", f"it is no JSON ({error})")
        else:
            if isinstance(value, dict):
                yield _row(origin, value)
            else:
                sorted_.drop(origin, "schema", "it is no JSON object with 'plain' and 'voiced'")


def _decoded(name: str, content: bytes, sorted_: Sorted) -> str:
    """UTF-8, or UTF-16 with its mark; lines that are neither are noted and left out."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{name}: {_not_utf8(error)}") from error
    lines = []
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(raw.decode().removesuffix("\r"))
        except UnicodeDecodeError as error:
            sorted_.drop(Origin(name, number), "encoding", _not_utf8(error))
            lines.append("")
    return "\n".join(lines)


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"byte {error.start + 1} of it is not {error.encoding.upper()}: save the file as UTF-8"


def _table(name: str, text: str, sorted_: Sorted) -> Iterator[Row]:
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:_SNIFFED], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    dialect.doublequote = True
    reader = csv.reader(io.StringIO(text, newline=""), dialect)
    try:
        names = [column.strip().lower() for column in next(reader, [])]
    except csv.Error as error:
        raise ConfigurationError(f"{name}: the first line cannot be read ({error}).") from error
    if not {*_VOICED} & {*names}:
        raise ConfigurationError(
            f"{name}: the first line must name the columns, one of them 'voiced' (or {_VOICED[1]}, "
            f"{', '.join(_VOICED[2:])}); it has: {', '.join(filter(None, names)) or 'none'}."
        )
    begins = reader.line_num + 1
    while True:
        origin = Origin(name, begins)
        try:
            cells = next(reader, None)
        except csv.Error as error:
            sorted_.drop(origin, "schema", f"it cannot be read as a row ({error})")
            begins = reader.line_num + 1
            continue
        if cells is None:
            return
        begins = reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            counts = f"{len(cells)} cells, and the first line {len(names)}"
            sorted_.drop(origin, "schema", f"it has {counts}: put texts with commas in quotes")
            continue
        yield _row(origin, dict(zip(names, cells, strict=True)))


def _row(origin: Origin, value: Mapping[str, Any]) -> Row:
    """What a record says; texts that are no texts are left for :func:`_fault` to name."""

    def first(names: tuple[str, ...]) -> Any:
        return next((value[name] for name in names if value.get(name)), "")

    def text(names: tuple[str, ...]) -> str:
        found = first(names)
        return " ".join(found.split(" ")).strip() if isinstance(found, str) else "\0"

    question = text(_QUESTION)
    kind = value.get("kind") or ("answer" if question and text(_PLAIN) else "rewrite")
    return Row(
        origin,
        voiced=text(_VOICED),
        plain=text(_PLAIN),
        kind=kind,
        topic=text(_TOPIC),
        question=question,
    )


def _fault(row: Row) -> Any:
    """The step and the reason, if a row cannot be used as it is."""
    texts = {"voiced": row.voiced, "plain": row.plain, "question": row.question, "topic": row.topic}
    for name, text in texts.items():
        if text == "\0":
            return "schema", f"'{name}' is no text"
        if _MANGLED.search(text):
            return "encoding", f"'{name}' has mangled letters: it was once read in a wrong encoding"
        if _CONTROL.search(text):
            return "encoding", f"'{name}' has control characters: take them out"
    if row.kind not in ("answer", "rewrite"):
        return "schema", "'kind' must be answer or rewrite"
    if not row.voiced:
        return "schema", "'voiced' is missing or empty"
    if row.kind == "answer" and not (row.question and row.plain):
        return "schema", "an answer needs 'question' and 'plain' as well"
    return None
