"""No document stops or starves a source: each is read or skipped, and its neighbours are read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from time import sleep

import pytest

from knowledge.documents.pool import ReaderPool
from knowledge.documents.reading import RawFile, read_file
from knowledge.embedding.tokens import TokenCounter
from knowledge.errors import DocumentSkipped, KnowledgeError
from tests.kit.hostile import HOSTILE
from tests.kit.library import Library, opened_library
from tests.kit.word_embedder import WordCounter, count_words

SHORT = 0.8
"""Seconds: a hostile file may take all of them, a test must not."""


DOZED: list[str] = []


class Treacherous(WordCounter):
    """Counts words, but does on some what a broken library does."""

    def __call__(self, text: str, /) -> int:
        return treacherous(text)


def treacherous(text: str) -> int:
    if "hang" in text:
        while True:
            pass
    if "doze" in text and not DOZED:
        DOZED.append(text)
        sleep(SHORT + 0.1)
    if "crash" in text:
        os.abort()
    if "hog" in text:
        return len(bytearray(2**40))
    if "fall" in text:
        return treacherous(text)
    if "raise" in text:
        raise ZeroDivisionError
    return count_words(text)


class AtOnce(Timer):
    """A timer that does not wait."""

    def __init__(self, _seconds: float, function: Callable[[], None]) -> None:
        super().__init__(0, function)


@pytest.fixture
def pool() -> Iterator[ReaderPool]:
    opened = ReaderPool(Treacherous())
    yield opened
    opened.close()


async def read(pool: ReaderPool, text: str) -> str:
    """Its only piece, or why it is skipped."""
    try:
        found = await pool.read(RawFile("a.md", text.encode()))
    except DocumentSkipped as skipped:
        return skipped.reason
    (piece,) = found.pieces
    return piece.text


async def test_more_sections_than_anybody_writes_are_not_embedded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("knowledge.documents.reading.MAX_PIECES", 3)
    with pytest.raises(DocumentSkipped, match=r"has 4 sections, more than the 3"):
        read_file(RawFile("a.md", b"# A\n\nb\n\n# C\n\nd\n\n# E\n\nf\n\n# G\n\nh\n"), count_words)


class TestProcess:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("crash", "crashed its parser"),
            ("hog", "1 GB of memory"),
            ("fall", "nested too deeply"),
            ("raise", "cannot be read (ZeroDivisionError)"),
        ],
    )
    async def test_whatever_reading_does_skips_this_file_only(
        self, pool: ReaderPool, text: str, reason: str
    ) -> None:
        assert await read(pool, "Apples.") == "Apples."
        assert reason in await read(pool, text)
        assert await read(pool, "Bikes.") == "Bikes."

    async def test_a_file_that_takes_too_long_is_skipped(self) -> None:
        timers: Iterator[type[Timer]] = iter([Timer, AtOnce, Timer])
        pool = ReaderPool(Treacherous(), timer=lambda *given: next(timers)(*given))
        assert await read(pool, "Apples.") == "Apples."
        assert "longer than 60 seconds" in await read(pool, "hang")
        assert await read(pool, "Bikes.") == "Bikes."
        pool.close()

    async def test_one_process_reads_file_after_file(self) -> None:
        pool = ReaderPool(TellProcess())
        models = b"x" * (360 * 2**20)  # the bot's own size counts for nothing
        told = {await read(pool, "Text.") for _ in range(3)}
        assert len(told) == 1
        assert told.pop().startswith("Read by")
        del models
        pool.close()

    async def test_files_at_the_same_time_are_not_mixed_up(self) -> None:
        pool = ReaderPool(count_words, size=2)
        names = [f"Text {number}." for number in range(20)]
        assert await asyncio.gather(*(read(pool, name) for name in names)) == names
        assert len(pool._workers) <= 2
        pool.close()

    async def test_it_knows_no_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
        pool = ReaderPool(TellSecrets())
        with pytest.raises(DocumentSkipped, match=r"Tokens: \[\]"):
            await pool.read(RawFile("a.md", b"Text."))
        pool.close()

    async def test_a_tokenizer_that_is_broken_is_no_fault_of_the_file(self, tmp_path: Path) -> None:
        pool = ReaderPool(TokenCounter(tmp_path))
        with pytest.raises(KnowledgeError, match="cannot be loaded"):
            await pool.read(RawFile("a.md", b"Text."))
        pool.close()


class TellProcess(WordCounter):
    """Says which process it is."""

    def __call__(self, text: str, /) -> int:
        if text:
            raise DocumentSkipped(f"Read by {os.getpid()}.")
        return 0


class TellSecrets(WordCounter):
    """Says which secrets it sees."""

    def __call__(self, text: str, /) -> int:
        if text:
            raise DocumentSkipped(f"Tokens: {[name for name in os.environ if 'TOKEN' in name]}.")
        return 0


@pytest.fixture(scope="module")
def bounded() -> Iterator[ReaderPool]:
    opened = ReaderPool(Treacherous(), seconds=SHORT)
    yield opened
    opened.close()


class TestTime:
    async def test_a_file_that_keeps_the_processor_too_long_is_skipped(
        self, bounded: ReaderPool
    ) -> None:
        assert f"longer than {SHORT:g} seconds" in await read(bounded, "hang")

    async def test_what_a_busy_machine_takes_away_is_none_of_it(self, bounded: ReaderPool) -> None:
        await read(bounded, "Apples.")  # starts the process
        assert await read(bounded, "doze") == "doze"


class TestHostile:
    @pytest.mark.parametrize("name", HOSTILE)
    async def test_it_is_read_or_skipped_with_its_reason(
        self, bounded: ReaderPool, name: str
    ) -> None:
        try:
            found = await bounded.read(RawFile(name, HOSTILE[name]()))
        except DocumentSkipped as skipped:
            assert skipped.reason.endswith((".", "?"))
        else:
            assert found.pieces

    async def test_a_source_full_of_them_is_read_to_its_end(self, tmp_path: Path) -> None:
        async with opened_library(tmp_path / "data", tmp_path / "docs") as library:
            self.fill(library)
            report = await library.read()
            assert report.error is None
            assert await library.found("apples") == ["aaa.md"]
            assert await library.found("zebras") == ["zzz.md"]
            assert "caf\\xe9.md" in report.skipped
            assert "UTF-8" in report.skipped["caf\\xe9.md"]
            assert (await library.read()).unchanged == 2 + len(self.READ)

    READ = ("merges.md", "hexadecimal.md")

    def fill(self, library: Library) -> None:
        library.write(aaa="Apples first.", zzz="Zebras last.")
        for name in ("div-in-table.md", "nested.md", "circle.pdf", "far-row.xlsx", *self.READ):
            content = HOSTILE[name]()
            (library.folder / name).write_bytes(content)
        with open(os.fsencode(library.folder) + b"/caf\xe9.md", "wb") as file:
            file.write(b"Coffee.")
