"""How long it takes to read a handbook in, and to notice that nothing changed.

    python -m benchmarks.ingest --handbook DIR [--out FILE]

A copy of the 18F handbook's folder goes through the bot's own ingest three times: first, again
unchanged, and with a paragraph added to one document. The embedder's weights are loaded before
the clock starts. Before that it is read into other data folders, in turns with the files parsed in
this process and in one apart that bounds what they may take. Seconds depend on the machine; the
ratios to the first run hardly do.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import handbook
from benchmarks.handbook import WEIGHTS
from benchmarks.results import write
from knowledge.documents.pool import ReaderPool
from knowledge.documents.reading import CountTokens, RawFile, ReadFile, read_file
from knowledge.embedding.local import LocalEmbedder
from knowledge.embedding.packaged import packaged_embedder
from knowledge.library.library import Library
from knowledge.parsing.document import MAX_DOCUMENT_BYTES
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.web.client import GuardedClient

GOAL = 50
"""An unchanged folder is to be read again in at most one part in so many of the first time."""
AGAIN = 5
"""Unchanged runs, of which the median counts: they are short."""
PAIRS = 2
CHANGED = "pages/18f/chapters/engineering.md"


async def measure(folder: Path, data: Path) -> dict[str, Any]:
    """All runs over ``folder``, which is changed."""
    engine = await open_database(f"sqlite:///{data / 'state.db'}")
    store = await EmbeddedStore.open(data / "passages.db")
    embedder = LocalEmbedder(packaged_embedder(WEIGHTS))
    reader = ReaderPool(embedder.counter)
    client = GuardedClient()
    means = Means(client, MAX_DOCUMENT_BYTES)
    library = Library(engine, store, embedder, reader, means)

    async def run() -> dict[str, Any]:
        start = time.perf_counter()
        _, report = await library.add(str(folder))
        seconds = time.perf_counter() - start
        if report.error:
            raise SystemExit(report.error)
        return {
            "seconds": round(seconds, 3),
            "added": report.added,
            "changed": report.changed,
            "removed": report.removed,
            "unchanged": report.unchanged,
            "skipped": len(report.skipped),
        }

    try:
        await embedder.warm_up()
        loaded = peak_mib()
        pairs = [await sides(folder, embedder, number) for number in range(PAIRS)]
        first = await run()
        peak = peak_mib()
        again = sorted([await run() for _ in range(AGAIN)], key=lambda each: each["seconds"])
        unchanged = again[AGAIN // 2]
        with (folder / CHANGED).open("a", encoding="utf-8") as document:
            document.write("\n\nThe kettle is descaled on the first Friday of the month.\n")
        changed = await run()
        passages = await store.count()
    finally:
        reader.close()
        await store.close()
        await engine.dispose()
    return {
        "documents": first["added"],
        "passages": passages,
        "first": first,
        "unchanged": unchanged,
        "one_changed": changed,
        "documents_per_minute": round(first["added"] / first["seconds"] * 60),
        "passages_per_second": round(passages / first["seconds"], 1),
        "unchanged_to_first": ratio(first, unchanged),
        "one_changed_to_first": ratio(first, changed),
        "goal_unchanged_to_first": GOAL,
        "start_of_a_reading_process_seconds": round(await start_up(embedder), 2),
        "here_seconds": [here for here, _ in pairs],
        "apart_seconds": [apart for _, apart in pairs],
        "apart_to_here": round(median(apart / here for here, apart in pairs), 2),
        "peak_mib": round(peak),
        "peak_mib_before": round(loaded),
    }


class Here:
    """Reads files in a thread of this process, unbounded: what the bounds are compared with."""

    def __init__(self, count_tokens: CountTokens) -> None:
        self._count_tokens = count_tokens

    async def read(self, file: RawFile) -> ReadFile:
        """As :class:`FileReader` does."""
        return await asyncio.to_thread(read_file, file, self._count_tokens)


async def sides(folder: Path, embedder: LocalEmbedder, number: int) -> tuple[float, float]:
    """Seconds of a first run that reads files here, and of one that does so in a process apart.

    Which is the first of the two changes with ``number``.
    """
    seconds: dict[bool, float] = {}
    for is_apart in (False, True) if number % 2 else (True, False):
        pool = ReaderPool(embedder.counter)
        with tempfile.TemporaryDirectory() as data:
            engine = await open_database(f"sqlite:///{data}/state.db")
            store = await EmbeddedStore.open(Path(data) / "passages.db")
            reader = pool if is_apart else Here(embedder.counter)
            async with GuardedClient() as client:
                means = Means(client, MAX_DOCUMENT_BYTES)
                library = Library(engine, store, embedder, reader, means)
                start = time.perf_counter()
                await library.add(str(folder))
                seconds[is_apart] = round(time.perf_counter() - start, 2)
            pool.close()
            await store.close()
            await engine.dispose()
    return seconds[False], seconds[True]


async def start_up(embedder: LocalEmbedder) -> float:
    """Seconds from nothing to a process that has read a first, short file."""
    pool = ReaderPool(embedder.counter)
    start = time.perf_counter()
    await pool.read(RawFile("a.md", b"Tea is at four."))
    seconds = time.perf_counter() - start
    pool.close()
    return seconds


def ratio(first: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How many times as long as ``other`` the first run took."""
    return round(float(first["seconds"] / other["seconds"]), 1)


def peak_mib() -> float:
    """The most memory that this process has had resident so far."""
    return mib(resource.getrusage(resource.RUSAGE_SELF))


def mib(usage: resource.struct_rusage) -> float:
    """The most memory resident, in MiB; systems count in bytes or KiB."""
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def show(report: Mapping[str, Any]) -> None:
    """Print the runs as a table."""
    table = Table("run", "seconds", "first run : this", "added", "changed", "unchanged", "skipped")
    ratios = {"first": 1, "unchanged": report["unchanged_to_first"]}
    ratios["one_changed"] = report["one_changed_to_first"]
    for name, times in ratios.items():
        run = report[name]
        counts = (str(run[key]) for key in ("added", "changed", "unchanged", "skipped"))
        table.add_row(name.replace("_", " "), f"{run['seconds']:.2f}", f"{times} : 1", *counts)
    console = Console(width=100)
    console.print(table)
    console.print(
        f"First run: {report['documents_per_minute']} documents a minute, "
        f"{report['passages_per_second']} passages a second; peak {report['peak_mib']} MiB "
        f"({report['peak_mib_before']} MiB with the embedder loaded). "
        f"Goal: unchanged at most 1:{report['goal_unchanged_to_first']}. "
        f"Parsed in a process apart, the first run takes {report['apart_to_here']} of the time "
        f"that it takes here; such a process starts in "
        f"{report['start_of_a_reading_process_seconds']} s."
    )


def main() -> None:
    """Measure, print, write."""
    given = handbook.argument_parser("ingest", __doc__).parse_args()
    with tempfile.TemporaryDirectory() as data:
        folder = Path(data) / "handbook"
        shutil.copytree(given.handbook / "handbook", folder)
        # The copy is changed, whatever the rights of the original are.
        (folder / CHANGED).chmod(0o644)
        report = asyncio.run(measure(folder, Path(data)))
    show(report)
    print(write("ingest", report, given.out).name)


if __name__ == "__main__":
    main()
