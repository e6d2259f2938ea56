"""The trained reader as it ships: the packaged cross-encoder plus a low-rank difference."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from knowledge.low_rank import with_difference
from knowledge.retrieval.network import ReaderNetwork
from knowledge.retrieval.packaged_weights import packaged_weights

DIFFERENCE = "difference.safetensors"
TRUNK = "bert."
"""What the names of the matrices begin with that are stored thin."""


def start_network() -> ReaderNetwork:
    """The network as the package's weights leave it."""
    network = ReaderNetwork()
    network.start_from({name: torch.tensor(value) for name, value in packaged_weights().items()})
    return network


def load_network(shipped: Path, kept: Path) -> ReaderNetwork:
    """The trained network, ready to run, in the precision that this processor is fast in.

    Putting it together takes seconds, so the whole is kept in the folder ``kept`` under a name that
    changes with the difference.
    """
    name = sha256((shipped / DIFFERENCE).read_bytes()).hexdigest()[:12]
    path = kept / f"reader-{name}.safetensors"
    network = ReaderNetwork()
    if not path.is_file():
        whole = with_difference(start_network().state_dict(), load_file(shipped / DIFFERENCE))
        kept.mkdir(parents=True, exist_ok=True)
        # The file gets its name only when it is whole, so a killed start is simply run again.
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        save_file({name: value.to(torch.bfloat16) for name, value in whole.items()}, unfinished)
        unfinished.replace(path)
        for older in kept.glob("reader-*.safetensors"):
            if older != path:
                older.unlink(missing_ok=True)
    network.load_state_dict(load_file(path))
    network.eval()
    # Training does not gain by it, reading does: half of a pass is attention else.
    network.bert.set_attn_implementation("sdpa")
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    # Half precision halves the time where the processor computes in it, else doubles it.
    capable: Any = torch.cpu
    if capable._is_avx512_bf16_supported() or capable._is_amx_tile_supported():
        network.to(torch.bfloat16)
    return network
