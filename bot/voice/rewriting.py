"""Say it in our voice: a colleague's draft comes back in the brand's voice, its facts unchanged.

The draft's own sentences stay. The guide's rules of style are applied to them
(:mod:`bot.voice.wording`), the letter's opening and end become the voice's, and the writing model
decides which greeting and closing where the examples leave doubt (:mod:`bot.voice.lines.framing`).

The packaged 135M model does not get to rewrite sentences, since that was measured: of its wordings
for 99 texts (the 11 held-out pairs, their sentences, and those of 20 support drafts) 71 passed
``same_facts`` and 55 kept the telling words besides; 18 of these 55, read by hand, still said
something else ("your bike was stolen" became "our bike was stolen", "all front forks" lost its
"all"). Rules and frame alone take the share of markers kept from 0.49 to 0.97 on the pairs and from
0.51 to 0.96 on the drafts, keep all facts, and take 0.15 to 0.3 s a draft on two cores.

A larger model may, and is checked: :mod:`bot.voice.rewording`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import shorten

from bot.errors import UsageError
from bot.voice.grounding import same_facts
from bot.voice.lines.framing import Frame, likely_frames
from bot.voice.lines.moods import mood_of
from bot.voice.metrics import markers
from bot.voice.rewording import Kept, Reworded, Rewording
from bot.voice.template import prompt, rewrite_request
from bot.voice.voice import Guide, Voice
from bot.voice.wording import calmed, capitalised, copied, disliked, no_names, worded
from bot.voice.writer import Choose, Say, WriterFor
from knowledge.text.words import stems

_READ = 600  # characters of a draft that the model reads to choose: under half a second
_PARAGRAPH = "\n\n"
_STRUCTURED = re.compile(r"[ \t]*(?:[-*+•>|#]|\d+[.)]\s|```|~~~)")

_SALUTATION = re.compile(
    r"(?:hi|hiya|hello|hey|dear|good (?:morning|afternoon|evening))\b"
    r"(?:[ \t]+(?P<name>(?:(?:Mr|Mrs|Ms|Mx|Dr|Prof)\.[ \t]+)?[^,!.:;\n]{1,60}?))?"
    r"[ \t]*(?:[,!.:]|$)\s*",
    re.I | re.M,
)
_NOBODY = re.compile(
    r"there|again|all|team|everyone|everybody|folks|(?:our )?(?:valued )?customers?|sir|madam"
    r"|sir or madam|sir/madam",
    re.I,
)
_VALEDICTION = re.compile(
    r"(?:(?:with )?(?:kind|kindest|best|warm|warmest|many)?[ \t]*(?:regards|wishes)"
    r"|yours(?: sincerely| faithfully| truly)?|sincerely(?: yours)?|cheers|(?:many )?thanks"
    r"|thank you|all the best|best|take care)[ \t]*(?:[,!.–-]+|$)[ \t]*",
    re.I,
)
LETTER_WORDS = stems(
    "hi hiya hello hey dear good morning afternoon evening there again all team everyone everybody "
    "folks our valued customer customers sir madam with kind kindest best warm warmest many "
    "regards wishes yours sincerely faithfully truly cheers thanks thank you take care"
)
_SENTENCE_BORDER = re.compile(r"(?<=[.!?])[ \t]+")
_SIGNATURE_LINES = 4
_SIGNATURE_WORDS = 6
_SIGNATURE_WIDTH = 60  # characters
_SENTENCE_ENDS = (".", "!", "?")
_SMALL = frozenset("of and the de da di van von der la le & | - –".split())


@dataclass(frozen=True, slots=True)
class RewriteChecks:
    """What was checked of a rewrite. Holds message text: not for logs."""

    facts: Mapping[str, bool]
    """The verdicts of :func:`bot.voice.grounding.same_facts`."""
    greeting: str
    """The one that was added, else empty."""
    closing: str
    kept: Kept | None
    """Why the model's own wording was not taken: empty where it was, None where none was asked."""
    refused: tuple[str, ...]
    """Sentences kept as they were, since the voice's words would have changed a fact."""
    left: tuple[str, ...]
    """Phrases that the guide does not want and that could not be replaced safely."""
    markers_before: Mapping[str, bool]
    """The voice's habits in the draft, without the addressee and the signature."""
    markers: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A draft and what became of it."""

    draft: str
    text: str
    """In the voice; the draft's own words where nothing safe was found."""
    changed: bool
    checks: RewriteChecks


