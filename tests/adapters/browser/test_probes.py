"""What machines ask of the console: whether it lives and is ready, and its figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from adapters.browser.site import site
from bot.desk.console.health import Queued
from bot.errors import PlatformError
from bot.ports import KnownSource
from bot.shell.watching.log import configure_log
from bot.shell.watching.metrics import Meter
from bot.source_ports import SourceData
from tests.adapters.browser.house import House, open_house, text_of
from tests.adapters.fake_platform import DIRECT, utterance
from tests.kit.fakes import FakeReleases, FakeSources, evidence


def figures(text: str) -> dict[str, float]:
    """Each with its labels, as it stands in the text."""
    return {
        f"{one.name}{sorted(one.labels.values())}": one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


async def asked_from(house: House, host: str, path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(site(house.adapter), client=(host, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://10.9.8.7") as http:
        return await http.get(path, headers=headers)


async def test_probes_need_no_session_and_come_by_any_address(house: House) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await asked_from(house, "10.0.0.1", path)).text == "ok"
    await house.adapter.stop_listening()
    assert (await asked_from(house, "10.0.0.1", "/readyz")).status_code == 503
    assert (await asked_from(house, "10.0.0.1", "/healthz")).status_code == 200


async def test_it_is_not_ready_when_its_database_does_not_answer(house: House) -> None:
    async with house.bench.engine.begin() as db:
        await db.exec_driver_sql("DROP TABLE inbox")
    told = await asked_from(house, "127.0.0.1", "/readyz")
    assert told.status_code == 503 and "inbox" not in told.text


async def test_answers_stages_and_sources_are_counted(house: House) -> None:
    house.bench.knows("salaries", evidence("Salaries arrive on the 28th."))
    clock = house.bench.clock
    house.bench.world.sources.known += [
        KnownSource("s1", "a", 3, True, passages=40, waits=True, read_at=clock()),
        KnownSource("s2", "b", 1, True, "It is away.", is_paused=True),
    ]
    meter = house.bench.meter
    configure_log("ERROR", meter)
    for text in ("When do salaries arrive?", "Who repairs bicycles?", "thanks!"):
        await house.bench.dispatcher.hear(house.office, utterance(text))
        await house.bench.settled()
    clock.tick(60)
    structlog.get_logger("housevoice").warning("slack_lookup_failed", reason="secret words")
    told = await asked_from(house, "127.0.0.1", "/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    found = figures(told.text)
    assert found["housevoice_answers_total['office', 'sure']"] == 1
    assert found["housevoice_answers_total['none', 'office']"] == 1
    assert found["housevoice_answers_total['office', 'other']"] == 1
    assert found["housevoice_stage_seconds_count['total']"] == 2
    assert found["housevoice_stage_seconds_count['retrieve']"] == 2
    assert found["housevoice_events_total['slack_lookup_failed', 'warning']"] == 1
    assert found["housevoice_waiting_questions[]"] == 0
    assert found["housevoice_source_age_seconds['s1']"] == 60
    assert "housevoice_source_age_seconds['s2']" not in found
    assert found["housevoice_source_failing['s2']"] == 1
    assert found["housevoice_source_documents['s1']"] == 3
    assert found["housevoice_source_passages['s1']"] == 40
    for name, one, other in (("waiting", 1, 0), ("paused", 0, 1)):
        assert found[f"housevoice_source_{name}['s1']"] == one
        assert found[f"housevoice_source_{name}['s2']"] == other
    for stage in ("first_sign", "wait", "send"):
        assert found[f"housevoice_stage_seconds_count['{stage}']"] == 3
    assert found["housevoice_questions_total['answered', 'office']"] == 3
    assert "secret" not in told.text and "bicycles" not in told.text and "ann" not in found


async def test_how_a_question_ended_is_counted(house: House) -> None:
    bench, office = house.bench, house.office
    house.bench.knows("salaries", evidence("Salaries arrive on the 28th."))
    office.fail("open_reply", PlatformError("not in channel"))
    await bench.dispatcher.hear(office, utterance("When do salaries arrive?"))
    await bench.settled()
    office.hold("principals")
    taken_back = utterance("Salaries?", place=DIRECT, address="direct")
    await bench.dispatcher.hear(office, taken_back)
    await office.reached["principals"].wait()
    await bench.dispatcher.deleted(office, taken_back.place, taken_back.id)
    found = figures((await asked_from(house, "127.0.0.1", "/metrics")).text)
    assert found["housevoice_questions_total['failed', 'office']"] == 1
    assert found["housevoice_questions_total['broken_off', 'office']"] == 1
    assert "housevoice_questions_total['answered', 'office']" not in found
    assert found["housevoice_stage_seconds_count['first_sign']"] == 1, "of the second alone"


async def test_how_long_the_first_has_waited_is_told_while_it_waits(house: House) -> None:
    office, clock = house.office, house.bench.clock
    office.hold("principals")
    for n in range(2):
        asked = utterance(f"Salaries {n}?", place=DIRECT, address="direct")
        await house.bench.dispatcher.hear(office, asked)
        clock.tick(45)
    found = figures((await asked_from(house, "127.0.0.1", "/metrics")).text)
    assert found["housevoice_waiting_questions[]"] == 2
    assert found["housevoice_longest_wait_seconds[]"] == 90
    ida = await house.signed_in("ida")
    assert "2, the first for 90.0 s" in text_of(await ida.get("/health"))


async def test_what_the_data_of_sources_looks_like_is_told(house: House) -> None:
    world, clock = house.bench.world, house.bench.clock
    languages = {"en": 2, "unknown": 1}
    world.releases.measured = {
        "s1": [
            SourceData(clock(), 3, 40, 9000, 0.25, languages, 2, 0.5),
            SourceData(clock(), 1, 4, 90, 0.0, {"de": 1}, 0, 1.0),
        ],
        "s2": [SourceData(None, 0, 0, 0, 0.0, {}, 0, 0.0)],
    }
    clock.tick(90)
    found = figures((await asked_from(house, "127.0.0.1", "/metrics")).text)
    for name, expected in {
        "unchanged_seconds": 90,
        "characters": 9000,
        "duplicates_ratio": 0.25,
        "unusable_documents": 2,
        "drift_ratio": 0.5,
    }.items():
        assert found[f"housevoice_source_{name}['s1']"] == expected
    assert found["housevoice_source_language_documents['en', 's1']"] == 2
    assert found["housevoice_source_language_documents['s1', 'unknown']"] == 1
    assert "housevoice_source_language_documents['de', 's1']" not in found, "of the newest alone"
    assert "housevoice_source_unchanged_seconds['s2']" not in found


async def test_sources_that_went_are_not_told_any_more(house: House) -> None:
    sources, measured = house.bench.world.sources, house.bench.world.releases.measured
    sources.known = [KnownSource("s1", "a", 1, True, read_at=house.bench.clock())]
    measured["s1"] = [SourceData(house.bench.clock(), 1, 1, 1, 0.0, {"en": 1}, 0, 1.0)]
    assert "s1" in (await asked_from(house, "127.0.0.1", "/metrics")).text
    sources.known = []
    measured.clear()
    assert "s1" not in (await asked_from(house, "127.0.0.1", "/metrics")).text


async def test_a_line_that_is_not_wanted_is_counted_and_not_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def none_waits() -> Queued:
        return Queued(0, 0.0)

    for level, written in (("WARNING", False), ("INFO", True), ("DEBUG", True)):
        meter = Meter()
        configure_log(level, meter)
        structlog.get_logger("housevoice").info("source_read", complete=False)
        assert ("source_read" in capsys.readouterr().err) == written
        made = await meter.exposition(
            FakeSources(), FakeReleases(), none_waits, dict, datetime.now(UTC)
        )
        assert figures(made.decode())["housevoice_nightly_readings_total['failed']"] == 1


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.1", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.1"}, 401),
    ],
)
async def test_without_a_token_only_this_machine_reads_the_figures(
    house: House, host: str, headers: dict[str, str], status: int
) -> None:
    assert (await asked_from(house, host, "/metrics", **headers)).status_code == status


async def test_with_a_token_whoever_shows_it_does(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"metrics_token": "sesame"}) as house:
        for token, status in (
            ("Bearer sesame", 200),
            ("Bearer x", 401),
            ("sesame", 401),
            ("", 401),
        ):
            told = await asked_from(house, "10.0.0.1", "/metrics", Authorization=token)
            assert told.status_code == status
        assert (await asked_from(house, "127.0.0.1", "/metrics")).status_code == 401
