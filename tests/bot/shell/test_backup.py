"""A backup is whole and of one moment, and a bot that is brought back from it answers the same."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from bot.shell.app import open_app
from bot.shell.cli import cli
from bot.shell.keeping import backup
from bot.shell.settings import Settings
from bot.types import Asker, Message, Reply
from knowledge.state.database import open_database
from knowledge.types import Attachment
from tests.kit.fakes import FakeWriter

Housevoice = Callable[..., Result]
PAY = "# Pay\n\nSalaries are paid on the 25th of each month.\n"


@pytest.fixture
def housevoice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Housevoice:
    """The command line with a data folder; in a folder without an ``.env``."""
    monkeypatch.chdir(tmp_path)

    def do(data: Path, *words: str | Path) -> Result:
        monkeypatch.setenv("HOUSEVOICE_DATA", str(data))
        return CliRunner().invoke(cli, [str(each) for each in words])

    return do


def contents(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


async def ask(app: Any, text: str) -> Reply:
    key = uuid4().hex
    message = Message(key, "test", key, Asker("user:test"), text)
    (*_, reply) = [piece async for piece in app.assistant.answer(message)]
    assert isinstance(reply, Reply)
    return reply


async def test_what_is_restored_elsewhere_answers_the_same_and_knows_what_was_asked(
    housevoice: Housevoice, tmp_path: Path
) -> None:
    old, new, kept = tmp_path / "old", tmp_path / "new", tmp_path / "backups" / "monday"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "pay.md").write_text(PAY)
    async with open_app(Settings(data=old), FakeWriter().for_voice) as app:
        await app.library.add(str(tmp_path / "docs"))
        upload = await app.sources.upload(
            Attachment("trains.md", "", content=b"# Trains\n\nTrains are booked by Ida.\n")
        )
        await app.library.add(upload)
        before = await ask(app, "When are salaries paid?")
        done = housevoice(old, "backup", kept)  # while it is being used
        assert done.exit_code == 0, done.output
        await ask(app, "Asked after the backup?")
    done = housevoice(new, "restore", kept)
    assert done.exit_code == 0, done.output
    async with open_app(Settings(data=new), FakeWriter().for_voice) as app:
        after = await ask(app, "When are salaries paid?")
        assert before.tier == "sure"
        assert (after.answer, after.citations, after.confidence) == (
            before.answer,
            before.citations,
            before.confidence,
        )
        assert await app.history.trace(before.trace_id) is not None
        places = {each.spec.location for each in await app.library.states()}
        assert places == {str(tmp_path / "docs"), upload.replace(str(old), str(new))}
        assert Path(upload.replace(str(old), str(new))).read_bytes()  # noqa: ASYNC240 - a moment


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder with a state of the newest schema and a file of passages, both in use."""
    folder = tmp_path / "data"
    folder.mkdir()
    await (await open_database(f"sqlite:///{folder / 'state.db'}")).dispose()
    with closing(sqlite3.connect(folder / "passages.db")) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE filler AS SELECT randomblob(30000000)")
    for name in ("passages.db", "state.db"):
        with closing(sqlite3.connect(folder / name)) as db, db:
            db.execute("CREATE TABLE written (n INTEGER)")
    return folder


async def test_no_record_is_in_it_whose_passages_are_not(
    housevoice: Housevoice, data: Path, tmp_path: Path
) -> None:
    stop, writing = threading.Event(), threading.Event()

    def write() -> None:
        """As a reading does: passages first, then the record of them."""
        with (
            closing(sqlite3.connect(data / "passages.db")) as passages,
            closing(sqlite3.connect(data / "state.db")) as state,
        ):
            while not stop.is_set():
                for db in (passages, state):
                    with db:
                        db.executemany("INSERT INTO written VALUES (?)", [(1,), (2,)])
                writing.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        await asyncio.to_thread(writing.wait, 30)
        done = housevoice(data, "backup", tmp_path / "kept")
    finally:
        stop.set()
        writer.join()
    assert done.exit_code == 0, done.output
    counts = {}
    for name in ("state.db", "passages.db"):
        with closing(sqlite3.connect(tmp_path / "kept" / name)) as db:
            counts[name] = db.execute("SELECT count(*) FROM written").fetchone()[0]
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert 0 < counts["state.db"] <= counts["passages.db"]
    assert counts["state.db"] % 2 == counts["passages.db"] % 2 == 0


