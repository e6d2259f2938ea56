"""How fast a website is read, and read again when nothing, or one page in a hundred, has changed.

    python -m benchmarks.crawl [--pages 10000] [--out FILE]

A site of so many pages with ETags is made up and served by a process of its own on the loopback
interface; each page has some 60 words, a heading, and links to ten others. It goes through the
bot's own crawl, parsing, catalog and store four times: first, again unchanged (three times, the
median counts), and with one page in a hundred changed. In place of the embedder stands one that
counts texts and gives each a random vector: what is measured is everything but embedding, of which
the unchanged run must do none. Seconds of the processor are those of this process alone.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.results import write
from knowledge.documents.pool import ReaderPool
from knowledge.documents.reading import CountTokens
from knowledge.library.library import Library
from knowledge.parsing.document import MAX_DOCUMENT_BYTES
from knowledge.sources.port import Means
from knowledge.state.database import open_database
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import Vector
from knowledge.web.client import GuardedClient
from tests.kit.word_embedder import count_words

GOAL_SECONDS = 10
"""For 10,000 unchanged pages."""
AGAIN = 3
_FANOUT = 10
_WORDS = 60
_DIMENSION = 768
_ONE_IN = 100


class Counting:
    """Gives every text a vector of random numbers, and counts."""

    name = "counting"
    dimension = _DIMENSION

    def __init__(self) -> None:
        self.texts = 0
        self._random = np.random.default_rng(1)

    @property
    def counter(self) -> CountTokens:
        """Counts words."""
        return count_words

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each."""
        self.texts += len(texts)
        rows = self._random.standard_normal((len(texts), _DIMENSION), np.float32)
        lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        unit: NDArray[np.float32] = np.asarray(rows / lengths, np.float32)
        return unit

    async def embed_question(self, text: str) -> Vector:
        """Not asked here."""
        only: Vector = (await self.embed_passages([text]))[0]
        return only

    async def warm_up(self) -> None:
        """Nothing is to be loaded."""

    def close(self) -> None:
        """Nothing is to be let go of."""


async def measure(pages: int, data: Path) -> dict[str, Any]:
    """All runs over a site of that size."""
    site = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.crawl", "--serve", str(pages)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert site.stdout is not None  # noqa: S101 - it was asked for
    place = f"http://127.0.0.1:{int(await site.stdout.readline())}/"
    engine = await open_database(f"sqlite:///{data / 'state.db'}")
    store = await EmbeddedStore.open(data / "passages.db")
    embedder = Counting()
    reader = ReaderPool(embedder.counter)
    client = GuardedClient(allow=["127.0.0.1"])
    library = Library(engine, store, embedder, reader, Means(client, MAX_DOCUMENT_BYTES))

    async def run() -> dict[str, Any]:
        embedder.texts = 0
        start, cpu = time.perf_counter(), time.process_time()
        _, report = await library.add(place, kind="website", options={"max_pages": pages})
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
        if report.error or report.skipped:
            raise SystemExit(report.error or str(report.skipped))
        return {
            "seconds": round(seconds, 2),
            "processor_seconds": round(used, 2),
            "pages_per_second": round(pages / seconds),
            "added": report.added,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "embedded": embedder.texts,
            "peak_mib": round(peak_mib()),
        }

    try:
        before = peak_mib()
        first = await run()
        again = sorted([await run() for _ in range(AGAIN)], key=lambda each: each["seconds"])
        await client.get(f"{place}change")
        changed = await run()
    finally:
        site.terminate()
        await site.wait()
        reader.close()
        await client.aclose()
        await store.close()
        await engine.dispose()
    return {
        "pages": pages,
        "first": first,
        "unchanged": again[AGAIN // 2],
        "one_in_a_hundred_changed": changed,
        "goal_unchanged_seconds": GOAL_SECONDS,
        "peak_mib_before": round(before),
    }


def peak_mib() -> float:
    """The most memory that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Site(asyncio.Protocol):
    """Answers requests for made-up pages; one connection."""

    pages = 0
    version = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connects."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is one of TCP
        self._transport = transport
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        """Answer what has been asked in full."""
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, _, self._heard = self._heard.partition(b"\r\n\r\n")
            self._transport.write(self._answer(head))

    @classmethod
    def _answer(cls, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1].decode()
        if path == "/change":
            cls.version += 1
            return _http(b"200 OK", b"")
        digits = "0" if path == "/" else path.removeprefix("/p")
        number = int(digits) if digits.isdecimal() else cls.pages
        if not 0 <= number < cls.pages:
            return _http(b"404 Not Found", b"")
        version = cls.version if number % _ONE_IN == _ONE_IN - 1 else 1
        tag = b'ETag: "%d-%d"\r\n' % (number, version)
        if tag.split(b" ", 1)[1].strip() in head:
            return b"HTTP/1.1 304 Not Modified\r\n" + tag + b"\r\n"
        return _http(b"200 OK", _page(number, version, cls.pages), tag)


def _page(number: int, version: int, pages: int) -> bytes:
    chance = random.Random(number * 1000 + version)
    words = " ".join(f"w{chance.randrange(5000)}" for _ in range(_WORDS))
    first = number * _FANOUT + 1
    links = "".join(f'<li><a href="/p{n}">{n}</a>' for n in range(first, min(first + 10, pages)))
    return (
        f"<html><head><title>Page {number}</title></head><body><nav><ul>{links}</ul></nav>"
        f"<main><h1>Page {number}</h1><p>{words}.</p></main></body></html>"
    ).encode()


def _http(status: bytes, body: bytes, head: bytes = b"") -> bytes:
    kind = b"Content-Type: text/html\r\n"
    size = b"Content-Length: %d\r\n\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + kind + head + size + body


async def serve(pages: int) -> None:
    """Serve the site until the process ends; its port goes to standard output."""
    Site.pages = pages
    server = await asyncio.get_running_loop().create_server(Site, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Measure, show and keep the figures."""
    given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    if "--serve" in given:
        asyncio.run(serve(int(given["--serve"])))
        return
    with tempfile.TemporaryDirectory() as data:
        figures = asyncio.run(measure(int(given.get("--pages", "10000")), Path(data)))
    table = Table(title=f"A website of {figures['pages']:,} pages")
    for column in ("", "seconds", "of the processor", "pages a second", "embedded", "peak MiB"):
        table.add_column(column, justify="right" if column else "left")
    for name in ("first", "unchanged", "one_in_a_hundred_changed"):
        run = figures[name]
        shown = (run["seconds"], run["processor_seconds"], run["pages_per_second"])
        table.add_row(name, *map(str, shown), str(run["embedded"]), str(run["peak_mib"]))
    Console().print(table)
    write("crawl", figures, Path(given["--out"]) if "--out" in given else None)


if __name__ == "__main__":
    main()
