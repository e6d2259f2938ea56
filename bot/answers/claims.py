"""The sentences of a composed answer: where each ends, what it cites, what is not borne out.

Pure functions. A sentence may leave facts of its passages out, but bring none in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.voice.grounding import facts, without_denials
from bot.voice.script import longest_first
from bot.voice.voice import Voice
from knowledge.parsing.inline import without_links
from knowledge.text.words import STOP_WORDS, stems, surface_words, telling
from knowledge.types import Evidence

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*(?:`|\Z)", re.S)
_MARK = re.compile(r"[ \t]*\[(\d+(?:[ \t]*,[ \t]*\d+)*)\]")
_MARKS = r"(?:\s*\[\d+(?:[ \t]*,[ \t]*\d+)*\])*"
# A line that ends in a colon belongs to the list item below it.
_END = re.compile(
    rf"(?<![\s(]Dr)(?<![\s(]Mr)(?<!Mrs)(?<!e\.g)(?<!i\.e)(?<!etc)(?<!\bvs)(?<!\bNo)(?<!\b[A-Z])"
    rf"(?:[.!?][\"'”’)*_]*{_MARKS}(?=\s+[^\sa-z\[])|(?<![\s:]){_MARKS}(?=[ \t]*\n\s*[^\s\[]))"
)
LIST_MARK = re.compile(r"\s*(?:[-*+]|\d{1,2}[.)])\s+")
"""What a list item begins with."""
_WHOLE_CLAUSE = 0.75  # share of a clause's words that a sentence has when it tells that clause
_CLAUSE_END = re.compile(
    r"[.!?;:](?:\s+|$)|\n+|,?\s+\b(?:but|while|whereas|although|however)\b", re.I
)
_PART_END = re.compile(r"[,;:]\s|\s(?:and|but|while)\s")
# What a number counts, and how far a rule reaches: each may turn a sentence into another one.
_MEASURES = stems(
    """
    second minute hour day week month quarter year euro dollar pound percent kilometre mile
    only always before after until since minimum maximum least most more less fewer over under
    above below mandatory optional forbidden allowed
    """
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence as the model wrote it, its marks taken off."""

    text: str
    marks: tuple[int, ...]
    """The numbers of the passages that it cites, in order; they may be wrong."""


def first_sentence(draft: str, lines: Iterable[str], *, ended: bool) -> int:
    """Where the first sentence of ``draft`` ends, its marks included; 0 while it is not whole.

    ``lines``: sentences of the voice's guide, which are one whatever stands in them. ``ended``:
    nothing more will be written.
    """
    start = len(draft) - len(draft.lstrip())
    begun = draft[start:]
    if not begun:
        return 0
    # Neither code nor what stands in it ends a sentence; the same length keeps the places.
    seen = _CODE.sub(lambda match: "x" * len(match[0]), begun)
    if not ended and any(line.startswith(begun) for line in lines):
        return 0
    for line in longest_first(lines):
        if begun.startswith(line):
            rest = re.compile(rf"{_MARKS}(?=\s+[^\s\[])").match(seen, len(line))
            if rest is not None:
                return start + rest.end()
            if not seen[len(line) :].strip():
                return len(draft) if ended else 0
    item = LIST_MARK.match(seen)
    end = _END.search(seen, item.end() if item else 0)
    if end is not None:
        return start + end.end()
    return len(draft) if ended else 0


def claim(sentence: str) -> Claim:
    """The sentence without its marks."""
    marks = [int(n) for found in _MARK.findall(sentence) for n in found.split(",")]
    return Claim(_MARK.sub("", sentence).strip(), tuple(dict.fromkeys(marks)))


def source_text(evidence: Evidence) -> str:
    """What of a passage may be said: title, headings and text, with no link behind words."""
    passage = evidence.passage
    return f"{without_links(passage.context)}\n{without_links(passage.text)}"


