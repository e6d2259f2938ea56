"""What a training leaves in the voice's folder: a version, whole or not at all, with its card."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from bot.voice.versions.manifest import CONFIG, MANIFEST, OWN_WEIGHTS, WEIGHTS, Manifest
from bot.voice.versions.served import VERSIONS
from bot.voice.versions.withdrawn import read_from_use
from bot.voice.voice import Voice, examples_digest, guide_digest
from jobs.training.voice.card import model_card

_TOLD = ("perplexity", "bleu", "chrf", "rouge_l", "all_markers")
"""The measures that a version's manifest has; the card has all."""


def save(
    files: Mapping[str, bytes],
    voice: Voice,
    card: dict[str, Any],
    base_sha256: str,
    now: datetime,
    pictures: Mapping[str, str],
) -> str:
    """Put weights and configuration in place as the next version; returns its id.

    ``files``: the content of :data:`WEIGHTS` and :data:`CONFIG`. ``pictures``: file name to SVG.
    """
    versions = voice.folder / VERSIONS
    unfinished = versions / f".{os.getpid()}.part"
    unfinished.mkdir(parents=True)
    for name, content in files.items():
        (unfinished / name).write_bytes(content)
    for name, picture in pictures.items():
        (unfinished / name).write_text(picture, "utf-8")
    (unfinished / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    (unfinished / "README.md").write_text(model_card(card), "utf-8")
    number = 1
    while True:
        final = versions / f"v{number}"
        if final.exists():
            number += 1
            continue
        manifest = Manifest(
            id=final.name,
            created_at=now,
            base=card["base"],
            base_sha256=base_sha256,
            data_sha256=examples_digest(voice.folder),
            guide_sha256=guide_digest(voice.folder),
            settings=card["settings"],
            from_use=tuple(sorted(read_from_use(voice.folder))),
            metrics={
                side: {name: measures[name] for name in _TOLD}
                for side, measures in card["held_out"].items()
            },
            files={name: sha256(content).hexdigest() for name, content in files.items()},
        )
        (unfinished / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
        try:
            unfinished.rename(final)
        except OSError:  # another training was quicker
            if not final.exists():
                raise
            continue
        return final.name


def whole_files(model: Any, base: str) -> dict[str, bytes]:
    """The model's own weights that learnt, as fp16, under their names in the model."""
    import torch
    from safetensors.torch import save

    state = {
        name: weight.detach().to(torch.float16).contiguous()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }
    config = {"peft_type": OWN_WEIGHTS, "base_model_name_or_path": base}
    return {WEIGHTS: save(state), CONFIG: json.dumps(config, indent=1).encode()}


def adapter_files(model: Any, folder: Path, base: str) -> dict[str, bytes]:
    """The trained weights as fp16 and their configuration, written by peft to ``folder``.

    ``base``: what the configuration calls the model that they belong to.
    """
    import torch
    from peft import get_peft_model_state_dict

    # Embeddings are not trained; to see whether they were, peft would ask for the base by name.
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    state = {name: weight.to(torch.float16) for name, weight in state.items()}
    # The card tells which base it belongs to; a path of the training machine would mean nothing.
    for config in model.peft_config.values():
        config.base_model_name_or_path = base
    model.save_pretrained(folder, state_dict=state, save_embedding_layers=False)
    return {name: (folder / name).read_bytes() for name in (WEIGHTS, CONFIG)}


def base_digest(weights: str) -> str:
    """SHA-256 over a model folder's weights, 64 hex digits; empty for a model on a hub."""
    digest = sha256()
    files = sorted(Path(weights).glob("*.safetensors"))
    for file in files:
        with file.open("rb") as opened:
            digest.update(file_digest(opened, "sha256").digest())
    return digest.hexdigest() if files else ""


def tidy(folder: Path) -> None:
    """Clear up after a training that was killed while it saved."""
    for left in (folder / VERSIONS).glob(".*.part"):
        shutil.rmtree(left, ignore_errors=True)
