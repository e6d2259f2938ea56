"""From a message as people write it to what is asked in it: one question, or up to three."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.answers.question.clutter import without_mail, without_markup, without_phrases
from bot.answers.question.condense import standalone

MOST_QUESTIONS = 3
"""Of one message that are answered; more is a letter, and wants a person."""
_CONTEXT_WORDS = 40  # of what is told before a question, about two sentences
_SHORT_QUESTION = 10  # words; a longer one says itself what it is about
_LONGEST_POINTER = 120  # letters of "can somebody help with the question above?"
_FRAGMENT = 2  # words; "If so?" and "To Spain?" belong to the question before

_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|may|might|should|shall|must|will|would|has|have|"
    r"isn't|aren't|don't|doesn't|can't|won't|shouldn't|wouldn't|didn't)"
)
_SUBJECT = (
    r"(?:i|we|you|they|he|she|it|there|this|that|these|those|the|a|an|my|our|your|any|anyone|"
    r"anybody|all|someone|people|employees|everyone|somebody|each|every|one|new|(?-i:[A-Z]\w+))"
)
_PRONOUN = r"(?:i|we|you|they|he|she|it|there)"
_COUNTED = (  # "how many days", "what kind of bike", "which form"
    rf"(?:how (?:many|much)(?: (?!{_PRONOUN}\b)\w+){{0,4}}|how (?:long|often|far|big|old|early|"
    rf"late|soon)|"
    rf"(?:what|which|whose)(?: (?!{_PRONOUN}\b)\w+){{1,4}}|(?:to|by|for|until|from|in|at|on|"
    rf"with) (?:whom|when|what|which)"
    rf"(?: (?!{_PRONOUN}\b)\w+){{0,2}})"
)
# A question word with a verb of its own: "when is …", "how do I …", "who approves …".
_CLAUSE = (
    rf"(?:(?:who|what|when|where|why|how|which)(?:'s|’s)|(?:what|when|where|why|how|who|whom|"
    rf"which|{_COUNTED}) {_AUXILIARY}"
    rf"|who (?!{_AUXILIARY}\b|{_PRONOUN}\b|else\b|to\b|and\b|or\b)\w+|what (?:happens|counts|"
    rf"comes))"
    r"\b(?=\s+\w)"
)
_ASKS = re.compile(
    rf"(?:and |but |so |or |also |then )?(?:(?:at|by|to|for|from) (?:what|which|whom)\b|"
    rf"(?:whats|hows|wheres|whos|whens)\b|any(?:thing|one|body)?\b|{_CLAUSE}|{_COUNTED}|(?:what|"
    rf"how) about\b|what if\b|"
    rf"(?:what|where|when|why|how|who|which|whom|whose)\b|{_AUXILIARY} {_SUBJECT}\b)",
    re.I,
)
_REQUESTS = re.compile(
    r"(?:please\b.{0,40}\b)?(?:tell|show|explain|give|send|find|list|describe|summari[sz]e|help)\b|"
    r".{0,80}\b(?:i|we) (?:need|want|would like|have to|am looking|are looking|can't find|"
    r"cannot find)\b|"
    r".{0,80}\bi'(?:d like|m looking)\b|looking for\b",
    re.I,
)
_SPLIT = re.compile(rf",?;? (?:and|&|plus)(?: also| then)?,? (?={_CLAUSE})", re.I)
_ONE_THING = re.compile(r"\b(?:between|both|whether|depends on)\b", re.I)
_REFERS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|that|those|these|this|he|she|him|her|so|then|still|instead|"
    r"either|the same|in (?:this|that) case)\b",
    re.I,
)
_ABOUT_THEM = re.compile(
    r"\b(?:i|i'm|i’m|i've|i’ve|i'll|im|we|we're|we’re|we've|my|our|me|us|mine|ours)\b", re.I
)
_SENTENCE_END = re.compile(
    r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bMrs\.)(?<!\bSt\.)(?<!\bvs\.)"
    r"(?<!\bNo\.)(?<!\bapprox\.)(?<!\betc\.)(?<!\.\w\.)(?<=[.!?…])[\"')”’]*\s+(?=\S)"
)
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_FULL_LINE = 50  # letters; a shorter line was ended on purpose, not wrapped
_POINTS_UP = re.compile(
    r"[\s^☝👆]*(?:\^+|☝|👆)?[\s:,]*(?:(?:hey|ok|so|and|please|pls)[\s,]+)*(?:"
    r"(?:can|could|would|will|do|does|did) (?:you|u|anyone|anybody|someone|somebody|the bot|"
    r"any of you)"
    r"(?: (?:please|pls|maybe|perhaps|also))*"
    r"(?: (?:answer|help|help out|take|know|look|check|respond|reply|weigh in|shed|see|have))?"
    r"(?: (?:me|us|him|her|them))?(?: (?:a look|any ideas?|an answer|an idea))?"
    r"(?: (?:with|at|on|to|about))?"
    r"(?: (?:this|that|it|these|those|the above|above|this one|that one|"
    r"(?:the|this|that|his|her|their|my|\w+['’]s) (?:question|message|one|thread|post|"
    r"request)(?: above)?))?"
    r"(?: (?:please|pls|for (?:me|us|him|her|them|\w+)|here|above))*|"
    r"any(?:one|body)?(?: (?:ideas?|idea|clue|thoughts|answer|help|suggestions?|knows?))?"
    r"(?: (?:on|about|for|with) (?:this|that|the above|it))?(?: (?:here|please|anyone))*|"
    r"(?:this|that|(?:what|as|like) (?:he|she|they|\w+) (?:said|asked|wrote)|see above|above|"
    r"same(?: question)?(?: here)?|\+1|(?:the )?(?:question|message) above|thoughts|"
    r"(?:please |pls )?(?:answer|help with|look at) (?:this|that|the above|it))(?: please| too)?"
    r")[\s?!.^☝👆]*",
    re.I,
)
_ABOVE_MARKS = re.compile(r"[\s^☝👆\ufe0f]*(?:\^+|☝|👆)[\s^☝👆\ufe0f?!.]*")
_SIMPLE_SUBJECT = re.compile(
    rf"(?:(?:how|where|when|why)\b.*?\b{_AUXILIARY} {_PRONOUN} (?:get |apply for |ask for )?\w+ "
    rf"((?!to\b)\w+(?: \w+){{0,3}})|what (?:is|are|was) ((?:the|my|our|"
    rf"your) \w+(?: \w+){{0,3}}))\??$",
    re.I,
)
_SPACES = re.compile(r"[^\S\n]+")
_IT = re.compile(r"\b(?:it|this|that|them)\b(?=\s*\??$)", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message asks."""

    questions: tuple[str, ...]
    """In order, one to :data:`MOST_QUESTIONS`, each to be looked up by itself."""
    said: str
    """The message without markup, pings and quoted mail: what small talk is told by."""
    refers_to_above: bool = False
    """Whether it asks nothing itself and means the message above it ("can you answer that?")."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    asks: bool


def understand(text: str) -> Asked:
    """What is asked in ``text``, a message as it was sent, line breaks and all.

    Never less than was said: where nothing is left, the message itself is the question.
    """
    text = _SPACES.sub(" ", text)
    said = without_mail(without_markup(text)) or without_markup(text) or text.strip()
    if _points_up(text, said):
        return Asked((said,), said, refers_to_above=True)
    found = [each for each in map(without_phrases, _sentences(said)) if each[0]]
    clear = [framed or bool(_ASKS.match(rest)) for rest, framed in found]
    # "It's unlimited, right? So can I …": before a clear question, one by its mark is context.
    first = clear.index(True) if any(clear) else 0
    sentences = [
        _Sentence(rest, clear[at] or (at >= first and rest.rstrip("\"')”’ ").endswith("?")))
        for at, (rest, _) in enumerate(found)
    ]
    questions = _questions(sentences) or (" ".join(said.split()),)
    return Asked(questions[:MOST_QUESTIONS], said)


def _points_up(text: str, said: str) -> bool:
    if max(len(said), len(text)) > _LONGEST_POINTER:
        return False
    if _ABOVE_MARKS.fullmatch(said) or _ABOVE_MARKS.fullmatch(text):
        return True
    return any(char.isalpha() or char in "^+" for char in said) and bool(_POINTS_UP.fullmatch(said))


def _sentences(text: str) -> list[str]:
    """Sentences in order; a line that was only wrapped goes on in the next."""
    blocks: list[str] = []
    goes_on = False
    for line in text.splitlines():
        bare = _LIST_ITEM.sub("", line).strip()
        if goes_on and bare and bare == line.strip():
            blocks[-1] += f" {bare}"
        elif bare:
            blocks.append(bare)
        goes_on = len(line.rstrip()) >= _FULL_LINE and bare[-1:] not in ".!?:"
    return [part for block in blocks for part in _SENTENCE_END.split(block) if part.strip()]


def _questions(sentences: list[_Sentence]) -> tuple[str, ...]:
    if not any(each.asks for each in sentences):
        wanted = [each for each in sentences if _REQUESTS.match(each.text)]
        if not wanted or len(sentences) == 1:
            return (" ".join(each.text for each in sentences),) if sentences else ()
        sentences = [_Sentence(each.text, each in wanted) for each in sentences]
    found: list[str] = []
    told: list[str] = []
    for sentence in sentences:
        if not sentence.asks:
            told.append(sentence.text)
        elif found and not told and len(sentence.text.split()) <= _FRAGMENT:
            found[-1] += f" {sentence.text}"
        else:
            first, *more = _parts(sentence.text)
            found.append(
                " ".join([*_context(told, first), first]) if told else _alone(first, found)
            )
            for part in more:
                found.append(_alone(part, found))
            told = []
    return (*found[:-1], " ".join([found[-1], *_afterthought(told)]))


def _parts(sentence: str) -> list[str]:
    """The questions in one sentence: more than one only if each has a verb of its own."""
    parts = [sentence]
    for border in _SPLIT.finditer(sentence):
        before = sentence[: border.start()]
        if not re.match(rf"(?:and )?(?:{_CLAUSE}|{_AUXILIARY} {_SUBJECT}\b)", before, re.I):
            continue
        if _ONE_THING.search(before):
            continue
        done = len(sentence) - len(parts[-1])
        parts[-1:] = [f"{sentence[done : border.start()].rstrip(' ,;')}?", sentence[border.end() :]]
    return [part[0].upper() + part[1:] if index else part for index, part in enumerate(parts)]


def _alone(question: str, earlier: list[str]) -> str:
    """A later question of the same message, with what the one before it was about."""
    if not earlier:
        return question
    subject = _SIMPLE_SUBJECT.search(earlier[-1])
    if subject and _IT.search(question):
        named = re.sub(r"^(?:my|your)\b", "the", subject[1] or subject[2], flags=re.I)
        return re.sub(
            r"^and\s+(\w)", lambda at: at[1].upper(), _IT.sub(named, question), flags=re.I
        )
    return standalone(question, earlier[-1:])


def _context(told: list[str], question: str) -> list[str]:
    """What was told before a question and may be needed to understand it.

    All of it where that is not much. Of a story, the sentences right before the question, if it is
    short or refers to them.
    """
    if sum(len(each.split()) for each in told) <= _CONTEXT_WORDS:
        return told
    refers = bool(_REFERS_BACK.search(question))
    if not refers and len(question.split()) > _SHORT_QUESTION:
        return []
    kept: list[str] = []
    for sentence in reversed(told):
        words = sum(len(each.split()) for each in (*kept, sentence))
        needed = refers or not kept or _ABOUT_THEM.search(sentence)
        if not needed or (words > _CONTEXT_WORDS and (kept or not refers)):
            break
        kept.insert(0, sentence)
    return kept


def _afterthought(told: list[str]) -> list[str]:
    """The sentence after the last question, if it is short: "… I work in Lyon."."""
    return [each for each in told[:1] if len(each.split()) <= _CONTEXT_WORDS // 2]
