"""Questions without an answer, and answers that admins write for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Final

from bot.answers.gaps import Gap, clusters
from bot.cards import Card, Field, Form, Row, Values
from bot.desk.commands import Command, Invocation, Outcome
from bot.desk.forms import FieldFaults, FormKind, must_be_admin
from bot.desk.kb import words
from bot.desk.kb.adding import Adding
from bot.desk.kb.parts import Knowledge
from bot.errors import UsageError
from bot.types import person

ANSWER: Final = "gap_answer"
SOURCE: Final = "gap_source"
"""The forms in which an answer is written, and a source is named."""

_LOOKED_AT = 300
"""Open gaps that are compared with each other: about a second on a CPU."""
_SHOWN = 8
"""Clusters in one message: with buttons each, what every platform takes."""
_QUOTED = 200
_ANSWER_CHARS = 3000
READERS = Field(
    "readers",
    "Who may read it",
    "text",
    "public",
    help="public, here, or names such as role:managers, with spaces between.",
    required=True,
)


@dataclass(frozen=True, slots=True)
class GapDesk:
    """What is done about gaps."""

    knowledge: Knowledge
    adding: Adding

    async def show(self, _: Invocation) -> Outcome:
        """The clusters, largest first, each with what can be done."""
        alike = await self.clusters()
        if not alike:
            return Card("Every question so far found an answer.")
        rows = tuple(
            Row(_told(each), ("answer", "source", "dismiss"), each[0].id) for each in alike[:_SHOWN]
        )
        total = sum(map(len, alike))
        more = (
            f", {words.counted(len(alike) - _SHOWN, 'more subject')}" if len(alike) > _SHOWN else ""
        )
        return Card(
            f"{words.counted(total, 'question')} without an answer{more}. "
            "Those that are alike stand together:",
            rows=rows,
        )

    async def write(self, by: Invocation, gap: str) -> Form:
        """The form for an answer."""
        await must_be_admin(by)
        question = (await self.cluster(gap))[0].question if gap else ""
        return Form(
            ANSWER,
            "Answer it",
            (
                Field("question", "The question", "text", question, required=True, max_chars=500),
                Field(
                    "answer",
                    "Your answer",
                    "long_text",
                    help="It is given word for word, and cited as a curated answer.",
                    required=True,
                    max_chars=_ANSWER_CHARS,
                ),
                READERS,
            ),
            context={"gap": gap},
        )

    async def written(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        """Keep the answer: from the next question on it is given."""
        await must_be_admin(by)
        question, answer = (" ".join(_text(values, "question").split()), _text(values, "answer"))
        faults = {}
        if not any(map(str.isalnum, question)):
            faults["question"] = "Write the question that it answers."
        if not answer:
            faults["answer"] = "Write the answer."
        try:
            readers = words.readers_in(_text(values, "readers"), by.place)
        except UsageError as error:
            faults["readers"] = str(error)
        if faults:
            raise FieldFaults(faults)
        gap = context.get("gap", "")
        alike = await self.cluster(gap) if gap else []
        who = person(by.place, by.user)
        async with self.knowledge.audit.of(who, "answered", "curated") as entry:
            kept = await self.knowledge.curated.add(
                question,
                answer,
                asked=[each.question for each in alike],
                access=readers,
                owner=who,
            )
            entry.source = f"curated:{kept.id}"
            entry.detail = ", ".join(sorted(readers))
            closed = await self.knowledge.gaps.close(
                [each.id for each in alike], "curated", self.knowledge.clock()
            )
            waited = await self.knowledge.askers.tell(alike, readers)
        told = f"Saved, {words.readers(readers, by.place)}. I answer so from now on"
        also = f", and {words.counted(closed, 'open question')} with it" if closed else ""
        waiting = " Those who asked it are told." if waited else ""
        return Card(f"{told}{also}.{waiting} `/kb curated` lists such answers and removes them.")

    async def name_source(self, by: Invocation, gap: str) -> Form:
        """The form for a source that answers it."""
        await must_be_admin(by)
        question = (await self.cluster(gap))[0].question
        return Form(
            SOURCE,
            "Add a source",
            (
                Field(
                    "address",
                    "The page's address",
                    "text",
                    help=shorten(f"It should answer: {question}", words.LABEL, placeholder=" …"),
                    required=True,
                ),
                READERS,
            ),
            "Try it",
            {"gap": gap},
        )

    async def source_named(
        self, by: Invocation, context: Mapping[str, str], values: Values
    ) -> Card:
        """Try it; what follows is as with every source."""
        await must_be_admin(by)
        try:
            readers = words.readers_in(_text(values, "readers"), by.place)
        except UsageError as error:
            raise FieldFaults({"readers": str(error)}) from error
        try:
            address = words.typed(_text(values, "address"))
            return await self.adding.propose(by, address, readers, context["gap"])
        except UsageError as error:
            raise FieldFaults({"address": str(error)}) from error

    async def dismiss(self, gap: str, by: Invocation) -> Card:
        """Nothing will answer this, and nothing should."""
        await must_be_admin(by)
        alike = await self.cluster(gap)
        async with self.knowledge.audit.of(person(by.place, by.user), "dismissed", f"gap:{gap}"):
            gone = await self.knowledge.gaps.close(
                [each.id for each in alike], "dismissed", self.knowledge.clock()
            )
        return Card(f"{words.counted(gone, 'question')} set aside.")

    async def curated(self, by: Invocation) -> Outcome:
        """The answers that people wrote, each to be removed."""
        answers = await self.knowledge.curated.all()
        if not answers:
            return Card("Nobody has written an answer yet.", buttons=("write",))
        ours = person(by.place, "")
        rows = []
        for each in answers[:_SHOWN]:
            owner = each.owner
            if owner.startswith(ours):
                owner = by.platform.mention(owner.removeprefix(ours))
            about = (
                f"{words.readers(each.access, by.place)}, by {owner}, {each.written_at:%Y-%m-%d}"
            )
            question = shorten(each.question, _QUOTED, placeholder=" …")
            rows.append(Row(f"**{question}** ({about})", ("forget",), each.id))
        more = len(answers) - len(rows)
        note = f" The newest {len(rows)}:" if more else ""
        return Card(
            f"{words.counted(len(answers), 'answer')} that people wrote.{note}",
            rows=tuple(rows),
            buttons=("write",),
        )

    async def forget(self, id: str, by: Invocation) -> Card:
        """Take a written answer away."""
        await must_be_admin(by)
        async with self.knowledge.audit.of(person(by.place, by.user), "removed", f"curated:{id}"):
            gone = await self.knowledge.curated.remove(id)
            if gone is None:
                raise UsageError("That answer is gone already.")
        question = shorten(gone.question, _QUOTED, placeholder=" …")
        return Card(f'Removed: the answer to "{question}" is not given any more.')

    async def clusters(self) -> list[list[Gap]]:
        """Open questions, those that are alike together; many of a kind first."""
        gaps = await self.knowledge.gaps.open(_LOOKED_AT)
        if not gaps:
            return []
        vectors = await self.knowledge.embed([each.question for each in gaps])
        return [[gaps[place] for place in each] for each in clusters(vectors)]

    async def cluster(self, gap: str) -> list[Gap]:
        """The gap, and those that are like it. Raises :class:`UsageError` if it is closed."""
        for each in await self.clusters():
            if gap in {one.id for one in each}:
                return sorted(each, key=lambda one: one.id != gap)
        raise UsageError("That question has found its answer already, or was set aside.")


def gap_commands(desk: GapDesk) -> Sequence[Command]:
    """The commands."""
    return [
        Command("kb", "Questions that I could not answer.", desk.show, "gaps", admin=True),
        Command("kb", "Answers that people wrote; write one.", desk.curated, "curated", admin=True),
    ]


def gap_forms(desk: GapDesk) -> Mapping[str, FormKind]:
    """The forms."""
    return {
        ANSWER: FormKind(desk.write, desk.written),
        SOURCE: FormKind(desk.name_source, desk.source_named),
    }


def _told(alike: Sequence[Gap]) -> str:
    newest = shorten(" ".join(alike[0].question.split()), _QUOTED, placeholder=" …")
    others = [each.question for each in alike[1:] if each.question != alike[0].question]
    times = f" ({len(alike)} times)" if len(alike) > 1 else ""
    also = f"\n*also:* {shorten(others[0], _QUOTED // 2, placeholder=' …')}" if others else ""
    return f"**{newest}**{times}{also}"


def _text(values: Values, name: str) -> str:
    value = values.get(name, "")
    return value.strip() if isinstance(value, str) else ""
