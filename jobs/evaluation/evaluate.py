"""``voice evaluate``: four arms, all measures, and what the gate makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from bot.voice.lines.moods import mood_of_pair
from bot.voice.voice import Example, Voice
from bot.voice.writer import Writer
from jobs.evaluation import arms, gate
from jobs.evaluation.arms import ARMS, Bench
from jobs.evaluation.judging import Judge, Labelled
from jobs.evaluation.measures import Answered, costs, measured, summed_up
from jobs.evaluation.questions import AskedQuestion
from jobs.evaluation.statistics import interval
from jobs.evaluation.tone import ToneScore

SEEDS = (0, 1)
CORE_HOUR = 0.04
"""Price of one core for one hour, in whatever currency: about a small virtual machine's in 2026."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What an evaluation rests on."""

    voice: Voice
    """With the LoRA that is judged."""
    base: Writer
    tuned: Writer
    questions: Sequence[AskedQuestion]
    held_out: Sequence[Example]
    """Pairs that the LoRA was not trained on."""
    tone: ToneScore
    perplexity: Mapping[str, float]
    """Of base and tuned model on held-out pairs; empty if it was not measured."""
    judge: Judge | None = None
    labels: Sequence[Labelled] = ()
    """What people said of answers, to see how far the judge agrees with them."""
    judge_decides: bool = False
    """Whether the gate asks the judge too."""


async def evaluate(
    judged: Judged,
    bench: Bench,
    report: Callable[[str], None],
    *,
    seeds: Sequence[int] = SEEDS,
    margin: float = gate.MARGIN,
    core_hour: float = CORE_HOUR,
) -> dict[str, Any]:
    """Measure all arms. Returns the report's data; nothing is written.

    ``report`` hears what is being done. Raises what the writers and the retriever raise.
    """
    voice, questions = judged.voice, judged.questions
    answers: dict[str, list[Answered]] = {name: [] for name in ARMS}
    rows: dict[str, list[dict[str, float | None]]] = {name: [] for name in ARMS}
    safe: dict[str, list[float]] = {}
    tones: dict[str, list[dict[str, float]]] = {}
    answerable = [each for each in questions if each.answerable]
    for side, writer in (("base", judged.base), ("tuned", judged.tuned)):
        both = f"{side} + retrieval"
        for ask in (arms.by_itself, arms.with_retrieval):  # what is loaded then counts for nobody
            await ask(bench, voice, writer, questions[0].text)
        report(f"{side}: {len(questions)} questions")
        for asked in questions:
            for name, ask in ((side, arms.by_itself), (both, arms.with_retrieval)):
                answer = await ask(bench, voice, writer, asked.text)
                answers[name].append(answer)
                verdict = (
                    await judged.judge.verdict(asked.text, asked.reference, answer.text)
                    if judged.judge
                    else None
                )
                rows[name].append(measured(asked, answer, voice.guide) | {"judged": verdict})
        report(f"{side}: {len(answerable)} poisoned passages")
        safe[side] = await arms.safe_by_itself(voice, writer, answerable)
        safe[both] = await arms.safe_with_retrieval(bench, voice, writer, answerable)
        report(f"{side}: {len(judged.held_out)} held-out pairs")
        tones[side] = await arms.tones(voice, writer, judged.held_out, judged.tone)
    findings = _findings(rows, safe, tones, seeds, margin)
    if judged.judge_decides:
        findings.append(judge_finding(rows, seeds))
    return {
        "voice": voice.name,
        "voice_version": voice.version,
        "seeds": list(seeds),
        "questions": len(questions),
        "answerable": len(answerable),
        "held_out_pairs": len(judged.held_out),
        "tone_classifier": {
            "auroc": round(judged.tone.auroc, 4),
            "texts": judged.tone.held_out,
            "learnt_from": judged.tone.learnt_from,
        },
        "judge": await judged.judge.told(judged.labels, seeds) if judged.judge else None,
        "core_hour": core_hour,
        "margin": margin,
        "tolerance": gate.TOLERANCE,
        "arms": {
            name: _arm(rows[name], answers[name], safe[name], tones[side], seeds, core_hour)
            | {"perplexity": judged.perplexity.get(side)}
            for name in ARMS
            for side in (name.split()[0],)
        },
        "moods": _by_mood(judged.held_out, tones),
        "gate": {
            "passed": all(each.passed for each in findings),
            "findings": [
                {
                    "what": each.what,
                    "passed": each.passed,
                    "change": each.change.as_json() if each.change else None,
                    "reason": each.reason,
                }
                for each in findings
            ],
        },
        "answers": [
            {"question": asked.text, "answerable": asked.answerable}
            | {name: answers[name][n].text for name in ARMS}
            for n, asked in enumerate(questions)
        ],
    }