class TestARefusal:
    @pytest.fixture
    def kept(self, housevoice: Housevoice, data: Path, tmp_path: Path) -> Path:
        assert housevoice(data, "backup", tmp_path / "kept").exit_code == 0
        return tmp_path / "kept"

    def test_of_a_backup_into_a_folder_with_something_in_it(
        self, housevoice: Housevoice, data: Path, kept: Path
    ) -> None:
        before = contents(kept)
        done = housevoice(data, "backup", kept)
        assert done.exit_code == 1 and "not empty" in done.output
        assert contents(kept) == before

    def test_of_a_backup_of_nothing(self, housevoice: Housevoice, tmp_path: Path) -> None:
        done = housevoice(tmp_path / "nowhere", "backup", tmp_path / "kept")
        assert done.exit_code == 1 and "HOUSEVOICE_DATA" in done.output
        assert not (tmp_path / "kept").exists()

    def test_of_a_backup_that_fails_leaves_no_half_of_one(
        self, housevoice: Housevoice, data: Path, tmp_path: Path
    ) -> None:
        (data / "passages_v2.db").write_bytes(b"no database at all" * 100)
        done = housevoice(data, "backup", tmp_path / "kept")
        assert done.exit_code == 1 and "Nothing was backed up" in done.output
        assert contents(tmp_path / "kept") == set()

    def test_to_write_over_data(self, housevoice: Housevoice, data: Path, kept: Path) -> None:
        before = (data / "state.db").read_bytes()
        done = housevoice(data, "restore", kept)
        assert done.exit_code == 1 and "overwritten" in done.output
        assert (data / "state.db").read_bytes() == before

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda m: m.update(format=2), "newer version"),
            (lambda m: m["files"]["state.db"].update(schema_version="9999_later"), "newer version"),
            (lambda m: m["files"]["passages.db"].update(schema_version="999"), "newer version"),
            (lambda m: m["files"]["passages.db"].update(sha256="0" * 64), "not as it was"),
            (lambda m: m["files"].update({"../other": m["files"]["state.db"]}), "not in the"),
            (lambda m: m["files"].pop("state.db"), "PostgreSQL"),
        ],
    )
    def test_of_what_it_cannot_use(
        self,
        housevoice: Housevoice,
        kept: Path,
        tmp_path: Path,
        change: Callable[[Any], object],
        told: str,
    ) -> None:
        path = kept / "backup.json"
        manifest = json.loads(path.read_text())
        change(manifest)
        path.write_text(json.dumps(manifest))
        done = housevoice(tmp_path / "new", "restore", kept)
        assert done.exit_code == 1 and told in done.output
        assert not (tmp_path / "new").exists()

    def test_of_a_backup_that_was_not_ended(
        self, housevoice: Housevoice, kept: Path, tmp_path: Path
    ) -> None:
        (kept / "backup.json").unlink()
        done = housevoice(tmp_path / "new", "restore", kept)
        assert done.exit_code == 1 and "no whole backup" in done.output


class TestTwoAtOnce:
    def test_backups_into_one_folder_do_not_mix(
        self, housevoice: Housevoice, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = []

        def second(*_: Any) -> Any:
            monkeypatch.undo()
            told.append(housevoice(data, "backup", tmp_path / "kept").output)
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(backup, "_copy_all", second)
        done = housevoice(data, "backup", tmp_path / "kept")
        assert "not empty" in told[0]
        assert done.exit_code == 1 and "the disk is full" in done.output
        assert contents(tmp_path / "kept") == set()

    def test_restores_into_one_folder_do_not_mix(
        self, housevoice: Housevoice, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept, new, told = tmp_path / "kept", tmp_path / "new", []
        assert housevoice(data, "backup", kept).exit_code == 0
        put = backup._put

        def second(*to: Any) -> None:
            told.append(housevoice(new, "restore", kept).output)
            put(*to)

        monkeypatch.setattr(backup, "_put", second)
        assert housevoice(new, "restore", kept).exit_code == 0
        assert "is going on" in told[0]
        assert contents(new) == {"state.db", "passages.db"}


class TestARestoreThatWasBrokenOff:
    @pytest.fixture
    def half(
        self, housevoice: Housevoice, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Path:
        """As after ``kill -9`` between the passages and the state."""
        assert housevoice(data, "backup", tmp_path / "kept").exit_code == 0
        new = tmp_path / "new"
        (new / ".restoring").mkdir(parents=True)
        shutil.copy(tmp_path / "kept" / "state.db", new / ".restoring")
        shutil.copy(tmp_path / "kept" / "passages.db", new)
        (new / "weights").mkdir()
        return new

    def test_is_not_taken_for_data(self, housevoice: Housevoice, half: Path) -> None:
        before = contents(half)
        done = housevoice(half, "source", "list")
        assert done.exit_code == 1 and "was broken off" in done.output
        assert contents(half) == before

    def test_is_brought_to_its_end_by_the_next(
        self, housevoice: Housevoice, half: Path, tmp_path: Path
    ) -> None:
        done = housevoice(half, "restore", tmp_path / "kept")
        assert done.exit_code == 0, done.output
        assert contents(half) == {"state.db", "passages.db"}
        assert not (half / ".restoring").exists() and (half / "weights").is_dir()

    def test_leaves_nothing_where_it_fails_at_the_last_step(
        self, housevoice: Housevoice, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert housevoice(data, "backup", tmp_path / "kept").exit_code == 0
        move = shutil.move

        def full(path: Path, to: Path) -> None:
            if path.name == "state.db":  # which may lie on another disk
                raise OSError(errno.ENOSPC, "No space left on device")
            move(path, to)

        monkeypatch.setattr(shutil, "move", full)
        done = housevoice(tmp_path / "new", "restore", tmp_path / "kept")
        assert done.exit_code == 1 and "the disk is full" in done.output
        assert list((tmp_path / "new").iterdir()) == []


def test_what_lies_elsewhere_is_told(
    housevoice: Housevoice, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEAVIATE_URL", "http://127.0.0.1:1")
    done = housevoice(data, "backup", tmp_path / "kept")
    assert done.exit_code == 0, done.output
    assert "source refresh" in done.output
    assert contents(tmp_path / "kept") == {"state.db", "passages.db", "backup.json"}


def test_a_state_that_cannot_be_reached_is_no_half_of_a_backup(
    housevoice: Housevoice, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/housevoice")
    done = housevoice(data, "backup", tmp_path / "kept")
    assert done.exit_code == 1 and "127.0.0.1:1/housevoice cannot be used" in done.output
    assert "secret" not in done.output
    assert contents(tmp_path / "kept") == set()
