"""The training loop of reader and judge: fp32 masters, one pass over the groups.

Losses: binary cross-entropy of *answers* for each pair; a softmax over a question's passages and a
null (so that they compete); a softmax over a passage's units where the answer's place is known;
and the distance of *relevance* from what the reader's start weights say. That keeps the reader's
ranking, and teaches the judge what it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from jobs.training.reader.data import Group, Pair
from knowledge.embedding.processors import fast_dtype
from knowledge.retrieval.encoding import Encoded, encode
from knowledge.retrieval.network import UNREAD, ReaderNetwork, unit_logits
from knowledge.retrieval.scoring import Network, forward


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the weights depend on besides the data."""

    learning_rate: float = 4e-5
    head_factor: float = 5.0
    """Of the learning rate, for the heads that begin anew."""
    new_heads: tuple[str, ...] = ("evidence.",)
    frozen_layers: int = 4
    warm_up: float = 0.06
    weight_decay: float = 0.01
    list_weight: float = 0.5
    evidence_weight: float = 0.3
    ranking_weight: float = 0.05
    start_scale: float = 0.4
    """What the cross-encoder's logits are multiplied by to start judging from."""
    most_tokens: int = 192
    batch_tokens: int = 4096
    seed: int = 1
    generic_pairs: int = 6000
    details: bool = False
    """Whether a third of the questions get details that change nothing."""
    older: float = 1.0
    """Share of the natural questions beside the project that is shown."""
    most_pairs: int | None = None
    """Of a shorter pass."""
    rank: int = 96
    """Of the difference that is shipped."""


READER_RECIPE = Recipe()
JUDGE_RECIPE = Recipe(
    learning_rate=3e-5,
    new_heads=("answers.", "evidence.", "relevance."),
    frozen_layers=6,
    start_scale=1.0,
    most_tokens=168,
    batch_tokens=3584,
    generic_pairs=4000,
    details=True,
)


def again(recipe: Recipe) -> Recipe:
    """Of a further pass over weights that were trained before: the questions that ship, mostly."""
    return replace(
        recipe,
        learning_rate=0.625 * recipe.learning_rate,
        start_scale=1.0,
        generic_pairs=0,
        details=True,
        older=0.12,
        most_pairs=17_000,
    )


class Teacher:
    """What the start weights of the reader say of relevance."""

    def __init__(self, network: ReaderNetwork, tokenizer: Tokenizer):
        self._network = network.to(fast_dtype()).eval()
        self._tokenizer = tokenizer

    def relevance(self, some: Sequence[Group], most_tokens: int) -> Tensor:
        """Logits of every other passage of each group, which tells enough; shape (passages,)."""
        encoded = [
            each
            for group in some
            for each in encode(
                self._tokenizer,
                group.question,
                [pair.text for pair in group.pairs[::2]],
                most_tokens,
            )
        ]
        with torch.no_grad():
            return torch.stack([each.relevance for each in forward(self._network, encoded)])


def train(
    network: Network,
    teacher: Teacher,
    tokenizer: Tokenizer,
    groups: Sequence[Group],
    recipe: Recipe,
    report: Callable[[str], None],
) -> None:
    """Train ``network`` in place; it is left in fp32."""
    torch.manual_seed(recipe.seed)
    with torch.no_grad():
        for parameter in network.answers[-1].parameters():
            parameter.mul_(recipe.start_scale)
    trained = _trained(network, recipe)
    masters = {name: value.detach().clone().float() for name, value in trained.items()}
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [nn.Parameter(masters[name]) for name in names],
                "weight_decay": decay,
                "factor": factor,
                "names": names,
            }
            for names, decay, factor in _parameter_groups(trained, recipe)
        ],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
        eps=1e-6,
        fused=True,
    )
    untouched = {
        name: value.clone() for name, value in network.state_dict().items() if name not in trained
    }
    network.to(fast_dtype())
    live = dict(network.named_parameters())
    total = sum(len(group.pairs) for group in groups)
    seen = 0
    began = last = time.monotonic()
    losses: list[float] = []
    for some in _batches(groups, tokenizer, recipe):
        share = seen / total
        rate = recipe.learning_rate
        rate *= min(1.0, share / recipe.warm_up + 0.02)
        rate *= min(1.0, (1 - share) / (1 - recipe.warm_up) + 0.01)
        loss = _loss(network, teacher, some, recipe)
        loss.backward()
        norm = torch.linalg.vector_norm(
            torch.stack([p.grad.float().norm() for n, p in live.items() if p.grad is not None])
        )
        scale = float(min(1.0, 1.0 / (norm + 1e-6)))
        for each in optimizer.param_groups:
            each["lr"] = rate * each["factor"]
            for name, master in zip(each["names"], each["params"], strict=True):
                gradient = live[name].grad
                master.grad = None if gradient is None else gradient.float() * scale
                live[name].grad = None
        optimizer.step()
        with torch.no_grad():
            for each in optimizer.param_groups:
                for name, master in zip(each["names"], each["params"], strict=True):
                    live[name].copy_(master)
        seen += sum(len(group.pairs) for group, _ in some)
        losses.append(float(loss.detach()))
        if time.monotonic() - last > 30:
            last = time.monotonic()
            took = last - began
            report(
                f"{seen} of {total} pairs, loss {sum(losses[-50:]) / len(losses[-50:]):.3f}, "
                f"{took / 60:.0f} min, {took / seen * (total - seen) / 60:.0f} min to go"
            )
    network.float()
    network.load_state_dict(untouched, strict=False)  # as they were before any rounding
    with torch.no_grad():
        for each in optimizer.param_groups:
            for name, master in zip(each["names"], each["params"], strict=True):
                dict(network.named_parameters())[name].copy_(master)
    network.eval()


