"""The answers to questions as people type them, on handbooks that nothing was trained or tuned on.

    python -m benchmarks.natural --handbooks DIR [--answers FILE] [--out FILE]

DIR has one folder for each handbook of ``data/natural_handbooks.json``, which tells where its pages
come from. ``data/natural_questions.jsonl`` holds the questions: a third are near misses, about
what the pages come close to without saying it. For those that can be answered it has the words
that an answer must show.

*Right*: the answer shows those words. *Partly*: it quotes the passage that has them, but not them.
*Wrong*: anything else is quoted. *Refused*: "I don't know". The voice plays no part, so no writing
model is loaded. ``--answers`` writes every reply for reading.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from benchmarks import handbook
from benchmarks.answers import ask, ingest, settings_for
from benchmarks.handbook import Corpus, normalised
from benchmarks.metrics import auroc, mean, ndcg
from benchmarks.results import write
from bot.shell.app import open_app
from bot.types import Reply
from bot.voice.template import Prompt
from bot.voice.voice import Voice
from bot.voice.writer import Choose, Free, Say, Step
from knowledge.types import Passage

DATA = Path(__file__).parent / "data"
QUESTIONS = DATA / "natural_questions.jsonl"
HANDBOOKS = DATA / "natural_handbooks.json"
DEPTHS = (1, 3, 5)

Outcome = Literal["right", "partly", "wrong", "refused"]


@dataclass(frozen=True, slots=True)
class Natural:
    """A question, what was said, and how that is to be judged."""

    id: str
    handbook: str
    question: str
    kind: str
    expected: str
    """``answer``, ``near-miss`` or ``off-topic``."""
    reply: Reply
    outcome: Outcome
    ranks: tuple[bool, ...]
    """For each passage that search found, best first, whether it holds the evidence."""


class PlainWriter:
    """Says what is to be said and takes the first of every choice."""

    tuned = False

    async def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step."""
        for step in script:
            match step:
                case Choose(options):
                    yield options[0]
                case Say(text, mark):
                    yield text + mark
                case Free():
                    yield step.otherwise + step.mark

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        """Nothing is written freely here."""
        raise NotImplementedError
        yield ""


async def _plain(_: Voice) -> PlainWriter:
    return PlainWriter()


def holds(passage: Passage, evidence: Iterable[dict[str, str]]) -> bool:
    """Whether it has the words of one of the places that answer."""
    text = normalised(f"{passage.context} {passage.text}")
    return any(
        passage.document == each["page"] and normalised(each["text"]) in text for each in evidence
    )


def outcome(reply: Reply, evidence: Sequence[dict[str, str]], corpus: Corpus) -> Outcome:
    """How a reply is to be judged; ``evidence`` is empty where nothing would be right."""
    if not reply.citations:
        return "refused"
    said = normalised(reply.answer)
    if any(normalised(each["text"]) in said for each in evidence):
        return "right"
    cited = {each.passage for each in reply.citations}
    quoted = [passage for passage in corpus.passages if passage.id in cited]
    return "partly" if any(holds(passage, evidence) for passage in quoted) else "wrong"


async def measure(folder: Path, only: str | None = None) -> list[Natural]:
    """Ask everything, each handbook in a bot of its own."""
    questions = handbook.json_lines(QUESTIONS)
    names = [each["name"] for each in json.loads(HANDBOOKS.read_text("utf-8"))]
    asked = []
    for name in names:
        if only and name != only:
            continue
        with tempfile.TemporaryDirectory() as data:
            async with open_app(settings_for(Path(data)), _plain) as app:
                corpus = await ingest(app, folder / name)
                held = {each.id: each for each in corpus.passages}
                for number, line in enumerate(
                    each for each in questions if each["handbook"] == name
                ):
                    reply = await ask(app, number, line["question"])
                    asked.append(
                        Natural(
                            line["id"],
                            name,
                            line["question"],
                            line["kind"],
                            line["expected"],
                            reply,
                            outcome(reply, line["evidence"], corpus),
                            tuple(
                                holds(held[each.id], line["evidence"]) for each in reply.passages
                            ),
                        )
                    )
    return asked


def summary(asked: Sequence[Natural]) -> dict[str, Any]:
    """All figures, in all and by handbook and kind."""
    handbooks = sorted({each.handbook for each in asked})
    kinds = sorted({each.kind for each in asked})
    return {
        "all": figures(asked),
        "handbooks": {
            name: figures([each for each in asked if each.handbook == name]) for name in handbooks
        },
        "kinds": {kind: figures([each for each in asked if each.kind == kind]) for kind in kinds},
    }


