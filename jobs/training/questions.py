"""Tune how the packaged embedder reads a question on how people ask, measure it, and write it.

    python -m jobs.training.questions --data DIR [--work DIR] [--out DIR] [--seed N]

DIR holds ``natural_questions.jsonl.gz`` and ``natural_passages.jsonl.gz`` (docs/reader.md tells
their form). Passages keep the vectors that the packaged model gives them, so an index stays good:
they are embedded once and kept in the work folder, and a step costs only a batch of short
questions, scored against all passages of all handbooks that are trained on. About ten minutes of
two processor cores, and as many for the passages at first.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel

from jobs.training.questions_card import card
from jobs.training.questions_data import Asked, Library, asked_of, read_library
from jobs.training.reader_data import HELD_OUT
from knowledge.embedding import QUESTIONS, packaged_folder
from knowledge.low_rank import difference, with_difference

OUT = QUESTIONS.parent
TRUNK = "encoder."
"""What the names of the matrices begin with that are tuned; embeddings stay as they are."""
_MOST_TOKENS = 64
_NEVER = -1e4  # logit of what is neither right nor wrong
_DEPTHS = (1, 5, 10, 50)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the weights depend on besides the data."""

    learning_rate: float = 5e-5
    epochs: int = 3
    batch: int = 64
    scale: float = 20.0
    """Cosines are multiplied by it for the softmax: the model was trained with it."""
    own_weight: float = 0.5
    """Of the softmax over the passages of the question's own handbook, beside that over all."""
    near_miss_weight: float = 0.5
    """Of a question that its passage comes near without answering: still the one to look at."""
    dropout: float = 0.05
    warm_up: float = 0.1
    kept: float = 1.0
    """Share of what was learnt that is kept (Wortsman et al. 2022, "Robust fine-tuning")."""
    rank: int = 32
    seed: int = 1


class QuestionEncoder:
    """The packaged embedder's network, as it reads questions."""

    def __init__(self, dropout: float) -> None:
        folder = packaged_folder()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(_MOST_TOKENS)
        self.network: Any = AutoModel.from_pretrained(folder, dtype=torch.float32)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name.startswith(TRUNK))
        for module in self.network.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """Shape (texts, dims), unit length; gradients flow where they are on."""
        encoded = [self.tokenizer.encode(text).ids for text in texts]
        ids = torch.zeros((len(encoded), max(map(len, encoded))), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).float()
        return functional.normalize((hidden.float() * weight).sum(1) / weight.sum(1), dim=-1)

    def all_vectors(self, texts: Sequence[str]) -> Tensor:
        """The same for many, without gradients."""
        self.network.eval()
        with torch.inference_mode():
            return torch.cat([self.vectors(texts[n : n + 64]) for n in range(0, len(texts), 64)])


