"""Backups of the data folder, taken while it is in use, and the way back into an empty one."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from sqlalchemy.engine import make_url

from bot.errors import UsageError
from bot.shell.data_folder import RESTORING
from bot.shell.indexing import database_url, wanted_place
from bot.shell.keeping.moving import copy_in, copy_out
from bot.shell.settings import Settings
from knowledge.errors import remedy
from knowledge.state.database import BUSY_SECONDS, is_known
from knowledge.stores.embedded_schema import SCHEMA_VERSION

MANIFEST = "backup.json"
"""Written last: a backup without it is not whole."""
_STATE = "state.db"
_STATE_VERSION = "SELECT version_num FROM alembic_version"
_PASSAGES = "passages*.db"
_UPLOADS = "uploads"
_MADE_AGAIN = "weights"
"""Of no company's own: converted anew from the package, so neither backed up nor in the way."""


class _File(BaseModel):
    bytes: int
    sha256: str
    schema_version: str | None = None
    """Of a database; None: it is none."""


class _Manifest(BaseModel):
    format: Literal[1] = 1
    """Another one is a newer program's."""
    program: str
    made_at: datetime
    folder: str
    """Where the data were: uploads are known by their whole path."""
    files: dict[str, _File]


def back_up(settings: Settings, target: Path, now: datetime) -> list[str]:
    """Copy all that is kept and cannot be made again to ``target``, a new or empty folder.

    All databases are copied as they were within the same milliseconds, the state the first: what
    the passages have beyond it is repaired by the next reading. Writers are not kept waiting. A
    state in PostgreSQL becomes the same file as one that is not.
    Returns what is to be told, a line each. Raises :class:`UsageError` with what to do.
    """
    databases = _databases(settings)
    uploads = settings.data / _UPLOADS
    if not databases and _state_file(settings) is not None:
        raise UsageError(
            f"There is nothing to back up in {settings.data}: set HOUSEVOICE_DATA to the folder "
            "in which the bot keeps its data."
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not empty: name a new folder for each backup.")
    part = _claimed(target)
    try:
        versions = _copy_all(settings, databases, target)
        for path in _files(uploads):
            with suppress(FileNotFoundError):  # no source's any more, and tidied away meanwhile
                _copy_file(path, target / _UPLOADS / path.relative_to(uploads))
        manifest = _Manifest(
            program=version("housevoice"),
            made_at=now,
            folder=str(settings.data.resolve()),
            files={
                name: _File(
                    bytes=path.stat().st_size,
                    sha256=_sha256(path),
                    schema_version=versions.get(name),
                )
                for path in _files(target)
                if path != part
                for name in [path.relative_to(target).as_posix()]
            },
        )
        part.write_text(manifest.model_dump_json(indent=2, exclude_none=True) + "\n", "utf-8")
        part.replace(target / MANIFEST)
    except BaseException as error:
        for each in target.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        if isinstance(error, sqlite3.Error | OSError):
            raise UsageError(f"Nothing was backed up: {remedy(error) or error}.") from error
        raise
    size = sum(each.bytes for each in manifest.files.values())
    return [
        f"{len(manifest.files)} files, {size / 2**20:.1f} MB, are in {target}.",
        *_rest(settings),
    ]


def restore(settings: Settings, source: Path) -> list[str]:
    """Bring a backup back into a data folder that has no data yet; all of it, or nothing.

    Returns what is to be told, a line each. Raises :class:`UsageError` with what to do, for a
    backup that is not whole or of a newer version, and for a folder with data in it.
    """
    manifest = _checked(settings, source)
    folder = settings.data
    try:
        with _alone(folder):
            _bring_back(settings, source, manifest)
    except (sqlite3.Error, OSError) as error:
        raise UsageError(f"It was not restored: {remedy(error) or error}.") from error
    return [
        f"{folder} is as it was on {manifest.made_at:%Y-%m-%d at %H:%M} UTC, by housevoice "
        f"{manifest.program}. 'housevoice doctor' looks whether all is well.",
        *_rest(settings),
    ]


def _claimed(target: Path) -> Path:
    """Make the folder and what will be its manifest, which no other backup has there then."""
    part = target / f"{MANIFEST}.part"
    try:
        target.mkdir(parents=True, exist_ok=True)
        part.touch(exist_ok=False)
    except FileExistsError:
        raise UsageError(f"Another backup is being written to {target}.") from None
    except OSError as error:
        raise UsageError(f"Nothing was backed up: {remedy(error) or error}.") from error
    return part


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other restore goes on in the folder meanwhile; a process that dies gives it up."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UsageError(f"Another restore into {folder} is going on.") from None
    finally:
        os.close(opened)


def _bring_back(settings: Settings, source: Path, manifest: _Manifest) -> None:
    folder, state = settings.data, _state_file(settings)
    stage = folder / RESTORING
    if stage.exists():  # a restore was broken off: nothing else may have put data here since
        _clear(folder)
    found = [each.name for each in folder.iterdir()]
    if [each for each in found if each != _MADE_AGAIN] or (state is not None and state.exists()):
        raise UsageError(
            f"{folder} has data in it, which would be overwritten: set HOUSEVOICE_DATA to a new "
            "folder, or move the old one away."
        )
    try:
        stage.mkdir()
        for name in manifest.files:
            _copy_file(source / name, stage / name)
        if _STATE in manifest.files:
            _move_uploads(stage / _STATE, manifest.folder, str(folder.resolve()))
        if state is None and _STATE in manifest.files:
            copy_in(stage / _STATE, database_url(settings), lambda: _put(stage, folder, None))
        else:
            _put(stage, folder, state)
    except BaseException:
        _clear(folder)
        raise
    shutil.rmtree(stage, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Take out what a restore has put there; that it was there goes last."""
    for each in sorted(folder.iterdir(), key=lambda path: path.name == RESTORING):
        if each.name != _MADE_AGAIN:
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def _put(stage: Path, folder: Path, state: Path | None) -> None:
    """``state``: where the state goes; None: it is elsewhere."""
    # The state is the last, so that a half of it does not look like a whole data folder.
    for each in sorted(stage.iterdir(), key=lambda path: path.name == _STATE):
        if not each.name.startswith(_STATE):  # SQLite may have laid files beside it
            shutil.move(each, folder / each.name)
        elif state is not None:
            shutil.move(each, state)


def _databases(settings: Settings) -> dict[str, Path]:
    """Those that are files, by their names in a backup; the state comes first."""
    state = _state_file(settings)
    found = {_STATE: state} if state is not None and state.is_file() else {}
    return found | {path.name: path for path in sorted(settings.data.glob(_PASSAGES))}


def _state_file(settings: Settings) -> Path | None:
    """None: it is in PostgreSQL."""
    url = make_url(database_url(settings))
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _rest(settings: Settings) -> Iterator[str]:
    """What lies elsewhere, and how that is backed up and brought back."""
    if wanted_place(settings) == "weaviate":
        yield (
            "The passages are in Weaviate and not in this backup: use its backup module, or fill "
            "an empty server by 'source refresh'."
        )
    yield f"Voices ({settings.voices}) and .env are not in it: keep copies of them as well."


def _copy_all(settings: Settings, files: dict[str, Path], target: Path) -> dict[str, str]:
    """Copy the databases as of one moment; returns their versions."""
    if _STATE in files or _state_file(settings) is not None:
        return _copy_databases(files, target)
    state = target / _STATE
    versions = copy_out(database_url(settings), state, lambda: _copy_databases(files, target))
    with closing(sqlite3.connect(state)) as db:
        db.execute("PRAGMA journal_mode=DELETE")  # one file, as it is read from wherever it lies
        return versions | {_STATE: str(db.execute(_STATE_VERSION).fetchone()[0])}


def _copy_databases(databases: dict[str, Path], target: Path) -> dict[str, str]:
    """Copy them as of one moment; returns their versions."""
    versions = {}
    with ExitStack() as opened:
        snapshots = {}
        for name, path in databases.items():
            uri = f"{path.absolute().as_uri()}?mode=rw"
            db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
            snapshots[name] = opened.enter_context(closing(db))
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it stands
        for name, db in snapshots.items():
            query = _STATE_VERSION if name == _STATE else "PRAGMA user_version"
            versions[name] = str(db.execute(query).fetchone()[0])
            with closing(sqlite3.connect(target / name)) as copy:
                db.backup(copy)
    return versions


def _checked(settings: Settings, source: Path) -> _Manifest:
    """The manifest of a backup that is whole and that this program and these settings can use."""
    try:
        raw: dict[str, Any] = json.loads((source / MANIFEST).read_text("utf-8"))
        manifest = _Manifest.model_validate(raw)
    except FileNotFoundError:
        raise UsageError(
            f"{source} is no whole backup: there is no {MANIFEST} in it. Name a folder that "
            "'backup' has made."
        ) from None
    except (OSError, ValueError, ValidationError) as error:
        raise UsageError(
            f"{source / MANIFEST} cannot be read: it is damaged, or a newer version of the "
            "program made it. Use another backup, or upgrade."
        ) from error
    for name, kept in manifest.files.items():
        path = source / name
        if not path.resolve().is_relative_to(source.resolve()):
            raise UsageError(f"{source / MANIFEST} names {name}, which is not in the backup.")
        if not path.is_file() or path.stat().st_size != kept.bytes or _sha256(path) != kept.sha256:
            raise UsageError(f"{path} is not as it was backed up. Use another backup.")
        known = kept.schema_version is None or (
            is_known(kept.schema_version)
            if name == _STATE
            else int(kept.schema_version) <= SCHEMA_VERSION
        )
        if not known:
            raise UsageError(
                f"{path} was made by a newer version, housevoice {manifest.program}: upgrade this "
                "one first."
            )
    if _STATE not in manifest.files and _state_file(settings) is not None:
        raise UsageError(
            "The backup has no state, which was in PostgreSQL: bring it back with pg_restore, and "
            "set DATABASE_URL before this command."
        )
    return manifest


def _move_uploads(state: Path, old: str, new: str) -> None:
    """Let the sources that were handed over as files be where they lie now."""
    old, new = (f"{Path(each) / _UPLOADS}{os.sep}" for each in (old, new))
    with closing(sqlite3.connect(state)) as db, db:
        db.execute(
            "UPDATE source SET location = ? || substr(location, ?) "
            "WHERE substr(location, 1, ?) = ?",
            (new, len(old) + 1, len(old), old),
        )


def _files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def _copy_file(path: Path, goal: Path) -> None:
    goal.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, goal)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
