"""How well natural questions find their passage, step by step, on handbooks never trained on.

    python -m benchmarks.reranking --data DIR [--work DIR] [--most N] [--out FILE]

DIR holds ``natural_questions.jsonl.gz`` and ``natural_passages.jsonl.gz`` (docs/reader.md tells
their form). The questions about the four handbooks that training holds out are searched for in two
indexes: that of their own handbook, as in a company, and one of all seventeen, where many questions
do not even say which handbook they mean. The ways: either leg alone, with the question's vector as
the packaged model gives it and as tuned; both, by alpha; and what the bot does, with the first
passages read. ``--most``: questions of each handbook that are read for; reading takes the time.

A question counts as found at the rank of the first passage that answers it, so nDCG is that of one
relevant passage.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.handbook import EVERYBODY
from benchmarks.metrics import mean
from benchmarks.results import write
from jobs.training.questions_data import Asked, Library, asked_of, read_library
from jobs.training.reader_data import HELD_OUT, lines
from knowledge.embedding import Embedder
from knowledge.retrieval.cross_encoder import PACKAGED, open_reader
from knowledge.retrieval.retriever import ALPHA, READ, Retriever
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import EmbeddedPassage, Passage, Vector

ALPHAS = (0.3, 0.4, 0.5, 0.6, 0.7)
DEPTH = 50
SEED = 7
OURS = f"ours: the first {READ} read"

Find = Callable[[Asked, Vector, Vector], Awaitable[Sequence[Passage]]]


@dataclass(frozen=True, slots=True)
class Index:
    """A store with some handbooks in it, and the questions that are asked of it."""

    store: EmbeddedStore
    asked: Sequence[Asked]
    rows: dict[str, int]


async def filled(path: Path, library: Library, passages: Sequence[Passage]) -> EmbeddedStore:
    """A new store with these passages and the library's vectors."""
    store = await EmbeddedStore.open(path)
    documents: defaultdict[tuple[str, str], list[EmbeddedPassage]] = defaultdict(list)
    for each in passages:
        vector = library.vectors[library.rows[each.id]]
        documents[each.source, each.document].append(EmbeddedPassage(each, vector))
    for (source, document), some in documents.items():
        await store.replace(source, document, some)
    return store


def legs(index: Index, alpha: float, *, tuned: bool) -> Find:
    """Search of the store alone; ``alpha`` 0 is BM25, 1 is the vectors."""

    async def find(asked: Asked, plain: Vector, question: Vector) -> list[Passage]:
        vector = question if tuned else plain
        found = await index.store.search(asked.text, vector, EVERYBODY, DEPTH, alpha=alpha)
        return [each.passage for each in found]

    return find


def ours(index: Index, retriever: Retriever) -> Find:
    """What the bot does."""

    async def find(asked: Asked, plain: Vector, question: Vector) -> list[Passage]:
        return [each.passage for each in await retriever.search(asked.text, EVERYBODY, READ)]

    return find


async def ranks(
    index: Index, asked: Sequence[Asked], vectors: dict[str, tuple[Vector, Vector]], find: Find
) -> tuple[list[float], float]:
    """Rank of the first right passage for each question, infinite if none; median milliseconds."""
    found, took = [], []
    for each in asked:
        began = time.perf_counter()
        passages = await find(each, *vectors[each.text])
        took.append((time.perf_counter() - began) * 1000)
        right = [at for at, one in enumerate(passages) if index.rows[one.id] in each.right]
        found.append(float(min(right, default=math.inf)))
    return found, float(np.median(took))


def figures(found: Sequence[float], milliseconds: float) -> dict[str, float]:
    """Recall and nDCG of ranks, in which a right passage counts where it is found first."""
    gain = [1 / math.log2(rank + 2) if rank < 10 else 0.0 for rank in found]
    return {
        **{f"R@{k}": round(mean(rank < k for rank in found), 3) for k in (1, 5, 10, 30)},
        "nDCG@10": round(mean(gain), 3),
        "ms": round(milliseconds, 1),
    }


async def measure(data: Path, work: Path, most: int) -> dict[str, Any]:
    """All ways on both kinds of index."""
    library = await read_library(data, work)
    asked = [e for e in asked_of(data, library) if e.answerable and e.home in HELD_OUT]
    passages = [
        Passage(
            line["passage"], line["repo"], line["document"], line["context"], (),
            int(line["passage"].rpartition(":")[2]), "", line["text"],
        )
        for line in lines(data / "natural_passages.jsonl.gz")
    ]  # fmt: skip
    embedder = Embedder()
    texts = list(dict.fromkeys(each.text for each in asked))
    plain = await embedder.embed(texts)
    vectors = {
        text: (plain[at], await embedder.embed_question(text)) for at, text in enumerate(texts)
    }
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        reader = open_reader(PACKAGED, Path(folder))
        await reader.warm_up()
        for scope in ("own handbook", "all handbooks"):
            found: defaultdict[str, list[float]] = defaultdict(list)
            times: defaultdict[str, list[float]] = defaultdict(list)
            for home in HELD_OUT if scope == "own handbook" else ("",):
                some = [each for each in passages if home in ("", each.source)]
                path = Path(folder) / f"{scope} {home.replace('/', ' ')}.db"
                store = await filled(path, library, some)
                index = Index(store, [e for e in asked if home in ("", e.home)], library.rows)
                ways: dict[str, Find] = {"BM25": legs(index, 0, tuned=False)}
                for tuned in (False, True):
                    name = "tuned" if tuned else "packaged"
                    ways[f"vectors, {name}"] = legs(index, 1, tuned=tuned)
                    for alpha in ALPHAS:
                        ways[f"alpha {alpha}, {name}"] = legs(index, alpha, tuned=tuned)
                drawn = random.Random(SEED)
                sample = drawn.sample(index.asked, min(most, len(index.asked)))
                ways[OURS] = ours(index, Retriever(store, embedder, reader))
                ways["the same questions, not read"] = legs(index, ALPHA, tuned=True)
                for name, find in ways.items():
                    read = name in (OURS, "the same questions, not read")
                    got, took = await ranks(index, sample if read else index.asked, vectors, find)
                    found[name] += got
                    times[name].append(took)
                await store.close()
            report[scope] = {
                name: figures(each, float(np.median(times[name]))) | {"questions": len(each)}
                for name, each in found.items()
            }
    return report


def show(report: dict[str, Any]) -> None:
    """One table for each index."""
    console = Console(width=110)
    for scope, ways in report.items():
        columns = list(next(iter(ways.values())))
        table = Table(scope, *columns)
        for name, row in ways.items():
            table.add_row(name, *(str(row[column]) for column in columns))
        console.print(table)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reranking",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("data/reader"), metavar="DIR")
    parser.add_argument("--most", type=int, default=50, metavar="N")
    parser.add_argument("--out", type=Path, metavar="FILE")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    report = asyncio.run(measure(given.data, given.work, given.most))
    show(report)
    print(write("reranking", {"alpha": ALPHA, "read": READ} | report, given.out).name)


if __name__ == "__main__":
    main()
