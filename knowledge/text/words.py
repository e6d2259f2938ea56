"""The telling words of a question or a passage, stemmed, so that they can be compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

from knowledge.text.stopwords import STOP_WORDS

__all__ = ["STOP_WORDS", "stems", "stems_in_order", "surface_words", "telling"]

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHE = re.compile(r"[’']")
_stemmer = snowballstemmer.stemmer("english")

# What people wrap a question in when they chat: it says nothing about what they look for.
_CHAT = frozenset(
    """
    hey hi hello hiya please pls plz thanks thank thx cheers anyone anybody someone somebody
    everybody guys folks know tell ask asking wonder wondering quick question remind explain want
    wanna need like im ive id ill dont doesnt didnt isnt arent cant wont whats hows wheres whos
    there theres still also maybe actually really sorry get got let lets say says said supposed
    happen happens many much long often far big soon ok okay yes
    """.split()
)


def surface_words(text: str) -> list[str]:
    """Lower-case words without accents, ``don't`` as ``dont``, in order."""
    bare = _APOSTROPHE.sub("", text)
    if not bare.isascii():  # most texts are, and this takes ten times as long
        bare = unicodedata.normalize("NFKD", bare)
        bare = "".join(c for c in bare if not unicodedata.combining(c))
    return _WORD.findall(bare.lower())


def telling(text: str) -> dict[str, str]:
    """Stem to first surface word of a question's telling words, in order.

    Chat padding and stop words are left out, unless nothing else is there.
    """
    words = surface_words(text)
    kept = [word for word in words if word not in STOP_WORDS and word not in _CHAT]
    found: dict[str, str] = {}
    for word in kept or words:
        found.setdefault(_stem(word), word)
    return found


def stems(text: str) -> frozenset[str]:
    """The stems of all words of a text."""
    return frozenset(_stem(word) for word in surface_words(text))


def stems_in_order(text: str) -> list[str]:
    """The stems of all words of a text, as they stand there."""
    return [_stem(word) for word in surface_words(text)]


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    stemmed: str = _stemmer.stemWord(word)
    return stemmed
