"""What admins do with sources by command: adding, reading again, pausing and removing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bot.cards import Action, Card, Choice, Field, Form, Values
from bot.desk.audit import Audit
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.forms import FieldFaults, FormKind, Forms, must_be_admin, not_among
from bot.desk.kb import words
from bot.desk.kb.adding import Adding
from bot.desk.kb.golden import GoldenDesk, golden_command
from bot.desk.kb.governing import governing_commands
from bot.desk.kb.index import INDEX, IndexDesk
from bot.desk.kb.parts import Knowledge
from bot.desk.kb.progress import telling_reading
from bot.desk.kb.releasing import ReleaseDesk, release_commands
from bot.desk.kb.setup.setting_up import SettingUp
from bot.desk.kb.words import counted, done, held, left_out, skipped, tail, typed, when
from bot.errors import UsageError
from bot.failures import log_failure
from bot.ports import KnownSource, SourceReading, Sources
from bot.types import people_of, person

REMOVAL: Final = "removal"
"""The form that asks before a source goes."""

_CHANGES_SHOWN = 5
_DECISION = (Choice("keep", "Keep it"), Choice("remove", "Remove it"))


@dataclass(frozen=True, slots=True)
class _Commands:
    knowledge: Knowledge
    adding: Adding
    setup: SettingUp

    @property
    def sources(self) -> Sources:
        return self.knowledge.sources

    @property
    def audit(self) -> Audit:
        return self.knowledge.audit

    async def list(self, _: Invocation) -> Outcome:
        lines = [
            f"- {each.location} (`{each.id}`): {counted(each.documents, 'document')}, "
            f"{'for everyone' if each.is_public else 'limited'}"
            + (", paused" if each.is_paused else "")
            + (f", being read by {each.reading}" if each.reading else "")
            + (", waits for an admin" if each.waits else "")
            + (f". Last reading failed: {each.fault}" if each.fault else "")
            for each in await self.sources.all()
        ]
        return Card("\n".join(lines) or "There are no sources yet. `/kb add` adds one.")

    async def add(self, by: Invocation) -> Outcome:
        readers = None
        if by.values.get("here") == "yes":
            if by.place.direct:
                raise UsageError(
                    "A direct conversation has no people to limit a source to. Give the command "
                    "in the channel whose people may read it, or without `here`."
                )
            readers = frozenset({people_of(by.place)})
        if by.files:
            return await self.adding.upload(by, readers)
        kind = by.values.get("kind", "").strip()
        if address := by.values.get("address"):
            return await self.adding.propose(by, typed(address), readers, kind=kind)
        if readers is not None:
            raise UsageError("Give the address as well, or let it be set up with `/kb add` alone.")
        return await self.setup.offer(kind)

    async def suggest_kind(self, _: Invocation, typed: str) -> Sequence[Choice]:
        kinds = await self.sources.kinds()
        return [Choice(each.name, each.name) for each in kinds if typed.lower() in each.name]

    async def show(self, by: Invocation) -> Outcome:
        if typed(by.values["source"]) == INDEX:
            return await IndexDesk(self.knowledge).show()
        source, readings = await self.sources.show(typed(by.values["source"]))
        whom = words.readers(source.readers, by.place)
        lines = [f"{source.location} (`{source.id}`), {whom}: {held(source)}."]
        if not source.is_paused and (source.next_at or source.schedule):
            lines.append(words.schedule(source))
        if source.is_paused:
            lines.append(f"It is paused; `/kb resume {source.id}` ends that.")
        if source.reading:
            lines.append(f"It is being read by {source.reading}.")
        if readings:
            lines.append("\nIts last readings, in UTC:")
        lines += [f"- {when(each)}: {done(each)}" for each in readings]
        lines += words.data(await self.knowledge.releases.data(source.id))
        undecided = await self.knowledge.releases.undecided(source.id)
        if undecided.documents:
            lines += ["", words.waiting(undecided)]
        ended = next((each for each in readings if each.finished_at), None)
        if ended and (ended.skipped or ended.quarantined or ended.waits):
            lines += ["\nSkipped in the last one:", *skipped(ended)]
        if ended and ended.left_out:
            lines += ["\nNot read of its documents:", *left_out(ended)]
        changes = await self.audit.newest(_CHANGES_SHOWN, source.id)
        if changes:
            lines += ["\nWho changed it, in UTC:", *(words.changed(each, by) for each in changes)]
        buttons: tuple[Action, ...] = ("approve", "reject") if undecided.documents else ()
        return Card("\n".join(lines), buttons=buttons, subject=source.id)

    async def refresh(self, by: Invocation) -> Outcome:
        if name := by.values.get("source"):
            source, reading = await self._read(by, typed(name))
            text = f"{source.location}: {done(reading)}"
            return Card("\n".join([text, *skipped(reading), *left_out(reading)]))
        wanted = [each for each in await self.sources.all() if not each.is_paused]
        lines = [f"- {each.location}: {await self._tried(by, each)}" for each in wanted]
        return Card("\n".join(lines) or "There is no source to read.")

    async def _tried(self, by: Invocation, source: KnownSource) -> str:
        """Read one of several; whatever becomes of it, the others are read as well."""
        try:
            return done((await self._read(by, source.id))[1])
        except UsageError as error:
            return str(error)
        except Exception as error:  # as of one document that no parser bears
            error_id = log_failure("source_not_read", error, source=source.id)
            return f"something went wrong, error {error_id}"

    async def _read(self, by: Invocation, name: str) -> tuple[KnownSource, SourceReading]:
        known, _ = await self.sources.show(name)
        async with (
            self.audit.of(_who(by), "refreshed", known.id),
            telling_reading(by, known.location, self.knowledge.sleep) as progress,
        ):
            return await self.sources.refresh(known.id, progress)

    async def pause(self, by: Invocation) -> Outcome:
        known, _ = await self.sources.show(typed(by.values["source"]))
        async with self.audit.of(_who(by), "paused", known.id):
            source = await self.sources.pause(known.id)
        return Card(f"{source.location} is paused. What I have read of it I still answer from.")

    async def resume(self, by: Invocation) -> Outcome:
        known, _ = await self.sources.show(typed(by.values["source"]))
        async with self.audit.of(_who(by), "resumed", known.id):
            source = await self.sources.resume(known.id)
        return Card(
            f"{source.location} is read again from the next refresh on; "
            f"`/kb refresh {source.id}` reads it now."
        )

    async def export(self, _: Invocation) -> Outcome:
        return Card(f"```yaml\n{await self.sources.export()}```")

    async def suggest(
        self, _: Invocation, typed: str, *, paused: bool | None = None
    ) -> Sequence[Choice]:
        """Sources with these letters in their place. ``paused``: only such, or only others."""
        return [
            Choice(each.id, tail(each.location))
            for each in await self.sources.all()
            if typed.strip().lower() in f"{each.location} {each.id}".lower()
            and paused in (None, each.is_paused)
        ]


@dataclass(frozen=True, slots=True)
class _Removal:
    knowledge: Knowledge

    async def open(self, _: Invocation, name: str) -> Form:
        source, _readings = await self.knowledge.sources.show(name)
        decide = Field(
            "decision",
            "Remove this source?",
            "one_of",
            "keep",
            _DECISION,
            help=tail(f"{source.location} ({counted(source.passages, 'passage')})"),
            required=True,
        )
        return Form(REMOVAL, "Remove a source", (decide,), "Go on", {"source": source.id})

    async def submit(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        await must_be_admin(by)
        if faults := not_among(values, {"decision": _DECISION}):
            raise FieldFaults(faults)
        source, _ = await self.knowledge.sources.show(context["source"])
        if values["decision"] == "keep":
            return Card(f"{source.location} stays as it is.")
        async with self.knowledge.audit.of(_who(by), "removed", source.id, source.location):
            gone = await self.knowledge.sources.remove(source.id)
        return Card(
            f"{source.location} is removed, with {counted(gone, 'passage')}. "
            "I looked: nothing of it is left."
        )


def _who(by: Invocation) -> str:
    return person(by.place, by.user)


def source_commands(knowledge: Knowledge, adding: Adding, forms: Forms) -> Sequence[Command]:
    """The commands; ``forms``: where the form is that asks before a source goes."""
    own = _Commands(knowledge, adding, SettingUp(adding))

    async def ask_to_remove(by: Invocation) -> Outcome:
        return await forms.open(REMOVAL, by, typed(by.values["source"]))

    async def suggest_shown(by: Invocation, letters: str) -> Sequence[Choice]:
        index = [Choice(INDEX, "The index of them all")] if letters.lower() in INDEX else []
        return [*await own.suggest(by, letters), *index]

    def named(suggest: Suggest, *, required: bool = True) -> tuple[Parameter, ...]:
        of = "Its id, address or path." if required else "Its id, address or path; else all."
        return (Parameter("source", of, "name", required=required, suggest=suggest),)

    running, resting = partial(own.suggest, paused=False), partial(own.suggest, paused=True)
    here = Parameter("here", "Only for people of this channel.", "yes_no", required=False)
    file = Parameter("file", "A file instead of an address.", "file", required=False)
    kind = Parameter(
        "kind", "As in website; else told by its address.", "word", False, own.suggest_kind
    )
    address = Parameter(
        "address", "Its address, as in https://example.org/help.", "name", required=False
    )
    return [
        Command("kb", "What I have read.", own.list, "list", admin=True),
        Command(
            "kb",
            "Try a page, a site, another source or a file, and add it. Alone: set one up.",
            own.add,
            "add",
            (here, kind, file, address),
            admin=True,
        ),
        Command(
            "kb",
            "What I know of a source, or of the index.",
            own.show,
            "show",
            named(suggest_shown),
            admin=True,
        ),
        Command(
            "kb",
            "Read a source again, or all of them.",
            own.refresh,
            "refresh",
            named(running, required=False),
            admin=True,
        ),
        Command(
            "kb",
            "Leave a source as it is until it is resumed.",
            own.pause,
            "pause",
            named(running),
            admin=True,
        ),
        Command(
            "kb", "Read a paused source again.", own.resume, "resume", named(resting), admin=True
        ),
        Command(
            "kb",
            "Forget a source; I ask before I do.",
            ask_to_remove,
            "remove",
            named(own.suggest),
            admin=True,
            opens_form=True,
        ),
        Command(
            "kb",
            "The list of sources as YAML, for 'source apply' on the machine.",
            own.export,
            "export",
            admin=True,
        ),
        *governing_commands(knowledge.sources, knowledge.audit, own.suggest),
        *release_commands(ReleaseDesk(knowledge), own.suggest),
        golden_command(GoldenDesk(knowledge), own.suggest),
    ]


def removal_form(knowledge: Knowledge) -> FormKind:
    """The form that asks before a source goes, with "keep" chosen."""
    own = _Removal(knowledge)
    return FormKind(own.open, own.submit)
