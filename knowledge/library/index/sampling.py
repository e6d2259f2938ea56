"""Whether a new generation finds what the old one found, on questions made of its own passages."""

from __future__ import annotations

from knowledge.errors import StoreError
from knowledge.library.index.index import Opened
from knowledge.retrieval.retriever import ALPHA
from knowledge.text.stopwords import telling_words
from knowledge.types import Passage, Vector

SAMPLE = 50
"""Documents, evenly over all there are: a few seconds, and a fault of any size shows."""

WORDS = 12
"""Of a passage, as its question: as many telling words as a long question has."""

FIRST = 10
"""A document counts as found if it has a passage among so many."""

ENOUGH = 0.9
"""Share of the documents found before that have to be found again. With the same embedder it is
all of them; another one ranks otherwise, and differs on the last places."""


async def compare_answers(old: Opened, new: Opened) -> str:
    """What the comparison says, in a sentence; :class:`StoreError` if it is not :data:`ENOUGH`."""
    documents = sorted(await old.store.listing())
    step = max(len(documents) // SAMPLE, 1)
    before = again = 0
    for source, document in documents[::step][:SAMPLE]:
        held = await old.store.held(source, document)
        if not held:
            continue  # it has just gone
        passage = held[len(held) // 2].passage
        # By words alone where nothing embeds questions for the old one any more.
        if old.lacking:
            was_found = await _finds(old, passage, vector=held[0].vector, alpha=0)
        else:
            was_found = await _finds(old, passage)
        if was_found:
            before += 1
            again += await _finds(new, passage)
    if again < ENOUGH * before:
        raise StoreError(
            f"Of {before} sample questions that find their document in the old index, {again} do "
            "in the new one, so the old one stays. Look at the embedder, or run 'index rebuild "
            "--afresh' and 'source refresh' to go on with the new one all the same."
        )
    return f"Of {before} sample questions, {again} find the same document as before."


async def _finds(
    opened: Opened, passage: Passage, vector: Vector | None = None, alpha: float = ALPHA
) -> bool:
    question = " ".join(telling_words(f"{passage.context} {passage.text}")[:WORDS])
    if vector is None:
        vector = await opened.embedder.embed_question(question or passage.text)
    found = await opened.store.search(question, vector, passage.access, FIRST, alpha=alpha)
    place = (passage.source, passage.document)
    return any((each.passage.source, each.passage.document) == place for each in found)
