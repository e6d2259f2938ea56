"""Words of the embedded store's passages that are near a given one.

FTS5 indexes stems, so that what it has of a word is asked of it, and how the word is written is
read in some of the passages.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from knowledge.text.spelling import LONG, SHORTEST, may_be, one_slip, slips
from knowledge.text.words import surface_words

PASSAGES_READ = 20
"""Of those that hold one near word: enough to see how it is written and about how often."""

_BEGINNING = 2  # letters that a word of two slips shares with what was meant

_HOLDING = """
SELECT c.title, c.headings, c.body
FROM keyword AS k CROSS JOIN passage AS p ON p.rid = k.rowid JOIN content AS c ON c.rid = k.rowid
WHERE keyword MATCH ? AND p.access_id IN (SELECT value FROM json_each(?))
LIMIT ?
"""


def similar_words(db: sqlite3.Connection, word: str, access: Collection[int]) -> dict[str, int]:
    """Words that may have been meant by ``word`` -> in how many of the passages read they are.

    Only passages with one of these access lists are read. Raises :class:`sqlite3.Error`.
    """
    bare = "".join(surface_words(word))
    if not bare.isalpha() or len(bare) < SHORTEST:
        return {}
    found: Counter[str] = Counter()
    allowed = json.dumps(list(access))
    like_it = re.compile(rf"\b{bare[0]}[^\W_]+")  # the first letter is as it was
    for candidate in _indexed(db, [bare, *sorted(one_slip(bare)), *_beginning_like(db, bare)]):
        held: Counter[str] = Counter()
        for row in db.execute(_HOLDING, (f'"{candidate}"', allowed, PASSAGES_READ)):
            held.update(set(like_it.findall(" ".join(row).lower())))
        # Another candidate of the same stem finds the same passages again.
        found |= Counter({word: count for word, count in held.items() if may_be(bare, word)})
    return dict(found)


def _indexed(db: sqlite3.Connection, words: Iterable[str]) -> Iterator[str]:
    """Those words that any passage holds, by their stem."""
    for word in dict.fromkeys(words):
        if db.execute(
            "SELECT 1 FROM keyword WHERE keyword MATCH ? LIMIT 1", (f'"{word}"',)
        ).fetchone():
            yield word


def _beginning_like(db: sqlite3.Connection, word: str) -> list[str]:
    """The index's stems that a long word of two slips may have been meant to have."""
    if len(word) < LONG:
        return []
    start = word[:_BEGINNING]
    stems = db.execute(
        "SELECT term FROM stem WHERE term >= ? AND term < ?", (start, f"{start}\U0010ffff")
    )
    # A stem is shorter than its word: "reimburs" is compared with as much of "reimbursment".
    return [stem for (stem,) in stems if slips(word[: max(len(stem), LONG)], stem) <= 2]
