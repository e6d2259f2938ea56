"""A reader whose readings are noted on the way of the question that they are made for."""

from __future__ import annotations

from collections.abc import Sequence

from bot.journey import stage
from knowledge.retrieval.reader import ReadableText, Reader, Reading


class TimedReader:
    """Reads by another; knowledge does not know of conversations, so it is noted from here."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def name(self) -> str:
        """As the other's."""
        return self._reader.name

    async def read(self, question: str, passages: Sequence[ReadableText]) -> list[Reading]:
        """See :class:`knowledge.retrieval.reader.Reader`."""
        with stage("read"):
            return await self._reader.read(question, passages)

    async def warm_up(self) -> None:
        """See :class:`knowledge.retrieval.reader.Reader`."""
        await self._reader.warm_up()

    def close(self) -> None:
        """See :class:`knowledge.retrieval.reader.Reader`."""
        self._reader.close()
