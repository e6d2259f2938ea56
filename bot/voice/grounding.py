"""Do the facts of a draft stand in its sources? Pure checks between the model and the reader.

What is compared are the things that must not change under a change of tone: numbers and dates,
names, links and addresses, code, and negations.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from knowledge.text.words import STOP_WORDS, stems

_LINK = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]]+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+", re.I)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.S)
_NUMBER = re.compile(r"(?<![\w.])[€$£]?\d+(?:[.,:/-]\d+)*(?:\s?%)?")
_NAME = re.compile(r"(?<=[a-z0-9,;:'’)] )[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*")
_FIRST_WORD = re.compile(r"(?:^|[.!?:]\s+|\n\W*)([A-Z][\w'’-]+)")
# "Do not hesitate to call" forbids nothing: it asks for a call.
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|unless|except|\w+n['’]t)\b"
    r"(?! hesitate\b)",
    re.I,
)
_NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million half quarter once twice first second third"
).split()
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.I)
_MARK = re.compile(r"\[(\d+)\]")
_MARKED = re.compile(r"\s*\[\d+\]")


def facts(text: str) -> dict[str, Counter[str]]:
    """The facts that can be told by their form: kind to a count of each."""
    prose = _CODE.sub(" ", text)
    bare = _LINK.sub(" ", prose)
    return {
        "links": Counter(link.rstrip(".,;:!?'\"") for link in _LINK.findall(prose)),
        "code": Counter(_CODE.findall(text)),
        "numbers": Counter(number.replace(" ", "") for number in _NUMBER.findall(bare))
        + Counter(word.lower() for word in _WORD_NUMBER.findall(bare)),
        "names": Counter(_NAME.findall(bare)),
        "negations": Counter({"negation": len(_NEGATION.findall(bare))}),
    }


def without_denials(text: str) -> str:
    """``text`` without the words that are counted as negations."""
    return _NEGATION.sub(" ", text)


def same_facts(source: str, draft: str, no_names: frozenset[str] = frozenset()) -> dict[str, bool]:
    """For each kind of fact, whether ``draft`` has all of the source's and none besides.

    Names are compared as words anywhere in the other text, since a sentence may begin with one.

    ``no_names``: stems of words that are known to name nobody, however they are written.
    """
    given, said = facts(source), facts(draft)
    verdict = {
        kind: +given[kind] == +said[kind] for kind in ("links", "code", "numbers", "negations")
    }
    verdict["names"] = (
        all(name in draft or stems(name) <= no_names for name in given["names"])
        and all(name in source or stems(name) <= no_names for name in said["names"])
        and not (
            _first_words(source) - stems(draft) - no_names
            and _first_words(draft) - stems(source) - no_names
        )
    )
    return verdict


def _first_words(text: str) -> frozenset[str]:
    """Stems of the words that sentences begin with: any of them may be a name.

    Function words are none. One that left, while another came, is taken for a name that changed.
    """
    first = stems(" ".join(_FIRST_WORD.findall(text)))
    return first - stems(" ".join(STOP_WORDS))


def without_marks(answer: str) -> str:
    """An answer without its citation marks."""
    return _MARKED.sub("", answer)


def marks_are_valid(answer: str, numbers: Iterable[int]) -> bool:
    """Whether every citation has its mark; marks are added by code, sources may hold others."""
    return {int(n) for n in _MARK.findall(answer)} >= set(numbers)
