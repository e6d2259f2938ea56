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

from bot.ports import Sources

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_LEVELS: Final = {name.lower(): each for name, each in logging.getLevelNamesMapping().items()}
Waiting = Callable[[], Awaitable[int]]


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
        self._age = Gauge(
            "housevoice_source_age_seconds",
            "Since a source was last read.",
            ("source",),
            registry=self._registry,
        )
        self._failing = Gauge(
            "housevoice_source_failing",
            "1 if the last reading of a source failed.",
            ("source",),
            registry=self._registry,
        )

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

    async def exposition(self, sources: Sources, waiting: Waiting, now: datetime) -> bytes:
        """All of it, as Prometheus reads it."""
        self._waiting.set(await waiting())
        self._age.clear()
        self._failing.clear()
        for each in await sources.all():
            self._failing.labels(each.id).set(bool(each.fault))
            if each.read_at is not None:
                self._age.labels(each.id).set((now - each.read_at).total_seconds())
        return generate_latest(self._registry)


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
