"""Errors of the knowledge side.

KnowledgeError
├── StoreError           the passage store cannot be reached or refused a write
├── SourceError          a source cannot be read or was given wrongly; the message says what to do
└── DocumentSkipped      one document cannot be used; ``reason`` is shown to the admin
"""

from __future__ import annotations


class KnowledgeError(Exception):
    """Something on the knowledge side went wrong; the message is fit for an admin."""


class StoreError(KnowledgeError):
    """The passage store cannot be reached or refused a write."""


class SourceError(KnowledgeError):
    """A source cannot be read, or was described wrongly."""


class DocumentSkipped(KnowledgeError):
    """One document cannot be used; the run goes on without it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