@dataclass(frozen=True, slots=True)
class Letter:
    """A draft taken apart."""

    salutation: str
    """As it stands in the draft, else empty."""
    name: str
    """Whom it addresses, if that is a name; else empty."""
    body: str
    signature: str

    @property
    def addressee(self) -> str:
        """What of the salutation must not be lost."""
        return self.name or ("" if _names_nobody(self.salutation) else self.salutation)


class Rewriter:
    """Rewrites drafts; the same draft gives the same text."""

    def __init__(
        self, writer_for: WriterFor, rewording: Rewording | None = None, *, max_chars: int = 4000
    ):
        """``rewording``: for models that may use words of their own."""
        self._writer_for = writer_for
        self._rewording = rewording
        self._max_chars = max_chars

    async def rewrite(self, draft: str, voice: Voice) -> Rewrite:
        """``draft`` in the voice.

        Raises :class:`UsageError` with what to do if it is empty or too long, and
        :class:`bot.errors.ModelError` if the writing model fails.
        """
        draft = draft.strip()
        if not draft:
            raise UsageError("There is no draft yet. Write what you want to say, then try again.")
        if len(draft) > self._max_chars:
            raise UsageError(
                f"That draft has {len(draft):,} characters; {self._max_chars:,} are the most. "
                "Shorten it, or send it in parts."
            )
        guide = voice.guide
        letter = taken_apart(draft, guide)
        reworded = await self._reworded(letter.body, voice)
        said = letter.body if reworded is None else reworded.text
        told = worded(said, voice)
        opened = bool(_plainly_opened(said, guide))
        closed = said.endswith(guide.closings)
        greeting = closing = ""
        if not (opened and closed):
            frame = await self._frame(letter.body, voice)
            greeting, closing = "" if opened else frame[0], "" if closed else frame[1]
        spent = (greeting + closing).count("!")
        mood = mood_of(letter.body)
        most = 0 if mood and guide.mood else guide.markers.exclamations
        body = calmed(told.text, max(0, most - spent))
        if letter.salutation:
            body = capitalised(body)
        bare = _PARAGRAPH.join(filter(None, (letter.addressee, body, letter.signature)))
        facts = same_facts(draft, bare, no_names(voice) | LETTER_WORDS)
        safe = bool(body.strip()) and all(facts.values())
        text = _put_together(letter, greeting, body, closing) if safe else draft
        own = _framed(greeting, body, closing) if safe else letter.body
        own = _plainly_opened(own, guide) or own
        return Rewrite(
            draft=draft,
            text=text,
            changed=text != draft,
            checks=RewriteChecks(
                facts=facts if safe else same_facts(draft, draft),
                greeting=greeting if safe else "",
                closing=closing if safe else "",
                kept=None if reworded is None else reworded.kept if safe else "facts",
                refused=told.refused if safe else (draft,),
                left=disliked(text, guide),
                markers_before=markers(letter.body, guide, copied(letter.body), mood),
                markers=markers(own, guide, copied(own), mood),
            ),
        )

    async def _reworded(self, body: str, voice: Voice) -> Reworded | None:
        if self._rewording is None:
            return None
        return await self._rewording.reword(body, voice, await self._writer_for(voice))

    async def _frame(self, body: str, voice: Voice) -> Frame:
        frames = likely_frames(body, voice)
        if len(frames) == 1:
            return frames[0]
        writer = await self._writer_for(voice)
        read = shorten(body, _READ, placeholder=" …")
        script = (
            Choose(tuple(dict.fromkeys(greeting for greeting, _ in frames))),
            Say(read),
            Choose(tuple(dict.fromkeys(closing for _, closing in frames))),
        )
        asked = prompt(voice, rewrite_request(read), tuned=writer.tuned)
        greeting, _, closing = [text async for text in writer.compose(asked, script)]
        # A closing that does not go with the greeting gives way to the one that does.
        return next(
            (frame for frame in frames if frame == (greeting, closing)),
            next((frame for frame in frames if frame[0] == greeting), frames[0]),
        )


