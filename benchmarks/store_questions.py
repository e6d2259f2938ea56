"""How quick the embedded store is on questions as people ask them, alone and eight at once.

    python -m benchmarks.store_questions --data DIR [--passages N] [--questions N] [--out FILE]

DIR holds ``natural_questions.jsonl.gz`` and ``natural_passages.jsonl.gz`` (docs/reader.md tells
their form). The passages of those handbooks are stored over and over, in documents of about five,
until there are ``--passages``; the vectors are random, as an exact search takes as long for any.

Asked is by natural questions (all their words) and by keywords (the two rarest of them), for
somebody with six principals, first one after the other, then eight at once; then with a document
written before each question. The baseline, taken in turns with them, is plain numpy on one thread:
all cosines and the hundred largest, with no words, texts and filter. Wall time and processor time
are given: on a busy machine only the second, and the ratios, say much.

Filling is measured with one document a call and with many, without embedding.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.results import write
from benchmarks.store import unit_vectors
from knowledge.stores.embedded import EmbeddedStore
from knowledge.text.stopwords import telling_words
from knowledge.types import PUBLIC, EmbeddedPassage, Passage, Vector

PER_DOCUMENT = 5
TOGETHER = 100
"""Documents a call, where many go in at once."""
AT_ONCE = 8
K = 45
"""What the retriever asks for: three times the fifteen passages that are read."""
ALPHA = 0.5
WARM_UP = 40
ROLES = 60
SEED = 7
PRINCIPALS = frozenset({PUBLIC, *(f"role:{n}" for n in range(5))})

Asked = tuple[str, Vector]
Documents = dict[str, list[EmbeddedPassage]]


def lines(path: Path) -> list[dict[str, Any]]:
    """Of a compressed file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def keywords(question: str, common: Counter[str]) -> str:
    """The two of its telling words that fewest other questions have."""
    return " ".join(sorted(telling_words(question), key=lambda word: common[word])[:2])


