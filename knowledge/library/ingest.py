"""Reading a source into the passage store: incremental, idempotent, safe to kill at any point.

Order matters: the catalog first says that a document is being written, then its passages are
stored, then the catalog says what of. A run that dies in between leaves at most documents that are
known to be unfinished; the next run reads those again and derives the same ids.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import NAMESPACE_URL, uuid5

from knowledge.documents.reading import FileReader, RawFile, ReadFile, embedded_words
from knowledge.embedding.port import Embedder
from knowledge.errors import DocumentSkipped, SourceError
from knowledge.library.access import narrowed
from knowledge.library.catalog import Catalog, DocumentRecord, RunReport
from knowledge.sources.port import OCR_OPTION, RawDocument, SkippedDocument, Source, SourceSpec
from knowledge.stores.port import PassageStore
from knowledge.types import EmbeddedPassage, LeftOut, Passage, Principals, Validators

FORMAT = 6
"""Raise it when parsing, chunking, the embedded text or what stores keep change: every document is
read anew."""
RECOGNISE_SECONDS = 1_800.0
"""For the pictures of one document: some 200 scanned pages, at 6 to 9 s each on one core."""
_FLUSH_PASSAGES = 128
"""Passages embedded together: enough for batches of like length, few enough to lose little."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    documents: int
    passages: int
    current: str


EmbeddablePassage = tuple[Passage, str]
"""A passage and what the embedder reads of it."""


@dataclass(slots=True)
class _Read:
    """One document, cut but not yet embedded."""

    record: DocumentRecord
    passages: list[EmbeddablePassage]


@dataclass(slots=True)
class _Run:
    """The state of one run: what is known, what was seen, what waits to be embedded."""

    spec: SourceSpec
    known: dict[str, DocumentRecord]
    seen: set[str] = field(default_factory=set)
    waiting: list[_Read] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    passages: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, tuple[LeftOut, ...]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)


