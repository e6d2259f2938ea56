"""The first start: two at once, a file that cannot be used, and who may read what is written."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.shell.app import open_app
from bot.shell.settings import Settings
from knowledge.embedding.packaged import packaged_embedder
from knowledge.errors import StateError, StoreError, remedy
from knowledge.state import database
from knowledge.state.database import open_database
from knowledge.stores import embedded_schema
from knowledge.stores.embedded import EmbeddedStore
from tests.bot.conftest import ROOT

STARTS = 6
OPEN = """
import asyncio, sys
from pathlib import Path
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    engine = await open_database(sys.argv[1])
    store = await EmbeddedStore.open(Path(sys.argv[2]))
    await store.close()
    await engine.dispose()
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _new_databases_are_copies() -> None:
    """Here a new database is made as users' are: its making is what is tested."""


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_all_at_once(url: str, passages: Path) -> list[tuple[int, str]]:
    """What each of several processes ended with, and complained of."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, url, str(passages)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(STARTS)
    ]
    for one in started:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [(one.wait(), one.communicate()[1]) for one in started]


async def test_many_first_starts_at_once_all_find_the_newest_schema(
    url: str, tmp_path: Path
) -> None:
    passages = tmp_path / "passages.db"
    ended = await asyncio.to_thread(open_all_at_once, url, passages)
    assert ended == [(0, "")] * STARTS
    engine = await open_database(url)
    async with engine.connect() as db:
        assert (await db.execute(sa.text("SELECT count(*) FROM alembic_version"))).scalar() == 1
    await engine.dispose()
    store = await EmbeddedStore.open(passages)
    assert await store.count() == 0
    await store.close()


class TestAFileThatCannotBeUsed:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(database, "BUSY_SECONDS", 0)
        monkeypatch.setattr(database, "_WAL_ATTEMPTS", 1)
        monkeypatch.setattr(embedded_schema, "WAL_ATTEMPTS", 1)
        monkeypatch.setattr(embedded_schema, "BUSY_SECONDS", 0)

    async def test_locked_by_another_says_to_close_it(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        for mode in ("EXCLUSIVE", "IMMEDIATE"):
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                if mode == "IMMEDIATE":
                    other.execute("PRAGMA journal_mode = WAL")
                other.execute(f"BEGIN {mode}")
                other.execute("CREATE TABLE theirs (a)")
                with pytest.raises(StateError, match="another program has it locked"):
                    await open_database(f"sqlite:///{path}")
                with pytest.raises(StoreError, match="another program has it locked"):
                    await EmbeddedStore.open(path)

    async def test_a_full_disk_says_to_make_room(self, tmp_path: Path) -> None:
        path = tmp_path / "passages.db"
        store = await EmbeddedStore.open(path)
        with store._connection() as db:
            db.execute("PRAGMA max_page_count = 1")
        from tests.kit.store_toys import passage, toward

        parts = [passage("word " * 5000, toward(pay=1), position=n) for n in range(20)]
        with pytest.raises(StoreError, match="the disk is full: make room"):
            await store.replace("handbook", "guide.md", parts)
        assert await store.count() == 0
        await store.close()

    async def test_no_file_descriptors_left_says_which_limit(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        opened = len(os.listdir("/proc/self/fd"))
        held: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(opened + 8, 64), before[1]))
        try:
            with suppress(OSError):
                while True:
                    held.append(os.open(os.devnull, os.O_RDONLY))
            with pytest.raises(StateError, match="ulimit -n 4096"):
                await open_database(f"sqlite:///{path}")
            with pytest.raises(StoreError, match="ulimit -n 4096"):
                await EmbeddedStore.open(path)
        finally:
            for one in held:
                os.close(one)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (OSError(errno.ENOSPC, "No space"), "make room"),
            (OSError(errno.EMFILE, "Too many"), "ulimit"),
            (OSError(errno.EROFS, "Read-only"), "may not write"),
            (OSError(errno.ENOENT, "No such file"), None),
            (ValueError("of a person's words"), None),
        ],
    )
    def test_errors_are_told_through_what_wraps_them(
        self, error: Exception, told: str | None
    ) -> None:
        wrapped = RuntimeError("a library's")
        wrapped.__cause__ = sa.exc.SQLAlchemyError("another's")
        wrapped.__cause__.__cause__ = error
        assert (remedy(wrapped) or "None").find(told or "None") >= 0


@pytest.mark.usefixtures("usual_umask")
class TestWhoMayReadIt:
    @staticmethod
    def modes(folder: Path) -> dict[str, str]:
        found = {folder, *folder.rglob("*")}
        return {one.name: oct(one.stat().st_mode & 0o777) for one in found}

    @staticmethod
    def folders(folder: Path) -> set[str]:
        return {folder.name, *(one.name for one in folder.rglob("*") if one.is_dir())}

    async def test_only_the_owner_of_whatever_is_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # With weights of its own, not those that the tests share.
        monkeypatch.setattr("knowledge.embedding.local.packaged_embedder", packaged_embedder)
        data = tmp_path / "data"
        async with open_app(Settings(data=data)) as app:
            await app.library.sources()
            assert (await app.store.count()) == 0
            modes = self.modes(data)
            assert {"state.db-wal", "state.db-shm", "passages.db-wal"} <= modes.keys()
        assert {modes.pop(name) for name in self.folders(data)} == {"0o700"}
        assert set(modes.values()) == {"0o600"}

    async def test_what_was_open_to_others_is_closed(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        (data / "weights" / "model").mkdir(parents=True)
        (data / "weights" / "model" / "model.safetensors").write_bytes(b"")
        (data / "state.db").touch()
        async with open_app(Settings(data=data)):
            modes = self.modes(data)
        assert {"data", "weights", "model"} <= self.folders(data)
        folders = {modes.pop(name) for name in self.folders(data)}
        assert folders == {"0o700"} and set(modes.values()) == {"0o600"}

    async def test_a_folder_with_other_things_in_it_keeps_its_mode(self, tmp_path: Path) -> None:
        (tmp_path / "somebody-elses").touch()
        os.chmod(tmp_path, 0o755)  # noqa: S103  # others may look into it
        async with open_app(Settings(data=tmp_path)):
            modes = self.modes(tmp_path)
        assert modes[tmp_path.name] == "0o755" and modes["somebody-elses"] == "0o644"
        assert modes["state.db"] == "0o600"


def test_the_loop_is_not_needed_to_tell_a_fault() -> None:
    """Even where asyncio itself cannot start, one line is told."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import resource, bot.shell.cli, bot.shell.app, bot.shell.settings, sys\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))\n"
            "sys.argv = ['bot', 'source', 'list']\n"
            "bot.shell.cli.main()",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("Error: ") and "ulimit -n" in run.stderr
    assert len(run.stderr.splitlines()) == 1
