"""The nouns of a conversation: who asked what where, and what is said back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from knowledge.types import PUBLIC, Evidence, Principals


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and as whom they may read."""

    id: str
    principals: Principals = frozenset({PUBLIC})


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance, whatever platform it came from."""

    id: str
    """Unique and stable on its platform: the same utterance delivered twice has the same id."""
    platform: str
    conversation: str
    """The thread or direct conversation; follow-ups share it."""
    asker: Asker
    text: str
    attachments: tuple[str, ...] = ()
    """Names of files that came along."""
    voice: str | None = None
    """The voice asked for; None: the configured one."""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a part of an answer comes from."""

    n: int
    title: str
    """Title and heading path."""
    document: str
    url: str
    quote: str
    """Verbatim substring of the passage's Markdown."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text that can be shown already; all pieces joined are the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said back, with everything needed to explain it."""

    question: str
    answer: str
    """Markdown with citation marks ``[1]``."""
    abstained: bool
    """True: it looked and said that it does not know."""
    voice: str
    trace_id: str
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    checks: Mapping[str, Any] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    error_id: str | None = None
    """Set when this is an apology: the id under which the log has the failure."""

    def as_json(self, id: str) -> dict[str, Any]:
        """The documented JSON of one answer (docs/command-line.md)."""
        return {
            "id": id,
            "question": self.question,
            "answer": self.answer,
            "abstained": self.abstained,
            "citations": [
                {
                    "n": citation.n,
                    "title": citation.title,
                    "document": citation.document,
                    "url": citation.url,
                    "quote": citation.quote,
                }
                for citation in self.citations
            ],
            "passages": [passage_json(each) for each in self.evidence],
            "checks": dict(self.checks),
            "voice": self.voice,
            "timings_ms": dict(self.timings_ms),
            "trace_id": self.trace_id,
        } | ({"error_id": self.error_id} if self.error_id else {})


def passage_json(evidence: Evidence) -> dict[str, Any]:
    """The documented JSON of one found passage."""
    return {
        "id": evidence.passage.id,
        "document": evidence.passage.document,
        "title": evidence.passage.context,
        "score": round(evidence.score, 4),
        "text": evidence.passage.text,
    }
