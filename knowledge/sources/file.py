"""One file of the disk as a source."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import SourceError
from knowledge.sources.disk import PUBLISHED, existing_path, read_document, refuse_unlinked
from knowledge.sources.options import option, read_options
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
class FileOptions:
    """What an admin may set."""

    base_url: str = option("", PUBLISHED)
    ocr: bool = option(False, OCR_HELP)


class FileSource:
    """One file; its document is called as the file is."""

    def __init__(self, path: Path, options: FileOptions, max_bytes: int) -> None:
        """``max_bytes`` bounds what is read of the file."""
        self._path = path
        self._options = options
        self._max_bytes = max_bytes

    async def check(self) -> None:
        """That it is there was seen when it was recognised."""

    async def documents(
        self, known: Mapping[str, Validators]
    ) -> AsyncIterator[RawDocument | SkippedDocument]:
        """The file under its name; nothing if it is gone but its folder is still there."""
        if await asyncio.to_thread(_is_there, self._path):
            yield await asyncio.to_thread(
                read_document,
                self._path,
                self._path.name,
                base_url=self._options.base_url,
                max_bytes=self._max_bytes,
            )


def _is_there(path: Path) -> bool:
    try:
        names = os.listdir(path.parent)
    except OSError as error:
        raise SourceError(
            f"The folder of {path} is not there or may not be read ({error.strerror}). Check that "
            "its drive is mounted and the bot's user has the right to read it."
        ) from error
    return path.name in names


def _recognise(typed: str) -> str | None:
    return str(existing_path(typed))


def _open(spec: SourceSpec, means: Means) -> FileSource:
    options: FileOptions = read_options(FileOptions, spec.options)
    refuse_unlinked(options.base_url)
    return FileSource(Path(spec.location), options, means.max_bytes)


KIND = Kind("a file", _recognise, _open, FileOptions)
