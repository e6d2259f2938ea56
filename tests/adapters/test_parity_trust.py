"""Parity of what people rely on: nothing lost, nothing twice, nothing live, nothing leaked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.cards import LABELS
from tests.adapters.stages.playing import (
    ANSWER,
    PLATFORMS,
    QUESTION,
    limited,
    needs,
    played,
    shown,
)
from tests.adapters.stages.stage import Stage
from tests.kit.fakes import evidence

PRIVATELY = "I may know more in a direct message."


@pytest.fixture(params=PLATFORMS)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(request, tmp_path) as stage:
        yield stage


# --- reliability ----------------------------------------------------------------------------------


@needs("redelivery")
async def test_what_is_delivered_twice_is_answered_once(stage: Stage) -> None:
    async with stage.everything_comes_twice():
        await stage.say("ann", "general", QUESTION)
        await stage.say("ann", "direct", QUESTION)
    await stage.settled()
    assert len(stage.everyone_sees("general")) == 1
    assert len(stage.everyone_sees("direct")) == 1


@needs("restarts")
async def test_what_was_heard_before_a_crash_is_answered_after_it(stage: Stage) -> None:
    with stage.held() as heard:
        await stage.say("ann", "general", QUESTION)
        await heard()
        await stage.crash()
    assert not any(ANSWER in each.text for each in stage.everyone_sees("general"))
    await stage.start_again()
    await stage.settled()
    (answer,) = stage.everyone_sees("general")
    assert ANSWER in answer.text and answer.sources == ("[1] Pay",)


@needs("outages")
async def test_what_the_platform_refused_is_answered_later_and_once(stage: Stage) -> None:
    stage.outage()
    await stage.say("ann", "general", QUESTION)
    await stage.settled()
    assert not any(ANSWER in each.text for each in stage.everyone_sees("general"))
    stage.outage_ends()
    stage.bench.clock.tick(31)
    await stage.bench.dispatcher.recover(stage.adapter)
    await stage.settled()
    (answer,) = stage.everyone_sees("general")
    assert ANSWER in answer.text and answer.sources == ("[1] Pay",)


async def test_when_it_breaks_it_apologises_with_an_error_id(stage: Stage) -> None:
    stage.bench.passages.fault = RuntimeError("the disk is on fire")
    with capture_logs() as logged:
        answer = await stage.ask("ann", "general", QUESTION)
    (failure,) = [each for each in logged if each["event"] == "message_failed"]
    assert failure["error_id"] in answer.text
    assert "disk" not in answer.text
    assert ANSWER in (await stage.ask("ann", "general", QUESTION)).text


# --- how it looks ---------------------------------------------------------------------------------


async def test_a_long_answer_arrives_whole_and_in_order(stage: Stage) -> None:
    parts = [f"Point {n}: " + "the handbook says so. " * 20 for n in range(90)]
    stage.will_answer("\n\n".join(parts))
    assert sum(map(len, parts)) > 40_000
    await stage.say("ann", "general", QUESTION)
    await stage.settled()
    seen = stage.everyone_sees("general")
    files = "".join("".join(each.files.values()) for each in seen)
    whole = files or "\n".join(each.text for each in seen)
    places = [whole.find(f"Point {n}: ") for n in range(90)]
    assert -1 not in places and places == sorted(places)
    assert all(whole.count(f"Point {n}: ") == 1 for n in range(90))
    assert whole.count("the handbook says so.") == 90 * 20


@needs("formatting")
async def test_a_table_is_aligned(stage: Stage) -> None:
    stage.will_answer(
        "| City | Days |\n|---|---|\n| Ghent | 25 |\n| Lisbon and around | 7 |\n\nThat is all."
    )
    answer = await stage.ask("ann", "general", QUESTION)
    lines = answer.text.splitlines()
    (head,) = (line for line in lines if "City" in line)
    (ghent,) = (line for line in lines if "Ghent" in line)
    (lisbon,) = (line for line in lines if "Lisbon" in line)
    assert head.index("Days") == ghent.index("25") == lisbon.index("7")


@needs("mentions")
async def test_mentions_in_an_answer_ring_nobody(stage: Stage) -> None:
    bob = stage.principal("bob").rpartition(":")[2]
    stage.will_answer(
        f"Ask @everyone, @here, @channel, <!channel>, <!here>, <@{bob}>, <@!{bob}> or "
        f"[them](https://evil.example/@everyone) and `@here`."
    )
    answer = await stage.ask("ann", "general", QUESTION)
    assert answer.rings == ()
    assert "everyone" in answer.text and "here" in answer.text


@needs("formatting")
async def test_only_cited_sources_can_be_clicked(stage: Stage) -> None:
    answer = await stage.ask("ann", "general", QUESTION)
    assert answer.links == {"https://intra.example/pay"}
    stage.will_answer(
        "See [them](https://evil.example/x), https://evil.example/y and www.evil.example/z."
    )
    answer = await stage.ask("ann", "general", QUESTION)
    assert answer.links == set()
    assert "https://evil.example/y" in answer.text


# --- who may read what ----------------------------------------------------------------------------


@needs("others")
async def test_what_only_the_asker_may_read_is_told_in_private_only(stage: Stage) -> None:
    limited(stage, "ann")
    in_private = shown(await stage.command("ann", "general", "/ask How high is the bonus?"))
    assert "3%" in in_private.text
    assert "3%" in (await stage.ask("ann", "direct", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("ann", "general", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("bob", "direct", "How high is the bonus?")).text
    assert ANSWER in (await stage.ask("ann", "general", QUESTION)).text


@needs("others")
async def test_what_stays_open_among_others_is_told_alike_whether_or_not_there_is_more(
    stage: Stage,
) -> None:
    bonus = "How high is the bonus?"
    soup = evidence("Soup is on Mondays.", title="Canteen", document="canteen.md", answers=0.3)
    stage.bench.knows("canteen", soup)
    without = (await stage.ask("ann", "general", bonus)).text
    assert PRIVATELY in without
    limited(stage, "ann")
    assert (await stage.ask("ann", "general", bonus)).text == without
    assert (await stage.ask("bob", "general", bonus)).text == without
    unsure = await stage.ask("ann", "general", "What is in the canteen today?")
    assert "Soup" in unsure.text and PRIVATELY in unsure.text
    assert PRIVATELY not in (await stage.ask("ann", "general", QUESTION)).text
    assert PRIVATELY not in (await stage.ask("bob", "direct", bonus)).text
    assert PRIVATELY not in shown(await stage.command("bob", "general", f"/ask {bonus}")).text


@needs("others")
async def test_what_a_group_may_read_is_told_to_its_members(stage: Stage) -> None:
    limited(stage, "managers")
    assert "3%" in (await stage.ask("ann", "direct", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("bob", "direct", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("ann", "general", "How high is the bonus?")).text


@needs("channels")
async def test_what_a_channel_may_read_is_told_in_it(stage: Stage) -> None:
    limited(stage, "board")
    assert "3%" in (await stage.ask("ann", "board", "How high is the bonus?")).text
    assert "3%" not in (await stage.ask("ann", "general", "How high is the bonus?")).text
    in_private = shown(await stage.command("ann", "general", "/ask How high is the bonus?"))
    assert "3%" in in_private.text
    outside = shown(await stage.command("bob", "general", "/ask How high is the bonus?"))
    assert "3%" not in outside.text
    assert ANSWER in (await stage.ask("ann", "board", QUESTION)).text


@needs("strangers")
async def test_strangers_read_nothing_of_the_company(stage: Stage) -> None:
    assert ANSWER not in (await stage.ask("ann", "shared", QUESTION)).text
    assert ANSWER not in (await stage.ask("stan", "shared", QUESTION)).text
    in_private = shown(await stage.command("ann", "shared", f"/ask {QUESTION}"))
    assert ANSWER in in_private.text
    told = shown(await stage.press("ann", in_private, "share"))
    assert "I cannot share this here" in told.text


# --- forums ---------------------------------------------------------------------------------------


@needs("forums")
async def test_a_new_post_is_answered_and_can_be_marked_as_solved(stage: Stage) -> None:
    assert "New forum posts get an answer." in (
        shown(await stage.command("ida", "forum", "/kb forum")).text
    )
    answer = await stage.ask("ann", "forum", QUESTION, mention=False)
    assert ANSWER in answer.text
    assert LABELS["solved"] in answer.buttons
    await stage.press("ann", answer, "solved")
    await stage.settled()
    assert stage.is_solved(answer)
