"""The plain side of a text that is only there in the voice, made by rules that can be checked.

In this order: the greeting, lead-in and closing of the guide go, and so do a letter's salutation
and its end; words that the guide puts in go back to those that it replaces (its swaps, read
backwards; of several the first in the guide); contractions are written out; exclamation marks
become full stops and emoji go. Nothing else is touched, so that all facts stay: that is checked
afterwards like every other pair's.
"""

from __future__ import annotations

import re

from bot.voice.lines.framing import without_frame
from bot.voice.rewriting import taken_apart
from bot.voice.voice import Guide
from bot.voice.wording import capitalised

_CONTRACTED = (
    (re.compile(r"\b(ca)n['’]t\b", re.I), r"\1nnot"),
    (re.compile(r"\b(w)on['’]t\b", re.I), r"\1ill not"),
    (re.compile(r"\b(\w+)n['’]t\b", re.I), r"\1 not"),
    (re.compile(r"\b(we|you|they)['’]re\b", re.I), r"\1 are"),
    (re.compile(r"\b(I|we|you|they|it|he|she|that)['’]ll\b", re.I), r"\1 will"),
    (re.compile(r"\b(I|we|you|they)['’]ve\b", re.I), r"\1 have"),
    (re.compile(r"\b(I)['’]m\b"), r"\1 am"),
)
_EMOJI = re.compile(
    "[ \t]*[\U0001f300-\U0001faff\u2600-\u27bf][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*"
)
_PARTING_EMOJI = re.compile(rf"(?<=\w)(?:{_EMOJI.pattern})+[ \t]*(?=[A-Z])")
"""Between two words it stands for a comma: without it "Priya 😀 Ann" were one name."""
_SPACES = re.compile(r"[ \t]{2,}")


def plain_side(voiced: str, guide: Guide) -> str:
    """The same facts without the voice; the same text if nothing of the voice is in it."""
    text = without_frame(taken_apart(voiced.strip(), guide).body, guide)
    text = _swapped_back(text, guide)
    for pattern, written_out in _CONTRACTED:
        text = pattern.sub(written_out, text)
    text = _EMOJI.sub("", _PARTING_EMOJI.sub(", ", text))
    text = re.sub(r"!+", ".", text)
    return _SPACES.sub(" ", text).strip()


def _swapped_back(text: str, guide: Guide) -> str:
    back: dict[str, str] = {}
    for old, new in guide.markers.swaps.items():
        back.setdefault(new.lower(), old)
    if not back:
        return text
    longest_first = sorted(back, key=len, reverse=True)
    phrases = "|".join(re.escape(each) for each in longest_first)

    def replace(match: re.Match[str]) -> str:
        old = back[match[0].lower()]
        return capitalised(old) if match[0][:1].isupper() else old

    return re.sub(rf"(?<![\w'’-])(?:{phrases})(?![\w'’-])", replace, text, flags=re.I)
