"""The console's page of answers that were given, as people use it."""

from __future__ import annotations

from dataclasses import replace

from bot.types import Place
from tests.adapters.browser.conftest import ANSWER, QUESTION
from tests.adapters.browser.house import House, Tab, said, text_of
from tests.adapters.fake_platform import CHANNEL, NAME
from tests.kit.fakes import evidence


async def test_answers_are_found_by_words_and_by_how_they_came_out(house: House, ida: Tab) -> None:
    await said(house, QUESTION)
    await said(house, "Who repairs 100% of bicycles?")
    assert QUESTION in text_of(await ida.get("/answers"))
    for query, found in (
        ("words=SALARIES", (True, False)),
        ("words=28th", (True, False)),
        ("words=100%25", (False, True)),
        ("words=_", (False, False)),
        ("tier=sure", (True, False)),
        ("tier=none", (False, True)),
        ("opinion=helpful", (False, False)),
        ("tier=nonsense", (True, True)),
    ):
        page = text_of(await ida.get(f"/answers?{query}"))
        assert (QUESTION in page, "bicycles" in page) == found, query


async def test_private_answers_and_other_channels_are_nobody_elses(house: House) -> None:
    lea = await house.signed_in("lea")
    open_here = await said(house, QUESTION)
    in_private = await said(house, "salaries, between us?", Place(NAME, "W1", "D1", direct=True))
    elsewhere = await said(house, "salaries of the board?", replace(CHANNEL, channel="C-board"))
    page = (await lea.get("/answers")).text
    assert open_here in page and in_private not in page and elsewhere not in page
    for id in (in_private, elsewhere):
        assert (await lea.get(f"/answers/{id}")).status_code == 400
        assert (await lea.post(f"/answers/{id}/wrong", {})).status_code == 400
    house.office.held["lea"] |= {f"{NAME}:channel:C-board"}
    assert elsewhere in (await lea.get("/answers")).text
    own = await lea.ask("salaries, for me alone?")
    assert "28th" in text_of(own) and "for me alone" in text_of(await lea.get("/answers"))


async def test_an_answer_from_what_somebody_may_not_read_is_not_shown(house: House) -> None:
    group = frozenset({f"{NAME}:group:board"})
    house.bench.knows("strategy", evidence("We grow slowly.", access=group))
    house.office.audiences[CHANNEL.channel] = group
    id = await said(house, "What is the strategy?")
    lea = await house.signed_in("lea")
    page = await lea.get("/answers")
    assert "strategy" not in page.text and "1 more that are not open to you" in text_of(page)
    assert (await lea.get(f"/answers/{id}")).status_code == 400
    house.office.held["lea"] |= group
    assert "We grow slowly." in text_of(await lea.get(f"/answers/{id}"))


async def test_a_wrong_answer_becomes_a_gap(house: House) -> None:
    id = await said(house, QUESTION)
    lea = await house.signed_in("lea")
    await lea.post(f"/answers/{id}/wrong", {})
    assert QUESTION in text_of(await lea.get("/gaps"))
    assert "not 1" in text_of(await lea.get("/answers?opinion=unhelpful"))
    (line, *_) = await house.bench.audit.newest(1)
    assert (line.who, line.what, line.source) == (
        f"{NAME}:user:lea",
        "marked wrong",
        f"answer:{id}",
    )


async def test_a_better_wording_waits_for_a_second_person_and_needs_consent(house: House) -> None:
    id = await said(house, QUESTION)
    lea = await house.signed_in("lea")
    path, better = f"/answers/{id}/wording", "Payday! Salaries arrive on the 28th."
    other = {"wording": "Salaries arrive on the 29th.", "consent": "yes"}
    assert "Keep the facts of the source" in text_of(await lea.post(path, other))
    assert "without your consent" in text_of(await lea.post(path, {"wording": better}))
    assert await house.bench.rows("wording") == []
    told = await lea.post(path, {"wording": better, "consent": "yes"})
    assert "waits for a second person" in text_of(told)
    (row,) = await house.bench.rows("wording")
    assert (row["plain"], row["voiced"], row["answer"]) == (ANSWER, better, id)
    assert (row["owner"], row["approved_at"]) == (f"{NAME}:user:lea", None)


async def test_a_better_wording_is_refused_to_who_does_not_look_after_the_voice(
    house: House, ida: Tab
) -> None:
    id = await said(house, QUESTION)
    given = {"wording": "Payday! Salaries arrive on the 28th.", "consent": "yes"}
    assert "role:support" in text_of(await ida.post(f"/answers/{id}/wording", given))
    assert await house.bench.rows("wording") == []
