"""Parity of recall: an answer that no longer holds is marked where it stands, once, everywhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.answers.recall import LEASE
from tests.adapters.stages.playing import (
    ANSWER,
    PAY,
    PLATFORMS,
    QUESTION,
    bench,
    needs,
    played,
    shown,
)
from tests.adapters.stages.stage import Shown, Stage, Where
from tests.kit.fakes import evidence

NOW = evidence("Salaries arrive on the 25th.", title="Pay", document="pay.md")
WARNING = "This may no longer be right"


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        yield stage


async def change(stage: Stage) -> int:
    """The page says something else from now on; how many answers fell."""
    stage.bench.passages.forget(PAY)
    stage.bench.knows("salaries", NOW)
    return await stage.bench.recalls.check("handbook")


async def run(stage: Stage) -> None:
    await stage.bench.errands.run(stage.adapter)
    await stage.settled()


def where_it_stands(stage: Stage, answer: Shown) -> Shown:
    """The same message as it is now; a terminal writes below."""
    seen = stage.everyone_sees(answer.where)
    if stage.name == "console":
        return seen[-1]
    marked = [each for each in seen if ANSWER in each.text]
    assert len(marked) == 1, "it was changed, and not said once more"
    return marked[0]


@pytest.mark.parametrize("where", ["general", "direct"])
async def test_it_is_marked_in_place_and_asked_again_by_a_button(
    stage: Stage, where: Where
) -> None:
    answer = await stage.ask("ann", where, QUESTION)
    assert await change(stage) == 1
    await run(stage)
    marked = where_it_stands(stage, answer)
    assert WARNING in marked.text and "“Pay”" in marked.text and ANSWER in marked.text
    assert marked.confidence == "○ Outdated" and marked.buttons == ("Ask again",)
    await stage.press("ann", marked, "again")
    fresh = await stage.last(where)
    assert "25th" in fresh.text and WARNING not in fresh.text


async def test_it_is_done_once(stage: Stage) -> None:
    await stage.ask("ann", "general", QUESTION)
    await change(stage)
    await run(stage)
    before = [each.text for each in stage.everyone_sees("general")]
    assert await stage.bench.recalls.check() == 0
    stage.bench.clock.tick(2 * LEASE.total_seconds())
    await run(stage)
    assert [each.text for each in stage.everyone_sees("general")] == before
    assert [each["outcome"] for each in await stage.bench.rows("recall")] == ["marked"]


async def test_what_still_says_so_is_left_alone(stage: Stage) -> None:
    await stage.ask("ann", "general", QUESTION)
    stage.bench.passages.forget(PAY)
    longer = evidence(
        "Pay day comes once a month.\n\nSalaries arrive\non the 28th. Ask Kim.",
        title="Pay",
        document="pay.md",
    )
    stage.bench.knows("salaries", longer)
    assert await stage.bench.recalls.check("handbook") == 0


async def test_what_is_too_old_is_left_alone(stage: Stage) -> None:
    await stage.ask("ann", "general", QUESTION)
    stage.bench.clock.tick(15 * 24 * 3600)
    assert await change(stage) == 0


@bench(recall_days=0)
async def test_it_can_be_switched_off(stage: Stage) -> None:
    await stage.ask("ann", "general", QUESTION)
    assert await change(stage) == 0


@needs("restarts")
async def test_it_survives_a_restart(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    await change(stage)
    await stage.crash()
    await stage.start_again()
    await run(stage)
    assert WARNING in where_it_stands(stage, answer).text


@needs("outages")
async def test_a_process_that_dies_while_it_marks_leaves_it_to_the_next(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    await change(stage)
    assert len(await stage.bench.recalls.take(stage.name)) == 1  # and dies
    await run(stage)
    assert WARNING not in where_it_stands(stage, answer).text, "another is at it"
    stage.bench.clock.tick(LEASE.total_seconds() + 1)
    await run(stage)
    assert WARNING in where_it_stands(stage, answer).text


@needs("outages")
async def test_an_answer_that_was_deleted_is_no_harm(stage: Stage) -> None:
    await stage.ask("ann", "general", QUESTION)
    await change(stage)
    for row in await stage.bench.rows("inbox"):
        await stage.adapter.erase(stage.place("general"), json.loads(row["shown"]))
    assert stage.everyone_sees("general") == []
    await run(stage)
    assert stage.everyone_sees("general") == []
    assert [each["outcome"] for each in await stage.bench.rows("recall")] == ["gone"]


@needs("channels")
async def test_who_was_answered_in_private_is_told_in_private(stage: Stage) -> None:
    told = shown(await stage.command("ann", "general", f"/ask {QUESTION}"))
    assert ANSWER in told.text
    await change(stage)
    await run(stage)
    assert "may no longer be right" in stage.latest("ann").text
    assert QUESTION in stage.latest("ann").text
    assert stage.everyone_sees("general") == []
    assert [each["outcome"] for each in await stage.bench.rows("recall")] == ["told"]
