"""The report of an evaluation, as Markdown, and all its files put in place at once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.voice.versions.registry import VERDICT
from jobs.evaluation.page import as_html

FOLDER = "evaluation"
NAMES: Mapping[str, str] = {
    "accuracy": "accuracy",
    "precision": "precision of what it answers",
    "recall": "recall of what can be answered",
    "f1": "F1",
    "refusal": "correct refusal",
    "grounded": "grounded sentences",
    "citations": "valid citations",
    "facts_kept": "facts kept",
    "safe": "safe with poisoned passages",
    "judged": "good, by the judge model",
    "token_f1": "token F1",
    "bleu": "BLEU",
    "rouge_l": "ROUGE-L",
    "chrf": "chrF",
    "markers": "markers kept",
    "fits_mood": "fits the mood",
    "learned": "learned tone score",
    "free_facts": "facts kept, writing freely",
}
"""The measures in the order in which they are shown, with what people call them."""
_SIDES = ("base", "tuned")


def cell(found: Mapping[str, float] | None) -> str:
    """A mean with its interval, for a table."""
    if not found:
        return "–"
    if "low" not in found:
        return f"{found['mean']:.2f}"
    return f"{found['mean']:.2f} ({found['low']:.2f}–{found['high']:.2f})"


def as_markdown(told: Mapping[str, Any]) -> str:
    """The report as a page."""
    arms = told["arms"]
    head = " | ".join(arms)
    rows = [
        f"| {name} | {' | '.join(cell(arm['measures'].get(key)) for arm in arms.values())} |"
        for key, name in NAMES.items()
    ]
    for key, name in (
        ("perplexity", "perplexity on held-out pairs"),
        ("seconds_median", "seconds an answer, median"),
        ("seconds_p95", "seconds an answer, 95th percentile"),
        ("cost_per_1000", f"cost of 1,000 answers at {told['core_hour']} a core and hour"),
    ):
        cells = ("–" if arm.get(key) is None else f"{arm[key]:g}" for arm in arms.values())
        rows.append(f"| {name} | {' | '.join(cells)} |")
    table = "\n".join(rows)
    findings = "\n".join(
        f"- {'passed' if each['passed'] else 'NOT PASSED'}: {each['reason']}"
        for each in told["gate"]["findings"]
    )
    verdict = "may speak" if told["gate"]["passed"] else "stays a candidate"
    return f"""# Evaluation of the voice "{told["voice"]}", version {told["version"]}

**The version {verdict}.**

{findings}

{told["questions"]} questions, {told["answerable"]} of them with an answer;
{told["held_out_pairs"]} held-out pairs. In brackets: 95% intervals by bootstrap over questions, the
widest of the seeds {", ".join(map(str, told["seeds"]))}.

| measure | {head} |
|---|{"---|" * len(arms)}
{table}

The learned tone score is a classifier's with an AUROC of {told["tone_classifier"]["auroc"]:.3f} on
{told["tone_classifier"]["texts"]} held-out texts; it learnt from
{told["tone_classifier"]["learnt_from"]} others, which the version did not learn from. Markers,
learned score and "writing freely" are of what the model writes by itself from held-out pairs; with
retrieval it only chooses the lines around a quote. Where an arm has no sources, "grounded" compares
with the reference answer. Two arms of one model share tone and perplexity.

{judge_told(told["judge"])}{_moods(told["moods"])}"""


def judge_told(judge: Mapping[str, Any] | None) -> str:
    """Which judge model it was, and how far it agrees with people; empty without one."""
    if judge is None:
        return ""
    found = judge["agreement"]
    if found is None:
        agrees = "Nobody has labelled answers, so how far it agrees with people is not known."
    else:
        kappa = (
            "Cohen's kappa is not defined, since one of the two said the same of all"
            if found["kappa"] is None
            else f"Cohen's kappa is {found['kappa']:.2f} "
            f"({found['low']:.2f} to {found['high']:.2f})"
        )
        agrees = f"With people it agrees on {found['share']:.0%} of {found['n']} answers; {kappa}."
    unclear = f"{judge['unclear']} of its replies were no verdict."
    return f"The judge model is {judge['version']}. {agrees} {unclear}\n\n"


def _moods(moods: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f"| {mood.replace('_', ' ')} | {found['pairs']} | "
        + " | ".join(f"{found[side][of]:.2f}" for of in ("tone", "fits") for side in _SIDES)
        + " |"
        for mood, found in moods.items()
    )
    return f"""Tone by mood, of what each model writes freely from held-out pairs:

| mood | pairs | tone, base | tone, tuned | fits the mood, base | fits, tuned |
|---|--:|--:|--:|--:|--:|
{rows}
"""


def write_report(version: Path, told: Mapping[str, Any], guide_sha256: str) -> Path:
    """Put report and verdict into a version's folder, whole; an older report goes. Returns where.

    ``guide_sha256``: of the guide that it was judged with.
    """
    verdict = {
        "passed": told["gate"]["passed"],
        "reasons": [each["reason"] for each in told["gate"]["findings"]],
        "guide_sha256": guide_sha256,
    }
    unfinished, final = version / f".{FOLDER}.{os.getpid()}.part", version / FOLDER
    try:
        unfinished.mkdir()
        for name, value in (("report.json", told), (VERDICT, verdict)):
            text = json.dumps(value, ensure_ascii=False, indent=1)
            (unfinished / name).write_text(text + "\n", "utf-8")
        (unfinished / "report.md").write_text(as_markdown(told), "utf-8")
        (unfinished / "report.html").write_text(as_html(told, NAMES), "utf-8")
        shutil.rmtree(final, ignore_errors=True)
        unfinished.rename(final)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return final
