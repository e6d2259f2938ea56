"""The whole bot, from the question to the checked answer, on the 18F handbook.

    python -m benchmarks.answers --handbook DIR [--answers FILE] [--out FILE]

Asks the 134 questions that are headings in it (headings kept, as a company's own pages have them)
and 100 that it does not answer. An answer is right when what it quotes first stands in the
question's section, white space aside. ``--answers`` writes every reply for reading.

The headings are the documents' own words, which flatters: ``benchmarks.natural`` asks as people do.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import handbook
from benchmarks.handbook import WEIGHTS, Corpus, HandbookQuestion
from benchmarks.metrics import mean
from benchmarks.results import write
from bot.shell.app import App, open_app
from bot.shell.settings import Settings
from bot.types import Asker, Message, Reply


@dataclass(frozen=True, slots=True)
class Answered:
    """One question, what was said, and whether that came from the right place."""

    kind: str
    """``heading`` for an answerable question, else how it is unanswerable."""
    reply: Reply
    right: tuple[bool, ...]
    """For each citation, whether it quotes the section that answers."""


def settings_for(data: Path) -> Settings:
    """The bot's defaults with a data folder of its own, but for the models' weights."""
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    (data / "weights").symlink_to(WEIGHTS.absolute(), target_is_directory=True)
    # The environment and .env of whoever measures must not change what is measured.
    return Settings.model_construct(**{**_defaults(), "data": data})


def _defaults() -> dict[str, Any]:
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in Settings.model_fields.items()
    }


async def ingest(app: App, folder: Path) -> Corpus:
    """Read the handbook into the app."""
    _, report = await app.library.add(str(folder))
    if report.error:
        raise SystemExit(report.error)
    passages = await handbook.all_passages(app.store, handbook.EVERYBODY, app.embedder.dimension)
    return Corpus(app.store, passages, {each.id: each.headings for each in passages})


async def ask(app: App, number: int, text: str) -> Reply:
    """Ask in a conversation of its own."""
    message = Message(
        id=f"benchmark-{number}",
        platform="benchmark",
        conversation=f"benchmark-{number}",
        asker=Asker("benchmark"),
        text=text,
    )
    async for piece in app.assistant.answer(message):
        if isinstance(piece, Reply):
            return piece
    raise SystemExit(f"No reply to question {number}.")


def quotes_section(reply: Reply, corpus: Corpus, question: HandbookQuestion) -> list[bool]:
    """For each citation, whether its quote stands in the section that answers."""
    section = " ".join(
        _joined(passage.text) for passage in corpus.passages if corpus.in_section(passage, question)
    )
    return [
        citation.document == question.document and _joined(citation.quote) in section
        for citation in reply.citations
    ]


def _joined(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


async def measure(folder: Path) -> list[Answered]:
    """Ask everything."""
    asked = handbook.questions(folder)
    unanswerable = handbook.json_lines(handbook.UNANSWERABLE)
    answered = []
    with tempfile.TemporaryDirectory() as data:
        async with open_app(settings_for(Path(data))) as app:
            corpus = await ingest(app, folder / "handbook")
            await app.warm_up()
            for number, question in enumerate(asked):
                reply = await ask(app, number, question.text)
                right = quotes_section(reply, corpus, question)
                answered.append(Answered("heading", reply, tuple(right)))
            for number, line in enumerate(unanswerable, start=len(asked)):
                reply = await ask(app, number, line["question"])
                answered.append(Answered(line["kind"], reply, ()))
    return answered


def checks_hold(reply: Reply) -> bool:
    """Whether the quote is verbatim, its facts unchanged, and the citation marks valid."""
    checks = reply.checks
    return bool(checks.quote_verbatim and all(checks.facts.values()) and checks.marks)


def summary(answered: Sequence[Answered]) -> dict[str, Any]:
    """Shares by kind of question, and of the answers that were given."""
    asked = [each for each in answered if each.kind == "heading"]
    others = [each for each in answered if each.kind != "heading"]
    failed = [each for each in answered if each.reply.error_id]
    given = [each.reply for each in answered if gave_answer(each)]
    kinds = sorted({each.kind for each in others})
    return {
        "apologies": len(failed),
        "answerable": {
            "questions": len(asked),
            "answered": share(gave_answer(each) for each in asked),
            "shown_as_uncertain": share(each.reply.tier == "unsure" for each in asked),
            "quoted_from_right_section": share(each.right[:1] == (True,) for each in asked),
            "quoted_from_another": share(each.right[:1] == (False,) for each in asked),
            "only_from_right_section": share(
                bool(each.right) and all(each.right) for each in asked
            ),
        },
        "unanswerable": {
            kind: {
                "questions": sum(each.kind == kind for each in others),
                "answered": share(gave_answer(each) for each in others if each.kind == kind),
                "shown_as_uncertain": share(
                    each.reply.tier == "unsure" for each in others if each.kind == kind
                ),
            }
            for kind in kinds
        },
        "answers": {
            "given": len(given),
            "all_checks_hold": share(checks_hold(reply) for reply in given),
            "every_marker_kept": share(all(reply.checks.markers.values()) for reply in given),
            "markers": markers_kept(given),
        },
    }


def gave_answer(one: Answered) -> bool:
    """Whether it was answered as sure."""
    return one.reply.tier == "sure"


def share(hits: Any) -> float:
    """Of the true ones, to three places."""
    return round(mean(hits), 3)


def markers_kept(given: Sequence[Reply]) -> dict[str, float]:
    """Marker of the voice to the share of answers that keep it."""
    names = given[0].checks.markers if given else ()
    return {name: share(reply.checks.markers[name] for reply in given) for name in names}


def show(report: Mapping[str, Any]) -> None:
    """Print the shares as a table."""
    table = Table("figure", "of", "share")
    answerable, answers = report["answerable"], report["answers"]
    for key in (name for name in answerable if name != "questions"):
        table.add_row(key.replace("_", " "), _of(answerable["questions"]), f"{answerable[key]:.1%}")
    for kind, one in report["unanswerable"].items():
        for key in ("answered", "shown_as_uncertain"):
            words = f"{kind} {key.replace('_', ' ')}"
            table.add_row(words, f"{one['questions']} {kind}", f"{one[key]:.1%}")
    for key in ("all_checks_hold", "every_marker_kept"):
        table.add_row(key.replace("_", " "), f"{answers['given']} answers", f"{answers[key]:.1%}")
    for name, value in answers["markers"].items():
        table.add_row(f"marker {name} kept", f"{answers['given']} answers", f"{value:.1%}")
    Console(width=100).print(table)


def _of(questions: int) -> str:
    return f"{questions} answerable"


def save(answered: Sequence[Answered], path: Path) -> None:
    """Write the replies as JSON lines, for reading."""
    with path.open("w", encoding="utf-8") as lines:
        for number, each in enumerate(answered):
            line = {"kind": each.kind, "right": each.right} | each.reply.as_json(str(number))
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def main() -> None:
    """Ask, print, write."""
    parser = handbook.argument_parser("answers", __doc__)
    parser.add_argument("--answers", type=Path, metavar="FILE", help="where every reply goes")
    given = parser.parse_args()
    answered = asyncio.run(measure(given.handbook))
    report = summary(answered)
    show(report)
    if given.answers:
        save(answered, given.answers)
    print(write("answers", report, given.out).name)


if __name__ == "__main__":
    main()
