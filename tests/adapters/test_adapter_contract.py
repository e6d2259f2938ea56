"""What every adapter must be able to do, by its protocol and before its platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.base import Adapter
from bot.cards import LABELS, Action, Card
from bot.desk.commands import Command
from bot.desk.desk import Desk
from bot.errors import ConfigurationError, PlatformError
from bot.ports import Platform, ReplyView
from knowledge.types import PUBLIC, Attachment, Principals
from tests.adapters.shape import methods, same_shape
from tests.adapters.stages.desk import EVERY_FIELD
from tests.adapters.stages.lacks import LACKS
from tests.adapters.stages.stage import OpenForm, Shown, Stage, opened
from tests.adapters.stages.stages import STAGES
from tests.kit.fakes import evidence

QUESTION, ANSWER = "When do salaries arrive?", "Salaries arrive on the 28th."


@pytest.fixture(params=sorted(STAGES))
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with opened(STAGES[request.param], tmp_path) as stage:
        stage.bench.knows("salaries", evidence(ANSWER, title="Pay"))
        yield stage


def has(stage: Stage, ability: Any) -> None:
    """Skip where the platform by its nature has not."""
    if ability in LACKS[stage.name]:
        pytest.skip(LACKS[stage.name][ability])


# --- the shape ------------------------------------------------------------------------------------


def test_the_protocols_are_looked_at_whole() -> None:
    assert {"connect", "listen", "stop_listening", "close"} <= set(methods(Adapter))
    assert set(methods(Platform)) < set(methods(Adapter))
    assert set(methods(ReplyView)) == {"grow", "wait", "finish", "erase"}


async def test_it_has_every_method_of_the_protocol(stage: Stage) -> None:
    for name, wanted in methods(Adapter).items():
        assert same_shape(wanted, getattr(stage.adapter, name)), name
    assert stage.adapter.name == stage.name


async def test_its_replies_have_every_method_of_theirs(stage: Stage) -> None:
    view = await opened_reply(stage)
    for name, wanted in methods(ReplyView).items():
        assert same_shape(wanted, getattr(view, name)), name
    await view.finish(Card("Done."))


# --- from start to end ----------------------------------------------------------------------------


async def test_a_wrong_token_is_told_with_what_to_do(stage: Stage) -> None:
    has(stage, "outages")
    adapter = stage.with_wrong_token()
    with pytest.raises(ConfigurationError) as refused:
        await adapter.connect()
    assert stage.name.upper() in str(refused.value)
    assert "wrong" not in str(refused.value), "the token itself must not be told"
    await adapter.close()


async def test_after_it_stopped_listening_answers_can_still_be_shown(stage: Stage) -> None:
    has(stage, "channels")
    view = await opened_reply(stage)
    await stage.adapter.stop_listening()
    await stage.say("ann", "general", QUESTION)
    await view.grow("Salaries arrive")
    await view.finish(Card(ANSWER))
    (said,) = stage.everyone_sees("general")
    assert ANSWER in said.text
    await stage.bench.settled()
    assert await stage.bench.rows("inbox") == [], "it heard what came after"


async def test_listening_ends_when_it_is_told_to(stage: Stage) -> None:
    await stage.adapter.stop_listening()
    stage.wake()
    (listening,) = stage.tasks
    await listening


async def test_it_can_be_closed_twice(stage: Stage) -> None:
    await stage.adapter.stop_listening()
    await stage.adapter.close()
    await stage.adapter.close()


# --- who may read what ----------------------------------------------------------------------------


async def held(asking: Any) -> Principals:
    """What an adapter says somebody holds; nothing if it says that it does not know."""
    try:
        return frozenset(await asking)
    except PlatformError:
        return frozenset()


async def test_who_somebody_is_is_said(stage: Stage) -> None:
    user = stage.user("ann")
    found = await stage.adapter.principals(stage.place("general"), user)
    assert {PUBLIC, stage.principal("ann")} <= found
    if "others" not in LACKS[stage.name]:
        assert stage.principal("managers") in found
        assert stage.principal("board") in found
        bobs = await stage.adapter.principals(stage.place("general"), stage.user("bob"))
        assert not {stage.principal("managers"), stage.principal("board")} & bobs
        assert PUBLIC in await stage.adapter.audience(stage.place("general"))
        assert stage.principal("managers") not in await stage.adapter.audience(
            stage.place("general")
        )


async def test_where_the_platform_does_not_say_nothing_is_granted(stage: Stage) -> None:
    has(stage, "outages")
    stage.lookups_fail()
    for who in ("ann", "bob"):
        mine = await held(stage.adapter.principals(stage.place("general"), stage.user(who)))
        assert mine <= {stage.principal(who)}
        with suppress(PlatformError):
            assert not await stage.adapter.is_admin(stage.place("general"), stage.user(who))
    everyone = await held(stage.adapter.audience(stage.place("board")))
    assert not {stage.principal("managers"), stage.principal("general")} & everyone
    stage.outage_ends()


async def test_only_admins_are_admins(stage: Stage) -> None:
    has(stage, "others")
    place = stage.place("general")
    assert await stage.adapter.is_admin(place, stage.user("ida"))
    assert not await stage.adapter.is_admin(place, stage.user("ann"))


# --- messages -------------------------------------------------------------------------------------


async def opened_reply(stage: Stage) -> ReplyView:
    """A reply to something that was said but never reached the core."""
    stage.hearing.keeps = True
    await stage.say("ann", "general", QUESTION)
    await stage.settled()
    stage.hearing.keeps = False
    return await stage.adapter.open_reply(stage.hearing.utterances[-1], ())


async def test_what_is_gone_already_can_be_erased(stage: Stage) -> None:
    has(stage, "deletions")
    view = await opened_reply(stage)
    await view.finish(Card(ANSWER))
    shown, place = view.shown, stage.place("general")
    assert len(stage.everyone_sees("general")) == 1 and shown
    await stage.adapter.erase(place, shown)
    assert stage.everyone_sees("general") == []
    await stage.adapter.erase(place, shown)
    await view.erase()


async def test_a_reply_grows_into_one_message_and_can_be_taken_back(stage: Stage) -> None:
    has(stage, "deletions")
    view = await opened_reply(stage)
    await view.grow("Salaries")
    await view.grow("Salaries arrive on")
    await view.finish(Card(ANSWER))
    (said,) = stage.everyone_sees("general")
    assert said.text.strip() == ANSWER
    await view.erase()
    assert stage.everyone_sees("general") == []


async def test_a_file_can_be_fetched_and_no_secret_goes_elsewhere(stage: Stage) -> None:
    has(stage, "others")
    asked = await file_of(stage)
    fetched = stage.adapter.with_credentials(asked)
    async with (
        aiohttp.ClientSession() as http,
        http.get(fetched.url, headers=dict(fetched.headers)) as answer,
    ):
        assert answer.status == 200
        assert await answer.read() == b"25 days"
    elsewhere = replace(asked, url="https://evil.example/leave.txt")
    assert stage.adapter.with_credentials(elsewhere).headers == {}


async def file_of(stage: Stage) -> Attachment:
    await stage.ask("ann", "general", QUESTION, files={"leave.txt": b"25 days"})
    ((_, (given,)),) = stage.bench.attachments.given
    return replace(given, headers={})


async def test_what_is_whispered_is_seen_by_one_person(stage: Stage) -> None:
    await stage.adapter.whisper(stage.place("general"), stage.user("ann"), "Between us.")
    await stage.look()
    assert "Between us." in stage.latest("ann").text
    if "others" not in LACKS[stage.name]:
        assert stage.only("bob") == [] and stage.everyone_sees("general") == []


# --- nothing of the core is out of reach ----------------------------------------------------------


@pytest.mark.parametrize("action", LABELS)
async def test_every_button_reaches_the_desk(stage: Stage, action: Action) -> None:
    pressed: list[tuple[str, str]] = []

    async def press(self: Desk, action: Action, subject: str, by: Any) -> Card:
        pressed.append((action, subject))
        assert by.user == stage.user("ann") and by.place.platform == stage.name
        return Card("Pressed.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Desk, "press", press)
        view = await opened_reply(stage)
        await view.finish(Card("?", buttons=(action,), subject="s1"))
        await stage.look()
        card = (stage.everyone_sees("general") or stage.only("ann"))[-1]
        assert card.buttons == (LABELS[action],)
        told = await stage.press("ann", card, action)
    assert isinstance(told, Shown)
    if action == "solved" and "forums" not in LACKS[stage.name]:
        assert "There is no post here" in told.text  # the platform's own
    else:
        assert pressed == [(action, "s1")]
        assert "Pressed." in told.text


def typed(command: Command) -> str:
    """A line with everything that the command takes."""
    words = [f"/{command.name}", command.action]
    words += ["v2" for each in command.parameters if each.kind == "first"]
    words += [command.flag(each) for each in command.parameters if each.kind == "yes_no"]
    words += [f"{command.flag(each)}=harbour" for each in command.parameters if each.kind == "word"]
    words += ["Some words." for each in command.parameters if each.kind in ("text", "name")]
    return " ".join(word for word in words if word)


async def test_every_command_can_be_given_with_all_that_it_takes(stage: Stage) -> None:
    has(stage, "commands")
    # Files are handed over, not typed: tests/adapters/test_parity_uploads.py and …_making.py.
    offered = [
        each
        for each in stage.desk.commands.where(stage.adapter.features).all
        if not any(one.kind == "file" and one.required for one in each.parameters)
    ]
    for command in offered:
        await stage.command("ida", "general", typed(command))
    ran = [(name, action, set(values)) for name, action, values in stage.tried.ran]
    assert ran == [
        (each.name, each.action, {one.name for one in each.parameters if one.kind != "file"})
        for each in offered
    ]
    flags = [values for *_, values in stage.tried.ran for name in values if name == "off"]
    assert flags and all(each["off"] == "yes" for each in flags)


@pytest.mark.parametrize("name", EVERY_FIELD)
async def test_every_kind_of_field_is_shown_and_comes_back_as_it_was(
    stage: Stage, name: str
) -> None:
    form = await stage.command("ida", "general", f"/try {name}")
    assert isinstance(form, OpenForm)
    assert form.values == {each.name: each.value for each in EVERY_FIELD[name] if each.value}
    told = await stage.fill_in("ida", form, {})
    assert "Taken in." in told.text
    ((opened, context, values),) = stage.tried.forms
    assert (opened, context) == (name, {"opened": name})
    assert {key: value for key, value in values.items() if value} == form.values
    assert set(values) == {each.name for each in EVERY_FIELD[name]}


@pytest.mark.parametrize("name", EVERY_FIELD)
async def test_every_kind_of_field_can_be_filled_in(stage: Stage, name: str) -> None:
    filled: dict[str, dict[str, str | tuple[str, ...]]] = {
        "texts": {"title": "Sick <leave> & more", "words": "One, two", "amount": "30"},
        "choices": {"mode": "dry", "days": ("tue", "wed"), "room": "help"},
    }
    form = await stage.command("ida", "general", f"/try {name}")
    assert isinstance(form, OpenForm)
    await stage.fill_in("ida", form, filled[name])
    ((*_, values),) = stage.tried.forms
    expected = filled[name]
    if name == "choices":
        expected = expected | {"room": stage.place("help").channel}
    assert values == expected


async def test_a_form_can_be_corrected(stage: Stage) -> None:
    form = await stage.command("ida", "general", "/try texts")
    assert isinstance(form, OpenForm)
    told = await stage.fill_in("ida", form, {"title": "wrong", "words": "Kept."})
    assert "That title is taken." in told.text
    assert stage.tried.forms == []
    again = await stage.correct("ida", form, {"title": "wrong", "words": "Kept."}, told)
    assert again.values["words"] == "Kept."
    await stage.fill_in("ida", again, {"title": "right"})
    ((*_, values),) = stage.tried.forms
    assert values["title"] == "right" and values["words"] == "Kept."
