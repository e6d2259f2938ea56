"""Stand-ins for what the core needs from outside: a queue in, a history out, no time passing."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from bot.answers.judge import Thresholds
from bot.errors import UsageError
from bot.ports import (
    KindOption,
    KnownSource,
    Options,
    Progressing,
    SourceKind,
    SourceReading,
    Trial,
    unwatched,
)
from bot.source_ports import HeldQuestion, SourceData, Undecided
from bot.voice.template import Prompt
from bot.voice.voice import Voice
from bot.voice.writer import Choose, Free, Say, Step
from knowledge.retrieval.reader import ReadableText, Reading
from knowledge.text.sentences import split_units
from knowledge.text.words import stems, telling
from knowledge.types import (
    PUBLIC,
    Attachment,
    EmbeddedPassage,
    Evidence,
    Passage,
    Principals,
    ScoredUnit,
    Unread,
    attachment_source,
    conversation_principal,
)

NEAR, FAR = 0.9, 0.01
"""What a reader says of what was asked for, and of what has nothing to do with it."""
THRESHOLDS = Thresholds(sure=0.5, unsure=0.2, near=0.1)

_SITE = SourceKind("site", "a site", (KindOption("depth", "number", 20, "How deep."),))
_AN_HOUR = datetime(2026, 3, 2, 9, tzinfo=UTC)
_PIECE = 7  # letters; borders of sentences and marks fall inside and between pieces


class FakeRetriever:
    """Hands out what was queued, one result a search; nothing queued: nothing found.

    A queued exception is raised. ``asked``: the (question, principals) of every search.
    """

    def __init__(self, *results: Sequence[Evidence] | Exception):
        self._results = deque(results)
        self.asked: list[tuple[str, Principals]] = []

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """The next queued result."""
        self.asked.append((question, principals))
        result = self._results.popleft() if self._results else ()
        if isinstance(result, Exception):
            raise result
        return list(result)[:k]


@dataclass(frozen=True, slots=True)
class Search:
    """One search, as it was asked for."""

    question: str
    principals: Principals
    sources: frozenset[str] | None


class InMemoryPassages:
    """Passages that answer questions with certain words in them, for those who may read them.

    Both retriever and store: it filters by access and by source as they do, and knows who may
    read what. ``searches``: what was asked of it. ``fault``: raised by the next search.
    """

    def __init__(self) -> None:
        self._held: list[tuple[str, Evidence]] = []
        self.searches: list[Search] = []
        self.fault: Exception | None = None

    def knows(self, words: str, *found: Evidence) -> None:
        """Questions with ``words`` in them, in any case, find these; "" is in every question."""
        self._held += [(words.lower(), each) for each in found]

    def forget(self, *gone: Evidence) -> None:
        """These are no longer held: deleted at the source, or changed."""
        ids = {each.passage.id for each in gone}
        self._held = [(words, each) for words, each in self._held if each.passage.id not in ids]

    async def replace(
        self, source: str, document: str, passages: Sequence[EmbeddedPassage]
    ) -> None:
        """Hold these of a document; questions that have their last heading in them find them."""
        await self.delete(source, document)
        for each in passages:
            asked = each.passage.headings[-1].lower()
            unit = ScoredUnit(each.passage.text, each.passage.text, "sentence", "", 1.0)
            self._held.append((asked, Evidence(each.passage, NEAR, NEAR, (unit,))))

    async def delete(self, source: str, document: str | None = None) -> int:
        """Hold nothing of a document, or of a source, any more."""
        kept = [
            (words, each)
            for words, each in self._held
            if each.passage.source != source or document not in (None, each.passage.document)
        ]
        gone, self._held = len(self._held) - len(kept), kept
        return gone

    async def held(self, source: str, document: str) -> list[EmbeddedPassage]:
        """All that is held of a document."""
        return [
            EmbeddedPassage(each.passage, np.ones(1, np.float32))
            for _, each in self._held
            if (each.passage.source, each.passage.document) == (source, document)
        ]

    async def search(
        self,
        question: str,
        principals: Principals,
        k: int,
        *,
        sources: frozenset[str] | None = None,
    ) -> list[Evidence]:
        """What answers the question and may be read, in the order in which it was made known."""
        self.searches.append(Search(question, principals, sources))
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return [
            each
            for words, each in self._held
            if words in question.lower()
            and each.passage.access & principals
            and (sources is None or each.passage.source in sources)
        ][:k]

    async def readable(self, ids: Collection[str], principals: Principals) -> frozenset[str]:
        """Which of these are held and may be read."""
        return frozenset(
            each.passage.id
            for _, each in self._held
            if each.passage.id in ids and each.passage.access & principals
        )


@dataclass
class FakeAttachments:
    """Reads files into passages of their conversation, and keeps what it was given."""

    passages: InMemoryPassages
    contents: dict[str, tuple[str, str]] = field(default_factory=dict)
    """File name to the words that it answers and its Markdown."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """File name to the reason."""
    given: list[tuple[str, tuple[Attachment, ...]]] = field(default_factory=list)

    async def read(self, conversation: str, files: Sequence[Attachment]) -> dict[str, Unread]:
        """Make known what the files hold, to the conversation alone."""
        self.given.append((conversation, tuple(files)))
        for file in files:
            if file.name in self.contents:
                words, markdown = self.contents[file.name]
                self.passages.knows(
                    words,
                    evidence(
                        markdown,
                        title=file.name,
                        document=file.name,
                        source=attachment_source(conversation),
                        access=frozenset({conversation_principal(conversation)}),
                    ),
                )
        return {
            file.name: Unread(self.unreadable[file.name])
            for file in files
            if file.name in self.unreadable
        }


class FakeSources:
    """Sources as admins see them. ``known``: those there are; ``done``: what was asked, in order.

    ``readings``: what the next readings of a source do, by its id; an exception is raised.
    ``past``: what ``show`` tells of it. ``hold``: awaited before a source is read,
    after ``steps`` (documents and passages so far) were told. ``trials``: what is found by address.
    """

    def __init__(self) -> None:
        self.known: list[KnownSource] = []
        self.readings: dict[str, deque[SourceReading | Exception]] = {}
        self.past: dict[str, Sequence[SourceReading]] = {}
        self.done: list[tuple[str, str]] = []
        self.hold: Callable[[], Awaitable[object]] | None = None
        self.steps: list[tuple[int, int]] = []
        self.trials: dict[str, Trial] = {}

    async def all(self) -> Sequence[KnownSource]:
        """Those there are."""
        return list(self.known)

    async def kinds(self) -> Sequence[SourceKind]:
        """One, with an option."""
        return [_SITE]

    async def kind(self, name: str) -> SourceKind:
        """That one."""
        if name != _SITE.name:
            raise UsageError(f"There is no kind of source {name!r} here.")
        return _SITE

    async def try_out(self, address: str, kind: str = "", options: Options | None = None) -> Trial:
        """One document with three passages; what is no address is refused."""
        if "://" not in address:
            raise UsageError(f"{address} is not an address on the web.")
        is_known = any(each.location == address for each in self.known)
        trial = Trial(address, 1, 3, samples=(("Help", "Ring twice."),), is_known=is_known)
        return self.trials.get(address, trial)

    async def upload(self, file: Attachment) -> str:
        """An address by its name."""
        self.done.append(("upload", file.name))
        return f"upload://{file.name}"

    async def tidy_uploads(self, waiting: Collection[str]) -> None:
        """Note what is waited for."""
        self.done.append(("tidy", ",".join(waiting)))

    async def add(
        self,
        address: str,
        readers: Principals | None = None,
        progress: Progressing = unwatched,
        by: str = "",
        kind: str = "",
        options: Options | None = None,
    ) -> tuple[KnownSource, SourceReading]:
        """Known from now on, by the address without its scheme; what is no address is refused."""
        if "://" not in address:
            raise UsageError(f"{address} is not an address on the web.")
        source = KnownSource(
            address.partition("://")[2], address, 1, readers is None, "", 3, readers or frozenset()
        )
        self.known = [*(each for each in self.known if each.id != source.id), source]
        self.done.append(("add", source.id))
        return await self._read(source, progress)

    async def show(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """The source by its id or location."""
        source = self._named(name)
        return source, self.past.get(source.id, ())

    async def refresh(
        self, name: str, progress: Progressing = unwatched
    ) -> tuple[KnownSource, SourceReading]:
        """What was set for it."""
        source = self._named(name)
        self.done.append(("refresh", source.id))
        return await self._read(source, progress)

    async def pause(self, name: str) -> KnownSource:
        """Paused from now on."""
        return self._set(name, is_paused=True)

    async def resume(self, name: str) -> KnownSource:
        """No longer paused."""
        return self._set(name, is_paused=False)

    async def set_access(self, name: str, readers: Principals) -> KnownSource:
        """For these from now on."""
        everyone = PUBLIC in readers
        return self._set(name, is_public=everyone, readers=frozenset() if everyone else readers)

    async def set_schedule(self, name: str, words: str) -> KnownSource:
        """As it was typed, but for what is usual."""
        return self._set(name, schedule="" if words == "nightly" else words)

    async def remove(self, name: str) -> int:
        """No longer known."""
        source = self._named(name)
        self.known.remove(source)
        self.done.append(("remove", source.id))
        return source.passages

    async def export(self) -> str:
        """Their places."""
        return "".join(f"- {each.location}\n" for each in self.known)

    async def _read(
        self, source: KnownSource, progress: Progressing
    ) -> tuple[KnownSource, SourceReading]:
        for documents, passages in self.steps:
            progress(documents, passages)
        if self.hold is not None:
            await self.hold()
        queue = self.readings.get(source.id)
        reading = queue.popleft() if queue else SourceReading(_AN_HOUR, _AN_HOUR, added=1)
        if isinstance(reading, Exception):
            raise reading
        return source, reading

    def _named(self, name: str) -> KnownSource:
        for each in self.known:
            if name in (each.id, each.location):
                return each
        raise UsageError(f"There is no source '{name}'.")

    def _set(self, name: str, **changed: Any) -> KnownSource:
        source = replace(self._named(name), **changed)
        self.known = [source if each.id == source.id else each for each in self.known]
        return source


class FakeReleases:
    """What waits and was read, as a test sets it; ``done``: what was decided, in order.

    ``sources``: those that are named, by id or location.
    """

    def __init__(self, sources: FakeSources | None = None) -> None:
        self.sources = sources or FakeSources()
        self.readings: dict[str, list[SourceReading]] = {}
        self.waiting: dict[str, Undecided] = {}
        self.measured: dict[str, list[SourceData]] = {}
        self.held: list[HeldQuestion] = []
        self.done: list[tuple[str, str]] = []

    async def runs(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """Those that were set."""
        known, _ = await self.sources.show(name)
        return known, self.readings.get(known.id, [])

    async def data(self, name: str) -> Sequence[SourceData]:
        """What was set."""
        return self.measured.get(name, [])

    async def newest_data(self) -> Mapping[str, SourceData]:
        """The first that was set of each."""
        return {name: taken[0] for name, taken in self.measured.items()}

    async def restorable(self, name: str) -> Sequence[int]:
        """All but the newest."""
        return [each.number for each in self.readings.get(name, [])[1:]]

    async def undecided(self, name: str) -> Undecided:
        """What was set to wait."""
        return self.waiting.get(name, Undecided())

    async def approve(self, name: str) -> tuple[KnownSource, SourceReading | None]:
        """It waits no longer."""
        known, _ = await self.sources.show(name)
        waited = self.waiting.pop(known.id, None)
        self.done.append(("approve", known.id))
        if waited is None:
            return known, None
        return known, SourceReading(_AN_HOUR, _AN_HOUR, changed=waited.documents)

    async def reject(self, name: str) -> tuple[KnownSource, int]:
        """It waits no longer."""
        known, _ = await self.sources.show(name)
        self.done.append(("reject", known.id))
        return known, self.waiting.pop(known.id, Undecided()).documents

    async def restore(
        self, name: str, reading: int | None = None
    ) -> tuple[KnownSource, SourceReading]:
        """A reading that changed one document."""
        known, _ = await self.sources.show(name)
        self.done.append(("restore", f"{known.id} {reading or ''}".strip()))
        return known, SourceReading(_AN_HOUR, _AN_HOUR, changed=1, number=9)

    async def golden(self) -> Sequence[HeldQuestion]:
        """Those that were added."""
        return list(self.held)

    async def hold_to(self, question: HeldQuestion) -> HeldQuestion:
        """One more; documents other than ``pay.md`` are not there."""
        if question.document not in ("", "pay.md"):
            raise UsageError(f"The source has no document '{question.document}'.")
        kept = replace(question, id=len(self.held) + 1)
        self.held.append(kept)
        return kept

    async def let_go(self, id: int) -> None:
        """One less."""
        self.held = [each for each in self.held if each.id != id]


class FakeWriter:
    """Writes what was queued for the free steps; takes the first of every choice.

    Nothing queued: what the script has for a refusal. A queued exception is raised after
    the first step.
    ``prompts`` and ``scripts``: what every reply was asked for with.
    """

    def __init__(self, *free: str | Exception, tuned: bool = True):
        self._free = deque(free)
        self.tuned = tuned
        self.is_closed = False
        self.prompts: list[Prompt] = []
        self.scripts: list[tuple[Step, ...]] = []

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step."""
        self.prompts.append(prompt)
        self.scripts.append(tuple(script))
        for number, step in enumerate(script):
            if number == 1 and self._free and isinstance(self._free[0], Exception):
                raise self._free[0]
            match step:
                case Choose(options):
                    yield options[0]
                case Say(text, mark):
                    yield text + mark
                case Free():
                    yield self._written(step)

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        """Yield what was queued next, a few letters at a time."""
        self.prompts.append(prompt)
        text = self._free.popleft() if self._free else ""
        if isinstance(text, Exception):
            raise text
        for start in range(0, len(text), _PIECE):
            yield text[start : start + _PIECE]

    def close(self) -> None:
        """Remembered."""
        self.is_closed = True

    def _written(self, step: Free) -> str:
        text = self._free.popleft() if self._free else step.otherwise
        assert isinstance(text, str)
        return (text if step.accept(text) else step.otherwise) + step.mark

    async def for_voice(self, _: Voice) -> FakeWriter:
        """This writer, whatever the voice: what the chain takes as ``writer_for``."""
        return self


