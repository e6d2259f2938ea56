"""The trained reader as it ships: the packaged cross-encoder plus a low-rank difference.

Whole weights would be 67 MB in the repository; what training changed is a few: matrices as the
product of two thin ones (a truncated SVD, as LoRA stores them; Hu et al. 2021), the rest whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from knowledge.retrieval.network import ReaderNetwork
from knowledge.retrieval.packaged_weights import packaged_weights

DIFFERENCE = "difference.safetensors"
_LEFT, _RIGHT = ".left", ".right"  # their product is added


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


def difference(
    start: Mapping[str, Tensor], trained: Mapping[str, Tensor], rank: int
) -> dict[str, Tensor]:
    """What training changed: matrices of the trunk at ``rank``, everything else whole, in fp16."""
    changed: dict[str, Tensor] = {}
    for name, value in trained.items():
        delta = value - start[name]
        if not bool(delta.any()):
            continue
        if value.ndim == 2 and name.startswith("bert."):
            left, sizes, right = torch.linalg.svd(delta, full_matrices=False)
            root = sizes[:rank].sqrt()
            changed[name + _LEFT] = (left[:, :rank] * root).half().contiguous()
            changed[name + _RIGHT] = (right[:rank] * root[:, None]).half().contiguous()
        else:
            changed[name] = value.half().contiguous()
    return changed


def with_difference(
    start: Mapping[str, Tensor], changed: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The trained weights, from the packaged ones and the difference; in fp32."""
    whole = dict(start)
    for name, value in changed.items():
        if name.endswith(_LEFT):
            matrix = name.removesuffix(_LEFT)
            whole[matrix] = start[matrix] + value.float() @ changed[matrix + _RIGHT].float()
        elif not name.endswith(_RIGHT):
            whole[name] = value.float()
    return whole
