"""The console's page of questions that nothing answered, as people use it."""

from __future__ import annotations

from lxml import html

from tests.adapters.browser.house import House, Tab, text_of


async def test_a_gap_is_answered_on_the_page(house: House, ida: Tab) -> None:
    await ida.ask("Who repairs bicycles?")
    tree = await ida.see("/gaps")
    (form,) = tree.xpath("//article//form[.//button[normalize-space()='Answer it']]")
    opened = await ida.post("/press", dict(form.fields))
    answering = html.fromstring(opened.text).forms[-1]
    fields = {**answering.fields, "f-answer": "Kim does."}
    assert fields["f-question"] == "Who repairs bicycles?"
    faulty = await ida.post(answering.action, {**fields, "f-readers": "bob"})
    assert faulty.status_code == 400 and "do not know who" in text_of(faulty)
    assert "Saved" in text_of(await ida.post(answering.action, fields))
    page = text_of(await ida.get("/gaps"))
    assert "Every question so far found an answer." in page and "Kim does." in page
    (asked,) = [each["conversation"] for each in await house.bench.rows("trace")]
    conversation = f"/ask/{asked.partition(':')[2]}"
    assert "I can answer this now" in text_of(await ida.get(conversation))
    (again,) = (await ida.see(conversation)).xpath(
        "//form[.//button[normalize-space()='Ask again']]"
    )
    await ida.post("/press", dict(again.fields))
    await house.bench.settled()
    assert "Kim does." in text_of(await ida.get(conversation))
    (remove,) = (await ida.see("/gaps")).xpath("//form[.//button[normalize-space()='Remove']]")
    await ida.post("/press", dict(remove.fields))
    assert "None yet." in text_of(await ida.get("/gaps"))


async def test_a_lead_sees_of_written_answers_what_they_may_read(house: House) -> None:
    for question, readers in (("Open?", "public"), ("Shut?", "role:managers")):
        await house.bench.knowledge.curated.add(
            question, "Yes.", access=frozenset({readers}), owner="office:user:ida"
        )
    lead = text_of(await (await house.signed_in("lea")).get("/gaps"))
    assert "Open?" in lead and "Shut?" not in lead and "Remove" not in lead
