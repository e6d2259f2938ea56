"""The trained networks as they ship: what a package carries plus a low-rank difference.

Whole weights would be 67 and 220 MB in the repository; what training changed is a few: matrices as
the product of two thin ones (a truncated SVD, as LoRA stores them; Hu et al. 2021), the rest whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from knowledge.embedding.packaged import MODEL, TOKENIZER, unpacked
from knowledge.embedding.processors import fast_dtype
from knowledge.retrieval.judge_network import JudgeNetwork
from knowledge.retrieval.network import ReaderNetwork
from knowledge.retrieval.packaged_weights import packaged_folder, packaged_weights

_LEFT, _RIGHT = ".left", ".right"  # their product is added
_Kind = TypeVar("_Kind", ReaderNetwork, JudgeNetwork)


@dataclass(frozen=True, slots=True)
class Part(Generic[_Kind]):
    """One of the two networks that ship."""

    name: str
    network: type[_Kind]

    @property
    def difference(self) -> str:
        """Name of the file with what training changed."""
        return f"{self.name}.safetensors"


READER = Part("reader", ReaderNetwork)
JUDGE = Part("judge", JudgeNetwork)


def start(part: Part[_Kind], beside: Path) -> tuple[_Kind, Tokenizer]:
    """A network as its package's weights leave it, and its tokenizer.

    What is large is unpacked ``beside``, for a moment. Raises
    :class:`knowledge.errors.KnowledgeError`.
    """
    network = part.network()
    if isinstance(network, JudgeNetwork):
        with unpacked(beside) as found:
            network.start_from(load_file(found / MODEL))
            return network, Tokenizer.from_file(str(found / TOKENIZER))
    network.start_from({name: torch.tensor(value) for name, value in packaged_weights().items()})
    return network, Tokenizer.from_file(str(packaged_folder() / TOKENIZER))


def load(part: Part[_Kind], shipped: Path, kept: Path) -> tuple[_Kind, Tokenizer]:
    """A trained network, in the precision that this processor is fast in, and its tokenizer.

    Putting it together takes a while, so the whole is kept in the folder ``kept`` under a name that
    changes with the difference. Raises :class:`knowledge.errors.KnowledgeError`.
    """
    digest = sha256((shipped / part.difference).read_bytes()).hexdigest()[:12]
    folder = kept / f"{part.name}-{digest}"
    if not folder.is_dir():
        _put_together(part, shipped, folder)
    network = part.network()
    network.load_state_dict(load_file(folder / MODEL))
    network.eval()
    if isinstance(network, ReaderNetwork):
        # Training does not gain by it, reading does: half of a pass is attention else.
        network.bert.set_attn_implementation("sdpa")
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return _quick(network), Tokenizer.from_file(str(folder / TOKENIZER))


def _put_together(part: Part[_Kind], shipped: Path, folder: Path) -> None:
    kept = folder.parent
    kept.mkdir(parents=True, exist_ok=True)
    network, tokenizer = start(part, kept)
    whole = with_difference(network.state_dict(), load_file(shipped / part.difference))
    # The folder gets its name only when it is whole, so a killed start is simply run again.
    unfinished = kept / f"{folder.name}.{os.getpid()}.part"
    unfinished.mkdir(exist_ok=True)
    tokenizer.save(str(unfinished / TOKENIZER))
    save_file({name: value.to(torch.bfloat16) for name, value in whole.items()}, unfinished / MODEL)
    try:
        unfinished.replace(folder)
    except OSError:
        if not folder.is_dir():  # else another process was quicker
            raise
        shutil.rmtree(unfinished)
    for older in kept.glob(f"{part.name}-*"):
        if older.is_file():
            older.unlink(missing_ok=True)
        elif older != folder and older.suffix != ".part":
            shutil.rmtree(older, ignore_errors=True)


def _quick(network: _Kind) -> _Kind:
    """In the precision in which the processor is fast, but not in int8.

    That saves a fifth of the time, and the judge's activations lie so far apart that one scale for
    all of them leaves nothing of what it says.
    """
    return network.to(fast_dtype())


def difference(
    start: Mapping[str, Tensor], trained: Mapping[str, Tensor], rank: int
) -> dict[str, Tensor]:
    """What training changed: matrices of the trunk at ``rank``, everything else whole, in fp16."""
    changed: dict[str, Tensor] = {}
    for name, value in trained.items():
        delta = value - start[name]
        if not bool(delta.any()):
            continue
        if value.ndim == 2 and name.startswith(("bert.", "layers.")):
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