class FakeSupport:
    """Says of every sentence how likely its passage says it: what is set, else ``NEAR``.

    ``asked``: the sentence and the passage's text of every question.
    """

    def __init__(self, likely: Mapping[str, float] | None = None):
        self._likely = dict(likely or {})
        self.asked: list[tuple[str, str]] = []

    async def supports(self, sentence: str, evidence: Evidence) -> float:
        """See :class:`bot.ports.Support`."""
        self.asked.append((sentence, evidence.passage.text))
        return self._likely.get(sentence, NEAR)


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)):
        self.now = now

    def __call__(self) -> datetime:
        """The time it was set to."""
        return self.now

    def tick(self, seconds: float) -> None:
        """Move it on."""
        self.now += timedelta(seconds=seconds)


def evidence(
    markdown: str,
    shares: Mapping[str, float] | None = None,
    *,
    title: str = "Handbook",
    headings: tuple[str, ...] = (),
    document: str = "handbook.md",
    source: str = "handbook",
    url: str = "https://intra.example/handbook",
    answers: float = NEAR,
    score: float = NEAR,
    access: Principals = frozenset({PUBLIC}),
) -> Evidence:
    """A found passage that answers, unless told otherwise.

    ``shares``: a piece of a unit's text to how likely the answer stands there; units that hold none
    of the pieces are ``FAR``. Without it the first unit that is no heading is ``NEAR``.
    """
    units = split_units(markdown)
    if shares is None:
        telling = [unit for unit in units if unit.kind != "heading"] or units
        shares = {telling[0].text: NEAR}
    scored = tuple(
        ScoredUnit(
            unit.text,
            unit.raw,
            unit.kind,
            unit.lead,
            next((near for piece, near in shares.items() if piece in unit.text), FAR),
        )
        for unit in units
    )
    return Evidence(
        passage=Passage(
            id=str(uuid5(NAMESPACE_URL, f"{source}\x1f{document}\x1f{markdown}")),
            source=source,
            document=document,
            title=title,
            headings=headings,
            position=0,
            url=url,
            text=markdown,
            access=access,
        ),
        score=score,
        answers=answers,
        units=scored,
    )


def far_evidence(markdown: str, *, title: str = "Handbook", document: str = "x.md") -> Evidence:
    """A found passage that is about the same thing, but does not answer."""
    return evidence(markdown, {}, title=title, document=document, answers=0.02, score=0.3)


class FakeReader:
    """Says of every passage what share of the question's telling words it has.

    ``asked``: the question and the texts of every reading; ``cosines``: those told of them.
    """

    name = "fake"

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.cosines: list[list[float | None]] = []

    async def read(self, question: str, passages: Sequence[ReadableText]) -> list[Reading]:
        """One reading a passage."""
        self.asked.append((question, tuple(each.text for each in passages)))
        self.cosines.append([each.cosine for each in passages])
        words = telling(question).keys()

        def share(text: str) -> float:
            return len(words & stems(text)) / max(1, len(words))

        readings = []
        for each in passages:
            units = [share(each.text[start:end]) + 0.01 for start, end in each.spans]
            near = share(each.text)
            readings.append(Reading(near, near, tuple(one / sum(units) for one in units)))
        return readings

    async def warm_up(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to let go of."""
