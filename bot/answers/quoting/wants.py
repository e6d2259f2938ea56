"""What kind of thing a question asks for, and whether a text has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from knowledge.text.words import stems, surface_words, telling

Kind = Literal["amount", "time", "person", "place", "rule", "any"]


@dataclass(frozen=True, slots=True)
class Wants:
    """What a question asks for."""

    kind: Kind
    noun: frozenset[str] = frozenset()
    """Stem of what is counted: of "how many days" that of "days"; else empty."""
    steps: bool = False
    """How something is done."""
    several: bool = False
    """All of something: a list, or a comparison."""
    step: int | None = None
    """The one step that is asked for by its number."""
    reason: bool = False
    """Why something is so."""
    compares: bool = False
    """How one thing differs from another."""
    contact: bool = False
    """Whom to turn to, or how to reach them."""


_HOW_MANY = re.compile(r"\bhow (?:many|much)\b((?: \w+){0,4})")
_NOT_COUNTED = frozenset("more other extra off left exactly".split())
_AFTER_COUNTED = frozenset(
    "do does did is are was were can could may might must should will would have has had of in on "
    "at for from to per a an the i we you it they get need take".split()
)
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "amount",
        re.compile(
            r"\bhow (?:many|much|long|far|big|large|old|high|heavy|wide|deep|tall|fast|often)\b|"
            r"\bwhat (?:does|do|did|will|would) [^?]*\bcost\b|"
            r"\b(?:what|which)(?:'s| is| was| are)?\b[^?]*\b(?:cost|costs|price|prices|fee|budget|"
            r"limit|allowance|salary|percentage|maximum|minimum|size|speed|weight|bonus|premium|deposit|"
            r"rate|extension)\b"
        ),
    ),
    (
        "time",
        re.compile(
            r"\b(?:when|what time|what day|which day|deadline|due date|how (?:soon|late))\b"
        ),
    ),
    ("person", re.compile(r"\b(?:who|whom|whose)\b")),
    ("place", re.compile(r"\bwhere\b|\b(?:address|location)\b")),
)
_HOW_TO = re.compile(
    r"\bhow (?:do|can|should|would|could|must|does|to|is|are|did|may|shall|will)\b|"
    r"\bwhat (?:do|should|must|shall|can) (?:i|we|you|one) do\b|"
    r"\b(?:steps|procedure|instructions|walk me through|guide me)\b|\bprocess (?:for|of|to)\b"
)
_SEVERAL = re.compile(
    r"\b(?:what|which)\b[^?.]*\b(?:is|are|was|were) there\b|"
    r"\b(?:what|which) (?:are|were)\b|"
    r"\bwhat (?:should|can|must|may|do|does|else)\b"
    r"(?! [^?]*\b(?:cost|mean|stand|happen|say|look)\b)|"
    r"\b(?:list|lists|everything|overview|difference|compare|compared|versus|vs)\b|"
    r"\ball (?:the|our|my)\b|"
    r"\b(?:kinds|types|sorts|forms|options|examples|ways|reasons|ingredients) (?:of|for|to)\b|"
    r"\bwhat (?:kind|type|sort) of (?:stuff|things?)\b"
)
_WHICH_PLURAL = re.compile(
    r"\b(?:what|which) ((?:\w+ ){0,4}?)(?:are|do|does|did|can|should|may|must|"
    r"need|have|has|count|come|is|will|would|belong|qualify|apply)\b"
)
_PLURAL = re.compile(r"\b\w{2,}[^siu\W]s\b")
_YES_NO = re.compile(
    r"(?:\W*(?:hi|hey|hello|so|and|ok|okay|but|please|sorry|quick question)\b)*\W*"
    r"(?:can|may|could|am|are|is|do|does|did|must|should|will|would|has|have|was|were)\b"
)
_POLITE = re.compile(r"[^?]{0,40}?\b(?:you|anyone|anybody|someone|somebody)\b")
_RULE_ASKED = re.compile(
    r"\b(?:can|may|must|should) (?:i|we|you|one|my|our|employees|staff)\b|"
    r"\b(?:do|does|did) (?:i|we|you|one) (?:have|need) to\b|\b(?:allowed|permitted|okay to|ok to)\b"
)
_WH = re.compile(r"\b(?:how|what|which|when|who|whom|whose|where|why)\b")
_WHY = re.compile(r"\b(?:why|how come|what for|reasons?)\b")
_DIFFERS = re.compile(
    r"\b(?:differences?|differ|differs|different|compare|compared|versus|vs)\b|"
    r"\b(?:is|are|isn't|isnt|aren't|arent) (?:that|they|it|these|those|both) (?:not |all |both )?"
    r"the same\b"
)
_CONTACT_ASKED = re.compile(
    r"\bwhom? (?:else )?(?:(?:do|should|can|could|must|would|shall|may) (?:i|we|you|one)|i|we|to)\b"
    r"[^?]{0,25}?\b(?:ask|contact|call|ring|phone|tell|e-?mail|write|message|report|talk|speak|reach|"
    r"turn to|go to|inform|notify|ping)\b|"
    r"\bwho (?:should|must|needs to|has to|is to) be (?:asked|contacted|called|told|informed)\b|"
    r"\bhow (?:do|can|should|would) (?:i|we) (?:contact|reach|get hold of)\b|"
    r"\b(?:phone number|e-?mail address|contact (?:details|person))\b"
)
_SIDES = re.compile(
    r"\bbetween (?P<one>[^?,;]+?) and (?P<other>[^?,;]+)|"
    r"(?P<left>[^?,;]+?) (?:vs\.?|versus) (?P<right>[^?,;]+)",
    re.I,
)
_THAN = re.compile(
    r"\b(?:is|are|isn't|isnt|aren't|arent|was|were|do|does|did|has|have|will|would)\b "
    r"(?P<one>[^?,;]+?) (?:\w+er|more|less|worse)\b[^?,;]{0,25}? than (?P<other>[^?,;]+)",
    re.I,
)
_STEP = re.compile(
    r"\b(?:step|item|point|rule|no\.?|number) (?:no\.? |number |#)?(\d{1,3})\b|"
    r"\b(\d{1,3})(?:st|nd|rd|th) (?:step|item|point|rule)\b|"
    r"\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last) "
    r"(?:step|item|point|rule)\b"
)
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
LAST = -1
"""The number of the last step."""


def wants(question: str) -> Wants:
    """What the question asks for; ``any`` where no rule fits."""
    asked = " ".join(question.lower().replace("’", "'").split())
    step = _step(asked)
    wh = _WH.search(asked)
    ruled = _RULE_ASKED.search(asked)
    yes_no = _YES_NO.match(asked) and not (wh and _POLITE.match(asked))
    if yes_no or (ruled and not (wh and wh.start() < ruled.start())):
        return Wants("rule", step=step)
    many = _HOW_MANY.search(asked)
    # Of "what is the fee, and who pays it" the first is taken.
    found = [(match.start(), kind) for kind, mark in _KINDS if (match := mark.search(asked))]
    how_to = _HOW_TO.search(asked) is not None
    plural = _WHICH_PLURAL.search(asked)
    all_of = _SEVERAL.search(asked) or (plural and _PLURAL.search(plural[1]))
    several = all_of is not None and not how_to and not many
    kind: Kind = min(found)[1] if found and not how_to else "any"
    if several and kind == "amount":  # "which kinds of leave do not come out of my allowance"
        kind = "any"
    noun = stems(_counted(many[1])) if many and kind == "amount" else frozenset[str]()
    return Wants(
        kind,
        noun,
        steps=how_to,
        several=several,
        step=step,
        reason=_WHY.search(asked) is not None,
        compares=_DIFFERS.search(asked) is not None,
        contact=_CONTACT_ASKED.search(asked) is not None,
    )


def compared(question: str) -> tuple[frozenset[str], ...]:
    """The stems by which the two sides of a comparison are told apart; none of another question."""
    match = _SIDES.search(question) if _DIFFERS.search(question.lower()) else None
    match = match or _THAN.search(question)
    if match is None:
        return ()
    one, other = (telling(each).keys() for each in match.groups() if each is not None)
    if match.re is _THAN and not one & other:  # "do I get more than five days": no two of a kind
        return ()
    return tuple(side for side in (frozenset(one - other), frozenset(other - one)) if side)


def _counted(after: str) -> str:
    """What "how many" counts: of "paid vacation days off do I" the days."""
    words = takewhile(lambda word: word not in _AFTER_COUNTED, after.split())
    return next(iter([word for word in words if word not in _NOT_COUNTED][::-1]), "")


def _step(asked: str) -> int | None:
    match = _STEP.search(asked)
    if match is None:
        return None
    if match[3]:
        return LAST if match[3] == "last" else _ORDINALS.index(match[3]) + 1
    return int(match[1] or match[2])


_AMOUNT = re.compile(
    r"\d|[€$£¥%]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|"
    r"thirty|forty|fifty|sixty|ninety|hundred|thousand|half|quarter|double|twice|once|unlimited|"
    r"free|nothing|daily|weekly|monthly|quarterly|yearly|annually|every)\b",
    re.I,
)
_HAS: dict[Kind, re.Pattern[str]] = {
    "amount": _AMOUNT,
    "time": re.compile(
        r"\d{1,2}:\d\d|\b\d{1,2} ?(?:am|pm|st|nd|rd|th)\b|\b\d{4}\b|\b(?:mon|tues|wednes|thurs|fri|"
        r"satur|sun)days?\b|\b(?:january|february|march|april|may|june|july|august|september|"
        r"october|november|december)\b|\b(?:day|week|month|quarter|year|hour|minute|"
        r"morning|noon|afternoon|evening|night|midnight)s?\b|\b(?:before|after|until|within|once|"
        r"as soon as|when|daily|weekly|monthly|yearly|annually|immediately|at once|end of|"
        r"start of)\b",
        re.I,
    ),
    "person": re.compile(
        r"[\w.+-]+@[\w-]+\.|(?<![.!?:]\s)(?<!^)\b[A-Z][a-z]+\b|\b(?:lead|leads|manager|managers|team|"
        r"head|officer|director|coordinator|department|desk|staff|admin|admins|administrator|"
        r"owner|chair|board|committee|group|people|person|colleague|colleagues|employee|employees|"
        r"member|members|everyone|everybody|anyone|nobody|you|he|she|they)\b"
    ),
    "place": re.compile(
        r"https?://|#\w|\b(?:in|at|on|under|behind|beside|near|opposite|inside|outside|next to|"
        r"left|right|floor|room|building|street|office|site|page|folder|drive|channel)\b",
        re.I,
    ),
    "rule": re.compile(
        r"\b(?:may|must|can|cannot|can't|mustn't|only|not|never|no|yes|need|needs|required|have to|"
        r"has to|should|allowed|permitted|possible|free to|forbidden|entitled|prohibited|voluntary|"
        r"mandatory|unless|eligible)\b",
        re.I,
    ),
}
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.|(?<!\w)#[a-z][\w-]+|\bext(?:ension|\.)? ?\d|\+?\d[\d ()-]{6,}\d|"
    r"(?<!never )(?<!not )(?<!we )(?<!will )"  # "we never ask for your password" is no advice
    r"\b(?:ask|contact|consult|call|ring|tell|inform|notify|write to|turn to|go to|reach out|"
    r"discuss|report (?:\w+ )?to|(?:talk|speak) (?:to|with)|(?:e-?mail|message) (?:us|the|your))\b",
    re.I,
)
_NEAR = 4  # words between a number and what it counts


def tells_whom(text: str) -> bool:
    """Whether it says whom to turn to, or how to reach them."""
    return _CONTACT.search(text) is not None


def has(want: Wants, text: str) -> int:
    """How well the text has the kind of thing asked for: 0 not, 1 yes, 2 just that."""
    if want.kind == "any":
        return 1
    if not _HAS[want.kind].search(text):
        return 0
    if not want.noun:
        return 1
    words = surface_words(text)
    counted = [at for at, word in enumerate(words) if stems(word) & want.noun]
    numbers = [at for at, word in enumerate(words) if _AMOUNT.search(word)]
    return 1 + any(0 < at - number <= _NEAR for at in counted for number in numbers)
