"""How well natural questions find their passage, step by step, on handbooks never trained on.

    python -m benchmarks.reranking --data DIR [--work DIR] [--most N] [--out FILE]

DIR holds ``natural_questions.jsonl.gz`` and ``natural_passages.jsonl.gz`` (docs/reader.md tells
their form). The questions about the four handbooks that training holds out are searched for in two
indexes: that of their own handbook, as in a company, and one of all seventeen, where many questions
do not even say which handbook they mean. The ways: either leg alone; both, by alpha; and a sample
of ``--most`` questions of each handbook with the first passages read, by how many of them.

A question counts as found at the rank of the first passage that answers it, so nDCG is that of one
relevant passage. ``--work`` keeps the passages' vectors, which take minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.handbook import EVERYBODY, WEIGHTS
from benchmarks.metrics import mean
from benchmarks.results import write
from jobs.training.reader.books import lines
from jobs.training.reader.data import HELD_OUT
from knowledge.embedding.local import LocalEmbedder
from knowledge.embedding.packaged import packaged_embedder
from knowledge.library.reading import embedded_text
from knowledge.retrieval.cross_encoder import PACKAGED, open_reader
from knowledge.retrieval.retriever import ALPHA, READ, Retriever
from knowledge.stores.embedded import EmbeddedStore
from knowledge.types import EmbeddedPassage, Passage, Vector

ALPHAS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0)
DEPTH = 50
READS = (10, 15, 20, 30)
TIMED = 8
"""Questions that each depth of reading is timed on."""
SEED = 7


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the passages that answer it."""

    text: str
    handbook: str
    right: frozenset[str]


def questions(data: Path, home: dict[str, str]) -> list[Asked]:
    """The answerable ones about handbooks that training holds out; ``home``: each passage's."""
    return [
        Asked(line["q"], home[line["passage"]], frozenset((line["passage"], *line.get("also", ()))))
        for line in lines(data / "natural_questions.jsonl.gz")
        if line["y"] and home.get(line["passage"]) in HELD_OUT
    ]


def passages_of(data: Path) -> list[Passage]:
    """All passages of the seventeen handbooks."""
    return [
        Passage(
            id=line["passage"],
            source=line["repo"],
            document=line["document"],
            title=line["context"],
            headings=(),
            position=int(line["passage"].rpartition(":")[2]),
            url="",
            text=line["text"],
        )
        for line in lines(data / "natural_passages.jsonl.gz")
    ]


async def embedded(passages: Sequence[Passage], work: Path) -> list[EmbeddedPassage]:
    """With their vectors, which are kept in ``work``."""
    kept = work / "passage_vectors.npy"
    vectors = np.load(kept) if kept.is_file() else np.zeros((0, 0), np.float32)
    if len(vectors) != len(passages):
        vectors = await LocalEmbedder(packaged_embedder(WEIGHTS)).embed_passages(
            [embedded_text(each) for each in passages]
        )
        np.save(kept, vectors)
    return [EmbeddedPassage(*each) for each in zip(passages, vectors, strict=True)]


async def filled(path: Path, passages: Sequence[EmbeddedPassage]) -> EmbeddedStore:
    """A new store with these passages."""
    store = await EmbeddedStore.open(path)
    documents: defaultdict[tuple[str, str], list[EmbeddedPassage]] = defaultdict(list)
    for each in passages:
        documents[each.passage.source, each.passage.document].append(each)
    for (source, document), some in documents.items():
        await store.replace(source, document, some)
    return store


def rank(found: Sequence[str], asked: Asked) -> float:
    """Where the first right one of these passages stands, from 0; infinite if none does."""
    return next((float(at) for at, one in enumerate(found) if one in asked.right), math.inf)


async def searched(
    store: EmbeddedStore, asked: Sequence[Asked], vectors: dict[str, Vector], alpha: float
) -> list[list[str]]:
    """What search finds for each question, as passage ids."""
    return [
        [
            each.passage.id
            for each in await store.search(
                one.text, vectors[one.text], EVERYBODY, DEPTH, alpha=alpha
            )
        ]
        for one in asked
    ]


