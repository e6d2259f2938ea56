"""The embedded store's statements: one function for each thing asked of, or written to, its tables.

All work on a connection whose transaction the caller began, and raise :class:`sqlite3.Error`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import StoreError
from knowledge.stores.matrix import unit
from knowledge.text.stopwords import telling_words
from knowledge.types import EmbeddedPassage, Passage, Principals, Vector

TITLE_WEIGHT = 1.5
"""BM25 weight of a match in the title: names the document, but is the same for all its passages."""

HEADINGS_WEIGHT = 2.0
"""BM25 weight of a match in the heading path: says what this very passage is about."""

BODY_WEIGHT = 1.0
"""BM25 weight of a match in the text, the measure for the other two."""

_POSTINGS = """
SELECT doc, sum(CASE col WHEN 'title' THEN ? WHEN 'headings' THEN ? ELSE ? END)
FROM temp.instance WHERE term = ? GROUP BY doc ORDER BY doc
"""

_ADDED_POSTINGS = """
SELECT term, doc, sum(CASE col WHEN 'title' THEN ? WHEN 'headings' THEN ? ELSE ? END)
FROM temp.added_instance GROUP BY term, doc ORDER BY term, doc
"""

_WHOLE = """
SELECT p.rid, p.id, s.name, p.document, c.title, c.headings, p.position, c.url, c.body, a.members
FROM passage p JOIN content c ON c.rid = p.rid
JOIN source s ON s.id = p.source_id JOIN access a ON a.id = p.access_id
"""


def terms(db: sqlite3.Connection, text: str) -> list[str]:
    """The telling words of a question as FTS5 indexes them, by their stems.

    It is FTS5 that takes them apart: no text can be read as its syntax.
    """
    db.execute("DELETE FROM temp.asked")
    db.execute("INSERT INTO temp.asked VALUES (?)", (" ".join(telling_words(text)),))
    return [term for (term,) in db.execute("SELECT term FROM temp.asked_term")]


def posting(db: sqlite3.Connection, term: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Row ids of the passages that hold a word, and how often, weighed; shape ``(matches,)``."""
    weights = (TITLE_WEIGHT, HEADINGS_WEIGHT, BODY_WEIGHT)
    rows = db.execute(_POSTINGS, (*weights, term)).fetchall()
    found = np.array(rows, dtype=np.float64).reshape(-1, 2)  # row ids stay exact up to 2**53
    return found[:, 0].astype(np.int64), found[:, 1].copy()


def added_postings(
    db: sqlite3.Connection, newest: int
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.float64]]]:
    """:func:`posting` for every word, in the passages with higher row ids than ``newest`` alone."""
    db.execute("DELETE FROM temp.added")
    db.execute(
        "INSERT INTO temp.added(rowid, title, headings, body) "
        "SELECT rid, title, headings, body FROM content WHERE rid > ?",
        (newest,),
    )
    rows = db.execute(_ADDED_POSTINGS, (TITLE_WEIGHT, HEADINGS_WEIGHT, BODY_WEIGHT))
    for term, some in groupby(rows, key=itemgetter(0)):
        found = np.array([each[1:] for each in some], dtype=np.float64)
        yield term, found[:, 0].astype(np.int64), found[:, 1].copy()


def words_indexed(sizes: bytes) -> int:
    """How many words FTS5 indexed of a row: the sum of its varints, one for each column.

    See "The Size Of Each Row" in sqlite.org/fts5.html and "varint" in sqlite.org/fileformat2.html;
    FTS5's never reach the nine bytes at which a varint ends otherwise.
    """
    total = number = 0
    for byte in sizes:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            total, number = total + number, 0
    return total


def readable_access(db: sqlite3.Connection, principals: Principals) -> set[int]:
    """The interned access lists that name any of these principals."""
    return {
        int(access)
        for principal in principals
        for (access,) in db.execute(
            "SELECT access_id FROM access_member WHERE principal = ?", (principal,)
        )
    }


