"""How near the stand-alone form of a follow-up comes to how a person would have written it.

    python -m benchmarks.follow_ups [--rewrites FILE] [--out FILE]

``--rewrites`` is a file of JSON lines, plain or gzipped: ``{"id": "conversation<::>turn",
"lastturn": "...", "rewrite": "..."}``, the turns of IBM's MTRAG with stand-alone rewrites that
people wrote (github.com/IBM/mt-rag-benchmark, Apache-2.0). Compared are the stems of telling words:
recall is the share of the rewrite's that the stand-alone text has, precision the share of its own
that the rewrite has.
A rewrite may also name things from the answers in between, which are not in the file.
The first 100 lines were looked at while the rules were written, the others never.

The pairs of tests/data/follow_ups.jsonl, about the sample handbook, are measured by the telling
words that the second question needs, and by those that it must have lost.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.metrics import mean
from benchmarks.results import write
from bot.answers.question.condense import standalone
from knowledge.text.words import stems, telling

PAIRS = Path(__file__).parent.parent / "tests" / "data" / "follow_ups.jsonl"
LOOKED_AT = 100
"""Lines that the rules were written with."""

Standalone = Callable[[str, Sequence[str]], str]


def as_asked(question: str, _earlier: Sequence[str]) -> str:
    """The question and nothing else."""
    return question


def with_the_one_before(question: str, earlier: Sequence[str]) -> str:
    """The question before it always in front."""
    return " ".join([*earlier[-1:], question])


FORMS: dict[str, Standalone] = {
    "as asked": as_asked,
    "the question before always in front": with_the_one_before,
    "standalone": standalone,
}


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, and how a person wrote it to stand by itself."""

    question: str
    earlier: tuple[str, ...]
    rewrite: str

    @property
    def needs_more(self) -> bool:
        """Whether the person put in words that the question does not have."""
        return bool(telling(self.rewrite).keys() - stems(self.question))


def turns(path: Path) -> list[Turn]:
    """All turns of a file, each with the questions of its conversation before it.

    Raises :class:`OSError`, and :class:`ValueError` for lines of another form.
    """
    conversations: dict[str, list[tuple[int, str]]] = {}
    found = []
    for line in json_lines(path):
        conversation, _, number = line["id"].rpartition("<::>")
        said = conversations.setdefault(conversation, [])
        earlier = tuple(text for before, text in sorted(said) if before < int(number))
        found.append(Turn(line["lastturn"], earlier, line["rewrite"]))
        said.append((int(number), line["lastturn"]))
    return found


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines, gzipped when its name says so."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def overlap(text: str, rewrite: str) -> tuple[float, float]:
    """Recall and precision of a text's telling words against a rewrite's."""
    said, meant = telling(text).keys(), telling(rewrite).keys()
    if not said or not meant:
        return float(said == meant), float(said == meant)
    return len(said & meant) / len(meant), len(said & meant) / len(said)


def measured(cases: Sequence[Turn], form: Standalone) -> dict[str, float]:
    """Mean recall, precision and F1 (of each turn)."""
    rows = [overlap(form(each.question, each.earlier), each.rewrite) for each in cases]
    f1 = [2 * r * p / (r + p) if r + p else 0.0 for r, p in rows]
    return {
        "turns": len(rows),
        "recall": round(mean([r for r, _ in rows]), 3),
        "precision": round(mean([p for _, p in rows]), 3),
        "f1": round(mean(f1), 3),
    }


def on_rewrites(path: Path, forms: dict[str, Standalone]) -> dict[str, Any]:
    """The figures of each form, on the turns looked at and on the others."""
    every = turns(path)
    parts = {
        "looked at": every[:LOOKED_AT],
        "held out": every[LOOKED_AT:],
        "held out, needs more": [each for each in every[LOOKED_AT:] if each.needs_more],
        "held out, stands by itself": [each for each in every[LOOKED_AT:] if not each.needs_more],
    }
    return {
        part: {name: measured(cases, form) for name, form in forms.items()}
        for part, cases in parts.items()
    }


def on_pairs(path: Path, form: Standalone) -> dict[str, int]:
    """Of the pairs about the sample handbook: how many have all they need and nothing else."""
    lines = json_lines(path)
    texts = [stems(form(line["question"], line["earlier"])) for line in lines]
    return {
        "pairs": len(lines),
        "have what they need": sum(
            stems(" ".join(line["needs"])) <= text for line, text in zip(lines, texts, strict=True)
        ),
        "and have lost what they must": sum(
            stems(" ".join(line["needs"])) <= text
            and not stems(" ".join(line.get("lost", []))) & text
            for line, text in zip(lines, texts, strict=True)
        ),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rewrites", type=Path, help="MTRAG's last turns with their rewrites")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    results: dict[str, Any] = {"pairs": {n: on_pairs(PAIRS, form) for n, form in FORMS.items()}}
    if asked.rewrites:
        results["rewrites"] = on_rewrites(asked.rewrites, FORMS)
    console = Console()
    for part, rows in {"sample handbook": results["pairs"], **results.get("rewrites", {})}.items():
        table = Table("form", *next(iter(rows.values())), title=part)
        for name, figures in rows.items():
            table.add_row(name, *(f"{figure:g}" for figure in figures.values()))
        console.print(table)
    console.print(f"written to {write('follow_ups', results, asked.out)}")


if __name__ == "__main__":
    main()
