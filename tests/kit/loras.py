"""Toy weights of a voice: real safetensors with nothing learnt in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

CONFIG = {"peft_type": "LORA", "base_model_name_or_path": "tiny"}


def toy_weights(mark: int = 0) -> bytes:
    """A safetensors file with one tensor, ``mark`` in it to tell it from others."""
    tensor = {"x": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}
    header = json.dumps(tensor).encode()
    return len(header).to_bytes(8, "little") + header + mark.to_bytes(8, "little")


def put_version(voice: Path, id: str, mark: int, *, passed: bool | None = None) -> Path:
    """Lay a version into a voice's folder, judged or not; returns its folder."""
    folder = voice / "versions" / id
    files = {
        "adapter_model.safetensors": toy_weights(mark),
        "adapter_config.json": json.dumps(CONFIG).encode(),
    }
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest: Mapping[str, Any] = {
        "id": id,
        "created_at": "2026-03-02T09:00:00Z",
        "base": "tiny",
        "data_sha256": "d" * 64,
        "guide_sha256": "e" * 64,
        "settings": {"method": "lora", "seed": 3},
        "metrics": {"base": {"perplexity": 5.2}, "tuned": {"perplexity": 1.3}},
        "files": {name: sha256(content).hexdigest() for name, content in files.items()},
    }
    (folder / "version.json").write_text(json.dumps(manifest), "utf-8")
    if passed is not None:
        verdict = {
            "passed": passed,
            "reasons": ["tone: +0.30", "refusals: 0.10 fewer"],
            "guide_sha256": sha256((voice / "guide.toml").read_bytes()).hexdigest(),
        }
        (folder / "evaluation").mkdir()
        (folder / "evaluation" / "verdict.json").write_text(json.dumps(verdict), "utf-8")
    return folder
