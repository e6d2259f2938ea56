"""The few things that the core needs from outside, as small protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.tone.template import Prompt


@dataclass(frozen=True, slots=True)
class Choose:
    """The model picks one of a few allowed texts."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """The text is given word for word; the model only reads it. ``mark`` is added for readers."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Free:
    """The model writes; what ``accept`` refuses is replaced by ``otherwise`` before anyone sees it.

    ``sentence``: stop at the end of the first sentence, else at the end of the turn. ``mark`` is
    added for readers, as in :class:`Say`.
    """

    max_tokens: int
    accept: Callable[[str], bool]
    otherwise: str
    sentence: bool = True
    mark: str = ""


Step = Choose | Say | Free


class Writer(Protocol):
    """A language model that writes a reply step by step."""

    @property
    def tuned(self) -> bool:
        """Whether it carries a LoRA (or fine-tuning) for the voice it speaks."""
        ...

    def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step in turn, as soon as that step is done.

        Raises :class:`bot.errors.ModelError` when the model cannot be reached or fails.
        """
        ...
