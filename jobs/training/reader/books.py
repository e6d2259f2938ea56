"""The handbooks that the reader is trained on, their passages and the questions about them.

Most come from files beside the project (docs/reader.md tells their form). Those in ``questions/``
ship with it, without the pages they are about: who trains fetches these. Their licences are in
``questions/handbooks.json``.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from knowledge.documents.reading import CountTokens, RawFile, read_file
from knowledge.embedding.local import LocalEmbedder
from knowledge.embedding.packaged import packaged_embedder
from knowledge.errors import DocumentSkipped
from knowledge.library.reading import embedded_text, passages_of
from knowledge.parsing.inline import plain_text
from knowledge.retrieval.reader import ReadableText, readable_text
from knowledge.stores.embedded import EmbeddedStore
from knowledge.text.sentences import Unit, split_units
from knowledge.types import PUBLIC, EmbeddedPassage, Passage

RETRIEVED = 10
_ALPHA = 0.5
QUESTIONS = Path(__file__).parent / "questions"


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
    ships: bool = False
    """Whether its questions ship with the project."""

    def units(self, passage: str) -> list[Unit]:
        """The units of a passage; at least one."""
        text = self.passages[passage].text
        return split_units(text) or [Unit(plain_text(text), text, "sentence")]

    def text(self, passage: str) -> ReadableText:
        """What the reader is given of a passage."""
        return readable_text(self.passages[passage].title, self.units(passage))


_Passages = dict[str, Passage]
_Questions = list[NaturalQuestion]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


async def read_books(
    folder: Path, work: Path, handbooks: Path | None = None, asked: Path = QUESTIONS
) -> list[Book]:
    """The handbooks of ``natural_*.jsonl.gz``, each question with what search finds for it.

    ``handbooks``: where the pages lie that the questions in ``asked`` are about, a folder each.
    What was found is kept in ``work``: it takes a few minutes, most of them for embedding.
    """
    passages, questions = _beside(folder)
    beside = frozenset(questions)
    if handbooks:
        counter = LocalEmbedder(packaged_embedder(work / "weights")).counter
        of_each: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        with (asked / "questions.jsonl").open(encoding="utf-8") as file:
            for line in map(json.loads, file):
                of_each[line["handbook"]].append(line)
        for name, some in of_each.items():
            named = sorted({line["document"] for line in some})
            documents = _documents(name, handbooks / name, named, counter)
            passages[name] = {each.id: each for cut in documents.values() for each in cut}
            questions[name] = [*_shipped(some, documents)]
    found = await _retrieved(passages, questions, work)
    return [
        Book(
            name,
            passages[name],
            tuple(replace(q, retrieved=tuple(found[name][q.text])) for q in questions[name]),
            ships=name not in beside,
        )
        for name in sorted(questions)
    ]


def _beside(folder: Path) -> tuple[defaultdict[str, _Passages], defaultdict[str, _Questions]]:
    passages: defaultdict[str, _Passages] = defaultdict(dict)
    for line in lines(folder / "natural_passages.jsonl.gz"):
        position = int(line["passage"].rpartition(":")[2])
        passages[line["repo"]][line["passage"]] = _passage(
            line["passage"], line["repo"], line["document"], line["context"], position, line["text"]
        )
    home = {id: repo for repo, some in passages.items() for id in some}
    questions: defaultdict[str, _Questions] = defaultdict(list)
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
    return passages, questions


def _documents(
    name: str, folder: Path, documents: Sequence[str], counter: CountTokens
) -> dict[str, list[Passage]]:
    """The passages of these documents, as the bot cuts them; what is not there is left out."""
    found = {}
    for document in documents:
        try:
            content = (folder / document).read_bytes()
            kind = None if document.endswith(".html") else "text/markdown"
            read = read_file(RawFile(document, content, content_type=kind), counter)
        except (OSError, DocumentSkipped):
            continue
        found[document] = [
            _passage(each.id, name, document, each.context, each.position, each.text)
            for each, _ in passages_of(
                read, source=name, name=document, url="", access=frozenset({PUBLIC})
            )
        ]
    return found


def _shipped(
    some: Iterable[Mapping[str, Any]], documents: Mapping[str, Sequence[Passage]]
) -> Iterator[NaturalQuestion]:
    """The questions whose passage is there still: its words are what they are found by."""
    for line in some:
        words = line["a"] if line["y"] else line["near"]
        homes = [
            (each.id, stretch)
            for each in documents.get(line["document"], ())
            if (stretch := _stretch(each.text, words))
        ]
        if homes:
            (home, stretch), *others = homes
            also = tuple(id for id, _ in others)
            if line["y"]:
                yield NaturalQuestion(line["q"], line["kind"], home, True, stretch, also, "")
            else:
                yield NaturalQuestion(
                    line["q"], line["kind"], home, False, "", (), line.get("missing", "")
                )


def _passage(
    id: str, source: str, document: str, context: str, position: int, text: str
) -> Passage:
    return Passage(id, source, document, context, (), position, "", text)


def _stretch(text: str, words: str) -> str:
    """The piece of a text that has these words, whatever stands between them; empty if none."""
    letters = [(at, letter.lower()) for at, letter in enumerate(text) if letter.isalnum()]
    wanted = "".join(letter.lower() for letter in words if letter.isalnum())
    begin = "".join(letter for _, letter in letters).find(wanted) if wanted else -1
    if begin < 0:
        return ""
    return text[letters[begin][0] : letters[begin + len(wanted) - 1][0] + 1]


async def _retrieved(
    passages: Mapping[str, Mapping[str, Passage]],
    questions: Mapping[str, Sequence[NaturalQuestion]],
    work: Path,
) -> dict[str, dict[str, list[str]]]:
    kept = work / "retrieved.json"
    found: dict[str, dict[str, list[str]]] = (
        json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    )
    embedder = LocalEmbedder(packaged_embedder(work / "weights"))
    (work / "passages.db").unlink(missing_ok=True)
    store = await EmbeddedStore.open(work / "passages.db")
    try:
        for name, asked in questions.items():
            if {each.text for each in asked} <= found.get(name, {}).keys():
                continue
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
