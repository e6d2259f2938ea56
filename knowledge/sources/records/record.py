"""One record as a document: which field is what, and what of it makes a version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from knowledge.errors import SourceError
from knowledge.sources.port import RawDocument, SkippedDocument
from knowledge.types import Validators

ID = "The field, or column, that names a record for good."
TITLE = "The field with its title."
TEXT = "A field with its text; several are put one below the other."
URL = "The field with the address where readers open it."
UPDATED = "The field that changes whenever the record does, such as a date or a version."
FORMAT = "What the text is written in: markdown, html or text."

_ENDINGS = {"markdown": "md", "html": "html", "text": "txt"}


@dataclass(frozen=True, slots=True)
class Fields:
    """The names of a record's fields; empty where there is none."""

    id: str
    title: str
    text: tuple[str, ...]
    url: str
    updated: str
    format: str

    def __post_init__(self) -> None:
        """Raise :class:`SourceError` for what cannot be."""
        if self.format not in _ENDINGS:
            raise SourceError(f"The option format must be one of {', '.join(_ENDINGS)}.")
        if not self.id or not self.text:
            raise SourceError("Name the fields with the id and the text of a record.")


def as_document(
    record: Any,
    fields: Fields,
    number: int,
    known: Mapping[str, Validators],
    further: Sequence[str] = (),
) -> RawDocument | SkippedDocument:
    """The document; without content if it is as it was.

    ``number``: its place, from 1 on. ``further``: texts that are put below its own.
    """
    id = plain(field_of(record, fields.id))
    if not id:
        return SkippedDocument(
            f"record {number}", f"It has no {fields.id}, by which it is known. Check --id-field."
        )
    texts = [text for name in fields.text if (text := plain(field_of(record, name)))]
    if not texts:
        return SkippedDocument(
            id, f"It has no text in {', '.join(fields.text)}.", "records without text"
        )
    title = " ".join(plain(field_of(record, fields.title)).split())
    content = _written(title, [*texts, *further], fields.format).encode("utf-8", "replace")
    url = plain(field_of(record, fields.url))
    note = version(record, fields) or f"sha {hashlib.sha256(content).hexdigest()[:32]} {url}"
    is_known = known.get(id, Validators()).note == note
    return RawDocument(
        id,
        url if url.startswith(("https://", "http://")) else "",
        f"{title or id}.{_ENDINGS[fields.format]}".replace("/", "-"),
        None if is_known else content,
        None,
        Validators(note=note),
    )


def version(record: Any, fields: Fields) -> str:
    """What the record says of its version; empty if it says nothing."""
    said = plain(field_of(record, fields.updated))
    return f"as of {said}" if said else ""


def field_of(record: Any, path: str) -> Any:
    """What lies at a path such as ``fields.summary`` or ``links.0.href``; None if nothing does."""
    if not path:
        return None
    if isinstance(record, Mapping) and path in record:
        return record[path]
    for name in path.split("."):
        if isinstance(record, Mapping):
            record = record.get(name)
        elif isinstance(record, Sequence) and not isinstance(record, str) and name.isdecimal():
            record = record[int(name)] if int(name) < len(record) else None
        else:
            return None
    return record


def plain(value: Any) -> str:
    """A field's value as text: that of lists and objects is written as JSON."""
    if value is None:
        return ""
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value).replace("\0", "").strip()


def _written(title: str, texts: Sequence[str], format: str) -> str:
    if format == "html":
        head = f"<title>{escape(title)}</title>" if title else ""
        heading = f"<h1>{escape(title)}</h1>\n" if title else ""
        body = "\n".join(texts)
        return f"<!doctype html><html><head>{head}</head><body>{heading}{body}</body></html>"
    body = "\n\n".join(texts)
    has_own_head = body.startswith(("---", "+++", "{", "# "))
    return f"# {title}\n\n{body}" if title and format == "markdown" and not has_own_head else body
