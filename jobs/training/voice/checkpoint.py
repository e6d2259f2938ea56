"""What a training has reached, kept so that a run that was killed goes on where it was.

One safetensors file, replaced whole: the weights that learn, the optimizer's moments, the state of
the random numbers, and as metadata the progress. It belongs to one set of settings, pairs and base
model; for others it is not used.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "training"
_FILE = "checkpoint.safetensors"


@dataclass
class Progress:
    """How far a training is."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    """Of each step."""
    validation: list[tuple[int, float]] = field(default_factory=list)
    """Step and perplexity on the validation pairs, after each epoch."""
    best: float = float("inf")


class Checkpoint:
    """The file of one voice. ``key`` changes with all that decides the result."""

    def __init__(self, voice: Path, key: str):
        self._folder = voice / FOLDER
        self._key = key

    def save(self, progress: Progress, model: Any, optimizer: Any, best: dict[str, Any]) -> None:
        """Replace what is kept."""
        import torch
        from safetensors.torch import save_file

        tensors = {f"best.{name}": value for name, value in best.items()}
        for name, weight in _learning(model):
            tensors[f"now.{name}"] = weight.detach()
            for moment, value in optimizer.state.get(weight, {}).items():
                tensors[f"{moment}.{name}"] = value
        tensors["random"] = torch.get_rng_state()
        self._folder.mkdir(exist_ok=True)
        unfinished = self._folder / f"{os.getpid()}.part"
        told = {"key": self._key, "progress": json.dumps(asdict(progress))}
        copies = {name: value.clone().contiguous() for name, value in tensors.items()}
        save_file(copies, unfinished, metadata=told)
        unfinished.replace(self._folder / _FILE)

    def load(self, model: Any, optimizer: Any) -> tuple[Progress, dict[str, Any]]:
        """Put back what is kept, if it is of this training; else begin."""
        import torch
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._folder / _FILE, "pt") as kept:
                told = kept.metadata() or {}
                if told.get("key") != self._key:
                    return Progress(), {}
                tensors = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):  # none is there, or half a one
            return Progress(), {}
        for name, weight in _learning(model):
            weight.data.copy_(tensors[f"now.{name}"])
            moments = ("step", "exp_avg", "exp_avg_sq")
            optimizer.state[weight] = {each: tensors[f"{each}.{name}"] for each in moments}
        torch.set_rng_state(tensors["random"])
        progress = Progress(**json.loads(told["progress"]))
        progress.validation = [(step, value) for step, value in progress.validation]
        best = {n.removeprefix("best."): t for n, t in tensors.items() if n.startswith("best.")}
        return progress, best

    def drop(self) -> None:
        """It is not needed any more."""
        shutil.rmtree(self._folder, ignore_errors=True)


def learnt(model: Any) -> dict[str, Any]:
    """A copy of the weights that learn."""
    return {name: weight.detach().clone() for name, weight in _learning(model)}


def put_back(model: Any, weights: dict[str, Any]) -> None:
    """The weights that learn become these."""
    for name, weight in _learning(model):
        weight.data.copy_(weights[name])


def _learning(model: Any) -> list[tuple[str, Any]]:
    return [(name, each) for name, each in model.named_parameters() if each.requires_grad]
