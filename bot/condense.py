"""A follow-up as a question that stands by itself, so that it can be looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.words import telling

# "what about …", "and …", "how about …": the rest of the question was said before.
_CONTINUES = re.compile(
    r"\s*(and|but|or|so|also|what about|how about|what if|then|same for)\b|\s*why( not)?\W*$", re.I
)
# "Is it allowed to …" and "is there …" refer to nothing.
_EMPTY = re.compile(
    r"\b(is|was|are|would|will) (it|there)( (ok|okay|allowed|possible|permitted|fine|true|"
    r"necessary|required|better|safe))?\b(?=.*\w)",
    re.I,
)
_REFERS = re.compile(
    r"\b(it|its|they|them|their|theirs|that|those|these|this|one|ones|he|she|him|her|same|"
    r"instead|else|either|too)\b",
    re.I,
)
_FEW_WORDS = 5  # telling words; a longer question rarely leans on an earlier one


def standalone(question: str, earlier: Sequence[str]) -> str:
    """``question``, with the earlier questions of the thread that it leans on put before it.

    ``earlier``: the thread's questions, oldest first. A question that says what it is about is
    returned as it is. Two questions back at most: threads wander.
    """
    parts = [question]
    for before in reversed(earlier[-2:]):
        if not _leans(parts[0]):
            break
        parts.insert(0, before)
    return " ".join(parts)


def _leans(question: str) -> bool:
    words = len(telling(question))
    if words > _FEW_WORDS:
        return False
    return bool(_CONTINUES.match(question)) or (
        bool(_REFERS.search(_EMPTY.sub("", question))) and words <= _FEW_WORDS - 2
    )
