"""Judging a version of a voice with the bot's own documents and models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.answers.judge import Thresholds
from bot.errors import ConfigurationError, UsageError
from bot.shell.models import ENDPOINT, load_writer
from bot.voice.versions.registry import Registry
from bot.voice.voice import Voice, guide_digest
from knowledge.retrieval.support import ReaderSupport

if TYPE_CHECKING:
    from bot.shell.app import App


async def evaluate_voice(
    app: App,
    name: str,
    version: str | None,
    questions: Path,
    report: Callable[[str], None],
    *,
    pairs: int,
    seeds: Sequence[int],
    margin: float,
    core_hour: float,
    principals: Sequence[str] = (),
) -> tuple[dict[str, Any], Path]:
    """Judge a version, by default the newest; returns the report and the folder that it is in.

    ``pairs``: the most held-out pairs that are written. Raises :class:`ConfigurationError` and
    :class:`UsageError` with what to do.
    """
    from jobs.evaluation.arms import Bench
    from jobs.evaluation.evaluate import Judged, evaluate
    from jobs.evaluation.questions import read_questions
    from jobs.evaluation.report import write_report
    from jobs.evaluation.tone import learn_tone
    from jobs.training.voice.data import TrainingSettings, split
    from knowledge.types import PUBLIC

    settings = app.settings
    if settings.writer_model == ENDPOINT:
        raise ConfigurationError(
            "A version is judged on a local model: set HOUSEVOICE_WRITER_MODEL to 'packaged' or "
            "to a folder."
        )
    known = Registry(settings.voices, lambda: datetime.now(UTC))
    versions = known.versions(name)
    if not versions:
        raise UsageError(f"The voice '{name}' has no version: 'voice train {name}' makes one.")
    judged = known.version(name, version) if version else versions[-1]
    if judged.fault:
        raise UsageError(judged.fault)
    asked = read_questions(questions)
    voice = Voice.load(settings.voices, name, judged.id)
    made = judged.manifest
    seed = made.settings.get("seed", 0) if made else 0
    parts = split(voice.examples, TrainingSettings(seed=seed))
    held_out = parts.test[:pairs]
    if not (parts.train and held_out):
        raise ConfigurationError(
            f"The voice '{name}' has too few pairs to measure its tone: 'voice prepare {name}'."
        )
    report("learning what the voice sounds like")
    tone = await asyncio.to_thread(learn_tone, parts.train, parts.test)
    base = await asyncio.to_thread(load_writer, settings, replace(voice, lora=None))
    tuned = await asyncio.to_thread(load_writer, settings, voice)
    if not tuned.tuned:
        raise ConfigurationError(
            f"{judged.id} was trained on another model than HOUSEVOICE_WRITER_MODEL names."
        )
    metrics = made.metrics if made else {}
    told = await evaluate(
        Judged(
            voice=voice,
            base=base,
            tuned=tuned,
            questions=asked,
            held_out=held_out,
            tone=tone,
            perplexity={s: m["perplexity"] for s, m in metrics.items() if "perplexity" in m},
        ),
        Bench(
            app.retriever,
            Thresholds(settings.sure, settings.unsure, settings.near),
            settings.writer_freedom,
            ReaderSupport(app.reader),
            settings.frame,
            frozenset({PUBLIC, *principals}),
        ),
        report,
        seeds=seeds,
        margin=margin,
        core_hour=core_hour,
    )
    told = {"version": judged.id, "base_model": made.base if made else "", **told}
    where = await asyncio.to_thread(write_report, judged.folder, told, guide_digest(voice.folder))
    return told, where


async def teach(voices: Path, voice: str, question: str, plain: str, voiced: str) -> None:
    """Keep a pair for the next training of a voice. Raises :class:`OSError`."""
    from jobs.training.voice.preparing.prepare import add_pair

    row = {"kind": "answer", "question": question, "plain": plain, "voiced": voiced}
    await asyncio.to_thread(add_pair, voices / voice, row)
