"""A voice's rules of style, applied to a text: its word swaps and what it never says.

No model is asked. A change is made where it cannot turn a sentence into another one, is checked
sentence by sentence (:func:`bot.voice.grounding.same_facts`), and left undone where that fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from bot.voice.grounding import same_facts
from bot.voice.metrics import has_phrase
from bot.voice.voice import Guide, Voice
from knowledge.text.words import STOP_WORDS, stems

PLAIN = {
    "as per": "in line with",
    "at your earliest convenience": "as soon as you can",
    "best practice": "good practice",
    "endeavour to": "try to",
    "going forward": "from now on",
    "in accordance with": "in line with",
    "leverage": "use",
    "pursuant to": "under",
    "reach out to": "contact",
    "to facilitate": "to help with",
    "touch base with": "talk to",
    "utilise": "use",
    "utilize": "use",
    "valued customer": "customer",
    "we apologise for any inconvenience": "we are sorry for the trouble",
    "we apologize for any inconvenience": "we are sorry for the trouble",
    "we are pleased to": "we are glad to",
    "with regard to": "about",
}
"""Plain words for what a guide forbids without a swap of its own; used for nothing else."""

# What nobody reads as a claim, so it can go where the guide forbids it.
_EMPTY = ("unfortunately", "regrettably", "sadly", "hereby", "kindly", "basically", "obviously")
_AUDIENCE = r"(?:you|(?:all |our |your )*[a-z]+s|everyone)"
_OPENING = re.compile(
    rf"(?:(?:please |kindly )*(?:(?:be|rest) (?:kindly |hereby )?(?:advised|aware|informed|assured)"
    rf"|note)|{_AUDIENCE} (?:is|are) (?:kindly |hereby )?(?:informed|advised|notified|reminded)"
    rf"|(?:we|i) (?:wish|want|would like|regret|are writing|am writing|are pleased|have) to "
    rf"(?:inform|notify|advise|tell) {_AUDIENCE}"
    r"|it has come to our attention) that ",
    re.I,
)
_HESITATE = re.compile(r"\b(please )?do(?: not|n['’]t) hesitate to (\w+)", re.I)
_SENTENCE_BREAK = re.compile(r"((?<=[.!?])[ \t]+|\n+)")
_LOWER_WORD = re.compile(r"\A[^\W\d_A-Z]+(?:['’][a-z]+)?(?=[\s,;.!?-]|\Z)")
_LIST_MARK = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+")
_LAST_WORD = re.compile(r"([\w'’-]+)[ \t]+$")
_MARKS = re.compile(r"[?!]*![?!]*(?=\s|$|[)\"'”*_])")

# Copied as they are: code, quotations, table rows, indented lines, links and addresses, what is in
# quotation marks or set off (labels of buttons), and place-holders.
_KEPT = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`|^[ \t]*>[^\n]*|^[^\n]*\|[^\n]*|^(?: {4}|\t)[^\n]*"
    r"|!?\[[^\]\n]*\]\([^)\n]*\)|<[^<>\n]+>|(?:https?://|www\.)\S*[^\s.,;:!?)]"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\"[^\"\n]+\"|“[^”\n]+”|\*\*[^*\n]+\*\*|\*[^\s*][^*\n]*\*"
    r"|(?<!\w)_[^_\n]+_(?!\w)|\{[^{}\n]*\}|[\U000f0000-\U0010fffd]",
    re.S | re.M,
)
_FIRST_STAND_IN = 0xF0000
# Emoji that show a mood: faces, hands, hearts, parties. A warning sign or a tick tells something.
_MOOD = (
    "(?:[\U0001f600-\U0001f64f\U0001f90c-\U0001f93e\U0001f970-\U0001f97a\U0001f442-\U0001f450"
    "\U0001f493-\U0001f49f\U0001f389\U0001f38a\U0001f31f\U0001f680\u2728\u2764\u263a]"
    "[\U0001f3fb-\U0001f3ff\u200d\u2640\u2642\ufe0f]*)+"
)
_MOODS = re.compile(rf"^{_MOOD}[ \t]*|[ \t]*{_MOOD}", re.M)

_JOINS_CLAUSES = frozenset("and but or so yet".split())
_BEFORE_A_NOUN = frozenset(
    """
    a an the this that these those my your our their his her its each every any no some such
    about after as at before by during for from in into of on per since than until upon via with
    within without
    """.split()
)
_BEFORE_A_VERB = frozenset(
    """
    to i you we they he she it who which must can could may might shall should will would do does
    did is are was were be been not don't doesn't won't can't and or but if when so then also
    please only
    """.split()
)
_GIVES_WITH = re.compile(r"(?:provide|supply|present|issue)\s+\w+\s+with\b", re.I)


@dataclass(frozen=True, slots=True)
class Worded:
    """A text in the voice's words, and the sentences whose facts that would have changed."""

    text: str
    refused: tuple[str, ...]


