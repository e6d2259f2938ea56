"""Details around a question that its answer does not depend on, as people add them in a chat.

Without them in training every word that no passage mentions speaks against all passages: "how many
days off do I get" was answered, "how many days off do I get as a new hire" was not.
"""

from __future__ import annotations

import random

_BEFORE = (
    "hey, ",
    "quick question: ",
    "hi all, ",
    "sorry if this was asked before, ",
    "i just started last week, ",
    "my manager asked me: ",
    "asking for a colleague - ",
    "i'm new here. ",
    "we're planning something for next month and i wonder: ",
    "before i forget, ",
    "i was on the train this morning and thought, ",
    "my teammate and i were arguing: ",
    "couldn't find it anywhere: ",
    "it's my first week, ",
    "random one: ",
    "as a new joiner, ",
    "i'm travelling right now, ",
    "long day here... ",
    "maybe a stupid question but ",
)
_AFTER = (
    " as a new hire",
    " when i'm on the road",
    " thx",
    " (asking for a friend)",
    " now that i've moved",
    ", it's kind of urgent",
    " today",
    " on a friday",
    " from my phone",
    " if i'm in a hurry",
    " for our team",
    " while travelling",
    " in general",
    " these days",
    " now",
    " please",
    " pls",
    " as a newbie",
    " at our place",
    " around here",
    " then",
    " this time",
    " after all",
    " at such short notice",
    " without asking anyone",
)
_SHARE_BEFORE, _SHARE_AFTER = 0.14, 0.18  # of the questions
_ENDS = "?!. "


def with_details(question: str, rng: random.Random) -> str:
    """The question, or for about a third of them the same with a detail before or after it."""
    drawn = rng.random()
    if drawn < _SHARE_BEFORE:
        spoken = question if question.startswith("I ") else question[:1].lower() + question[1:]
        return rng.choice(_BEFORE) + spoken
    if drawn < _SHARE_BEFORE + _SHARE_AFTER:
        asked = question.rstrip(_ENDS)
        return asked + rng.choice(_AFTER) + question[len(asked) :].strip()
    return question
