"""A draft said in a large model's own words, where these are found to say the same.

For models that are trusted with more than a choice of lines; the packaged one is not, see
:mod:`bot.voice.rewriting`. Its words are taken if all facts that show by their form are the same
(:func:`bot.voice.grounding.same_facts`) and a reader finds each sentence of either text said in
the other: what was added is not in the draft, and what was left out is not in the wording.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from bot.voice.grounding import same_facts
from bot.voice.template import reword_prompt
from bot.voice.voice import Guide, Voice
from bot.voice.wording import no_names
from bot.voice.writer import Writer
from knowledge.text.sentences import split_units

Says = Callable[[str, str], Awaitable[float]]
"""How likely a text (second) says what a sentence (first) says, in [0, 1]."""
Kept = Literal["", "long", "structure", "facts", "meaning"]
"""Why a text stays as it was: empty where it did not."""

SAYS = 0.5
"""How likely each sentence must be said; see docs/benchmarks.md."""
_LONGEST = 1500  # characters: what an endpoint writes in one go, and a reader reads in two seconds
_MOST_TOKENS = 500
# Lists, tables, code, quotations: their form says something, and a model seldom keeps it.
_STRUCTURE = re.compile(r"^[ \t]*(?:[-*+•>#]\s|\d+[.)]\s)|^(?: {4}|\t)|```|~~~|\|", re.M)


@dataclass(frozen=True, slots=True)
class Reworded:
    """What became of a text."""

    text: str
    """In the model's words, else as it was."""
    kept: Kept = ""


class Rewording:
    """Asks the model that speaks a voice, and checks what it wrote."""

    def __init__(self, says: Says):
        self._says = says

    async def reword(self, text: str, voice: Voice, writer: Writer) -> Reworded:
        """The text in the model's words, if they say the same; a greeting and a closing go then.

        Raises :class:`bot.errors.ModelError` and what the reader raises.
        """
        if len(text) > _LONGEST:
            return Reworded(text, "long")
        if _STRUCTURE.search(text):
            return Reworded(text, "structure")
        bare = _without_frame(text, voice.guide)
        pieces = [piece async for piece in writer.write(reword_prompt(voice, bare), _MOST_TOKENS)]
        written = _without_frame("".join(pieces), voice.guide)
        if not written or not all(same_facts(bare, written, no_names(voice)).values()):
            return Reworded(text, "facts")
        if not (await self._says_all(written, bare) and await self._says_all(bare, written)):
            return Reworded(text, "meaning")
        return Reworded(written)

    async def _says_all(self, text: str, other: str) -> bool:
        """Whether every sentence of ``text`` is said in ``other``."""
        for unit in split_units(text):
            if unit.text not in other and await self._says(unit.text, other) < SAYS:
                return False
        return True


def _without_frame(text: str, guide: Guide) -> str:
    """Without a greeting and a closing of the voice's: those are chosen elsewhere."""
    text = text.strip()
    for greeting in guide.greetings:
        text = text.removeprefix(greeting).lstrip()
    for closing in guide.closings:
        text = text.removesuffix(closing).rstrip()
    return text
