"""``served.json`` of a voice: which version speaks, which spoke before, and who gets to try one."""

from __future__ import annotations

import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigurationError

SERVED = "served.json"
ORIGINAL, NONE = "original", "none"
"""The version in ``lora/``, which came with the voice; and no LoRA at all."""
VERSIONS, LORA = "versions", "lora"
_KEPT = 50  # changes that are remembered


class CanaryRule(BaseModel):
    """A version that some conversations get in place of the live one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    share: float = Field(default=0.0, ge=0, le=1)
    """Of the conversations; a conversation keeps its version, so that a thread has one voice."""
    channels: tuple[str, ...] = ()
    """Channels all of whose conversations get it, as :attr:`bot.types.Place.scope` names them."""

    def takes(self, conversation: str) -> bool:
        """Whether this conversation gets the canary."""
        whole = f"{conversation}:"
        if any(whole.startswith(f"{channel}:") for channel in self.channels):
            return True
        drawn = sha256(f"{self.version}\n{conversation}".encode()).digest()[:4]
        return int.from_bytes(drawn) < self.share * 2**32


class Change(BaseModel):
    """Something that was done to what speaks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    who: str
    what: str
    version: str
    why: str = ""


class Served(BaseModel):
    """What speaks; a voice without the file speaks with ``lora/``, if it has that."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    live: str = ORIGINAL
    before: tuple[str, ...] = ()
    """What was live before, newest last."""
    canary: CanaryRule | None = None
    changes: tuple[Change, ...] = ()


def read_served(folder: Path) -> Served:
    """What speaks. Raises :class:`ConfigurationError`."""
    try:
        return Served.model_validate_json((folder / SERVED).read_bytes())
    except FileNotFoundError:
        return Served()
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"{folder / SERVED} cannot be read: {error}") from error


def write_served(folder: Path, served: Served) -> None:
    """Replace it whole: whoever reads at the moment has the old one or the new one."""
    kept = served.model_copy(update={"changes": served.changes[-_KEPT:]})
    unfinished = folder / f".{SERVED}.{os.getpid()}.part"
    try:
        unfinished.write_text(kept.model_dump_json(indent=1) + "\n", "utf-8")
        unfinished.replace(folder / SERVED)
    finally:
        unfinished.unlink(missing_ok=True)


def stamp(folder: Path) -> tuple[int, int]:
    """Changes whenever the file is replaced; costs one look at the disk."""
    try:
        found = (folder / SERVED).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


def folder_of(folder: Path, version: str) -> Path:
    """Where a version of the voice in ``folder`` lies."""
    return folder / LORA if version == ORIGINAL else folder / VERSIONS / version
