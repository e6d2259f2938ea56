"""How the reader's logits become probabilities, fitted on questions as people type them.

    python -m benchmarks.calibration --handbooks DIR [--on hypha usajobs]

A logistic regression (Platt 1999) on both heads' logits and on the other passages', over the three
that rank first for each question of the handbooks named. Writes it into the packaged reader's
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
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks import handbook
from benchmarks.answers import ingest, settings_for
from benchmarks.natural import QUESTIONS, PlainWriter, holds
from bot.answers.judge import CONSIDERED
from bot.shell.app import open_app
from bot.voice.voice import Voice
from jobs.training.reader.measures import fitted
from knowledge.retrieval.calibration import Calibration, Floats, features
from knowledge.retrieval.cross_encoder import JUDGED, SHIPPED
from knowledge.retrieval.encoding import MOST_TOKENS, encode
from knowledge.retrieval.reader import readable_text
from knowledge.retrieval.retriever import Retriever
from knowledge.retrieval.scoring import score
from knowledge.retrieval.shipped import JUDGE, READER, load
from knowledge.text.sentences import split_units

ON = ("hypha", "usajobs")


Row = tuple[Floats, Floats, bool]
"""Of a passage what is seen of it with cosines and without, and if it answers."""


async def rows(folder: Path, name: str) -> list[Row]:
    """For each question about one handbook the passages that rank first, and if they answer."""
    asked = [
        line
        for line in handbook.json_lines(QUESTIONS)
        if line["handbook"] == name and line["expected"] != "off-topic"
    ]
    rows = []
    with tempfile.TemporaryDirectory() as data:
        async with open_app(settings_for(Path(data)), _plain) as app:
            await ingest(app, folder / name)
            weights = Path(data) / "weights"
            reader, reads = load(READER, SHIPPED, weights)
            judge, spells = load(JUDGE, SHIPPED, weights)
            retriever = Retriever(app.store, app.embedder, app.reader)
            scale = Calibration.load(SHIPPED)
            for line in asked:
                question = line["question"]
                found = await retriever.candidates(question, handbook.EVERYBODY)
                texts = [
                    readable_text(each.passage.context, split_units(each.passage.text))
                    for each in found
                ]
                read = score(reader, encode(reads, question, texts, MOST_TOKENS))
                relevance = np.array([float(each.relevance) for each in read])
                answers = np.array([float(each.answers) for each in read])
                cosines = np.array([each.cosine for each in found], float)
                best = np.argsort(-scale.ranks(relevance, answers, cosines))[:JUDGED]
                judged = np.full(len(read), np.nan)
                best_texts = [texts[at] for at in best]
                verdicts = score(judge, encode(spells, question, best_texts, MOST_TOKENS))
                judged[best] = [float(each.answers) for each in verdicts]
                near = features(relevance, answers, judged, cosines)
                blind = features(relevance, answers, judged)
                for at in best[:CONSIDERED]:
                    rows.append((near[at], blind[at], holds(found[at].passage, line["evidence"])))
    return rows


async def _plain(_: Voice) -> PlainWriter:
    return PlainWriter()


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
    blend = Calibration.load(SHIPPED).blend
    near, blind, right = zip(*found, strict=True)
    told["calibration"] = asdict(
        replace(fitted(near, right, blend), without_cosines=fitted(blind, right, blend))
    )
    told["calibrated_on"] = list(given.on)
    path.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    print(f"{len(found)} passages: {told['calibration']}")


if __name__ == "__main__":
    main()
