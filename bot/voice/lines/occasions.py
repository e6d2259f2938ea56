"""What an exchange is about, so far as rules can tell: money, dates, steps and the like.

A voice's guide says with ``when`` on which occasion a line fits. A greeting goes with the question.
A closing has to go with the quote too: "Every penny counts" may stand only where somebody asked
about money *and* the quote has an amount, since a line that half fits is worse than none.

The rules know English; in other languages there is no occasion, and only lines that fit any are
used.
"""

from __future__ import annotations

import re
from typing import get_args

from bot.voice.grounding import facts
from bot.voice.voice import Occasion

_WHO = r"(?:i|we|you|one|my|our|staff|employees|people|someone)"
_CLAUSE = r"(?:^|[,.;:?!–-] *|\b(?:and|but|so|or|also) )"
_ASKED: dict[Occasion, re.Pattern[str]] = {
    "money": re.compile(
        r"\bhow much (?:is|are|do|does|will|would|money|can|could|may|should)\b"
        r"|\b(?:cost|price|pricing|fee|charge|charged|rent|pound|euro|dollar|per diem)s?\b"
        r"|\b(?:salar|reimburs|refund|budget|allowance|expens|discount|bonus|deposit|stipend|wage"
        r"|subscription)\w*|\bmoney\b|\bspend\b|\bpay(?:s|ing)? for\b|\bfree\b",
        re.I,
    ),
    "date": re.compile(
        r"\bwhen\b(?! (?:i|we|you|my|our|the)\b.*,)|\bwhat (?:time|day|date|hours)\b"
        r"|\b(?:deadline|date|hours|times)\b|\bdue\b|\bhow late\b|\bopen(?:ing)? on\b"
        r"|\b(?:last|latest|next|earliest|which) (?:day|date|time)\b",
        re.I,
    ),
    "steps": re.compile(
        rf"\bhow (?:do|can|could|would|should|does) {_WHO}\b|\bhow to\b|\bsteps\b"
        r"|\b(?:process|procedure) (?:for|to)\b",
        re.I,
    ),
    "permission": re.compile(
        rf"{_CLAUSE}(?:can|could|may|might|am|are|must|should) {_WHO}\b"
        rf"|{_CLAUSE}(?:do|does) {_WHO} (?:have|need) to\b"
        r"|\b(?:allowed|permitted)\b|\bis it (?:ok|okay|fine)\b|\brules?\b",
        re.I,
    ),
    "place": re.compile(
        r"\bwhere\b|\bwho(?:m|se)?\b(?! (?:can|could|may|gets?|is (?:allowed|eligible))\b)"
        r"|\b(?:i|we|to) contact\b"
        r"|\bwhich (?:room|page|channel|person|team|desk|office|form|number|address)\b",
        re.I,
    ),
    "trouble": re.compile(
        r"\b(?:broken?|breaks|lost|stolen|missing|stuck|locked|stealing|theft"
        r"|error|wrong|forgot|forgotten|angry|unwell|sick on|hacked|scam|(?:a|on|of) fire)\b"
        r"|\b(?:damag|injur|hurt|phish|harass|bull[iy]|leak|fail|accident|crash|faint|cancelled"
        r"|flicker|dodgy|suspicious)\w*|\balarm (?:is|went|goes)\b"
        r"|\b(?:can['’]?t|cannot|unable to) (?:sign|log|get|connect|open|reach|access|find my)\b"
        r"|\b(?:won['’]?t|doesn['’]?t|isn['’]?t|not|stopped|stops|keeps) "
        r"(?:work|start|open|clos|load|connect|print|turn|com|send|charg|dropp|reach)\w*",
        re.I,
    ),
}
_MONTHS = r"january|february|march|april|june|july|august|september|october|november|december"
_TOLD: dict[Occasion, re.Pattern[str]] = {
    "money": re.compile(
        r"[€$£¥]\s?\d|\b(?:EUR|USD|GBP|CHF|CAD)\s?\d|\d\s?(?:€|(?:EUR|USD|GBP|CHF|CAD|p|euros?"
        r"|pounds?|dollars?|pence|cents?)\b)",
        re.I,
    ),
    "date": re.compile(
        rf"\b\d{{1,2}}[:.]\d\d\b(?! ?%)|\b\d{{1,2}} ?[ap]\.?m\b|\bnoon\b|\b(?:{_MONTHS})\b"
        r"|\bmay \d|\d may\b|\b\d{4}-\d\d-\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b"
        r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
        r"|\b(?:first|last) (?:working )?day\b|\bend of (?:the|each|every) (?:month|week|year)\b",
        re.I,
    ),
    "permission": re.compile(
        r"\b(?:may|must|can|cannot|should|allowed|accepted|permitted|required|requires?|needs?|only"
        r"|never|not|no|nobody|unless|welcome|forbidden|entitled|eligible|\w+n['’]t)\b",
        re.I,
    ),
}
_VERBS = (
    "add|appeal|apply|ask|attach|avoid|bag|book|break|bring|call|cancel|change|charge|check|choose"
    "|clean|clear|click|close|collect|come|complete|contact|copy|create|cut|disconnect|download|edit|e-?mail"
    "|empty|enter|fill|find|follow|forward|get|give|go|hand|hold|include|inform|install|join|keep"
    "|lay|leave|let|lock|log|look|make|mark|move|note|notify|open|pack|pay|pick|plug|post|pour|press"
    "|print|pull|push|put|read|reboot|record|remove|reply|report|request|reserve|rest|restart"
    "|restore|return|ring|rinse|run|save|scan|search|select|send|set|show|sign|speak|start|stay|stop|store"
    "|submit|switch|take|talk|tell|turn|type|unplug|update|upload|use|visit|wait|walk|warn|wash|wear"
    "|wipe|write"
)
_OBJECT = "an?|the|your|it|them|us|me|this|that|any|all|in|on|out|up|to|for|at|into|with|by"
# A sentence or list item that begins by telling somebody to do something, or does so after "If …,".
_ORDER = re.compile(
    r"(?:^|[.!?:)] +|\n)[\s>*+-]*(?:\d+[.)] +)?[*_`]*"
    r"(?:(?:if|when|to|once|before|after|for|in|on)\b[^.!?\n,]*, +)?"
    rf"(?:(?:please|then|first|next|finally|always|just),? +)*(?:{_VERBS})\b(?! (?:is|are)\b)",
    re.I,
)
# "Stay at home and get better" are no two steps, and in "your title, start date" none is.
_MORE = re.compile(
    rf"(?:(?:;|\band|\bor)(?: then)? |, (?:then |(?=\w+ (?:(?:{_OBJECT})\b|(?-i:[A-Z`*])))))"
    rf"(?!(?:get|stay|keep|leave|let|rest)\b)(?:{_VERBS})\b",
    re.I,
)
_FORBIDS = re.compile(r"\W*(?:never|do not|don['’]t)\b", re.I)  # such a quote tells where not
_NUMBERED = re.compile(r"^\s*\d+[.)]\s", re.M)
_PHONE = re.compile(r"(?<!\w)\+?\d[\d ()/-]{6,}\d\b|\bext(?:ension)?\.? \d{2,5}\b", re.I)
_SPOT = re.compile(
    r"#[a-z][\w-]+|(?<!\w)@[a-z]\w+|\b(?:rooms?|floors?|desk|drawer|shel(?:f|ves|ved)|cupboard|cabinet"
    r"|shed|lobby|kitchen|reception|foyer|office|building|street|door|entrance|folder|tab|menu"
    r"|channel|row|yard)\b",
    re.I,
)


def occasions(question: str) -> frozenset[Occasion]:
    """What the question asks about."""
    return frozenset(each for each in get_args(Occasion) if _ASKED[each].search(question))


def bears(told: str, occasion: Occasion) -> bool:
    """Whether the text that answers has what a closing for this occasion takes for granted."""
    match occasion:
        case "steps":
            rest, orders = _ORDER.subn("", told)
            more = len(_MORE.findall(rest)) if orders else 0
            return len(_NUMBERED.findall(told)) > 1 or orders + more > 1
        case "trouble":
            return bool(_ORDER.search(told) or _PHONE.search(told))
        case "place":
            found = facts(told)
            named = found["names"] or found["links"] or _PHONE.search(told) or _SPOT.search(told)
            return bool(named) and not _FORBIDS.match(told)
        case _:
            return _TOLD[occasion].search(told) is not None
