"""All documents that lie in a folder of the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from knowledge.errors import SourceError
from knowledge.sources.disk import PUBLISHED, existing_path, read_document, refuse_unlinked
from knowledge.sources.globs import (
    EXCLUDE,
    INCLUDE,
    NEVER,
    hidden_globs,
    is_wanted,
    matches,
)
from knowledge.sources.options import option, read_options
from knowledge.sources.others import kind_of
from knowledge.sources.port import (
    OCR_HELP,
    Kind,
    Means,
    RawDocument,
    SkippedDocument,
    SourceSpec,
)
from knowledge.types import Validators


@dataclass(frozen=True)
class FolderOptions:
    """What an admin may set."""

    include: tuple[str, ...] = option((), INCLUDE)
    exclude: tuple[str, ...] = option((), EXCLUDE)
    base_url: str = option("", PUBLISHED)
    ocr: bool = option(False, OCR_HELP)


class FolderSource:
    """All documents below a folder, sorted by path.

    Left out without a word: hidden files and folders (unless an ``include`` glob names them with
    their dot), folders of tools, links that leave the folder and linked folders (which could go
    in circles). Files of other types are reported as skipped; with ``ocr`` pictures are documents.
    """

    def __init__(self, root: Path, options: FolderOptions, max_bytes: int) -> None:
        """``max_bytes`` bounds what is read of each file."""
        self._root = root
        self._options = options
        self._max_bytes = max_bytes

    async def check(self) -> None:
        """That it is there was seen when it was recognised."""

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """Each document under its path relative to the folder.

        Raises :class:`SourceError` if the folder cannot be listed, or, after all others, if one
        below it cannot: its documents would seem to have vanished.
        """
        from knowledge.parsing import PICTURE_EXTENSIONS, SUPPORTED_EXTENSIONS  # slow to import

        read = SUPPORTED_EXTENSIONS | (PICTURE_EXTENSIONS if self._options.ocr else set())
        unlisted: list[OSError] = []
        for relative in await asyncio.to_thread(self._paths, self._root, unlisted):
            if (shown := _as_text(relative)) != relative:
                yield SkippedDocument(
                    shown, "Its name is not written in UTF-8. Rename it, or exclude it."
                )
            elif PurePosixPath(relative).suffix.lower() in read:
                yield await asyncio.to_thread(
                    read_document,
                    self._root / relative,
                    relative,
                    base_url=self._options.base_url,
                    max_bytes=self._max_bytes,
                )
            else:
                yield SkippedDocument(
                    relative,
                    "Files of this type cannot be read. Save it in a supported format, "
                    "or exclude it to stop this message.",
                    kind_of(relative),
                )

        if unlisted:
            first, more = unlisted[0], len(unlisted) - 1
            others = f" So it is with {more} more." if more else ""
            raise SourceError(
                f"The folder {first.filename} cannot be read ({first.strerror}). "
                f"Give the bot's user the right to read it, or exclude it.{others}"
            ) from first

    def _paths(self, root: Path, unlisted: list[OSError]) -> list[str]:
        if not os.access(root, os.R_OK | os.X_OK):
            raise SourceError(
                f"The folder {root} is not there or may not be read. Check that its drive is "
                "mounted and the bot's user has the right to read it, or remove the source."
            )
        inside = root.resolve()
        include, exclude = self._options.include, self._options.exclude
        shown_dots = hidden_globs(include)
        found = []
        for folder, folders, files in os.walk(root, onerror=unlisted.append):
            below = Path(folder).relative_to(root)
            folders[:] = [
                name
                for name in folders
                if name not in NEVER
                and (not name.startswith(".") or shown_dots)
                and not matches((below / name).as_posix(), exclude)
            ]
            for name in files:
                relative = (below / name).as_posix()
                if is_wanted(relative, include, exclude) and _stays_in(root / relative, inside):
                    found.append(relative)
        return sorted(found)


def _as_text(path: str) -> str:
    """The path with what is no UTF-8 in it spelt out, as ``\\xe9``; else as it is."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _stays_in(path: Path, root: Path) -> bool:
    """Whether a file is below ``root``, wherever it is linked from; of a link to nothing, yes."""
    try:
        return not path.is_symlink() or not path.exists() or path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return True


def _recognise(typed: str) -> str | None:
    path = existing_path(typed)
    return str(path) if path.is_dir() else None


def _open(spec: SourceSpec, means: Means) -> FolderSource:
    options: FolderOptions = read_options(FolderOptions, spec.options)
    refuse_unlinked(options.base_url)
    return FolderSource(Path(spec.location), options, means.max_bytes)


KIND = Kind("a folder", _recognise, _open, FolderOptions)