class Ingester:
    """Reads sources; its caller holds the lease of the source (:mod:`knowledge.library.leases`)."""

    def __init__(
        self,
        catalog: Catalog,
        store: PassageStore,
        embedder: Embedder,
        reader: FileReader,
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
        self._max_bytes = max_bytes
        self._clock = clock
        self._recognises = recognises

    async def run(
        self,
        spec: SourceSpec,
        source: Source,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> RunReport:
        """Bring the store in line with the source and record what that took.

        A document that cannot be used is skipped with its reason and is not in the index
        afterwards. When the source as a whole cannot be read, the report carries the error and
        nothing was removed. Raises :class:`knowledge.errors.StoreError`.
        """
        number = await self._catalog.begin_run(spec.id, self._clock())
        run = _Run(spec, await self._known(spec))
        error = None
        removed = 0
        basis = self.basis(spec)
        try:
            validators = dict.fromkeys(await self._catalog.skipped_before(spec.id), Validators())
            # "Not modified" says nothing about a document that would now be kept in another way.
            validators |= {
                path: record.validators
                for path, record in run.known.items()
                if record.fingerprint.startswith(basis)
            }
            async for found in source.documents(validators):
                await self._take(run, found)
                progress(Progress(len(run.seen), run.passages, found.document))
            await self._flush(run)
            removed = await self._remove_vanished(run)
        except SourceError as failure:
            # What was read so far is good; what was not reached may still be there.
            await self._flush(run)
            error = str(failure)
        report = RunReport(
            spec.id,
            run.added,
            run.changed,
            removed,
            run.unchanged,
            run.skipped,
            error,
            run.left_out,
            dict(run.others),
        )
        await self._catalog.end_run(number, report, self._clock())
        return report

    async def failed(self, spec: SourceSpec, error: str) -> RunReport:
        """Record that the source could not be opened."""
        number = await self._catalog.begin_run(spec.id, self._clock())
        report = RunReport(spec.id, 0, 0, 0, 0, {}, error)
        await self._catalog.end_run(number, report, self._clock())
        return report

    async def remove(self, source: str) -> int:
        """Take a source and all its passages away; returns how many passages went."""
        gone = await self._store.delete(source)
        await self._catalog.remove_source(source)
        return gone

    async def _known(self, spec: SourceSpec) -> dict[str, DocumentRecord]:
        """What was read before; with no fingerprints when the store has lost some of it."""
        known = await self._catalog.documents(spec.id)
        kept = await self._store.count(spec.id)
        if kept < sum(record.passages for record in known.values()):
            return {path: replace(record, fingerprint="") for path, record in known.items()}
        return known

    async def _take(self, run: _Run, found: RawDocument | SkippedDocument) -> None:
        run.seen.add(found.document)
        if isinstance(found, SkippedDocument):
            if found.is_kept and found.document in run.known:
                run.skipped[found.document] = found.reason
            else:
                await self._leave_out(run, found.document, found.reason, found.kind)
            return
        before = run.known.get(found.document)
        fingerprint = (
            before.fingerprint
            if found.content is None and before
            else self._fingerprint(run.spec, found)
        )
        if before and before.fingerprint == fingerprint:
            if self._expired(before.valid_until):
                await self._skip(run, found.document, _expiry(before.valid_until))
                return
            run.unchanged += 1
            if before.left_out:
                run.left_out[found.document] = before.left_out
            if before.validators != found.validators:
                await self._catalog.save_documents(
                    run.spec.id, [replace(before, validators=found.validators)], self._clock()
                )
            return
        try:
            read = await self._read(run.spec, found, fingerprint)
        except DocumentSkipped as skipped:
            await self._leave_out(run, found.document, skipped.reason, skipped.kind)
            return
        if read.record.left_out:
            run.left_out[found.document] = read.record.left_out
        run.waiting.append(read)
        run.passages += len(read.passages)
        if sum(len(each.passages) for each in run.waiting) >= _FLUSH_PASSAGES:
            await self._flush(run)

    async def _read(self, spec: SourceSpec, found: RawDocument, fingerprint: str) -> _Read:
        document = await self._reader.read(
            RawFile(
                found.name,
                found.content or b"",
                found.content_type,
                self._max_bytes,
                url=found.url,
                recognise_seconds=RECOGNISE_SECONDS if self._has_ocr(spec) else 0,
            )
        )
        if self._expired(document.valid_until):
            raise DocumentSkipped(_expiry(document.valid_until))
        limits = tuple(each for each in (found.access, document.access) if each is not None)
        passages = passages_of(
            document,
            source=spec.id,
            name=found.document,
            url=found.url,
            access=narrowed(spec.access, limits),
        )
        record = DocumentRecord(
            path=found.document,
            fingerprint=fingerprint,
            validators=found.validators,
            valid_until=document.valid_until,
            language=document.language,
            passages=len(passages),
            left_out=document.left_out,
            limits=limits,
        )
        return _Read(record, passages)

    async def _flush(self, run: _Run) -> None:
        """Embed what waits, store it in one go, then enter it in the catalog."""
        waiting, run.waiting = run.waiting, []
        words = [words for read in waiting for _, words in read.passages]
        vectors = iter(await self._embedder.embed_passages(words))
        await self._mark_unfinished(run, [read.record for read in waiting])
        documents = {
            each.record.path: [EmbeddedPassage(one, next(vectors)) for one, _ in each.passages]
            for each in waiting
        }
        await self._store.replace_many(run.spec.id, documents)
        for read in waiting:
            if read.record.path in run.known:
                run.changed += 1
            else:
                run.added += 1
        await self._catalog.save_documents(
            run.spec.id, [read.record for read in waiting], self._clock()
        )

    async def _leave_out(self, run: _Run, document: str, reason: str, kind: str) -> None:
        """Count what is of a kind that is no document; else skip it, with its name and reason."""
        if kind:
            run.others[kind] += 1
            await self._take_out(run, [document])
        else:
            await self._skip(run, document, reason)

    async def _skip(self, run: _Run, document: str, reason: str) -> None:
        """Count it, and take what an earlier run may have stored of it out of the index."""
        run.skipped[document] = reason
        await self._take_out(run, [document])

    async def _remove_vanished(self, run: _Run) -> int:
        gone = sorted(run.known.keys() - run.seen)
        await self._take_out(run, gone)
        return len(gone)

    async def _take_out(self, run: _Run, documents: list[str]) -> None:
        known = [run.known[document] for document in documents if document in run.known]
        await self._mark_unfinished(run, known)
        for record in known:
            await self._store.delete(run.spec.id, record.path)
        await self._catalog.forget_documents(run.spec.id, [record.path for record in known])

    async def _mark_unfinished(self, run: _Run, records: list[DocumentRecord]) -> None:
        """Enter that the store may from now on hold anything of these documents.

        A run that dies here is noticed by the next one: it reads them again, or takes them out.
        """
        await self._catalog.save_documents(
            run.spec.id,
            [replace(record, fingerprint="", passages=0) for record in records],
            self._clock(),
        )

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


def passages_of(
    read: ReadFile, *, source: str, name: str, url: str, access: Principals
) -> list[EmbeddablePassage]:
    """The passages of a file called ``name`` in its source, and what is embedded of each."""
    return [
        (
            Passage(
                id=str(
                    uuid5(
                        NAMESPACE_URL,
                        "\0".join((source, name, str(position), *piece.headings, piece.text)),
                    )
                ),
                source=source,
                document=name,
                title=read.title,
                headings=piece.headings,
                position=position,
                url=f"{url}#{piece.anchor}" if url and piece.anchor else url,
                text=piece.text,
                access=access,
            ),
            words,
        )
        for position, (piece, words) in enumerate(zip(read.pieces, read.embedded, strict=True))
    ]


def embedded_text(passage: Passage) -> str:
    """What the embedder reads of a passage."""
    return embedded_words(passage.title, passage.headings, passage.text)


def _expiry(valid_until: date | None) -> str:
    return f"It says that it holds until {valid_until}; change 'valid_until' if it still does."
