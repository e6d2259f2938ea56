"""What Discord refuses ends in something sensible: for the person, else in the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.adapters.discord_office import (
    ANSWER,
    Office,
    assert_logged,
    assert_nothing_to_fear,
    moderator,
    office_at,
)
from tests.adapters.slack_office import captured_log, will_answer


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened
        assert_nothing_to_fear(opened)


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, 50013), (403, 50001), (404, 10003), (400, 50035), (400, 160005), (403, 50024)],
)
async def test_who_cannot_be_answered_in_the_channel_is_told_so_alone(
    office: Office, status: int, code: int
) -> None:
    await office.start()
    await office.rules(office.general, threads=False)
    office.discord.fail(
        f"POST /channels/{office.general.id}/messages", status, code=code, times=None
    )
    with captured_log() as log:
        asked = await office.ask(by=office.bob)
    (told,) = office.private(office.bob)
    assert told.startswith("I could not show you my answer.")
    assert_logged(log, "reply_not_shown", f"(code {code})", told[-9:-1])
    assert (await office.row(asked))["outcome"] == "given_up"


async def test_a_channel_where_it_may_not_speak_at_all(office: Office) -> None:
    await office.start()
    office.discord.forbid(office.general, "send_messages", "send_messages_in_threads")
    await office.ask(by=office.bob)
    (told,) = office.private(office.bob)
    assert told.startswith("I could not show you my answer.")


async def test_where_it_may_speak_only_in_threads_it_does(office: Office) -> None:
    await office.start()
    office.discord.forbid(office.general, "send_messages")
    assert ANSWER in (await office.answered()).text


@pytest.mark.parametrize("code", [50013, 50001, 50024, 50035, 160006])
async def test_a_thread_that_is_refused_becomes_a_reply(office: Office, code: int) -> None:
    await office.start()
    office.discord.fail("POST /channels/*/messages/*/threads", 403, code=code, times=None)
    answer = await office.answered()
    assert answer.channel_id == office.general.id and ANSWER in answer.text


async def test_who_takes_no_direct_messages_leaves_a_trace_in_the_log(office: Office) -> None:
    await office.start()
    office.discord.refuse_dms(office.bob)
    with captured_log() as log:
        asked = await office.ask(by=office.bob, channel=office.discord.dm(office.bob))
    assert (await office.row(asked))["outcome"] == "given_up"
    assert_logged(log, "reply_not_shown", "(code 50007)")


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (403, 50013), (400, 50083)])
async def test_an_answer_that_cannot_be_gone_on_with_ends_somehow(
    office: Office, status: int, code: int
) -> None:
    await office.start()
    office.discord.fail("PATCH /channels/*/messages/*", status, code=code, times=None)
    with captured_log() as log:
        asked = await office.ask(by=office.bob)
    row = await office.row(asked)
    assert row["outcome"] in ("answered", "given_up"), office.transcript()
    if row["outcome"] == "answered":
        assert any("[Helpful]" in each.text for each in office.answers(asked))
    else:
        assert office.private(office.bob)[-1].startswith("I could not show you my answer.")
        assert_logged(log, "reply_not_shown", f"(code {code})")


async def test_an_answer_that_a_moderator_removes_while_it_grows_is_given_whole(
    office: Office,
) -> None:
    await office.start()
    gate = asyncio.Event()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=gate)
    asked = await office.begin()
    await office.discord.until(office.everything)
    await office.discord.delete(moderator(office), office.everything()[0])
    gate.set()
    await office.rest()
    office.assert_one_answer_each([asked])


async def test_a_question_that_is_deleted_meanwhile_is_left_alone(office: Office) -> None:
    await office.start()
    gate = asyncio.Event()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=gate)
    await office.rules(office.general, threads=False)
    asked = await office.begin()
    await office.discord.until(office.everything)
    await office.discord.delete(office.ann, asked)
    gate.set()
    await office.rest()
    assert office.everything() == [], office.transcript()


async def test_a_question_whose_deletion_was_not_heard_is_answered_without_a_reply(
    office: Office,
) -> None:
    await office.start()
    asked = await office.begin()
    with office.discord.world.unannounced():
        await office.discord.delete(office.ann, asked)
    await office.rest()
    assert [ANSWER in each.text for each in office.everything()] == [True], office.transcript()


async def test_a_thread_that_is_deleted_while_the_answer_grows(office: Office) -> None:
    await office.start()
    gate = asyncio.Event()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=gate)
    asked = await office.begin(by=office.bob)
    await office.discord.until(office.everything)
    office.discord.backend.delete_channel(asked.id)
    with captured_log() as log:
        gate.set()
        await office.rest()
    assert (await office.row(asked))["outcome"] == "given_up"
    assert office.private(office.bob)[-1].startswith("I could not show you my answer.")
    assert_logged(log, "reply_not_shown", "10003")


LATE = [(404, 10062), (400, 40060)]


@pytest.mark.parametrize(("status", "code"), LATE)
async def test_a_question_by_command_that_could_not_be_acknowledged_is_answered_elsewhere(
    office: Office, status: int, code: int
) -> None:
    await office.start()
    office.discord.fail("POST /interactions/*/*/callback", status, code=code)
    with captured_log() as log:
        await office.discord.command(
            office.bob, office.general, "ask", question="how many days of leave?", wait=False
        )
        await office.rest()
    seen = office.private(office.bob)
    assert len(seen) == 1 and ANSWER in seen[0], office.transcript()
    assert_logged(log, "response_not_shown", f"(code {code})")


@pytest.mark.parametrize(("status", "code"), LATE)
@pytest.mark.parametrize(("name", "sub"), [("help", None), ("kb", "channel")])
async def test_a_command_that_could_not_be_acknowledged_stands_in_the_log(
    office: Office, status: int, code: int, name: str, sub: str | None
) -> None:
    await office.start()
    office.discord.fail("POST /interactions/*/*/callback", status, code=code)
    with captured_log() as log:
        await office.discord.command(office.ann, office.general, name, sub=sub, wait=False)
        await office.rest()
    assert_logged(log, "response_not_shown", f"(code {code})")
    assert office.everything() == []


@pytest.mark.parametrize(("status", "code"), LATE)
async def test_a_button_that_could_not_be_acknowledged_stands_in_the_log(
    office: Office, status: int, code: int
) -> None:
    await office.start()
    answer = await office.answered()
    office.discord.fail("POST /interactions/*/*/callback", status, code=code)
    with captured_log() as log:
        await office.discord.click(office.bob, answer, label="Helpful", wait=False)
        await office.rest()
    assert_logged(log, "response_not_shown", f"(code {code})")


@pytest.mark.parametrize(("status", "code"), [(401, 50027), (404, 10015), (404, 10062)])
@pytest.mark.parametrize("public", [True, False])
async def test_a_command_whose_token_is_no_longer_taken_is_answered_elsewhere(
    office: Office, status: int, code: int, public: bool
) -> None:
    await office.start()
    office.discord.fail("PATCH /webhooks/*/*/messages/*", status, code=code, times=None)
    office.discord.fail("POST /webhooks/*/*", status, code=code, times=None)
    await office.command(office.bob, "ask", question="how many days of leave?", public=public)
    if public:
        seen = [each.text for each in office.discord.replies(office.general)]
    else:
        seen = [each.text for each in office.discord.replies(office.discord.dm(office.bob))]
        assert office.discord.replies(office.general) == []
    assert len(seen) == 1 and ANSWER in seen[0] and "asked:" in seen[0], office.transcript()


async def test_an_expired_command_of_who_takes_no_direct_messages_stands_in_the_log(
    office: Office,
) -> None:
    await office.start()
    office.discord.refuse_dms(office.bob)
    office.discord.fail("PATCH /webhooks/*/*/messages/*", 401, code=50027, times=None)
    with captured_log() as log:
        used = await office.command(office.bob, "ask", question="how many days of leave?")
    assert (await office.row(used))["outcome"] == "given_up"
    assert_logged(log, "reply_not_shown", "(code 50007)")
    assert office.discord.replies(office.general) == [], "it was asked in private"


async def test_completion_that_comes_too_late_is_let_go(office: Office) -> None:
    await office.start()
    office.discord.fail("POST /interactions/*/*/callback", 404, code=10062, times=None)
    with captured_log() as log:
        typing = office.discord.autocomplete(
            office.bob, office.general, "voice", "voice", "fern", sub="say"
        )
        offered = asyncio.create_task(typing)
        await office.discord.until(lambda: office.discord.called("POST /interactions/*/*/callback"))
        office.discord.advance(3)
        assert await offered == []
        await office.rest()
    assert [type(error).__name__ for error in office.discord.errors] == ["NotFound"]
    assert log.holding(["10062"]) and not log.holding(["fern"])
