"""What stands around a question in a chat message or a mail, and is set aside before looking up.

Markup of the platforms, quoted mail, signatures, and the phrases of politeness, each as a kind.
"""

from __future__ import annotations

import re
from functools import partial

# A mark that stands where a mention, channel or emoji was: its name inside, if it has one.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_PICTURES = r"\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d"
_LABELLED = re.compile(
    r"<(?:https?|mailto|tel):[^<>|\s]+\|([^<>\n]+)>|\[([^\]\n]+)\]\(<?https?:[^)\s]+\)"
)
_BARE = re.compile(r"<?\b(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!?)\]}'\"]>?", re.I)
# Each with the sign that its name is written with.
_IN_BRACKETS = (
    ("@", re.compile(r"<@[!&]?\w+(?:\|@?([^<>\n]*))?>|<!subteam\^\w+(?:\|@?([^<>\n]*))?>")),
    ("@", re.compile(r"<!(here|channel|everyone)(?:\|[^<>\n]*)?>")),
    ("#", re.compile(r"<#\w+(?:\|#?([^<>\n]*))?>")),
    ("", re.compile(r"<a?:(\w+):\d+>|(?<![\w:]):([a-z][\w+-]*|[+-]1|100):(?![\w:])")),
)
_BY_NAME = (
    ("@", re.compile(rf"(?<![\w.@/{_OPEN}])@([A-Za-z][\w.-]*\w)")),
    ("#", re.compile(rf"(?<![\w&/#{_OPEN}])#([A-Za-z][\w-]+)\b")),
    ("", re.compile(f"([{_PICTURES}]+)")),
)
# Before these a name is part of the sentence: "does this apply to @ann?".
_NEEDS_NAME = re.compile(
    r"\b(?:do|does|for|of|to|from|with|by|about|than|and|or|like|is|are|in|into|on|at|via|ask|"
    r"mean|means|"
    f"see|called|the|a|an)[\\s{_OPEN}]*$",
    re.I,
)
_GOES_ON = re.compile(r"(?:or|and|vs\.?|versus)\b", re.I)  # "@here or @channel?" asks about both
_LONELY = re.compile(r"\s+([,.;:!?]+)(?=\s|$)")  # punctuation from which a mark was taken

# --- lines of a mail ---------------------------------------------------------------------------

_QUOTED = re.compile(r"\s*(?:>|&gt;)")
_EARLIER_MAIL = re.compile(
    r"\s*(?:on\b.{4,120}\bwrote:|-{2,}\s*(?:original|forwarded) message\b.*|_{8,}|begin forwarded "
    r"message:|from:\s.+@.*)\s*$",
    re.I,
)
_DEVICE = re.compile(r"\s*(?:sent from (?:my|mail|outlook)\b.*|get outlook for \w+.*)$", re.I)
_DASHES = re.compile(r"\s*(?:--|__|—)\s*$")
_NAME = r"[A-ZÀ-Þ][\w.'’-]*"
_NAMES = re.compile(
    rf"\s*[-–—~]?\s*{_NAME}(?:\s+(?:{_NAME}|van|de|der|den|von|le|la)){{0,3}}[.,!]?\s*$"
)
_CONTACT = re.compile(
    r"\s*(?:(?:tel|phone|mobile|mob|cell|ext|extension|fax|[tmpe])\.?\s*:?\s*)?"
    r"(?:\+?[\d\s()./-]{6,}|[\w.+-]+@[\w-]+\.[\w.]+)\s*$",
    re.I,
)
_THANKS = (
    r"(?:(?:many|big|huge|so many) )?(?:thanks|thank you|thank u|thx|tnx|cheers|ty|tysm|tia|ta)"
    r"(?: (?:so|very) much| a (?:lot|bunch|million|ton)| loads| heaps| in advance| again| all|"
    r" everyone| everybody| team| guys| both| for (?:your|the|any|all)(?: \w+){1,3})*"
)
_FAREWELL = (
    rf"(?:{_THANKS}|much appreciated|appreciate (?:it|your help|any help)|best|all the best|"
    r"(?:(?:best|kind|kindest|warm|warmest|many) )?(?:regards|wishes)|with (?:best|kind) regards|"
    r"sincerely|yours(?: (?:sincerely|faithfully|truly))?|br|kr|rgds|take care|greetings|"
    r"have a (?:great|good|nice|lovely) (?:day|week|weekend|one|evening)|see you|bye|xx?)"
)
_SIGN_OFF = re.compile(
    rf"\s*{_FAREWELL}(?: and {_FAREWELL})?[\s,.!]*(?-i:{_NAME}(?: {_NAME})?)?[\s.!]*$", re.I
)
_LONGEST_SENTENCE = 1000  # letters; past it something was pasted, and patterns take their time
_SIGNATURE_LINES = 7
_SIGNATURE_WORDS = 8  # of one line

