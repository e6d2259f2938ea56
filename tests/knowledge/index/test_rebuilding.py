"""An index is built anew beside the one that answers, which goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from knowledge.errors import SourceBusy, StoreError
from knowledge.library.index.store import IndexSearcher
from knowledge.stores.places import Place
from knowledge.stores.weaviate.store import DEFAULT_ALIAS
from tests.kit.fakes import FakeReader
from tests.kit.index import TOPICS, Installation, Process
from tests.kit.store_toys import EVERYBODY
from tests.knowledge.index.processes import status
from tests.stand_ins.weaviate import StandIn

pytestmark = pytest.mark.asyncio


ENDS = [("embedded", "embedded"), ("weaviate", "weaviate"), ("embedded", "weaviate")]
ENDS += [("weaviate", "embedded")]


class Died(BaseException):
    """The process would be gone at this point."""


class Watched:
    """A place whose stores do something after so many writes, or find nothing."""

    def __init__(
        self,
        place: Place,
        then: Callable[[], Awaitable[None]],
        after: int = 1,
        finds: bool = True,
    ) -> None:
        self._place = place
        self._then = then
        self._left = after
        self._finds = finds
        self.written: list[str] = []

    @property
    def name(self) -> str:
        return self._place.name

    @property
    def layout(self) -> str:
        return self._place.layout

    async def newest(self) -> int | None:
        return await self._place.newest()

    async def found(self, number: int) -> str | None:
        return await self._place.found(number)

    async def dimension(self, number: int) -> int | None:
        return await self._place.dimension(number)

    async def show(self, number: int) -> None:
        await self._place.show(number)

    async def drop(self, number: int) -> None:
        await self._place.drop(number)

    async def open(self, number: int) -> Any:
        store = await self._place.open(number)
        if number == 1:
            return store
        replace_many = store.replace_many

        async def watched(source: str, documents: Any) -> None:
            await replace_many(source, documents)
            self.written += documents
            self._left -= 1
            if self._left == 0:
                await self._then()

        async def nothing(*_: object, **__: object) -> list[object]:
            return []

        store.replace_many = watched  # type: ignore[method-assign]
        if not self._finds:
            store.search = nothing  # type: ignore[assignment]
        return store


async def nothing_happens() -> None: ...


async def dies() -> None:
    raise Died


class TestRebuilding:
    @pytest.mark.parametrize(("before", "after"), ENDS)
    async def test_brings_everything_with_its_vectors(
        self, here: Installation, before: str, after: str, server: StandIn
    ) -> None:
        old = await here.process(before)
        await old.fill()
        held = await old.everything()
        near = await old.nearest("About trains number0")
        process = await here.process(after)
        assert (await process.index.reason() is None) == (before == after)
        here.embedders["first"].embedded.clear()

        built = await process.rebuilding.rebuild()

        assert (built.number, built.state, built.making.place) == (2, "current", after)
        assert {text for text in here.embedders["first"].embedded if "About" in text} == set()
        assert await process.everything() == held
        assert await process.nearest("About trains number0") == pytest.approx(near, abs=1e-4)
        assert await process.index.reason() is None
        if after == "weaviate":
            assert server.aliases == {DEFAULT_ALIAS: f"{DEFAULT_ALIAS}_v2"}
        states = {s.generation.number: s.generation.state for s in (await status(process))}
        assert states == {1: "aside", 2: "current"}

    async def test_embeds_anew_for_another_embedder(self, here: Installation) -> None:
        await (await here.process()).fill()
        process = await here.process(embedder="second")
        assert "embedder is now second" in (await process.index.reason() or "")
        assert (await process.nearest("trains"))[0] == "trains0.md"
        await process.rebuilding.rebuild()
        async with process.index.using() as opened:
            assert opened.generation.making.embedder_name == "second"
        for n, topic in enumerate(TOPICS):
            document, cosine = await process.nearest(f"Guide About {topic} number{n}.")
            assert document == f"{topic}{n}.md" and cosine == pytest.approx(1, abs=1e-3)

    async def test_goes_on_without_the_embedder_from_before(self, here: Installation) -> None:
        await (await here.process()).fill()
        del here.embedders["first"]
        process = await here.process(embedder="second")
        with pytest.raises(StoreError, match=r"first, which cannot be loaded.*index rebuild"):
            await process.nearest("trains")
        await process.rebuilding.rebuild()
        assert (await process.nearest("Guide About trains number0."))[0] == "trains0.md"

    @pytest.mark.parametrize(("before", "after"), ENDS)
    async def test_carries_over_what_is_written_meanwhile(
        self, here: Installation, before: str, after: str
    ) -> None:
        old = await here.process(before)
        await old.fill(30)
        await old.put("gone", "all.md", "Of a source that goes.")

        async def writes() -> None:
            await old.put("wiki", "salaries1.md", "Salaries are new.")
            await old.put("fresh", "new.md", "Of a new source.")
            await old.store.delete("handbook", "trains0.md")
            await old.store.delete("gone")

        watched = Watched(here.places[after], writes)
        process = await here.process(after, watched=watched)
        await process.rebuilding.rebuild()
        held = await process.everything()
        assert {"Salaries are new.", "Of a new source."} <= held
        gone = {"About salaries number1.", "About trains number0.", "Of a source that goes."}
        assert not gone & held
        async with process.index.holding((await status(process))[0].generation) as former:
            assert await former.store.listing() == await listing(process)

    async def test_who_writes_at_the_switch_writes_to_the_new_one(self, here: Installation) -> None:
        process, other = await here.process(), await here.process()
        await process.fill()
        generations = process.index.generations
        switch = generations.switch
        writing: list[asyncio.Task[None]] = []

        async def switched(number: int, token: str) -> None:
            # The gate is closed: it waits, and writes to the new one.
            writing.append(asyncio.create_task(other.put("wiki", "late.md", "Written late.")))
            for _ in range(20):
                await asyncio.sleep(0)
            assert not writing[0].done()
            await switch(number, token)

        generations.switch = switched  # type: ignore[method-assign]
        await process.rebuilding.rebuild()
        await asyncio.gather(*writing)
        assert "Written late." in await process.everything()
        assert "Written late." in await other.everything()

    async def test_a_write_that_the_gate_closed_upon_is_done_again(
        self, here: Installation
    ) -> None:
        process = await here.process()
        await process.fill(2)
        generations = process.index.generations
        await generations.begin(2, process.index.making)
        assert await generations.note("wiki", ["a.md"], 1)
        await generations.close_gate(2, "mine")
        assert not await generations.note("wiki", ["b.md"], 1)
        _, changes = await generations.changes()
        assert changes == [("wiki", "a.md")]
        await generations.switch(2, "mine")
        assert not await generations.note("wiki", ["b.md"], 1)
        assert await generations.note("wiki", ["b.md"], 2)

    async def test_one_that_stood_still_cannot_switch_any_more(self, here: Installation) -> None:
        process = await here.process()
        await process.fill(2)
        generations = process.index.generations
        await generations.begin(2, process.index.making)
        await generations.close_gate(2, "mine")
        here.now += timedelta(seconds=61)
        await process.put("wiki", "later.md", "Written after the gate fell open.")
        with pytest.raises(StoreError, match="took too long"):
            await generations.switch(2, "mine")
        assert "Written after the gate fell open." in await process.everything()

    async def test_is_done_by_one_at_a_time(self, here: Installation) -> None:
        process, other = await here.process(), await here.process()
        await process.fill()
        told: list[str] = []

        async def asks() -> None:
            with pytest.raises(SourceBusy, match=r"worked on by process \d+"):
                await other.rebuilding.rebuild()
            _, working = await other.rebuilding.status()
            told.append(working.holder if working else "")

        watched = Watched(here.places["embedded"], asks)
        builder = await here.process(watched=watched)
        await builder.rebuilding.rebuild()
        assert told and "process" in told[0]

    async def test_that_finds_less_leaves_the_old_one(self, here: Installation) -> None:
        await (await here.process()).fill()
        blind = Watched(here.places["embedded"], nothing_happens, finds=False)
        process = await here.process(watched=blind)
        with pytest.raises(StoreError, match=r"Of 8 sample questions .* 0 do in the new one"):
            await process.rebuilding.rebuild()
        assert (await process.nearest("Guide About trains number0."))[0] == "trains0.md"

    @pytest.mark.parametrize(("before", "after"), ENDS)
    async def test_that_died_is_gone_on_with(
        self, here: Installation, before: str, after: str
    ) -> None:
        old = await here.process(before)
        for n in range(4):
            await old.put(f"source{n}", "page.md", f"Page of source {n}.")
        dying = Watched(here.places[after], dies, after=2)
        with pytest.raises(Died):
            await (await here.process(after, watched=dying)).rebuilding.rebuild()
        assert len(await old.everything()) == 4
        await old.put("source0", "page.md", "Changed since.")
        await old.store.delete("source3")
        here.now += timedelta(minutes=2)

        second = Watched(here.places[after], nothing_happens)
        process = await here.process(after, watched=second)
        built = await process.rebuilding.rebuild()

        assert built.number == 2
        assert second.written == ["page.md", "page.md"]  # of sources 0 and 2
        texts = {"Changed since.", "Page of source 1.", "Page of source 2."}
        assert await process.everything() == texts

    async def test_that_died_on_something_else_begins_anew(self, here: Installation) -> None:
        await (await here.process()).fill()
        dying = Watched(here.places["weaviate"], dies)
        with pytest.raises(Died):
            await (await here.process("weaviate", watched=dying)).rebuilding.rebuild()
        here.now += timedelta(minutes=2)
        process = await here.process("embedded", "second")
        built = await process.rebuilding.rebuild()
        assert (built.number, built.making.place) == (3, "embedded")
        assert await here.places["weaviate"].found(2) is None


class TestQuestionsGoingOn:
    @pytest.mark.parametrize(("before", "after"), ENDS)
    async def test_none_is_empty_and_none_is_mixed(
        self, here: Installation, before: str, after: str
    ) -> None:
        """Two processes ask; vectors of one embedder say nothing among those of the other."""
        serving = await here.process(before)
        await serving.fill(24)
        building = await here.process(after, "second")
        is_over = False
        seen: dict[str, set[str]] = {"serving": set(), "building": set()}

        async def ask(name: str, process: Process) -> int:
            asked = 0
            searcher = IndexSearcher(process.index, FakeReader())
            while not is_over:
                n = asked % 24
                topic = TOPICS[n % len(TOPICS)]
                async with process.index.using() as opened:
                    seen[name].add(opened.generation.making.embedder_name)
                document, cosine = await process.nearest(f"Guide About {topic} number{n}.")
                assert (document, round(cosine, 2)) == (f"{topic}{n}.md", 1.0)
                found = await searcher.search(f"About {topic} number{n}", EVERYBODY, 3)
                assert found[0].passage.document == f"{topic}{n}.md"
                asked += 1
            return asked

        asking = [
            asyncio.create_task(ask("serving", serving)),
            asyncio.create_task(ask("building", building)),
        ]
        await building.rebuilding.rebuild()
        while not all("second" in each for each in seen.values()):
            await asyncio.sleep(0.01)
            assert not any(each.done() for each in asking), [each.result() for each in asking]
        is_over = True
        assert min(await asyncio.gather(*asking)) > 2
        assert seen == {"serving": {"first", "second"}, "building": {"first", "second"}}


async def listing(process: Process) -> Any:
    async with process.index.using() as opened:
        return await opened.store.listing()
