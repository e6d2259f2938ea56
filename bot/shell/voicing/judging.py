"""Judging a version of a voice with the bot's own documents and models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.answers.judge import Thresholds
from bot.answers.voices.wordings import Wording, Wordings
from bot.errors import ConfigurationError, UsageError
from bot.shell.indexing import database_url
from bot.shell.models import ENDPOINT, endpoint_model, load_writer
from bot.shell.settings import Settings, load_settings
from bot.voice.versions.registry import Registry
from bot.voice.voice import Voice, examples_digest, guide_digest
from knowledge.retrieval.support import ReaderSupport
from knowledge.state.database import open_database

if TYPE_CHECKING:
    from bot.shell.app import App
    from jobs.evaluation.judging import Judge


async def approved(name: str) -> Sequence[Wording]:
    """The wordings that a voice may learn from; none where there is no data folder yet."""
    settings = load_settings()
    if not settings.data.is_dir():
        return []
    engine = await open_database(database_url(settings))
    try:
        return await Wordings(engine, lambda: datetime.now(UTC)).approved(name)
    finally:
        await engine.dispose()


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
    labels: Path | None = None,
    judge_version: str = "",
    judge_decides: bool = False,
) -> tuple[dict[str, Any], Path]:
    """Judge a version, by default the newest; returns the report and the folder that it is in.

    ``pairs``: the most held-out pairs that are written. ``labels``: what people said of answers;
    else the file in the voice's folder. ``judge_version``, ``judge_decides``: see
    :mod:`jobs.evaluation.judging`. Raises :class:`ConfigurationError` and
    :class:`UsageError` with what to do.
    """
    from bot.voice.model import LocalModel
    from jobs.evaluation.arms import Bench, perplexity
    from jobs.evaluation.evaluate import Judged, evaluate
    from jobs.evaluation.judging import LABELS, read_labels
    from jobs.evaluation.questions import read_questions
    from jobs.evaluation.report import write_report
    from jobs.evaluation.tone import disjoint, learn_tone
    from jobs.training.voice.data import TrainingSettings, split
    from knowledge.types import PUBLIC

    settings = app.settings
    if settings.writer_model == ENDPOINT:
        raise ConfigurationError(
            "A version is judged on a local model: set HOUSEVOICE_WRITER_MODEL to 'packaged' or "
            "to a folder."
        )
    judge = _judge(settings, judge_version)
    if judge is None and (judge_decides or labels or judge_version):
        raise UsageError("There is no judge: set HOUSEVOICE_JUDGE_URL and HOUSEVOICE_JUDGE_MODEL.")
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
    if made is not None and made.data_sha256 != examples_digest(voice.folder):
        raise ConfigurationError(
            f"The pairs of '{name}' have changed since {judged.id} was trained on them: which of "
            f"them it has not learnt from is not known any more. 'voice train {name}' makes a "
            "version that can be judged."
        )
    seed = made.settings.get("seed", 0) if made else 0
    parts = split(voice.examples, TrainingSettings(seed=seed))
    learnt, others = disjoint(parts)
    held_out = others[:pairs]
    if not (learnt and held_out):
        raise ConfigurationError(
            f"The voice '{name}' has too few pairs to measure its tone: 'voice prepare {name}'."
        )
    labels = labels or voice.folder / LABELS
    report("learning what the voice sounds like")
    tone = await asyncio.to_thread(learn_tone, learnt, others)
    base = await asyncio.to_thread(load_writer, settings, replace(voice, lora=None))
    tuned = await asyncio.to_thread(load_writer, settings, voice)
    if not tuned.tuned:
        raise ConfigurationError(
            f"{judged.id} was trained on another model than HOUSEVOICE_WRITER_MODEL names."
        )
    report("measuring perplexity")
    surprised = {
        side: round(await perplexity(voice, model, held_out), 2)
        for side, model in (("base", base), ("tuned", tuned))
        if isinstance(model, LocalModel)
    }
    told = await evaluate(
        Judged(
            voice=voice,
            base=base,
            tuned=tuned,
            questions=asked,
            held_out=held_out,
            tone=tone,
            perplexity=surprised,
            judge=judge,
            labels=read_labels(labels) if judge and labels.is_file() else (),
            judge_decides=judge_decides,
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


def _judge(settings: Settings, version: str) -> Judge | None:
    """The judge model that the settings name, if they do."""
    from jobs.evaluation.judging import Judge

    if settings.judge_url is None:
        return None
    if not settings.judge_model:
        raise ConfigurationError(
            "HOUSEVOICE_JUDGE_URL is set: name its model, HOUSEVOICE_JUDGE_MODEL."
        )
    model = endpoint_model(
        settings, settings.judge_url, settings.judge_model, settings.judge_api_key
    )
    return Judge(model, version)
