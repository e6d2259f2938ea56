"""What of a model is trained, and how the parts that are added to it are made."""

from __future__ import annotations

from typing import Any

from bot.errors import ConfigurationError
from jobs.training.voice.data import TrainingSettings

LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_SCALED, _SCALED_INPUTS = ("k_proj", "v_proj", "down_proj"), ("down_proj",)
"""Where IA3 puts its factors (Liu et al. 2022: keys, values, and inside of the feed-forward)."""
WHOLE = ("top", "full")
"""Methods that change the model's own weights, and add no parts."""


def with_parts(base: Any, settings: TrainingSettings) -> Any:
    """``base`` with what the settings' method adds or unfreezes; only that learns.

    Raises :class:`ConfigurationError` for settings that do not go together.
    """
    if settings.method in WHOLE:
        return _unfrozen(base, settings)
    from peft import IA3Config, LoraConfig, PrefixTuningConfig, get_peft_model

    config: Any
    match settings.method:
        case "ia3":
            config = IA3Config(
                target_modules=list(_SCALED),
                feedforward_modules=list(_SCALED_INPUTS),
                task_type="CAUSAL_LM",
            )
        case "prefix":
            if settings.gradient_checkpointing:
                raise ConfigurationError(
                    "prefix does not go with --gradient-checkpointing: leave that out, or give "
                    "--accumulate 4."
                )
            config = PrefixTuningConfig(
                num_virtual_tokens=settings.virtual_tokens, task_type="CAUSAL_LM"
            )
        case _:
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
        _checkpointed(model, model.get_base_model())
    return model


def _unfrozen(base: Any, settings: TrainingSettings) -> Any:
    """The model's own weights learn, in fp32: all, or those of the last layers and their norm."""
    layers = base.model.layers
    if settings.method == "top" and settings.top_layers > len(layers):
        raise ConfigurationError(
            f"The model has {len(layers)} layers: give --top-layers {len(layers)} at most."
        )
    base.requires_grad_(settings.method == "full")
    learning = [base]
    if settings.method == "top":
        learning = [*layers[len(layers) - settings.top_layers :], base.model.norm]
    for part in learning:
        part.requires_grad_(True).float()
    if settings.gradient_checkpointing:
        _checkpointed(base, base)
    return base


def _checkpointed(model: Any, base: Any) -> None:
    model.enable_input_require_grads()
    base.activation_checkpointing_enable()
