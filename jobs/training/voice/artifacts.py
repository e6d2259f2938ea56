"""What a training leaves in the voice's folder: the LoRA, whole or not at all, with its card."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from bot.voice.voice import Voice
from jobs.training.voice.card import model_card

_LORA, _OLD = "lora", "lora.old"  # folders of a voice; the second is there while one is replaced


def save(model: Any, voice: Voice, card: dict[str, Any]) -> None:
    """Put the LoRA in its place as fp16; the old one stays until the new one is whole."""
    import torch
    from peft import get_peft_model_state_dict

    unfinished = voice.folder / f"lora.{os.getpid()}.part"
    # Embeddings are not trained; to see whether they were, peft would ask for the base by name.
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    state = {name: weight.to(torch.float16) for name, weight in state.items()}
    # The card tells which base it belongs to; a path of the training machine would mean nothing.
    for config in model.peft_config.values():
        config.base_model_name_or_path = card["base"]
    model.save_pretrained(unfinished, state_dict=state, save_embedding_layers=False)
    (unfinished / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    (unfinished / "README.md").write_text(model_card(card), "utf-8")
    final, old = voice.folder / _LORA, voice.folder / _OLD
    if final.exists():
        final.rename(old)
    unfinished.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Clear up after a training that was killed while it saved."""
    old = folder / _OLD
    if old.exists() and not (folder / _LORA).exists():
        old.rename(folder / _LORA)
    for left in (old, *folder.glob("lora.*.part")):
        shutil.rmtree(left, ignore_errors=True)
