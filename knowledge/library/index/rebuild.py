"""Building the index anew beside the one that answers, and switching to it.

The new generation is filled from the passages of the current one, with their vectors where the
embedder is the same. Whatever is written meanwhile is carried over, what both hold is compared, and
one transaction switches. The old one is kept for a while. A rebuild that dies is gone on with by
the next one, as far as it came.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from knowledge.errors import SourceBusy, StoreError
from knowledge.library.index.generations import Change, Generation
from knowledge.library.index.index import Index, Opened
from knowledge.library.index.sampling import compare_answers
from knowledge.library.index.store import embedded_by
from knowledge.library.leases import Leases, Reading
from knowledge.stores.listing import Listing
from knowledge.types import EmbeddedPassage

KEPT = timedelta(days=1)
"""For how long what answered before can be switched back to."""

COPIED_TOGETHER = 256
"""Passages that are read, embedded if need be, and written at a time."""

FEW_CHANGES = 50
"""So many are carried over while writers wait: less than a second of work."""

MOST_ROUNDS = 10
"""Of carrying over before they are made to wait, however much is being written."""

COUNTED = 5
"""Times that both are counted before a switch is given up."""

_LEASE = "index"  # no source has this id: theirs are hexadecimal digits

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A generation as ``index status`` tells it."""

    generation: Generation
    passages: int | None
    """None where it cannot be opened."""


class Rebuilding:
    """All that is done with generations; one at a time does it, in whatever process."""

    def __init__(self, index: Index, leases: Leases, clock: Callable[[], datetime]) -> None:
        self._index = index
        self._leases = leases
        self._clock = clock

    async def rebuild(
        self, tell: Told = lambda _: None, *, switch: bool = True, afresh: bool = False
    ) -> Generation:
        """Build a generation as the settings want it, and switch to it.

        ``switch``: False leaves it beside. ``afresh``: it begins empty, so that sources have to be
        read again; for when the current one is lost. Raises :class:`SourceBusy` when another
        process is at it, and :class:`StoreError`, with the current one as it was, when the two do
        not answer alike.
        """
        async with self._alone():
            generation = await self._begun(afresh)
            tell(f"Building index {generation.number} beside the one that answers.")
            if afresh:
                await self._change_over(generation, None, tell)
            else:
                async with self._index.using() as old:
                    await self._bring(old, generation, tell, switch=switch)
            return await self._generation(generation.number)

    async def switch(self, number: int | None = None, tell: Told = lambda _: None) -> Generation:
        """Switch to another generation, once it has what was written since.

        ``number``: default, the newest that is there beside the current one.
        """
        async with self._alone():
            generation = await self._aside(number)
            await self._index.generations.begin(generation.number, generation.making)
            async with self._index.using() as old:
                await self._bring(old, generation, tell, switch=True)
            return await self._generation(generation.number)

    async def drop(self, number: int) -> None:
        """Take a generation away; never the current one."""
        async with self._alone():
            generation = await self._generation(number)
            if generation.state == "current":
                raise StoreError(f"Index {number} is the one that answers; it stays.")
            await self._drop(generation)

    async def forget_old(self) -> int:
        """Drop what was left longer than :data:`KEPT` ago, or begun and given up; how many."""
        until = self._clock() - KEPT
        dropped = 0
        try:
            async with self._alone():
                for each in await self._index.generations.all():
                    left = each.begun_at if each.state == "building" else each.left_at
                    is_old = each.state != "current" and left is not None and left < until
                    if is_old and each.making.place in self._index.places:
                        await self._show_current()
                        await self._drop(each)
                        dropped += 1
        except SourceBusy:
            pass  # one is being built, which may go on from what is there
        return dropped

    async def status(self) -> tuple[list[Shown], Reading | None]:
        """All generations, and who is at work on them."""
        shown = []
        for each in await self._index.generations.all():
            try:
                async with self._index.holding(each) as opened:
                    shown.append(Shown(each, await opened.store.count()))
            except StoreError:
                shown.append(Shown(each, None))
        return shown, (await self._leases.readings()).get(_LEASE)

    # -- which ---------------------------------------------------------------------------------

    async def _begun(self, afresh: bool) -> Generation:
        """A generation to build: the one that somebody else died on, if it is what is wanted."""
        making, generations = self._index.making, self._index.generations
        place = self._index.places[making.place]
        known = await generations.all()
        for each in known:
            if each.state != "building":
                continue
            if each.making == making and not afresh:
                await generations.begin(each.number, making)
                return each
            await self._drop(each)
        number = max((each.number for each in known), default=0) + 1
        # Where the state was lost, its generations may still lie there.
        while await place.found(number) is not None:
            number += 1
        await generations.begin(number, making)
        return await self._generation(number)

    async def _aside(self, number: int | None) -> Generation:
        found = [
            each
            for each in await self._index.generations.all()
            if each.state == "aside" and number in (None, each.number)
        ]
        if not found:
            raise StoreError(
                "There is no other index to switch to. 'index status' shows those there are."
                if number is None
                else f"There is no index {number} beside the one that answers."
            )
        return found[-1]

    async def _generation(self, number: int) -> Generation:
        for each in await self._index.generations.all():
            if each.number == number:
                return each
        raise StoreError(f"There is no index {number}. 'index status' shows those there are.")

    async def _drop(self, generation: Generation) -> None:
        place = self._index.places.get(generation.making.place)
        if place is None:
            raise StoreError(
                f"Index {generation.number} is in {generation.making.place}, which no setting "
                "names: set WEAVIATE_URL to drop it."
            )
        await place.drop(generation.number)
        await self._index.generations.forget(generation.number)

    # -- from one to the other -----------------------------------------------------------------

    async def _bring(
        self, old: Opened, generation: Generation, tell: Told, *, switch: bool
    ) -> None:
        async with self._index.holding(generation) as new:
            await _copy(old, new, await _difference(old, new), tell)
            for _ in range(MOST_ROUNDS):
                if await self._carry_over(old, new) <= FEW_CHANGES:
                    break
            tell(await compare_answers(old, new))
            if switch:
                await self._change_over(generation, (old, new), tell)
            else:
                await self._index.generations.set_aside(generation.number)
                tell(f"Index {generation.number} is there; 'index switch' lets it answer.")

    async def _change_over(
        self, generation: Generation, both: tuple[Opened, Opened] | None, tell: Told
    ) -> None:
        """With all writers waiting: the last changes, a count, and the switch."""
        number, generations, token = generation.number, self._index.generations, uuid4().hex
        if both is None:
            async with self._index.holding(generation):
                pass  # it is there, and can be opened
        await generations.close_gate(number, token)
        try:
            if both is not None:
                old, new = both
                await self._carry_over(old, new)
                await _count_alike(old, new)
            await generations.switch(number, token)
        finally:
            await generations.open_gate(number, token)
        await self._show_current()
        tell(f"Index {number} answers now. What answered before is kept for a day.")

    async def _carry_over(self, old: Opened, new: Opened) -> int:
        """Bring over what was written since it was last asked; how many writes that were."""
        ids, changes = await self._index.generations.changes()
        if any(document is None for _, document in changes):
            changes = await _difference(old, new)
        await _copy(old, new, changes, lambda _: None)
        await self._index.generations.forget_changes(ids)
        return len(ids)

    async def _show_current(self) -> None:
        # A process that died right after a switch has not shown it.
        current = (await self._index.generations.standing()).current
        if current is not None and current.making.place in self._index.places:
            await self._index.places[current.making.place].show(current.number)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        try:
            async with self._leases.hold(_LEASE):
                yield
        except SourceBusy as busy:
            reading = (await self._leases.readings()).get(_LEASE)
            who = f"by {reading.holder} since {reading.since:%Y-%m-%d %H:%M} UTC" if reading else ""
            raise SourceBusy(f"The index is already being worked on {who}".rstrip() + ".") from busy


