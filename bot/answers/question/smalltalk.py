"""Greetings, thanks, "never mind" and "what can you do?": messages that need no looking up."""

from __future__ import annotations

import re
from typing import Literal

SmallTalk = Literal["hello", "thanks", "capabilities", "never_mind", "noted"]
"""``noted``: "ok", "yes", "lol" and the like, which ask for nothing."""

_NODS = re.compile(
    r"(?:[👍👌👏🙌🙏🤝🎉✅💯🙂😀😃😄😊♥❤]|[\ufe0f\U0001f3fb-\U0001f3ff\s]|"
    r":(?:\+1|thumbsup|ok_hand|clap|raised_hands|pray|handshake|tada|white_check_mark|100|"
    r"slightly_smiling_face|grinning|smiley|smile|blush|hearts|heart|skin-tone-[2-6]):)+"
)
"""Pictures that say "ok", as they are and by the names that Slack sends in their place."""
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
            r"((many |big )?thanks|thank you|thank u|thx|tnx|ty|cheers|much appreciated|got it)"
            r"( (so much|very much|a lot|a bunch|a million|again|all|everyone|mate|bot|"
            r"that helps|that helped|that's great|for (the|your) help))*"
            r"|(that's |this is |that was |you are |you're |u r )?(a |an |the |so |very |really )*"
            r"(good|great|nice|clever|smart|best|awesome|brilliant|amazing|excellent|perfect|"
            r"fantastic|lovely|cool|wonderful|helpful|super|useful)"
            r"( (bot|job|one|work|stuff|answer|to know|thing|the best|indeed))*( (thanks|"
            r"thank you))?"
            r"|(love|like) (it|you|this)|well done|that (helps|helped|works|worked)( a lot)?"
        ),
    ),
    (
        "never_mind",
        re.compile(
            r"((oh|ok|okay|sorry|actually|ah|please) )*"
            r"(never ?mind|nvm|nm|forget (it|that|about it|i asked)|ignore (that|this|me|it)|"
            r"disregard( that| this)?|scrap that|cancel( that)?|no worries|don't worry|my bad|"
            r"(i )?(found|figured|worked|sorted|solved) (it|that)( out)?|stop|"
            r"wrong (channel|chat|window))"
            r"( (then|thanks|thank you|sorry|i (found|figured|worked|sorted) it( out)?|about (it|"
            r"that)))*"
        ),
    ),
    (
        "noted",
        re.compile(
            r"(ok(ay)?|k|kk|yes|yep|yeah|yup|no|nope|nah|sure|right|fine|alright|all right|"
            r"understood|noted|i see|makes sense|will do|lo+l|lmao|rofl|(ha|he){2,}h?|wow|oh|ah|"
            r"hm+|true|exactly|indeed|agreed|same|done|oops|ouch|sounds good|fair enough|of course)"
            r"( (ok|okay|yes|no|sure|then|bot|lo+l|(ha){2,}|please|i see|makes sense))*"
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
    if text.strip() and _NODS.fullmatch(text):
        return "noted"
    bare = " ".join(_NOISE.sub(" ", text.replace("’", "'").lower()).split())
    for kind, pattern in _PATTERNS:
        if pattern.fullmatch(bare):
            return kind
    return None
