"""Train one of the two networks that ship with the project, measure it, and write weights and card.

    python -m jobs.training.reader --part reader --data DIR --handbooks DIR [--seed N] [--join]
    python -m jobs.training.reader --part judge --data DIR --handbooks DIR [--again FILE]

DIR holds ``natural_questions.jsonl.gz``, ``natural_passages.jsonl.gz`` and ``train.jsonl.gz``
(docs/reader.md tells their form). The questions in ``questions/`` ship with the project; the
handbooks that they are about lie in ``--handbooks``, or are left out. About an hour on a processor
that computes in bf16, up to three elsewhere. The same data, recipe and versions give the same
weights up to rounding.
``--join`` averages the new weights with those that ship now: the mean of several runs of the
reader, each with a seed of its own, reads better than any of them. ``--again`` goes on from the
weights that an earlier pass left in the work folder, mostly on the questions that ship.
``--trained`` takes them as they are, and only joins, measures and writes.

Afterwards fit the probability anew: ``python -m benchmarks.calibration``.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from jobs.training.reader.books import read_books
from jobs.training.reader.card import card
from jobs.training.reader.data import HELD_OUT
from jobs.training.reader.loop import JUDGE_RECIPE, READER_RECIPE, Teacher, again, train
from jobs.training.reader.measures import best_blend, calibrated, judged, measures
from jobs.training.reader.mix import training_groups
from knowledge.embedding.processors import fast_dtype
from knowledge.retrieval.shipped import JUDGE, READER, Part, difference, start, with_difference

OUT = Path(__file__).parents[3] / "knowledge" / "retrieval" / "packaged"
MEASURED = 100
"""Questions of each held-out handbook."""
PARTS: dict[str, Part[Any]] = {part.name: part for part in (READER, JUDGE)}


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says."""

    part: str
    data: Path
    handbooks: Path | None
    work: Path
    out: Path
    again: Path | None
    trained: Path | None
    seed: int | None
    join: bool


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.training.reader",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--part", choices=PARTS, required=True)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--handbooks", type=Path, metavar="DIR", help="one folder for each handbook of questions/"
    )
    parser.add_argument("--work", type=Path, default=Path("data/reader"), metavar="DIR")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR")
    parser.add_argument("--again", type=Path, metavar="FILE", help="weights to go on from")
    parser.add_argument("--trained", type=Path, metavar="FILE", help="weights of an earlier run")
    parser.add_argument("--seed", type=int, metavar="N")
    parser.add_argument("--join", action="store_true", help="average with what is in --out")
    given = Given(**vars(parser.parse_args()))
    given.work.mkdir(parents=True, exist_ok=True)
    results = run(given)
    Console(width=100).print_json(json.dumps(results["measures"]))


def run(given: Given) -> dict[str, Any]:
    """All of it; returns what ``reader.json`` or ``judge.json`` holds."""
    import torch
    from safetensors.torch import load_file, save_file

    console = Console(stderr=True)
    part = PARTS[given.part]
    recipe = READER_RECIPE if part is READER else JUDGE_RECIPE
    recipe = replace(again(recipe) if given.again else recipe, seed=given.seed or recipe.seed)
    network, tokenizer = start(part, given.work)
    begun = copy.deepcopy(network.state_dict())
    books = asyncio.run(read_books(given.data, given.work, given.handbooks))
    groups = training_groups(
        books,
        given.data,
        generic_pairs=recipe.generic_pairs,
        seed=recipe.seed,
        details=recipe.details,
        older=recipe.older,
        most_pairs=recipe.most_pairs,
    )
    trained = given.trained
    if trained is None:
        if given.again:
            network.load_state_dict(load_file(given.again))
        teacher = Teacher(*start(READER, given.work))
        train(network, teacher, tokenizer, groups, recipe, console.log)
        trained = given.work / f"{part.name}.safetensors"
        save_file(dict(network.state_dict()), trained)
    weights = load_file(trained)
    told = given.out / f"{part.name}.json"
    earlier = json.loads(told.read_text("utf-8")) if told.is_file() else {}
    seeds = [recipe.seed]
    if given.join:
        joined = with_difference(begun, load_file(given.out / part.difference))
        runs = len(earlier["seeds"])
        weights = {
            name: torch.lerp(value, joined[name], runs / (runs + 1))
            for name, value in weights.items()
        }
        seeds = [*earlier["seeds"], recipe.seed]
    changed = difference(begun, weights, recipe.rank)
    # What is measured is what ships: the difference at its rank, as it runs here.
    network.load_state_dict(with_difference(begun, changed))
    network.eval().to(fast_dtype())
    held_out = [book for book in books if book.name in HELD_OUT]
    found = judged(
        network, tokenizer, held_out, most=MEASURED, seed=recipe.seed, report=console.log
    )
    scale = calibrated(found, best_blend(found))
    results = {
        **{name: earlier[name] for name in ("calibration", "calibrated_on") if name in earlier},
        "measures": measures(found, scale),
        "recipe": asdict(recipe),
        "seeds": seeds,
        "trained_on": {
            "groups": len(groups),
            "pairs": sum(len(group.pairs) for group in groups),
            "handbooks": sorted({group.source for group in groups if group.natural}),
            "held_out": list(HELD_OUT),
        },
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
        "date": datetime.now(UTC).date().isoformat(),
    }
    given.out.mkdir(parents=True, exist_ok=True)
    save_file(changed, given.out / part.difference)
    told.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    (given.out / "README.md").write_text(
        card({name: json.loads((given.out / f"{name}.json").read_text("utf-8")) for name in PARTS}),
        "utf-8",
    )
    return results


if __name__ == "__main__":
    main()
