"""The console's page for asking, as people use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html

from tests.adapters.browser.conftest import ANSWER, QUESTION
from tests.adapters.browser.house import House, Tab, open_house, text_of
from tests.adapters.fake_platform import NAME
from tests.kit.fakes import evidence


async def test_a_question_is_answered_with_its_sources_and_kept_with_the_conversation(
    house: House, ida: Tab
) -> None:
    page = await ida.ask(QUESTION)
    tree = html.fromstring(page.text)
    assert ANSWER in text_of(page) and "● " in text_of(page)
    (source,) = tree.xpath("//ol[@class='cited']/li")
    assert source.text_content().strip() == "[1] Pay"
    assert source.xpath("./a/@href") == ["https://intra.example/handbook"]
    again = await ida.ask("and when do salaries arrive in May?", page.url.path)
    assert len(html.fromstring(again.text).xpath("//article")) == 2
    (first, second) = await house.bench.rows("trace")
    assert first["asker"] == second["asker"] == f"browser:user:{NAME}:user:ida"
    assert first["private"] and second["private"]


async def test_an_answer_is_seen_while_it_grows(house: House, ida: Tab) -> None:
    begun = await ida.begin()
    conversation = begun.url.path
    gate = house.office.hold("principals")  # the answer cannot be looked up yet
    csrf = await ida.csrf()
    part = await ida.http.post(
        conversation, data={"csrf": csrf, "question": QUESTION}, headers={"HX-Request": "true"}
    )
    (article,) = html.fromstring(f"<div>{part.text}</div>").xpath("//article")
    assert article.get("hx-trigger") == "load" and "Writing" in article.text_content()
    gate.set()
    await house.bench.settled()
    grown = await ida.get(article.get("hx-get"), headers={"HX-Request": "true"})
    (article,) = html.fromstring(f"<div>{grown.text}</div>").xpath("//article")
    assert ANSWER in article.text_content() and article.get("hx-get") is None


async def test_without_scripts_the_page_asks_again_by_itself(house: House, ida: Tab) -> None:
    conversation = (await ida.begin()).url.path
    gate = house.office.hold("principals")
    csrf = await ida.csrf()
    sent = await ida.http.post(conversation, data={"csrf": csrf, "question": QUESTION})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{conversation}#end")
    gate.set()
    waiting = await ida.get(conversation)
    if "Writing" in waiting.text:
        # With a fragment in the address, a browser would only scroll there.
        assert f'content="2; url={conversation}"></noscript>' in waiting.text
    await house.bench.settled()
    done = await ida.get(conversation)
    assert ANSWER in text_of(done) and "http-equiv" not in done.text


async def test_what_somebody_may_read_on_their_platform_they_are_answered_from(
    house: House,
) -> None:
    only = evidence("The board meets on Monday.", access=frozenset({f"{NAME}:group:leads"}))
    house.bench.knows("board", only)
    asked = "When does the board meet?"
    assert "Monday" in text_of(await (await house.signed_in("lea")).ask(asked))
    for who in ("ann", "local"):
        assert "Monday" not in text_of(await (await house.signed_in(who)).ask(asked))


@pytest.mark.parametrize("part", [True, False])
async def test_opinions_and_reasons_stand_under_the_answer(
    house: House, ida: Tab, part: bool
) -> None:
    page = await ida.ask(QUESTION)
    (trace,) = await house.bench.rows("trace")
    conversation = page.url.path.removeprefix("/ask/")
    pressed = {"subject": trace["id"], "conversation": conversation, "back": page.url.path}
    headers = {"HX-Request": "true"} if part else {}
    why = await ida.post("/press", {"action": "why", **pressed}, headers=headers)
    assert "What I read" in text_of(why) and trace["id"] in text_of(why)
    assert ("<!doctype" in why.text) != part
    await ida.post("/press", {"action": "helpful", **pressed}, headers=headers)
    (opinion,) = await house.bench.rows("feedback")
    assert opinion["helpful"] and opinion["rater"] == f"browser:user:{NAME}:user:ida"


async def test_a_wish_or_a_fault_is_told(house: House, ida: Tab) -> None:
    assert "Write a question" in text_of(await ida.post((await ida.begin()).url.path, {}))
    unknown = {"question": QUESTION, "voice": "nobody"}
    assert "no voice" in text_of(await ida.post((await ida.begin()).url.path, unknown))
    assert "What can you do?" in text_of(await ida.begin())


async def test_a_limit_is_told_where_the_answer_would_stand(tmp_path: Path) -> None:
    async with open_house(tmp_path, person_hourly=1) as house:
        tab = await house.signed_in("ann")
        page = await tab.ask("Who?")
        again = await tab.ask("And who else?", page.url.path)
        assert "a lot of questions" in text_of(again)


async def test_a_question_survives_the_process(house: House, ida: Tab) -> None:
    conversation = (await ida.begin()).url.path
    house.office.hold("principals")
    await ida.post(conversation, {"question": QUESTION})
    await house.bench.crash()
    house.office.gates.clear()
    house.bench.clock.tick(31)
    async with house.bench.replica() as other:
        adapter = type(house.adapter)(house.adapter.config, other.console)
        other.present.update({NAME: house.office, adapter.name: adapter})
        await other.dispatcher.recover(adapter)
        await other.settled()
    assert ANSWER in text_of(await ida.get(conversation))
