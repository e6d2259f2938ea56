"""The nouns of a conversation: who asked what where, and what is said back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from knowledge.types import PUBLIC, Attachment, Evidence, Principals

Tier = Literal["sure", "unsure", "none"]
"""How sure the bot is: it answers, shows the closest it has, or says that it does not know."""


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


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message of the bot's stands that was posted unasked."""

    link: str = ""
    """Opens it; empty where there are no links."""
    place: Place | None = None
    """As messages in it are changed; None: there is nothing that could be changed."""
    shown: tuple[str, ...] = ()
    """The platform's ids of its parts."""


def person(place: Place, user: str) -> str:
    """The principal of one person on their platform."""
    return f"{place.platform}:user:{user}"


CONSOLE = "browser"
"""The platform that questions asked in the console are of."""


def in_console(who: str) -> str:
    """The principal of the same person where they ask in the console."""
    return f"{CONSOLE}:user:{who}"


def people_of(place: Place) -> str:
    """The principal of those who are in the channel of a place."""
    return f"{place.platform}:channel:{place.channel}"


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
    """Those of them that could not be read, or not as a whole, and why."""
    partly: frozenset[str] = frozenset()
    """Those of the unread that were read but for what is said there."""
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
    source: str = ""
    """Id of the source that the document belongs to."""
    digest: str = ""
    """:attr:`knowledge.types.Passage.digest` as it was quoted, to tell whether it still says so."""

    def as_json(self) -> dict[str, Any]:
        """As documented."""
        return {
            "n": self.n,
            "title": self.title,
            "document": self.document,
            "url": self.url,
            "quote": self.quote,
            "passage": self.passage,
        }


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A passage that was looked at for an answer, as it was then."""

    id: str
    source: str
    document: str
    url: str
    title: str
    """Title and heading path."""
    score: float
    """:attr:`knowledge.types.Evidence.score`, to four digits."""
    answers: float | None
    """:attr:`knowledge.types.Evidence.answers`, to four digits; records from before there were
    tiers do not tell."""
    text: str

    @classmethod
    def of(cls, evidence: Evidence) -> ReadPassage:
        """What is kept of evidence."""
        passage = evidence.passage
        return cls(
            passage.id,
            passage.source,
            passage.document,
            passage.url,
            passage.context,
            round(evidence.score, 4),
            round(evidence.answers, 4),
            passage.text,
        )


@dataclass(frozen=True, slots=True)
class Composed:
    """How many sentences of its own the model wrote, and what became of them."""

    sentences: int
    kept: int
    replaced: int


@dataclass(frozen=True, slots=True)
class Checks:
    """What was checked of an answer. None, or nothing in it: that was not."""

    quote_verbatim: bool | None = None
    """Whether the quote stands in the passage and, as shown, in the answer."""
    facts: Mapping[str, bool] = field(default_factory=dict)
    """What :func:`bot.voice.grounding.same_facts` says of the quote and its text in the answer."""
    lead_in: Literal["heading", "chosen", "none"] | None = None
    """It names the section quoted, is a line of the voice that claims nothing, or is left out."""
    restatement: Literal["none", "kept", "replaced"] | None = None
    """What became of the model's words for the quote, where it was asked for them."""
    marks: bool | None = None
    """Whether every citation has its mark."""
    markers: Mapping[str, bool] = field(default_factory=dict)
    """Which habits of the voice are kept (:func:`bot.voice.metrics.markers`)."""
    composed: Composed | None = None

    def both(self, other: Checks) -> Checks:
        """What holds of two answers; what is no yes or no is told of the first."""
        return Checks(
            quote_verbatim=_and(self.quote_verbatim, other.quote_verbatim),
            facts=_all(self.facts, other.facts),
            lead_in=self.lead_in or other.lead_in,
            restatement=self.restatement or other.restatement,
            marks=_and(self.marks, other.marks),
            markers=_all(self.markers, other.markers),
            composed=self.composed or other.composed,
        )


def _and(one: bool | None, other: bool | None) -> bool | None:
    if one is None or other is None:
        return other if one is None else one
    return one and other


def _all(one: Mapping[str, bool], other: Mapping[str, bool]) -> dict[str, bool]:
    return {name: one.get(name, True) and other.get(name, True) for name in {**one, **other}}


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text that can be shown already; all pieces joined are the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said back, with all that explains it; :mod:`bot.answers.history` keeps it so."""

    question: str
    answer: str
    """Markdown with citation marks ``[1]``."""
    tier: Tier | None
    """How sure it is; None where nothing was looked up: small talk, an apology."""
    voice: str
    trace_id: str
    confidence: float | None = None
    """How likely the best passage answers, in [0, 1]: the number behind the tier."""
    citations: tuple[Citation, ...] = ()
    passages: tuple[ReadPassage, ...] = ()
    """What was found, best first."""
    checks: Checks = Checks()
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
        checks = {"confidence": self.confidence, **asdict(self.checks)}
        return {
            "id": id,
            "question": self.question,
            "answer": self.answer,
            "abstained": self.abstained,
            "tier": self.tier,
            "citations": [each.as_json() for each in self.citations],
            "passages": [asdict(each) for each in self.passages],
            "checks": {name: value for name, value in checks.items() if value not in (None, {})},
            "voice": self.voice,
            "voice_version": self.voice_version,
            "timings_ms": dict(self.timings_ms),
            "trace_id": self.trace_id,
        } | ({"error_id": self.error_id} if self.error_id else {})