# --- phrases -----------------------------------------------------------------------------------

_ASKING_WORD = (
    r"(?:who|whom|whose|what|whats|what's|which|when|where|wheres|where's|why|how|is|are|am|was|"
    r"were|do|does|did|can|could|may|might|should|shall|must|will|would|has|have|any|anyone|"
    r"anybody|if|i|i'm|im|i'd|we|my|our|quick|just|sorry)"
)
_HELLO = (
    r"(?:hi+|hello|hey+|hiya|dear|good (?:morning|afternoon|evening|day)|morning|greetings|yo|"
    r"howdy)"
)
_PEOPLE = r"(?: (?:there|all|everyone|everybody|folks|guys|team|people|both|again|bot|colleagues))*"
_OPENERS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"{_HELLO}\b{_PEOPLE}(?:(?: (?-i:{_NAME})){{0,2}}| \w+(?: team)?)?(?:\s*[,!.:;–—-]+\s*|$)",
        rf"{_HELLO}\b{_PEOPLE}\s+(?=(?:{_ASKING_WORD}|hope)\b)",
        r"(?:(?:a|just a|one|another|one more|got a|i have a|i've got a|have a) )?"
        r"(?:(?:very|really) )?(?:quick|small|short|random|general|stupid|silly|dumb|noob|newbie|"
        r"probably (?:a )?(?:stupid|silly|dumb)|little|tiny|other|last|final)? ?"
        r"(?:question|one|q)(?: (?:for you|for the team|here|from me|about this))?"
        r"(?:\s*[:,;–—-]+\s*|\s+but\s+)",
        r"(?:sorry|apologies|my apologies|excuse me|forgive me|pardon)"
        r"(?: (?:(?:if|for|to|that|about)\b[^,.;:!?]*?))?(?:\s*[,.;:!–—-]+\s*(?:but\s+)?|"
        r"\s+but\s+|$)",
        rf"(?:so |now |and |but )?(?:here(?:'s| is) )?(?:my|our|the) (?:\w+ )?questions? "
        rf"(?:is|are|would be|was)(?: the following| this| as follows| simple| simply)?"
        rf"(?:\s*[:,.;–—-]+\s*|\s+(?={_ASKING_WORD}\b)|$)",
        r"(?:not sure if|don't know if|i'm sure|maybe) (?:this|it) (?:has been|was|is|has|"
        r"may have been)"
        r"\b[^,.;:!?]*?\b(?:asked|answered|here|place|channel)\b[^,.;:!?]*?"
        r"(?:\s*[,.;:!–—-]+\s*(?:but\s+)?|\s+but\s+|$)",
    )
)
# "Does anybody know when …?": what is asked comes behind it.
_FRAME = re.compile(
    r"(?:please |pls |so |just |and )?(?:"
    r"(?:does |do |would |might )?(?:anyone|anybody|someone|somebody|any of you|you|any1|u)"
    r"(?: (?:here|out there|in this channel|guys|all))?(?: happen to)? (?:know|remember)|"
    r"(?:can|could|would|will|may) (?:you|u|someone|somebody|anyone|anybody|i)"
    r"(?: (?:please|pls|kindly|maybe|perhaps|possibly|quickly))* "
    r"(?:(?:tell|remind|inform|advise|show) (?:me|us)|let (?:me|us) know|"
    r"explain(?: to (?:me|us))?|"
    r"clarify|confirm(?: to me)?)(?: please)?|can i ask(?! the)|"
    r"(?:tell|remind) me|(?:please |kindly )?(?:let me know|advise)|"
    r"i(?:'d| would|’d)? (?:(?:just|only|really|also) )?(?:like|love|want|wanted|need|needed) "
    r"(?:to (?:know|ask|find out|understand|check)|you to tell me)|"
    r"i(?:'m| am|’m| was|'ve been)? ?(?:just |also |only )?wonder(?:ing)?|(?:just |was )?wondering|"
    r"(?:i have|i've|i’ve) no idea|i (?:don't|do not|don’t) (?:know|understand)|(?:i'm|i am|"
    r"i’m) not sure|"
    r"any(?:one have any)? (?:idea|clue)|(?:i am|i'm|i’m) trying to (?:find out|understand|"
    r"work out)"
    r")(?: about)?,?\s+(?=(?:who|whom|whose|what|which|when|where|why|how|if|whether|the|about)\b)"
    r"(?:(?:if|whether)\s+|about\s+(?=wh|how))?",
    re.I,
)
_TRAILING = re.compile(
    rf"(?:(?<=[.!?])|[,;–—]|\s-)\s*(?:{_FAREWELL})[\s,.!]*"
    rf"(?-i:[\s,–—-]*{_NAME}(?: {_NAME})?)?[\s,.!]*$",
    re.I,
)
_TRAILING_WORD = re.compile(
    r"(?<!\bsay)(?<!\bsays)(?<!\bsaying)(?<!\bof)(?<!\bthe)(?<!\ba)(?<!\bno)(?<!\bto)(?<!\bfor)"
    r"(?<!\bmean)(?<!\bwith)(?<!\bgive)(?<!\bsend)(?<!\band)(?<!\bor)"
    r",?\s+(?:thanks|thx|tnx|tia|please|pls|plz|pretty please)(?=[\s?.!]*$)",
    re.I,
)
_ASIDE = re.compile(
    rf"(?:(?:and|but|so) )?(?:{_FAREWELL}|(?:i )?(?:really )?(?:hope|trust) (?!.*\b(?:can|could|"
    rf"how|when|where|what|who|which|why)\b)(?:you|this|all|everyone|everything|your|"
    r"that's|it's)\b[^?]*|how (?:are|r) (?:you|u|things|y'all)(?: (?:all|doing|today|all doing))*|"
    r"how(?:'s| is) (?:it going|everything|everyone)|how do you do|happy \w+(?: \w+)?|"
    r"(?:can|could|may|might) i (?:just )?ask (?:you )?(?:something|a (?:quick )?question|"
    r"one thing)|"
    r"(?:i )?(?:just )?(?:have|got|had) (?:a|one|another|two|some|a couple of|a few) (?:more )?"
    r"(?:quick |small |short )?questions?(?: (?:for you|about this|though|please))?|"
    r"(?:just )?(?:a )?(?:quick|small|short|one) (?:question|one)|"
    r"(?:sorry|apologies)(?: (?:if|for|to|that|about)\b[^?,]*)?|long time no see|nice to meet you|"
    r"(?:please )?(?:see|cf|ref|source|link|screenshot|attached|as per)\b:?(?: \S+){0,4}|"
    r"(?:any|all|your) (?:help|pointers|advice|ideas?|thoughts|hints?)(?: (?:is|are|would be|"
    r"on this))*"
    r"(?: (?:much|very|greatly|highly))?(?: (?:appreciated|welcome|great))?|please (?:help|advise)|"
    r"help(?: please| me)?|let me know(?: please)?|(?:i )?(?:look|looking) forward to\b[^?]*|"
    r"(?:does |do )?(?:anyone|anybody|someone|somebody|you) (?:know|have (?:an|any) ideas?)|"
    r"anyone|anybody|"
    r"(?:can|could|would) (?:you|anyone|anybody|someone|somebody) (?:please )?help(?: me| us)?"
    r"(?: (?:with this|out|here|please))*)[\s.!?:,;…)]*",
    re.I,
)


