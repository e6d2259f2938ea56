"""The default passage store: one SQLite file, with BM25 from FTS5 and exact cosine from RAM.

Needs no server and serves to about 100,000 passages. Several processes may use one file at once:
the bot searches while a job writes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import ParamSpec, TypeVar

import numpy as np

from knowledge.errors import StoreError, remedy
from knowledge.stores import embedded_sql as sql
from knowledge.stores.bm25 import Posting, best
from knowledge.stores.embedded_schema import connect, prepare
from knowledge.stores.embedded_spelling import similar_words
from knowledge.stores.fusion import LEG_CANDIDATES, fuse
from knowledge.stores.listing import Listing, listed
from knowledge.stores.matrix import MatrixView, VectorMatrix, highest, unit
from knowledge.stores.postings import KeptPostings, Snapshot
from knowledge.types import EmbeddedPassage, Principals, ScoredPassage, Vector

CHANGES_REMEMBERED = 1000
"""A reader that missed more changes than this loads all vectors anew, so that the list of removed
rows stays short."""

ADDED_AT_MOST = 1000
"""New passages whose words are added to the lists that are kept; with more they are read anew."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class EmbeddedStore:
    """Keeps passages in one SQLite file; implements :class:`knowledge.stores.port.PassageStore`.

    Open it with :meth:`open`. The vectors are read into RAM at the first search (about 3 MB per
    1,000 passages of 768 dimensions) and kept up to date with what other processes write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        self._write_lock = Lock()
        self._matrix_lock = Lock()
        self._matrix = VectorMatrix(dims=0)
        self._matrix_change = 0
        self._postings = KeptPostings()
        self._idle: list[sqlite3.Connection] = []

    @classmethod
    async def open(cls, path: Path) -> EmbeddedStore:
        """Open the store in the file ``path``, creating it and its folder when missing.

        Raises :class:`StoreError` when the file cannot be used or is of a newer version.
        """
        store = cls(path)
        await store._in_thread(store._open)
        return store

    async def replace(
        self, source: str, document: str, passages: Sequence[EmbeddedPassage]
    ) -> None:
        """Make ``passages`` all that the store holds of one document, as one transaction.

        Raises :class:`StoreError` for vectors that are not finite or of other dimensions than the
        store's, for passages of another document, and for an id that is already taken.
        """
        await self.replace_many(source, {document: passages})

    async def replace_many(
        self, source: str, documents: Mapping[str, Sequence[EmbeddedPassage]]
    ) -> None:
        """:meth:`replace` for several documents, all in one transaction."""
        await self._in_thread(self._replace, source, documents)

    async def delete(self, source: str, document: str | None = None) -> int:
        """Remove one document's passages, or the whole source's; returns how many went."""
        return await self._in_thread(self._delete, source, document)

    async def search(
        self,
        text: str,
        vector: Vector,
        principals: Principals,
        k: int,
        *,
        alpha: float,
        sources: frozenset[str] | None = None,
    ) -> list[ScoredPassage]:
        """The best ``k`` passages for these principals; see the port.

        ``cosine`` is set on every result. Raises :class:`StoreError` when ``vector`` has other
        dimensions than the stored ones.
        """
        if k < 1 or not principals or (sources is not None and not sources):
            return []
        return await self._in_thread(self._search, text, vector, principals, k, alpha, sources)

    async def readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        """Those of these passages that are here and for these principals; see the port."""
        if not ids or not principals:
            return frozenset()
        return await self._in_thread(self._readable, ids, principals)

    async def held(self, source: str, document: str) -> list[EmbeddedPassage]:
        """All of one document, whoever may read it; see the port."""
        return await self._in_thread(self._held, source, document)

    async def count(self, source: str | None = None) -> int:
        """How many passages the store holds, of one source or in all."""
        return await self._in_thread(self._count, source)

    async def similar_words(self, word: str, principals: Principals) -> dict[str, int]:
        """Words near this one in passages for these principals; see the port."""
        if not principals:
            return {}
        return await self._in_thread(self._similar_words, word, principals)

    async def listing(self) -> Listing:
        """Every document with how many passages it has, and their digest."""
        return await self._in_thread(self._listing)

    async def close(self) -> None:
        """Close the file. A call still running in a thread finishes and then closes its own."""
        await asyncio.to_thread(self._close)

    async def _in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except (sqlite3.Error, OSError) as error:
            told = remedy(error) or error
            raise StoreError(f"The passage store {self._path} failed: {told}.") from error
        except UnicodeEncodeError as error:
            raise StoreError(
                f"The passage store was given text that is not Unicode: {error}"
            ) from error

    # -- connections, in threads from here on ----------------------------------------------------

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as db:
            prepare(db, self._path)

    def _close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        with self._matrix_lock:
            self._matrix = VectorMatrix(dims=0)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to this thread; there are as many as threads were ever busy at once."""
        if self._closed:
            raise StoreError("The passage store is closed.")
        try:
            db = self._idle.pop()
        except IndexError:
            db = connect(self._path)
        try:
            yield db
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if self._closed:
                db.close()
            else:
                self._idle.append(db)

    @contextmanager
    def _change(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A transaction that changes passages, with its number; undone if the block raises."""
        # The lock queues this process's writers fairly; SQLite's own waiting is a polling one.
        with self._write_lock, self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("UPDATE state SET change = change + 1")
            change = int(db.execute("SELECT change FROM state").fetchone()[0])
            yield db, change
            db.execute("DELETE FROM removed WHERE change <= ?", (change - CHANGES_REMEMBERED,))
            db.execute("COMMIT")

    # -- writing ---------------------------------------------------------------------------------

    def _replace(self, source: str, documents: Mapping[str, Sequence[EmbeddedPassage]]) -> None:
        vectors = sql.checked_vectors(source, documents)
        with self._change() as (db, change):
            access: set[int] = set()
            for document in documents:
                access |= sql.remove(db, change, source, document)[1]
            if vectors:
                sql.settle_dims(db, vectors[0].size)
            passages = chain.from_iterable(documents.values())
            for embedded, vector in zip(passages, vectors, strict=True):
                sql.insert(db, embedded.passage, vector.astype("<f4").tobytes())
            sql.forget_unused(db, source, access)

    def _delete(self, source: str, document: str | None) -> int:
        with self._change() as (db, change):
            gone, access = sql.remove(db, change, source, document)
            sql.forget_unused(db, source, access)
        return gone

    # -- reading ---------------------------------------------------------------------------------

    def _readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        with self._connection() as db:
            # One snapshot for both: the id of a dropped access list may be given to another.
            db.execute("BEGIN")
            return sql.readable(db, ids, sql.readable_access(db, principals))

    def _count(self, source: str | None) -> int:
        with self._connection() as db:
            return sql.count(db, source)

    def _listing(self) -> Listing:
        with self._connection() as db:
            db.execute("BEGIN")
            return listed(sql.all_passages(db))

    def _held(self, source: str, document: str) -> list[EmbeddedPassage]:
        with self._connection() as db:
            db.execute("BEGIN")
            return sql.held(db, source, document)

    def _similar_words(self, word: str, principals: Principals) -> dict[str, int]:
        with self._connection() as db:
            db.execute("BEGIN")
            return similar_words(db, word, sql.readable_access(db, principals))

    def _search(
        self,
        text: str,
        vector: Vector,
        principals: Principals,
        k: int,
        alpha: float,
        sources: frozenset[str] | None,
    ) -> list[ScoredPassage]:
        wanted = max(LEG_CANDIDATES, k)
        with self._connection() as db:
            matrix, now = self._begin_read(db)
            if not matrix.rowids.size:
                return []
            dims = matrix.vectors.shape[1]
            if vector.shape != (dims,):
                raise sql.foreign_vector(dims, vector.size)
            query = unit(vector)
            access = sql.readable_access(db, principals)
            readable = matrix.readable(access)
            seen = readable
            if sources is not None:
                seen = matrix.readable(access, sql.source_ids(db, sources))
            near: dict[int, float] = {}
            if alpha > 0:
                near = matrix.nearest(query, seen, wanted)
            matching: dict[int, float] = {}
            if alpha < 1:

                def load(term: str) -> Posting:
                    ids, often = sql.posting(db, term)
                    return matrix.rows(ids), often

                held = [self._postings.posting(now, term, load) for term in sql.terms(db, text)]
                scored = best(held, matrix.words, readable, seen, wanted)
                matching = matrix.named(*highest(*scored, wanted))
            names = sql.passage_names(db, near.keys() | matching.keys())
            rids = {name: rid for rid, name in names.items()}
            ranked = fuse(
                {names[rid]: cosine for rid, cosine in near.items()},
                {names[rid]: score for rid, score in matching.items()},
                alpha,
            )[:k]
            scores = {rids[name]: score for name, score in ranked}
            found = sql.passages(db, scores)
        cosines = matrix.cosines(query, scores)
        return [ScoredPassage(found[rid], score, cosines[rid]) for rid, score in scores.items()]

    def _begin_read(self, db: sqlite3.Connection) -> tuple[MatrixView, Snapshot]:
        """Begin a snapshot of the file; the vectors as of that snapshot, and which it is."""
        # The lock is taken first, so snapshots are not older than the matrix that they bring up to
        # date. It is held only that long: views stay as they are, so searches run side by side.
        with self._matrix_lock:
            db.execute("BEGIN")
            change, dims = db.execute("SELECT change, dims FROM state").fetchone()
            if change != self._matrix_change:
                self._catch_up(db, change, dims)
            view = self._matrix.view()
            return view, Snapshot(change, view.numbering, len(view.rowids))

    def _catch_up(self, db: sqlite3.Connection, change: int, dims: int) -> None:
        seen, newest = self._matrix_change, self._matrix.last_rowid
        if dims != self._matrix.dims or not seen or change - seen > CHANGES_REMEMBERED:
            expected = int(db.execute("SELECT count(*) FROM passage").fetchone()[0])
            self._matrix = VectorMatrix(dims, expected)
        else:
            gone = db.execute("SELECT rid FROM removed WHERE change > ?", (seen,)).fetchall()
            if gone:
                self._matrix.remove([rid for (rid,) in gone])
        # Until it is done the matrix is of no change; an error here makes the next search reload.
        self._matrix_change = 0
        with closing(
            db.execute(
                "SELECT p.rid, p.access_id, p.source_id, k.sz, v.embedding FROM passage p "
                "CROSS JOIN keyword_docsize k ON k.id = p.rid CROSS JOIN vector v ON v.rid = p.rid "
                "WHERE p.rid > ? ORDER BY p.rid",
                (self._matrix.last_rowid,),
            )
        ) as rows:
            self._matrix.append(
                (rid, access, source, sql.words_indexed(sizes), vector)
                for rid, access, source, sizes, vector in rows
            )
        view = self._matrix.view()
        now = Snapshot(change, view.numbering, len(view.rowids))
        self._postings.follow(now, self._added(db, view, newest) if seen else None)
        self._matrix_change = change

    def _added(
        self, db: sqlite3.Connection, view: MatrixView, newest: int
    ) -> dict[str, Posting] | None:
        """Which words the passages hold that are newer than that one; None if they are many."""
        added = view.rowids[np.searchsorted(view.rowids, newest, side="right") :]
        if not len(self._postings) or added.size > ADDED_AT_MOST:
            return None
        return {
            term: (view.rows(ids), often) for term, ids, often in sql.added_postings(db, newest)
        }
