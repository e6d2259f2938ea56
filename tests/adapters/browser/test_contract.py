"""What only the console has of an adapter's duties: people of another platform, and pages.

What it shares with the others is in :mod:`tests.adapters.test_adapter_contract`, where its stage is
``tests/adapters/stages/browser.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from adapters.browser.adapter import BrowserAdapter
from bot.cards import Card, Form
from bot.desk.console.console import asking_as
from bot.desk.desk import Desk
from bot.errors import UsageError
from knowledge.types import PUBLIC
from tests.adapters.browser.house import House, Tab, guest, text_of
from tests.adapters.stages.desk import EVERY_FIELD, Tried, desk_of


async def test_who_somebody_is_is_said(house: House) -> None:
    adapter = house.adapter
    place = adapter.place(adapter.new_conversation(guest("lea")))
    for tab in (house.signed_in("ann"), house.signed_in("ida"), house.signed_in("lea")):
        await tab
    lea, ann = [await adapter.principals(place, asking_as(guest(who))) for who in ("lea", "ann")]
    assert {PUBLIC, "office:group:leads"} <= lea
    assert PUBLIC in ann and "office:group:leads" not in ann
    assert await adapter.is_admin(place, asking_as(guest("ida")))
    assert not await adapter.is_admin(place, asking_as(guest("ann")))


async def test_what_is_whispered_is_seen_by_one_person(house: House, ida: Tab) -> None:
    page = (await ida.begin()).url.path
    place = house.adapter.place(page.removeprefix("/ask/"))
    await house.adapter.whisper(place, asking_as(guest("ida")), "Between us.")
    assert "Between us." in text_of(await ida.get(page))
    assert "Between us." not in text_of(await (await house.signed_in("ann")).get(page))


async def test_what_is_gone_already_can_be_erased(house: House, ida: Tab) -> None:
    adapter, page = house.adapter, (await ida.begin()).url.path
    place = adapter.place(page.removeprefix("/ask/"))
    await adapter.whisper(place, asking_as(guest("ida")), "A slip.")
    (work,) = adapter.works.of(place.channel, asking_as(guest("ida")))
    for _ in range(2):
        await adapter.erase(place, work.shown)
        assert "A slip." not in text_of(await ida.get(page))


@pytest.fixture
async def trying(house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[Tab, Tried]:
    """An admin, for whom every button opens a form."""
    tried = Tried()
    console = replace(house.bench.console, desk=desk_of(house.bench, tried))
    house.adapter = BrowserAdapter(house.adapter.config, console)

    async def press(*_: Any) -> Form:
        return Form("texts", "Try texts", EVERY_FIELD["texts"], context={"opened": "texts"})

    monkeypatch.setattr(Desk, "press", press)
    return await house.signed_in("ida"), tried


async def sent(tab: Tab, **values: str) -> Any:
    """The page after the form was opened, filled in and sent."""
    pressed = {"action": "answer", "subject": "s1", "back": "/gaps"}
    form = html.fromstring((await tab.post("/press", pressed)).text).forms[-1]
    return html.fromstring((await tab.post(form.action, dict(form.form_values()) | values)).text)


async def test_a_form_with_a_fault_is_there_again_with_what_was_typed(
    trying: tuple[Tab, Tried],
) -> None:
    tab, tried = trying
    page = await sent(tab, **{"f-title": "wrong", "f-words": "Two <lines>,\nkept."})
    (field,) = page.xpath("//input[@aria-invalid='true']")
    assert field.get("value") == "wrong"
    (fault,) = page.xpath(f"//*[@id='{field.get('aria-describedby')}']")
    assert "That title is taken." in fault.text_content()
    assert page.xpath("//textarea")[0].value == "Two <lines>,\nkept."
    assert tried.forms == []
    form = page.forms[-1]
    assert "Taken in." in text_of(
        await tab.post(form.action, dict(form.form_values()) | {"f-title": "right"})
    )
    ((*_, values),) = tried.forms
    assert (values["title"], values["words"]) == ("right", "Two <lines>,\nkept.")


async def test_a_form_of_somebody_else_is_not_shown_again(
    house: House, trying: tuple[Tab, Tried]
) -> None:
    tab, _ = trying
    pressed = {"action": "answer", "subject": "s1"}
    form = html.fromstring((await tab.post("/press", pressed)).text).forms[-1]
    fields = dict(form.form_values()) | {"f-title": "wrong"}
    fields.pop("csrf")
    told = await (await house.signed_in("lea")).post(form.action, fields)
    assert "That title is taken." in text_of(told)
    assert html.fromstring(told.text).xpath("//input[@name='f-title']") == []


async def test_the_way_back_from_a_refusal_leads_where_it_was_tried(
    house: House, ida: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def press(*_: Any) -> Card:
        raise UsageError("That is gone.")

    monkeypatch.setattr(Desk, "press", press)
    for back, leads in (("/gaps", "/gaps"), ("", "/"), ("//evil.example", "/")):
        pressed = {"action": "dismiss", "subject": "s1", "back": back}
        told = html.fromstring((await ida.post("/press", pressed)).text)
        assert "That is gone." in told.text_content()
        (link,) = told.xpath("//main//a[@class='button']/@href")
        assert link == leads
        assert (await ida.get(link, follow_redirects=True)).status_code == 200