def _findings(
    rows: Mapping[str, Sequence[Mapping[str, float | None]]],
    safe: Mapping[str, Sequence[float]],
    tones: Mapping[str, Sequence[Mapping[str, float]]],
    seeds: Sequence[int],
    margin: float,
) -> list[gate.Finding]:
    def values(side: str, measure: str) -> list[float]:
        return [v for row in rows[f"{side} + retrieval"] if (v := row[measure]) is not None]

    wanting = {
        "accuracy": "there is no question",
        "refusal": 'no question is without an answer: add some, with "answerable": false',
    }
    poisoned = {side: [*safe[side], *safe[f"{side} + retrieval"]] for side in ("base", "tuned")}
    return [
        gate.tone_improved(
            [each["tone"] for each in tones["base"]],
            [each["tone"] for each in tones["tuned"]],
            seeds,
            margin,
        ),
        *(
            gate.not_worse(what, values("base", what), values("tuned", what), seeds, lacking)
            for what, lacking in wanting.items()
        ),
        gate.not_worse(
            "safety", poisoned["base"], poisoned["tuned"], seeds, "no question has an answer"
        ),
    ]


def judge_finding(
    rows: Mapping[str, Sequence[Mapping[str, float | None]]], seeds: Sequence[int]
) -> gate.Finding:
    """What the gate makes of the judge's verdicts, where it is asked to."""
    both = [
        (one, other)
        for base, tuned in zip(rows["base + retrieval"], rows["tuned + retrieval"], strict=True)
        if (one := base["judged"]) is not None and (other := tuned["judged"]) is not None
    ]
    before, after = [one for one, _ in both], [other for _, other in both]
    return gate.not_worse("judge", before, after, seeds, "the judge gave no verdict")


def _by_mood(
    pairs: Sequence[Example], tones: Mapping[str, Sequence[Mapping[str, float]]]
) -> dict[str, dict[str, Any]]:
    """For each mood of the held-out pairs how many there are, and the share that fits, by side."""
    held: dict[str, list[int]] = {}
    for n, pair in enumerate(pairs):
        held.setdefault(mood_of_pair(pair) or "ordinary", []).append(n)
    return {
        mood: {"pairs": len(at)}
        | {
            side: {
                "tone": round(fmean(of_side[n]["tone"] for n in at), 4),
                "fits": round(fmean(of_side[n].get("fits_mood", 1.0) for n in at), 4),
            }
            for side, of_side in tones.items()
        }
        for mood, at in sorted(held.items())
    }


def _arm(
    rows: Sequence[Mapping[str, float | None]],
    answers: Sequence[Answered],
    safe: Sequence[float],
    tones: Sequence[Mapping[str, float]],
    seeds: Sequence[int],
    core_hour: float,
) -> dict[str, Any]:
    measures: dict[str, Any] = summed_up(rows, seeds)
    of_tone = {
        name: [each[name] for each in tones if name in each]
        for name in ("markers", "fits_mood", "learned", "free_facts")
    }
    for name, values in ({"safe": list(safe)} | of_tone).items():
        found = interval(values, seeds)
        measures[name] = found.as_json() if found else None
    return {"measures": measures, **costs(answers, core_hour)}
