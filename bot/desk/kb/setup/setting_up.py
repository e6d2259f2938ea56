"""Setting a source up by forms made of what its kind declares; it is tried before it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.cards import Card, Field, Form, Row, Values
from bot.desk.commands import Invocation
from bot.desk.forms import FieldFaults, FormKind, must_be_admin
from bot.desk.kb import words
from bot.desk.kb.adding import Adding
from bot.desk.kb.gaps import READERS
from bot.desk.kb.setup.options import field_of, option_fields, read_options
from bot.errors import UsageError
from bot.ports import Options, SourceKind
from bot.types import person

SETUP: Final = "source_setup"
OPTIONS: Final = "source_options"
"""The forms in which a source is set up, and in which it is changed how one is tried."""

_FIELDS = 5
"""Of a form."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class SettingUp:
    """From a kind to a proposal, and from a proposal to another one."""

    adding: Adding

    async def offer(self, name: str = "") -> Card:
        """The kinds that there are, or one, each to be set up."""
        sources = self.adding.knowledge.sources
        kinds = [await self._kind(name)] if name else list(await sources.kinds())
        rows = tuple(
            Row(f"**{each.name}**: {each.title}", ("setup",), each.name) for each in kinds[:_SHOWN]
        )
        others = ", ".join(f"`kind={each.name}`" for each in kinds[_SHOWN:])
        more = f" There are also {others}." if others else ""
        return Card(
            "What shall I read? With an address behind `/kb add` I find out myself. A file is "
            "handed over: on Discord as an option, on Slack by the menu of the message that it is "
            f"in, in a terminal as file=PATH.{more}",
            rows=rows,
        )

    async def open(self, by: Invocation, name: str) -> Form:
        """The form for a kind."""
        await must_be_admin(by)
        kind = await self._kind(name)
        address = Field("address", "Its address", "text", help=_told(kind), required=True)
        fields = (address, READERS, *option_fields(kind, {}, _FIELDS - 2))
        return Form(SETUP, f"Add: {kind.name}", fields, "Try it", {"kind": kind.name})

    async def set_up(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        """Try it."""
        await must_be_admin(by)
        kind = await self._kind(context["kind"])
        options = read_options(kind, values, _FIELDS - 2)
        try:
            readers = words.readers_in(str(values.get("readers") or ""), by.place)
        except UsageError as error:
            raise FieldFaults({"readers": str(error)}) from error
        address = words.typed(str(values.get("address") or ""))
        try:
            return await self.adding.propose(by, address, readers, "", kind.name, options)
        except UsageError as error:
            field = field_of(kind, _FIELDS - 2, str(error), "address")
            raise FieldFaults({field: str(error)}) from error

    async def change(self, by: Invocation, id: str) -> Form:
        """The form for how something is read that was tried."""
        await must_be_admin(by)
        proposal = await self.adding.knowledge.proposals.get(id, person(by.place, by.user))
        kind = await self.adding.knowledge.sources.kind(proposal.kind)
        fields = option_fields(kind, proposal.options, _FIELDS)
        return Form(OPTIONS, f"Options: {kind.name}", fields, "Try it", {"proposal": id})

    async def changed(self, by: Invocation, context: Mapping[str, str], values: Values) -> Card:
        """Try it so; the proposal before is no longer one."""
        await must_be_admin(by)
        knowledge, who = self.adding.knowledge, person(by.place, by.user)
        before = await knowledge.proposals.get(context["proposal"], who)
        kind = await knowledge.sources.kind(before.kind)
        options: Options = read_options(kind, values, _FIELDS)
        readers = None if before.readers is None else frozenset(before.readers)
        try:
            card = await self.adding.propose(
                by, before.address, readers, before.gap, kind.name, options
            )
        except UsageError as error:
            first = kind.options[0].name
            raise FieldFaults({field_of(kind, _FIELDS, str(error), first): str(error)}) from error
        await knowledge.proposals.take(context["proposal"], who)
        return card

    async def _kind(self, name: str) -> SourceKind:
        """One of those that can be added by an address."""
        kind = await self.adding.knowledge.sources.kind(name)
        if kind in await self.adding.knowledge.sources.kinds():
            return kind
        raise UsageError("That kind of source is added on the machine: 'housevoice source add'.")


def setup_forms(setting_up: SettingUp) -> Mapping[str, FormKind]:
    """The forms."""
    return {
        SETUP: FormKind(setting_up.open, setting_up.set_up),
        OPTIONS: FormKind(setting_up.change, setting_up.changed),
    }


def _told(kind: SourceKind) -> str:
    return f"Of {kind.title}."
