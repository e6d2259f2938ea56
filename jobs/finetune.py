"""Train a voice's LoRA on its example pairs, on a CPU, in minutes, as ``voice train`` does.

Pairs are split by topic, so what is measured was not learnt by heart. The base model stays in
bf16; only the LoRA (fp32 while training, fp16 on disk) learns, and only from the words that the
voice would say: prompt positions carry no loss.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from bot.errors import ConfigurationError, ModelError
from bot.tone.metrics import markers, rouge_l
from bot.tone.template import Prompt, encode, encode_said, example_request, prompt
from bot.tone.voice import Example, Voice

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_IGNORED = -100
_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_LONGEST_REPLY = 160  # tokens; the longest pair of the sample voice has 110
_FEWEST_PAIRS = 40
_LORA, _OLD = "lora", "lora.old"  # folders of a voice; the second is there while one is replaced


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What decides the result, all of it written into the model card."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    learning_rate: float = 5e-4
    epochs: int = 3
    batch: int = 8
    warmup_steps: int = 5
    seed: int = 0
    test_share: float = 0.12
    validation_share: float = 0.06


@dataclass(frozen=True, slots=True)
class Split:
    """Pairs by use; no topic is in two of them."""

    train: list[Example]
    validation: list[Example]
    test: list[Example]


def split(examples: Sequence[Example], settings: TrainingSettings) -> Split:
    """Deal whole topics out to test, validation and training."""
    topics = sorted({example.topic for example in examples})
    random.Random(settings.seed).shuffle(topics)  # noqa: S311 - a reproducible split, no secret
    tests = math.ceil(len(topics) * settings.test_share)
    validations = math.ceil(len(topics) * settings.validation_share)
    test, validation = set(topics[:tests]), set(topics[tests : tests + validations])
    return Split(
        train=[e for e in examples if e.topic not in test | validation],
        validation=[e for e in examples if e.topic in validation],
        test=[e for e in examples if e.topic in test],
    )


def train(
    voice: Voice,
    weights: str,
    settings: TrainingSettings,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Train on ``voice.examples``; writes ``lora/`` with its model card, returns the card's data.

    ``weights`` is what ``from_pretrained`` takes. The old LoRA stays until the new one is whole.
    Raises :class:`ConfigurationError` if there are too few pairs to learn from and to measure on.
    """
    if len(voice.examples) < _FEWEST_PAIRS:
        raise ConfigurationError(
            f"{voice.folder / 'examples.jsonl'} has {len(voice.examples)} pairs; "
            f"a LoRA needs at least {_FEWEST_PAIRS}, better 200."
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
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from bot.tone.model import LocalModel
    from jobs.frames import first_right, frames_right

    torch.manual_seed(settings.seed)
    try:
        tokenizer = AutoTokenizer.from_pretrained(weights, trust_remote_code=False)
        base = AutoModelForCausalLM.from_pretrained(
            weights, dtype=torch.bfloat16, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"The base model '{weights}' cannot be loaded: {error}") from error
    _tidy(voice.folder)
    trainer = _Trainer(voice, tokenizer, settings)
    started = perf_counter()
    report(f"measuring the base model on {len(parts.test)} held-out pairs")
    before = trainer.measure(base, parts.test)
    model = get_peft_model(
        base,
        LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=list(_LAYERS),
            task_type="CAUSAL_LM",
        ),
        autocast_adapter_dtype=True,
    )
    training_started = perf_counter()
    steps = trainer.fit(model, parts, report)
    training_seconds = perf_counter() - training_started
    report("measuring the tuned model")
    after = trainer.measure(model, parts.test)
    report("measuring which lines they choose")
    writer = LocalModel(model, tokenizer, tuned=True)
    chosen = frames_right(writer, voice, parts.test)
    with model.disable_adapter():  # the same prompt, without examples
        chosen_untuned = frames_right(LocalModel(model, tokenizer, tuned=True), voice, parts.test)
    card = {
        "voice": voice.name,
        "base": Path(weights).name,
        "pairs": {"train": len(parts.train), "validation": len(parts.validation)}
        | {"test": len(parts.test)},
        "test_topics": sorted({example.topic for example in parts.test}),
        "settings": asdict(settings) | {"layers": list(_LAYERS)},
        "steps": steps,
        "training_seconds": round(training_seconds),
        "seconds_in_all": round(perf_counter() - started),
        "threads": torch.get_num_threads(),
        "versions": {name: version(name) for name in ("torch", "transformers", "peft")},
        "held_out": {"base": before, "tuned": after},
        "frames": {
            "base": chosen_untuned,
            "tuned": chosen,
            "first_line": first_right(voice, parts.test),
        },
    }
    _save(model, voice, card)
    return card


