"""The list of sources as YAML: made so, once more with no change, and never by halves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.errors import SourceError
from knowledge.library.library import Library
from knowledge.library.manifest import plan, read, take, written
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.web.client import GuardedClient
from tests.kit.library import file_reader
from tests.kit.word_embedder import WordEmbedder


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"Apples of {name}.")
    engine = await open_database(f"sqlite:///{tmp_path / 'state.db'}")
    store = await EmbeddedStore.open(tmp_path / "passages.db")
    async with GuardedClient() as client:
        yield Library(engine, store, WordEmbedder(), file_reader(), Means(client, 10**6))
    await store.close()
    await engine.dispose()


def as_typed(schedule: str) -> str:
    return "" if schedule == "nightly" else schedule


async def applied(library: Library, text: str, *, prune: bool = False) -> list[str]:
    steps = await plan(library, read(text, library, as_typed), prune=prune)
    for step in steps:
        if step.doing not in ("keep", "leave"):
            await take(library, step)
    return [
        f"{step.doing} {Path(step.spec.location).name} {','.join(step.changes)}".strip()
        for step in steps
    ]


async def test_a_file_is_made_so_and_once_more_changes_nothing(
    library: Library, tmp_path: Path
) -> None:
    text = f"""
sources:
  - location: {tmp_path / "one"}
    access: [role:board]
    schedule: hourly
    paused: true
  - location: {tmp_path / "two"}
    options: {{include: ["*.md"]}}
"""
    assert await applied(library, text) == ["add one", "add two"]
    one, two = await library.sources()
    assert one.access == {"role:board"}
    assert (one.schedule, one.is_paused) == ("hourly", True)
    assert two.options == {"include": ["*.md"]}
    before = [len((await library.show(each.id))[1]) for each in (one, two)]
    assert await applied(library, text) == ["keep one", "keep two"]
    assert [len((await library.show(each.id))[1]) for each in (one, two)] == before


async def test_what_is_written_out_is_what_is_read_in(library: Library, tmp_path: Path) -> None:
    spec, _ = await library.add(
        str(tmp_path / "one"), options={"exclude": ["b*"]}, access=frozenset({"role:board"})
    )
    await library.set_schedule(spec.id, "30 6 * * 1 Europe/Berlin")
    await library.pause(spec.id)
    text = written(await library.sources())
    assert read(text, library, as_typed) == await library.sources()
    assert await applied(library, text, prune=True) == ["keep one"]


async def test_only_what_differs_is_changed(library: Library, tmp_path: Path) -> None:
    await library.add(str(tmp_path / "one"))
    await library.add(str(tmp_path / "two"))
    text = f"sources: [{{location: {tmp_path / 'one'}, access: [role:board], schedule: weekly}}]"
    assert await applied(library, text) == ["change one access,schedule", "leave two"]
    assert len(await library.sources()) == 2
    assert await applied(library, text, prune=True) == ["keep one", "remove two"]
    (left,) = await library.sources()
    assert left.access == {"role:board"} and left.schedule == "weekly"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: {", "not YAML"),
        ("- a", "no list 'sources'"),
        ("sources: [{kind: folder}]", "Source 1 of the list: it needs a location"),
        ("sources: [{location: ONE, colour: red}]", "there is no colour"),
        ("sources: [{location: ONE, access: []}]", "Nobody could read"),
        ("sources: [{location: ONE, access: public}]", "access is a list of names"),
        ("sources: [{location: ONE, access: [managers]}]", "list: Nobody can be 'managers'"),
        ("sources: [{location: ONE, options: {1: red}}]", "the options are names with values"),
        ("sources: [{location: ONE, options: [a]}]", "the options are names with values"),
        ("sources: [{location: ONE, kind: 7}]", "There is no kind of source 7"),
        ("sources: [{location: ONE, paused: maybe}]", "paused is true or false"),
        ("sources: [{location: ONE, options: {colour: red}}]", "Source 1 of the list"),
        ("sources: [{location: ONE}, {location: ONE}]", "stands there twice"),
        ("sources: [{location: ONE}, {location: /nowhere/at/all}]", "Source 2 of the list"),
        (
            "sources: [{location: 'https://a.example/', options: {token: open-sesame}}]",
            "Source 1 of the list",
        ),
    ],
)
async def test_a_slip_is_told_with_its_place_and_changes_nothing(
    library: Library, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SourceError, match=said) as refused:
        await applied(library, text.replace("ONE", str(tmp_path / "one")))
    assert "sesame" not in str(refused.value)
    assert await library.sources() == []
