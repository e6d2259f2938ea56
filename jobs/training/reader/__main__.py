"""Train the reader that ships with the project, measure it, and write its weights and card.

    python -m jobs.training.reader --data DIR [--seed N] [--join] [--work DIR] [--out DIR]

DIR holds ``natural_questions.jsonl.gz``, ``natural_passages.jsonl.gz`` and ``train.jsonl.gz``
(docs/reader.md tells their form). About an hour on two processor cores that compute in bf16. The
same data, recipe and versions give the same weights up to rounding. ``--join`` averages the new
weights with those that ship now: the mean of several runs, each with a seed of its own, reads
better than any of them. ``--trained`` takes the weights that an earlier run left in the work
folder, and only joins, measures and writes.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from jobs.training.reader.card import card
from jobs.training.reader.data import HELD_OUT, read_books
from jobs.training.reader.loop import Recipe, train
from jobs.training.reader.measures import best_blend, calibrated, judged, measures
from jobs.training.reader.mix import training_groups

OUT = Path(__file__).parents[3] / "knowledge" / "retrieval" / "packaged"
MEASURED = 100
"""Questions of each held-out handbook."""


def main() -> None:
    """Train, calibrate, measure, write."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.training.reader",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("data/reader"), metavar="DIR")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR")
    parser.add_argument("--trained", type=Path, metavar="FILE", help="weights of an earlier run")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--join", action="store_true", help="average with what is in --out")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(seed=given.seed)
    results = run(given.data, given.work, given.out, recipe, given.trained, join=given.join)
    Console(width=100).print_json(json.dumps(results["measures"]))


def run(
    data: Path, work: Path, out: Path, recipe: Recipe, trained: Path | None, *, join: bool
) -> dict[str, Any]:
    """All of it; returns what ``reader.json`` holds."""
    import torch
    from safetensors.torch import load_file, save_file
    from tokenizers import Tokenizer

    from knowledge.retrieval.packaged_weights import packaged_folder
    from knowledge.retrieval.shipped import (
        DIFFERENCE,
        difference,
        start_network,
        with_difference,
    )

    console = Console(stderr=True)
    tokenizer = Tokenizer.from_file(str(packaged_folder() / "tokenizer.json"))
    network = start_network()
    start = copy.deepcopy(network)
    books = asyncio.run(read_books(data, work))
    groups = training_groups(books, data, generic_pairs=recipe.generic_pairs, seed=recipe.seed)
    if trained is None:
        train(network, copy.deepcopy(start), tokenizer, groups, recipe, console.log)
        trained = work / "trained.safetensors"
        save_file(dict(network.state_dict()), trained)
    weights = load_file(trained)
    seeds = [recipe.seed]
    if join:
        earlier = json.loads((out / "reader.json").read_text("utf-8"))["seeds"]
        joined = with_difference(start.state_dict(), load_file(out / DIFFERENCE))
        weights = {
            name: torch.lerp(value, joined[name], len(earlier) / (len(earlier) + 1))
            for name, value in weights.items()
        }
        seeds = [*earlier, recipe.seed]
    changed = difference(start.state_dict(), weights, recipe.rank)
    # What is measured is what ships: the difference at its rank, run in bf16.
    network.load_state_dict(with_difference(start.state_dict(), changed))
    network.eval().to(torch.bfloat16)
    held_out = [book for book in books if book.name in HELD_OUT]
    found = judged(
        network, tokenizer, held_out, most=MEASURED, seed=recipe.seed, report=console.log
    )
    scale = calibrated(found, best_blend(found))
    results = {
        "calibration": asdict(scale),
        "calibrated_on": list(HELD_OUT),
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
    out.mkdir(parents=True, exist_ok=True)
    save_file(changed, out / DIFFERENCE)
    (out / "reader.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    (out / "README.md").write_text(card(results), "utf-8")
    return results


if __name__ == "__main__":
    main()