def _trained(network: Network, recipe: Recipe) -> dict[str, nn.Parameter]:
    frozen = network.lowest(recipe.frozen_layers)
    trained = {}
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not name.startswith(frozen))
        if parameter.requires_grad:
            trained[name] = parameter
    return trained


def _parameter_groups(
    trained: dict[str, nn.Parameter], recipe: Recipe
) -> Iterator[tuple[list[str], float, float]]:
    """Names, weight decay, and the factor on the learning rate."""
    new = [name for name in trained if name.startswith(recipe.new_heads)]
    old = [name for name in trained if name not in new]
    for names, factor in ((old, 1.0), (new, recipe.head_factor)):
        yield [n for n in names if trained[n].ndim > 1], recipe.weight_decay, factor
        yield [n for n in names if trained[n].ndim < 2], 0.0, factor


def _batches(
    groups: Sequence[Group], tokenizer: Tokenizer, recipe: Recipe
) -> Iterator[list[tuple[Group, list[Encoded]]]]:
    """Whole groups, in order, of at most about ``recipe.batch_tokens`` tokens."""
    some: list[tuple[Group, list[Encoded]]] = []
    tokens = 0
    for group in groups:
        texts = [pair.text for pair in group.pairs]
        encoded = encode(tokenizer, group.question, texts, recipe.most_tokens)
        size = sum(len(each.ids) for each in encoded)
        if some and tokens + size > recipe.batch_tokens:
            yield some
            some, tokens = [], 0
        some.append((group, encoded))
        tokens += size
    if some:
        yield some


def _loss(
    network: Network,
    teacher: Teacher,
    some: Sequence[tuple[Group, list[Encoded]]],
    recipe: Recipe,
) -> Tensor:
    encoded = [one for _, each in some for one in each]
    pairs = [pair for group, _ in some for pair in group.pairs]
    scores = forward(network, encoded)
    answers = torch.stack([each.answers for each in scores])
    truth = torch.tensor([float(pair.answers) for pair in pairs])
    loss = functional.binary_cross_entropy_with_logits(answers, truth)
    competing: list[Tensor] = []
    at = 0
    for group, _ in some:
        rows = slice(at, at + len(group.pairs))
        logits = torch.cat([answers[rows], answers.new_zeros(1)])
        right = torch.cat([truth[rows], truth.new_zeros(1)]) > 0
        right[-1] = not bool(right.any())
        competing.append(torch.logsumexp(logits, 0) - torch.logsumexp(logits[right], 0))
        at = rows.stop
    loss = loss + recipe.list_weight * torch.stack(competing).mean()
    places = [
        _place_loss(each.evidence, one, pair)
        for each, one, pair in zip(scores, encoded, pairs, strict=True)
        if any(pair.evidence)
    ]
    if places:
        few = min(1.0, len(places) / 4)
        loss = loss + recipe.evidence_weight * few * torch.stack(places).mean()
    told = teacher.relevance([group for group, _ in some], recipe.most_tokens)
    starts = accumulate((len(group.pairs) for group, _ in some), initial=0)
    ours = [
        scores[start + n].relevance
        for start, (group, _) in zip(starts, some, strict=False)
        for n in range(0, len(group.pairs), 2)
    ]
    return loss + recipe.ranking_weight * (torch.stack(ours) - told).pow(2).mean()


def _place_loss(evidence: Tensor, one: Encoded, pair: Pair) -> Tensor:
    logits = unit_logits(evidence, one.units)
    right = torch.tensor(pair.evidence) & (logits > UNREAD)
    if not bool(right.any()):  # the answer was cut off
        return logits.sum() * 0
    return torch.logsumexp(logits, 0) - torch.logsumexp(logits[right], 0)