async def _count_alike(old: Opened, new: Opened) -> None:
    """Raise :class:`StoreError` unless both hold as much.

    Who began to write before writers had to wait ends it in the old one, and will write again to
    the new one; so what differs is brought over, as often as such a write comes in between.
    """
    for _ in range(COUNTED):
        held, there = await old.store.count(), await new.store.count()
        if held == there:
            return
        await _copy(old, new, await _difference(old, new), lambda _: None)
    raise StoreError(
        f"The new index has {there} passages where the old one has {held}, so the old one stays. "
        "Run 'index rebuild' again."
    )


async def _difference(old: Opened, new: Opened) -> list[Change]:
    """The documents that the new one has not, has otherwise, or has too much."""
    held: Listing = await old.store.listing()
    there: Listing = await new.store.listing()
    return sorted(each for each in held.keys() | there.keys() if held.get(each) != there.get(each))


async def _copy(old: Opened, new: Opened, changes: Iterable[Change], tell: Told) -> None:
    """Make these documents the same in both."""
    waiting: dict[str, list[EmbeddedPassage]] = {}
    wanted, done, told = [*changes], 0, 0
    for at, (source, document) in enumerate(wanted):
        assert document is not None  # noqa: S101 - a whole source is a difference by then
        waiting[document] = await old.store.held(source, document)
        is_last = at + 1 == len(wanted) or wanted[at + 1][0] != source
        if is_last or sum(map(len, waiting.values())) >= COPIED_TOGETHER:
            if old.generation.making.embedder_name != new.generation.making.embedder_name:
                waiting = await embedded_by(new.embedder, waiting)
            await new.store.replace_many(source, waiting)
            waiting = {}
            done = at + 1
            if done * 10 // len(wanted) > told:
                told = done * 10 // len(wanted)
                tell(f"{done} of {len(wanted)} documents.")
