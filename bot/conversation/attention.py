"""Whether an utterance is meant for the bot, and how sure it must be to speak up."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from bot.answers.question.smalltalk import small_talk
from bot.conversation.channels import ChannelRules
from bot.types import Utterance

Wish = Literal["quiet", "resume"]

_QUIET = re.compile(
    r"(please )?(be |keep |stay )?(quiet|silent)( please)?|shush|stop( answering| talking)?", re.I
)
_RESUME = re.compile(r"(please )?(resume|come back|speak up|you (can|may) talk again)", re.I)
_ASKS = re.compile(
    r"\s*(what|who|whom|whose|when|where|why|how|which|can|could|do|does|did|is|are|am|was|were|"
    r"may|should|shall|will|would|has|have|any|and|or|anyone|anybody)\b",
    re.I,
)


def wish(text: str) -> Wish | None:
    """Whether the whole utterance asks the bot to be quiet, or to speak again."""
    bare = text.strip().rstrip(".!").strip()
    if _QUIET.fullmatch(bare):
        return "quiet"
    return "resume" if _RESUME.fullmatch(bare) else None


def is_for_bot(utterance: Utterance, rules: ChannelRules, before: Collection[str]) -> bool:
    """Whether to look into an utterance that does not name the bot.

    ``before``: who asked it something in the same thread. There it listens to them, and to the
    questions of others; elsewhere to questions only, and only where the rules say so.
    """
    if utterance.to_others or rules.answers == "never":
        return False
    if utterance.author in before or (before and wish(utterance.text)):
        return True
    listens = bool(before) or rules.answers == "unprompted"
    return listens and is_question(utterance.text)


def bar_for(utterance: Utterance, rules: ChannelRules, before: Collection[str]) -> float | None:
    """The confidence that an answer needs to be said at all; None: it is said in any case.

    Who was answered in a thread may go on asking. Others in it talk to each other as well, and
    so does the asker, in sentences that ask nothing.
    """
    if utterance.address in ("mention", "direct", "command"):
        return None
    goes_on = (
        utterance.address == "thread"
        and utterance.author in before
        and (is_question(utterance.text) or small_talk(utterance.text) or utterance.files)
    )
    return None if goes_on else rules.bar


def is_question(text: str) -> bool:
    """Whether it reads like a question, with or without its mark."""
    return "?" in text or bool(_ASKS.match(text))
