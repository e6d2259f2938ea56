"""What one would write first: the same weights in fp32, with transformers alone."""

from __future__ import annotations

from typing import Any

from bot.voice.voice import Voice


def plain_model(weights: str, voice: Voice) -> tuple[Any, Any]:
    """Tokenizer and model, the voice's LoRA merged into it."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(weights, trust_remote_code=False)
    model: Any = AutoModelForCausalLM.from_pretrained(
        weights, dtype=torch.float32, trust_remote_code=False
    )
    if voice.lora is not None:
        model = PeftModel.from_pretrained(model, str(voice.lora.folder)).merge_and_unload()
    return tokenizer, model.eval()
