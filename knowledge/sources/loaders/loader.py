"""A loader of LangChain's community as a source, whichever of those that are allowed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knowledge.errors import SourceError
from knowledge.sources.loaders.allowed import LOADERS
from knowledge.sources.options import SecretReference, option, read_options
from knowledge.sources.port import Kind, Means, SourceSpec
from knowledge.sources.site.website import refuse_below

if TYPE_CHECKING:
    from knowledge.sources.loaders.loading import Loading


@dataclass(frozen=True)
class LoaderOptions:
    """What an admin may set."""

    argument: tuple[str, ...] = option((), "An argument of the loader, as NAME=VALUE.")
    secret: tuple[str, ...] = option(
        (), "An argument that is a secret, and where it is: NAME=env:NAME or NAME=file:PATH."
    )
    minutes: int = option(10, "Minutes that fetching it may take.")


def _accept(typed: str) -> str | None:
    """``confluence``, or ``confluence/handbook`` where there are several."""
    name, _, rest = typed.partition("/")
    if name not in LOADERS:
        raise SourceError(f"There is no loader {name!a}; there are {', '.join(LOADERS)}.")
    return typed if not rest or re.fullmatch(r"[\w][\w .-]{0,59}", rest) else None


def _open(spec: SourceSpec, means: Means) -> Loading:
    from knowledge.sources.loaders.loading import Loading

    options: LoaderOptions = read_options(LoaderOptions, spec.options)
    refuse_below(1, minutes=options.minutes)
    loader = LOADERS.get(spec.location.partition("/")[0])
    if loader is None:
        raise SourceError(f"The loader of {spec.location} is no longer among those allowed.")
    arguments: dict[str, Any] = {name: _value(said) for name, said in map(_named, options.argument)}
    if given := sorted(loader.secrets & arguments.keys()):
        raise SourceError(
            f"The option argument cannot take {given[0]}, which is a secret and would be stored "
            f"and shown. Say where it is: --secret {given[0]}=env:NAME."
        )
    for name, said in map(_named, options.secret):
        if said.partition(":")[0] not in ("env", "file"):
            raise SourceError(
                f"The option secret names where {name} is, {name}=env:NAME or {name}=file:PATH; "
                "secrets themselves are not kept."
            )
        arguments[name] = means.secret(SecretReference(said))
    return Loading(loader, arguments, means.client, means.max_bytes, minutes=options.minutes)


def _named(given: str) -> tuple[str, str]:
    name, is_one, value = given.partition("=")
    if not is_one or not name.strip().isidentifier():
        raise SourceError(f"{given.partition('=')[0]!a} is not written as NAME=VALUE.")
    return name.strip(), value.strip()


def _value(said: str) -> Any:
    """A number, a list, true or false where it reads as such; else the text."""
    try:
        return json.loads(said)
    except ValueError:
        return said


KIND = Kind(
    "a loader",
    lambda _typed: None,  # the kind has to be named
    _open,
    LoaderOptions,
    frozenset({"unchanged", "vanished"}),
    accept=_accept,
)
