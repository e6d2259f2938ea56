"""The port of the models that write: step by step along a script, or freely."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.voice.template import Prompt
from bot.voice.voice import Voice


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
    """A language model that writes a reply, step by step or freely."""

    @property
    def tuned(self) -> bool:
        """Whether it carries a LoRA (or fine-tuning) for the voice it speaks."""
        ...

    def compose(self, prompt: Prompt, script: Sequence[Step]) -> AsyncIterator[str]:
        """Yield the text of each step in turn, as soon as that step is done.

        Raises :class:`bot.errors.ModelError` when the model cannot be reached or fails.
        """
        ...

    def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[str, None]:
        """Yield the pieces of one text as the model writes it, of at most so many tokens.

        Nobody has checked it. Raises :class:`bot.errors.ModelError`.
        """
        ...


WriterFor = Callable[[Voice], Awaitable[Writer]]
"""The model that speaks a voice, loaded at its first use."""
