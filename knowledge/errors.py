"""Errors of the knowledge side.

KnowledgeError
├── StateError           the database of the bot's state cannot be used, or was given wrongly
├── StoreError           the passage store cannot be reached or refused a write
│   └── StoreUnavailable its server is away, is starting or refuses us; nobody's words are in it
├── SourceError          a source cannot be read or was given wrongly; the message says what to do
│   ├── SourceBusy       somebody else reads it at the moment
│   └── SourceAway       not now: away, busy or slow; a later try may read it
└── DocumentSkipped      one document cannot be used; ``reason`` is shown to the admin
    └── StandIn          something else came in its place: a login page, a "not found"
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator

_LOCKED = (
    "another program has it locked: close it if it is a database browser or a backup, "
    "or try again in a moment"
)
_FULL = "the disk is full: make room, or set HOUSEVOICE_DATA to a folder on another disk"
_NO_FILES = (
    "no more files may be opened: raise the limit (ulimit -n 4096, or LimitNOFILE=4096 "
    "in the systemd unit)"
)
_NOT_ALLOWED = "this user may not write there: give it the right to, or set HOUSEVOICE_DATA"
_OF_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _NOT_ALLOWED,
    sqlite3.SQLITE_PERM: _NOT_ALLOWED,
}
_OF_THE_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EMFILE: _NO_FILES,
    errno.ENFILE: _NO_FILES,
    errno.EROFS: _NOT_ALLOWED,
}


class KnowledgeError(Exception):
    """Something on the knowledge side went wrong; the message is fit for an admin."""


class StateError(KnowledgeError):
    """The database of the bot's state cannot be used, or its URL is wrong."""


class StoreError(KnowledgeError):
    """The passage store cannot be reached or refused a write."""


class StoreUnavailable(StoreError):
    """The store's server cannot be used now; the message holds nothing that anybody wrote."""


class SourceError(KnowledgeError):
    """A source cannot be read, or was described wrongly."""


class SourceBusy(SourceError):
    """Somebody else reads the source at the moment, or removes it."""


class SourceAway(SourceError):
    """A source cannot be read for the moment; trying again later can help."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """``retry_after``: seconds for which its server asks to be left alone."""
        super().__init__(message)
        self.retry_after = retry_after


class DocumentSkipped(KnowledgeError):
    """One document cannot be used; the run goes on without it."""

    def __init__(self, reason: str, *, kind: str = "") -> None:
        """``kind``: of what is no document after all; plural, to be counted and not named."""
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


class StandIn(DocumentSkipped):
    """A page was served that is not the document: it tells nothing about the document itself."""


def remedy(error: BaseException) -> str | None:
    """What to do about an error of the disk, its files or SQLite, as half a sentence; else None.

    What caused the error is looked at too, as libraries wrap them.
    """
    for one in _with_causes(error):
        if isinstance(one, OSError) and one.errno in _OF_THE_SYSTEM:
            return _OF_THE_SYSTEM[one.errno]
        if isinstance(one, sqlite3.Error):
            code = getattr(one, "sqlite_errorcode", 0) & 0xFF  # the rest only tells it in detail
            if code in _OF_SQLITE:
                return _OF_SQLITE[code]
            # SQLite does not say why it cannot open or write a file.
            if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR) and _no_files_left():
                return _NO_FILES
    return None


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _no_files_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False