def tune(
    encoder: QuestionEncoder,
    library: Library,
    asked: Sequence[Asked],
    recipe: Recipe,
    report: Callable[[str], None],
) -> None:
    """Train in place: a softmax of the right passages over all, those in doubt left out."""
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)  # noqa: S311 - a shuffle that can be repeated
    trained = [each for each in encoder.network.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=recipe.learning_rate, weight_decay=0.01, fused=True)
    pool = torch.from_numpy(library.vectors)
    homes = np.array(library.homes)
    own = {home: torch.from_numpy(homes == home) for home in set(library.homes)}
    steps = recipe.epochs * -(-len(asked) // recipe.batch)
    began, step = time.monotonic(), 0
    for epoch in range(recipe.epochs):
        order = rng.sample(range(len(asked)), len(asked))
        losses = []
        encoder.network.train()
        for first in range(0, len(order), recipe.batch):
            some = [asked[at] for at in order[first : first + recipe.batch]]
            logits = recipe.scale * (encoder.vectors([each.text for each in some]) @ pool.T)
            loss = _loss(logits, some, own, recipe)
            rate = min(1.0, (step + 1) / (recipe.warm_up * steps))
            rate *= min(1.0, (steps - step) / ((1 - recipe.warm_up) * steps))
            for group in optimizer.param_groups:
                group["lr"] = rate * recipe.learning_rate
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            step += 1
        took = time.monotonic() - began
        report(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, {took / 60:.0f} min")
    encoder.network.eval()


def _loss(logits: Tensor, some: Sequence[Asked], own: dict[str, Tensor], recipe: Recipe) -> Tensor:
    right = torch.zeros_like(logits, dtype=torch.bool)
    doubtful = torch.zeros_like(right)
    for row, each in enumerate(some):
        right[row, list(each.right)] = True
        doubtful[row, list(each.doubtful)] = True
    logits = logits.masked_fill(doubtful, _NEVER)
    hit = torch.logsumexp(logits.masked_fill(~right, _NEVER), 1)
    home = torch.stack([own[each.home] for each in some])
    near = torch.logsumexp(logits.masked_fill(~home, _NEVER), 1) - hit
    losses = torch.logsumexp(logits, 1) - hit + recipe.own_weight * near
    weight = torch.tensor([1.0 if e.answerable else recipe.near_miss_weight for e in some])
    return (weight * losses).sum() / weight.sum()


def measured(
    encoder: QuestionEncoder, library: Library, asked: Sequence[Asked]
) -> dict[str, float]:
    """Share of the questions with a right passage among the first k by vectors alone.

    Among all passages of the library, and among those of the question's own handbook.
    """
    vectors = encoder.all_vectors([each.text for each in asked]).numpy()
    homes = np.array(library.homes)
    ranks = {"all": np.zeros(len(asked)), "own": np.zeros(len(asked))}
    for at, (each, vector) in enumerate(zip(asked, vectors, strict=True)):
        cosines: NDArray[np.float32] = library.vectors @ vector
        better = cosines > cosines[list(each.right)].max()
        ranks["all"][at] = better.sum()
        ranks["own"][at] = better[homes == each.home].sum()
    return {
        f"{where}_recall@{depth}": round(float(np.mean(found < depth)), 3)
        for where, found in ranks.items()
        for depth in _DEPTHS
    }


def run(data: Path, work: Path, out: Path, recipe: Recipe) -> dict[str, Any]:
    """All of it; returns what ``questions.json`` holds."""
    library = asyncio.run(read_library(data, work))
    kept = library.without(HELD_OUT)
    asked = asked_of(data, kept)
    held_out = [
        each for each in asked_of(data, library) if each.home in HELD_OUT and each.answerable
    ]
    encoder = QuestionEncoder(recipe.dropout)
    start = copy.deepcopy(encoder.network.state_dict())
    before = measured(encoder, library, held_out)
    tune(encoder, kept, asked, recipe, print)
    trained = {
        name: torch.lerp(start[name], value, recipe.kept) if value.is_floating_point() else value
        for name, value in encoder.network.state_dict().items()
    }
    changed = difference(start, trained, recipe.rank, TRUNK)
    # What is measured is what ships: the difference at its rank.
    encoder.network.load_state_dict(with_difference(start, changed))
    results = {
        "measures": {
            "questions": len(held_out),
            "passages": len(library.homes),
            "before": before,
            "after": measured(encoder, library, held_out),
        },
        "recipe": asdict(recipe),
        "trained_on": {
            "questions": len(asked),
            "passages": len(kept.homes),
            "handbooks": sorted(set(kept.homes)),
            "held_out": list(HELD_OUT),
        },
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
        "date": datetime.now(UTC).date().isoformat(),
    }
    out.mkdir(parents=True, exist_ok=True)
    save_file(changed, out / QUESTIONS.name)
    (out / "questions.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    (out / "QUESTIONS.md").write_text(card(results), "utf-8")
    return results


def main() -> None:
    """Tune, measure, write."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.training.questions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--work", type=Path, default=Path("data/reader"), metavar="DIR")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    results = run(given.data, given.work, given.out, Recipe(seed=given.seed))
    print(json.dumps(results["measures"], indent=2))


if __name__ == "__main__":
    main()
