"""Questions made from the rows of tables: few people ask them in writing, many in a chat.

"deadline for Ghent" is answered by the row of Ghent under the heading Deadline, and by no other
row; "budget for Ghent" by none where no column is headed Budget.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.training.reader.data import Book, Group, Pair, taken_out
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


def table_groups(books: Sequence[Book], rng: random.Random) -> list[Group]:
    """A few questions a table that one of its rows answers, and some that none does."""
    tables = [
        (book, id, rows) for book in books for id in book.passages for rows in _rows(book, id)
    ]
    columns = [column for _, _, rows in tables for _, _, column in rows]
    groups = []
    for book, id, rows in tables:
        units = book.units(id)
        for unit, key, column in rng.sample(rows, min(_MOST_A_TABLE, len(rows))):
            hits = tuple(each == unit for each in units)
            pairs = [Pair(book.text(id), True, hits, "table")]
            if without := taken_out(units, hits):
                title = book.passages[id].title
                pairs.append(Pair(readable_text(title, without), False, (), "cut"))
            groups.append(Group(_asked(column, key, rng), tuple(pairs), book.name, natural=True))
            other = rng.choice(columns)
            if other.lower() not in book.passages[id].text.lower() and rng.random() < _NONE:
                none = (Pair(book.text(id), False, (), "table"),)
                groups.append(Group(_asked(other, key, rng), none, book.name, natural=True))
    return groups


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
