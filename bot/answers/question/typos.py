"""Words of a question that are written wrong, put right by the words of the documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from importlib.resources import files

from knowledge.text.words import STOP_WORDS, surface_words

SimilarWords = Callable[[str], Awaitable[Mapping[str, int]]]
"""A word to the words near it in passages that the asker may read, and how often each is there, the
word itself among them: ``similar_words`` of :mod:`knowledge.stores.port` for some principals."""

MOST_CORRECTED = 8
"""Words of one question that are looked up; somebody will paste a log."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SHORTEST = 3
_MISSPELT_PLURAL = re.compile(r"[^aeiou]ys$")
_ENDINGS = ("s", "es", "ed", "ing", "er", "ers", "ly")
_WITHOUT_SPACE = re.compile(r"[\w@/\\.:-]")  # what a part of an address or a file name touches


async def corrected(question: str, similar: SimilarWords) -> str:
    """``question`` with words that no document has as one that it has, a slip or two away.

    Left alone is what the documents or English have, a word with a capital within the sentence,
    one in all capitals or with a digit or mark in it, and anything of fewer than three letters.
    Of several words that may have been meant it is one with all the letters that were written, if
    there is one, and of those the commonest.
    """
    parts: list[str] = []
    done = looked_up = 0
    for found in _WORD.finditer(question):
        if looked_up == MOST_CORRECTED or not _may_be_wrong(question, found):
            continue
        looked_up += 1
        word = found[0].lower()
        near = await similar(word)
        # "kid" where the documents have "kids" is no slip, and finds the same.
        if near and {word, f"{word}s", word.removesuffix("s")}.isdisjoint(near):
            meant = min(near, key=lambda each: (_loses(word, each), -near[each], each))
            parts += [question[done : found.start()], _written_as(found[0], meant)]
            done = found.end()
    return "".join([*parts, question[done:]])


def _may_be_wrong(question: str, found: re.Match[str]) -> bool:
    word = found[0]
    beside = question[max(found.start() - 1, 0) : found.start()] + question[found.end() :][:1]
    inner = _WITHOUT_SPACE.search(beside.rstrip(".:")) is not None
    first = not question[: found.start()].strip(" \"'“‘(")
    if inner or len(word) < _SHORTEST or not word.isalpha() or not (word.islower() or first):
        return False
    (bare,) = surface_words(word) or ("",)
    return not (word[1:] != word[1:].lower() or bare in STOP_WORDS or _is_english(bare))


def _is_english(word: str) -> bool:
    """Whether it is a known word, or one with an ending: "slipping", "filing"."""
    known = known_words()
    if word in known:
        return True
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _SHORTEST or _MISSPELT_PLURAL.search(word):
            continue
        drops_e = ending[0] in "ei" and f"{stem}e" in known
        doubled = stem[-1] == stem[-2] and stem[:-1] in known
        if stem in known or drops_e or doubled:
            return True
    return False


def _loses(wrong: str, right: str) -> bool:
    """Whether a letter that was written is not wanted: in haste letters are rather left out."""
    return bool(Counter(wrong) - Counter(right))


def _written_as(wrong: str, right: str) -> str:
    return right.capitalize() if wrong[0].isupper() else right


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """English words that at least two of some hundred public handbooks and help pages use.

    So that a question about a gym is not taken for one about a gem, where the documents have one
    and not the other.
    """
    return frozenset((files("bot.answers.question") / "known_words.txt").read_text("ascii").split())
