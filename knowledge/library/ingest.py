"""Reading a source: what differs from what is answered from is built aside, durably.

Nothing of it is seen before the run is over and :mod:`knowledge.library.release` has looked at it.
A run that dies leaves its work items; the next one reads and embeds again only what they lack.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from knowledge.documents.reading import FileReader, RawFile
from knowledge.embedding.port import Embedder
from knowledge.errors import DocumentSkipped, SourceAway, SourceError, StandIn
from knowledge.library.access import narrowed
from knowledge.library.catalog import Catalog
from knowledge.library.kept.records import DocumentRecord, RunReport
from knowledge.library.reading import CutDocument, cut
from knowledge.library.release.gates import covers, jump
from knowledge.library.release.items import ItemState, WorkItem
from knowledge.library.release.releasing import Reading, Releasing
from knowledge.sources.port import OCR_OPTION, RawDocument, SkippedDocument, Source, SourceSpec
from knowledge.stores.port import PassageStore
from knowledge.types import EmbeddedPassage, Principals, Validators

FORMAT = 7
"""Raise it when parsing, chunking, the embedded text or what stores keep change: every document is
read anew."""
RECOGNISE_SECONDS = 1_800.0
"""For the pictures of one document: some 200 scanned pages, at 6 to 9 s each on one core."""
_FLUSH_PASSAGES = 128
"""Passages embedded together: enough for batches of like length, few enough to lose little."""
_MOST_ATTEMPTS = 3
"""A document whose embedding was begun so often, and at which the process died, is left out."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    documents: int
    passages: int
    current: str


@dataclass(slots=True)
class _Run(Reading):
    """The state of one run: what was made of each document, and what waits to be embedded."""

    waiting: list[tuple[WorkItem, CutDocument]] = field(default_factory=list)
    passages: int = 0
    compared: dict[str, DocumentRecord] = field(default_factory=dict)
    """Which version of a document "not modified" is about."""