async def read(
    retriever: Retriever, asked: Sequence[Asked], found: Sequence[Sequence[str]]
) -> dict[int, list[float]]:
    """For each depth the ranks once so many of the passages found are read.

    A passage's score does not depend on the others', so reading the most tells all depths.
    """
    ranks: dict[int, list[float]] = {depth: [] for depth in READS}
    for one, order in zip(asked, found, strict=True):
        evidence = await retriever.search(one.text, EVERYBODY, max(READS))
        score = {each.passage.id: each.score for each in evidence}
        kept = [each for each in order if each in score]
        for depth in READS:
            ranks[depth].append(rank(sorted(kept[:depth], key=lambda id: -score[id]), one))
    return ranks


def figures(ranks: Sequence[float]) -> dict[str, float]:
    """Recall and nDCG of ranks, in which a right passage counts where it is found first."""
    return {
        "questions": len(ranks),
        **{f"R@{k}": round(mean(each < k for each in ranks), 3) for k in (1, 5, 10, 30)},
        "nDCG@10": round(mean(1 / math.log2(r + 2) if r < 10 else 0.0 for r in ranks), 3),
    }


async def milliseconds(retriever: Retriever, asked: Sequence[Asked]) -> float:
    """Median for one question."""
    took = []
    for one in asked[:TIMED]:
        began = time.perf_counter()
        await retriever.search(one.text, EVERYBODY, 1)
        took.append(1000 * (time.perf_counter() - began))
    return round(float(np.median(took)), 1)


async def measure(data: Path, work: Path, most: int) -> dict[str, Any]:
    """All ways on both kinds of index."""
    passages = passages_of(data)
    asked = questions(data, {each.id: each.source for each in passages})
    library = await embedded(passages, work)
    embedder = LocalEmbedder(packaged_embedder(WEIGHTS))
    texts = list(dict.fromkeys(each.text for each in asked))
    vectors: dict[str, Vector] = dict(zip(texts, await embedder.embed_passages(texts), strict=True))
    sample: list[Asked] = []
    for handbook in HELD_OUT:
        some = [each for each in asked if each.handbook == handbook]
        sample += random.Random(SEED).sample(some, min(most, len(some)))
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        reader = open_reader(PACKAGED, Path(folder))
        await reader.warm_up()
        for scope, indexes in (
            ("own handbook", [(handbook,) for handbook in HELD_OUT]),
            ("all handbooks", [tuple({each.source for each in passages})]),
        ):
            ranks: defaultdict[str, list[float]] = defaultdict(list)
            for number, within in enumerate(indexes):
                some_passages = [each for each in library if each.passage.source in within]
                store = await filled(Path(folder) / f"{scope} {number}.db", some_passages)
                here = [each for each in asked if each.handbook in within]
                for alpha in ALPHAS:
                    found = await searched(store, here, vectors, alpha)
                    ranks[f"alpha {alpha}"] += [rank(*e) for e in zip(found, here, strict=True)]
                sampled = [each for each in sample if each.handbook in within]
                found = await searched(store, sampled, vectors, ALPHA)
                ranks["sample, not read"] += [rank(*e) for e in zip(found, sampled, strict=True)]
                deep = Retriever(store, embedder, reader, read=max(READS))
                for depth, each in (await read(deep, sampled, found)).items():
                    ranks[f"sample, {depth} read"] += each
                if number == len(indexes) - 1:
                    report[f"{scope}, ms"] = {
                        str(depth): await milliseconds(
                            Retriever(store, embedder, reader, read=depth), sampled
                        )
                        for depth in READS
                    }
                await store.close()
            report[scope] = {name: figures(each) for name, each in ranks.items()}
    return report


def show(report: dict[str, Any]) -> None:
    """One table for each index, and what reading takes."""
    console = Console(width=100)
    for scope in ("own handbook", "all handbooks"):
        columns = list(next(iter(report[scope].values())))
        table = Table(scope, *columns)
        for name, row in report[scope].items():
            table.add_row(name, *(str(row[column]) for column in columns))
        console.print(table)
        console.print("Search and reading, ms by passages read:", report[f"{scope}, ms"])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reranking",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("data/reader"), metavar="DIR")
    parser.add_argument("--most", type=int, default=25, metavar="N")
    parser.add_argument("--out", type=Path, metavar="FILE")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    report = asyncio.run(measure(given.data, given.work, given.most))
    show(report)
    print(write("reranking", {"alpha": ALPHA, "read": READ} | report, given.out).name)


if __name__ == "__main__":
    main()
