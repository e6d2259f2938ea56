"""What an admin decides about the runs of a source: a part of :class:`Library`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from knowledge.errors import SourceError
from knowledge.library.catalog import Catalog
from knowledge.library.kept.notices import Notices
from knowledge.library.kept.records import Run, RunReport
from knowledge.library.leases import Leases
from knowledge.library.release.golden import GoldenQuestions
from knowledge.library.release.measures import Measure
from knowledge.library.release.releasing import Releasing
from knowledge.sources.port import SourceSpec


class Deciding:
    """Runs and what becomes of them; ``name`` is an id, a path or a URL."""

    _catalog: Catalog
    _leases: Leases
    _releasing: Releasing
    _changed: Callable[[str], Awaitable[object]]

    async def find(self, name: str) -> SourceSpec:
        """The source of that name. Raises :class:`SourceError` if there is none, or several."""
        names = (name, await asyncio.to_thread(_as_path, name))
        known = await self._catalog.sources()
        found = [each for each in known if each.id == name] or [
            each for each in known if each.location in names
        ]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(f"{each.id} ({each.kind})" for each in found)
            raise SourceError(
                f"'{name}' is the place of several sources; name one by its id: {ids}."
            )
        raise SourceError(
            f"There is no source '{name}'; 'source list', or /kb list, shows those there are."
        )

    async def approve(self, name: str) -> RunReport | None:
        """Make visible what waits for an admin or is quarantined; None if nothing does.

        What an admin rejected before is read again by the next run then.
        """
        spec = await self.find(name)
        async with self._leases.hold(spec.id):
            report = await self._releasing.approve(spec)
        await self._changed(spec.id)
        return report

    async def reject(self, name: str) -> int:
        """Keep what is answered from as it is: what waits does not come again. How many documents.

        A newer version of such a document comes in as ever.
        """
        spec = await self.find(name)
        async with self._leases.hold(spec.id):
            return await self._releasing.reject(spec)

    async def restore(self, name: str, run: int | None = None) -> RunReport:
        """Answer again from what was there after ``run``; by default, before the newest change.

        Raises :class:`SourceError` if that is no longer kept.
        """
        spec = await self.find(name)
        async with self._leases.hold(spec.id):
            report = await self._releasing.restore(spec, run)
        await self._changed(spec.id)
        return report

    async def undecided(self, name: str) -> dict[str, str]:
        """Documents that an admin can decide about, with why they are quarantined if they are."""
        items = await self._releasing.decidable((await self.find(name)).id)
        return {path: item.error for path, item in items.items()}

    async def restorable(self, name: str) -> list[int]:
        """The runs that :meth:`restore` takes, the newest first."""
        return await self._releasing.restorable(await self.find(name))

    async def runs(self, name: str, limit: int = 20) -> list[Run]:
        """The newest runs of a source, the newest first."""
        return await self._catalog.runs((await self.find(name)).id, limit)

    async def runs_since(self, name: str, at: datetime) -> list[Run]:
        """Those runs of a source that were begun since then, the newest first."""
        return await self._catalog.runs_since((await self.find(name)).id, at)

    async def measures(self, name: str, most: int = 10) -> list[Measure]:
        """What a source's data looked like after its newest runs, the newest first."""
        return await self._releasing.measures.of((await self.find(name)).id, most)

    async def newest_measures(self) -> dict[str, Measure]:
        """What each source's data looked like after its newest run, by the source's id."""
        return await self._releasing.measures.newest()

    @property
    def notices(self) -> Notices:
        """What people have to be told of."""
        return self._releasing.notices

    @property
    def golden(self) -> GoldenQuestions:
        """The questions that a change must leave answered."""
        return self._releasing.golden


def _as_path(name: str) -> str:
    try:
        return str(Path(name).expanduser().resolve())
    except (OSError, RuntimeError, ValueError):  # not a path at all
        return name
