"""A follow-up as a question that stands by itself, so that it can be looked up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.text.words import telling

_MOST_BACK = 2  # questions: threads wander
_FEW_WORDS = 5  # telling words; a longer question rarely leans on an earlier one
# "what about …", "and …", "how about …": the rest of the question was said before.
_CONTINUES = re.compile(
    r"\s*(?:(?:and|but|or|so|also|ok|okay|what about|how about|what if|then|same for|same with|"
    r"(?:is|are) (?:it|that|they) the same (?:for|in|with|at|on))\b[\s,]*)+|\s*why(?: not)?\W*$",
    re.I,
)
# "Is it allowed to …" and "is there …" refer to nothing.
_EMPTY = re.compile(
    r"\b(?:is|was|are|were|would|will)(?:n't| not)? (?:there\b|it (?:be )?(?:\w+ )?(?:ok|okay|"
    r"allowed|possible|"
    r"permitted|fine|true|necessary|required|better|best|safe|enough|normal|mandatory)(?= (?:to|"
    r"for|"
    r"if|that|when)\b))",
    re.I,
)
_REFERS = re.compile(
    r"\b(it|its|they|them|their|theirs|that|those|these|this|one|ones|he|she|him|her|same|"
    r"instead|else|either|too)\b",
    re.I,
)
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|may|might|should|shall|must|will|would|has|have)"
)
# "How many per year?", "until when?", "for part-timers?": no verb says what is asked.
_FRAGMENT = re.compile(
    rf"(?!.*\b{_AUXILIARY}\b)(?:(?:for|in|at|on|by|from|until|to|with|without|after|before|per|"
    rf"during)"
    r" |any |(?:how (?:many|much|long|often|far|soon|late|early)|which|when|where)\b"
    r"(?: [\w'-]+){0,4}\W*$|wh\w+\W*$)",
    re.I,
)
_WHAT_IF = re.compile(r"\bwhat if[\s,]*$", re.I)
_CLAUSE = re.compile(
    r"(?:i|we|you|someone|somebody|nobody|(?:my|our|the|a|an) [\w'-]+)(?:'\w+)? [\w'-]+", re.I
)
_IS_SO = re.compile(r"(?:i|we|you)(?:'m|'re| am| are| was| were| work| live)\b", re.I)
# "I'm in Lyon.", "I meant the other one": an answer to what was not said before, no question.
_ADDS = re.compile(
    r"(?:sorry,? )?i(?:'m| am|’m| work| live| meant?|'m talking about)\b(?!.*(?:\?|\b(?:what|how|"
    r"when|where|who|which|why|if|whether)\b))",
    re.I,
)
# "How do I apply?": for what?
_NO_OBJECT = re.compile(
    rf"(?:how|where|when|why|who|what) (?:{_AUXILIARY} (?:i|we|you|one|they) )?(?:apply|approve|"
    r"decide|claim|request|register|qualify|cancel|renew|extend|submit|sign|enrol|order|return|"
    r"report|book|send|confirm|need|pay|agree|count|start|begin|end|expire|lapse)s?\W*$",
    re.I,
)
# Words that are of something: "what is the deadline?" asks which one.
_RELATIONS = frozenset(
    """
    deadline limit maximum minimum fee cost price amount rate rule rules process procedure notice
    exception exceptions form link contact address requirement requirements condition conditions
    difference reason steps length duration penalty fines fine
    """.split()
)
_PREPOSITION = r"(?:in|at|for|on|from|to|after|before|until|with|without|during|by|per|as)"
_PHRASE = re.compile(
    rf"\b({_PREPOSITION}) ((?:(?!{_PREPOSITION}\b|and\b|or\b|is\b|are\b|do\b)[\w'’.-]+ ?){{1,5}})",
    re.I,
)
_DETERMINER = re.compile(r"(?:the|a|an|my|our|your|this|that|each|every)\b", re.I)
_TIMES = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|christmas|easter|(?:19|20)\d\d)\b",
    re.I,
)
_NUMBER = re.compile(
    r"\b\d[\d.,]*\b|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve)\b", re.I
)
_NAME = re.compile(r"(?<=[\w,] )[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)*")


def standalone(question: str, earlier: Sequence[str]) -> str:
    """``question`` with what it leans on of the thread's earlier questions, oldest first.

    A follow-up that names only a new value ("and in Lyon?") is the question before it with that
    value in place of the old one of the same kind. Any other has the question before it put in
    front. A question that says what it is about is returned as it is.
    """
    return _standalone(question, earlier[-_MOST_BACK:])


def leans(question: str) -> bool:
    """Whether a question cannot be understood without what was said before."""
    words = telling(question)
    if len(words) > _FEW_WORDS:
        return False
    continued = _CONTINUES.match(question)
    rest = question[continued.end() :] if continued else question
    if _REFERS.search(_EMPTY.sub("", rest)) and len(words) <= _FEW_WORDS - 2:
        return True
    if continued and _WHAT_IF.search(continued[0]) and len(words) > 1 and _CLAUSE.match(rest):
        # "I lose my laptop" is the whole case; "I'm part-time" is one of what was asked before.
        return len(words) <= _FEW_WORDS - 3 and _IS_SO.match(rest) is not None
    if continued:
        # "And what is the hotel allowance?" is a question of its own.
        return len(words) < 2 or not re.match(rf"(?:\w+ ){{1,3}}?{_AUXILIARY} \w", rest, re.I)
    if _ADDS.match(rest) or (_FRAGMENT.match(rest) and len(words) <= _FEW_WORDS - 2):
        return True
    if len(words) == 1:
        only = next(iter(words.values()))
        return only in _RELATIONS or bool(_NO_OBJECT.match(rest))
    return False


def _standalone(question: str, earlier: Sequence[str]) -> str:
    if not earlier or not leans(question):
        return question
    before = _standalone(earlier[-1], earlier[:-1])
    return _with_new_value(question, before) or f"{before} {question}"


def _with_new_value(follow_up: str, question: str) -> str | None:
    """``question`` with the value that ``follow_up`` names in place of its own; None: no such."""
    continued = _CONTINUES.match(follow_up)
    rest = follow_up[continued.end() if continued else 0 :].strip(" ?!.,")
    phrase = re.search(rf"\b({_PREPOSITION}) (.+)$", rest, re.I)
    if phrase and telling(rest[: phrase.start()]).keys() - telling(question).keys():
        return None
    preposition, value = (phrase[1].lower(), phrase[2]) if phrase else ("", rest)
    if not value or len(value.split()) > _FEW_WORDS or re.search(rf"\b{_AUXILIARY}\b", value, re.I):
        return None
    kind = _kind(value, named=bool(continued or phrase))
    if kind == "number":
        return _with_new_number(value, question)
    for old in reversed([*_PHRASE.finditer(question)] if phrase else []):
        if old[1].lower() == preposition and _alike(
            kind, _kind(old[2].strip(), named=True), preposition
        ):
            return _replaced(question, old.start(2), old.start(2) + len(old[2].rstrip()), value)
    if kind not in ("name", "time"):
        return None
    pattern = _NAME if kind == "name" else _TIMES
    same = [each for each in pattern.finditer(question) if _kind(each[0], named=True) == kind]
    return _replaced(question, *same[0].span(), value) if len(same) == 1 else None


def _with_new_number(value: str, question: str) -> str | None:
    """For "after 10 years": the 10 in place of the 5 of "after 5 years' service"."""
    new, old = _NUMBER.search(value), [*_NUMBER.finditer(question)]
    if new is None or len(old) != 1:
        return None
    beside = telling(f"{value[: new.start()]} {value[new.end() :]}") if value != new[0] else {}
    if beside.keys() - telling(question).keys():
        return None
    return _replaced(question, *old[0].span(), new[0])


def _kind(value: str, *, named: bool) -> str:
    """What a value is: a time, a number, a name, a thing with "the" or one without."""
    if _TIMES.search(value):
        return "time"
    if _NUMBER.search(value):
        return "number"
    if named and re.match(r"[A-ZÀ-Þ][a-zà-þ]", value):
        return "name"
    return "the thing" if _DETERMINER.match(value) else "thing"


def _alike(one: str, other: str, preposition: str) -> bool:
    # Chats have small letters: "in lyon" is as good a place as "in Lyon".
    return one == other or (
        preposition in ("in", "at", "from") and {one, other} == {"name", "thing"}
    )


def _replaced(text: str, start: int, end: int, by: str) -> str:
    return f"{text[:start]}{by}{text[end:]}"
