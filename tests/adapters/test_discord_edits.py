"""Questions on Discord that are changed or taken back while they are answered, or after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.discord_office import (
    ANSWER,
    Office,
    assert_nothing_to_fear,
    moderator,
    office_at,
)
from tests.adapters.slack_office import will_answer


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened
        assert_nothing_to_fear(opened)


async def test_words_that_change_while_they_are_answered_get_the_new_answer(
    office: Office,
) -> None:
    await office.start()
    asked = [await office.begin(f"what is the wifi password {n}?") for n in range(8)]
    for each in asked:
        await office.discord.edit(
            office.ann, each, f"{office.discord.mention} how many days of leave?"
        )
    await office.rest()
    office.assert_one_answer_each(asked)


async def test_every_second_question_that_is_taken_back_in_a_rush_leaves_the_others(
    office: Office,
) -> None:
    await office.start()
    office.discord.deliveries = 2
    asked = [await office.begin(f"days of leave {n}?") for n in range(12)]
    for each in asked[::2]:
        await office.discord.delete(office.ann, each)
    await office.rest()
    assert len(office.everything()) == 6, office.transcript()
    assert all(len(office.answers(each)) == 1 for each in asked[1::2])


@pytest.mark.parametrize("seconds", [59, 61])
async def test_words_that_change_count_for_a_minute(office: Office, seconds: int) -> None:
    await office.start()
    asked = await office.ask("what is the wifi password?")
    before = office.answers(asked)[0].text
    office.bench.clock.tick(seconds)
    text = f"{office.discord.mention} how many days of leave?"
    await office.discord.edit(office.ann, asked, text)
    await office.rest()
    (answer,) = office.answers(asked)
    assert (ANSWER in answer.text) == (seconds < 60), answer.text
    assert (answer.text == before) == (seconds > 60)


@pytest.mark.parametrize("seconds", [59, 61])
async def test_an_answer_goes_with_its_question_for_a_minute(office: Office, seconds: int) -> None:
    await office.start()
    asked = await office.ask()
    office.bench.clock.tick(seconds)
    await office.discord.delete(office.ann, asked)
    await office.rest()
    assert bool(office.everything()) == (seconds > 60)


async def test_an_answer_that_grows_longer_by_an_edit_is_whole(office: Office) -> None:
    """Its further messages must not be taken for the first one, posted minutes ago."""
    await office.start()
    asked = await office.ask()
    for n, size in enumerate((900, 2, 1600, 1, 900)):
        will_answer(office.bench, f"Answer {n}: " + f"word{n} " * size + f"end {n}")
        text = f"{office.discord.mention} leave, try {n}?"
        await office.discord.edit(office.ann, asked, text)
        await office.rest()
        whole = " ".join(each.text for each in office.answers(asked))
        assert whole.startswith(f"Answer {n}:"), whole[:200]
        assert whole.count(f"word{n} ") == size, "something of it is missing"
        assert f"end {n}" in whole


async def test_an_answer_in_parts_is_gone_on_with_where_a_dead_process_left_it(
    office: Office,
) -> None:
    await office.start()
    pieces = ("Begin. " + "word " * 300, "word " * 1400 + "end.")
    will_answer(office.bench, *pieces, gate=asyncio.Event())
    asked = await office.begin()
    await office.discord.until(office.everything)
    await office.crash()
    replica = await office.replica()
    will_answer(replica, *pieces)
    await office.start(replica)
    await office.rest()
    said = office.answers(asked)
    whole = " ".join(each.text for each in said)
    assert whole.count("word") == 1700 and whole.startswith("Begin.") and "end." in whole
    assert len(said) == 3, [each.text[:50] for each in said]


async def test_when_an_answer_was_removed_an_edit_brings_a_new_one(office: Office) -> None:
    await office.start()
    asked = await office.ask("what is the wifi password?")
    await office.discord.delete(moderator(office), office.answers(asked)[0])
    text = f"{office.discord.mention} how many days of leave?"
    await office.discord.edit(office.ann, asked, text)
    await office.rest()
    office.assert_one_answer_each([asked])