def worded(text: str, voice: Voice) -> Worded:
    """``text`` with the voice's rules of style applied wherever that is safe.

    Word swaps, plain words for forbidden ones, no opening that only announces ("please be advised
    that"), no emoji that only show a mood. Inflected forms are other words, as in the guide's
    markers. A word that can be noun and verb ("purchase") is swapped where a verb stands, or where
    the voice's examples use the new word in such a place.
    """
    guide, kept = voice.guide, []

    def put_aside(match: re.Match[str]) -> str:
        kept.append(match[0])
        return chr(_FIRST_STAND_IN + len(kept) - 1)

    def put_back(changed: str) -> str:
        return re.sub(
            r"[\U000f0000-\U0010fffd]", lambda m: kept[ord(m[0]) - _FIRST_STAND_IN], changed
        )

    known = no_names(voice)
    refused: list[str] = []
    parts = _SENTENCE_BREAK.split(_KEPT.sub(put_aside, text))
    for position in range(0, len(parts), 2):
        sentence = parts[position]
        changed = _worded_sentence(sentence, voice)
        before, after = put_back(sentence), put_back(changed)
        if after != before and not all(same_facts(before, after, known).values()):
            refused.append(before)
        else:
            parts[position] = changed
    done = "".join(parts)
    done = put_back(_MOODS.sub("", done) if guide.markers.emoji == "none" else done)
    # Broken Markdown can mean something else in parts: a fence that opens inside a quotation.
    if not all(same_facts(text, done, known).values()):
        return Worded(text, (text,))
    return Worded(done, tuple(refused))


def calmed(text: str, exclamations: int) -> str:
    """``text`` with at most so many exclamation marks; the others become full stops."""
    left = exclamations

    def calm(match: re.Match[str]) -> str:
        nonlocal left
        if "?" in match[0]:
            return "?"
        left -= 1
        return "!" if left >= 0 else "."

    spans = [match.span() for match in _KEPT.finditer(text)]

    def outside(match: re.Match[str]) -> str:
        inside = any(start <= match.start() < end for start, end in spans)
        return match[0] if inside else calm(match)

    return _MARKS.sub(outside, text)


def copied(text: str) -> list[str]:
    """The stretches of ``text`` that the rules leave as they are: code, quotations, links."""
    return [match[0] for match in _KEPT.finditer(text)]


def disliked(text: str, guide: Guide) -> tuple[str, ...]:
    """What of the guide's forbidden and swapped phrases stands in the prose of ``text``."""
    low = _KEPT.sub(" ", text).lower()
    phrases = (*guide.markers.forbidden, *guide.markers.swaps)
    return tuple(phrase for phrase in phrases if has_phrase(low, phrase))


@lru_cache(maxsize=16)
def no_names(voice: Voice) -> frozenset[str]:
    """Stems of the words that the rules themselves take away and put in: names of nobody."""
    guide, rules = voice.guide, voice.guide.markers
    words = (*rules.forbidden, *rules.swaps, *rules.swaps.values(), *PLAIN, *PLAIN.values())
    return stems(" ".join((*words, *guide.greetings, *guide.closings, *_EMPTY, "wish would like")))


def _worded_sentence(sentence: str, voice: Voice) -> str:
    mark = _LIST_MARK.match(sentence)
    start = mark.end() if mark else 0
    head, body = sentence[:start], sentence[start:]
    guide = voice.guide
    opening = _OPENING.match(body)
    if opening and _is_disliked(opening[0], guide):
        body = capitalised(body[opening.end() :])
    if _is_forbidden("do not hesitate", guide):
        body = _HESITATE.sub(_without_hesitation, body)
    for word in _EMPTY:
        if _is_forbidden(word, guide):
            body = _without(body, word)
    return head + _swapped(body, voice)


def _is_disliked(phrase: str, guide: Guide) -> bool:
    single = stems(
        " ".join(p for p in (*guide.markers.forbidden, *guide.markers.swaps) if " " not in p)
    )
    return bool(disliked(phrase, guide)) or bool(stems(phrase) & single)


