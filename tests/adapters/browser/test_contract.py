"""What every adapter must be able to do, of the console: in place of a stage there are its pages.

See :mod:`tests.adapters.test_adapter_contract`. Its conversations are direct ones, so nothing is
said there before others; its pages give some commands, and test_access.py looks at those.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from adapters.base import Adapter
from adapters.browser.adapter import BrowserAdapter
from bot.cards import LABELS, Action, Card, Form
from bot.desk.console.console import NAME, asking_as
from bot.desk.desk import Desk
from bot.ports import ReplyView
from knowledge.types import PUBLIC
from tests.adapters.browser.conftest import ANSWER, QUESTION
from tests.adapters.browser.house import House, Tab, guest, text_of
from tests.adapters.shape import methods, same_shape
from tests.adapters.stages.desk import EVERY_FIELD, Tried, desk_of


async def test_it_has_every_method_of_the_protocol(house: House) -> None:
    for name, wanted in methods(Adapter).items():
        assert same_shape(wanted, getattr(house.adapter, name)), name
    assert house.adapter.name == NAME


@pytest.mark.usefixtures("ida")
async def test_its_replies_have_every_method_of_theirs(house: House) -> None:
    adapter = house.adapter
    work = await adapter.ask(guest("ida"), adapter.new_conversation(guest("ida")), QUESTION, None)
    for name, wanted in methods(ReplyView).items():
        assert same_shape(wanted, getattr(work, name)), name
    await house.bench.settled()
    assert work.card is not None and ANSWER in work.card.text


async def test_listening_ends_when_it_is_told_to_and_it_can_be_closed_twice(served: House) -> None:
    listening = asyncio.create_task(served.adapter.listen())
    await served.adapter.stop_listening()
    await listening
    await served.adapter.close()
    await served.adapter.close()


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


@pytest.mark.parametrize("action", LABELS)
async def test_every_button_reaches_the_desk(
    house: House, ida: Tab, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    pressed: list[tuple[str, str]] = []

    async def press(self: Desk, action: Action, subject: str, by: Any) -> Card:
        pressed.append((action, subject))
        assert by.user == asking_as(guest("ida")) and by.place.platform == NAME
        return Card("Pressed.")

    monkeypatch.setattr(Desk, "press", press)
    page = (await ida.begin()).url.path
    place = house.adapter.place(page.removeprefix("/ask/"))
    await house.adapter.whisper(place, asking_as(guest("ida")), "?")
    (work,) = house.adapter.works.of(place.channel, asking_as(guest("ida")))
    await work.finish(Card("?", buttons=(action,), subject="s1"))
    shown = html.fromstring((await ida.get(page)).text)
    (form,) = shown.xpath(f"//form[.//*[@name='action' and @value='{action}']]")
    assert LABELS[action] in form.text_content()
    told = await ida.post("/press", dict(form.fields) | {"action": action})
    assert pressed == [(action, "s1")]
    assert "Pressed." in text_of(told)


@pytest.mark.parametrize(
    ("name", "filled"),
    [
        ("texts", {}),
        ("choices", {}),
        ("texts", {"f-title": "Sick <leave> & more", "f-words": "One, two", "f-amount": "30"}),
        ("choices", {"f-mode": "dry", "m-days": ["tue", "wed"], "f-room": "C7"}),
    ],
)
async def test_every_kind_of_field_is_shown_and_comes_back_as_it_was_or_is_filled_in(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, filled: dict[str, Any]
) -> None:
    tried = Tried()
    console = replace(house.bench.console, desk=desk_of(house.bench, tried))
    house.adapter = BrowserAdapter(house.adapter.config, console)

    async def press(*_: Any) -> Form:
        return Form(name, f"Try {name}", EVERY_FIELD[name], context={"opened": name})

    monkeypatch.setattr(Desk, "press", press)
    tab = await house.signed_in("ida")
    opened = await tab.post("/press", {"action": "answer", "subject": "s1"})
    form = html.fromstring(opened.text).forms[-1]
    fields = dict(form.form_values()) | filled
    assert "Taken in." in text_of(await tab.post(form.action, fields))
    ((form_name, context, values),) = tried.forms
    assert (form_name, context) == (name, {"opened": name})
    expected = {each.name: each.value for each in EVERY_FIELD[name]}
    for key, value in filled.items():
        expected[key[2:]] = tuple(value) if isinstance(value, list) else value
    assert dict(values) == expected
