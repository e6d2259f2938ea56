"""Where words stand, kept from one question to the next.

Most of a keyword search is reading the long lists of common words out of the file; they are the
words that come again in the next question.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from cachetools import LRUCache

from knowledge.stores.bm25 import Posting

MOST_HELD = 2_000_000
"""Passages in all lists together, 16 bytes each; the lists that were not asked for longest go."""


class KeptPostings:
    """Lists as of the newest change of the store that was searched; usable from any thread."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._lock = Lock()
        self._change = 0
        self._held = LRUCache[str, Posting](most, getsizeof=lambda posting: len(posting[0]))

    def posting(self, change: int, term: str, load: Callable[[str], Posting]) -> Posting:
        """The list of ``term`` as of ``change``, loaded where it is not at hand."""
        with self._lock:
            if change > self._change:
                self._held.clear()
                self._change = change
            if change == self._change and term in self._held:
                return self._held[term]
        found = load(term)
        with self._lock:
            # A search that began before a change says nothing about what is there after it.
            if change == self._change:
                with suppress(ValueError):  # longer than all that may be kept
                    self._held[term] = found
        return found
