"""What is shown to people, before a platform gives it its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.types import Reply, Tier

Action = Literal[
    "helpful",
    "unhelpful",
    "why",
    "person",
    "share",
    "send",
    "edit",
    "copy",
    "solved",
    "keep",
    "leave",
    "answer",
    "source",
    "dismiss",
    "forget",
    "again",
    "wording",
    "teach",
    "spare",
    "withdraw",
    "first",
    "second",
    "same",
    "approve",
    "reject",
    "restore",
    "golden",
    "drop",
    "rebuild",
    "switch",
    "delete",
    "setup",
    "options",
    "write",
    "promote",
]
"""What a button does; every platform has all of them."""

OPENS_FORM: frozenset[Action] = frozenset(
    {"edit", "answer", "source", "wording", "golden", "setup", "options", "write"}
)
"""Those after which a form comes, which some platforms must be shown at once."""

LABELS: Mapping[Action, str] = {
    "helpful": "Helpful",
    "unhelpful": "Not helpful",
    "why": "Why this answer?",
    "person": "Ask a person",
    "share": "Share with channel",
    "send": "Send",
    "edit": "Edit",
    "copy": "Copy",
    "solved": "Mark as solved",
    "keep": "Add it",
    "leave": "Leave it",
    "answer": "Answer it",
    "source": "Add a source",
    "dismiss": "Set aside",
    "forget": "Remove",
    "again": "Ask again",
    "wording": "Fix the wording",
    "teach": "Approve",
    "spare": "Leave it out",
    "withdraw": "Take it back",
    "first": "The first",
    "second": "The second",
    "same": "No difference",
    "approve": "Show what waits",
    "reject": "Keep it as it is",
    "restore": "Go back to this",
    "golden": "Add a question",
    "drop": "Remove it",
    "rebuild": "Build it anew",
    "switch": "Let it answer",
    "delete": "Delete it",
    "setup": "Set it up",
    "options": "Options",
    "write": "Write one",
    "promote": "Let it speak",
}

_LABELS_UNSURE: Mapping[Action, str] = {"helpful": "That helped", "unhelpful": "Not what I meant"}
_QUITE_SURE = 0.8  # from here on it answers unasked as well, unless a channel says otherwise


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A numbered source under an answer."""

    n: int
    title: str
    document: str
    url: str
    """A web address, or empty: then there is nothing that readers could open."""

    @classmethod
    def of(cls, n: int, title: str, document: str, url: str) -> CitedSource:
        """With the address only if it is on the web: a file's is the server's own business."""
        is_web = url.startswith(("https://", "http://"))
        return cls(n, title, document, url if is_web else "")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of several in a card, with buttons of its own."""

    text: str
    """Markdown, a few lines."""
    buttons: tuple[Action, ...]
    subject: str
    """What its buttons act on."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture beside a card's text, which says everything without it."""

    name: str
    """File name."""
    alt: str
    """What is to be seen, in words."""
    content: bytes = field(repr=False)
    """PNG."""


@dataclass(frozen=True, slots=True)
class Card:
    """One message of the bot's."""

    text: str
    """Markdown; of its links only those to ``sources`` and ``links`` may be live."""
    sources: tuple[CitedSource, ...] = ()
    confidence: str = ""
    """In words; empty where there is nothing to be sure of."""
    buttons: tuple[Action, ...] = ()
    subject: str = ""
    """What the buttons act on: the id of a trace or of a draft."""
    links: tuple[str, ...] = ()
    """Further addresses that may be live, such as the thread that a person is called to."""
    tier: Tier | None = None
    """How sure the answer is, by which its buttons are called; None: no answer."""
    rows: tuple[Row, ...] = ()
    """Below the text, at most eight."""
    picture: Picture | None = None

    @property
    def live_links(self) -> frozenset[str]:
        """The only addresses that a reader may click."""
        return frozenset(source.url for source in self.sources if source.url) | set(self.links)


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a field."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form."""

    name: str
    label: str
    kind: Literal["text", "long_text", "number", "one_of", "some_of", "channel"]
    value: str | tuple[str, ...] = ""
    choices: tuple[Choice, ...] = ()
    help: str = ""
    required: bool = False
    max_chars: int = 3000


@dataclass(frozen=True, slots=True)
class Form:
    """A modal. At most five fields: Discord allows no more."""

    id: str
    title: str
    """At most 24 characters, Slack's limit."""
    fields: tuple[Field, ...]
    submit: str = "Save"
    context: Mapping[str, str] = field(default_factory=dict)
    """Comes back with what was filled in."""


Values = Mapping[str, str | tuple[str, ...]]
"""What was filled in, by the fields' names; empty where nothing was."""


def label(action: Action, tier: Tier | None = None) -> str:
    """What a button is called: of the closest there is, people say whether it was meant."""
    renamed = _LABELS_UNSURE if tier == "unsure" else LABELS
    return renamed.get(action, LABELS[action])


def confidence_in_words(tier: Tier | None, confidence: float | None) -> str:
    """How sure it is as people say it, with a sign that needs no colour; empty if it found nothing.

    ``confidence``: the judge's probability; None, as in old records, counts as low.
    """
    if tier == "unsure":
        return "◐ Not certain"
    if tier == "sure":
        return "● Sure" if (confidence or 0.0) >= _QUITE_SURE else "● Fairly sure"
    return ""


def answer_card(
    reply: Reply,
    *,
    shareable: bool = False,
    help_channel: bool = False,
    forum: bool = False,
    support: bool = False,
) -> Card:
    """An answer with what can be done about it. Small talk has no buttons.

    ``shareable``: only the asker sees it, in a channel of several. ``help_channel``: there is a
    place where people take over. ``forum``: it answers a post that can be marked as solved.
    ``support``: there are people who look after the wording.
    """
    looked_up = bool(reply.citations) or reply.abstained
    buttons: list[Action] = []
    if reply.citations:
        buttons += ["helpful", "unhelpful"]
    if looked_up:
        buttons.append("why")
    if support and reply.citations:
        buttons.append("wording")
    if help_channel and (looked_up or reply.error_id):
        buttons.append("person")
    if shareable and reply.citations:
        buttons.append("share")
    if forum and looked_up:
        buttons.append("solved")
    return Card(
        text=reply.answer,
        sources=tuple(
            CitedSource.of(each.n, each.title, each.document, each.url) for each in reply.citations
        ),
        confidence=confidence_in_words(reply.tier, reply.confidence),
        buttons=tuple(buttons),
        tier=reply.tier,
        subject=reply.trace_id,
    )
