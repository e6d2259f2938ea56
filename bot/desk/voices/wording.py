"""What support staff do about how the bot speaks: word an answer anew, approve, take back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import shorten
from typing import Final

from bot.answers.history import Trace
from bot.answers.voices.wordings import Wording, Wordings
from bot.cards import Card, Choice, Field, Form, Row, Values
from bot.conversation.channels import Channels
from bot.conversation.roles import SUPPORT, Roles
from bot.desk.audit import Audit
from bot.desk.commands import Command, Invocation, Outcome
from bot.desk.follow_ups import FollowUps, PassageAccess
from bot.desk.forms import FieldFaults, FormKind
from bot.desk.settling import Decision, decision_in
from bot.errors import UsageError
from bot.types import Reply, person
from bot.voice.grounding import same_facts, without_marks
from bot.voice.lines.framing import without_frame, without_heading_lead
from bot.voice.voice import Voice
from bot.voice.wording import no_names
from knowledge.types import PUBLIC

WORDING: Final = "wording"
"""The form in which an answer is worded anew."""
_SHOWN = 8
"""Rows with buttons that every platform shows in one message."""
_QUOTED = 300
_LONGEST = 3000
"""Characters, the most that every platform's form takes."""
_OFFERED = timedelta(days=30)
"""How far back answers are offered to be worded anew."""
_CONSENT = (
    Choice("no", "No"),
    Choice("yes", "Yes: keep it under my name as an example"),
)
_DECISIONS = {
    "approved wording": "A wording was approved",
    "left out wording": "A wording was left out",
    "took back wording": "A wording was taken back",
}
_FACTS = {
    "numbers": "numbers or dates",
    "names": "names",
    "links": "links or addresses",
    "code": "code",
    "negations": "negations (not, never, only)",
}
Unlearn = Callable[[Sequence[Wording]], Awaitable[None]]
"""Takes wordings out of the pairs of their voices, and marks what has learnt from them."""


@dataclass(frozen=True, slots=True)
class Support:
    """Who looks after how the bot speaks."""

    roles: Roles

    async def holds(self, by: Invocation) -> bool:
        """Whether this person was named for :data:`SUPPORT`."""
        principals = await by.platform.principals(by.place, by.user)
        return SUPPORT in self.roles.widen(principals)

    async def includes(self, by: Invocation) -> bool:
        """Whether this person holds it, or is an admin where nobody is named."""
        if await self.holds(by):
            return True
        return not self.roles.has_support and await by.platform.is_admin(by.place, by.user)

    async def must_include(self, by: Invocation) -> None:
        """Raise :class:`UsageError` for others."""
        if not await self.includes(by):
            raise UsageError(
                f"This is for those who look after the voice: `{SUPPORT}`. "
                "Whoever runs me can name you with HOUSEVOICE_ROLES."
            )


