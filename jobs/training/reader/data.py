"""Pairs to train the reader on: natural questions on handbooks, and generic question sets.

How a question is worded must not tell whether a passage answers it, so every natural question is
shown with passages that answer it and with passages that do not. An answerable one also meets its
passage with the answer taken out; a near miss also meets its passage with the sentence put in that
would have answered it, and with one that answers another near miss.
"""

from __future__ import annotations

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from knowledge.embedding.local import LocalEmbedder
from knowledge.library.reading import embedded_text
from knowledge.parsing.inline import plain_text
from knowledge.retrieval.reader import ReadableText, readable_text
from knowledge.stores.embedded import EmbeddedStore
from knowledge.text.sentences import Unit, split_units
from knowledge.types import PUBLIC, EmbeddedPassage, Passage

HELD_OUT = (
    "artsy/README",
    "alan-turing-institute/REG-handbook",
    "isomerpages/govtech-ndi-faq",
    "arduino/help-center-content",
)
"""Handbooks that are calibrated and measured on, never trained on."""
RETRIEVED = 10
_ALPHA = 0.5
_LEFT = 15  # words that must be left of a passage whose answer was taken out
_MOST_TAKEN = 0.75


@dataclass(frozen=True, slots=True)
class Pair:
    """One passage for a question."""

    text: ReadableText
    answers: bool
    evidence: tuple[bool, ...] = ()
    """Which units hold the answer; empty where that is not known."""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A question with the passages that compete to answer it."""

    question: str
    pairs: tuple[Pair, ...]
    source: str
    natural: bool


@dataclass(frozen=True, slots=True)
class NaturalQuestion:
    """A question as somebody would type it, about one passage, and what was retrieved for it."""

    text: str
    kind: str
    passage: str
    answerable: bool
    answer: str
    """Verbatim in the passage's Markdown; empty for a near miss."""
    also: tuple[str, ...]
    """Other passages that answer."""
    missing: str
    """For a near miss, a sentence that would answer it."""
    retrieved: tuple[str, ...] = ()

    @property
    def right(self) -> frozenset[str]:
        """Ids of the passages that answer it."""
        return frozenset(self.also) | ({self.passage} if self.answerable else frozenset())


@dataclass(frozen=True, slots=True)
class Book:
    """One handbook's passages, as read, and the questions about it."""

    name: str
    passages: Mapping[str, Passage]
    questions: tuple[NaturalQuestion, ...]

    def units(self, passage: str) -> list[Unit]:
        """The units of a passage; at least one."""
        text = self.passages[passage].text
        return split_units(text) or [Unit(plain_text(text), text, "sentence")]

    def text(self, passage: str) -> ReadableText:
        """What the reader is given of a passage."""
        return readable_text(self.passages[passage].title, self.units(passage))


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


async def read_books(folder: Path, work: Path) -> list[Book]:
    """The handbooks of ``natural_*.jsonl.gz``, each question with what search finds for it.

    What was found is kept in ``work``: it takes a few minutes, most of them for embedding.
    """
    passages: defaultdict[str, dict[str, Passage]] = defaultdict(dict)
    for line in lines(folder / "natural_passages.jsonl.gz"):
        passages[line["repo"]][line["passage"]] = Passage(
            id=line["passage"],
            source=line["repo"],
            document=line["document"],
            title=line["context"],
            headings=(),
            position=int(line["passage"].rpartition(":")[2]),
            url="",
            text=line["text"],
        )
    home = {id: repo for repo, some in passages.items() for id in some}
    questions: defaultdict[str, list[NaturalQuestion]] = defaultdict(list)
    for line in lines(folder / "natural_questions.jsonl.gz"):
        of = home.get(line["passage"])
        also = tuple(each for each in line.get("also", ()) if home.get(each) == of)
        question = NaturalQuestion(
            line["q"],
            line["kind"],
            line["passage"],
            bool(line["y"]),
            line.get("a") or "",
            also,
            line.get("missing") or "",
        )
        if of:
            questions[of].append(question)
    found = await _retrieved(passages, questions, work)
    return [
        Book(
            name,
            passages[name],
            tuple(replace(q, retrieved=tuple(found[name][q.text])) for q in questions[name]),
        )
        for name in sorted(questions)
    ]


