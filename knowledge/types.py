"""The nouns of the knowledge side: documents, passages, and who may read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PUBLIC = "public"
"""The principal that every asker holds; a document without an access list is for it."""

Principals = frozenset[str]
"""Who somebody is, as flat strings: ``public``, ``user:U1``, ``role:managers``, ``channel:C9``."""


def conversation_principal(conversation: str) -> str:
    """Held by all who take part in a conversation: what files sent to it are for."""
    return f"conversation:{conversation}"


def attachment_source(conversation: str) -> str:
    """Id of the source that the files of a conversation belong to."""
    return f"attachment:{conversation}"


CURATED = "curated"
"""Id of the source that answers which people wrote themselves belong to."""


@dataclass(frozen=True, slots=True)
class CuratedAnswer:
    """An answer that an admin wrote for a question that found none."""

    id: str
    question: str
    answer: str
    """Markdown."""
    access: Principals
    owner: str
    """The principal of who wrote it."""
    written_at: datetime
    """In UTC."""


Vector: TypeAlias = "NDArray[np.float32]"
"""Shape ``(dims,)``, unit length."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said about a version of a document, to ask whether it changed (RFC 9110 13)."""

    etag: str | None = None
    last_modified: str | None = None
    note: str | None = None
    """What its source wants to know of this version again, and only it reads: the date in a site
    map, the id of a blob, how deep a page lies."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along with a question, as its platform described it."""

    name: str
    """As its sender named it: anything may stand in it."""
    url: str = field(repr=False)
    """Where it is fetched; on some platforms the address itself is the permission."""
    size: int | None = None
    """Bytes."""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credentials, sent to the address's own origin only."""
    content: bytes | None = field(default=None, repr=False)
    """What is in it, where it is here already and need not be fetched."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document about as long as the embedder reads, never cutting a table or code."""

    id: str
    """uuid5 of source, document, position and content: the same input gives the same id."""
    source: str
    """Id of the source that the document belongs to."""
    document: str
    """Path relative to the source's root (POSIX separators), or the page's URL."""
    title: str
    """The document's title."""
    headings: tuple[str, ...]
    """The heading path from the top of the document down to the passage, title not repeated."""
    position: int
    """0-based order within the document."""
    url: str
    """Where a reader can open it, with the heading's anchor if it has one; may be empty."""
    text: str
    """Markdown, as in the document."""
    access: Principals = field(default=frozenset({PUBLIC}))
    """Holding any one of these is enough to read it. Never empty."""

    @property
    def context(self) -> str:
        """Title and heading path in one line: what a reader sees above the text."""
        return " › ".join(part for part in (self.title, *self.headings) if part)

    @property
    def digest(self) -> str:
        """SHA-256 of the text, 64 hex digits: the same wherever in a document the text stands."""
        return sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class EmbeddedPassage:
    """A passage with its vector, ready to be stored."""

    passage: Passage
    vector: Vector


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """A passage that a search found."""

    passage: Passage
    score: float
    """Fused relevance in [0, 1]; comparable within one search only."""
    cosine: float | None = None
    """Cosine of query and passage, where the store's vector leg reached it."""


@dataclass(frozen=True, slots=True)
class ScoredUnit:
    """A quotable piece of a passage (:mod:`knowledge.text.sentences`) and what the reader says."""

    text: str
    """Plain words."""
    raw: str
    """Verbatim substring of the passage."""
    kind: str
    """``sentence``, ``item``, ``row``, ``code`` or ``heading``."""
    lead: str
    """What the unit depends on: its list's lead-in line or its table's header; may be empty."""
    share: float
    """How likely the answer stands in this unit, if the passage has it; a passage's sum to 1."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A found passage, read together with the question."""

    passage: Passage
    score: float
    """How near it comes to what is asked, in [0, 1]: what the passages are ranked by."""
    answers: float
    """How likely it answers the question, in [0, 1]; calibrated on handbooks that were held out."""
    units: tuple[ScoredUnit, ...]
    """In the passage's order; never empty."""


_RECOGNISED = "Recognised text, "


def recognised_heading(percent: int) -> str:
    """The last heading of what was recognised in a picture, so that it is shown with any quote."""
    return f"{_RECOGNISED}{percent} % certain"


def is_recognised_heading(heading: str) -> bool:
    """Whether :func:`recognised_heading` made it."""
    return heading.startswith(_RECOGNISED) and heading.endswith(" % certain")


LeftOutKind = Literal[
    "pages without text",
    "pages in fonts without letters",
    "hidden parts",
    "hidden passages",
    "hidden words",
    "hidden sheets",
    "hidden rows",
    "hidden columns",
    "hidden slides",
    "formulas without a stored value",
    "comments",
    "charts",
    "pictures",
    "pictures not recognised in time",
    "lines hardly recognised",
]
"""What can be left out of a document; plural, as it follows a number. See docs/formats.md."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of a document that was not read, for the person who added it."""

    kind: LeftOutKind
    count: int
    where: str = ""
    """Which ones, where they have a name or number: ``2, 3``."""

    @property
    def told(self) -> str:
        """As in ``1 hidden row (Fees 4)``."""
        return counted(self.kind, self.count) + f" ({self.where})" * bool(self.where)


def counted(kind: str, count: int) -> str:
    """``1 hidden row`` for ``hidden rows``; the first noun is the one that is counted."""
    return f"{count} {kind}" if count != 1 else "1 " + _PLURAL.sub(r"\1", kind)


_PLURAL = re.compile(r"^((?:hidden )?\w+?)s\b")


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a file of a question was not read."""

    reason: str
    """For the asker."""
    is_partly: bool = False
    """Only some of it was left out; the rest was read."""
