"""Where generations of the index can be kept: the port, and the data folder as a place.

A generation is a whole index with a number. A new one is filled beside the one that answers.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

from knowledge.errors import StoreError, remedy
from knowledge.stores.embedded import EmbeddedStore
from knowledge.stores.embedded_schema import LAYOUT
from knowledge.stores.port import ListedStore

_NUMBER = re.compile(r"passages(?:_v(\d+))?\.db")
_WRITTEN_BESIDE = ("", "-wal", "-shm")


class Place(Protocol):
    """Makes, opens and drops generations; all raise :class:`knowledge.errors.StoreError`."""

    @property
    def name(self) -> str:
        """As it is recorded and shown: ``embedded``, ``weaviate``."""
        ...

    @property
    def layout(self) -> str:
        """What decides how a generation that is made now keeps passages."""
        ...

    async def newest(self) -> int | None:
        """The generation to go on with where nothing is recorded; None if there is none."""
        ...

    async def found(self, number: int) -> str | None:
        """The layout of that generation, empty if nobody wrote it down; None if it is not there."""
        ...

    async def dimension(self, number: int) -> int | None:
        """Of that generation's vectors; None if it has none, or the place cannot tell."""
        ...

    async def open(self, number: int) -> ListedStore:
        """The generation, made if it is not there."""
        ...

    async def show(self, number: int) -> None:
        """Let others who look find this one, where the place has a name for the current one."""
        ...

    async def drop(self, number: int) -> None:
        """Take the generation away, if it is there."""
        ...


class EmbeddedPlace:
    """A data folder: one file for each generation, the first of which is ``passages.db``."""

    name = "embedded"
    layout = LAYOUT

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, number: int) -> Path:
        """The file of a generation."""
        return self._folder / ("passages.db" if number == 1 else f"passages_v{number}.db")

    async def newest(self) -> int | None:
        """The file of the highest number."""
        found = await asyncio.to_thread(lambda: [*self._folder.glob("passages*.db")])
        numbers = [_NUMBER.fullmatch(each.name) for each in found]
        return max((int(each[1] or 1) for each in numbers if each), default=None)

    async def found(self, number: int) -> str | None:
        """By the version that the file carries."""
        version = await asyncio.to_thread(self._read, self.path(number), "PRAGMA user_version")
        return None if version is None else LAYOUT.replace(LAYOUT.split()[0], str(version), 1)

    async def dimension(self, number: int) -> int | None:
        """That of its first vector."""
        return (
            await asyncio.to_thread(self._read, self.path(number), "SELECT dims FROM state") or None
        )

    async def open(self, number: int) -> ListedStore:
        """Open the file, or make it."""
        return await EmbeddedStore.open(self.path(number))

    async def show(self, number: int) -> None:
        """Nothing: nobody else looks into the folder."""

    async def drop(self, number: int) -> None:
        """Delete the file; who still reads it reads on."""
        await asyncio.to_thread(self._drop, self.path(number))

    def _read(self, path: Path, query: str) -> int | None:
        if not path.is_file():
            return None
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
                return int(db.execute(query).fetchone()[0])
        except sqlite3.Error as error:
            raise StoreError(
                f"The passage store {path} failed: {remedy(error) or error}."
            ) from error

    def _drop(self, path: Path) -> None:
        try:
            for ending in _WRITTEN_BESIDE:
                path.with_name(path.name + ending).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be deleted: {remedy(error) or error}.") from error
