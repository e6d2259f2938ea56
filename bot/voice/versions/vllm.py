"""A voice's LoRA in the layout that vLLM loads, and the command that serves it.

vLLM takes peft's two files, but not everything that peft can train:
https://docs.vllm.ai/en/latest/features/lora.html and ``PEFTHelper`` in vllm/lora/peft_helper.py.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationError
from bot.voice.versions.manifest import CONFIG, WEIGHTS
from bot.voice.voice import Lora, Voice
from knowledge.errors import remedy

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What ``--max-lora-rank`` may be."""


def lay_out(voice: Voice, folder: Path) -> Path:
    """Write its LoRA into a new or empty folder; returns the folder, absolute.

    Raises :class:`ConfigurationError` where there is none, vLLM could not load it, or the folder
    cannot be written to.
    """
    lora = voice.lora
    if lora is None:
        raise ConfigurationError(
            f"The voice '{voice.name}' speaks without a LoRA: 'voice train {voice.name}' makes one."
        )
    if fault := _fault(lora, _config(lora)):
        raise ConfigurationError(f"vLLM cannot load {lora.folder}: {fault}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigurationError(f"{folder} is not empty: name a new folder.")
        (folder / WEIGHTS).write_bytes(lora.weights)
        (folder / CONFIG).write_bytes(lora.config)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written to ({remedy(error) or error.strerror})."
        ) from error
    return folder.absolute()


def command(voice: Voice, folder: Path, base: str) -> str:
    """What serves a laid-out LoRA on ``base``, under the voice's name."""
    rank = int(_config(voice.lora)["r"]) if voice.lora else _RANKS[0]
    most = next(each for each in _RANKS if each >= rank)
    words = ("vllm", "serve", base, "--enable-lora", "--max-lora-rank", str(most))
    return shlex.join((*words, "--lora-modules", f"{voice.name}={folder}"))


def _config(lora: Lora) -> dict[str, Any]:
    try:
        return dict(json.loads(lora.config))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{lora.folder / CONFIG} cannot be read: {error}") from error


def _fault(lora: Lora, config: dict[str, Any]) -> str | None:
    """Why vLLM could not load it, as half a sentence."""
    if lora.kind != "LORA":
        return f"it was trained as {lora.kind or 'something unknown'}, and only a LoRA can be"
    if config.get("use_dora"):
        return "it is a DoRA; train it with --method lora or rslora"
    if config.get("bias", "none") != "none" or config.get("modules_to_save"):
        return "it changes more than a LoRA's matrices (bias, modules_to_save)"
    if config.get("rank_pattern") or config.get("alpha_pattern"):
        return "its layers have different ranks (rank_pattern, alpha_pattern)"
    if not isinstance(config.get("r"), int) or not 0 < config["r"] <= _RANKS[-1]:
        return f"its rank is not one of 1 to {_RANKS[-1]}"
    return None
