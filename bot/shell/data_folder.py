"""The folder in which everything is kept, which only the bot's user may read."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from bot.errors import ConfigurationError

KEY = "console.key"
RESTORING = ".restoring"
"""A folder in it while a backup is brought back; one that stays was left by a restore that died."""
_KEY_BYTES = 32
_OURS = ("state.db", "passages.db", "weights", KEY)
"""How the names begin of what the bot puts into the folder."""


def open_data_folder(folder: Path) -> None:
    """Make the folder if need be, and what is and will be made in it readable for its owner alone.

    A folder that holds other people's things keeps its own mode. Raises :class:`OSError`, and
    :class:`ConfigurationError` for a half of a backup.
    """
    if (folder / RESTORING).exists():
        raise ConfigurationError(
            f"A restore into {folder} is going on, or was broken off: 'housevoice restore' with "
            "the same backup brings it to its end."
        )
    os.umask(0o077)  # for all that this process makes: SQLite's -wal and -shm, weights, LoRA
    folder.mkdir(parents=True, exist_ok=True)
    inside = list(folder.iterdir())
    ours = [each for each in inside if each.name.startswith(_OURS)]
    if ours == inside:
        _close(folder)
    for each in ours:
        for one in (each, *each.rglob("*")):
            _close(one)


def signing_key(folder: Path) -> bytes:
    """What the console signs with, made at its first start. Raises :class:`OSError`."""
    path = folder / KEY
    if not path.exists():
        unfinished = path.with_name(f"{KEY}.{os.getpid()}.part")
        unfinished.write_bytes(secrets.token_bytes(_KEY_BYTES))
        with suppress(FileExistsError):  # another process made one meanwhile
            path.hardlink_to(unfinished)
        unfinished.unlink()
    return path.read_bytes()


def _close(path: Path) -> None:
    """Take everybody else's rights away, if it is ours."""
    try:
        found = path.lstat()
        private = found.st_mode & 0o700
        if not stat.S_ISLNK(found.st_mode) and stat.S_IMODE(found.st_mode) != private:
            path.chmod(private)
    except (FileNotFoundError, PermissionError):  # another process's -wal; another user's file
        return
