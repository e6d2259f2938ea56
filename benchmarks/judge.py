"""How well the judge tells questions that the passages answer from those that they do not.

    python -m benchmarks.judge --handbook DIR [--out FILE]

Fitted on the three best passages (:data:`bot.judge.CONSIDERED`) of every question about the sample
handbook (samples/questions.jsonl), of 134 about the 18F handbook, and of 100 more about it that it
does not answer; the last two twice, over its passages as they are and over those without the
headings that are questions.
A passage counts as right when it holds the sample question's expected words in the expected
document, or stands in the handbook question's section.

The model is a logistic regression (l2 = 2 on standardised features). Every figure here is
out-of-fold: a passage is scored by weights fitted on the other four fifths of the questions, a
question and its twin without headings being in the same fifth. Then the weights for use are fitted
on all. Only the bias is set on what is reported: so that at confidence 0.5 five in a hundred of all
unanswerable questions (over the passages with their headings) get an answer out-of-fold.

The result is the literal for WEIGHTS in bot/judge.py, and a plot of precision against recall.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import handbook
from benchmarks.handbook import Corpus, normalised
from benchmarks.metrics import auroc, mean
from benchmarks.results import write
from bot.chain import PASSAGES
from bot.judge import CONSIDERED, Features, features
from knowledge.embedding import Embedder
from knowledge.retriever import Retriever
from knowledge.types import Evidence, Passage

FOLDS = 5
L2 = 2.0
FALSE_ANSWERS = 0.05
"""Share of the unanswerable questions that may get an answer at confidence 0.5."""
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
NAMES = tuple(each.name for each in fields(Features))
TWINS = frozenset({"people/parking-and-bike-shed.md", "workshop/bike-shed-and-parking.md"})
"""Two sample pages with the same facts: either is a right source."""
PLOT = Path(__file__).parent.parent / "docs" / "images" / "judge.svg"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its best passages as features, and which of them are right."""

    fold: int
    answerable: bool
    kind: str
    rows: Floats
    """Shape (passages, features)."""
    right: NDArray[np.bool_]
    """Shape (passages,)."""


@dataclass(frozen=True, slots=True)
class Model:
    """Logistic regression on features as they come."""

    weights: Floats
    bias: float

    def logits(self, rows: Floats) -> Floats:
        """Shape (rows,)."""
        scores: Floats = rows @ self.weights + self.bias
        return scores


@dataclass(frozen=True, slots=True)
class Verdict:
    """The best passage of one case, judged by weights that never saw its question."""

    answerable: bool
    kind: str
    logit: float
    right: bool


# --- gathering --------------------------------------------------------------------------------


async def gather(folder: Path) -> dict[str, list[Case]]:
    """Cases by set."""
    embedder = Embedder()
    cases = {}
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as samples:
        async with handbook.read_folder(
            handbook.SAMPLES / "handbook", Path(samples), embedder
        ) as corpus:
            cases["sample handbook"] = await sample_cases(corpus, embedder)
        asked = handbook.questions(folder)
        async with (
            handbook.read_folder(folder / "handbook", Path(kept), embedder) as corpus,
            handbook.without_headings(corpus, asked, Path(kept), embedder) as bare,
        ):
            cases["18F handbook"] = await handbook_cases(corpus, asked, embedder)
            cases["18F, headings removed"] = await handbook_cases(bare, asked, embedder)
    return cases


async def sample_cases(corpus: Corpus, embedder: Embedder) -> list[Case]:
    """Of the questions about the sample handbook, each asked as the person it is asked by."""
    retriever = Retriever(corpus.store, embedder)
    cases = []
    for number, line in enumerate(handbook.json_lines(handbook.SAMPLES / "questions.jsonl")):
        found = await retriever.search(line["question"], frozenset(line["as"]), PASSAGES)
        right = [line["answerable"] and holds(each.passage, line) for each in found]
        cases.append(case(number, line["question"], line["answerable"], line["kind"], found, right))
    return cases


def holds(passage: Passage, line: Mapping[str, Any]) -> bool:
    """Whether the passage has what a right answer contains, and is of the right page."""
    pages = TWINS if line["document"] in TWINS else {line["document"]}
    text = normalised(f"{passage.context} {passage.text}")
    return passage.document in pages and normalised(line["expect"]) in text


