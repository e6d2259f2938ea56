"""Texts as the stems that the embedded store indexes, for a server that does not stem by itself.

SQLite's own tokenizer makes them (FTS5's ``porter unicode61``), as the embedded store does: so
both stores match the same words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from threading import Lock

TOKENIZER = "porter unicode61 remove_diacritics 2"
"""Words without accents, by Porter's stems (sqlite.org/fts5.html#tokenizers)."""


class Stemmer:
    """Takes texts apart in a database of its own in memory; usable from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            f"CREATE VIRTUAL TABLE text USING fts5(words, tokenize='{TOKENIZER}');"
            "CREATE VIRTUAL TABLE stem USING fts5vocab(text, instance);"
        )

    def stems(self, texts: Sequence[str]) -> list[str]:
        """Each text's stems in their order, with a space between them."""
        found: list[list[str]] = [[] for _ in texts]
        with self._lock:
            self._db.executemany("INSERT INTO text(rowid, words) VALUES (?, ?)", enumerate(texts))
            try:
                for row, term in self._db.execute(
                    "SELECT doc, term FROM stem ORDER BY doc, offset"
                ):
                    found[row].append(term)
            finally:
                self._db.execute("DELETE FROM text")
        return [" ".join(each) for each in found]

    def close(self) -> None:
        """Forget the database."""
        self._db.close()