def _is_forbidden(phrase: str, guide: Guide) -> bool:
    return any(has_phrase(phrase, each) for each in guide.markers.forbidden)


def _without_hesitation(match: re.Match[str]) -> str:
    please, verb = match[1] or "", match[2]
    return please + verb if please else _like(match[0], verb)


def _without(sentence: str, word: str) -> str:
    """The sentence without an empty word; "kindly" before a request becomes "please"."""
    first = re.match(rf"{word}\b,?[ \t]*(?=\S)", sentence, re.I)
    if first:
        rest = sentence[first.end() :]
        return (
            f"Please {rest}"
            if word == "kindly" and not has_phrase(rest.lower(), "please")
            else capitalised(rest)
        )
    shorter = re.sub(
        rf",[ \t]*{word}[ \t]*,|(?<=\w)[ \t]+{word}(?=[ \t.])", "", sentence, flags=re.I
    )
    return re.sub(rf"([,;][ \t]*){word}\b,?[ \t]*", r"\1", shorter, flags=re.I)


def _swapped(sentence: str, voice: Voice) -> str:
    swaps, pattern = _swaps(voice)
    if pattern is None:
        return sentence

    def swap(match: re.Match[str]) -> str:
        semicolon, old, comma = match[1] or "", match[2], match[3] or ""
        new = swaps[" ".join(old.lower().split())]
        before = sentence[: match.start(2)]
        swapped = semicolon + _like(old, new) + comma
        if " " in old:
            return swapped
        if new in _JOINS_CLAUSES:  # "However, it" is "But it"; "we, however, may" stays
            if not comma or (before.strip() and not semicolon):
                return match[0]
            return f", {new}" if semicolon else _like(old, new)
        if before.strip() and old[:1].isupper() and not old.isupper():
            return match[0]  # a name, or the label of a button
        if _GIVES_WITH.match(sentence, match.start(2)) or not _fits(before, new, voice):
            return match[0]
        return swapped

    return pattern.sub(swap, sentence)


@lru_cache(maxsize=16)
def _swaps(voice: Voice) -> tuple[dict[str, str], re.Pattern[str] | None]:
    """All that is replaced: the guide's swaps, and plain words that the guide does not mind."""
    guide = voice.guide
    plain = {
        old: new
        for old, new in PLAIN.items()
        if _is_forbidden(old, guide) and not disliked(new, guide)
    }
    swaps = plain | {old.lower(): new for old, new in guide.markers.swaps.items()}
    longest_first = sorted(swaps, key=len, reverse=True)
    if not swaps:
        return swaps, None
    phrases = "|".join(re.escape(old).replace(r"\ ", r"[ \t]+") for old in longest_first)
    return swaps, re.compile(rf"(;[ \t]+)?(?<![\w'’-])({phrases})(?![\w'’-])(,)?", re.I)


def _fits(before: str, new: str, voice: Voice) -> bool:
    """Whether the new word can stand after this, or only the old one can ("your purchase")."""
    last = _LAST_WORD.search(before)
    if last is None or last[1].lower() in _BEFORE_A_VERB:
        return True
    left, first = last[1].lower(), new.split()[0]
    used = _used_after(voice)
    if left in _BEFORE_A_NOUN:  # "no more cost" is not what "no additional cost" means
        return left != "no" and left in used.get(first, ())
    return any(
        word not in STOP_WORDS and word not in _BEFORE_A_VERB for word in used.get(first, ())
    )


@lru_cache(maxsize=16)
def _used_after(voice: Voice) -> dict[str, set[str]]:
    """Word to the words that the voice's own sentences use before it."""
    used: dict[str, set[str]] = {}
    for example in voice.examples:
        words = re.findall(r"[\w'’-]+|[^\w\s]", example.voiced.lower())
        for left, word in pairwise(words):
            if left[0].isalnum():
                used.setdefault(word, set()).add(left)
    return used


def _like(old: str, new: str) -> str:
    """``new`` in the letter case of ``old``."""
    if old.isupper() and len(old) > 1:
        return new.upper()
    return capitalised(new) if old[:1].isupper() else new


def capitalised(text: str) -> str:
    """``text`` with a capital letter, unless it begins with an address or "iPhone"."""
    return _LOWER_WORD.sub(lambda match: match[0].capitalize(), text, count=1)
