"""How fast the model speaks: several answers at once, and freely against plain fp32.

    python -m benchmarks.speaking [--answers 32] [--out FILE]

*Answers*: the sample voice puts its lines around held-out quotes, as it does for every answer; 1, 4
and 16 are asked for at the same moment, again and again. The model has one thread and works on one
step at a time: with the number grows what is waited, and not the answers a second.

*Freely*: the same drafts written word by word by our model (LoRA merged, int8 where the processor
has VNNI) and by what one would write first: the same weights in fp32 with transformers'
``generate``, on one thread as well. Seconds depend on the machine; the ratio hardly does.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.plain_generation import plain_model
from benchmarks.results import write
from bot.shell.settings import load_settings
from bot.voice.model import LocalModel
from bot.voice.model_weights import base_weights
from bot.voice.template import example_request, prompt
from bot.voice.voice import Example, Voice
from bot.voice.writer import Choose, Say, Step
from jobs.training.voice.data import TrainingSettings, split

AT_ONCE = (1, 4, 16)
FREELY, TOKENS = 8, 64
"""Drafts that are written freely, and how many tokens of each."""


async def spoken(model: LocalModel, voice: Voice, pair: Example) -> float:
    """Put the voice's lines around a quote; how many seconds that took."""
    guide = voice.guide
    script: list[Step] = [
        Choose(guide.greetings),
        Choose(guide.leads),
        Say(pair.plain),
        Choose(guide.closings),
    ]
    start = time.perf_counter()
    asked = prompt(voice, example_request(pair), tuned=model.tuned)
    async for _ in model.compose(asked, script):
        pass
    return time.perf_counter() - start


async def crowd(model: LocalModel, voice: Voice, pairs: Sequence[Example], n: int) -> Any:
    """``n`` people who ask one after the other, all of them at the same moment."""
    waiting, took = iter(pairs), []

    async def one() -> None:
        for pair in waiting:
            took.append(await spoken(model, voice, pair))

    start = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(n)))
    seconds = time.perf_counter() - start
    p50, p95 = np.percentile(took, [50, 95]) * 1000
    return {
        "at_once": n,
        "p50_ms": round(float(p50)),
        "p95_ms": round(float(p95)),
        "answers_per_s": round(len(took) / seconds, 2),
    }


async def freely(model: LocalModel, voice: Voice, pairs: Sequence[Example]) -> float:
    """Tokens a second of ours."""
    tokens, start = 0, time.perf_counter()
    for pair in pairs:
        asked = prompt(voice, example_request(pair), tuned=model.tuned)
        async for _ in model.write(asked, TOKENS):
            tokens += 1
    return tokens / (time.perf_counter() - start)


def plainly(weights: str, voice: Voice, pairs: Sequence[Example]) -> float:
    """Tokens a second of the same weights in fp32, with transformers alone."""
    import torch

    torch.set_num_threads(1)
    tokenizer, model = plain_model(weights, voice)
    tokens, start = 0, time.perf_counter()
    for pair in pairs:
        asked = prompt(voice, example_request(pair), tuned=voice.lora is not None)
        text = tokenizer.apply_chat_template(
            asked.messages, tokenize=False, add_generation_prompt=True
        )
        read = tokenizer(text, add_special_tokens=False, return_tensors="pt")
        with torch.inference_mode():
            said = model.generate(
                **read,
                do_sample=False,
                max_new_tokens=TOKENS,
                pad_token_id=tokenizer.eos_token_id,
            )
        tokens += said.shape[1] - read["input_ids"].shape[1]
    return tokens / (time.perf_counter() - start)


async def measure(answers: int) -> dict[str, Any]:
    """Both, on pairs that the voice has not learnt from."""
    settings = load_settings()
    voice = Voice.load(settings.voices, settings.voice)
    parts = split(voice.examples, TrainingSettings())
    held_out = [pair for pair in (*parts.test, *parts.validation) if pair.kind == "answer"]
    pairs = [held_out[n % len(held_out)] for n in range(answers)]
    weights = base_weights(settings.writer_model, settings.data / "weights")
    model = await asyncio.to_thread(LocalModel.load, weights, voice.lora)
    await spoken(model, voice, held_out[0])
    several = [await crowd(model, voice, pairs, n) for n in AT_ONCE]
    ours = await freely(model, voice, held_out[:FREELY])
    plain = await asyncio.to_thread(plainly, weights, voice, held_out[:FREELY])
    return {
        "answers": answers,
        "several": several,
        "tokens_per_s": {"ours": round(ours, 1), "plain_fp32": round(plain, 1)},
        "ratio": round(ours / plain, 2),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser("speaking", description=__doc__)
    parser.add_argument("--answers", type=int, default=32)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    told = asyncio.run(measure(max(given.answers, *AT_ONCE)))  # else fewer ask than are said to
    table = Table("answers at once", "p50", "p95", "answers/s")
    for each in told["several"]:
        at, p50, p95 = each["at_once"], each["p50_ms"], each["p95_ms"]
        table.add_row(str(at), f"{p50} ms", f"{p95} ms", str(each["answers_per_s"]))
    console = Console(width=100)
    console.print(table)
    speed = told["tokens_per_s"]
    console.print(
        f"Freely: {speed['ours']} tokens/s, plain fp32 {speed['plain_fp32']}: "
        f"{told['ratio']} times as fast."
    )
    print(write("speaking", told, given.out).name)


if __name__ == "__main__":
    main()
