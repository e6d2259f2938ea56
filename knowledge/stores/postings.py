"""Where words stand, kept from one question to the next.

Most of a keyword search is reading the long lists of common words out of the file; they are the
words that come again in the next question. What is written in between is added to the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

import numpy as np
from cachetools import LRUCache

from knowledge.stores.bm25 import Posting

MOST_HELD = 2_000_000
"""Passages in all lists together, 16 bytes each; the lists that were not asked for longest go."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the store that a search sees."""

    change: int
    numbering: int
    """Of its matrix: lists of another one do not fit."""
    rows: int
    """Passages that there were by then; newer ones have higher numbers."""


@dataclass(frozen=True, slots=True)
class _Held:
    since: int
    """The change as of which it was read; passages that had gone by then are missing in it."""
    posting: Posting


class KeptPostings:
    """Lists as of the newest change of the store that was searched; usable from any thread.

    Passages that have gone stay in the lists: nobody may read them any more.
    """

    def __init__(self, most: int = MOST_HELD) -> None:
        self._lock = Lock()
        self._change = 0
        self._numbering = -1
        self._held = LRUCache[str, _Held](most, getsizeof=lambda held: len(held.posting[0]))

    def __len__(self) -> int:
        return len(self._held)

    def follow(self, now: Snapshot, added: Mapping[str, Posting] | None) -> None:
        """The store has come to ``now``; ``added``: what its new passages hold, None if unknown."""
        with self._lock:
            if now.numbering != self._numbering or added is None:
                self._held.clear()
            for term, (rows, often) in (added or {}).items():
                if (held := self._held.get(term)) is not None:
                    before_rows, before_often = held.posting
                    more = (
                        np.concatenate([before_rows, rows]),
                        np.concatenate([before_often, often]),
                    )
                    with suppress(ValueError):  # longer than all that may be kept
                        self._held[term] = _Held(held.since, more)
            self._change, self._numbering = now.change, now.numbering

    def posting(self, now: Snapshot, term: str, load: Callable[[str], Posting]) -> Posting:
        """The list of ``term`` as of this snapshot, loaded where it is not at hand."""
        with self._lock:
            held = self._held.get(term) if now.numbering == self._numbering else None
        if held is not None and held.since <= now.change:
            rows, often = held.posting
            end = int(np.searchsorted(rows, now.rows))
            return rows[:end], often[:end]
        found = load(term)
        with self._lock:
            # A search that began before a change says nothing about what is there after it.
            if (now.change, now.numbering) == (self._change, self._numbering):
                with suppress(ValueError):
                    self._held[term] = _Held(now.change, found)
        return found
