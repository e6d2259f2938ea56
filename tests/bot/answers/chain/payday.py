"""A question, the passage that answers it, and what the chain told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.types import Reply
from tests.kit.fakes import FakeRetriever, FakeWriter

QUESTION = "When is payday?"
SENTENCE = "Salaries are paid on the 25th of each month."
PAYDAY = f"# Payday\n\n{SENTENCE}\n"
# The first of Fernhill's lines that fit the question and the sentence.
GREETING, LEAD, CLOSING = "Fair question!", "Here is what I found.", "Worth a note in your diary."


@dataclass
class Told:
    """What one run of the chain gave."""

    deltas: list[str]
    reply: Reply
    retriever: FakeRetriever
    writer: FakeWriter


Ask = Callable[..., Awaitable[Told]]
