"""Discord at its worst: everything twice, lost connections, replicas, rate limits and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simcord import MemberActor

from adapters.base import serve
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.config import DiscordConfig
from bot.inbox import LEASE
from tests.adapters.discord_office import (
    ANSWER,
    Office,
    assert_logged,
    assert_nothing_to_fear,
    office_at,
)
from tests.adapters.slack_office import captured_log, will_answer
from tests.discord_server import Posted


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened
        assert_nothing_to_fear(opened)


# --- once only --------------------------------------------------------------------------------


async def burst(office: Office, *, mentions: int, direct: int, chatter: int) -> list[Posted]:
    """Questions and small talk, each delivered twice to every process; what was asked."""
    office.discord.deliveries = 2
    alone = office.discord.dm(office.bob)
    asked = [await office.begin(f"days of leave, case {n}?") for n in range(mentions)]
    asked += [
        await office.begin(f"days of leave, case {n}?", by=office.bob, channel=alone)
        for n in range(direct)
    ]
    for n in range(chatter):
        await office.discord.say(office.bob, office.general, f"I take my leave on day {n}")
    return asked


@pytest.mark.parametrize("replicas", [1, 2])
async def test_what_comes_twice_is_answered_once_by_any_number_of_processes(
    office: Office, replicas: int
) -> None:
    await office.start()
    for _ in range(replicas - 1):
        await office.start(await office.replica())
    asked = await burst(office, mentions=40, direct=10, chatter=50)
    await office.rest(60)
    office.assert_one_answer_each(asked)


async def test_commands_and_buttons_that_come_twice_to_two_processes_happen_once(
    office: Office,
) -> None:
    """Discord does not deliver an interaction twice; two processes with one token both get it."""
    await office.start()
    await office.start(await office.replica())
    office.discord.deliveries = 2
    used = await office.command(office.bob, "ask", question="how many days of leave?")
    assert len(used.messages) == 1 and ANSWER in used.text
    shared = await office.click(office.bob, used.message, "Share with channel")
    assert shared.text == "Shared."
    assert len(office.discord.replies(office.general)) == 1, office.transcript()
    helped = await office.command(office.bob, "help")
    assert len(helped.messages) == 1


# --- the gateway ------------------------------------------------------------------------------


async def test_a_resumed_connection_brings_what_was_missed_and_doubles_nothing(
    office: Office,
) -> None:
    await office.start()
    asked = [await office.ask(f"days of leave {n}?") for n in range(3)]
    async with office.discord.gateway_down(repeat=40):
        asked += [await office.begin(f"days of leave {n}?") for n in range(3, 8)]
    await office.rest()
    office.assert_one_answer_each(asked)


async def test_a_new_session_loses_nothing_that_was_accepted(office: Office) -> None:
    await office.start()
    gate = asyncio.Event()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=gate)
    asked = [await office.begin(f"days of leave {n}?") for n in range(4)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    async with office.discord.gateway_down(resumable=False):
        pass
    gate.set()
    asked.append(await office.ask("days of leave 4?"))
    await office.rest()
    office.assert_one_answer_each(asked)


async def test_connections_that_break_again_and_again_double_nothing(office: Office) -> None:
    await office.start()
    asked = []
    for n in range(6):
        asked.append(await office.begin(f"days of leave {n}?"))
        async with office.discord.gateway_down(resumable=n % 3 != 2, repeat=30):
            pass
    await office.rest()
    office.assert_one_answer_each(asked)


async def test_what_was_deleted_while_the_connection_was_down_is_not_answered(
    office: Office,
) -> None:
    await office.start()
    asked = await office.ask()
    async with office.discord.gateway_down(repeat=20):
        gone = await office.begin("days of leave for Bob?")
        await office.discord.delete(office.ann, gone)
    await office.rest()
    assert (await office.row(gone))["outcome"] == "withdrawn"
    office.assert_one_answer_each([asked])


# --- processes that end -----------------------------------------------------------------------


async def test_another_process_takes_over_when_the_lease_of_a_dead_one_is_over(
    office: Office,
) -> None:
    dead = await office.start()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=asyncio.Event())
    asked = [await office.begin(f"days of leave {n}?") for n in range(5)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    await office.discord.kill(dead.client)
    await office.bench.crash()
    other = await office.replica()
    bot = await office.start(other)
    await office.rest()
    assert not any(ANSWER in each.text for each in office.everything()), "it still has the lease"
    office.bench.clock.tick(LEASE.total_seconds() + 1)
    await other.dispatcher.recover(bot)
    await office.rest()
    office.assert_one_answer_each(asked)


async def served(office: Office, grace: float) -> tuple[asyncio.Task[None], asyncio.Event]:
    """A process as the app runs it, with its stop."""
    server = office.discord
    config = DiscordConfig(server.token, server.api_url, server.gateway_url, message_content=True)
    bot = DiscordAdapter(config, office.bench.desk, clock=office.hand)
    bot.client._connection.guild_ready_timeout = 0.05
    stop = asyncio.Event()
    serving = asyncio.create_task(serve([bot], office.bench.dispatcher, stop, grace))
    await server.connected()
    await bot.client.wait_until_ready()
    return serving, stop


async def test_told_to_stop_it_finishes_what_it_has_begun(office: Office) -> None:
    serving, stop = await served(office, grace=10)
    gate = asyncio.Event()
    will_answer(office.bench, "You get 28 days ", "of annual leave. [1]", gate=gate)
    asked = [await office.begin(f"days of leave {n}?") for n in range(3)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    stop.set()
    await office.discord.until(lambda: not office.discord.gateway.connected)
    await office.begin("days of leave, too late?")  # nobody listens any more
    gate.set()
    await serving
    office.assert_one_answer_each(asked)
    assert {row["outcome"] for row in await office.bench.rows("inbox")} == {"answered"}


async def test_what_it_cannot_finish_in_time_is_handed_to_the_next_at_once(
    office: Office,
) -> None:
    serving, stop = await served(office, grace=0.05)
    will_answer(office.bench, "You get ", "28 days", gate=asyncio.Event())
    asked = [await office.begin(f"days of leave {n}?") for n in range(3)]
    await office.discord.until(lambda: len(office.everything()) == len(asked))
    stop.set()
    await serving
    await office.start_again()  # the clock stands still: no lease had to run out
    office.assert_one_answer_each(asked)


# --- rate limits and failures -----------------------------------------------------------------

MENTIONED = (
    "POST /channels/*/messages/*/threads",
    "POST /channels/*/typing",
    "POST /channels/*/messages",
    "PATCH /channels/*/messages/*",
)


async def later(office: Office) -> None:
    """The lease of what could not be shown runs out, and it is tried again."""
    office.bench.clock.tick(LEASE.total_seconds() + 1)
    await office.bench.dispatcher.recover(office.bots[-1])
    await office.rest()


@pytest.mark.parametrize("route", MENTIONED)
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_discord_cannot_do_now_is_done_later(
    office: Office, route: str, status: int
) -> None:
    await office.start()
    office.discord.fail(route, status, times=2, retry_after=17)
    asked = await office.ask()
    if status == 429 and "typing" not in route:
        assert office.discord.waits.count(17) >= 2, f"it waited {office.discord.waits}"
    if not office.answers(asked) or "[Helpful]" not in office.answers(asked)[0].text:
        await later(office)
        await later(office)
    office.assert_one_answer_each([asked])
    assert "[Helpful]" in office.everything()[0].text


@pytest.mark.parametrize("route", MENTIONED)
@pytest.mark.parametrize("drop", [True, False], ids=["no answer", "502"])
async def test_what_was_done_without_word_of_it_is_not_done_again(
    office: Office, route: str, drop: bool
) -> None:
    await office.start()
    office.discord.fail(route, 502, drop=drop, lose=True)
    asked = await office.ask()
    if (await office.row(asked))["outcome"] is None:
        await later(office)
    office.assert_one_answer_each([asked])
    assert "[Helpful]" in office.everything()[0].text


@pytest.mark.parametrize("place", ["direct", "channel"])
async def test_a_message_that_was_posted_without_word_of_it_is_not_posted_again(
    office: Office, place: str
) -> None:
    await office.start()
    await office.rules(office.general, threads=False)
    office.discord.fail("POST /channels/*/messages", drop=True, lose=True, times=3)
    channel = office.general if place == "channel" else office.discord.dm(office.ann)
    asked = await office.ask(channel=channel)
    for _ in range(3):
        await later(office)
    office.assert_one_answer_each([asked])


async def test_what_is_shared_or_sent_without_word_of_it_is_not_posted_again(
    office: Office,
) -> None:
    await office.start()
    used = await office.command(office.bob, "ask", question="how many days of leave?")
    office.discord.fail("POST /channels/*/messages", 502, lose=True)
    shared = await office.click(office.bob, used.message, "Share with channel")
    assert shared.text == "Shared."
    assert len(office.discord.replies(office.general)) == 1, office.transcript()


async def test_a_notice_in_private_that_was_posted_without_word_of_it_comes_once(
    office: Office,
) -> None:
    await office.start()
    await office.rules(office.general, answers="never")
    office.discord.fail("POST /channels/*/messages", 502, lose=True)
    await office.ask(by=office.bob)
    assert len(office.private(office.bob)) == 1, office.transcript()


@pytest.mark.parametrize(
    "route", ["POST /interactions/*/*/callback", "PATCH /webhooks/*/*/messages/*"]
)
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_command_is_answered_although_discord_stumbles(
    office: Office, route: str, status: int
) -> None:
    await office.start()
    office.discord.fail(route, status, times=2, retry_after=1)
    used = await office.command(office.bob, "ask", question="how many days of leave?")
    if (await office.row(used))["outcome"] is None:
        await later(office)
    seen = office.private(office.bob)
    assert len(seen) == 1 and ANSWER in seen[0], office.transcript()


async def test_while_discord_is_down_for_long_the_question_is_kept(office: Office) -> None:
    await office.start()
    for route in MENTIONED:
        office.discord.fail(route, 503, times=None)
    asked = await office.ask()
    for _ in range(3):
        await later(office)
    assert office.everything() == [] and (await office.row(asked))["outcome"] is None
    office.discord.mend()
    await later(office)
    office.assert_one_answer_each([asked])


async def test_what_never_works_is_given_up_after_some_tries(office: Office) -> None:
    await office.start()
    for route in MENTIONED:
        office.discord.fail(route, 503, times=None)
    asked = await office.ask()
    for _ in range(9):
        await later(office)
    assert (await office.row(asked))["outcome"] == "given_up"
    seen = len(office.discord.calls)
    await later(office)
    assert len(office.discord.calls) == seen, "it goes on trying"


# --- what Discord refuses ---------------------------------------------------------------------


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


def moderator(office: Office) -> MemberActor:
    """Somebody who may remove what others said."""
    return office.discord.user("Mod", [office.discord.role("Mods", "manage_messages")])


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


# --- words that change ------------------------------------------------------------------------


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
    await office.ask()
    (answer,) = office.everything()
    office.bench.clock.tick(seconds)
    asked = Posted(
        office.discord.world, office.discord.backend.messages[office.general.id][answer.channel_id]
    )
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


async def test_a_storm_of_rate_limits_is_ridden_out(office: Office) -> None:
    await office.start()
    for route in MENTIONED:
        office.discord.fail(route, 429, times=8, retry_after=2)
    asked = [await office.begin(f"days of leave {n}?") for n in range(12)]
    await office.rest()
    for _ in range(4):
        await later(office)
    office.assert_one_answer_each(asked)
    assert len(office.discord.calls) < 12 * 20, "it hammered Discord"