async def handbook_cases(
    corpus: Corpus, asked: Sequence[handbook.HandbookQuestion], embedder: Embedder
) -> list[Case]:
    """Of the handbook's own questions, and of those that it does not answer."""
    retriever = Retriever(corpus.store, embedder)
    cases = []
    for number, question in enumerate(asked):
        found = await retriever.search(question.text, handbook.EVERYBODY, PASSAGES)
        right = [corpus.in_section(each.passage, question) for each in found]
        cases.append(case(number, question.text, True, "heading", found, right))
    for number, line in enumerate(handbook.json_lines(handbook.UNANSWERABLE)):
        found = await retriever.search(line["question"], handbook.EVERYBODY, PASSAGES)
        none_right = [False] * len(found)
        cases.append(case(number, line["question"], False, line["kind"], found, none_right))
    return cases


def case(
    number: int,
    question: str,
    answerable: bool,
    kind: str,
    found: Sequence[Evidence],
    right: Sequence[bool],
) -> Case:
    """What the judge would look at. The same question has the same fold in every set."""
    rows = [astuple(features(question, each)) for each in found[:CONSIDERED]]
    return Case(
        fold=number % FOLDS,
        answerable=answerable,
        kind=kind,
        rows=np.array(rows, float).reshape(-1, len(NAMES)),
        right=np.array(right[:CONSIDERED], bool),
    )


# --- fitting ----------------------------------------------------------------------------------


def fit(cases: Sequence[Case]) -> Model:
    """Newton's method on the penalised likelihood; the bias carries no penalty."""
    rows = np.vstack([each.rows for each in cases])
    right = np.concatenate([each.right for each in cases]).astype(float)
    centre, spread = rows.mean(0), rows.std(0) + 1e-9
    design = np.column_stack([(rows - centre) / spread, np.ones(len(rows))])
    penalty = np.append(np.full(rows.shape[1], L2), 0.0)
    solution = np.zeros(design.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-(design @ solution)))
        gradient = design.T @ (chance - right) + penalty * solution
        curvature = (design.T * (chance * (1 - chance))) @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        solution -= step
        if np.abs(step).max() < 1e-10:
            break
    weights = solution[:-1] / spread
    return Model(weights, float(solution[-1] - weights @ centre))


def out_of_fold(cases: Mapping[str, Sequence[Case]]) -> dict[str, list[Verdict]]:
    """Every case judged by a model fitted without its fold, in the order of the cases."""
    everything = [each for some in cases.values() for each in some]
    models = [fit([each for each in everything if each.fold != fold]) for fold in range(FOLDS)]
    return {
        name: [best(each, models[each.fold]) for each in some if len(each.rows)]
        for name, some in cases.items()
    }


def best(one: Case, model: Model) -> Verdict:
    """What the judge would answer from."""
    logits = model.logits(one.rows)
    top = int(logits.argmax())
    return Verdict(one.answerable, one.kind, float(logits[top]), bool(one.right[top]))


def logit_at(verdicts: Mapping[str, Sequence[Verdict]], share: float) -> float:
    """Above which logit ``share`` of the unanswerable questions lie, headings kept."""
    unanswerable = [
        each.logit
        for name, some in verdicts.items()
        if "removed" not in name  # the same questions again
        for each in some
        if not each.answerable
    ]
    return float(np.quantile(unanswerable, 1 - share))


# --- reporting --------------------------------------------------------------------------------


def settings(verdicts: Sequence[Verdict], shift: float) -> list[dict[str, float]]:
    """What each threshold on the confidence gives."""
    return [at_threshold(verdicts, threshold, shift) for threshold in THRESHOLDS]


def at_threshold(verdicts: Sequence[Verdict], threshold: float, shift: float) -> dict[str, float]:
    """Shares of the answerable questions (answered, right, wrong) and of the others (false)."""
    cut = math.log(threshold / (1 - threshold)) + shift
    answerable = [each for each in verdicts if each.answerable]
    return {
        "threshold": threshold,
        "answered": round(mean(each.logit >= cut for each in answerable), 3),
        "right": round(mean(each.logit >= cut and each.right for each in answerable), 3),
        "wrong": round(mean(each.logit >= cut and not each.right for each in answerable), 3),
        "false": round(mean(e.logit >= cut for e in verdicts if not e.answerable), 3),
    }


