"""How long it takes to read a handbook in, and to notice that nothing changed.

    python -m benchmarks.ingest --handbook DIR [--out FILE]

A copy of the 18F handbook's folder goes through the bot's own ingest three times: first, again
unchanged, and with a paragraph added to one document. The embedder's weights are loaded before
the clock starts. Seconds depend on the machine; the ratios to the first run hardly do.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import handbook
from benchmarks.results import write
from bot.database import open_database
from knowledge.catalog import Catalog
from knowledge.embedding import Embedder
from knowledge.ingest import Ingester
from knowledge.parsing.document import MAX_DOCUMENT_BYTES
from knowledge.sources import spec_for
from knowledge.sources.files import FolderSource
from knowledge.stores.embedded import EmbeddedStore

GOAL = 50
"""An unchanged folder is to be read again in at most one part in so many of the first time."""
AGAIN = 5
"""Unchanged runs, of which the median counts: they are short."""
CHANGED = "pages/18f/chapters/engineering.md"


async def measure(folder: Path, data: Path) -> dict[str, Any]:
    """All runs over ``folder``, which is changed."""
    engine = await open_database(f"sqlite:///{data / 'state.db'}")
    store = await EmbeddedStore.open(data / "passages.db")
    catalog = Catalog(engine)
    embedder = Embedder()
    ingester = Ingester(catalog, store, embedder, max_bytes=MAX_DOCUMENT_BYTES)
    spec = spec_for(str(folder))
    await catalog.save_source(spec, datetime.now(UTC))

    async def run() -> dict[str, Any]:
        source = FolderSource(spec, MAX_DOCUMENT_BYTES)
        start = time.perf_counter()
        report = await ingester.run(spec, source)
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
        first = await run()
        peak = peak_mib()
        again = sorted([await run() for _ in range(AGAIN)], key=lambda each: each["seconds"])
        unchanged = again[AGAIN // 2]
        with (folder / CHANGED).open("a", encoding="utf-8") as document:
            document.write("\n\nThe kettle is descaled on the first Friday of the month.\n")
        changed = await run()
        passages = await store.count()
    finally:
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
        "peak_mib": round(peak),
        "peak_mib_before": round(loaded),
    }


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
        f"Goal: unchanged at most 1:{report['goal_unchanged_to_first']}."
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
