"""What files that are made to stop or starve the bot cost it: time, memory, and how they end.

    python -m benchmarks.hostile [--only NAME ...] [--out FILE]

Each is read as ingest reads it, in a new process with the bot's own bounds. The seconds include
sending the file there; the memory is the most that the process had resident.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.handbook import WEIGHTS
from benchmarks.results import write
from knowledge.documents.pool import MAX_MEMORY, MAX_SECONDS, ReaderPool
from knowledge.documents.reading import RawFile
from knowledge.embedding.local import LocalEmbedder
from knowledge.embedding.packaged import packaged_embedder
from knowledge.errors import DocumentSkipped
from tests.kit.hostile import HOSTILE

_SAMPLED_EVERY = 0.02
"""Seconds between two looks at a process's memory: it may be gone at the next one."""


class Watch:
    """The most memory that this process's children had resident, in MiB; Linux only."""

    def __enter__(self) -> Watch:
        self.peak = 0.0
        self._done = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_SAMPLED_EVERY):
            for task in Path("/proc/self/task").iterdir():
                try:
                    for child in (task / "children").read_text().split():
                        status = Path(f"/proc/{child}/status").read_text()
                        _, _, after = status.partition("VmHWM:")
                        self.peak = max(self.peak, int(after.split()[0]) / 1024 if after else 0)
                except OSError:  # ended meanwhile
                    continue


async def measure(names: Sequence[str]) -> list[dict[str, Any]]:
    """One row for each file."""
    embedder = LocalEmbedder(packaged_embedder(WEIGHTS))
    rows = []
    for name in names:
        content = HOSTILE[name]()
        pool = ReaderPool(embedder.counter)
        await pool.read(RawFile("a.md", b"Tea is at four."))
        start = time.perf_counter()
        with Watch() as watch:
            try:
                read = await pool.read(RawFile(name, content))
                ended = f"read, {len(read.pieces)} pieces"
            except DocumentSkipped as skipped:
                ended = skipped.reason
            seconds = time.perf_counter() - start
        pool.close()
        rows.append(
            {
                "file": name,
                "bytes": len(content),
                "seconds": round(seconds, 2),
                "peak_mib": round(watch.peak),
                "ended": ended,
            }
        )
        print(f"{name}: {seconds:.1f} s, {watch.peak:.0f} MiB, {ended[:60]}", flush=True)
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser("hostile", description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(HOSTILE), choices=list(HOSTILE))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = asyncio.run(measure(given.only))
    table = Table("file", "bytes", "seconds", "MiB", "ended")
    for row in sorted(rows, key=lambda row: -row["seconds"]):
        table.add_row(*(str(row[key]) for key in ("file", "bytes", "seconds", "peak_mib", "ended")))
    Console(width=120).print(table)
    report = {
        "files": len(rows),
        "limit_seconds": MAX_SECONDS,
        "limit_mib": MAX_MEMORY // 2**20,
        "worst_seconds": max(row["seconds"] for row in rows),
        "worst_mib": max(row["peak_mib"] for row in rows),
        "read": sum(row["ended"].startswith("read") for row in rows),
        "rows": rows,
    }
    print(write("hostile", report, given.out).name)


if __name__ == "__main__":
    main()