def readable(
    db: sqlite3.Connection, ids: Collection[str], access: Collection[int]
) -> frozenset[str]:
    """Those of these passage ids that are stored with one of these access lists."""
    rows = db.execute(
        "SELECT id FROM passage WHERE id IN (SELECT value FROM json_each(?)) "
        "AND access_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)), json.dumps(list(access))),
    )
    # SQLite ends a JSON string at a NUL, so what was found need not be what was asked for.
    return frozenset(name for (name,) in rows).intersection(ids)


def source_ids(db: sqlite3.Connection, names: Collection[str]) -> set[int]:
    """The interned ids of those sources that the store knows."""
    return {
        int(source)
        for name in names
        for (source,) in db.execute("SELECT id FROM source WHERE name = ?", (name,))
    }


def passage_names(db: sqlite3.Connection, rids: Collection[int]) -> dict[int, str]:
    """Row id -> passage id."""
    rows = db.execute(
        "SELECT rid, id FROM passage WHERE rid IN (SELECT value FROM json_each(?))",
        (json.dumps(list(rids)),),
    )
    return {int(rid): str(name) for rid, name in rows}


def passages(db: sqlite3.Connection, rids: Collection[int]) -> dict[int, Passage]:
    """Row id -> the whole passage."""
    wanted = "WHERE p.rid IN (SELECT value FROM json_each(?))"
    rows = db.execute(f"{_WHOLE} {wanted}", (json.dumps(list(rids)),))
    return {int(rid): _passage(*row) for rid, *row in rows}


def all_passages(db: sqlite3.Connection) -> Iterator[Passage]:
    """Every passage, the oldest first."""
    for _, *row in db.execute(f"{_WHOLE} ORDER BY p.rid"):
        yield _passage(*row)


def held(db: sqlite3.Connection, source: str, document: str) -> list[EmbeddedPassage]:
    """A document's passages with their vectors, by position."""
    ordered = db.execute(
        "SELECT p.rid, v.embedding FROM passage p JOIN vector v ON v.rid = p.rid "
        "WHERE p.source_id = (SELECT id FROM source WHERE name = ?) AND p.document = ? "
        "ORDER BY p.position, p.rid",
        (source, document),
    ).fetchall()
    found = passages(db, [rid for rid, _ in ordered])
    return [
        EmbeddedPassage(found[rid], np.frombuffer(vector, dtype="<f4")) for rid, vector in ordered
    ]


def count(db: sqlite3.Connection, source: str | None) -> int:
    """Passages of one source, or all."""
    if source is None:
        row = db.execute("SELECT count(*) FROM passage").fetchone()
    else:
        row = db.execute(
            "SELECT count(*) FROM passage WHERE source_id = (SELECT id FROM source WHERE name = ?)",
            (source,),
        ).fetchone()
    return int(row[0])


def insert(db: sqlite3.Connection, passage: Passage, vector: bytes) -> None:
    """Add one passage; its vector is little-endian float32."""
    access = _intern_access(db, passage.access)
    source = _intern_source(db, passage.source)
    rid = db.execute(
        "INSERT INTO passage (access_id, source_id, id, document, position) VALUES (?, ?, ?, ?, ?)",
        (access, source, passage.id, passage.document, passage.position),
    ).lastrowid
    db.execute("INSERT INTO vector VALUES (?, ?)", (rid, vector))
    headings = json.dumps(passage.headings, ensure_ascii=False)
    db.execute(
        "INSERT INTO content VALUES (?, ?, ?, ?, ?)",
        (rid, passage.title, headings, passage.text, passage.url),
    )