async def _retrieved(
    passages: Mapping[str, Mapping[str, Passage]],
    questions: Mapping[str, Sequence[NaturalQuestion]],
    work: Path,
) -> dict[str, dict[str, list[str]]]:
    kept = work / "retrieved.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text("utf-8")))
    embedder = LocalEmbedder()
    (work / "passages.db").unlink(missing_ok=True)
    store = await EmbeddedStore.open(work / "passages.db")
    found: dict[str, dict[str, list[str]]] = {}
    try:
        for name, asked in questions.items():
            some = list(passages[name].values())
            vectors = await embedder.embed_passages([embedded_text(each) for each in some])
            documents: defaultdict[str, list[EmbeddedPassage]] = defaultdict(list)
            for passage, vector in zip(some, vectors, strict=True):
                documents[passage.document].append(EmbeddedPassage(passage, vector))
            for document, embedded in documents.items():
                await store.replace(name, document, embedded)
            texts = list(dict.fromkeys(question.text for question in asked))
            asked_vectors = await embedder.embed_passages(texts)
            found[name] = {}
            for text, vector in zip(texts, asked_vectors, strict=True):
                best = await store.search(
                    text,
                    vector,
                    frozenset({PUBLIC}),
                    RETRIEVED,
                    alpha=_ALPHA,
                    sources=frozenset({name}),
                )
                found[name][text] = [each.passage.id for each in best]
    finally:
        await store.close()
    kept.write_text(json.dumps(found), "utf-8")
    return found


def doubtful(folder: Path) -> frozenset[tuple[str, str]]:
    """Questions with passages that may answer although nobody said so: shown as neither."""
    path = folder / "suspicious.jsonl.gz"
    return frozenset((line["q"], line["id"]) for line in lines(path)) if path.is_file() else _NONE


_NONE: frozenset[tuple[str, str]] = frozenset()


def natural_groups(
    book: Book, left_out: frozenset[tuple[str, str]], rng: random.Random
) -> Iterator[Group]:
    """One group a question; see the head of this file for what is in it."""
    missing: defaultdict[str, list[NaturalQuestion]] = defaultdict(list)
    for question in book.questions:
        if question.missing:
            missing[question.passage].append(question)
    everything = list(book.passages)
    for question in book.questions:
        units = book.units(question.passage)
        hits = evidence(book.passages[question.passage].text, units, question.answer)
        pairs = [Pair(book.text(question.passage), question.answerable, hits, "own")]
        pairs += [Pair(book.text(each), True, (), "also") for each in question.also[:2]]
        context = book.passages[question.passage].title
        if question.answerable and (without := taken_out(units, hits)):
            pairs.append(Pair(readable_text(context, without), False, (), "cut"))
        if question.missing:
            pairs.append(_put_in(context, units, question.missing, True, rng))
        others = [each for each in missing[question.passage] if each.missing != question.missing]
        if others and not question.answerable:
            pairs.append(_put_in(context, units, rng.choice(others).missing, False, rng))
        wrong = [
            each
            for each in question.retrieved
            if each not in question.right
            and each != question.passage
            and (question.text, each) not in left_out
        ]
        chosen = wrong[:1]
        if wrong[4:] and rng.random() < 0.6:
            chosen.append(rng.choice(wrong[4:]))
        if rng.random() < 0.4:
            chosen.append(rng.choice(everything))
        pairs += [
            Pair(book.text(each), False, (), "retrieved")
            for each in dict.fromkeys(chosen)
            if each not in question.right and each != question.passage
        ]
        yield Group(question.text, tuple(pairs), book.name, natural=True)


def evidence(markdown: str, units: Sequence[Unit], answer: str) -> tuple[bool, ...]:
    """Which units hold the answer, a verbatim piece of the passage; empty if none can be told."""
    begin = markdown.find(answer) if answer else -1
    if begin < 0:
        return ()
    end = begin + len(answer)
    hits = []
    at = 0
    for unit in units:
        start = markdown.find(unit.raw, at)
        if start < 0:
            return ()
        at = start + len(unit.raw)
        shared = min(end, at) - max(begin, start)
        hits.append(unit.kind != "heading" and shared >= 0.5 * min(len(unit.raw), len(answer)))
    return tuple(hits) if any(hits) else ()


def taken_out(units: Sequence[Unit], hits: Sequence[bool]) -> list[Unit]:
    """The units without those that hold the answer; none where too little would be left."""
    if not hits:
        return []
    kept = [unit for unit, hit in zip(units, hits, strict=True) if not hit]
    left = sum(len(unit.text.split()) for unit in kept)
    total = sum(len(unit.text.split()) for unit in units)
    return kept if left >= max(_LEFT, (1 - _MOST_TAKEN) * total) else []


def _put_in(
    context: str, units: Sequence[Unit], sentence: str, answers: bool, rng: random.Random
) -> Pair:
    at = rng.randint(0, len(units))
    grown = [*units[:at], Unit(sentence, sentence, "sentence"), *units[at:]]
    hits = tuple(index == at for index in range(len(grown))) if answers else ()
    return Pair(readable_text(context, grown), answers, hits, "missing" if answers else "distract")
