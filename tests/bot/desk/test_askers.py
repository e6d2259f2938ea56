"""Who asked what nothing answered is told once something does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk.kb.gaps import ANSWER
from bot.types import Place, Utterance
from tests.adapters.desk_bench import Bench, open_bench
from tests.adapters.fake_platform import CHANNEL, DIRECT, NAME, THREAD, FakePlatform, utterance

ASKED = "Who repairs bicycles?"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path) as bench:
        yield bench


async def asked(bench: Bench, office: FakePlatform, said: Utterance) -> None:
    await bench.dispatcher.hear(office, said)
    await bench.settled()


async def answered(bench: Bench, office: FakePlatform, readers: str) -> str:
    """Ida answers the newest gap; what she is told."""
    (gap, *_) = await bench.knowledge.gaps.open(9)
    values = {"question": gap.question, "answer": "Kim does.", "readers": readers}
    card = await bench.desk.submit(ANSWER, {"gap": gap.id}, office.by("ida"), values)
    await bench.errands.run(office)
    return card.text


async def test_everyone_who_asked_is_told_where_they_asked_and_once(bench: Bench) -> None:
    office = FakePlatform(admins={"ida"})
    await asked(bench, office, utterance(ASKED, place=THREAD))
    await asked(bench, office, utterance("who repairs bicycles", place=DIRECT, address="direct"))
    assert "Those who asked it are told." in await answered(bench, office, "public")
    await bench.errands.run(office)
    assert sorted(place.channel for place, _ in office.posts) == [THREAD.channel, DIRECT.channel]
    assert [place.thread for place, _ in office.posts if not place.direct] == [THREAD.thread]
    assert all("I can answer this now" in card.text for _, card in office.posts)
    assert all("Kim does" not in card.text for _, card in office.posts), "the answer is asked for"


@pytest.mark.parametrize(
    ("place", "readers", "is_told"),
    [
        (CHANNEL, f"{NAME}:channel:{CHANNEL.channel}", True),
        (CHANNEL, f"{NAME}:channel:C9", False),
        (CHANNEL, f"{NAME}:user:ann", False),  # not all who see it may read the answer
        (CHANNEL, "role:managers", False),
        (DIRECT, f"{NAME}:user:ann", True),
        (DIRECT, f"{NAME}:user:bob", False),
    ],
)
async def test_nobody_is_told_of_an_answer_that_is_not_for_them(
    bench: Bench, place: Place, readers: str, is_told: bool
) -> None:
    office = FakePlatform(admins={"ida"})
    await asked(bench, office, utterance(ASKED, place=place))
    told = await answered(bench, office, readers)
    assert (bool(office.posts), "are told" in told) == (is_told, is_told)


async def test_what_was_asked_in_private_in_a_channel_is_not_spoken_of_there(
    bench: Bench,
) -> None:
    office = FakePlatform(admins={"ida"})
    await asked(bench, office, replace(utterance(ASKED), private=True))
    await answered(bench, office, "public")
    assert office.posts == []
