"""Train a voice's LoRA on its example pairs, on a CPU, in minutes, as ``voice train`` does.

Pairs are split by topic, so what is measured was not learnt by heart. The base model is
read in bf16 where the processor computes in it; only the LoRA (fp32 while training, fp16 on disk)
learns, and only from the words that the voice would say: prompt positions carry no loss.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from bot.errors import ConfigurationError, ModelError
from bot.voice.voice import Voice, guide_digest
from jobs.training.voice import memory
from jobs.training.voice.artifacts import adapter_files, base_digest, save, tidy, whole_files
from jobs.training.voice.checkpoint import Checkpoint
from jobs.training.voice.curve import curve
from jobs.training.voice.data import FEWEST_PAIRS, TrainingSettings, split
from jobs.training.voice.loop import Trainer
from jobs.training.voice.variants import LAYERS, WHOLE, with_parts
from knowledge.embedding.processors import fast_dtype

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def train(
    voice: Voice,
    weights: str,
    settings: TrainingSettings,
    report: Callable[[str], None],
    *,
    free: Callable[[], float | None] = memory.available,
) -> dict[str, Any]:
    """Train on ``voice.examples``; makes a version with its model card, returns the card's data.

    ``weights`` is what ``from_pretrained`` takes. What speaks stays: the version is a candidate.
    A run that was killed goes on where it was. ``free``: bytes of memory that there are.
    Raises :class:`ConfigurationError` if there are too few pairs to learn from and to measure on.
    """
    if len(voice.examples) < FEWEST_PAIRS:
        raise ConfigurationError(
            f"{voice.folder / 'examples.jsonl'} has {len(voice.examples)} pairs; "
            f"a LoRA needs at least {FEWEST_PAIRS}, better 200."
        )
    parts = split(voice.examples, settings)
    if not (parts.train and parts.validation and parts.test):
        raise ConfigurationError(
            f"{voice.folder / 'examples.jsonl'} has too few topics: training, validation and test "
            "each need their own, so at least 3, better 20."
        )
    if find_spec("sacrebleu") is None:
        raise ConfigurationError("Training needs the extra: pip install 'housevoice[train]'.")
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from bot.voice.model import LocalModel, learnt_prefix
    from jobs.training.voice.frames import first_right, frames_right

    torch.manual_seed(settings.seed)
    dtype = fast_dtype()
    try:
        tokenizer = AutoTokenizer.from_pretrained(weights, trust_remote_code=False)
        base = AutoModelForCausalLM.from_pretrained(weights, dtype=dtype, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ModelError(f"The base model '{weights}' cannot be loaded: {error}") from error
    tidy(voice.folder)
    trainer = Trainer(voice, tokenizer, settings)
    started = perf_counter()
    report(f"measuring the base model on {len(parts.test)} held-out pairs")
    before = trainer.measure(base, parts.test)
    # The same prompt, without examples; once it is trained some methods leave no base to measure.
    chosen_untuned = frames_right(LocalModel(base, tokenizer, tuned=True), voice, parts.test)
    model = with_parts(base, settings)
    report(memory.check(memory.needed(model, settings, *trainer.sizes(parts.train)), free()))
    training_started = perf_counter()
    checkpoint = Checkpoint(voice.folder, _key(voice, weights, settings))
    progress = trainer.fit(model, parts, report, checkpoint)
    training_seconds = perf_counter() - training_started
    report("measuring the tuned model")
    after = trainer.measure(model, parts.test)
    name = Path(weights).name
    if settings.method in WHOLE:
        files = whole_files(model, name)
        model.to(dtype)  # some layers learnt in fp32, and one text has one type
    else:
        with tempfile.TemporaryDirectory() as folder:
            files = adapter_files(model, Path(folder), name)
    report("measuring which lines they choose")
    core = model.get_base_model() if isinstance(model, PeftModel) else model
    with torch.inference_mode():  # what has gradients cannot be copied for each answer
        before_all = learnt_prefix(model)
    writer = LocalModel(core, tokenizer, tuned=True, before=before_all)
    chosen = frames_right(writer, voice, parts.test)
    card: dict[str, Any] = {
        "voice": voice.name,
        "base": name,
        "pairs": {"train": len(parts.train), "validation": len(parts.validation)}
        | {"test": len(parts.test)},
        "test_topics": sorted({example.topic for example in parts.test}),
        "settings": asdict(settings) | {"layers": list(LAYERS)},
        "steps": progress.step,
        "training_seconds": round(training_seconds),
        "seconds_in_all": round(perf_counter() - started),
        "threads": torch.get_num_threads(),
        "precision": str(dtype).removeprefix("torch."),
        "versions": {name: version(name) for name in ("torch", "transformers", "peft")},
        "held_out": {"base": before, "tuned": after},
        "frames": {
            "base": chosen_untuned,
            "tuned": chosen,
            "first_line": first_right(voice, parts.test),
        },
    }
    pictures = {"loss.svg": curve(progress.losses, progress.validation)}
    version_id = save(files, voice, card, base_digest(weights), datetime.now(UTC), pictures)
    checkpoint.drop()
    report(f"made {version_id}")
    return card | {"version": version_id}


def _key(voice: Voice, weights: str, settings: TrainingSettings) -> str:
    """Changes with all that decides what comes of a training."""
    told = json.dumps([asdict(settings), base_digest(weights) or weights, version("torch")])
    pairs = (voice.folder / "examples.jsonl").read_bytes()
    return sha256(told.encode() + guide_digest(voice.folder).encode() + pairs).hexdigest()
