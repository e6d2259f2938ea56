"""How quick the embedded store is, and what memory it takes.

    python -m benchmarks.store [--sizes 10000 100000] [--texts FOLDER] [--out FILE]

For each size: hybrid search (k=10, any of 6 principals), a search right after a write, replacing a
document of 100 passages, and the private memory that a fresh process needs to search. The baseline
of the same run is plain numpy on one thread, like the store's own: the product of all vectors with
the query and its ten largest, with no filter, no words and no texts. (Two threads would wait for
each other whenever the processors are busy, and the baseline would be noise.)

Vectors are random unit vectors of 768 dimensions, as the packaged embedder's are. Texts are drawn
from a Zipf vocabulary whose commonest words are the English stop words, or from the .md files in
``--texts``.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.results import write
from knowledge.stores.embedded import EmbeddedStore
from knowledge.text.stopwords import STOP_WORDS
from knowledge.types import PUBLIC, EmbeddedPassage, Passage

DIMS = 768
K = 10
ALPHA = 0.5
PER_DOCUMENT = 100
QUERIES = 200
WRITES = 30
WARM_UP = 10
WORDS_PER_PASSAGE = 120
WORDS_PER_QUERY = 9
VOCABULARY = 30_000
ZIPF_EXPONENT = 1.07
"""Word frequencies of English text fall about with rank to this power."""

PUBLIC_SHARE = 0.6
ROLES = 60
ACCESS_LISTS = 500
SEED = 7

Texts = Iterator[str]


def zipf_words(rng: np.random.Generator) -> Callable[[int], str]:
    """Draw texts of n words; the commonest are stop words, the others made up."""
    common = sorted(STOP_WORDS)
    words = np.array(common + [f"term{n}" for n in range(VOCABULARY - len(common))])
    shares = np.cumsum(1 / np.arange(1, VOCABULARY + 1) ** ZIPF_EXPONENT)
    shares /= shares[-1]
    return lambda n: " ".join(words[np.searchsorted(shares, rng.random(n))])


def real_passages(folder: Path) -> list[str]:
    """Paragraph after paragraph of the .md files, cut to about WORDS_PER_PASSAGE words."""
    words = [
        word
        for file in sorted(folder.rglob("*.md"))
        for word in file.read_text(encoding="utf-8", errors="replace").split()
    ]
    if not words:
        raise SystemExit(f"No .md files with text in {folder}.")
    starts = range(0, len(words), WORDS_PER_PASSAGE)
    return [" ".join(words[start : start + WORDS_PER_PASSAGE]) for start in starts]


def unit_vectors(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Shape ``(count, DIMS)``."""
    vectors = rng.standard_normal((count, DIMS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


class Corpus:
    """Makes documents and queries, the same for the same seed."""

    def __init__(self, size: int, folder: Path | None) -> None:
        self.rng = np.random.default_rng(SEED)
        self.vectors = unit_vectors(self.rng, size)
        draw = zipf_words(self.rng)
        if folder is None:
            self._texts: Texts = (draw(WORDS_PER_PASSAGE) for _ in cycle([0]))
            self.queries = [draw(WORDS_PER_QUERY) for _ in range(QUERIES)]
        else:
            passages = real_passages(folder)
            self._texts = cycle(passages)
            picked = self.rng.choice(len(passages), size=QUERIES)
            self.queries = [
                " ".join(re.findall(r"\w+", passages[one])[:WORDS_PER_QUERY]) for one in picked
            ]
        roles = [f"role:{n}" for n in range(ROLES)]
        self._lists = [
            frozenset(map(str, self.rng.choice(roles, size=self.rng.integers(1, 5))))
            for _ in range(ACCESS_LISTS)
        ]

    def document(self, number: int, vectors: NDArray[np.float32]) -> list[EmbeddedPassage]:
        """One document's passages, each readable for everybody or for a few roles."""
        texts = islice(self._texts, len(vectors))
        return [
            EmbeddedPassage(
                Passage(
                    id=str(UUID(int=int(self.rng.integers(2**62)) << 64 | number << 32 | at)),
                    source="benchmark",
                    document=f"{number}.md",
                    title=f"Document {number}",
                    headings=(f"Part {at}",),
                    position=at,
                    url=f"https://intra.example/{number}#{at}",
                    text=text,
                    access=self._access(),
                ),
                vector,
            )
            for at, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        ]

    def principals(self) -> frozenset[str]:
        """Somebody with five roles, and everybody's principal."""
        roles = self.rng.choice(ROLES, size=5, replace=False)
        return frozenset({PUBLIC, *(f"role:{n}" for n in roles)})

    def _access(self) -> frozenset[str]:
        if self.rng.random() < PUBLIC_SHARE:
            return frozenset({PUBLIC})
        return self._lists[self.rng.integers(ACCESS_LISTS)]


def memory_mib() -> float:
    """This process's private memory; without the file pages that the system can take back."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("Memory can be read on Linux only.")


def memory_to_search(path: Path, queries: list[str]) -> float:
    """What opening the store and searching adds to a process; run it in one of its own."""

    async def search() -> float:
        before = memory_mib()
        store = await EmbeddedStore.open(path)
        vectors = unit_vectors(np.random.default_rng(SEED), len(queries))
        for text, vector in zip(queries, vectors, strict=True):
            await store.search(text, vector, frozenset({PUBLIC}), K, alpha=ALPHA)
        used = memory_mib() - before
        await store.close()
        return used

    return asyncio.run(search())


async def milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    await work()
    return (time.perf_counter() - start) * 1000


def summary(times: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    p50, p95 = np.percentile(times, [50, 95])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def baseline(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> dict[str, float]:
    """Plain numpy: all cosines and the ten largest."""
    times = []
    with threadpool_limits(limits=1, user_api="blas"):
        for query in queries:
            start = time.perf_counter()
            cosines = vectors @ query
            best = np.argpartition(cosines, -K)[-K:]
            best[np.argsort(-cosines[best])]
            times.append((time.perf_counter() - start) * 1000)
    return summary(times[WARM_UP:])


async def measure(size: int, folder: Path | None) -> dict[str, Any]:
    """All figures for one size."""
    corpus = Corpus(size, folder)
    questions = unit_vectors(corpus.rng, QUERIES)
    plain = baseline(corpus.vectors, questions)
    with tempfile.TemporaryDirectory() as data:
        path = Path(data) / "passages.sqlite"
        store = await EmbeddedStore.open(path)

        def put(number: int, vectors: NDArray[np.float32]) -> Callable[[], Awaitable[object]]:
            document = corpus.document(number, vectors)
            return lambda: store.replace("benchmark", f"{number}.md", document)

        build = 0.0
        for number, first in enumerate(range(0, size, PER_DOCUMENT)):
            vectors = corpus.vectors[first : first + PER_DOCUMENT]
            build += await milliseconds(put(number, vectors)) / 1000

        def ask(n: int) -> Callable[[], Awaitable[object]]:
            principals = corpus.principals()
            return lambda: store.search(corpus.queries[n], questions[n], principals, K, alpha=ALPHA)

        load = await milliseconds(ask(0))
        searches = [await milliseconds(ask(n)) for n in range(QUERIES)]
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            memory = fresh.submit(memory_to_search, path, corpus.queries[:20]).result()
        writes, after = [], []
        for n in range(WRITES):
            writes.append(await milliseconds(put(n, unit_vectors(corpus.rng, PER_DOCUMENT))))
            after.append(await milliseconds(ask(n)))
        await store.close()
        size_mib = sum(file.stat().st_size for file in path.parent.iterdir()) / 2**20
    hybrid = summary(searches[WARM_UP:])
    return {
        "passages": size,
        "hybrid": hybrid,
        "plain_numpy": plain,
        "hybrid_to_plain_numpy": round(hybrid["p50_ms"] / plain["p50_ms"], 2),
        "hybrid_after_a_write": summary(after),
        "replace_100": summary(writes),
        "first_search_ms": round(load, 1),
        "build_s": round(build, 1),
        "memory_mib": round(memory, 1),
        "file_mib": round(size_mib, 1),
    }


def show(measured: list[dict[str, Any]]) -> None:
    """Print the figures as a table."""
    table = Table("passages", "hybrid p50", "p95", "plain numpy p50", "ratio", "after a write p50",
                  "replace 100 p50", "p95", "first search", "RAM", "file", "build")  # fmt: skip
    for one in measured:
        table.add_row(
            f"{one['passages']:,}",
            f"{one['hybrid']['p50_ms']} ms",
            f"{one['hybrid']['p95_ms']} ms",
            f"{one['plain_numpy']['p50_ms']} ms",
            f"{one['hybrid_to_plain_numpy']}x",
            f"{one['hybrid_after_a_write']['p50_ms']} ms",
            f"{one['replace_100']['p50_ms']} ms",
            f"{one['replace_100']['p95_ms']} ms",
            f"{one['first_search_ms']} ms",
            f"{one['memory_mib']} MiB",
            f"{one['file_mib']} MiB",
            f"{one['build_s']} s",
        )
    Console(width=160).print(table)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--texts", type=Path, help="a folder of .md files to take the texts from")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    measured = [asyncio.run(measure(size, given.texts)) for size in given.sizes]
    show(measured)
    results = {
        "texts": "zipf" if given.texts is None else "given",
        "k": K,
        "alpha": ALPHA,
        "dims": DIMS,
        "principals": 6,
        "public_share": PUBLIC_SHARE,
        "queries": QUERIES - WARM_UP,
        "seed": SEED,
        "sizes": measured,
    }
    print(write("store", results, given.out).name)


if __name__ == "__main__":
    main()
