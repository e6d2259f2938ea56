"""What operators watch of a real app: figures, a dashboard and rules made of them, and traces."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from adapters.browser.adapter import BrowserAdapter
from adapters.browser.config import BrowserConfig
from adapters.browser.site import site
from bot.errors import ConfigurationError, PlatformError
from bot.shell.app import open_app
from bot.shell.settings import Settings
from bot.shell.watching.traces import Traces, traced
from tests.adapters.desk_bench import open_bench
from tests.adapters.fake_platform import FakePlatform, utterance
from tests.docs_tables import PROJECT
from tests.kit.fakes import evidence

RULES = PROJECT / "deploy" / "alerts.yaml"
DASHBOARD = PROJECT / "deploy" / "dashboard.json"
CASES = PROJECT / "tests" / "data" / "alerts_test.yaml"
QUESTION, ANSWER = "When do salaries arrive?", "Salaries arrive on the 28th of each month."
NOBODY = "http://127.0.0.1:9/v1"
"""Where no endpoint listens."""
SECRET = re.compile(r"salar|28th|bicycle|zanzibar", re.I)


@dataclass
class Seen:
    """What an operator got of one run."""

    page: str = ""
    """``/metrics``."""
    bodies: list[bytes] = field(default_factory=list)
    """What was sent to the receiver of traces."""

    @property
    def labels(self) -> dict[str, set[str]]:
        """Of each figure, by the name that a query has for it."""
        found: dict[str, set[str]] = {"up": {"job", "instance"}}
        for family in text_string_to_metric_families(self.page):
            for sample in family.samples:
                found.setdefault(sample.name, {"job", "instance"}).update(sample.labels)
        return found

    @property
    def spans(self) -> list[Any]:
        """In the order in which they ended."""
        sent = [ExportTraceServiceRequest.FromString(each) for each in self.bodies]
        return [
            span
            for request in sent
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """An OTLP receiver, and what it was sent."""
    bodies: list[bytes] = []

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiving)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def seen(
    receiver: tuple[str, list[bytes]], weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Seen:
    """Three questions with an answer and one without, while the endpoint that writes is away."""
    address, bodies = receiver
    folder = tmp_path_factory.mktemp("watched")
    (folder / "weights").symlink_to(weights, target_is_directory=True)
    (folder / "docs").mkdir()
    (folder / "docs" / "pay.md").write_text(f"# Pay\n\n{ANSWER}\n", "utf-8")
    settings = Settings(
        data=folder,
        writer_model="endpoint",
        writer_url=NOBODY,
        writer_retries=0,
        writer_fallback="packaged",
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        page = asyncio.run(_watched(settings, folder / "docs"))
    return Seen(page, bodies)


async def _watched(settings: Settings, docs: Path) -> str:
    office = FakePlatform()
    async with open_app(settings) as app:
        await app.library.add(str(docs))
        for text in (QUESTION, QUESTION, QUESTION, "Who repairs bicycles in Zanzibar?"):
            await app.desk.dispatcher.hear(office, utterance(text))
            await app.desk.dispatcher.settled()
        config = BrowserConfig(host="127.0.0.1", port=0, address="http://x", key=b"k" * 32)
        served = httpx.ASGITransport(
            site(BrowserAdapter(config, app.console)), client=("127.0.0.1", 1)
        )
        async with httpx.AsyncClient(transport=served, base_url="http://x") as http:
            return (await http.get("/metrics")).text


def values(page: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_the_page_tells_of_an_endpoint_that_is_away_and_of_the_tokens_of_what_wrote_instead(
    seen: Seen,
) -> None:
    found = values(seen.page)
    assert found["housevoice_writer_away", "fernhill"] == 1
    assert found["housevoice_questions_total", "answered", "office"] == 4
    assert found["housevoice_answers_total", "office", "sure"] == 3
    assert found["housevoice_tokens_total", "read"] > found["housevoice_tokens_total", "written"]
    assert found["housevoice_tokens_total", "written"] > 0
    assert found["housevoice_stage_seconds_count", "read"] == 4
    assert SECRET.search(seen.page) is None


# --- what is made of the figures ------------------------------------------------------------------

_FIGURE = re.compile(r"\b(?:housevoice|process)_\w+|\bup\b(?=\{)")
_SELECTED = re.compile(r"(?P<name>\b(?:housevoice|process)_\w+|\bup)\{(?P<labels>[^}]*)\}")
_GROUPED = re.compile(r"\b(?:by|on) \((?P<labels>[^)]*)\)")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_text("utf-8"))["panels"])


def queries() -> list[str]:
    of_panels = [each["expr"] for panel in panels() for each in panel.get("targets", ())]
    return [*(rule["expr"] for rule in rules()), *of_panels]


def unknown(query: str, known: dict[str, set[str]]) -> set[str]:
    """What a query asks for that is on no page: figures, and labels of them."""
    figures = set(_FIGURE.findall(query))
    chosen = {
        f"{match['name']}{{{label}}}"
        for match in _SELECTED.finditer(query)
        for label in re.findall(r"(\w+)\s*[=!]", match["labels"])
        if label not in known.get(match["name"], set())
    }
    labels = set().union(*(known.get(each, set()) for each in figures))
    grouped = {
        label
        for match in _GROUPED.finditer(query)
        for label in re.split(r",\s*", match["labels"])
        if label not in labels
    }
    return (figures - known.keys()) | chosen | grouped


def test_whatever_the_dashboard_and_the_rules_ask_for_is_on_the_page(seen: Seen) -> None:
    # A process that read no source at its time has none of this yet.
    known = seen.labels | {"housevoice_nightly_readings_total": {"job", "instance", "outcome"}}
    assert "# TYPE housevoice_nightly_readings_total counter" in seen.page
    assert len(queries()) > 30
    assert [each for query in queries() for each in unknown(query, known)] == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("housevoice_answered_total > 1", "housevoice_answered_total"),
        ('sum(up{place="a"})', "up{place}"),
        ('rate(housevoice_answers_total{tiers=~"a"}[1m])', "housevoice_answers_total{tiers}"),
        ("max by (tier) (housevoice_writer_away)", "tier"),
    ],
)
def test_what_is_on_no_page_would_be_noticed(seen: Seen, query: str, fault: str) -> None:
    assert unknown(query, seen.labels) == {fault}


def test_the_dashboard_can_be_laid_out() -> None:
    whole = json.loads(DASHBOARD.read_text("utf-8"))
    assert whole["uid"] == "housevoice"
    assert whole["schemaVersion"] >= 36
    chosen = {f"${{{each['name']}}}" for each in whole["templating"]["list"]} | {"${datasource}"}
    for panel in panels():
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel.get("datasource", {}).get("uid", "${datasource}") in chosen
    numbers = [each["id"] for each in panels()]
    assert len(set(numbers)) == len(numbers)
    for one, other in combinations([each["gridPos"] for each in panels()], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above


def test_every_rule_says_what_is_the_matter_and_has_a_case_for_and_against_it() -> None:
    cases = {each["name"]: each for each in yaml.safe_load(CASES.read_text("utf-8"))["tests"]}
    names = [rule["alert"] for rule in rules()]
    assert cases.keys() == {f"{name} {does}" for name in names for does in ("fires", "is quiet")}
    for rule in rules():
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        for does, many in (("fires", 1), ("is quiet", 0)):
            (asked,) = cases[f"{rule['alert']} {does}"]["alert_rule_test"]
            assert asked["alertname"] == rule["alert"]
            assert len(asked["exp_alerts"]) == many


def test_every_rule_is_explained_to_operators() -> None:
    told = (PROJECT / "docs" / "operators.md").read_text("utf-8")
    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in told] == []


PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here: apt install prometheus")
def test_prometheus_itself_finds_that_the_rules_fire_when_they_should() -> None:
    for words in (["check", "rules", str(RULES)], ["test", "rules", str(CASES)]):
        done = subprocess.run([str(PROMTOOL), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


# --- traces ---------------------------------------------------------------------------------------


def test_a_question_is_a_span_with_its_stages_in_it(seen: Seen) -> None:
    wholes = [each for each in seen.spans if each.name == "question"]
    assert len(wholes) == 4
    assert all(not each.parent_span_id for each in wholes)
    for whole in wholes:
        parts = [each for each in seen.spans if each.parent_span_id == whole.span_id]
        names = {each.name for each in parts}
        assert names == {"first_sign", "wait", "retrieve", "read", "judge", "write", "send"}
        assert all(each.trace_id == whole.trace_id for each in parts)
        for part in parts:
            began, ended = part.start_time_unix_nano, part.end_time_unix_nano
            assert whole.start_time_unix_nano <= began <= ended <= whole.end_time_unix_nano
        (read,) = (each for each in parts if each.name == "read")
        (retrieved,) = (each for each in parts if each.name == "retrieve")
        assert read.start_time_unix_nano > retrieved.start_time_unix_nano


def test_nothing_that_was_said_is_in_a_span(seen: Seen) -> None:
    assert seen.bodies
    assert [each for each in seen.bodies if SECRET.search(each.decode("utf-8", "replace"))] == []
    told = {each.key for span in seen.spans for each in span.attributes}
    assert told == {
        *("housevoice.platform", "housevoice.outcome", "housevoice.tier", "housevoice.voice"),
        *("housevoice.trace_id", "housevoice.tokens.read", "housevoice.tokens.written"),
    }


async def spans_of(tmp_path: Path, office: FakePlatform, *texts: str) -> list[ReadableSpan]:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    async with open_bench(tmp_path, watch=Traces(provider).watch) as bench:
        bench.knows("salaries", evidence(ANSWER, title="Pay"))
        for text in texts:
            await bench.dispatcher.hear(office, utterance(text))
        await bench.settled()
    return [each for each in kept.get_finished_spans() if each.name == "question"]


async def test_questions_at_the_same_time_are_traces_of_their_own(tmp_path: Path) -> None:
    spans = await spans_of(tmp_path, FakePlatform(), QUESTION, "Who repairs bicycles?")
    assert len({each.context.trace_id for each in spans if each.context}) == 2
    assert {(each.attributes or {})["housevoice.tier"] for each in spans} == {"sure", "none"}


async def test_a_failure_is_told_by_its_kind_without_its_words(tmp_path: Path) -> None:
    office = FakePlatform()
    office.fail("finish", PlatformError("the salaries of the board cannot be shown"))
    (span,) = await spans_of(tmp_path, office, QUESTION)
    assert not span.status.is_ok
    assert (span.attributes or {})["error.type"] == "PlatformError"
    assert SECRET.search(span.to_json()) is None


# --- where it is not wanted, or not there ---------------------------------------------------------


def test_nothing_is_imported_where_no_receiver_is_named() -> None:
    code = (
        "import sys\nfrom bot.shell.watching.traces import traced\n"
        "with traced() as watch: print(watch.__name__, 'opentelemetry' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env={"PATH": "/usr/bin"},
    )
    assert done.stdout.split() == ["unwatched", "False"]


@pytest.mark.parametrize(
    ("environment", "is_on"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_SERVICE_NAME": "house"}, False),
    ],
)
def test_the_environment_says_whether_there_are_traces(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *, is_on: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with traced() as watch:
        assert (watch.__name__ == "watch") == is_on


def test_without_the_extra_it_is_told_which_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    for name in [each for each in sys.modules if each.startswith("opentelemetry.sdk")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match=r"housevoice\[traces\]"), traced():
        pass


def test_another_exporter_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    with pytest.raises(ConfigurationError, match="zipkin"), traced():
        pass
