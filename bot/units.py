"""How well each sentence, list item or table row of a passage answers the question."""

from __future__ import annotations

import re

from knowledge.types import Evidence, ScoredUnit
from knowledge.words import stems, telling

ASKED_IN_HEADING = 0.85
"""Cosine from which on a heading is the question itself, in other words at most."""
_OPENING = 0.3  # what being first adds there: such a section begins with the answer
_SHARED_WORDS = 0.2  # what having all of the question's words adds to a unit's cosine
_RIGHT_KIND = 0.1  # what having the kind of thing that was asked for adds
_ABOUT_PAGES = 0.25  # what a sentence about pages loses: it points at an answer elsewhere
_NO_ANSWER = 1.0  # what a heading or a question loses: it never is the answer

_PAGES = re.compile(
    r"\b(this (page|section|guide|document|list) (is|covers|tells|says|explains|describes|lists)|"
    r"(is|are|stands?|found|see) (on|in|under)? ?the (page|section|guide|list)\b|"
    r"see (the|also|our)\b)",
    re.I,
)
_ASKS_AMOUNT = re.compile(
    r"\b(how (much|many|long|wide|big|far|often|old|early|late|soon|tall|heavy|high|fast)|price|"
    r"cost|fee|rate|limit|percent|percentage|date|when|what time|number|deadline|amount|budget|"
    r"maximum|minimum|salary|allowance)\b",
    re.I,
)
_AMOUNT = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|half|daily|"
    r"weekly|monthly|yearly|every|never|always|monday|tuesday|wednesday|thursday|friday|saturday|"
    r"sunday|january|february|march|april|may|june|july|august|september|october|november|"
    r"december)\b",
    re.I,
)
_COUNTED = re.compile(r"\bhow many (\w+)", re.I)
_ASKS_SOMEBODY = re.compile(r"\b(who|whom|whose)\b", re.I)
_SOMEBODY = re.compile(
    r"(?<=[a-z,] )[A-Z]|[@#]|(?i:\b(team|lead|manager|director|officer|owner|desk|everyone|anyone|"
    r"everybody|anybody|nobody|staff|employees?|you)\b)"
)


def unit_scores(question: str, evidence: Evidence) -> list[float]:
    """One score a unit, comparable between passages; about a cosine with small changes."""
    words = telling(question).keys()
    asks = bool(_ASKS_AMOUNT.search(question) or _ASKS_SOMEBODY.search(question))
    scores = []
    for index, unit in enumerate(evidence.units):
        score = unit.cosine
        if words:
            score += _SHARED_WORDS * len(words & stems(f"{unit.lead} {unit.text}")) / len(words)
        if asks and has_kind(question, unit):
            score += _RIGHT_KIND
        if index == 0 and evidence.heading_cosine >= ASKED_IN_HEADING:
            score += _OPENING
        if _PAGES.search(unit.text):
            score -= _ABOUT_PAGES
        if unit.kind == "heading" or unit.text.endswith("?"):
            score -= _NO_ANSWER
        scores.append(score)
    return scores


def has_kind(question: str, unit: ScoredUnit) -> bool:
    """Whether the unit has the kind of thing that was asked for, where that can be told.

    An amount or a date for "how much" and "when" (with the thing counted, for "how many days"),
    somebody for "who"; True for other questions.
    """
    text = unit.text
    if counted := _COUNTED.search(question):
        near = stems(f"{unit.lead} {text}")
        return bool(_AMOUNT.search(text)) and stems(counted[1]) <= near
    if _ASKS_AMOUNT.search(question):
        return bool(_AMOUNT.search(text))
    if _ASKS_SOMEBODY.search(question):
        return bool(_SOMEBODY.search(text))
    return True
