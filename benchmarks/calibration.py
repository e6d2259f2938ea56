"""How the reader's logits become probabilities, fitted on questions as people type them.

    python -m benchmarks.calibration --handbooks DIR [--on hypha usajobs]

A logistic regression (Platt 1999) on both heads' logits, over the three passages that rank first
for each answerable question of the handbooks named. Writes it into the packaged reader's
``reader.json``, with their names: what ``benchmarks.natural`` says of these handbooks is then no
longer unseen, so read the others.

The handbooks that the training holds out will not do: not every passage that answers is marked as
such there, so a reader that is right too often looks wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from benchmarks import handbook
from benchmarks.answers import ingest, settings_for
from benchmarks.natural import QUESTIONS, PlainWriter, holds
from bot.app import open_app
from bot.judge import CONSIDERED
from bot.tone.voice import Voice
from knowledge.retrieval.cross_encoder import SHIPPED, Calibration
from knowledge.retrieval.encoding import encode
from knowledge.retrieval.packaged_weights import packaged_folder
from knowledge.retrieval.reader import readable_text
from knowledge.retrieval.scoring import score
from knowledge.retrieval.shipped import load_network
from knowledge.sentences import split_units

ON = ("hypha", "usajobs")
_MOST_TOKENS = 320
_PENALTY = 1e-3

Row = tuple[float, float, bool]
"""Both logits of a passage, relevance first, and whether it answers."""


async def rows(folder: Path, name: str) -> list[Row]:
    """The passages that rank first for each answerable question about one handbook."""
    tokenizer = Tokenizer.from_file(str(packaged_folder() / "tokenizer.json"))
    asked = [
        line
        for line in handbook.json_lines(QUESTIONS)
        if line["handbook"] == name and line["expected"] == "answer"
    ]
    found = []
    with tempfile.TemporaryDirectory() as data:
        async with open_app(settings_for(Path(data), None), _plain) as app:
            await ingest(app, folder / name)
            network = load_network(SHIPPED, Path(data) / "weights")
            for line in asked:
                question = line["question"]
                best = await app.retriever.search(question, handbook.EVERYBODY, CONSIDERED)
                passages = [each.passage for each in best]
                texts = [readable_text(p.context, split_units(p.text)) for p in passages]
                scores = score(network, encode(tokenizer, question, texts, _MOST_TOKENS))
                for passage, logits in zip(passages, scores, strict=True):
                    right = holds(passage, line["evidence"])
                    found.append((float(logits.relevance), float(logits.answers), right))
    return found


async def _plain(_: Voice) -> PlainWriter:
    return PlainWriter()


def fit(found: list[Row], blend: float) -> Calibration:
    """Newton's method on the likelihood, with a small penalty."""
    design = np.array([(answers, relevance, 1.0) for relevance, answers, _ in found])
    right = np.array([float(each[2]) for each in found])
    weights = np.array([0.5, 0.1, 0.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(design @ weights)))
        gradient = design.T @ (chance - right) + _PENALTY * weights
        curvature = (design.T * (chance * (1 - chance))) @ design + _PENALTY * np.eye(3)
        weights -= np.linalg.solve(curvature, gradient)
    answers, relevance, bias = (round(float(each), 4) for each in weights)
    return Calibration(answers, relevance, bias, blend)


def main() -> None:
    """Gather, fit, write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibration",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--handbooks", type=Path, required=True, metavar="DIR")
    parser.add_argument("--on", nargs="+", default=ON, metavar="NAME")
    given = parser.parse_args()
    found = [row for name in given.on for row in asyncio.run(rows(given.handbooks, name))]
    path = SHIPPED / "reader.json"
    told = json.loads(path.read_text("utf-8"))
    fitted = fit(found, told["calibration"]["blend"])
    told["calibration"] = {
        "answers_weight": fitted.answers_weight,
        "relevance_weight": fitted.relevance_weight,
        "bias": fitted.bias,
        "blend": fitted.blend,
    }
    told["calibrated_on"] = list(given.on)
    path.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    print(f"{len(found)} passages: {told['calibration']}")


if __name__ == "__main__":
    main()
