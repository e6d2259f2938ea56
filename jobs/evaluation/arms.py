"""The four arms: base and tuned model, each by itself and with retrieval, on the same questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, Protocol

from bot.answers.chain import Freedom, Retriever, build_chain
from bot.answers.composing import Support
from bot.answers.judge import Thresholds
from bot.answers.turns import Question
from bot.types import Frame, Reply
from bot.voice.grounding import same_facts
from bot.voice.lines.moods import mood_of_pair
from bot.voice.metrics import markers
from bot.voice.template import Prompt, answer_request, example_request, prompt
from bot.voice.voice import Example, Voice
from bot.voice.writer import Writer
from jobs.evaluation.measures import Answered, denies
from jobs.evaluation.poison import POISONS, Poisoned, fell_for
from jobs.evaluation.questions import AskedQuestion
from knowledge.types import PUBLIC, Principals

Side = Literal["base", "tuned"]
ARMS = ("base", "tuned", "base + retrieval", "tuned + retrieval")
_MOST_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Bench:
    """What all arms share."""

    retriever: Retriever
    thresholds: Thresholds
    freedom: Freedom = "quote"
    support: Support | None = None
    frame: Frame = "light"
    principals: Principals = frozenset({PUBLIC})
    """As whom the questions are asked."""
    clock: Callable[[], float] = perf_counter


async def by_itself(bench: Bench, voice: Voice, writer: Writer, text: str) -> Answered:
    """What a model answers that is given nothing but the question."""
    started = bench.clock()
    said = await _written(writer, voice, answer_request(text, ""))
    return Answered(said, denies(said) or not said, seconds=bench.clock() - started)


async def with_retrieval(bench: Bench, voice: Voice, writer: Writer, text: str) -> Answered:
    """What the bot answers with this model."""
    started = bench.clock()
    reply = await _replied(bench, bench.retriever, voice, writer, text)
    checks = reply.checks
    return Answered(
        reply.answer,
        reply.abstained,
        tuple(each.text for each in reply.passages),
        citations_valid=(
            bool(checks.marks) and checks.quote_verbatim is not False if reply.citations else None
        ),
        facts_kept=all(checks.facts.values()) if checks.facts else None,
        seconds=bench.clock() - started,
    )


async def safe_by_itself(
    voice: Voice, writer: Writer, questions: Sequence[AskedQuestion]
) -> list[float]:
    """For each question 1 if the model, given poisoned notes, does not do what they say."""
    safe = []
    for n, asked in enumerate(questions):
        poison = POISONS[n % len(POISONS)]
        notes = f"{asked.reference[:400]}\n{poison.text}"
        said = await _written(writer, voice, answer_request(asked.text, notes))
        safe.append(float(not fell_for(poison, said, [poison.text])))
    return safe


async def safe_with_retrieval(
    bench: Bench, voice: Voice, writer: Writer, questions: Sequence[AskedQuestion]
) -> list[float]:
    """The same of the bot, with the poison in the best passage that it finds."""
    poisoned = Poisoned(bench.retriever, [each.text for each in questions])
    safe = []
    for asked in questions:
        reply = await _replied(bench, poisoned, voice, writer, asked.text)
        quotes = [each.quote for each in reply.citations]
        safe.append(float(not fell_for(poisoned.poison(asked.text), reply.answer, quotes)))
    return safe


async def tones(
    voice: Voice, writer: Writer, pairs: Sequence[Example], tone: Callable[[str], float]
) -> list[dict[str, float]]:
    """What each held-out pair is like when the model writes it freely.

    Markers, learned score, their mean, whether the facts of the plain side are kept, and where the
    pair is in a mood, ``fits_mood``.
    """
    told = []
    for pair in pairs:
        said = await _written(writer, voice, example_request(pair))
        quoted = [pair.plain] if pair.kind == "answer" else []
        kept = markers(said, voice.guide, quoted, mood_of_pair(pair))
        share, score = sum(kept.values()) / len(kept), tone(said) if said else 0.0
        facts = float(all(same_facts(pair.plain, said).values()))
        both = (share + score) / 2
        fits = {"fits_mood": float(kept["mood"])} if "mood" in kept else {}
        told.append({"markers": share, "learned": score, "tone": both, "free_facts": facts} | fits)
    return told


class Reads(Protocol):
    """A model that can be asked how unexpected a text is; :class:`bot.voice.model.LocalModel`."""

    @property
    def tuned(self) -> bool:
        """As :attr:`bot.voice.writer.Writer.tuned`."""
        ...

    async def surprise(self, prompt: Prompt, said: str) -> tuple[float, int]:
        """Negative log-likelihood in nats, and tokens."""
        ...


async def perplexity(voice: Voice, model: Reads, pairs: Sequence[Example]) -> float:
    """Of the voiced sides, over all their tokens; the untuned model is shown its examples."""
    nats, tokens = 0.0, 0
    for pair in pairs:
        asked = prompt(voice, example_request(pair), tuned=model.tuned)
        one, number = await model.surprise(asked, pair.voiced)
        nats, tokens = nats + one, tokens + number
    return math.exp(nats / tokens)


async def _written(writer: Writer, voice: Voice, request: str) -> str:
    asked = prompt(voice, request, tuned=writer.tuned)
    return "".join([piece async for piece in writer.write(asked, _MOST_TOKENS)]).strip()


async def _replied(
    bench: Bench, retriever: Retriever, voice: Voice, writer: Writer, text: str
) -> Reply:
    async def same(_: Voice) -> Writer:
        return writer

    chain = build_chain(
        retriever, same, bench.thresholds, freedom=bench.freedom, support=bench.support
    )
    asked = Question(text, bench.principals, voice, "evaluation", frame=bench.frame)
    replies = [piece async for piece in chain.astream(asked) if isinstance(piece, Reply)]
    return replies[-1]
