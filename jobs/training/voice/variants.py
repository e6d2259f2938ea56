"""What of a model is trained, and how the parts that are added to it are made."""

from __future__ import annotations

from typing import Any

from jobs.training.voice.data import TrainingSettings

LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_SCALED, _SCALED_INPUTS = ("k_proj", "v_proj", "down_proj"), ("down_proj",)
"""Where IA3 puts its factors (Liu et al. 2022: keys, values, and inside of the feed-forward)."""


def with_parts(base: Any, settings: TrainingSettings) -> Any:
    """``base`` with the parts of the settings' method added; only these learn."""
    from peft import IA3Config, LoraConfig, get_peft_model

    config: Any
    if settings.method == "ia3":
        config = IA3Config(
            target_modules=list(_SCALED),
            feedforward_modules=list(_SCALED_INPUTS),
            task_type="CAUSAL_LM",
        )
    else:
        config = LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=list(LAYERS),
            use_dora=settings.method == "dora",
            use_rslora=settings.method == "rslora",
            task_type="CAUSAL_LM",
        )
    model = get_peft_model(base, config, autocast_adapter_dtype=True)
    if settings.gradient_checkpointing:
        model.enable_input_require_grads()
        model.get_base_model().activation_checkpointing_enable()
    return model
