"""What admins do with sources by command: adding, reading again, pausing and removing them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from bot.cards import Card, Choice, Field, Form, Values
from bot.desk.commands import Command, Invocation, Outcome, Parameter, Suggest
from bot.desk.forms import FieldFaults, FormKind, Forms, must_be_admin, not_among
from bot.errors import UsageError
from bot.failures import log_failure
from bot.ports import KnownSource, SourceReading, Sources
from bot.types import people_of, person

REMOVAL: Final = "removal"
"""The form that asks before a source goes."""

_MOST_NAMED = 20
_LABEL = 100
"""Characters of a choice and of a remark beside a field that every platform shows."""
_DECISION = (Choice("keep", "Keep it"), Choice("remove", "Remove it"))
_LINKED = re.compile(r"<([^<>|\s]+)(?:\|[^<>]*)?>")
"""An address as Slack hands one on, and as it is written on Discord to have no preview."""

_log = structlog.get_logger("housevoice")


@dataclass(frozen=True, slots=True)
class _Commands:
    sources: Sources

    async def list(self, _: Invocation) -> Outcome:
        lines = [
            f"- {each.location} (`{each.id}`): {_counted(each.documents, 'document')}, "
            f"{'for everyone' if each.is_public else 'limited'}"
            + (", paused" if each.is_paused else "")
            + (f", being read by {each.reading}" if each.reading else "")
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
        source, reading = await self.sources.add(_typed(by.values["address"]), readers)
        _note(by, "added", source.id)
        found = f"{source.location} is a source now (`{source.id}`), {_readers(source, by)}"
        told = (
            f"{found}, but it {_done(reading)} Every refresh tries again."
            if reading.fault
            else f"{found}: {_held(source)}."
        )
        return Card("\n".join([told, *_skipped(reading), *_left_out(reading)]))

    async def show(self, by: Invocation) -> Outcome:
        source, readings = await self.sources.show(_typed(by.values["source"]))
        lines = [f"{source.location} (`{source.id}`), {_readers(source, by)}: {_held(source)}."]
        if source.is_paused:
            lines.append(f"It is paused; `/kb resume {source.id}` ends that.")
        if source.reading:
            lines.append(f"It is being read by {source.reading}.")
        if readings:
            lines.append("\nIts last readings, in UTC:")
        lines += [f"- {_when(each)}: {_done(each)}" for each in readings]
        ended = next((each for each in readings if each.finished_at), None)
        if ended and ended.skipped:
            lines += ["\nSkipped in the last one:", *_skipped(ended)]
        if ended and ended.left_out:
            lines += ["\nNot read of its documents:", *_left_out(ended)]
        return Card("\n".join(lines))

    async def refresh(self, by: Invocation) -> Outcome:
        if name := by.values.get("source"):
            source, reading = await self._read(by, _typed(name))
            text = f"{source.location}: {_done(reading)}"
            return Card("\n".join([text, *_skipped(reading), *_left_out(reading)]))
        wanted = [each for each in await self.sources.all() if not each.is_paused]
        lines = [f"- {each.location}: {await self._tried(by, each)}" for each in wanted]
        return Card("\n".join(lines) or "There is no source to read.")

    async def _tried(self, by: Invocation, source: KnownSource) -> str:
        """Read one of several; whatever becomes of it, the others are read as well."""
        try:
            return _done((await self._read(by, source.id))[1])
        except UsageError as error:
            return str(error)
        except Exception as error:  # as of one document that no parser bears
            error_id = log_failure("source_not_read", error, source=source.id)
            return f"something went wrong, error {error_id}"

    async def _read(self, by: Invocation, name: str) -> tuple[KnownSource, SourceReading]:
        source, reading = await self.sources.refresh(name)
        _note(by, "refreshed", source.id)
        return source, reading

    async def pause(self, by: Invocation) -> Outcome:
        source = await self.sources.pause(_typed(by.values["source"]))
        _note(by, "paused", source.id)
        return Card(f"{source.location} is paused. What I have read of it I still answer from.")

    async def resume(self, by: Invocation) -> Outcome:
        source = await self.sources.resume(_typed(by.values["source"]))
        _note(by, "resumed", source.id)
        return Card(
            f"{source.location} is read again from the next refresh on; "
            f"`/kb refresh {source.id}` reads it now."
        )

    async def suggest(
        self, _: Invocation, typed: str, *, paused: bool | None = None
    ) -> Sequence[Choice]:
        """Sources with these letters in their place. ``paused``: only such, or only others."""
        return [
            Choice(each.id, _tail(each.location))
            for each in await self.sources.all()
            if typed.strip().lower() in f"{each.location} {each.id}".lower()
            and paused in (None, each.is_paused)
        ]


@dataclass(frozen=True, slots=True)
class _Removal:
    sources: Sources

    async def open(self, _: Invocation, name: str) -> Form:
        source, _readings = await self.sources.show(name)
        decide = Field(
            "decision",
            "Remove this source?",
            "one_of",
            "keep",
            _DECISION,
            help=_tail(f"{source.location} ({_counted(source.passages, 'passage')})"),
            required=True,
        )
        return Form(REMOVAL, "Remove a source", (decide,), "Go on", {"source": source.id})

    async def submit(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        await must_be_admin(by)
        if faults := not_among(values, {"decision": _DECISION}):
            raise FieldFaults(faults)
        source, _ = await self.sources.show(context["source"])
        if values["decision"] == "keep":
            return Card(f"{source.location} stays as it is.")
        gone = await self.sources.remove(source.id)
        _note(by, "removed", source.id)
        return Card(f"{source.location} is removed, with {_counted(gone, 'passage')}.")


def source_commands(sources: Sources, forms: Forms) -> Sequence[Command]:
    """The commands; ``forms``: where the form is that asks before a source goes."""
    own = _Commands(sources)

    async def ask_to_remove(by: Invocation) -> Outcome:
        return await forms.open(REMOVAL, by, _typed(by.values["source"]))

    def named(suggest: Suggest, *, required: bool = True) -> tuple[Parameter, ...]:
        words = "Its id, address or path." if required else "Its id, address or path; else all."
        return (Parameter("source", words, "name", required=required, suggest=suggest),)

    running, resting = partial(own.suggest, paused=False), partial(own.suggest, paused=True)
    here = Parameter("here", "Only for people of this channel.", "yes_no", required=False)
    address = Parameter("address", "The page's address, as in https://example.org/help.", "name")
    return [
        Command("kb", "What I have read.", own.list, "list", admin=True),
        Command("kb", "Add a web page, and read it.", own.add, "add", (here, address), admin=True),
        Command("kb", "What I know of a source.", own.show, "show", named(own.suggest), admin=True),
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
    ]


def removal_form(sources: Sources) -> FormKind:
    """The form that asks before a source goes, with "keep" chosen."""
    own = _Removal(sources)
    return FormKind(own.open, own.submit)


def _note(by: Invocation, what: str, source: str) -> None:
    _log.info("source_command", who=person(by.place, by.user), what=what, source=source)


def _typed(words: str) -> str:
    """An address as its server knows it, whatever a chat made of it."""
    words = words.strip()
    linked = _LINKED.fullmatch(words)
    return (linked[1] if linked else words).replace("&amp;", "&")


def _held(source: KnownSource) -> str:
    documents = _counted(source.documents, "document")
    return f"{documents} with {_counted(source.passages, 'passage')}"


def _readers(source: KnownSource, by: Invocation) -> str:
    if source.is_public:
        return "for everyone"
    if source.readers == {people_of(by.place)}:
        return "for the people of this channel"
    return f"for {', '.join(f'`{each}`' for each in sorted(source.readers))}"


def _done(reading: SourceReading) -> str:
    counts = [
        f"{count} {what}"
        for count, what in (
            (reading.added, "added"),
            (reading.changed, "changed"),
            (reading.removed, "removed"),
            (reading.unchanged, "unchanged"),
            (len(reading.skipped), "skipped"),
        )
        if count
    ]
    if reading.finished_at is None:
        return "not ended"
    if reading.fault:
        before = f" ({', '.join(counts)})" if counts else ""
        return f"could not be read{before}: {reading.fault}"
    return ", ".join(counts) or "no documents"


def _when(reading: SourceReading) -> str:
    return f"{reading.started_at:%Y-%m-%d %H:%M}"


def _skipped(reading: SourceReading) -> list[str]:
    return _some([f"- {name}: {reason}" for name, reason in sorted(reading.skipped.items())])


def _left_out(reading: SourceReading) -> list[str]:
    return _some(
        [
            f"- not read of {name}: {', '.join(each.told for each in parts)}"
            for name, parts in sorted(reading.left_out.items())
        ]
    )


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_NAMED
    return [*lines[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _tail(text: str) -> str:
    return text if len(text) <= _LABEL else f"…{text[1 - _LABEL :]}"
