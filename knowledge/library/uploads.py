"""Files that admins hand over where they talk: laid aside in the data folder, to be sources."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from knowledge.errors import DocumentSkipped, SourceError
from knowledge.library.attachment_files import fetch_file, tidy_name
from knowledge.sources.port import Means
from knowledge.types import Attachment

_UPLOAD = "upload:"


class Uploads:
    """The folder. Each file has one of its own by its content, so the same is laid there once."""

    def __init__(self, folder: Path, means: Means) -> None:
        self._folder = folder
        self._means = means

    async def save(self, file: Attachment) -> Path:
        """Fetch a file; where it lies. Raises :class:`SourceError`, saying what to do."""
        name = tidy_name(file.name)
        if file.content is not None:
            content = file.content
            if len(content) > self._means.max_bytes:
                most = f"{self._means.max_bytes / 2**20:.2g} MB"
                raise SourceError(f"{name} is larger than the {most} that are read.")
        else:
            try:
                content, _ = await fetch_file(
                    self._means.client,
                    name,
                    file,
                    self._means.max_bytes,
                    recognises=self._means.recognises,
                )
            except DocumentSkipped as skipped:
                raise SourceError(f"{name} cannot be added. {skipped.reason}") from skipped
        return await asyncio.to_thread(self._write, name, content)

    def holds(self, location: str) -> bool:
        """Whether a location is that of an upload."""
        path = Path(location)
        return path.is_absolute() and self._folder.resolve() in path.resolve().parents

    def named(self, location: str) -> str:
        """A location as lists have it: an upload's tells nothing of the machine."""
        path = Path(location)
        return f"{_UPLOAD}{path.parent.name}/{path.name}" if self.holds(location) else location

    def located(self, named: str) -> str:
        """The location that was written so."""
        if not named.startswith(_UPLOAD):
            return named
        return str(self._folder.resolve() / named.removeprefix(_UPLOAD))

    async def drop(self, location: str) -> None:
        """Drop one, if it is one."""
        if self.holds(location):
            await asyncio.to_thread(_drop, Path(location))

    async def tidy(self, wanted: Collection[str]) -> int:
        """Drop all that are not among these locations; returns how many went."""
        return await asyncio.to_thread(self._tidy, wanted)

    def _write(self, name: str, content: bytes) -> Path:
        digest = hashlib.sha256(content).hexdigest()[:16]
        path = self._folder.resolve() / digest / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{name[:100]}.{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(path)
        return path

    def _tidy(self, wanted: Collection[str]) -> int:
        keep = {Path(each).parent.name for each in wanted if self.holds(each)}
        if not self._folder.is_dir():
            return 0
        gone = [each for each in self._folder.iterdir() if each.name not in keep]
        for each in gone:
            shutil.rmtree(each, ignore_errors=True)
        return len(gone)


def _drop(path: Path) -> None:
    path.unlink(missing_ok=True)
    with suppress(OSError):  # the same file under another name is there as well
        path.parent.rmdir()
