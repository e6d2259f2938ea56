"""The nouns of a conversation: who asked what where, and what is said back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.judge import Tier
from knowledge.types import PUBLIC, Attachment, Evidence, Principals


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and as whom they may read."""

    id: str
    principals: Principals = frozenset({PUBLIC})


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said."""

    platform: str
    workspace: str
    """Slack's workspace or Discord's server; empty where there is none."""
    channel: str
    thread: str | None = None
    direct: bool = False
    """A conversation between one person and the bot."""

    @property
    def conversation(self) -> str:
        """What follow-ups share: the thread, else the channel."""
        return f"{self.scope}:{self.thread}" if self.thread else self.scope

    @property
    def scope(self) -> str:
        """What every conversation begins with that is held in this channel."""
        parts = (self.platform, self.workspace, self.channel)
        return ":".join(part for part in parts if part)


def person(place: Place, user: str) -> str:
    """The principal of one person on their platform."""
    return f"{place.platform}:user:{user}"


Frame = Literal["full", "light", "none"]
"""How much of the voice stands around an answer."""

Address = Literal["mention", "direct", "command", "thread", "none"]
"""How the bot is spoken to: by name, in a direct conversation, by a command, or not at all:
in a thread, or just within earshot."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a platform heard. Serialisable, so that it can be answered after a restart."""

    id: str
    """Unique and stable on its platform: the same utterance delivered twice has the same id."""
    place: Place
    """Where the answer goes."""
    author: str
    """The platform's id of who spoke."""
    text: str
    """Markdown, the bot's own mention taken out."""
    address: Address
    private: bool = False
    """Only the author will see the answer."""
    to_others: bool = False
    """It names somebody else, so that in a thread it is not for the bot."""
    files: tuple[Attachment, ...] = ()
    """Without credentials: those are added when they are fetched."""
    voice: str | None = None
    """The voice asked for; None: that of the place."""
    handle: Mapping[str, str] = field(default_factory=dict)
    """What the platform needs to answer it later, such as the id of the message."""

    @property
    def conversation(self) -> str:
        """What its follow-ups share.

        Outside of threads everybody has a conversation of their own with the bot, and nobody's
        private one mixes with what is said in the open.
        """
        shared = self.place.conversation
        if self.place.direct or (self.place.thread and not self.private):
            return shared
        return f"{shared}:{'private:' if self.private else ''}{self.author}"


@dataclass(frozen=True, slots=True)
class Message:
    """One question to the assistant, whatever platform it came from."""

    id: str
    platform: str
    conversation: str
    """The thread or direct conversation; follow-ups share it."""
    asker: Asker
    text: str
    attachments: tuple[str, ...] = ()
    """Names of files that came along."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Those of them that could not be read, and why."""
    voice: str | None = None
    """The voice asked for; None: the configured one."""
    sources: frozenset[str] | None = None
    """Ids of the sources that may be used; None: all."""
    earlier: tuple[str, ...] = ()
    """What people said before in the thread, oldest first."""
    bar: float | None = None
    """Nobody asked the bot: it keeps silent unless its confidence reaches this."""
    private: bool | None = None
    """Whether only the asker sees the answer; None: it is said in no place that others could be in.
    """
    unsure_too: bool = True
    """Whether the closest passage is shown where it is not certain that it answers."""
    frame: Frame | None = None
    """None: as the settings say."""


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
    passage: str = ""
    """Id of the passage, by which its access is checked again."""


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
    tier: Tier | None
    """How sure it is; None where nothing was looked up: small talk, an apology."""
    voice: str
    trace_id: str
    citations: tuple[Citation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    checks: Mapping[str, Any] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    voice_version: str = ""
    """Changes with the voice's guide and LoRA."""
    error_id: str | None = None
    """Set when this is an apology: the id under which the log has the failure."""

    @property
    def abstained(self) -> bool:
        """True: it looked and said that it does not know."""
        return self.tier == "none"

    def as_json(self, id: str) -> dict[str, Any]:
        """The documented JSON of one answer (docs/command-line.md)."""
        return {
            "id": id,
            "question": self.question,
            "answer": self.answer,
            "abstained": self.abstained,
            "tier": self.tier,
            "citations": [
                {
                    "n": citation.n,
                    "title": citation.title,
                    "document": citation.document,
                    "url": citation.url,
                    "quote": citation.quote,
                    "passage": citation.passage,
                }
                for citation in self.citations
            ],
            "passages": [passage_json(each) for each in self.evidence],
            "checks": dict(self.checks),
            "voice": self.voice,
            "voice_version": self.voice_version,
            "timings_ms": dict(self.timings_ms),
            "trace_id": self.trace_id,
        } | ({"error_id": self.error_id} if self.error_id else {})


def passage_json(evidence: Evidence) -> dict[str, Any]:
    """The documented JSON of one found passage."""
    return {
        "id": evidence.passage.id,
        "source": evidence.passage.source,
        "document": evidence.passage.document,
        "url": evidence.passage.url,
        "title": evidence.passage.context,
        "score": round(evidence.score, 4),
        "answers": round(evidence.answers, 4),
        "text": evidence.passage.text,
    }
