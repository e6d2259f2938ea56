"""The embedded store's tables, and the connections to them."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from knowledge.errors import StoreError
from knowledge.stores.stems import TOKENIZER

SCHEMA_VERSION = 1

LAYOUT = f"{SCHEMA_VERSION} {TOKENIZER}"
"""What decides how passages are kept in a file; another one is filled anew."""

BUSY_SECONDS = 60.0
"""How long a writer waits for another process's transaction: deleting a source of 100,000
passages is one of some seconds."""

WAL_KEPT_BYTES = 64 * 1024 * 1024
"""The write-ahead log is cut back to this after a large transaction."""

MAPPED_BYTES = 1024 * 1024 * 1024
"""The file is read through a memory map, which all connections and processes share; past this,
SQLite reads in the ordinary way."""

WAL_ATTEMPTS = 500
"""Two processes that create the same file can collide while the journal mode changes, where
SQLite does not wait by itself; one gives way this many times, WAL_PAUSE_SECONDS each."""

WAL_PAUSE_SECONDS = 0.02

# passage is narrow because a keyword search looks up the access list of every match in it; texts
# and vectors would put one row on a page. Rows are never updated and row ids never used again
# (AUTOINCREMENT), so "newer than row N" is all that a reader's matrix has to ask for.
SCHEMA = """
CREATE TABLE state (
    change INTEGER NOT NULL,   -- counts the transactions that changed passages
    dims INTEGER NOT NULL      -- of every vector; 0 until the first one
);
INSERT INTO state VALUES (0, 0);
CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE access (id INTEGER PRIMARY KEY, members TEXT NOT NULL UNIQUE);  -- sorted JSON array
CREATE TABLE access_member (
    principal TEXT NOT NULL,
    access_id INTEGER NOT NULL REFERENCES access(id) ON DELETE CASCADE,
    PRIMARY KEY (principal, access_id)
) WITHOUT ROWID;
CREATE INDEX access_member_access ON access_member(access_id);
CREATE TABLE passage (
    rid INTEGER PRIMARY KEY AUTOINCREMENT,
    access_id INTEGER NOT NULL,
    source_id INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL,
    position INTEGER NOT NULL
);
CREATE INDEX passage_document ON passage(source_id, document);
CREATE INDEX passage_access ON passage(access_id);
CREATE TABLE content (
    rid INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    headings TEXT NOT NULL,    -- JSON array
    body TEXT NOT NULL,
    url TEXT NOT NULL
);
CREATE TABLE vector (rid INTEGER PRIMARY KEY, embedding BLOB NOT NULL);  -- little-endian float32
CREATE TABLE removed (             -- what a reader's matrix has to forget
    change INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (change, rid)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE keyword USING fts5(
    title, headings, body,
    content='content', content_rowid='rid',
    tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER content_added AFTER INSERT ON content BEGIN
    INSERT INTO keyword(rowid, title, headings, body)
    VALUES (new.rid, new.title, new.headings, new.body);
END;
CREATE TRIGGER content_removed AFTER DELETE ON content BEGIN
    INSERT INTO keyword(keyword, rowid, title, headings, body)
    VALUES ('delete', old.rid, old.title, old.headings, old.body);
END;
"""


# A connection's own: how FTS5 takes a question apart, and where the index has a term.
TEMPORARY = """
CREATE VIRTUAL TABLE temp.asked USING fts5(
    words, tokenize='porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE temp.asked_term USING fts5vocab(temp, asked, row);
CREATE VIRTUAL TABLE temp.added USING fts5(
    title, headings, body, tokenize='porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE temp.added_instance USING fts5vocab(temp, added, instance);
CREATE VIRTUAL TABLE temp.instance USING fts5vocab(main, keyword, instance);
CREATE VIRTUAL TABLE temp.stem USING fts5vocab(main, keyword, row);
"""


def connect(path: Path) -> sqlite3.Connection:
    """One connection in autocommit mode, usable from any thread, by one at a time.

    Raises :class:`sqlite3.Error`.
    """
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        # With the WAL, NORMAL loses no committed change when a process is killed; a power cut may
        # lose the last ones but never damages the file, and the next ingest run repeats them.
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        db.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        db.executescript(TEMPORARY)
    except sqlite3.Error:
        db.close()
        raise
    return db


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Create the tables in a new file; check the version of an old one.

    Raises :class:`StoreError` for a file of a newer version, and :class:`sqlite3.Error`.
    """
    _switch_to_wal(db)
    db.execute("BEGIN IMMEDIATE")
    try:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"The passage store {path} was written by a newer Housevoice (store version "
                f"{version}, this one knows {SCHEMA_VERSION}). Upgrade, or use another data folder."
            )
        if version == 0:
            for statement in _statements(SCHEMA):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _switch_to_wal(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA busy_timeout = 0")
    for attempt in range(1, WAL_ATTEMPTS + 1):
        try:
            db.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == WAL_ATTEMPTS:
                raise
            time.sleep(WAL_PAUSE_SECONDS)
        else:
            break
    db.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")


def _statements(script: str) -> list[str]:
    """Split a script; ``executescript`` would commit the transaction it has to stay within."""
    found, part = [], ""
    for line in script.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            found.append(part)
            part = ""
    return found