def without_markup(text: str) -> str:
    """The message as it was meant to be read: no pings, no addresses, labels in place of links.

    A mention, channel or emoji within a sentence stays by its name; at a sentence's edge it is
    nothing but an address or an ornament, and goes.
    """
    text = text.replace(_OPEN, "").replace(_CLOSE, "")
    text = _LABELLED.sub(lambda found: _label(found[1] or found[2]), text)
    for sign, pattern in _IN_BRACKETS:
        text = pattern.sub(partial(_marked, sign), text)
    text = _BARE.sub(f"{_OPEN}{_CLOSE}", text)
    for sign, pattern in _BY_NAME:
        text = pattern.sub(partial(_marked, sign), text)
    lines = [_without_marks(line) for line in text.splitlines()]
    return "\n".join(lines).strip()


def without_mail(text: str) -> str:
    """Without quoted earlier mails, and without the signature."""
    kept: list[str] = []
    for line in text.splitlines():
        if _EARLIER_MAIL.match(line) and any(each.strip() for each in kept):
            break
        if not _QUOTED.match(line) and not _DEVICE.match(line) and not _EARLIER_MAIL.match(line):
            kept.append(line)
    for start, line in enumerate(kept):
        if (
            start
            and (_DASHES.match(line) or _SIGN_OFF.match(line))
            and _is_signature(kept[start + 1 :])
        ):
            kept = kept[:start]
            break
    while len(kept) > 1 and (
        not kept[-1].strip() or _NAMES.match(kept[-1]) or _CONTACT.match(kept[-1])
    ):
        kept.pop()
    return "\n".join(kept).strip()


