"""The few things that the core needs from outside, as small protocols."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.cards import Card
from bot.types import Place, Sent, Utterance
from knowledge.types import Attachment, CuratedAnswer, LeftOut, Principals


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A knowledge source as people see it."""

    id: str
    location: str
    documents: int
    is_public: bool
    fault: str = ""
    """Why the last reading failed, if it did."""
    passages: int = 0
    readers: Principals = frozenset()
    """Who may read it, where it is not for everyone."""
    is_paused: bool = False
    reading: str = ""
    """Who reads it now and since when, such as "process 4711 on alder since 2026-03-02 09:00 UTC";
    empty if nobody does."""
    schedule: str = ""
    """When it is read again: empty for every night, ``hourly``, ``weekly`` or a line of crontab."""
    next_at: datetime | None = None
    """When that is, in UTC; None: never."""
    waits: bool = False
    """A part of its last reading waits for an admin."""
    read_at: datetime | None = None
    """When the last reading ended, in UTC."""


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What one reading of a source did."""

    started_at: datetime
    """In UTC."""
    finished_at: datetime | None
    """None for one that is under way or was broken off."""
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Document to reason."""
    left_out: Mapping[str, Sequence[LeftOut]] = field(default_factory=dict)
    """What of a document was not read, by document."""
    fault: str = ""
    """Why it could not be read to the end, if so."""
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Document to why its new version is not shown; the one before it is answered from."""
    waits: Sequence[str] = ()
    """Why a part of it waits for an admin, a sentence each."""
    number: int = 0
    """By which it is named."""
    state: Literal["open", "switching", "waiting", "done", "rejected"] = "done"
    """``open`` and ``switching``: under way or broken off. ``waiting``: for an admin, in part.
    ``rejected``: an admin did not want that part."""


OptionValue = str | int | bool | Sequence[str]
Options = Mapping[str, OptionValue]
"""How a source is read, by the names of its kind's options; what is not there is as usual."""


