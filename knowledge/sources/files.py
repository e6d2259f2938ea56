"""Documents in files: one file, or all that lie in a folder."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from knowledge.errors import SourceError
from knowledge.parsing import SUPPORTED_EXTENSIONS
from knowledge.sources.base import RawDocument, SkippedDocument, SourceSpec, Validators
from knowledge.sources.globs import matches

_NEVER = frozenset({".git", "node_modules", "__pycache__"})
"""Folders of tools, never of authors."""


class FileSource:
    """One file. Files have no validators: reading one costs less than trusting its time stamp."""

    def __init__(self, spec: SourceSpec, max_bytes: int) -> None:
        """``max_bytes`` bounds what is read of the file."""
        self._spec = spec
        self._max_bytes = max_bytes

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """The file under its name; nothing if it is gone but its folder is still there."""
        path = Path(self._spec.location)
        if await asyncio.to_thread(_is_there, path):
            yield await asyncio.to_thread(_read, self._spec, path, path.name, self._max_bytes)


class FolderSource:
    """All documents below a folder, sorted by path.

    Left out without a word: hidden files and folders (unless an ``include`` glob names them with
    their dot), folders of tools, links that leave the folder and linked folders (which could go
    in circles). Files of other types are reported as skipped.
    """

    def __init__(self, spec: SourceSpec, max_bytes: int) -> None:
        """``max_bytes`` bounds what is read of each file."""
        self._spec = spec
        self._max_bytes = max_bytes

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """Each document under its path relative to the folder.

        Raises :class:`SourceError` if the folder, or one below it, cannot be listed: its documents
        would seem to have vanished.
        """
        root = Path(self._spec.location)
        for relative in await asyncio.to_thread(self._paths, root):
            if (shown := _as_text(relative)) != relative:
                yield SkippedDocument(
                    shown, "Its name is not written in UTF-8. Rename it, or exclude it."
                )
            elif PurePosixPath(relative).suffix.lower() in SUPPORTED_EXTENSIONS:
                yield await asyncio.to_thread(
                    _read, self._spec, root / relative, relative, self._max_bytes
                )
            else:
                yield SkippedDocument(
                    relative,
                    "Files of this type cannot be read. Save it in a supported format, "
                    "or exclude it to stop this message.",
                )

    def _paths(self, root: Path) -> list[str]:
        if not os.access(root, os.R_OK | os.X_OK):
            raise SourceError(
                f"The folder {root} is not there or may not be read. Check that its drive is "
                "mounted and the bot's user has the right to read it, or remove the source."
            )
        inside = root.resolve()
        shown_dots = tuple(glob for glob in self._spec.include if _names_hidden(glob))
        found = []
        for folder, folders, files in os.walk(root, onerror=_raise):
            below = Path(folder).relative_to(root)
            folders[:] = [
                name
                for name in folders
                if name not in _NEVER
                and (not name.startswith(".") or shown_dots)
                and not matches((below / name).as_posix(), self._spec.exclude)
            ]
            for name in files:
                relative = (below / name).as_posix()
                if self._is_wanted(relative, shown_dots) and _stays_in(root / relative, inside):
                    found.append(relative)
        return sorted(found)

    def _is_wanted(self, relative: str, shown_dots: tuple[str, ...]) -> bool:
        if matches(relative, self._spec.exclude):
            return False
        if any(part.startswith(".") for part in relative.split("/")):
            return matches(relative, shown_dots)
        return not self._spec.include or matches(relative, self._spec.include)


def _as_text(path: str) -> str:
    """The path with what is no UTF-8 in it spelt out, as ``\\xe9``; else as it is."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _names_hidden(glob: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in glob.split("/"))


def _stays_in(path: Path, root: Path) -> bool:
    try:
        return not path.is_symlink() or path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


def _is_there(path: Path) -> bool:
    try:
        names = os.listdir(path.parent)
    except OSError as error:
        raise SourceError(
            f"The folder of {path} is not there or may not be read ({error.strerror}). Check that "
            "its drive is mounted and the bot's user has the right to read it."
        ) from error
    return path.name in names


def _raise(error: OSError) -> None:
    raise SourceError(
        f"The folder {error.filename} cannot be read ({error.strerror}). "
        "Give the bot's user the right to read it, or exclude it."
    ) from error


def _read(
    spec: SourceSpec, path: Path, document: str, max_bytes: int
) -> RawDocument | SkippedDocument:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would never end
            return SkippedDocument(document, "It is not a regular file. Exclude it.")
        if status.st_size > max_bytes:
            return SkippedDocument(
                document,
                f"The file has {status.st_size / 2**20:.1f} MB, more than the "
                f"{max_bytes / 2**20:.1f} MB that are read. Split it.",
            )
        content = path.read_bytes()
    except OSError as error:
        return SkippedDocument(
            document,
            f"The file cannot be read ({error.strerror}). "
            "Give the bot's user the right to read it, or exclude it.",
        )
    if spec.base_url:
        url = f"{spec.base_url.rstrip('/')}/{quote(document)}"
    else:
        url = path.resolve().as_uri()
    return RawDocument(document, url, path.name, content, None, Validators())
