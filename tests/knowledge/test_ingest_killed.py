"""Reading in is safe to kill at any step: what died is simply run again, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.library.catalog import Catalog, DocumentRecord
from knowledge.stores.port import PassageStore
from knowledge.types import Passage
from tests.kit.library import Library, last_report, opened_library

ROOT = Path(__file__).resolve().parents[2]


@pytest_asyncio.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with opened_library(tmp_path / "data", tmp_path / "docs") as opened:
        yield opened


# --- dying at a given step, in this process ---------------------------------------------------


class Died(BaseException):
    """The process would be gone at this point."""


class DyingStore:
    """A store in which a process dies right after its first write of a kind."""

    def __init__(self, store: PassageStore, after: str) -> None:
        self._store = store
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def dying(*args: object) -> object:
            result = await getattr(self._store, name)(*args)
            if name == self._after:
                raise Died
            return result

        return dying


class DyingCatalog(Catalog):
    """A catalog in which a process dies right before it makes an entry of a kind."""

    def __init__(self, catalog: Catalog, before: str) -> None:
        super().__init__(catalog._engine)
        self._before = before

    async def save_documents(
        self, source: str, records: Iterable[DocumentRecord], now: datetime
    ) -> None:
        if self._before == "save_documents":
            raise Died
        await super().save_documents(source, records, now)

    async def forget_documents(self, source: str, paths: Iterable[str]) -> None:
        if self._before == "forget_documents":
            raise Died
        await super().forget_documents(source, paths)


async def dying_run(
    library: Library, catalog: Catalog | None = None, store: DyingStore | None = None
) -> None:
    spec = library.spec()
    await library.ingester(catalog, store).run(spec, library.opened(spec))  # type: ignore[arg-type]


class TestDyingInBetween:
    """What the source does before the next run must not be lost on it."""

    async def test_a_run_that_died_is_not_the_last_run(self, library: Library) -> None:
        library.write(pay="Salaries.")
        report = await library.read()
        library.write(pay="More salaries.")
        with pytest.raises(Died):
            await dying_run(library, catalog=DyingCatalog(library.catalog, "save_documents"))
        assert await last_report(library.catalog, library.spec().id) == report

    async def test_a_document_deleted_after_the_death_is_not_found(self, library: Library) -> None:
        library.write(pay="Salaries arrive monthly.")
        with pytest.raises(Died):
            await dying_run(library, store=DyingStore(library.store, "replace_many"))
        (library.folder / "pay.md").unlink()
        await library.read()
        assert await library.found("salaries") == []
        assert await library.store.count() == 0

    async def test_a_document_changed_back_after_the_death_is_found_as_it_is(
        self, library: Library
    ) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        library.write(pay="Salaries arrive weekly.")
        with pytest.raises(Died):
            await dying_run(library, store=DyingStore(library.store, "replace_many"))
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        assert [p.text for p in await library.passages()] == ["Salaries arrive monthly."]

    @pytest.mark.parametrize("how", ["vanished", "skipped"])
    async def test_a_document_restored_after_the_death_is_found(
        self, library: Library, how: str
    ) -> None:
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        if how == "vanished":
            (library.folder / "pay.md").unlink()
        else:
            library.write(pay="")
        with pytest.raises(Died):
            await dying_run(library, store=DyingStore(library.store, "delete"))
        library.write(pay="Salaries arrive monthly.")
        await library.read()
        assert await library.found("salaries") == ["pay.md"]


# --- kill -9 ----------------------------------------------------------------------------------

# Runs an ingest in a process of its own, tells each step on standard output and goes on when it is
# told to on standard input: so it can be killed at a known step.
STEPPING = """
import asyncio, json, sys
from pathlib import Path
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
    async with opened_library(Path(sys.argv[1]), Path(sys.argv[2])) as library:
        store, catalog = library.store, library.catalog
        for kind in ("replace_many", "delete"):
            setattr(store, kind, telling(kind, getattr(store, kind)))
        for kind in ("save_documents", "forget_documents"):
            setattr(catalog, kind, telling(kind, getattr(catalog, kind)))
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


GO_ON = "go on\n"
UNSTOPPED = 5000 * GO_ON
"""More than there are steps, and less than a pipe holds."""


def kill_at(process: subprocess.Popen[str], kind: str, nth: int, *, held: bool = True) -> None:
    """Kill it at its ``nth`` step of a kind; unless it is ``held`` there, somewhere after that."""
    assert process.stdin and process.stdout
    if not held:
        process.stdin.write(UNSTOPPED)
        process.stdin.flush()
    with process:
        seen = 0
        for line in process.stdout:
            (step,) = json.loads(line)
            seen += step == kind
            assert step != "end", f"it came to its end after {seen} times {kind}"
            if seen == nth:
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
        ("replace_many", 2, True),
        ("replace_many", 1, False),
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
        ("delete", 1, True),
        ("save_documents", 1, True),
        ("delete", 4, True),
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


async def test_who_searches_while_a_job_reads_in_finds_each_document_old_or_new(
    place: Place, undisturbed: tuple[Snapshot, Snapshot]
) -> None:
    before, after = (by_document(passages) for passages, _ in undisturbed)
    place.begin_second()
    seen_new = set()
    async with place.opened() as library:
        with place.reader() as job:
            assert job.stdin and job.stdout
            job.stdin.write(UNSTOPPED)
            job.stdin.flush()
            while (await asyncio.to_thread(job.stdout.readline)).strip() != '["end"]':
                found = by_document(await library.passages("public", "role:managers"))
                for name in before.keys() | after.keys():
                    now = found.get(name)
                    assert now in (before.get(name), after.get(name)), name
                    if now != before.get(name):
                        seen_new.add(name)
                    else:
                        assert name not in seen_new, f"{name} went back"
        assert by_document(await library.passages("public", "role:managers")) == after


def by_document(passages: list[Passage]) -> dict[str, list[Passage]]:
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        found.setdefault(passage.document, []).append(passage)
    return found