def without_phrases(sentence: str) -> tuple[str, bool]:
    """The sentence without what is only politeness, and whether it was framed as a question."""
    text, framed, before = sentence.strip(), False, ""
    if len(text) > _LONGEST_SENTENCE:
        return text, False
    if _ASIDE.fullmatch(text) or _SIGN_OFF.match(text):
        return "", False
    while text and text != before:
        before = text
        for opener in _OPENERS:
            text = opener.sub("", text, count=1) if opener.match(text) else text
        rest = _FRAME.sub("", text, count=1) if _FRAME.match(text) else text
        framed = framed or rest != text
        text = _TRAILING_WORD.sub("", _TRAILING.sub("", rest)).strip()
        if _ASIDE.fullmatch(text) or _SIGN_OFF.match(text):
            return "", False
    return text, framed


def _label(label: str) -> str:
    return f"{_OPEN}{_CLOSE}" if _BARE.match(label) else label


def _marked(sign: str, found: re.Match[str]) -> str:
    name = next((group for group in found.groups() if group), "")
    # "red_circle" is two words; a channel's name is one.
    return (
        f"{_OPEN}{sign + name if sign else name.replace('_', ' ')}{_CLOSE}"
        if name
        else f"{_OPEN}{_CLOSE}"
    )


def _without_marks(line: str) -> str:
    """Names where the sentence needs them, nothing at its edges."""
    if not _MARK.search(line):
        return line.strip()
    parts: list[str] = []
    position = 0
    for mark in _MARK.finditer(line):
        parts.append(line[position : mark.start()])
        position = mark.end()
        before = _MARK.sub("", line[: mark.start()]).rstrip()
        after = _MARK.sub("", line[mark.end() :]).lstrip()
        at_start = (not before or before[-1] in ".!?,:;(") and not _GOES_ON.match(after)
        at_end = not after or after[0] in ".!?,;)"
        needed = _NEEDS_NAME.search(before) or (mark[1][:1] in "@#" and not at_end)
        if (needed or _GOES_ON.match(after)) and not at_start:
            parts.append(mark[1])
    parts.append(line[position:])
    text = _LONELY.sub(r"\1", " ".join("".join(parts).split()))
    return re.sub(r"^[,;:]+\s*|\((?:see|cf|ref|source|link)?[\s:.]*\)", "", text).strip()


def _is_signature(lines: list[str]) -> bool:
    said = [line for line in lines if line.strip()]
    return len(said) <= _SIGNATURE_LINES and all(
        len(line.split()) <= _SIGNATURE_WORDS and "?" not in line for line in said
    )