class Ingester:
    """Reads sources; its caller holds the lease of the source (:mod:`knowledge.library.leases`)."""

    def __init__(
        self,
        catalog: Catalog,
        store: PassageStore,
        embedder: Embedder,
        reader: FileReader,
        releasing: Releasing,
        *,
        max_bytes: int,
        clock: Callable[[], datetime],
        recognises: bool = False,
    ):
        """``recognises``: whether ``reader`` can recognise text in pictures."""
        self._catalog = catalog
        self._store = store
        self._embedder = embedder
        self._reader = reader
        self._releasing = releasing
        self._items = releasing.items
        self._max_bytes = max_bytes
        self._clock = clock
        self._recognises = recognises

    async def run(
        self,
        spec: SourceSpec,
        source: Source,
        progress: Callable[[Progress], None] = lambda _: None,
        *,
        is_asked: bool = False,
    ) -> RunReport:
        """Bring the store in line with the source, as far as nothing looks wrong; record the run.

        A document that cannot be used is skipped with its reason and is not in the index
        afterwards. When the source as a whole cannot be read, the report carries the error, what
        was read until then counts, and nothing was removed. ``is_asked``: an admin has just changed
        what is read, so that nothing waits for one. Raises :class:`knowledge.errors.StoreError`.
        """
        await self._releasing.recover(spec.id)
        number = await self._catalog.begin_run(spec.id, self._clock())
        known, items = await self._known(spec), await self._items.of(spec.id)
        run = _Run(spec, number, known, items)
        run.compared = self._compared(run)
        validators = dict.fromkeys(await self._catalog.skipped_before(spec.id), Validators())
        validators |= {path: record.validators for path, record in run.compared.items()}
        try:
            async for found in source.documents(validators):
                await self._take(run, found)
                progress(Progress(len(run.seen), run.passages, found.document))
        except SourceError as failure:
            # What was read so far is good; what was not reached may still be there.
            run.error = str(failure)
            if isinstance(failure, SourceAway):
                run.again_in = failure.retry_after or 0.0
        await self._flush(run)
        return await self._releasing.conclude(run, is_asked=is_asked)

    async def failed(self, spec: SourceSpec, error: str) -> RunReport:
        """Record that the source could not be opened."""
        number = await self._catalog.begin_run(spec.id, self._clock())
        report = RunReport(spec.id, 0, 0, 0, 0, {}, error)
        await self._catalog.end_run(number, report, self._clock())
        return report

    async def remove(self, source: str) -> int:
        """Take a source and all its passages away; returns how many passages went."""
        gone = await self._store.delete(source)
        await self._releasing.forget(source)
        await self._catalog.remove_source(source)
        return gone

    async def _known(self, spec: SourceSpec) -> dict[str, DocumentRecord]:
        """What was read before; with no fingerprints when the store has lost some of it."""
        known = await self._catalog.documents(spec.id)
        kept = await self._store.count(spec.id)
        if kept < sum(record.passages for record in known.values()):
            return {path: replace(record, fingerprint="") for path, record in known.items()}
        return known

    def _compared(self, run: _Run) -> dict[str, DocumentRecord]:
        """The newest version of each document that is at hand, built aside or answered from.

        "Not modified" says nothing about a document that would now be kept in another way.
        """
        built = {path: item.found for path, item in run.items.items() if item.is_at_hand}
        newest = run.known | {path: record for path, record in built.items() if record}
        basis = self.basis(run.spec)
        return {
            path: record for path, record in newest.items() if record.fingerprint.startswith(basis)
        }

    async def _take(self, run: _Run, found: RawDocument | SkippedDocument) -> None:
        name = found.document
        run.seen.add(name)
        if isinstance(found, SkippedDocument):
            if found.is_kept and found.document in run.known:
                run.skipped[found.document] = found.reason
            else:
                self._leave_out(run, name, found.reason, found.kind, urgent=bool(found.kind))
            return
        before, item = run.known.get(name), run.items.get(name)
        fingerprint = self._version(run, found)
        if before and before.fingerprint == fingerprint:
            await self._unchanged(run, found, before)
        elif item and item.is_at_hand and item.version == fingerprint:
            if item.record and self._expired(item.record.valid_until):
                run.skip(name, _expiry(item.record.valid_until), urgent=True)
            else:
                run.take_up(item)
        else:
            await self._read(run, found, fingerprint)

    def _version(self, run: _Run, found: RawDocument) -> str:
        """The fingerprint; of what has not changed that of the version it was compared with."""
        if found.content is None and found.document in run.compared:
            return run.compared[found.document].fingerprint
        return self._fingerprint(run.spec, found)

    async def _unchanged(self, run: _Run, found: RawDocument, before: DocumentRecord) -> None:
        if self._expired(before.valid_until):
            run.skip(found.document, _expiry(before.valid_until), urgent=True)
            return
        run.unchanged += 1
        if before.left_out:
            run.left_out[found.document] = before.left_out
        if before.validators != found.validators:
            again = replace(before, validators=found.validators)
            await self._catalog.save_documents(run.spec.id, [again], self._clock())

    async def _read(self, run: _Run, found: RawDocument, fingerprint: str) -> None:
        name = found.document
        before, item = run.known.get(name), run.items.get(name)
        attempts = item.attempts if item and item.version == fingerprint else 0
        try:
            if attempts >= _MOST_ATTEMPTS:
                raise DocumentSkipped(
                    f"Reading it was broken off {attempts} times. Split it, or exclude it."
                )
            read = await self._reader.read(
                RawFile(
                    found.name,
                    found.content or b"",
                    found.content_type,
                    self._max_bytes,
                    url=found.url,
                    recognise_seconds=RECOGNISE_SECONDS if self._has_ocr(run.spec) else 0,
                )
            )
            if self._expired(read.valid_until):
                raise DocumentSkipped(_expiry(read.valid_until))
            document = await cut(
                read, found, fingerprint, source=run.spec.id, access=run.spec.access
            )
        except StandIn as skipped:
            if before and covers(_readers(run.spec, found), before.access):
                run.take_up(WorkItem(name, fingerprint, "quarantined", error=skipped.reason))
            else:
                run.skip(name, skipped.reason, urgent=True)
            return
        except DocumentSkipped as skipped:
            self._leave_out(run, name, skipped.reason, skipped.kind, urgent=True)
            return
        now = document.record
        is_open = before is None or covers(now.access, before.access)
        wrong = jump(before, now) if before and is_open else None
        state: ItemState = "quarantined" if wrong else "staged"
        staged = WorkItem(name, fingerprint, state, now, not is_open, wrong or "", attempts + 1)
        run.waiting.append((staged, document))
        run.passages += len(document.passages)
        if sum(len(each.passages) for _, each in run.waiting) >= _FLUSH_PASSAGES:
            await self._flush(run)

    async def _flush(self, run: _Run) -> None:
        """Embed what waits, and keep it aside, so that it need not be done again."""
        waiting, run.waiting = run.waiting, []
        if not waiting:
            return
        begun = [(replace(item, state="reading"), None) for item, _ in waiting]
        await self._items.save(run.spec.id, run.number, begun, self._clock())
        words = [words for _, document in waiting for _, words in document.passages]
        vectors = iter(await self._embedder.embed_passages(words))
        done = [
            (item, [EmbeddedPassage(one, next(vectors)) for one, _ in document.passages])
            for item, document in waiting
        ]
        await self._items.save(run.spec.id, run.number, done, self._clock())
        for item, _ in waiting:
            run.take_up(item)

    def _leave_out(self, run: _Run, document: str, reason: str, kind: str, *, urgent: bool) -> None:
        """Count what is of a kind that is no document; else skip it, with its name and reason."""
        if kind:
            run.others[kind] += 1
            run.leave_out(document, urgent=urgent)
        else:
            run.skip(document, reason, urgent=urgent)

    def _has_ocr(self, spec: SourceSpec) -> bool:
        return self._recognises and bool(spec.options.get(OCR_OPTION))

    def _expired(self, valid_until: date | None) -> bool:
        return valid_until is not None and valid_until < self._clock().date()

    def _fingerprint(self, spec: SourceSpec, found: RawDocument) -> str:
        digest = hashlib.sha256(found.content or b"")
        if found.access is not None:
            digest.update(json.dumps(sorted(found.access)).encode())
        return self.basis(spec) + digest.hexdigest()

    def basis(self, spec: SourceSpec) -> str:
        """Digest of what besides its content decides how a document is kept."""
        options = dict(sorted(spec.options.items()))
        # Once an engine is there, what was left out for want of one is read.
        ocr = self._has_ocr(spec)
        decided_by = [FORMAT, self._embedder.name, sorted(spec.access), options, ocr]
        return hashlib.sha256(json.dumps(decided_by).encode()).hexdigest()[:16] + ":"


def _readers(spec: SourceSpec, found: RawDocument) -> Principals | None:
    """Who may read what was found, as far as its source says; None if nobody may."""
    try:
        return narrowed(spec.access, () if found.access is None else (found.access,))
    except DocumentSkipped:
        return None


def _expiry(valid_until: date | None) -> str:
    return f"It says that it holds until {valid_until}; change 'valid_until' if it still does."
