"""The one prompt layout, for training and for serving alike.

A LoRA learns the exact shape it was trained on, so both sides build their messages here and
nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from bot.tone.voice import Example, Voice

SHOTS = 3
"""Examples shown in the prompt to a model that has no LoRA for the voice."""


class ChatMessage(TypedDict):
    """One turn, as chat templates and chat endpoints take it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is given: turns that stay the same for a voice, and the one that changes."""

    prefix: tuple[ChatMessage, ...]
    user: ChatMessage

    @property
    def messages(self) -> list[ChatMessage]:
        """All turns in order."""
        return [*self.prefix, self.user]


def answer_request(question: str, notes: str) -> str:
    """The user turn that asks for ``notes`` (source sentences) to be said in the voice."""
    return f"Question: {question}\nNotes: {notes}"


def rewrite_request(draft: str) -> str:
    """The user turn that asks for a draft to be said in the voice."""
    return f"Draft: {draft}"


def prompt(voice: Voice, request: str, *, tuned: bool) -> Prompt:
    """The prompt for one request; an untuned model is shown a few of the voice's pairs first."""
    prefix = [ChatMessage(role="system", content=voice.guide.system)]
    if not tuned:
        for example in shots(voice):
            prefix.append(ChatMessage(role="user", content=example_request(example)))
            prefix.append(ChatMessage(role="assistant", content=example.voiced))
    return Prompt(tuple(prefix), ChatMessage(role="user", content=request))


def encode(
    tokenizer: Any, messages: Sequence[ChatMessage], *, generation: bool = False
) -> list[int]:
    """The token ids of these turns, in the tokenizer's chat template.

    Only the template makes control tokens: one that is spelled out in a turn is broken up, or a
    question could end its turn and begin another. ``generation`` opens the model's own turn.
    """
    turns = [
        ChatMessage(
            role=turn["role"],
            content=broken_up(turn["content"], tokenizer.all_special_tokens),
        )
        for turn in messages
    ]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=generation)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def encode_said(tokenizer: Any, text: str) -> list[int]:
    """The token ids of what the model says, word for word: no control token comes of it."""
    tokens = tokenizer(text, add_special_tokens=False, split_special_tokens=True)
    return list(tokens["input_ids"])


def broken_up(text: str, tokens: Iterable[str]) -> str:
    """``text`` with a space inside each of these tokens."""
    for token in tokens:
        text = text.replace(token, f"{token[:1]} {token[1:]}")
    return text


def example_request(example: Example) -> str:
    """The user turn of a training pair."""
    if example.kind == "rewrite":
        return rewrite_request(example.plain)
    return answer_request(example.question, example.plain)


def shots(voice: Voice) -> list[Example]:
    """Short answer pairs of different topics, the same ones every time."""
    chosen: dict[str, Example] = {}
    for example in sorted(voice.examples, key=lambda pair: len(pair.voiced)):
        if example.kind == "answer" and example.topic not in chosen:
            chosen[example.topic] = example
        if len(chosen) == SHOTS:
            break
    return list(chosen.values())
