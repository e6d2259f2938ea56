"""Figures for Prometheus: counted from the log's own events, and looked up when they are asked for.

https://prometheus.io/docs/practices/naming
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Final

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from bot.desk.console.health import Queued
from bot.journey import Journey
from bot.ports import Sources
from bot.source_ports import Releases

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_LEVELS: Final = {name.lower(): each for name, each in logging.getLevelNamesMapping().items()}
_ON_THE_WAY: Final = frozenset({"first_sign", "wait", "read", "send"})
"""Stages that the log's line of an answer does not have."""
Waiting = Callable[[], Awaitable[Queued]]
Away = Callable[[], Mapping[str, bool]]
"""By voice whether the model behind an endpoint that speaks it counts as away."""


class Meter:
    """The figures of this process. Nothing that anybody said is among them, and nobody's name."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._answers = Counter(
            "housevoice_answers",
            "Answers by platform and how sure they were; 'other' looked nothing up.",
            ("platform", "tier"),
            registry=self._registry,
        )
        self._questions = Counter(
            "housevoice_questions",
            "Questions that were taken up, by platform and how that ended.",
            ("platform", "outcome"),
            registry=self._registry,
        )
        self._tokens = Counter(
            "housevoice_tokens",
            "Tokens of answers that the writing model read and wrote.",
            ("kind",),
            registry=self._registry,
        )
        self._stages = Histogram(
            "housevoice_stage_seconds",
            "How long the stages of answers took; 'total' is all of an answer.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._events = Counter(
            "housevoice_events",
            "Lines of the log by event and level, whether they are written or not.",
            ("event", "level"),
            registry=self._registry,
        )
        self._readings = Counter(
            "housevoice_nightly_readings",
            "Readings of sources that were due: complete, waiting for an admin, or failed.",
            ("outcome",),
            registry=self._registry,
        )
        self._waiting = Gauge(
            "housevoice_waiting_questions",
            "Accepted and not answered yet, of all processes.",
            registry=self._registry,
        )
        self._longest = Gauge(
            "housevoice_longest_wait_seconds",
            "How long the first of those that wait has waited by now; 0 where none does.",
            registry=self._registry,
        )
        self._away = Gauge(
            "housevoice_writer_away",
            "1 while the endpoint that writes in a voice is left alone, since it failed too often.",
            ("voice",),
            registry=self._registry,
        )
        self._age = self._of_source("age_seconds", "Since a source was last read.")
        self._failing = self._of_source("failing", "1 if the last reading of a source failed.")
        self._held = self._of_source("waiting", "1 if changes of a source wait for an admin.")
        self._paused = self._of_source("paused", "1 if a source is not read until it is resumed.")
        self._documents = self._of_source("documents", "Documents of a source.")
        self._passages = self._of_source("passages", "Passages of a source.")
        self._unchanged = self._of_source(
            "unchanged_seconds", "Since a document of a source was last found new or changed."
        )
        self._characters = self._of_source("characters", "Characters of a source's documents.")
        self._duplicates = self._of_source(
            "duplicates_ratio", "Share of a source's passages that stand in it twice."
        )
        self._failures = self._of_source(
            "unusable_documents", "Documents that the last reading found and could not use."
        )
        self._drift = self._of_source(
            "drift_ratio", "Share of a source's documents that the last reading changed."
        )
        self._languages = self._of_source(
            "language_documents", "Documents of a source in a language.", "language"
        )

    def _of_source(self, name: str, what: str, *labels: str) -> Gauge:
        labels = ("source", *labels)
        return Gauge(f"housevoice_source_{name}", what, labels, registry=self._registry)

    def watch(self, journey: Journey) -> None:
        """Count a question whose way has ended; see :class:`bot.journey.Journey`."""
        self._questions.labels(journey.platform, journey.outcome).inc()
        for stage in journey.stages:
            if stage.name in _ON_THE_WAY:
                self._stages.labels(stage.name).observe(stage.seconds)
        for kind, tokens in journey.tokens.items():
            self._tokens.labels(kind).inc(tokens)

    def hear(self, level: str, event: Mapping[str, Any]) -> None:
        """Count one line of the log."""
        name = str(event.get("event", ""))
        self._events.labels(name, level).inc()
        if name == "message_answered":
            self._answers.labels(event["platform"], event.get("tier") or "other").inc()
            for stage, milliseconds in event.get("timings_ms", {}).items():
                self._stages.labels(stage).observe(milliseconds / 1000)
        elif name == "source_read":
            outcome = "waiting" if event.get("waits") else "complete"
            self._readings.labels(outcome if event.get("complete") else "failed").inc()

    async def exposition(
        self, sources: Sources, releases: Releases, waiting: Waiting, away: Away, now: datetime
    ) -> bytes:
        """All of it, as Prometheus reads it."""
        queued = await waiting()
        self._waiting.set(queued.number)
        self._longest.set(queued.longest_seconds)
        self._away.clear()
        for voice, is_away in away().items():
            self._away.labels(voice).set(is_away)
        told = (self._failing, self._held, self._paused, self._documents, self._passages)
        for gauge in (self._age, *told):
            gauge.clear()
        for each in await sources.all():
            values = (bool(each.fault), each.waits, each.is_paused, each.documents, each.passages)
            for gauge, value in zip(told, values, strict=True):
                gauge.labels(each.id).set(value)
            if each.read_at is not None:
                self._age.labels(each.id).set((now - each.read_at).total_seconds())
        await self._look_at_data(releases, now)
        return generate_latest(self._registry)

    async def _look_at_data(self, releases: Releases, now: datetime) -> None:
        told = (self._characters, self._duplicates, self._failures, self._drift)
        for gauge in (self._unchanged, self._languages, *told):
            gauge.clear()
        for source, data in (await releases.newest_data()).items():
            values = (data.characters, data.duplicates, data.failures, data.drift)
            for gauge, value in zip(told, values, strict=True):
                gauge.labels(source).set(value)
            for language, documents in data.languages.items():
                self._languages.labels(source, language).set(documents)
            if data.newest_at is not None:
                self._unchanged.labels(source).set((now - data.newest_at).total_seconds())


class Counting:
    """A step of the log that has every line counted, and lets through those that are wanted."""

    def __init__(self, meter: Meter, level: str) -> None:
        self._meter = meter
        self._least = logging.getLevelNamesMapping()[level]

    def __call__(
        self, _: object, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """As structlog calls it."""
        self._meter.hear(method, event)
        if _LEVELS.get(method, logging.ERROR) < self._least:
            raise structlog.DropEvent
        return event
