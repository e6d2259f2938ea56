"""What an admin may set about a source of some kind, declared once for every way to set it.

A kind's options are a frozen dataclass. Its fields are made by :func:`option`; their types,
defaults and help make the command line's options, and forms in the same way. Values travel as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from knowledge.errors import SourceError


class SecretReference(str):
    """Where a secret is to be found, ``env:NAME`` or ``file:PATH``; never the secret itself."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a kind."""

    name: str
    type: Any
    """``str``, ``int``, ``bool``, ``tuple[str, ...]`` or :class:`SecretReference`."""
    default: Any
    help: str
    """A sentence for the admin."""

    @property
    def shown(self) -> str:
        """As it is typed: ``base-url``."""
        return self.name.replace("_", "-")

    @property
    def is_list(self) -> bool:
        """Whether it takes several values."""
        return get_origin(self.type) is tuple


def option(default: Any, help: str) -> Any:
    """A field of a kind's options."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class NoOptions:
    """Of a kind that has none."""


def options_of(declared: type[Any]) -> tuple[Option, ...]:
    """The options that a dataclass declares, in its order."""
    types = get_type_hints(declared)
    return tuple(
        Option(each.name, _without_none(types[each.name]), each.default, each.metadata["help"])
        for each in fields(declared)
    )


def read_options(declared: type[Any], values: Mapping[str, Any]) -> Any:
    """An instance of ``declared`` from values as JSON has them; what is left out is the default.

    Raises :class:`SourceError` for a name that is not declared and a value of another type.
    """
    known = {each.name: each for each in options_of(declared)}
    if unknown := sorted(values.keys() - known.keys()):
        there = ", ".join(each.shown for each in known.values()) or "none"
        raise SourceError(
            f"It has no option {unknown[0].replace('_', '-')!r}; the options are: {there}."
        )
    return declared(**{name: _value(known[name], value) for name, value in values.items()})


def as_json(options: Any) -> dict[str, Any]:
    """The options that are not as by default, to be kept."""
    return {
        each.name: list(value) if isinstance(value, tuple) else value
        for each in options_of(type(options))
        if (value := asdict(options)[each.name]) != each.default
    }


def _without_none(hint: Any) -> Any:
    kept = [each for each in get_args(hint) if each is not NoneType]
    return kept[0] if isinstance(hint, UnionType) else hint


def _value(option: Option, value: Any) -> Any:
    if option.type in (str, int, bool) and type(value) is option.type:
        return value
    if option.type is SecretReference and isinstance(value, str):
        if value.partition(":")[0] not in ("env", "file") or not value.partition(":")[2]:
            raise SourceError(
                f"The option {option.shown} names where the secret is, env:NAME or file:PATH; "
                "secrets themselves are not kept."
            )
        return SecretReference(value)
    is_texts = isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)
    if option.is_list and is_texts:
        if not all(each.strip() for each in value):
            raise SourceError(f"The option {option.shown} has an empty value. Leave it out.")
        return tuple(value)
    raise SourceError(f"The option {option.shown} cannot be {value!a}. {option.help}")
