"""Questions made from the rows of tables: few people ask them in writing, many in a chat.

"deadline for Ghent" is answered by the row of Ghent under the heading Deadline, and by no other
row; "budget for Ghent" by none where no column is headed Budget. Who asks for the deadline and
names no row is answered by all of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.training.reader.books import Book
from jobs.training.reader.data import Group, Pair, taken_out
from knowledge.retrieval.reader import readable_text
from knowledge.text.sentences import Unit, cells

_LEAST_ROWS = 3
_MOST_A_TABLE = 3  # rows asked for
_NONE = 0.5  # how often a column is asked for that the table has not
_LONGEST_KEY = 6  # words
_LONGEST_COLUMN = 5
_ASKED = (
    "{column} for {key}",
    "what is the {column} for {key}?",
    "what's the {column} of {key}",
    "{key} {column}?",
    "can you tell me the {column} for {key}?",
)

_ASKED_OF_ALL = (
    "{column}?",
    "what is the {column}?",
    "what's my {column}",
    "where do i find the {column}?",
    "which {column} applies to me",
    "do we have a {column}?",
)
_ALL = 0.6  # how often a table is asked for without naming a row


def table_groups(books: Sequence[Book], rng: random.Random) -> list[Group]:
    """A few questions a table that one of its rows answers, or all do, and some that none does."""
    tables = [
        (book, id, rows) for book in books for id in book.passages for rows in _rows(book, id)
    ]
    columns = [column for _, _, rows in tables for _, _, column in rows]
    groups = []
    for book, id, rows in tables:
        for unit, key, column in rng.sample(rows, min(_MOST_A_TABLE, len(rows))):
            hits = tuple(each == unit for each in book.units(id))
            groups.append(_group(book, id, _asked(column, key, rng), hits))
            other = rng.choice(columns)
            if _is_new(other, book, id) and rng.random() < _NONE:
                groups.append(_group(book, id, _asked(other, key, rng)))
        if rng.random() < _ALL:
            _, _, column = rng.choice(rows)
            hits = tuple(unit.kind == "row" for unit in book.units(id))
            groups.append(_group(book, id, _asked_of_all(column, rng), hits))
            other = rng.choice(columns)
            if _is_new(other, book, id) and rng.random() < _NONE:
                groups.append(_group(book, id, _asked_of_all(other, rng)))
    return groups


def _group(book: Book, id: str, question: str, hits: tuple[bool, ...] = ()) -> Group:
    pairs = [Pair(book.text(id), any(hits), hits, "table")]
    if without := taken_out(book.units(id), hits):
        pairs.append(Pair(readable_text(book.passages[id].title, without), False, (), "cut"))
    return Group(question, tuple(pairs), book.name, natural=True)


def _is_new(column: str, book: Book, id: str) -> bool:
    return column.lower() not in book.passages[id].text.lower()


def _asked_of_all(column: str, rng: random.Random) -> str:
    return rng.choice(_ASKED_OF_ALL).format(column=column.lower())


def _asked(column: str, key: str, rng: random.Random) -> str:
    question = rng.choice(_ASKED).format(column=column.lower(), key=key)
    return question.lower() if rng.random() < 0.5 else question


def _rows(book: Book, id: str) -> Iterator[list[tuple[Unit, str, str]]]:
    """Of the passage's table: row, what it is about, and a column to ask for."""
    rows = [unit for unit in book.units(id) if unit.kind == "row" and unit.labelled]
    if len(rows) < _LEAST_ROWS or len({row.lead for row in rows}) > 1:
        return
    keys = Counter(cells(row.raw)[0].lower() for row in rows)
    header = rows[0].lead.split(" | ")
    chosen = []
    for row in rows:
        filled = cells(row.raw)
        key = filled[0]
        if len(filled) != len(header) or keys[key.lower()] > 1 or not _is_askable(key):
            continue
        chosen += [
            (row, key, column)
            for column, cell in zip(header[1:], filled[1:], strict=True)
            if cell and any(map(str.isalpha, column)) and len(column.split()) <= _LONGEST_COLUMN
        ]
    if chosen:
        yield chosen


def _is_askable(key: str) -> bool:
    return any(map(str.isalpha, key)) and len(key.split()) <= _LONGEST_KEY and len(key) > 2
