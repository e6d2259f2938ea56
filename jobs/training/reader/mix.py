"""All pairs that the reader is trained on: natural ones, generic ones and rows of tables."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from jobs.training.reader.books import Book, lines
from jobs.training.reader.data import HELD_OUT, Group, Pair, doubtful, evidence, natural_groups
from jobs.training.reader.details import with_details
from jobs.training.reader.tables import table_groups
from knowledge.retrieval.reader import readable_text
from knowledge.text.sentences import Unit, split_units

_BENCHMARKED = ("18F/handbook", "GSA-TTS/handbook")
"""Out of the generic pairs, since they are what docs/benchmarks.md measures headings on."""


def training_groups(
    books: Sequence[Book],
    folder: Path,
    *,
    generic_pairs: int,
    seed: int,
    details: bool = False,
    older: float = 1.0,
    most_pairs: int | None = None,
) -> list[Group]:
    """All that is trained on, in the order it is shown: generic first, then the rest with some.

    ``details``: put around a third of the natural questions. ``older``: the share of those beside
    the project that is shown, while all that ship with it are. ``most_pairs``: stop there.
    """
    rng = random.Random(seed)  # noqa: S311 - a shuffle that can be repeated
    left_out = doubtful(folder)
    trained_on = [book for book in books if book.name not in HELD_OUT]
    natural = [
        group
        for book in trained_on
        for group in natural_groups(book, left_out, rng)
        if book.ships or rng.random() < older
    ]
    generic = generic_groups(folder / "train.jsonl.gz", rng, generic_pairs)
    rng.shuffle(generic)
    early = generic[: len(generic) * 3 // 4]
    if details:
        natural = [replace(group, question=with_details(group.question, rng)) for group in natural]
    late = natural + table_groups(trained_on, rng) + generic[len(early) :]
    rng.shuffle(late)
    shown = accumulate((len(group.pairs) for group in early + late), initial=0)
    return [
        group
        for group, before in zip(early + late, shown, strict=False)
        if most_pairs is None or before < most_pairs
    ]


def generic_groups(path: Path, rng: random.Random, most_pairs: int) -> list[Group]:
    """Of ``train.jsonl.gz``: at most ``most_pairs`` pairs, one positive to two negatives."""
    asked: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines(path):
        if line["src"] not in (*_BENCHMARKED, *HELD_OUT) and line.get("sub") != "keyword":
            asked[line["src"], line["group"], line["q"]].append(line)
    keys = list(asked)
    rng.shuffle(keys)
    # Half of them from everyday sets with yes and no, conditions and near misses.
    sets = [key for key in keys if key[0] in _SETS]
    handbooks = [key for key in keys if key[0] not in _SETS]
    groups: list[Group] = []
    for some, room in ((sets, most_pairs // 2), (handbooks, most_pairs - most_pairs // 2)):
        for key in some:
            if room <= 0:
                break
            rows = asked[key]
            rng.shuffle(rows)
            rows.sort(key=lambda row: row.get("sub") != "answer-removed")
            chosen = [row for row in rows if row["y"]][:1] + [r for r in rows if not r["y"]][:2]
            crop = rng if key[0] == "squad2-dev" else None
            pairs = tuple(_generic_pair(row, crop) for row in chosen)
            groups.append(Group(key[2], pairs, key[0], natural=False))
            room -= len(pairs)
    return groups


_SETS = ("haitian-sun/ConditionalQA", "squad2-dev")


def _generic_pair(row: Mapping[str, Any], crop: random.Random | None) -> Pair:
    # In front of the text stands the title with its headings, parted by " > ".
    context, found, body = row["p"].partition(". ")
    if not found or len(context) > 160:
        context, body = "", row["p"]
    units = split_units(body) or [Unit(body, body, "sentence")]
    answer = row["ans"] if isinstance(row["ans"], str) and len(row["ans"]) > 3 else ""
    hits = evidence(body, units, answer) if row["y"] else ()
    if crop:
        units, hits = _cropped(units, hits, crop)
    return Pair(
        readable_text(context.replace(" > ", " › "), units), bool(row["y"]), hits, "generic"
    )


def _cropped(
    units: list[Unit], hits: tuple[bool, ...], rng: random.Random
) -> tuple[list[Unit], tuple[bool, ...]]:
    """A stretch of about as many sentences as a handbook's passage has, the answer in it."""
    size = rng.randint(2, 5)
    if len(units) <= size:
        return units, hits
    low, high = 0, len(units) - size
    if hits:
        first = hits.index(True)
        low, high = max(0, first - size + 1), min(first, high)
    start = rng.randint(low, max(low, high))
    return units[start : start + size], hits[start : start + size]
