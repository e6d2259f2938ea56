"""How long an answer takes, in a new process and in a running one.

    python -m benchmarks.latency --handbook DIR [--out FILE]

Over the whole 18F handbook. Cold: ``python -m bot ask`` from start to end of the process. Warm: one
process that has answered before, 30 different questions in turn, none asked twice.

The baseline of the same run is what one would write first: the same model and LoRA (merged) in
fp32, the same prompt without a prefix cache, ``generate`` greedily for as many tokens as our answer
has, on one thread like ours. It is set against our writing stage, question by question, so that a
busy machine slows both. Seconds depend on the machine; the ratio hardly does.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import handbook
from benchmarks.answers import ask, settings_for
from benchmarks.ingest import mib, peak_mib
from benchmarks.plain_generation import plain_model
from benchmarks.results import write
from bot.shell.app import App, open_app
from bot.shell.settings import Settings
from bot.types import Reply
from bot.voice.template import answer_request, prompt
from knowledge.parsing.inline import without_links

PROJECT = Path(__file__).parent.parent
COLD = 3
WARM = 30
COMPARED = 10
"""Questions of the warm ones that the baseline answers too; it takes seconds for each."""
STAGES = ("retrieve", "judge", "first_word", "write", "total")
GOAL_MEDIAN_MS = 1000
GOAL_FIRST_WORD_MS = 300

Generate = Callable[[Reply], float]


# --- cold -------------------------------------------------------------------------------------


def run_bot(data: Path, *arguments: str) -> tuple[float, float, str]:
    """Run the command line in a process of its own: seconds, its peak MiB, its output."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("HOUSEVOICE_")}
    environment = kept | {"HOUSEVOICE_DATA": str(data), "PYTHONPATH": str(PROJECT)}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-m", "bot", *arguments],
            cwd=data,
            env=environment,
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"'bot {arguments[0]}' failed with {process.returncode}.")
        output.seek(0)
        return seconds, mib(usage), output.read()


def cold(data: Path, questions: Sequence[str]) -> dict[str, float]:
    """Median seconds of a new process that answers one question."""
    runs = [run_bot(data, "ask", "--json", question) for question in questions]
    inside = [json.loads(output)["timings_ms"]["total"] / 1000 for _, _, output in runs]
    return {
        "process_s": round(float(np.median([seconds for seconds, _, _ in runs])), 2),
        "answer_s": round(float(np.median(inside)), 2),
        "peak_mib": round(max(peak for _, peak, _ in runs)),
    }


# --- warm -------------------------------------------------------------------------------------


async def warm(settings: Settings, first: str, questions: Sequence[str]) -> dict[str, Any]:
    """Stage timings of the questions, and the comparison with the baseline."""
    async with open_app(settings) as app:
        await app.warm_up()
        await ask(app, 0, first)
        replies = [await ask(app, n, text) for n, text in enumerate(questions, start=1)]
        peak = peak_mib()
        answered = [reply for reply in replies if reply.tier == "sure"]
        compared = await compare(app, settings, answered[:COMPARED])
    return {
        "questions": len(questions),
        "answered": len(answered),
        "stages_ms": {stage: summary([r.timings_ms[stage] for r in answered]) for stage in STAGES},
        "peak_mib": round(peak),
        "baseline": compared,
    }


def summary(times: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    p50, p95 = np.percentile(times, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}


async def compare(app: App, settings: Settings, replies: Sequence[Reply]) -> dict[str, Any]:
    """Our writing stage and the baseline by turns, on the same questions."""
    generate = baseline(app, settings)
    generate(replies[0])
    ours, plain = [], []
    for number, reply in enumerate(replies):
        again = await ask(app, 1000 + number, reply.question)
        ours.append(again.timings_ms["write"])
        plain.append(await asyncio.to_thread(generate, again))
    return {
        "questions": len(replies),
        "ours_write_ms": summary(ours),
        "plain_fp32_ms": summary(plain),
        "ratio": round(float(np.median(np.array(plain) / np.array(ours))), 2),
    }


def baseline(app: App, settings: Settings) -> Generate:
    """Plain generation with the same model; gives back how many milliseconds a reply takes."""
    import torch

    from bot.voice.model_weights import base_weights

    voice = app.voice(None)
    weights = base_weights(settings.writer_model, settings.data / "weights")
    tokenizer, model = plain_model(weights, voice)

    def generate(reply: Reply) -> float:
        torch.set_num_threads(1)
        notes = "\n".join(without_links(citation.quote) for citation in reply.citations)
        request = answer_request(reply.question, notes)
        text = tokenizer.apply_chat_template(
            prompt(voice, request, tuned=voice.lora is not None).messages,
            tokenize=False,
            add_generation_prompt=True,
        )
        tokens = len(tokenizer(reply.answer, add_special_tokens=False)["input_ids"])
        start = time.perf_counter()
        with torch.inference_mode():
            read = tokenizer(text, add_special_tokens=False, return_tensors="pt")
            model.generate(
                **read,
                do_sample=False,
                min_new_tokens=tokens,
                max_new_tokens=tokens,
                pad_token_id=tokenizer.eos_token_id,
            )
        return (time.perf_counter() - start) * 1000

    return generate


# --- all --------------------------------------------------------------------------------------


def measure(folder: Path) -> dict[str, Any]:
    """Read the handbook in, then ask cold and warm."""
    asked = [question.text for question in handbook.questions(folder)]
    spread = asked[:: len(asked) // (WARM + 1)][: WARM + 1]
    with tempfile.TemporaryDirectory() as data:
        settings = settings_for(Path(data))
        run_bot(settings.data, "source", "add", str((folder / "handbook").absolute()))
        return {
            "cold": cold(settings.data, spread[:COLD]),
            "warm": asyncio.run(warm(settings, spread[0], spread[1:])),
            "goal_warm_total_ms": GOAL_MEDIAN_MS,
            "goal_first_word_ms": GOAL_FIRST_WORD_MS,
        }


def show(report: dict[str, Any]) -> None:
    """Print the figures."""
    warm_run, new = report["warm"], report["cold"]
    table = Table("stage, warm", "p50", "p95")
    for stage, times in warm_run["stages_ms"].items():
        table.add_row(stage, f"{times['p50']:.0f} ms", f"{times['p95']:.0f} ms")
    console = Console(width=100)
    console.print(table)
    compared = warm_run["baseline"]
    console.print(
        f"{warm_run['answered']} of {warm_run['questions']} questions answered; "
        f"peak {warm_run['peak_mib']} MiB.\n"
        f"Cold: {new['process_s']} s for the process, {new['answer_s']} s of it for the answer; "
        f"peak {new['peak_mib']} MiB.\n"
        f"Writing {compared['ours_write_ms']['p50']:.0f} ms, plain fp32 generation of as many "
        f"tokens {compared['plain_fp32_ms']['p50']:.0f} ms: {compared['ratio']} times as long."
    )


def main() -> None:
    """Measure, print, write."""
    parser = handbook.argument_parser("latency", __doc__)
    given = parser.parse_args()
    report = measure(given.handbook)
    show(report)
    print(write("latency", report, given.out).name)


if __name__ == "__main__":
    main()
