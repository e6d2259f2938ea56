"""How much memory a training will take, told before it starts.

Weights: 2 bytes a parameter in bf16, 4 in fp32. What learns: 20 bytes a parameter (fp32 with its
gradient, AdamW's two moments, and the best so far). Activations: 34 bytes a token, layer and hidden
unit (Korthikanti et al. 2022, without attention scores, which torch does not keep), or 2 with
gradient checkpointing. Logits of the positions that are learnt: 3 times 4 bytes a word of the
vocabulary.
The program with torch: 600 MB.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bot.errors import ConfigurationError
from jobs.training.voice.data import TrainingSettings

_LEARNT, _ACTIVATION, _CHECKPOINTED, _LOGIT = 20, 34, 2, 12
_PROGRAM = 600e6


def needed(model: Any, settings: TrainingSettings, longest: int, said: int) -> float:
    """Bytes. ``longest``: tokens of the longest pair; ``said``: of the longest voiced side."""
    weights = list(model.parameters())
    rows = -(-settings.batch // settings.accumulate)
    config = model.config
    each = _CHECKPOINTED if settings.gradient_checkpointing else _ACTIVATION
    return float(
        _PROGRAM
        + sum(p.numel() * (_LEARNT if p.requires_grad else p.element_size()) for p in weights)
        + rows * longest * config.num_hidden_layers * config.hidden_size * each
        + rows * said * config.vocab_size * _LOGIT
    )


def check(wanted: float, free: float | None) -> str:
    """What to tell before the training starts; raises :class:`ConfigurationError` for too much.

    ``free``: bytes that are available; None: that is not known.
    """
    told = f"memory: about {wanted / 1e9:.1f} GB"
    if free is None:
        return told
    if wanted > free:
        raise ConfigurationError(
            f"Training needs about {wanted / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are "
            "free. Give --accumulate 4 or --gradient-checkpointing, or close something."
        )
    return f"{told}, of {free / 1e9:.1f} GB free"


def available() -> float | None:
    """Bytes that are free without swapping, where the system tells (Linux)."""
    try:
        told = Path("/proc/meminfo").read_text("ascii")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", told, re.M)
    return int(found[1]) * 1024.0 if found else None