def documents(data: Path, passages: int) -> Iterator[tuple[str, list[EmbeddedPassage]]]:
    """Documents of five, one in ten of which only some roles may read."""
    rng = np.random.default_rng(SEED)
    texts = cycle(lines(data / "natural_passages.jsonl.gz"))
    for number in range(passages // PER_DOCUMENT):
        vectors = unit_vectors(rng, PER_DOCUMENT)
        name = f"{number}.md"
        access = frozenset({f"role:{number % ROLES}" if number % 10 == 0 else PUBLIC})
        yield (
            name,
            [
                EmbeddedPassage(
                    Passage(
                        id=str(UUID(int=int(rng.integers(2**62)) << 64 | number << 16 | at)),
                        source="benchmark",
                        document=name,
                        title=each["context"],
                        headings=(),
                        position=at,
                        url="",
                        text=each["text"],
                        access=access,
                    ),
                    vector,
                )
                for at, (each, vector) in enumerate(
                    zip(islice(texts, PER_DOCUMENT), vectors, strict=True)
                )
            ],
        )


async def filled(
    store: EmbeddedStore, found: Sequence[tuple[str, list[EmbeddedPassage]]], together: int
) -> dict[str, int]:
    """Passages a second, with so many documents a call."""

    async def work() -> None:
        for first in range(0, len(found), together):
            await store.replace_many("benchmark", dict(found[first : first + together]))

    wall, processor = await took(work)
    count = 1000 * sum(len(some) for _, some in found)
    return {"per_second": round(count / wall), "per_second_of_processor": round(count / processor)}


async def took(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Wall time and the process's processor time, in ms."""
    wall, processor = time.perf_counter(), time.process_time()
    await work()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)


def percentiles(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Median and 95th percentile of both."""
    (wall50, wall95), (cpu50, cpu95) = (
        np.percentile([each[at] for each in times], [50, 95]) for at in (0, 1)
    )
    figures = {"p50_ms": wall50, "p95_ms": wall95, "p50_cpu_ms": cpu50, "p95_cpu_ms": cpu95}
    return {name: round(float(value), 2) for name, value in figures.items()}


def plain(vectors: NDArray[np.float32], query: Vector) -> None:
    """The baseline."""
    with threadpool_limits(limits=1, user_api="blas"):
        cosines = vectors @ query
    best = np.argpartition(cosines, -100)[-100:]
    best[np.argsort(-cosines[best])]


async def one_by_one(
    store: EmbeddedStore,
    asked: Sequence[Asked],
    vectors: NDArray[np.float32],
    alpha: float,
    before: Callable[[int], Awaitable[object]] | None = None,
) -> dict[str, Any]:
    """Figures for questions one after the other, with the baseline in between."""
    times, baseline = [], []
    for number, (text, vector) in enumerate(asked):

        async def ask(text: str = text, vector: Vector = vector) -> None:
            await store.search(text, vector, PRINCIPALS, K, alpha=alpha)

        async def base(vector: Vector = vector) -> None:
            plain(vectors, vector)

        if before is not None:
            await before(number)
        times.append(await took(ask))
        baseline.append(await took(base))
    found, compared = percentiles(times[WARM_UP:]), percentiles(baseline[WARM_UP:])
    ratio = found["p50_cpu_ms"] / compared["p50_cpu_ms"]
    return {**found, "baseline": compared, "cpu_to_baseline": round(ratio, 2)}


async def at_once(store: EmbeddedStore, asked: Sequence[Asked]) -> dict[str, float]:
    """Questions a second with eight waiting at any time, and what each takes."""
    waiting = iter(asked)
    times: list[float] = []

    async def person() -> None:
        for text, vector in waiting:
            wall, _ = await took(
                lambda text=text, vector=vector: store.search(  # type: ignore[misc]
                    text, vector, PRINCIPALS, K, alpha=ALPHA
                )
            )
            times.append(wall)

    wall, processor = await took(lambda: asyncio.gather(*(person() for _ in range(AT_ONCE))))
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "per_second": round(1000 * len(asked) / wall, 1),
        "per_second_of_processor": round(1000 * len(asked) / processor, 1),
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
    }


async def measure(data: Path, passages: int, questions: int) -> dict[str, Any]:
    """All figures."""
    rng = np.random.default_rng(SEED)
    texts = [each["q"] for each in lines(data / "natural_questions.jsonl.gz")]
    texts = random.Random(SEED).sample(sorted(set(texts)), questions + WARM_UP)
    common = Counter(word for text in texts for word in telling_words(text))
    vectors = unit_vectors(rng, len(texts))
    natural = list(zip(texts, vectors, strict=True))
    short = [(keywords(text, common), vector) for text, vector in natural]
    report: dict[str, Any] = {"passages": passages, "questions": questions}
    with tempfile.TemporaryDirectory() as folder:
        store = await EmbeddedStore.open(Path(folder) / "passages.db")
        found = list(documents(data, passages))
        singly = found[: 4 * TOGETHER]
        report["filling, passages"] = {
            "one document a call": await filled(store, singly, 1),
            "many documents a call": await filled(store, found[len(singly) :], TOGETHER),
        }
        held = np.stack([each.vector for _, some in found for each in some])
        again = cycle(found)
        for name, asked in (("natural", natural), ("keywords", short)):
            report[name] = {
                "vectors alone": await one_by_one(store, asked, held, 1.0),
                "words alone": await one_by_one(store, asked, held, 0.0),
                "hybrid": await one_by_one(store, asked, held, ALPHA),
                "hybrid after a write": await one_by_one(
                    store,
                    asked[: WARM_UP + questions // 4],
                    held,
                    ALPHA,
                    lambda _: store.replace("benchmark", *next(again)),
                ),
                "eight at once": await at_once(store, asked),
            }
        await store.close()
    return report


def show(report: dict[str, Any]) -> None:
    """As tables."""
    console = Console(width=110)
    columns = ("p50_ms", "p95_ms", "p50_cpu_ms", "p95_cpu_ms", "cpu_to_baseline")
    for kind in ("natural", "keywords"):
        table = Table(kind, *columns)
        for name, row in report[kind].items():
            if "baseline" in row:
                table.add_row(name, *(str(row[column]) for column in columns))
        console.print(table)
        console.print("eight at once:", report[kind]["eight at once"])
    console.print("filling, passages a second:", report["filling, passages"])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.store_questions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--passages", type=int, default=100_000, metavar="N")
    parser.add_argument("--questions", type=int, default=200, metavar="N")
    parser.add_argument("--out", type=Path, metavar="FILE")
    given = parser.parse_args()
    report = asyncio.run(measure(given.data, given.passages, given.questions))
    show(report)
    print(write("store_questions", report, given.out).name)


if __name__ == "__main__":
    main()
