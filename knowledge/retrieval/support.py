"""Whether a passage bears out a sentence, by the reader that judges whether it answers a question.

A reader that has learnt to tell what answers a question also tells a sentence that a passage says
from one that is only about the same thing. It does not notice a denial turned round.
"""

from __future__ import annotations

from knowledge.retrieval.reader import Reader, readable_text
from knowledge.text.sentences import split_units
from knowledge.types import Evidence


class ReaderSupport:
    """Asks a reader with the sentence in place of the question."""

    def __init__(self, reader: Reader):
        self._reader = reader

    async def supports(self, sentence: str, evidence: Evidence) -> float:
        """How likely the passage says it, in [0, 1].

        Raises :class:`knowledge.errors.KnowledgeError` when the model cannot be loaded.
        """
        return await self.says(sentence, evidence.passage.text, evidence.passage.context)

    async def says(self, sentence: str, text: str, context: str = "") -> float:
        """The same of any Markdown text; ``context``: its title and headings."""
        [reading] = await self._reader.read(sentence, [readable_text(context, split_units(text))])
        return reading.answers
