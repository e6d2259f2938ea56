"""Files that are handed over by their path: who has the shell may read what they may read."""

from __future__ import annotations

from pathlib import Path

from bot.errors import UsageError
from knowledge.types import Attachment

_MOST_BYTES = 200 * 1024 * 1024
"""More is not even read; how much may be added is the library's to say."""


def read_file(typed: str) -> Attachment:
    """The file with what is in it. Raises :class:`UsageError`; blocks."""
    path = Path(typed).expanduser()
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{typed} is too large.")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{typed} cannot be read: {error.strerror}.") from error
    return Attachment(path.name, "", len(content), content=content)
