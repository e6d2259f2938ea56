"""What training changed in packaged weights, small enough to ship: a low-rank difference.

Whole weights would be tens of megabytes in the repository; what training changed is a few: matrices
as the product of two thin ones (a truncated SVD, as LoRA stores them; Hu et al. 2021), the rest
whole.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_LEFT, _RIGHT = ".left", ".right"  # their product is added


def difference(
    start: Mapping[str, Tensor], trained: Mapping[str, Tensor], rank: int, trunk: str
) -> dict[str, Tensor]:
    """What training changed: matrices whose names begin with ``trunk`` at ``rank``, the rest whole.

    All in fp16; what did not change is left out.
    """
    changed: dict[str, Tensor] = {}
    for name, value in trained.items():
        delta = value - start[name]
        if not bool(delta.any()):
            continue
        if value.ndim == 2 and name.startswith(trunk):
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