def borne_out(sentence: str, cited: Sequence[Evidence], voice: Voice) -> dict[str, bool]:
    """For each kind of fact, whether all that ``sentence`` has of it stands in what it cites."""
    sentence = LIST_MARK.sub("", sentence, count=1) if LIST_MARK.match(sentence) else sentence
    source = "\n".join(source_text(each) for each in cited)
    units = [f"{unit.lead} {unit.text}" for each in cited for unit in each.units]
    given, said = facts(source), facts(sentence)
    words, known = frozenset(re.findall(r"[\w'’-]+", source)), stems(source)
    return {
        "links": sentence == without_links(sentence)
        and said["links"].keys() <= given["links"].keys(),
        "code": sentence.count("`") % 2 == 0
        and all(code.strip("`\n ") in source for code in said["code"]),
        "numbers": said["numbers"].keys() <= given["numbers"].keys()
        and all(_counts_the_same(number, sentence, units) for number in said["numbers"])
        and stems(sentence) & _MEASURES <= known,
        "names": all(name in source or set(name.split()) <= words for name in said["names"])
        and _first_word(sentence) <= known | _written_small(voice),
        "negations": all(_is_told_as_it_is(each, units) for each in _clauses(sentence)),
    }


def _counts_the_same(number: str, sentence: str, units: Sequence[str]) -> bool:
    """Whether the number stands where the words around it stand, and counts what it counts there.

    Where several parts of a sentence have numbers ("25 days, and 12 part-time"), around it means
    in its part.
    """
    parts = [part for part in _PART_END.split(sentence) if facts(part)["numbers"]]
    around = next((each for each in parts if number in facts(each)["numbers"]), sentence)
    words = telling(around if len(parts) > 1 else sentence).keys()
    counted = re.search(rf"{re.escape(number)}\W+(\w+(?:\W+\w+)?)", sentence, re.I)
    measures = stems(counted[1]) & _MEASURES if counted else frozenset()
    near = {True: 0, False: 0}
    for unit in units:
        if numbers := facts(unit)["numbers"]:
            has = number in numbers and measures <= stems(unit)
            near[has] = max(near[has], 1 + len(words & telling(unit).keys() - stems(number)))
    return near[True] >= near[False] and near[True] > 0


def _is_told_as_it_is(clause: str, units: Sequence[str]) -> bool:
    """Whether it denies what the passage denies and nothing else.

    Compared is the passage's clause that has most of its words, and any denial that it repeats.
    """
    words, denies = _words(clause), _denials(clause)
    if not words:
        return not denies
    best, like_best = 0, (0, 0.0)
    repeated = []
    for given in (each for unit in units for each in _clauses(unit)):
        others, denied = _words(given), _denials(given)
        common = len(words & others)
        if common == len(words) and not denied and not denies:
            return True  # just so
        like = (common, common / max(1, len(words | others)))
        if like > like_best:
            best, like_best = denied, like
        for part in given.split(","):
            told = _words(part)
            if told and len(words & told) >= _WHOLE_CLAUSE * len(told):
                repeated.append(_denials(part))
    if any(repeated):
        return max(repeated) <= denies <= sum(repeated)
    return bool(best) == bool(denies)


def _clauses(text: str) -> list[str]:
    return [each for each in _CLAUSE_END.split(text) if stems(each)]


def _words(text: str) -> frozenset[str]:
    """Stems of the telling words, without addresses and denials."""
    bare = without_denials(text)
    for link in facts(text)["links"]:
        bare = bare.replace(link, " ")
    return frozenset(telling(bare)) - stems(" ".join(STOP_WORDS))


def _denials(text: str) -> int:
    return facts(text)["negations"]["negation"]


def _first_word(sentence: str) -> frozenset[str]:
    """The stem of the word that it begins with, if that may be a name."""
    first = re.match(r"\W*([A-Z][\w'’-]+)", sentence)
    return stems(first[1]) - stems(" ".join(STOP_WORDS)) if first else frozenset()


@lru_cache(maxsize=16)
def _written_small(voice: Voice) -> frozenset[str]:
    """Stems of words that the voice's examples begin no sentence with: they name nobody."""
    small = re.findall(r"\b[a-z][\w'’-]+", " ".join(each.voiced for each in voice.examples))
    return stems(" ".join(surface_words(" ".join(small))))
