"""Greetings, thanks and "what can you do?": messages that need no looking up."""

from __future__ import annotations

import re
from typing import Literal

SmallTalk = Literal["hello", "thanks", "capabilities"]

_NOISE = re.compile(r"[^\w\s']+|_+")
_PATTERNS: tuple[tuple[SmallTalk, re.Pattern[str]], ...] = (
    (
        "hello",
        re.compile(
            r"(hi|hiya|hey|hello|yo|howdy|good (morning|afternoon|evening|day)|greetings|morning)"
            r"( (there|all|everyone|team|bot|again|folks))*( how are (you|things)( today)?)?"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"((ok|okay|great|perfect|brilliant|awesome|nice|cool|lovely) )*"
            r"(thanks|thank you|thx|ty|cheers|much appreciated|got it)"
            r"( (so much|very much|a lot|a bunch|a million|again|all|everyone|mate|bot|"
            r"that helps|that helped|that's great|for (the|your) help))*"
        ),
    ),
    (
        "capabilities",
        re.compile(
            r"help( me)?|what (can|do) you( even| actually)? do( for (me|us))?|who are you|"
            r"what are you|how do (you|i use you) work|how do i use (you|this)|"
            r"what can i ask( you)?|what do you know"
        ),
    ),
)


def small_talk(text: str) -> SmallTalk | None:
    """Which kind of small talk the whole message is, if any.

    "Thanks, and when is payday?" is a question, and None.
    """
    bare = " ".join(_NOISE.sub(" ", text.replace("’", "'").lower()).split())
    for kind, pattern in _PATTERNS:
        if pattern.fullmatch(bare):
            return kind
    return None