def figures(asked: Sequence[Natural]) -> dict[str, Any]:
    """Counts by tier and outcome, the aims as shares, and how well search found."""
    answerable = [each for each in asked if each.expected == "answer"]
    near = [each for each in asked if each.expected == "near-miss"]
    off = [each for each in asked if each.expected == "off-topic"]
    sure = [each for each in asked if each.reply.tier == "sure"]
    shown = [each for each in answerable if each.outcome != "refused"]
    ranked = [
        ([*range(len(each.ranks))], {at for at, hit in enumerate(each.ranks) if hit})
        for each in answerable
    ]
    return {
        "answerable": len(answerable),
        "near_misses": len(near),
        "off_topic": len(off),
        "outcomes": {
            tier: Counter(each.outcome for each in answerable if each.reply.tier == tier)
            for tier in ("sure", "unsure", "none")
        },
        "right_shown": _share(each.outcome == "right" for each in answerable),
        "right_or_partly_shown": _share(each.outcome in ("right", "partly") for each in answerable),
        "right_sure": _share(
            each.outcome == "right" and each.reply.tier == "sure" for each in answerable
        ),
        "wrong_shown": _share(each.outcome == "wrong" for each in shown),
        "near_misses_sure": _share(each.reply.tier == "sure" for each in near),
        "near_misses_shown": _share(each.reply.tier != "none" for each in near),
        "sure_but_not_the_answer": _share(
            each.expected != "answer" or each.outcome == "wrong" for each in sure
        ),
        "off_topic_shown": _share(each.reply.tier != "none" for each in off),
        "off_topic_with_pages": _share("\n- " in each.reply.answer for each in off),
        "auroc": round(
            auroc([_confidence(each) for each in answerable], [_confidence(each) for each in near]),
            3,
        ),
        "search": {
            **{
                f"hit@{depth}": _share(any(each.ranks[:depth]) for each in answerable)
                for depth in DEPTHS
            },
            "ndcg@5": round(
                mean(ndcg(order, hits, 5) if hits else 0.0 for order, hits in ranked), 3
            ),
        },
        "quote_words": sorted(
            sum(len(citation.quote.split()) for citation in each.reply.citations) for each in shown
        )[len(shown) // 2]
        if shown
        else 0,
    }


def _confidence(one: Natural) -> float:
    return one.reply.confidence or 0.0


def _share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return round(mean(found), 3) if found else 0.0


AIMS = {
    "right_shown": "of the answerable, rightly shown (aim: 80 %)",
    "right_or_partly_shown": "... or partly",
    "right_sure": "of the answerable, rightly as sure (aim: 55 %)",
    "wrong_shown": "of what is shown to answerable ones, wrong",
    "near_misses_sure": "of near misses, answered as sure (aim: at most 5 %)",
    "near_misses_shown": "of near misses, shown at all",
    "sure_but_not_the_answer": "of what is said as sure, not the answer (aim: at most 5 %)",
    "off_topic_shown": "of off-topic ones, shown anything (aim: at most 3 %)",
    "off_topic_with_pages": "of off-topic ones, named pages",
    "auroc": "AUROC of answerable against near misses",
    "quote_words": "words quoted, median",
}


def show(report: dict[str, Any]) -> None:
    """Print the aims, the outcomes by tier, and each kind."""
    console = Console(width=110)
    table = Table("figure", "all", *report["handbooks"])
    for key, words in AIMS.items():
        table.add_row(
            words, str(report["all"][key]), *(str(o[key]) for o in report["handbooks"].values())
        )
    for key in report["all"]["search"]:
        table.add_row(
            f"search {key}",
            str(report["all"]["search"][key]),
            *(str(one["search"][key]) for one in report["handbooks"].values()),
        )
    console.print(table)
    kinds = Table("kind", "answerable", "right sure", "right", "partly", "wrong", "refused")
    for kind, one in ({"all": report["all"]} | report["kinds"]).items():
        counts = sum((Counter(each) for each in one["outcomes"].values()), Counter())
        kinds.add_row(
            kind,
            str(one["answerable"]),
            str(one["outcomes"]["sure"].get("right", 0)),
            *(str(counts[each]) for each in ("right", "partly", "wrong", "refused")),
        )
    console.print(kinds)


def save(asked: Sequence[Natural], path: Path) -> None:
    """Write the replies as JSON lines, for reading."""
    with path.open("w", encoding="utf-8") as lines:
        for each in asked:
            line = {
                "id": each.id,
                "handbook": each.handbook,
                "question": each.question,
                "kind": each.kind,
                "expected": each.expected,
                "outcome": each.outcome,
                "tier": each.reply.tier,
                "confidence": _confidence(each),
                "ranks": each.ranks,
                "answer": each.reply.answer,
                "cited": [citation.title for citation in each.reply.citations],
            }
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> None:
    """Ask, print, write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.natural",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--handbooks", type=Path, required=True, metavar="DIR", help="one folder for each handbook"
    )
    parser.add_argument("--answers", type=Path, metavar="FILE", help="where every reply goes")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the figures go as JSON")
    given = parser.parse_args()
    asked = asyncio.run(measure(given.handbooks))
    report = summary(asked)
    show(report)
    if given.answers:
        save(asked, given.answers)
    print(write("natural", report, given.out).name)


if __name__ == "__main__":
    main()
