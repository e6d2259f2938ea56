"""Forms as Discord's modals, and what comes back of them.

A modal says by its own id and its fields' ids all that is needed to take it in, so that one that
was open when the bot was restarted is not lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import discord
from cachetools import LRUCache
from discord import ui

from bot.cards import Field, Form, Values

_TITLE, _LABEL, _HELP, _OPTIONS = 45, 45, 100, 25  # Discord's limits
_MOST_CHARS = 4_000
_OPEN_FOR = 15 * 60.0
"""Seconds after which discord.py forgets a modal; nothing depends on its memory."""
_REMEMBERED = 500
_PREFIX = "hv"
_CHANNELS = [discord.ChannelType.text, discord.ChannelType.news]
"""What the bot can post to."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was sent in."""

    form: str
    key: str
    context: Mapping[str, str]
    values: Values


class OpenForms:
    """The forms that were opened lately, to open them again after a mistake."""

    def __init__(self) -> None:
        self._forms: LRUCache[str, Form] = LRUCache(_REMEMBERED)

    def modal(self, form: Form) -> ui.Modal:
        """The modal for a form."""
        key = uuid4().hex[:12]
        self._forms[key] = form
        id = f"{_PREFIX}:{form.id}:{key}:{urlencode(form.context)}"
        modal = ui.Modal(title=form.title[:_TITLE], timeout=_OPEN_FOR, custom_id=id)
        for field in form.fields:
            modal.add_item(
                ui.Label(
                    text=field.label[:_LABEL],
                    description=field.help[:_HELP] or None,
                    component=_component(field),
                )
            )
        return modal

    def keep(self, submission: Submission) -> bool:
        """Put what was filled in into the form; False where it is no longer known."""
        form = self._forms.get(submission.key)
        if form is None:
            return False
        fields = tuple(
            replace(each, value=submission.values.get(each.name, "")) for each in form.fields
        )
        self._forms[submission.key] = replace(form, fields=fields)
        return True

    def get(self, key: str) -> Form | None:
        """A form that was opened, as last filled in."""
        return self._forms.get(key)

    def labels(self, key: str) -> Mapping[str, str]:
        """What the fields of a form are called, by name."""
        form = self._forms.get(key)
        return {each.name: each.label for each in form.fields} if form else {}


def _component(field: Field) -> ui.Item[Any]:
    id = f"{field.kind}:{field.name}"
    chosen = field.value if isinstance(field.value, tuple) else (field.value,)
    match field.kind:
        case "one_of" | "some_of":
            choices = field.choices[:_OPTIONS]
            return ui.Select(
                custom_id=id,
                options=[
                    discord.SelectOption(
                        label=(each.label or each.value)[:100],
                        value=each.value,
                        default=each.value in chosen,
                    )
                    for each in choices
                ],
                min_values=1 if field.required else 0,
                max_values=1 if field.kind == "one_of" else max(1, len(choices)),
                required=field.required,
            )
        case "channel":
            known = [
                discord.SelectDefaultValue(
                    id=int(each), type=discord.SelectDefaultValueType.channel
                )
                for each in chosen
                if each.isdecimal()
            ]
            return ui.ChannelSelect(
                custom_id=id,
                channel_types=_CHANNELS,
                min_values=1 if field.required else 0,
                max_values=1,
                required=field.required,
                default_values=known,
            )
        case _:
            most = 20 if field.kind == "number" else min(field.max_chars, _MOST_CHARS)
            long = field.kind == "long_text"
            return ui.TextInput(
                custom_id=id,
                style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
                default=chosen[0][:most] or None,
                required=field.required,
                max_length=most,
            )


def submission_of(data: Mapping[str, Any]) -> Submission | None:
    """What a modal of ours came back with, from the raw payload of its interaction."""
    prefix, _, rest = str(data.get("custom_id", "")).partition(":")
    parts = rest.split(":", 2)
    if prefix != _PREFIX or len(parts) != 3:
        return None
    values: dict[str, str | tuple[str, ...]] = {}
    for component in _inputs(data.get("components", [])):
        kind, _, name = str(component.get("custom_id", "")).partition(":")
        if "value" in component:
            values[name] = str(component["value"] or "")
        else:
            chosen = tuple(str(each) for each in component.get("values") or ())
            values[name] = chosen if kind == "some_of" else "".join(chosen[:1])
    return Submission(parts[0], parts[1], dict(parse_qsl(parts[2])), values)


def _inputs(components: Any) -> Iterator[Mapping[str, Any]]:
    """The fields, which stand in labels or rows."""
    for each in components:
        if "custom_id" in each:
            yield each
        inner = each.get("component")
        yield from _inputs([*each.get("components", []), *([inner] if inner else [])])
