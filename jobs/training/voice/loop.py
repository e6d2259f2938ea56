"""Training on pairs, and how well a model says them: batches, the loop and the measures.

Only the words that the voice would say are learnt: prompt positions carry no loss.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from statistics import mean
from time import perf_counter
from typing import Any

from bot.voice.lines.moods import mood_of_pair
from bot.voice.metrics import markers, rouge_l
from bot.voice.model import learnt_prefix
from bot.voice.template import Prompt, encode, encode_said, example_request, prompt
from bot.voice.voice import Example, Voice
from jobs.training.voice.checkpoint import Checkpoint, Progress, learnt, put_back
from jobs.training.voice.data import Split, TrainingSettings
from knowledge.embedding.processors import fast_dtype

_IGNORED = -100
_KEPT_EVERY = 20  # steps between checkpoints; the sample voice takes 12 s a step on a busy core
_LONGEST_REPLY = 160  # tokens; the longest pair of the sample voice has 110


class Trainer:
    """Batches, the loop and the measures, for one tokenizer and one voice."""

    def __init__(self, voice: Voice, tokenizer: Any, settings: TrainingSettings):
        self._voice = voice
        self._tokenizer = tokenizer
        self._settings = settings

    def fit(
        self, model: Any, parts: Split, report: Callable[[str], None], checkpoint: Checkpoint
    ) -> Progress:
        """The training loop: AdamW, warm-up, decay, early stop; goes on from a checkpoint.

        Returns how it went; ``model`` has the weights with the best validation loss.
        """
        import torch

        settings = self._settings
        learning = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            learning, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        order = random.Random(settings.seed)  # noqa: S311 - a reproducible order, no secret
        pairs = list(parts.train)
        steps = settings.epochs * math.ceil(len(pairs) / settings.batch)
        progress, best = checkpoint.load(model, optimizer)
        if progress.step:
            report(f"going on at step {progress.step} of {steps}")
        step, started, begun = 0, perf_counter(), progress.step
        for epoch in range(1, settings.epochs + 1):
            model.train()
            order.shuffle(pairs)
            for start in range(0, len(pairs), settings.batch):
                step += 1
                if step <= progress.step:  # it was taken before the checkpoint
                    continue
                for group in optimizer.param_groups:
                    group["lr"] = settings.learning_rate * _decay(step - 1, steps, settings)
                loss = self._learn(model, pairs[start : start + settings.batch])
                torch.nn.utils.clip_grad_norm_(learning, 1.0)
                optimizer.step()
                optimizer.zero_grad()
                progress.step = step
                progress.losses.append(loss)
                if step % _KEPT_EVERY == 0:
                    checkpoint.save(progress, model, optimizer, best)
            if len(progress.validation) >= epoch:
                continue
            validation = self._perplexity(model, parts.validation)
            progress.validation.append((step, validation))
            if validation < progress.best:
                progress.best, best = validation, learnt(model)
            checkpoint.save(progress, model, optimizer, best)
            losses = progress.losses[-math.ceil(len(pairs) / settings.batch) :]
            left = (steps - step) * (perf_counter() - started) / max(1, step - begun)
            report(
                f"epoch {epoch}/{settings.epochs}: loss {sum(losses) / len(losses):.3f}, "
                f"validation perplexity {validation:.2f}, about {left / 60:.0f} min left"
            )
            tried = [value for _, value in progress.validation]
            if len(tried) - 1 - tried.index(min(tried)) >= settings.patience:
                report(f"stopped: no better for {settings.patience} epochs")
                break
        if best:
            put_back(model, best)
        return progress

    def sizes(self, pairs: Sequence[Example]) -> tuple[int, int]:
        """Tokens of the longest pair, and of the longest voiced side."""
        encoded = [self._encode(pair) for pair in pairs]
        return max(len(a) + len(s) for a, s in encoded), max(len(s) for _, s in encoded)

    def _learn(self, model: Any, batch: Sequence[Example]) -> float:
        """Gradients of a batch's mean loss, gathered part by part; returns that loss."""
        part = -(-len(batch) // self._settings.accumulate)
        count = sum(len(self._encode(pair)[1]) for pair in batch)
        told = 0.0
        for start in range(0, len(batch), part):
            loss = self._loss(model, batch[start : start + part])[0] / count
            loss.backward()
            told += loss.item()
        return told

    def measure(self, model: Any, pairs: Sequence[Example]) -> dict[str, Any]:
        """Perplexity, BLEU, chrF, ROUGE-L and the share of pairs that keep each marker."""
        from sacrebleu import corpus_bleu, corpus_chrf

        model.eval()
        written = [self._write(model, pair) for pair in pairs]
        wanted = [pair.voiced for pair in pairs]
        kept = [
            markers(text, self._voice.guide, _quotable(pair), mood_of_pair(pair))
            for text, pair in zip(written, pairs, strict=True)
        ]
        return {
            "perplexity": round(self._perplexity(model, pairs), 2),
            "bleu": round(corpus_bleu(written, [wanted]).score, 1),
            "chrf": round(corpus_chrf(written, [wanted]).score, 1),
            "rouge_l": round(
                100 * sum(map(rouge_l, wanted, written)) / len(pairs),
                1,
            ),
            "markers": {
                name: round(mean(each[name] for each in kept if name in each), 2)
                for name in dict.fromkeys(name for each in kept for name in each)
            },
            "all_markers": round(sum(all(each.values()) for each in kept) / len(kept), 2),
        }

    def _loss(self, model: Any, pairs: Sequence[Example]) -> tuple[Any, int]:
        """Summed cross-entropy over the voiced tokens, and their number."""
        import torch

        ids, mask, labels = self._batch(pairs)
        core = model.get_base_model() if hasattr(model, "get_base_model") else model
        before = learnt_prefix(model, len(pairs))
        if before is not None:
            seen = torch.ones(len(pairs), before.get_seq_length(), dtype=mask.dtype)
            mask = torch.cat([seen, mask], dim=1)
        with _autocast():
            read = core.model(input_ids=ids, attention_mask=mask, past_key_values=before)
            hidden = read.last_hidden_state[:, :-1]
            kept = labels[:, 1:] != _IGNORED
            # Logits over 49,152 words for label positions only: most positions are prompt.
            logits = core.lm_head(hidden[kept])
        wanted = labels[:, 1:][kept]
        loss = torch.nn.functional.cross_entropy(logits.float(), wanted, reduction="sum")
        return loss, int(kept.sum())

    def _perplexity(self, model: Any, pairs: Sequence[Example]) -> float:
        import torch

        model.eval()
        total, count = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(pairs), self._settings.batch):
                loss, tokens = self._loss(model, pairs[start : start + self._settings.batch])
                total, count = total + loss.item(), count + tokens
        return math.exp(total / count)

    def _prompt(self, pair: Example) -> Prompt:
        return prompt(self._voice, example_request(pair), tuned=True)

    def _encode(self, pair: Example) -> tuple[list[int], list[int]]:
        asked = encode(self._tokenizer, self._prompt(pair).messages, generation=True)
        said = encode_said(self._tokenizer, pair.voiced)
        return asked, [*said, self._tokenizer.eos_token_id]

    def _batch(self, pairs: Sequence[Example]) -> tuple[Any, Any, Any]:
        """Ids, attention mask and labels, each of shape (pairs, longest), padded on the right."""
        import torch

        encoded = [self._encode(pair) for pair in pairs]
        longest = max(len(asked) + len(said) for asked, said in encoded)
        shape = (len(encoded), longest)
        ids = torch.full(shape, self._tokenizer.pad_token_id, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        labels = torch.full(shape, _IGNORED, dtype=torch.long)
        for row, (asked, said) in enumerate(encoded):
            end = len(asked) + len(said)
            ids[row, :end] = torch.tensor(asked + said)
            mask[row, :end] = 1
            labels[row, len(asked) : end] = torch.tensor(said)
        return ids, mask, labels

    def _write(self, model: Any, pair: Example) -> str:
        """What the model says by itself (greedy), nothing forced."""
        import torch

        asked = torch.tensor([self._encode(pair)[0]])
        with torch.inference_mode(), _autocast():
            out = model.generate(
                input_ids=asked,
                attention_mask=torch.ones_like(asked),
                max_new_tokens=_LONGEST_REPLY,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        text: str = self._tokenizer.decode(out[0, asked.shape[1] :], skip_special_tokens=True)
        return text.strip()


def _autocast() -> Any:
    import torch

    quick = fast_dtype()
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=quick == torch.bfloat16)


def _decay(step: int, steps: int, settings: TrainingSettings) -> float:
    """The share of the learning rate at a step: warm-up, then the schedule down to nothing."""
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    match settings.schedule:
        case "cosine":
            return warm * 0.5 * (1 + math.cos(math.pi * step / steps))
        case "linear":
            return warm * (1 - step / steps)
        case "constant":
            return warm


def _quotable(pair: Example) -> Sequence[str]:
    """In an answer the plain sentences are a quotation; a rewrite is all the voice's own."""
    return [pair.plain] if pair.kind == "answer" else []
