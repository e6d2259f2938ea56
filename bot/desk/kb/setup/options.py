"""Forms for how a source is read, made of what its kind declares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.cards import Choice, Field, Values
from bot.desk.forms import FieldFaults
from bot.errors import UsageError
from bot.ports import KindOption, Options, OptionValue, SourceKind

FURTHER: Final = "further"
"""The field for all options that have none of their own."""

_YES_NO = (Choice("yes", "Yes"), Choice("no", "No"))
_BETWEEN = re.compile(r"[\n;]")
_LISTED = re.compile(r"[\n,]")


def option_fields(kind: SourceKind, values: Options, room: int) -> tuple[Field, ...]:
    """A field for each option, filled in; if there are more than ``room``, the last has the rest.

    The first that a kind declares are what people set most.
    """
    own, further = _parted(kind, room)
    fields = [_field(each, values.get(each.name, each.default)) for each in own]
    if further:
        lines = [
            f"{_shown(each)}={_text(values.get(each.name, each.default), ', ')}" for each in further
        ]
        fields.append(
            Field(
                FURTHER,
                "Further options",
                "long_text",
                "\n".join(lines),
                help="One a line: name=value. What is taken out is as usual.",
            )
        )
    return tuple(fields)


def read_options(kind: SourceKind, filled: Values, room: int) -> Options:
    """What was filled in, without what is as usual. Raises :class:`FieldFaults`."""
    own, further = _parted(kind, room)
    options: dict[str, OptionValue] = {}
    faults: dict[str, str] = {}

    def take(option: KindOption, text: str, field: str) -> None:
        try:
            value = _value(option, text)
        except UsageError as error:
            faults[field] = str(error)
            return
        if value != option.default:
            options[option.name] = value

    for option in own:
        if option.name in filled:
            take(option, str(filled[option.name]), option.name)
    by_name = {_shown(each): each for each in further}
    for line in _BETWEEN.split(str(filled.get(FURTHER) or "")):
        name, equals, text = (part.strip() for part in line.partition("="))
        if not name:
            continue
        known = by_name.get(name.lower().replace("_", "-"))
        if known is None or not equals:
            names = ", ".join(by_name)
            faults[FURTHER] = f"{line.strip()!r} is not written as name=value with one of {names}."
            continue
        take(known, text, FURTHER)
    if faults:
        raise FieldFaults(faults)
    return options


def field_of(kind: SourceKind, room: int, told: str, otherwise: str) -> str:
    """The field that a refusal is about; ``otherwise`` if it names no option."""
    own, further = _parted(kind, room)
    named = re.match(r"The option ([\w-]+) ", told)
    if named and named[1] in map(_shown, own):
        return named[1].replace("-", "_")
    return FURTHER if named and named[1] in map(_shown, further) else otherwise


def told(options: Options) -> str:
    """How a source is read, in one line."""
    return ", ".join(
        f"`{name.replace('_', '-')}={_text(value, ' ')}`" for name, value in options.items()
    )


def _parted(kind: SourceKind, room: int) -> tuple[Sequence[KindOption], Sequence[KindOption]]:
    """Those with a field of their own, and the others."""
    own = len(kind.options) if len(kind.options) <= room else room - 1
    return kind.options[:own], kind.options[own:]


def _field(option: KindOption, value: OptionValue) -> Field:
    label = _shown(option).replace("-", " ").capitalize()
    match option.kind:
        case "yes_no":
            chosen = _text(value, "")
            return Field(option.name, label, "one_of", chosen, _YES_NO, option.help, required=True)
        case "number":
            return Field(option.name, label, "number", _text(value, ""), help=option.help)
        case "texts":
            lines = _text(value, "\n")
            return Field(option.name, label, "long_text", lines, help=f"{option.help} One a line.")
        case "text":
            return Field(option.name, label, "text", _text(value, ""), help=option.help)


def _value(option: KindOption, text: str) -> OptionValue:
    """What was written. Raises :class:`UsageError`."""
    text = text.strip()
    if not text and option.kind in ("yes_no", "number"):
        return option.default
    match option.kind:
        case "yes_no":
            if text.lower() not in _SAID:
                raise UsageError(f"Write yes or no for {_shown(option)}.")
            return _SAID[text.lower()]
        case "number":
            if not text.isdecimal():
                raise UsageError(f"Write a whole number for {_shown(option)}.")
            return int(text)
        case "texts":
            return tuple(part for each in _LISTED.split(text) if (part := each.strip()))
        case "text":
            return text


_SAID: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}


def _text(value: OptionValue, between: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return between.join(value) if isinstance(value, (list, tuple)) else str(value)


def _shown(option: KindOption) -> str:
    return option.name.replace("_", "-")
