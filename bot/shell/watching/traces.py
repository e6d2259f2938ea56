"""Traces for OpenTelemetry: a span for each question, and one in it for each stage of its way.

An optional extra, set up by the environment as OpenTelemetry names it; without, nothing of it is
imported. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError
from bot.journey import Journey, Watch, unwatched

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

NAME = "housevoice"
_LAST_SECONDS = 3.0
_RECEIVERS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTER = "OTEL_TRACES_EXPORTER"


@contextmanager
def traced() -> Iterator[Watch]:
    """Sends a trace of every question to the receiver that the environment names; else to nobody.

    What is not sent yet at the end is sent then. Raises :class:`ConfigurationError`.
    """
    if not _is_wanted(os.environ):
        yield unwatched
        return
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        exporter = _exporter(os.environ.get(_EXPORTER, "otlp"))
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "The environment asks for traces (OTEL_…), which need the extra: "
            "pip install 'housevoice[traces]'."
        ) from error
    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: NAME}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Traces(provider).watch
    finally:
        # Of a receiver that is away it would wait for longer than a stop may take.
        ending = Thread(target=provider.shutdown, name="last traces", daemon=True)
        ending.start()
        ending.join(_LAST_SECONDS)


class Traces:
    """Makes spans of journeys. Ids, names and figures are in them, and no text."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(NAME)

    def watch(self, journey: Journey) -> None:
        """Give on one whose way has ended; see :class:`bot.journey.Journey`."""
        from opentelemetry.context import Context
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        whole = self._tracer.start_span(
            "question",
            Context(),  # whatever else is traced in this process, a question begins a trace
            SpanKind.SERVER,
            {
                f"{NAME}.platform": journey.platform,
                f"{NAME}.outcome": journey.outcome,
                **{f"{NAME}.{name}": value for name, value in journey.facts.items()},
                **{f"{NAME}.tokens.{kind}": n for kind, n in journey.tokens.items()},
            },
            start_time=journey.began,
        )
        if journey.fault:
            whole.set_attribute("error.type", journey.fault)
        if journey.outcome == "failed":
            whole.set_status(Status(StatusCode.ERROR))
        within = set_span_in_context(whole)
        for stage in journey.stages:
            self._tracer.start_span(stage.name, within, start_time=stage.began).end(stage.ended)
        whole.end(journey.ended)


def _is_wanted(environment: Mapping[str, str]) -> bool:
    """Only where somebody said where to: by itself nothing leaves the house."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if exporter := environment.get(_EXPORTER):
        return exporter != "none"
    return any(environment.get(name) for name in _RECEIVERS)


def _exporter(name: str) -> SpanExporter:
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    if name != "otlp":
        raise ConfigurationError(f"{_EXPORTER} is {name!r}: set it to otlp, console or none.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
