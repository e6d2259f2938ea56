"""In what mood an exchange is, so far as rules can tell: where nobody wants to be cheered up.

A voice's guide names with ``mood`` the lines that may stand there. Of several moods the gravest
counts. A word too many only makes a reply soberer, so the rules take in rather than leave out.
They know English.
"""

from __future__ import annotations

import re
from typing import get_args

from bot.voice.voice import Example, Guide, Mood

_SIGNS: dict[Mood, re.Pattern[str]] = {
    "security": re.compile(
        r"\b(?:stolen|stole|steal(?:s|ing)?|theft|thie(?:f|ves)|robbe\w+|burgl\w+|broke(?:n)? into"
        r"|break-?in|hack(?:ed|er|ers|ing)|phish\w*|scam\w*|fraud\w*|malware|virus(?:es)?|ransom\w*"
        r"|breach\w*|leak(?:s|ed|ing)?|compromised|intruder\w*|suspicious|unrecognised|harass\w*"
        r"|bull(?:y|ies|ied|ying)|threat\w*|assault\w*|abus(?:e|ed|ive)|stalk\w*|weapon\w*|knife"
        r"|(?:a|on|of|caught) fire|evacuat\w+|emergenc\w+|explo(?:de|sion)\w*|blackmail\w*"
        r"|spill(?:s|ed|age)?|alarm (?:is|goes|went))\b",
        re.I,
    ),
    "health": re.compile(
        r"\b(?:ill|illness|sick|sickness|injur\w+|hurt(?:s|ing)?|bleed\w*|wound\w*|hospital\w*"
        r"|ambulance|faint(?:ed|ing|s)?|unwell|pain(?:s|ful|killers?)?|allerg\w+|burn(?:t|ed)? out"
        r"|burn-?out|depress\w+|anxiety|stress(?:ed|ful)?|mental health|suicid\w+|self-harm"
        r"|miscarr\w+|cancer|disease|infect\w+|rash|chickenpox|covid|poison\w*|concuss\w+"
        r"|accidents?|first[ -]aid|medical|medicines?|medication|choking|collapsed?|disab\w+)\b",
        re.I,
    ),
    "bad_news": re.compile(
        r"\b(?:die[sd]|dying|death|passed away|bereave\w*|funeral|grie(?:f|ving)|widow\w*"
        r"|redundan\w+|dismiss(?:ed|al)|laid off|lay-?offs?|(?:get|got|be|been|being|was) fired"
        r"|terminat\w+|resign\w*|disciplinary|evict\w+|lawsuit|sued?|cancelled|cancellation"
        r"|delay(?:s|ed)?|(?:is|are|was|were|be|been|being|running|arriv\w+|too) late"
        r"|late (?:order|deliver|parcel)\w*|reject(?:ed|ion)|refus(?:ed|al)|declined|denied"
        r"|turned down|out of (?:stock|order|service|action)|damaged|recall(?:ed|s)?"
        r"|unsafe|failed (?:its|the|your|a) \w+|do not (?:ride|use|eat|drink|enter)|closed down"
        r"|bad news|regret(?:s|fully)?|unfortunately|sad(?:ly|ness)?|divorce\w*"
        r"|lost in the post)\b",
        re.I,
    ),
    "money": re.compile(
        r"\b(?:overcharg\w+|charged (?:twice|wrongly|again|[^.?!]{0,20}too much)|refund\w*"
        r"|reimburse\w*|unpaid|overdue|arrears|debts?|owe[ds]?|owing|late fees?"
        r"|penalt\w+|deduct\w+|bailiff\w*"
        r"|pay cuts?|cut in pay|bankrupt\w*|insolven\w+|lost money|money back|compensat\w+"
        r"|(?:not|never) (?:been |got |get |yet )*paid|underpaid|bounced"
        r"|(?:can['’]?t|cannot|unable to|could not|couldn['’]t) (?:afford|pay)"
        r"|(?:salary|wages?|pay) late"
        r"|(?:salary|wages?|pay|payment|bonus) (?:is|was|has|did|failed)[^.?!]{0,20}?"
        r"(?:late|missing|wrong|short|not|fail|declin)\w*)\b",
        re.I,
    ),
    "complaint": re.compile(
        r"\b(?:complain\w*|grievances?|angry|furious|upset|disappoint\w*|unacceptable|unhappy"
        r"|not (?:good enough|happy|satisfied)|dissatisf\w+|fed up|appall\w+|terrible|awful|rude"
        r"|rudely|ridiculous|disgust\w*|still (?:waiting|no|not|hasn['’]t|haven['’]t)"
        r"|never (?:arrived|came|turned up|heard|repl\w+)|(?:third|fourth|tenth) time"
        r"|apologi[sz]e\w*|apolog(?:y|ies)|sorry (?:for|about|that|to)|inconvenience"
        r"|(?:our|your|my|their) (?:mistake|fault)|let you down)\b",
        re.I,
    ),
}


def mood_of(text: str) -> Mood | None:
    """The gravest mood that a question or a draft is in; None: an ordinary one."""
    return next((each for each in get_args(Mood) if _SIGNS[each].search(text)), None)


def mood_of_pair(pair: Example) -> Mood | None:
    """That of the question, or of the draft."""
    return mood_of(pair.question if pair.kind == "answer" else pair.plain)


def fits_mood(said: str, guide: Guide, mood: Mood | None) -> bool:
    """Whether the voice's own words suit a mood: only its lines, and nothing exclaimed.

    ``said``: without what is quoted. In no mood, and by a guide without the table, all does.
    """
    if mood is None or not guide.mood:
        return True
    begun, text = said.lstrip(), said.rstrip()
    suited = (*guide.suited(guide.greetings, mood), *guide.suited(guide.closings, mood))
    opened = [x for x in guide.greetings if x not in suited and begun.startswith(x[:-1])]
    # "Hello there!" begins like "Hello.": the longest that stands there is meant.
    best = max((x for x in suited if begun.startswith(x)), key=len, default="")
    closed = [x for x in guide.closings if x not in suited and text.endswith(x)]
    return "!" not in said and not closed and all(len(x) <= len(best) for x in opened)
