"""What of voices waits in the console: wordings for a second person, and work under way."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from lxml import html

from bot.answers.voices.wordings import Wordings
from tests.adapters.browser.house import House, Tab, Who, open_house, text_of
from tests.adapters.fake_platform import NAME
from tests.kit.loras import put_version

VOICED = "Payday! Salaries arrive on the 28th."
BOB = f"{NAME}:user:bob"


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


async def worded(house: House, owner: str = BOB) -> str:
    wordings = Wordings(house.bench.engine, house.bench.clock)
    return await wordings.propose("fernhill", "Salaries arrive on the 28th.", VOICED, owner)


async def badge(tab: Tab, path: str = "/ask") -> list[str]:
    """The number beside a page's name, on a page."""
    page = html.fromstring((await tab.get(path, follow_redirects=True)).text)
    return [str(each) for each in page.xpath("//nav//span[@class='badge']/text()")]


async def test_who_may_approve_sees_that_a_wording_waits_and_approves_it(house: House) -> None:
    lea = await house.signed_in("lea")
    assert await badge(lea) == []
    id = await worded(house)
    assert await badge(lea) == ["1"]
    page = await lea.get("/voices")
    assert VOICED in text_of(page)
    pressed = {"action": "teach", "subject": id, "back": "/voices"}
    assert "Approved" in text_of(await lea.post("/press", pressed))
    assert await badge(lea) == [] and VOICED not in text_of(await lea.get("/voices"))
    (row,) = await house.bench.rows("wording")
    assert row["approved_at"] is not None


@pytest.mark.parametrize("who", ["ann", "ida", "local"])
async def test_others_are_not_told_of_it(house: House, who: Who) -> None:
    await worded(house)
    tab = await house.signed_in(who)
    assert await badge(tab) == [] and VOICED not in text_of(await tab.get("/voices"))


async def test_of_ones_own_nothing_waits(house: House) -> None:
    await worded(house, f"{NAME}:user:lea")
    assert await badge(await house.signed_in("lea")) == []


async def test_an_admin_has_a_version_judged_and_sees_how_far_it_is(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "voices" / "fernhill"
    put_version(folder, "v1", 1)
    ida = await house.signed_in("ida")
    of = {"voice": "fernhill", "version": "v1"}
    assert "I have no questions" in text_of(await ida.post("/do/voice/evaluate", of))
    opened = html.fromstring((await ida.post("/do/voice/questions", of)).text)
    (form,) = [each for each in opened.forms if each.action.startswith("/form/")]
    lines = "\n".join(f'{{"question": "What is {n}?", "answer": "It is {n}."}}' for n in range(5))
    told = await ida.post(form.action, {**dict(form.fields), "f-questions": lines})
    assert "5 questions" in text_of(told)
    monkeypatch.setattr(sys, "executable", "true")
    assert "is being judged" in text_of(await ida.post("/do/voice/evaluate", of))
    assert "Evaluation: it begins" in text_of(await ida.get("/voices"))
    lea = await house.signed_in("lea")
    assert "Judge it" not in text_of(await lea.get("/voices"))