def separation(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """AUROC of answerable against unanswerable questions, in all and by kind of the latter."""
    answerable = [each.logit for each in verdicts if each.answerable]
    kinds = sorted({each.kind for each in verdicts if not each.answerable})
    by_kind = {
        kind: auroc(answerable, [e.logit for e in verdicts if not e.answerable and e.kind == kind])
        for kind in kinds
    }
    everything = auroc(answerable, [each.logit for each in verdicts if not each.answerable])
    return {name: round(value, 3) for name, value in ({"all": everything} | by_kind).items()}


def precision_recall(verdicts: Sequence[Verdict]) -> tuple[list[float], list[float]]:
    """Recall (right answers of answerable questions) and precision (of all answers given)."""
    answerable = sum(each.answerable for each in verdicts)
    right = np.cumsum([each.right for each in sorted(verdicts, key=lambda each: -each.logit)])
    given = np.arange(1, len(verdicts) + 1)
    return list(right / answerable), list(right / given)


def plot(verdicts: Mapping[str, Sequence[Verdict]], shift: float, path: Path) -> None:
    """Draw precision against recall for each set, with a dot at confidence 0.5."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "housevoice", "font.size": 11})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.6), layout="constrained")
    for (name, some), style in zip(verdicts.items(), ("-", "--", ":"), strict=True):
        recall, precision = precision_recall(some)
        (line,) = axes.plot(recall, precision, style, linewidth=2, label=name)
        given = sum(each.logit >= shift for each in some)
        if given:
            at = (recall[given - 1], precision[given - 1])
            axes.plot(*at, "o", color=line.get_color(), markersize=8)
    axes.set(
        xlabel="Recall: right answers / answerable questions",
        ylabel="Precision: right answers / all answers given",
        xlim=(0, 1.01),
        ylim=(0, 1.02),
        title="The judge, out-of-fold; dots: confidence 0.5",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def literal(model: Model, shift: float) -> str:
    """WEIGHTS as Python, to paste into bot/judge.py."""
    of = "".join(
        f"        {name}={value:.3f},\n" for name, value in zip(NAMES, model.weights, strict=True)
    )
    bias = model.bias - shift
    return f"WEIGHTS = Weights(\n    bias={bias:.3f},\n    of=Features(\n{of}    ),\n)"


def show(report: Mapping[str, Any]) -> None:
    """Print the settings of each set as a table."""
    table = Table("set", "confidence", "answered", "right passage", "wrong passage", "false")
    for name, one in report.items():
        for row in one["settings"]:
            shares = (f"{row[key]:.1%}" for key in ("answered", "right", "wrong", "false"))
            table.add_row(name, f"{row['threshold']:.1f}", *shares)
        table.add_section()
    console = Console(width=100)
    console.print(table)
    for name, one in report.items():
        parts = ", ".join(f"{kind} {value}" for kind, value in one["auroc"].items())
        console.print(f"AUROC, {name}: {parts}")


def main() -> None:
    """Gather, fit, print, plot, write."""
    parser = handbook.argument_parser("judge", __doc__)
    parser.add_argument("--plot", type=Path, default=PLOT, metavar="FILE", help="the SVG")
    given = parser.parse_args()
    cases = asyncio.run(gather(given.handbook))
    verdicts = out_of_fold(cases)
    shift = logit_at(verdicts, FALSE_ANSWERS)
    model = fit([each for some in cases.values() for each in some])
    report = {
        name: {
            "answerable": sum(each.answerable for each in some),
            "unanswerable": sum(not each.answerable for each in some),
            "auroc": separation(some),
            "settings": settings(some, shift),
        }
        for name, some in verdicts.items()
    }
    show(report)
    plot(verdicts, shift, given.plot)
    print(literal(model, shift))
    weights = dict(zip(NAMES, np.round(model.weights, 3).tolist(), strict=True))
    results = {
        "folds": FOLDS,
        "l2": L2,
        "considered": CONSIDERED,
        "false_answers_at_half": FALSE_ANSWERS,
        "weights": {"bias": round(model.bias - shift, 3)} | weights,
        "sets": report,
    }
    print(write("judge", results, given.out).name)


if __name__ == "__main__":
    main()