def taken_apart(draft: str, guide: Guide) -> Letter:
    """A draft as a letter; one that is none has a body only."""
    rest, signature = _unsigned(_signed_on_a_line(draft), guide)
    found = None if _plainly_opened(rest, guide) else _SALUTATION.match(rest)
    if found is None or found.end() == len(rest):
        return Letter("", "", rest, signature)
    name = found["name"] or ""
    return Letter(
        salutation=found[0].strip(),
        name=name if name and not _NOBODY.fullmatch(name) and _is_name(name) else "",
        body=rest[found.end() :],
        signature=signature,
    )


def _signed_on_a_line(draft: str) -> str:
    """A draft that was typed as one line, as with a command, signs off within it."""
    *above, last = draft.split("\n")
    for border in _SENTENCE_BORDER.finditer(last):
        end = last[border.end() :]
        formula = _VALEDICTION.match(end)
        if formula is not None and _is_name(end[formula.end() :].rstrip(".")):
            return "\n".join([*above, last[: border.start()], end.rstrip(".")])
    return draft


def _unsigned(draft: str, guide: Guide) -> tuple[str, str]:
    """The draft without its end ("Kind regards,"), and who signs."""
    lines = draft.split("\n")
    for at in range(max(0, len(lines) - _SIGNATURE_LINES - 2), len(lines)):
        if lines[at].endswith(guide.closings):  # it is in the voice already
            return "\n".join(lines[: at + 1]), "\n".join(lines[at + 1 :]).strip()
    first = max(1, len(lines) - _SIGNATURE_LINES - 1)
    for at in range(first, len(lines)):
        formula = _VALEDICTION.match(lines[at])
        if formula is None:
            continue
        signer = lines[at][formula.end() :]
        signed = [signer, *lines[at + 1 :]]
        if (not signer or _is_name(signer)) and all(len(x) <= _SIGNATURE_WIDTH for x in signed):
            kept = "\n".join(line for line in signed if not _VALEDICTION.fullmatch(line)).strip()
            return "\n".join(lines[:at]).rstrip(), kept
    at = len(lines)
    while at > first and _is_name(lines[at - 1]):
        at -= 1
    return "\n".join(lines[:at]).rstrip(), "\n".join(lines[at:])


def _is_name(line: str) -> bool:
    """Whether each word of it could be a name's: "Ms Okafor", "Customer Support"."""
    words = line.split()
    return (
        0 < len(words) <= _SIGNATURE_WORDS
        and not line.rstrip().endswith(_SENTENCE_ENDS)
        and words[0][0].isupper()
        and all(word[0].isupper() or word in _SMALL for word in words)
    )


def _names_nobody(salutation: str) -> bool:
    found = _SALUTATION.match(salutation)
    return not salutation or (
        found is not None and (not found["name"] or _NOBODY.fullmatch(found["name"]) is not None)
    )


def _plainly_opened(text: str, guide: Guide) -> str:
    """A text that begins with one of the voice's greetings, without whom that greets; else ""."""
    for each in guide.greetings:
        addressed = rf"{re.escape(each[:-1])}(?:, [^!.?\n]{{1,60}})?{re.escape(each[-1])}"
        if found := re.match(addressed, text):
            return each + text[found.end() :]
    return ""


def _put_together(letter: Letter, greeting: str, body: str, closing: str) -> str:
    before = ""
    if not greeting:
        before = letter.salutation
    elif letter.name and greeting.endswith(("!", ".")):
        greeting = f"{greeting[:-1]}, {letter.name}{greeting[-1]}"
    elif letter.addressee:
        before = letter.salutation
    end = letter.signature
    return _PARAGRAPH.join(filter(None, (before, _framed(greeting, body, closing), end)))


def _framed(greeting: str, body: str, closing: str) -> str:
    """Greeting, body and closing: in one paragraph if the body is one of running text."""
    flows = not _STRUCTURED.match(body)
    opened = f"{greeting}{' ' if flows else _PARAGRAPH}{body}" if greeting else body
    if not closing:
        return opened
    one = "\n" not in body and flows and body.endswith(_SENTENCE_ENDS)
    return f"{opened}{' ' if one else _PARAGRAPH}{closing}"
