"""Utterances as they are kept in the inbox, and back."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from bot.types import Place, Utterance
from knowledge.types import Attachment


def as_json(utterance: Utterance) -> dict[str, Any]:
    """As it is kept: without credentials."""
    bare = replace(utterance, files=tuple(replace(file, headers={}) for file in utterance.files))
    return asdict(bare)


def from_json(body: dict[str, Any]) -> Utterance | None:
    """None for what another version wrote: it must not stand in the way of the rest."""
    try:
        return Utterance(
            **{
                **body,
                "place": Place(**body["place"]),
                "files": tuple(Attachment(**file) for file in body["files"]),
            }
        )
    except (KeyError, TypeError):
        return None