@dataclass(frozen=True, slots=True)
class WordingDesk:
    """All of it, put together by the shell."""

    support: Support
    wordings: Wordings
    follow_ups: FollowUps
    access: PassageAccess
    voice_for: Callable[[str | None], Voice]
    channels: Channels
    audit: Audit
    unlearn: Unlearn
    clock: Callable[[], datetime]

    async def open(self, by: Invocation, trace_id: str) -> Form:
        """The form for one answer."""
        await self.support.must_include(by)
        trace = await self.follow_ups.trace(trace_id, by.place, by.user)
        reply = trace.reply
        await self._must_be_for_all(reply)
        own = trace.asker == person(by.place, by.user)
        return Form(
            WORDING,
            "Fix the wording",
            (
                Field(
                    "question",
                    "The question",
                    "text",
                    reply.question[:500] if own else "",
                    help="In your words; may be empty. Who asked has not agreed to theirs.",
                    max_chars=500,
                ),
                Field(
                    "text",
                    "As it should read",
                    "long_text",
                    self._shown(reply),
                    help="The wording is yours, the facts are the source's.",
                    required=True,
                    max_chars=_LONGEST,
                ),
                Field(
                    "consent",
                    "May the voice learn from it?",
                    "one_of",
                    "no",
                    _CONSENT,
                    help="A second person approves it. /voice wordings takes it back at any time.",
                    required=True,
                ),
            ),
            "Send in",
            {"trace": trace_id},
        )

    async def save(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        """Keep it until a second person has looked at it."""
        return await self.keep(
            await self.follow_ups.trace(context["trace"], by.place, by.user), by, values
        )

    async def keep(self, trace: Trace, by: Invocation, values: Values) -> Card:
        """The same for an answer of which it is known that they may see it."""
        await self.support.must_include(by)
        reply = trace.reply
        await self._must_be_for_all(reply)
        text = _text(values, "text")
        faults = self._faults(reply, text)
        if values.get("consent") != "yes":
            faults["consent"] = "Choose yes, or close this: without your consent nothing is kept."
        if faults:
            raise FieldFaults(faults)
        who = person(by.place, by.user)
        async with self.audit.of(who, "worded anew", f"voice:{reply.voice}"):
            await self.wordings.propose(
                reply.voice,
                _plain(reply),
                text,
                who,
                question=" ".join(_text(values, "question").split()),
                answer=trace.id,
            )
        return Card(
            "Thank you. It waits for a second person: those who may approve it are told. The voice "
            "learns from it when it is trained next. `/voice wordings` takes it back."
        )

    async def show(self, by: Invocation) -> Outcome:
        """What waits for a second person, and one's own."""
        await self.support.must_include(by)
        waiting = await self.for_second(by)
        own = await self.wordings.of(person(by.place, by.user))
        rows = [Row(told(each), ("teach", "spare"), each.id) for each in waiting]
        rows += [Row(told(each, own=True), ("withdraw",), each.id) for each in own[::-1]]
        if not rows:
            return Card("No wording waits for a second person, and you have given none.")
        more = f" The first {_SHOWN}:" if len(rows) > _SHOWN else ""
        text = f"{len(waiting)} waiting for a second person, {len(own)} of your own.{more}"
        return Card(text, rows=tuple(rows[:_SHOWN]))

    async def for_second(self, by: Invocation) -> Sequence[Wording]:
        """What waits for this person, oldest first: nothing for those who may not approve."""
        who = person(by.place, by.user)
        others = [each for each in await self.wordings.waiting() if each.owner != who]
        # Pages ask with each request: who it is is looked up only where it matters.
        return others if others and await self.support.includes(by) else ()

    async def decided(self, id: str, since: datetime) -> Decision | None:
        """What became of a wording; None while it waits."""
        try:
            if (await self.wordings.get(id)).approved_at is None:
                return None
        except UsageError:  # it is not kept any more
            pass
        lines = await self.audit.since(f"wording:{id}", since)
        return decision_in(lines, _DECISIONS, "A wording does not wait any more")

    async def approve(self, id: str, by: Invocation) -> Card:
        """A second person finds it good."""
        await self.support.must_include(by)
        who = person(by.place, by.user)
        async with self.audit.of(who, "approved wording", f"wording:{id}") as entry:
            approved = await self.wordings.approve(id, who)
            entry.detail = approved.voice
        return Card(
            f"Approved. `/voice prepare voice={approved.voice}` makes a pair of it, and the "
            "next training learns it."
        )

    async def reject(self, id: str, by: Invocation) -> Card:
        """A second person does not; it is not kept."""
        await self.support.must_include(by)
        async with self.audit.of(person(by.place, by.user), "left out wording", f"wording:{id}"):
            wording = await self.wordings.get(id)
            if wording.approved_at is not None:
                raise UsageError("Somebody has approved it. Its owner can take it back.")
            await self.wordings.remove(id)
        return Card("Left out: nothing of it is kept.")

    async def withdraw(self, id: str, by: Invocation) -> Card:
        """Its owner takes it back, whatever became of it; they need no role for that any more."""
        who = person(by.place, by.user)
        async with self.audit.of(who, "took back wording", f"wording:{id}"):
            wording = await self.wordings.get(id)
            if wording.owner != who:
                raise UsageError("Only who gave it can take it back.")
            await self.unlearn([wording])
            await self.wordings.remove(id)
        return Card(
            "Taken back. A version that had learnt from it is marked, and has to be trained anew."
        )

    async def offer(self, by: Invocation) -> Outcome:
        """The answers of this channel that teach most, each to be worded anew."""
        await self.support.must_include(by)
        voice = self.voice_for((await self.channels.rules(by.place)).voice).name
        since = self.clock() - _OFFERED
        found = await self.wordings.doubtful(by.place.scope, voice, since)
        if not found:
            return Card(
                "No answer of this channel stands out: nobody disliked any, and all keep "
                "to the guide."
            )
        rows = []
        for each in found[:_SHOWN]:
            why = [f"{each.helpful} found it helpful, {each.unhelpful} not"]
            if each.kept < 1:
                why.append(f"keeps {each.kept:.0%} of the guide's habits")
            question = shorten(each.question, _QUOTED, placeholder=" …")
            rows.append(Row(f"**{question}** ({'; '.join(why)})", ("wording",), each.trace_id))
        return Card("Worth a look, the most telling first:", rows=tuple(rows))

    async def keep_draft(self, voice: str, draft: str, text: str, by: Invocation) -> str:
        """Keep an edited draft as a wording, if it says the same; what to tell its author."""
        await self.support.must_include(by)
        if lost := self._lost(draft, text, voice):
            return f"The voice does not learn from it: {lost}."
        who = person(by.place, by.user)
        async with self.audit.of(who, "worded anew", f"voice:{voice}"):
            await self.wordings.propose(voice, draft, text, who)
        return "The voice learns from it once a second person has approved it."

    def _faults(self, reply: Reply, text: str) -> dict[str, str]:
        if not text:
            return {"text": "Write how it should read."}
        if " ".join(text.split()) == " ".join(self._shown(reply).split()):
            return {"text": "It reads as before: change something first."}
        lost = self._lost(_plain(reply), text, reply.voice)
        return {"text": f"Keep the facts of the source: {lost}."} if lost else {}

    def _lost(self, plain: str, text: str, name: str) -> str:
        """In what two texts differ; empty if they say the same."""
        voice = self.voice_for(name)
        verdict = same_facts(plain, without_frame(text, voice.guide), no_names(voice))
        changed = [_FACTS[kind] for kind, same in verdict.items() if not same]
        return f"it differs in {', '.join(changed)}" if changed else ""

    def _shown(self, reply: Reply) -> str:
        guide = self.voice_for(reply.voice).guide
        return without_heading_lead(without_marks(reply.answer), guide).strip()

    async def _must_be_for_all(self, reply: Reply) -> None:
        """A voice speaks to everybody: it may not learn what only some may read."""
        cited = {each.passage for each in reply.citations}
        if not cited:
            raise UsageError("That answer quotes nothing, so there is nothing to learn from it.")
        if not cited <= await self.access.readable(cited, frozenset({PUBLIC})):
            raise UsageError(
                "Not everybody may read what this answer quotes, or it has changed since, and the "
                "voice speaks to everybody: it cannot learn from this."
            )
        if len(reply.answer) > _LONGEST:
            raise UsageError("That answer is too long to be an example.")


def wording_commands(desk: WordingDesk) -> Sequence[Command]:
    """The commands."""
    return [
        Command(
            "voice", "Wordings that wait for a second person, and yours.", desk.show, "wordings"
        ),
        Command("voice", "Answers here whose wording is worth fixing.", desk.offer, "label"),
    ]


def wording_form(desk: WordingDesk) -> FormKind:
    """The form."""
    return FormKind(desk.open, desk.save)


def _plain(reply: Reply) -> str:
    return "\n\n".join(each.quote for each in reply.citations)


def told(each: Wording, *, own: bool = False) -> str:
    """One of them as Markdown, with the plain text that it was made from."""
    state = ""
    if own:
        state = " (yours, approved)" if each.approved_at else " (yours, waiting)"
    asked = f"**{shorten(each.question, _QUOTED, placeholder=' …')}**\n" if each.question else ""
    plain, voiced = (shorten(t, _QUOTED, placeholder=" …") for t in (each.plain, each.voiced))
    return f"{asked}{each.voice}{state}: *{plain}*\n→ {voiced}"


def _text(values: Values, name: str) -> str:
    value = values.get(name, "")
    return value.strip() if isinstance(value, str) else ""