class _Trainer:
    """Batches, the loop and the measures, for one tokenizer and one voice."""

    def __init__(self, voice: Voice, tokenizer: Any, settings: TrainingSettings):
        self._voice = voice
        self._tokenizer = tokenizer
        self._settings = settings

    def fit(self, model: Any, parts: Split, report: Callable[[str], None]) -> int:
        """The training loop: AdamW, warm-up, cosine decay; returns the number of steps."""
        import torch

        settings = self._settings
        learning = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learning, lr=settings.learning_rate, weight_decay=0.0)
        order = random.Random(settings.seed)  # noqa: S311 - a reproducible order, no secret
        pairs = list(parts.train)
        steps = settings.epochs * math.ceil(len(pairs) / settings.batch)
        step = 0
        for epoch in range(1, settings.epochs + 1):
            model.train()
            order.shuffle(pairs)
            losses = []
            for start in range(0, len(pairs), settings.batch):
                warm = min(1.0, (step + 1) / settings.warmup_steps)
                rate = settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
                for group in optimizer.param_groups:
                    group["lr"] = rate
                total, count = self._loss(model, pairs[start : start + settings.batch])
                loss = total / count
                loss.backward()
                torch.nn.utils.clip_grad_norm_(learning, 1.0)
                optimizer.step()
                optimizer.zero_grad()
                losses.append(loss.item())
                step += 1
            report(
                f"epoch {epoch}/{settings.epochs}: loss {sum(losses) / len(losses):.3f}, "
                f"validation perplexity {self._perplexity(model, parts.validation):.2f}"
            )
        return steps

    def measure(self, model: Any, pairs: Sequence[Example]) -> dict[str, Any]:
        """Perplexity, BLEU, chrF, ROUGE-L and the share of pairs that keep each marker."""
        from sacrebleu import corpus_bleu, corpus_chrf

        model.eval()
        written = [self._write(model, pair) for pair in pairs]
        wanted = [pair.voiced for pair in pairs]
        kept = [
            markers(text, self._voice.guide, _quotable(pair))
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
                name: round(sum(each[name] for each in kept) / len(kept), 2) for name in kept[0]
            },
            "all_markers": round(sum(all(each.values()) for each in kept) / len(kept), 2),
        }

    def _loss(self, model: Any, pairs: Sequence[Example]) -> tuple[Any, int]:
        """Summed cross-entropy over the voiced tokens, and their number."""
        import torch

        ids, mask, labels = self._batch(pairs)
        core = model.get_base_model() if hasattr(model, "get_base_model") else model
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = core.model(input_ids=ids, attention_mask=mask).last_hidden_state[:, :-1]
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
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            out = model.generate(
                input_ids=asked,
                attention_mask=torch.ones_like(asked),
                max_new_tokens=_LONGEST_REPLY,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        text: str = self._tokenizer.decode(out[0, asked.shape[1] :], skip_special_tokens=True)
        return text.strip()


def _quotable(pair: Example) -> Sequence[str]:
    """In an answer the plain sentences are a quotation; a rewrite is all the voice's own."""
    return [pair.plain] if pair.kind == "answer" else []


def _save(model: Any, voice: Voice, card: dict[str, Any]) -> None:
    import torch
    from peft import get_peft_model_state_dict

    unfinished = voice.folder / f"lora.{os.getpid()}.part"
    # Embeddings are not trained; to see whether they were, peft would ask for the base by name.
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    state = {name: weight.to(torch.float16) for name, weight in state.items()}
    # The card tells which base it belongs to; a path of the training machine would mean nothing.
    for config in model.peft_config.values():
        config.base_model_name_or_path = card["base"]
    model.save_pretrained(unfinished, state_dict=state, save_embedding_layers=False)
    (unfinished / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    (unfinished / "README.md").write_text(model_card(card), "utf-8")
    final, old = voice.folder / _LORA, voice.folder / _OLD
    if final.exists():
        final.rename(old)
    unfinished.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _tidy(folder: Path) -> None:
    """Clear up after a training that was killed while it saved."""
    old = folder / _OLD
    if old.exists() and not (folder / _LORA).exists():
        old.rename(folder / _LORA)
    for left in (old, *folder.glob("lora.*.part")):
        shutil.rmtree(left, ignore_errors=True)


def model_card(card: dict[str, Any]) -> str:
    """The card as Markdown, for those who decide whether to use the LoRA."""
    base, tuned = card["held_out"]["base"], card["held_out"]["tuned"]
    rows = [
        ("perplexity (lower is better)", base["perplexity"], tuned["perplexity"]),
        ("BLEU", base["bleu"], tuned["bleu"]),
        ("chrF", base["chrf"], tuned["chrf"]),
        ("ROUGE-L", base["rouge_l"], tuned["rouge_l"]),
        ("all markers kept", f"{base['all_markers']:.0%}", f"{tuned['all_markers']:.0%}"),
        *(
            (f"marker: {name.replace('_', ' ')}", f"{base['markers'][name]:.0%}", f"{share:.0%}")
            for name, share in tuned["markers"].items()
        ),
    ]
    table = "\n".join(f"| {name} | {before} | {after} |" for name, before, after in rows)
    settings = ", ".join(f"{name} {value}" for name, value in card["settings"].items())
    versions = ", ".join(f"{name} {value}" for name, value in card["versions"].items())
    pairs, frames = card["pairs"], card["frames"]
    chosen = "\n".join(
        f"| {who} | {' | '.join(f'{share:.0%}' for share in shares.values())} |"
        for who, shares in (
            ("base, among all", frames["base"]["every_line"]),
            ("tuned, among all", frames["tuned"]["every_line"]),
            ("nobody: the first of those that fit", frames["first_line"]),
            ("base, among those that fit", frames["base"]["fitting_lines"]),
            ("tuned, among those that fit", frames["tuned"]["fitting_lines"]),
        )
    )
    return f"""# LoRA of the voice "{card["voice"]}"

Changes how {card["base"]} speaks, not what it knows: facts come from quoted passages only.

- **Data**: `examples.jsonl` beside this folder, {pairs["train"]} pairs to train on,
  {pairs["validation"]} for validation, {pairs["test"]} held out; split by topic. Held-out topics:
  {", ".join(card["test_topics"])}.
- **Settings**: {settings}.
- **Training**: {card["steps"]} steps in {card["training_seconds"]} s on {card["threads"]} CPU
  threads ({versions}); saved as fp16.
- **Train it again**: `.venv/bin/housevoice voice train {card["voice"]}`

Held-out pairs, the model writing by itself (greedy, nothing forced):

| measure | base | tuned |
|---|---|---|
{table}

"Markers" are the habits in `guide.toml`; for answers the quoted sentences are left out of them.
The base model sees the same prompt as the tuned one, without examples.

In an answer the model only chooses among lines of the guide. Held-out answers with the pair's own:

| who chooses | greeting | lead-in | closing |
|---|---|---|---|
{chosen}

"Those that fit" are the lines that question and quote bear out (`when` in `guide.toml`), which is
what the bot lets the model choose among.
"""