def remove(
    db: sqlite3.Connection, change: int, source: str, document: str | None
) -> tuple[int, set[int]]:
    """Take out a document's rows, or a source's; returns how many, and their access lists."""
    (known,) = source_ids(db, [source]) or (None,)
    if document is None:
        rows = db.execute("SELECT rid, access_id FROM passage WHERE source_id = ?", (known,))
    else:
        rows = db.execute(
            "SELECT rid, access_id FROM passage WHERE source_id = ? AND document = ?",
            (known, document),
        )
    found = rows.fetchall()
    gone = [(rid,) for rid, _ in found]
    db.executemany("INSERT INTO removed VALUES (?, ?)", [(change, rid) for (rid,) in gone])
    db.executemany("DELETE FROM content WHERE rid = ?", gone)
    db.executemany("DELETE FROM vector WHERE rid = ?", gone)
    db.executemany("DELETE FROM passage WHERE rid = ?", gone)
    return len(gone), {access for _, access in found}


def forget_unused(db: sqlite3.Connection, source: str, access: Collection[int]) -> None:
    """Drop the source and those of the access lists that no passage refers to any more."""
    db.executemany(
        "DELETE FROM access WHERE id = ? "
        "AND NOT EXISTS (SELECT 1 FROM passage WHERE access_id = access.id)",
        [(one,) for one in access],
    )
    db.execute(
        "DELETE FROM source WHERE name = ? "
        "AND NOT EXISTS (SELECT 1 FROM passage WHERE source_id = source.id)",
        (source,),
    )


def _passage(
    name: str,
    source: str,
    document: str,
    title: str,
    headings: str,
    position: int,
    url: str,
    body: str,
    members: str,
) -> Passage:
    return Passage(
        id=name,
        source=source,
        document=document,
        title=title,
        headings=tuple(json.loads(headings)),
        position=position,
        url=url,
        text=body,
        access=frozenset(json.loads(members)),
    )


def settle_dims(db: sqlite3.Connection, dims: int) -> None:
    """Check new vectors against the store's; the first vector in an empty store sets them.

    Raises :class:`StoreError` when they differ.
    """
    stored = int(db.execute("SELECT dims FROM state").fetchone()[0])
    if stored == dims:
        return
    if db.execute("SELECT EXISTS (SELECT 1 FROM passage)").fetchone()[0]:
        raise foreign_vector(stored, dims)
    db.execute("UPDATE state SET dims = ?", (dims,))


def foreign_vector(stored: int, given: int) -> StoreError:
    """The error for a vector of another embedding model; says what to do about it."""
    return StoreError(
        f"The store holds vectors of {stored} dimensions and was given one of {given}: the "
        "embedder has changed. 'housevoice index rebuild' makes the index anew."
    )


def _intern_source(db: sqlite3.Connection, name: str) -> int:
    db.execute("INSERT INTO source (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
    return int(db.execute("SELECT id FROM source WHERE name = ?", (name,)).fetchone()[0])


def _intern_access(db: sqlite3.Connection, access: Iterable[str]) -> int:
    members = sorted(access)
    key = json.dumps(members)
    known = db.execute("SELECT id FROM access WHERE members = ?", (key,)).fetchone()
    if known is not None:
        return int(known[0])
    new = db.execute("INSERT INTO access (members) VALUES (?) RETURNING id", (key,)).fetchone()[0]
    db.executemany("INSERT INTO access_member VALUES (?, ?)", [(one, new) for one in members])
    return int(new)


def checked_vectors(
    source: str, documents: Mapping[str, Sequence[EmbeddedPassage]]
) -> list[Vector]:
    """All passages' vectors at unit length, when each is of its document and they fit together.

    Raises :class:`StoreError`.
    """
    found: list[Vector] = []
    for document, passages in documents.items():
        for embedded in passages:
            one, vector = embedded.passage, unit(embedded.vector)
            if (one.source, one.document) != (source, document):
                raise StoreError(
                    f"Passage {one.id} is of {one.source}/{one.document}, not of "
                    f"{source}/{document}."
                )
            if found and vector.size != found[0].size:
                raise foreign_vector(found[0].size, vector.size)
            found.append(vector)
    return found