@dataclass(frozen=True, slots=True)
class KindOption:
    """One option of a kind of source."""

    name: str
    kind: Literal["text", "number", "yes_no", "texts"]
    default: OptionValue
    help: str
    """A sentence."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source, as far as it can be set up from where people talk: without secrets."""

    name: str
    title: str
    """With its article."""
    options: tuple[KindOption, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What a source would be, found out without keeping anything."""

    location: str
    documents: int
    passages: int
    more: bool = False
    """There are more documents than were looked at."""
    samples: tuple[tuple[str, str], ...] = ()
    """Title and beginning of some passages."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Document to reason."""
    warnings: tuple[str, ...] = ()
    """What an admin should know before it is kept."""
    fault: str = ""
    """Why it could not be read to the end, if so."""
    is_known: bool = False
    """It is a source already."""
    kind: str = ""
    options: Options = field(default_factory=dict)
    """How it was read."""


Progressing = Callable[[int, int], None]
"""Is told how many documents and passages there are so far."""


def unwatched(_: int, __: int) -> None:
    """For when nobody waits."""


class Sources(Protocol):
    """What admins do with sources from where they talk.

    ``name``: an id, a path or an address. Everything raises :class:`bot.errors.UsageError` with
    what to do, also for a source that somebody else reads at the moment.
    """

    async def all(self) -> Sequence[KnownSource]:
        """All that there are, in the order in which they were added."""
        ...

    async def kinds(self) -> Sequence[SourceKind]:
        """The kinds that can be added by an address."""
        ...

    async def kind(self, name: str) -> SourceKind:
        """One kind, also such as a file that was handed over is of."""
        ...

    async def try_out(self, address: str, kind: str = "", options: Options | None = None) -> Trial:
        """Read the beginning of what would be added, and keep nothing.

        ``kind``: by name; empty: told by what the address looks like. ``options``: None for as it
        is read already, or as usual.
        """
        ...

    async def upload(self, file: Attachment) -> str:
        """Fetch a file and lay it aside; the address by which it is tried and added."""
        ...

    async def tidy_uploads(self, waiting: Collection[str]) -> None:
        """Drop the files that are no source's and not among the addresses that wait."""
        ...

    async def add(
        self,
        address: str,
        readers: Principals | None = None,
        progress: Progressing = unwatched,
        by: str = "",
        kind: str = "",
        options: Options | None = None,
    ) -> tuple[KnownSource, SourceReading]:
        """Add a web address or an upload, or change how it is read, and read it at once.

        ``kind``, ``options``: as in :meth:`try_out`. ``by``: the principal of who adds it, who is
        told when it cannot be read for nights. ``readers``: if not given they stay as they are, at
        first everyone. What else lies on the machine is refused.
        """
        ...

    async def show(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """One source and its newest readings, the newest first."""
        ...

    async def refresh(
        self, name: str, progress: Progressing = unwatched
    ) -> tuple[KnownSource, SourceReading]:
        """Read a source again; what it is then, and what was done."""
        ...

    async def pause(self, name: str) -> KnownSource:
        """Leave a source as it is until it is resumed."""
        ...

    async def resume(self, name: str) -> KnownSource:
        """Read a paused source again from the next refresh on."""
        ...

    async def set_access(self, name: str, readers: Principals) -> KnownSource:
        """Change who may read it, in the very next search."""
        ...

    async def set_schedule(self, name: str, words: str) -> KnownSource:
        """Change when it is read again: nightly, hourly, weekly, or a line of crontab."""
        ...

    async def remove(self, name: str) -> int:
        """Take a source away with all its passages; returns how many there were.

        Looks afterwards whether anything of it is left, and raises :class:`UsageError` if so.
        """
        ...

    async def export(self) -> str:
        """The list of sources as YAML; secrets are named, never shown."""
        ...


class Curated(Protocol):
    """Answers that admins write; :class:`knowledge.library.curated.CuratedAnswers` keeps them."""

    async def add(
        self,
        question: str,
        answer: str,
        *,
        asked: Collection[str] = (),
        access: Principals,
        owner: str,
    ) -> CuratedAnswer:
        """Keep one; ``asked``: other wordings that it answers word for word as well."""
        ...

    async def all(self) -> Sequence[CuratedAnswer]:
        """The newest first."""
        ...

    async def remove(self, id: str) -> CuratedAnswer | None:
        """Take one away; None if there is none of that id."""
        ...


class ReplyView(Protocol):
    """One reply as it grows on a platform. Its methods raise :class:`bot.errors.PlatformError`."""

    @property
    def shown(self) -> tuple[str, ...]:
        """The platform's ids of what is posted so far."""
        ...

    async def grow(self, text: str) -> None:
        """Show the answer so far: all of it, as Markdown. May be skipped to keep to a rate."""
        ...

    async def wait(self, words: str) -> None:
        """Show how long it will take, such as "about 2 minutes: 60 before you"."""
        ...

    async def finish(self, card: Card) -> None:
        """Show the whole, in place of what has grown."""
        ...

    async def erase(self) -> None:
        """Take back what was shown: nothing is to be said after all."""
        ...


Feature = Literal["channels", "threads", "forums"]
"""Channels that have rules, a choice whether answers go into threads, forums with posts."""


class Platform(Protocol):
    """What the core asks of Slack, Discord or a terminal.

    Its methods raise :class:`bot.errors.PlatformError`.
    """

    @property
    def name(self) -> str:
        """What places and principals of this platform begin with."""
        ...

    @property
    def picks_options(self) -> bool:
        """Whether people pick the options of a command by name, instead of typing a line."""
        ...

    @property
    def features(self) -> frozenset[Feature]:
        """What it has that not every platform has."""
        ...

    async def principals(self, place: Place, user: str) -> Principals:
        """As whom this person may read in private."""
        ...

    async def audience(self, place: Place) -> Principals:
        """As whom everybody may read who can see what is said here."""
        ...

    async def is_admin(self, place: Place, user: str) -> bool:
        """Whether this person may change rules and sources."""
        ...

    async def earlier(self, utterance: Utterance) -> Sequence[str]:
        """What people said before in the utterance's thread, oldest first; a bounded number."""
        ...

    def with_credentials(self, file: Attachment) -> Attachment:
        """The file as it can be fetched."""
        ...

    async def open_reply(self, utterance: Utterance, shown: Sequence[str]) -> ReplyView:
        """Show at once that the utterance was heard.

        ``shown``: what an earlier attempt has posted, to go on with.
        """
        ...

    async def whisper(self, place: Place, user: str, text: str) -> None:
        """Say something that only this person sees."""
        ...

    async def direct_with(self, user: str) -> Place:
        """Where :meth:`post` writes to one person alone."""
        ...

    async def post(self, place: Place, card: Card) -> Sent:
        """Post a message."""
        ...

    async def replace(self, place: Place, shown: Sequence[str], card: Card) -> bool:
        """Show a card in place of messages of the bot's that were posted at any time.

        False: none of them is there any more, or can be changed.
        """
        ...

    async def link(self, place: Place) -> str:
        """Where people can open the place; empty where they cannot."""
        ...

    async def erase(self, place: Place, shown: Sequence[str]) -> None:
        """Take back messages of the bot's; those that are gone already are no fault."""
        ...

    def mention(self, user: str) -> str:
        """How a person is named in Markdown without being called."""
        ...
