"""What admins decide about the readings of sources from where they talk, done by the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.ports import KnownSource, SourceReading, Sources
from bot.shell.sources import as_reading, in_words
from bot.source_ports import HeldQuestion, SourceData, Undecided
from knowledge.library.catalog import Run
from knowledge.library.library import Library
from knowledge.library.release.golden import GoldenQuestion
from knowledge.library.release.measures import Measure

_RUNS = 20


class LibraryReleases:
    """:class:`bot.source_ports.Releases` over a library; ``sources``: how sources are told."""

    def __init__(self, library: Library, sources: Sources) -> None:
        self._library = library
        self._sources = sources

    async def runs(self, name: str) -> tuple[KnownSource, Sequence[SourceReading]]:
        """The last 20."""
        known, _ = await self._sources.show(name)
        with in_words():
            return known, [as_reading(each) for each in await self._library.runs(known.id, _RUNS)]

    async def data(self, name: str) -> Sequence[SourceData]:
        """As it is measured after each."""
        with in_words():
            return [_data(each) for each in await self._library.measures(name)]

    async def newest_data(self) -> Mapping[str, SourceData]:
        """As it was measured last."""
        newest = await self._library.newest_measures()
        return {source: _data(measure) for source, measure in newest.items()}

    async def restorable(self, name: str) -> Sequence[int]:
        """As many as earlier versions are kept of."""
        with in_words():
            return await self._library.restorable(name)

    async def undecided(self, name: str) -> Undecided:
        """Of the last reading that came to its end."""
        with in_words():
            state, _ = await self._library.show(name, 1)
            waiting = await self._library.undecided(name)
        report = state.last_run and state.last_run.report
        return Undecided(
            len(waiting),
            report.held if report and waiting else (),
            {document: why for document, why in waiting.items() if why},
        )

    async def approve(self, name: str) -> tuple[KnownSource, SourceReading | None]:
        """At once."""
        with in_words():
            report = await self._library.approve(name)
        known, _ = await self._sources.show(name)
        now = self._library.now()
        return known, as_reading(Run(now, now, report)) if report else None

    async def reject(self, name: str) -> tuple[KnownSource, int]:
        """Until there is a newer version."""
        with in_words():
            count = await self._library.reject(name)
        return (await self._sources.show(name))[0], count

    async def restore(
        self, name: str, reading: int | None = None
    ) -> tuple[KnownSource, SourceReading]:
        """By a run of its own."""
        with in_words():
            await self._library.restore(name, reading)
        known, readings = await self._sources.show(name)
        return known, readings[0]

    async def golden(self) -> Sequence[HeldQuestion]:
        """Those of admins only."""
        kept = await self._library.golden.all()
        return [
            HeldQuestion(each.question, each.source, each.document, each.section, each.id)
            for each in kept
        ]

    async def hold_to(self, question: HeldQuestion) -> HeldQuestion:
        """From the next reading on."""
        with in_words():
            source = (await self._library.find(question.source)).id
            kept = await self._library.golden.add(
                GoldenQuestion(question.question, source, question.document, question.section)
            )
            is_answered = await self._library.golden.is_answered(kept)
        return HeldQuestion(
            kept.question, source, kept.document, kept.section, kept.id, is_answered
        )

    async def let_go(self, id: int) -> None:
        """From the next reading on."""
        with in_words():
            await self._library.golden.remove(id)


def _data(measure: Measure) -> SourceData:
    return SourceData(
        measure.newest_at,
        measure.documents,
        measure.passages,
        measure.characters,
        measure.duplicates,
        measure.languages,
        measure.failures,
        measure.drift,
    )
