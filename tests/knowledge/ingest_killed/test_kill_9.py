"""A run killed at any step is simply run again, and who searches meanwhile is not misled."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from knowledge.library.catalog import DocumentRecord
from knowledge.types import Passage
from tests.kit.library import Library, opened_library

ROOT = Path(__file__).resolve().parents[3]
# Runs an ingest in a process of its own, tells each step on standard output and goes on when it is
# told to on standard input: so it can be killed at a known step.
STEPPING = """
import asyncio, json, sys
from pathlib import Path
from knowledge.library.catalog import Catalog
from knowledge.library.release.items import WorkItems
from knowledge.library.release.kept import KeptVersions
from knowledge.library.release.measures import Measures
from knowledge.stores.embedded import EmbeddedStore
from tests.kit.library import opened_library

def told(*step):
    print(json.dumps(step), flush=True)
    if not sys.stdin.readline():
        sys.exit("nobody listens")

def telling(kind, method):
    async def wrapped(*args):
        result = await method(*args)
        told(kind)
        return result
    return wrapped

async def main():
    for owner, kinds in (
        (WorkItems, ("save", "drop")),
        (KeptVersions, ("keep", "forget")),
        (Catalog, ("begin_run", "begin_switch", "settle", "end_run")),
        (EmbeddedStore, ("replace_many",)),
        (Measures, ("take",)),
    ):
        for kind in kinds:
            setattr(owner, kind, telling(kind, getattr(owner, kind)))
    async with opened_library(Path(sys.argv[1]), Path(sys.argv[2])) as library:
        await library.read(progress=lambda done: told("read"))
        told("end")

