"""What a source's data looks like is measured after every run."""

from __future__ import annotations

from pathlib import Path

from tests.kit.releases import SHELF, opened_releases

ENGLISH = "The orchard has many trees, and each of them is looked after by somebody. " * 10
GERMAN = "Der Obstgarten hat viele Bäume, und um jeden kümmert sich jemand im Dorf. " * 10


async def test_each_run_leaves_a_measure(tmp_path: Path) -> None:
    async with opened_releases(tmp_path) as releases:
        releases.put("a", "b", text=lambda _: ENGLISH)
        releases.put("c", text=lambda _: GERMAN)
        releases.put("d")
        releases.put("empty", text=lambda _: "")
        spec, _ = await releases.library.add(SHELF)
        first_day = releases.now
        [first] = await releases.library.measures(spec.id)
        assert (first.documents, first.failures, first.drift) == (4, 1, 1.0)
        assert first.languages == {"en": 2, "de": 1, "unknown": 1}
        assert first.duplicates == 0.5  # two of the four passages are alike
        assert first.characters == sum(map(len, (await releases.held()).values()))
        assert (first.measured_at, first.newest_at) == (first_day, first_day)

        releases.next_day()
        releases.put("empty", text=lambda _: "Not any more.")
        await releases.library.refresh(spec.id)
        releases.next_day()
        await releases.library.refresh(spec.id)
        newest, second, oldest = await releases.library.measures(spec.id)
        assert oldest == first
        assert (second.documents, second.failures, second.drift) == (5, 0, 0.2)
        assert (newest.documents, newest.drift, newest.newest_at) == (5, 0.0, second.measured_at)
        assert newest.measured_at == releases.now
        assert await releases.library.newest_measures() == {spec.id: newest}
        await releases.library.remove(spec.id)


async def test_a_removed_source_leaves_none(tmp_path: Path) -> None:
    async with opened_releases(tmp_path) as releases:
        releases.put("a")
        spec, _ = await releases.library.add(SHELF)
        await releases.library.remove(spec.id)
        assert await releases.library.newest_measures() == {}
        spec, _ = await releases.library.add(SHELF)
        assert len(await releases.library.measures(spec.id)) == 1
