"""Where words stand, kept from one question to the next.

Most of a keyword search is reading the long lists of common words out of the file; they are the
words that come again in the next question.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from knowledge.stores.bm25 import Posting

MOST_HELD = 2_000_000
"""Passages in all lists together, 16 bytes each; the lists that were not asked for longest go."""


class KeptPostings:
    """Lists as of the newest change of the store that was searched; usable from any thread."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._lock = Lock()
        self._change = 0
        self._held: OrderedDict[str, Posting] = OrderedDict()
        self._size = 0

    def posting(self, change: int, term: str, load: Callable[[str], Posting]) -> Posting:
        """The list of ``term`` as of ``change``, loaded where it is not at hand."""
        with self._lock:
            if change > self._change:
                self._held.clear()
                self._change, self._size = change, 0
            if change == self._change and term in self._held:
                self._held.move_to_end(term)
                return self._held[term]
        found = load(term)
        with self._lock:
            # A search that began before a change says nothing about what is there after it.
            if change == self._change and term not in self._held:
                self._held[term] = found
                self._size += len(found[0])
                while self._size > self._most:
                    _, (rows, _) = self._held.popitem(last=False)
                    self._size -= len(rows)
        return found