asyncio.run(main())
"""
FILES = 40
Snapshot = tuple[list[Passage], dict[str, DocumentRecord]]


def write_first(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(FILES):
        sections = (f"## Part {part}\n\nFact {n} {part} holds." for part in range(6))
        (folder / f"page{n:02}.md").write_text("\n\n".join(sections))
    (folder / "secret.md").write_text("---\naccess: [role:managers]\n---\nBonus facts.")


def write_second(folder: Path) -> None:
    """Some pages change, some go, some come, and one is closed to most."""
    for n in range(0, FILES, 4):
        (folder / f"page{n:02}.md").write_text(f"## Part 0\n\nFact {n} is new.")
    for n in range(1, FILES, 8):
        (folder / f"page{n:02}.md").unlink()
    for n in range(5):
        (folder / f"zzz{n}.md").write_text(f"Late fact {n}.")
    (folder / "page02.md").write_text("---\naccess: [role:managers]\n---\nClosed fact.")
    (folder / "page03.md").write_text("")


async def snapshot(library: Library) -> Snapshot:
    passages = await library.passages("public", "role:managers")
    assert len(passages) == len({p.id for p in passages}) == await library.store.count()
    return passages, await library.documents()


class Place:
    """A data folder and a folder of documents, always at the same paths: ids depend on them."""

    def __init__(self, root: Path) -> None:
        self.data, self.docs = root / "data", root / "docs"
        self._after_first = root / "after-first"

    def begin(self) -> None:
        """Nothing read yet, the first pages there."""
        for folder in (self.data, self.docs):
            shutil.rmtree(folder, ignore_errors=True)
        write_first(self.docs)

    def begin_second(self) -> None:
        """The first pages read, and changed since."""
        self.begin()
        shutil.copytree(self._after_first, self.data)
        write_second(self.docs)

    async def undisturbed(self) -> tuple[Snapshot, Snapshot]:
        """What a first and a second run leave when nobody kills them."""
        self.begin()
        async with self.opened() as library:
            await library.read()
            first = await snapshot(library)
        shutil.copytree(self.data, self._after_first)
        write_second(self.docs)
        async with self.opened() as library:
            report = await library.read()
            assert report.added and report.changed and report.removed and report.skipped
            return first, await snapshot(library)

    def opened(self) -> AbstractAsyncContextManager[Library]:
        return opened_library(self.data, self.docs)

    def reader(self) -> subprocess.Popen[str]:
        """A process that reads the documents in, step by step."""
        return subprocess.Popen(
            [sys.executable, "-c", STEPPING, str(self.data), str(self.docs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def undisturbed(place: Place) -> tuple[Snapshot, Snapshot]:
    return asyncio.run(place.undisturbed())


BATCH = 132
"""Passages of the documents that are embedded together: 22 of six each."""
STEPS = 60
"""A run has about as many; one that ends before is not killed."""
GO_ON = "go on\n"
UNSTOPPED = 5000 * GO_ON
"""More than there are steps, and less than a pipe holds."""


def kill_at(
    process: subprocess.Popen[str],
    kind: str | None,
    nth: int,
    *,
    held: bool = True,
    may_end: bool = False,
) -> None:
    """Kill it at its ``nth`` step of a kind, or of any; unless ``held`` there, some time after."""
    assert process.stdin and process.stdout
    if not held:
        process.stdin.write(UNSTOPPED)
        process.stdin.flush()
    with process:
        seen = 0
        for line in process.stdout:
            (step,) = json.loads(line)
            seen += kind in (None, step)
            assert may_end or step != "end", f"it came to its end after {seen} times {kind}"
            if seen == nth or step == "end":
                process.kill()
                break
            if held:
                process.stdin.write(GO_ON)
                process.stdin.flush()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("kind", "nth", "held"),
    [
        ("read", 12, True),
        ("save", 4, False),
        ("begin_switch", 1, True),
        ("replace_many", 1, True),
        ("settle", 1, False),
    ],
)
async def test_a_killed_first_run_is_simply_run_again(
    place: Place, undisturbed: tuple[Snapshot, Snapshot], kind: str, nth: int, held: bool
) -> None:
    place.begin()
    await asyncio.to_thread(kill_at, place.reader(), kind, nth, held=held)
    async with place.opened() as library:
        await library.read()
        assert await snapshot(library) == undisturbed[0]
        library.embedder.embedded.clear()
        await library.read()
        assert library.embedder.embedded == []


@pytest.mark.parametrize(
    ("kind", "nth", "held"),
    [
        ("keep", 1, True),
        ("begin_switch", 1, True),
        ("replace_many", 1, True),
        ("settle", 1, True),
        ("read", 30, False),
    ],
)
async def test_a_killed_later_run_is_simply_run_again(
    place: Place, undisturbed: tuple[Snapshot, Snapshot], kind: str, nth: int, held: bool
) -> None:
    place.begin_second()
    await asyncio.to_thread(kill_at, place.reader(), kind, nth, held=held)
    async with place.opened() as library:
        await library.read()
        assert await snapshot(library) == undisturbed[1]


async def test_a_killed_run_embeds_again_only_what_was_not_kept_aside(
    place: Place, undisturbed: tuple[Snapshot, Snapshot]
) -> None:
    place.begin()
    await asyncio.to_thread(kill_at, place.reader(), "save", 2)  # a batch begun, and kept
    async with place.opened() as library:
        await library.read()
        passages, _ = undisturbed[0]
        assert len(library.embedder.embedded) == len(passages) - BATCH


async def killed_anywhere(place: Place, undisturbed: tuple[Snapshot, Snapshot], seed: int) -> None:
    """Kill a run at any step, or some time after it, perhaps the next one too; then let one end."""
    dice = random.Random(seed)
    is_second = dice.random() < 0.7
    place.begin_second() if is_second else place.begin()
    for _ in range(dice.choice((1, 1, 2))):
        step = dice.randint(1, STEPS)
        await asyncio.to_thread(
            kill_at, place.reader(), None, step, held=dice.random() < 0.5, may_end=True
        )
    async with place.opened() as library:
        await library.read()
        assert await snapshot(library) == undisturbed[is_second], f"seed {seed}"


@pytest.mark.parametrize("seed", range(6))
async def test_a_run_killed_anywhere_leaves_what_an_undisturbed_one_does(
    place: Place, undisturbed: tuple[Snapshot, Snapshot], seed: int
) -> None:
    await killed_anywhere(place, undisturbed, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1200))
async def test_a_run_killed_at_two_hundred_points_leaves_what_an_undisturbed_one_does(
    place: Place, undisturbed: tuple[Snapshot, Snapshot], seed: int
) -> None:
    await killed_anywhere(place, undisturbed, seed)


async def test_who_searches_while_a_job_reads_in_finds_all_as_it_was_or_all_as_it_is(
    place: Place, undisturbed: tuple[Snapshot, Snapshot]
) -> None:
    before, after = (passages for passages, _ in undisturbed)
    place.begin_second()
    seen = []
    async with place.opened() as library:
        with place.reader() as job:
            assert job.stdin and job.stdout
            job.stdin.write(UNSTOPPED)
            job.stdin.flush()
            while (await asyncio.to_thread(job.stdout.readline)).strip() != '["end"]':
                found = await library.passages("public", "role:managers")
                assert found in (before, after)
                seen.append(found == after)
        assert await library.passages("public", "role:managers") == after
    assert seen == sorted(seen) and not seen[0], "it came at once, and never went back"
