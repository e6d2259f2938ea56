"""What a version of a voice was made from, and whether its files are safe and unchanged.

Weights come in as safetensors only: a format of numbers, while a pickle (``.bin``, ``.pt``) can run
code when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import ConfigurationError

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
"""The files of a LoRA, as peft names them."""
OWN_WEIGHTS = "OWN_WEIGHTS"
"""What a configuration has for its type where the model's own weights are changed."""
MANIFEST = "version.json"
_UNSAFE = (
    *(".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".msgpack"),
    *(".h5", ".onnx", ".gguf", ".py", ".pyc", ".so", ".dll", ".dylib", ".sh", ".exe", ".zip"),
)
"""Endings of files that can hold code, or weights in a format that is not checked."""
_LONGEST_HEADER = 100_000_000  # bytes; the bound of the format's own reader


class Manifest(BaseModel):
    """``version.json``: the lineage of one version."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    created_at: datetime
    """In UTC."""
    base: str
    """Name of the base model."""
    base_sha256: str = ""
    """Of the base model's weights; empty for one from a hub, which is named instead."""
    data_sha256: str
    """Of ``examples.jsonl`` as it was trained on."""
    guide_sha256: str
    settings: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    """On held-out pairs, of base and tuned model."""
    from_use: tuple[str, ...] = ()
    """Ids of the wordings from use among the pairs."""
    files: dict[str, str] = {}
    """File name to the SHA-256 of its content."""


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a version's folder; None if it has none, as one that came from elsewhere."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def checked_files(folder: Path) -> dict[str, bytes]:
    """Weights and configuration of a version, by file name; none if it has no weights.

    Raises :class:`ConfigurationError` for a folder with anything unsafe in it, weights that are no
    safetensors, a configuration that names code, and files that are not those that were trained.
    """
    if not (folder / WEIGHTS).is_file():
        if folder.is_dir():
            _refuse_unsafe(folder)
        return {}
    _refuse_unsafe(folder)
    contents = {WEIGHTS: (folder / WEIGHTS).read_bytes()}
    if (folder / CONFIG).is_file():
        contents[CONFIG] = (folder / CONFIG).read_bytes()
    manifest = read_manifest(folder)
    for name, digest in (manifest.files if manifest else {}).items():
        if name in contents and sha256(contents[name]).hexdigest() != digest:
            raise ConfigurationError(
                f"{folder / name} is not the file that was trained: its SHA-256 is not that in "
                f"{MANIFEST}. Roll back, or bring back the file."
            )
    if manifest is not None and CONFIG not in contents:
        raise ConfigurationError(f"{folder / CONFIG} is missing. Train the voice again.")
    _check_safetensors(folder / WEIGHTS, contents[WEIGHTS])
    _check_config(folder / CONFIG, contents.get(CONFIG, b""))
    return contents


def _refuse_unsafe(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _UNSAFE:
            raise ConfigurationError(
                f"{path} is refused: weights are read from safetensors only, since other formats "
                "can run code. Take the file away."
            )


def _check_safetensors(path: Path, content: bytes) -> None:
    """The format's frame: a length, a JSON header, and tensors that fill the rest exactly.

    https://huggingface.co/docs/safetensors/index#format
    """
    length = int.from_bytes(content[:8], "little")
    try:
        if len(content) < 8 or not 2 <= length <= min(_LONGEST_HEADER, len(content) - 8):
            raise ValueError("its header is longer than the file")
        header: dict[str, Mapping[str, Any]] = json.loads(content[8 : 8 + length])
        tensors = [value for name, value in header.items() if name != "__metadata__"]
        spans = sorted(tuple(map(int, tensor["data_offsets"])) for tensor in tensors)
        if not spans:
            raise ValueError("it has no tensors")
        if [end for _, end in spans] != [
            *(start for start, _ in spans[1:]),
            len(content) - 8 - length,
        ] or spans[0][0]:
            raise ValueError("its tensors do not fill it")
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ConfigurationError(f"{path} is no safetensors file: {error}.") from error


def _check_config(path: Path, content: bytes) -> None:
    try:
        config = dict(json.loads(content or b"{}"))
    except (ValueError, TypeError):
        return  # who needs it will say so
    if config.get("auto_mapping"):
        raise ConfigurationError(
            f"{path} is refused: it names code to be loaded (auto_mapping). Take that entry out."
        )
