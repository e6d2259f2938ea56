"""Which words of a question are worth looking up; English stop words are not."""

from __future__ import annotations

import re
import unicodedata

MAX_QUERY_WORDS = 64
"""Different words of a query that BM25 looks at, the first ones: each costs one index look-up and
a ranking, and somebody will paste a log into the channel."""

_WORDS = """
i me my myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
what which who whom whose this that these those when where why how
am is are was were be been being have has had having do does did doing done
would should could ought can cannot will shall may might must
a an the and but if or because as until while than then so
of at by for with about against between into through during before after
above below to from up down in out on off over under again further once
here there all any both each few more most other some such no nor not only own same too very
"""

STOP_WORDS: frozenset[str] = frozenset(_WORDS.split())
"""The Snowball English stop list (snowballstem.org/algorithms/english/stop.txt) without its
contractions, with the modal verbs it leaves out. Lower case."""

# \w without the underscore, at which both stores' tokenizers split.
_WORD = re.compile(r"[^\W_]+")


def telling_words(text: str) -> list[str]:
    """The different words of a question in their order, lower case, without stop words.

    All words when there is nothing else; none when there are no letters or digits.
    """
    # NFC: "e" and a combining accent are two matches for the pattern, but "é" is one word.
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    telling = [word for word in words if word not in STOP_WORDS]
    return list(dict.fromkeys(telling or words))[:MAX_QUERY_WORDS]
