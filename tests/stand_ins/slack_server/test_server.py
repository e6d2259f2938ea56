"""The stand-in for Slack with a small real Bolt app, in both modes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.kit.fakes import FixedClock
from tests.stand_ins.slack_server import Channel, ImpossibleAction, Json, SlackServer, User, sample
from tests.stand_ins.slack_server.building import (
    actions,
    button,
    modal,
    section,
    text_input,
)
from tests.stand_ins.slack_server.payloads import FOLDER

# --- a small real app -------------------------------------------------------------------------


def small_app(slack: SlackServer) -> AsyncApp:
    app = AsyncApp(
        token=slack.bot_token,
        signing_secret=slack.signing_secret,
        client=AsyncWebClient(slack.bot_token, base_url=slack.api_url),
    )

    @app.event("app_mention")
    async def mentioned(event: Json, say: Any) -> None:
        await say(text="hi", blocks=[actions(button("why", value="trace"))], thread_ts=event["ts"])

    @app.event("message")
    async def message() -> None:
        return None

    @app.command("/ask")
    async def ask(ack: Any, body: Json, respond: Any, client: AsyncWebClient) -> None:
        await ack()
        if body["text"] == "modal":
            view = modal(text_input("draft", max_length=20), notify_on_close=True)
            await client.views_open(trigger_id=body["trigger_id"], view=view)
        else:
            await respond(text=f"You asked: {body['text']}", blocks=[actions(button("share"))])

    @app.command("/echo")
    async def echo(ack: Any, body: Json) -> None:
        await ack(f"echo {body['text']}")

    @app.action("why")
    async def why(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("Because.")))

    @app.action("share")
    async def share(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="shared", replace_original=True)

    @app.view("say")
    async def submitted(ack: Any, view: Json) -> None:
        text = view["state"]["values"]["draft-block"]["draft"]["value"]
        if text == "bad":
            await ack(response_action="errors", errors={"draft-block": "Too rude."})
        elif text == "again":
            await ack(response_action="update", view=modal(text_input("second")))
        elif text == "deeper":
            await ack(response_action="push", view=modal(section("On top.")))
        else:
            await ack()

    @app.view_closed("say")
    async def closed(ack: Any) -> None:
        await ack()

    @app.shortcut("say_in_our_voice")
    async def shortcut(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        shown = section(body["message"]["text"])
        await client.views_open(trigger_id=body["trigger_id"], view=modal(shown))

    @app.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        view = {"type": "home", "blocks": [section("Welcome")]}
        await client.views_publish(user_id=event["user"], view=view)

    @app.event("assistant_thread_started")
    async def started(event: Json, client: AsyncWebClient) -> None:
        thread = event["assistant_thread"]
        place = {"channel_id": thread["channel_id"], "thread_ts": thread["thread_ts"]}
        prompts = [{"title": "Leave", "message": "How many days of leave?"}]
        await client.assistant_threads_setTitle(**place, title="Help")
        await client.assistant_threads_setSuggestedPrompts(**place, prompts=prompts)
        await client.assistant_threads_setStatus(**place, status="is thinking…")

    return app


@asynccontextmanager
async def in_socket_mode(slack: SlackServer) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(small_app(slack), slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def in_http_mode(slack: SlackServer) -> AsyncIterator[None]:
    server = small_app(slack).server(port=0)
    runner = aiohttp.web.AppRunner(server.web_app)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()


@pytest.fixture(params=[in_socket_mode, in_http_mode])
async def _running_app(slack: SlackServer, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with request.param(slack):
        yield


both_modes = pytest.mark.usefixtures("_running_app")


@both_modes
async def test_a_mention_is_answered_in_its_thread(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, f"{slack.mention} hello")
    (reply,) = await slack.until(lambda: slack.replies(general, ts))
    assert slack.visible(reply) == "[Why?]"
    await slack.settled()
    assert all(delivery.acknowledged for delivery in slack.deliveries.history)


@both_modes
async def test_a_button_opens_a_modal(slack: SlackServer, ada: User, general: Channel) -> None:
    ts = await slack.say(ada, general, f"{slack.mention} hello")
    (reply,) = await slack.until(lambda: slack.replies(general, ts))
    await slack.click(ada, reply, "why")
    (view,) = await slack.until(lambda: slack.views(ada))
    assert slack.visible(view) == "== In our voice ==\n\nBecause.\n\n[Go]"
    with pytest.raises(ImpossibleAction):
        await slack.click(ada, reply, "other")


@both_modes
async def test_a_command_is_answered_privately_and_its_answer_can_be_replaced(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    assert (await slack.command(ada, general, "/ask", "leave?")).acknowledged
    (shown,) = await slack.until(lambda: slack.ephemerals(ada))
    assert shown["text"] == "You asked: leave?"
    await slack.click(ada, shown, "share")
    await slack.until(lambda: slack.ephemerals(ada)[0]["text"] == "shared")
    assert slack.messages(general) == []


@both_modes
async def test_an_answer_in_the_acknowledgement_is_shown(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    await slack.command(ada, general, "/echo", "echo")
    assert [shown["text"] for shown in slack.ephemerals(ada)] == ["echo echo"]


@both_modes
async def test_a_modal_can_refuse_change_grow_and_close(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    await slack.command(ada, general, "/ask", "modal")
    (view,) = await slack.until(lambda: slack.views(ada))
    with pytest.raises(ImpossibleAction, match="has to be filled in"):
        await slack.submit(view)
    with pytest.raises(ImpossibleAction, match="0 to 20"):
        await slack.submit(view, {"draft": "x" * 21})
    answered = await slack.submit(view, {"draft": "bad"})
    assert answered.answer["errors"] == {"draft-block": "Too rude."}
    assert slack.views(ada) == [view]
    await slack.submit(view, {"draft": "deeper"})
    assert [each["previous_view_id"] for each in slack.views(ada)] == [None, view["id"]]
    await slack.close(slack.views(ada)[-1])
    await slack.submit(view, {"draft": "again"})
    assert slack.views(ada)[0]["blocks"][0]["block_id"] == "second-block"
    closed = await slack.close(view)
    assert closed is None  # the new content did not ask to be told
    assert slack.views(ada) == []
    assert not slack.socket_mode.protocol_errors


@both_modes
async def test_shortcuts_home_and_assistant_threads_reach_the_app(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "your parcel is late sorry")
    await slack.shortcut(ada, "say_in_our_voice", general, ts)
    (view,) = await slack.until(lambda: slack.views(ada))
    assert "your parcel is late sorry" in slack.visible(view)
    await slack.open_home(ada)
    home = await slack.until(lambda: slack.home(ada))
    assert slack.visible(home) == "Welcome"
    slack.workspace.view = "assistant"
    thread = await slack.start_assistant_thread(ada, general)
    direct = slack.dm(ada)
    await slack.until(lambda: slack.status(direct, thread) == "is thinking…")
    assert slack.title(direct, thread) == "Help"
    assert [prompt["title"] for prompt in slack.prompts(direct, thread)] == ["Leave"]


async def test_a_command_that_nobody_takes_fails_visibly(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    assert not (await slack.command(ada, general, "/ask", "leave?")).acknowledged
    assert "operation_timeout" in slack.ephemerals(ada)[0]["text"]


async def test_a_response_url_is_good_five_times_and_half_an_hour(
    slack: SlackServer, ada: User, general: Channel, clock: FixedClock
) -> None:
    urls = [slack.response_url("commands", user=ada.id, channel=general.id) for _ in range(2)]

    async def respond(url: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.post(url, json={"text": "a"}) as got:
            return got.status, await got.text()

    assert [(await respond(urls[0]))[0] for _ in range(6)] == [200] * 5 + [404]
    assert len(slack.ephemerals(ada)) == 5
    clock.tick(30 * 60 + 1)
    status, body = await respond(urls[1])
    assert (status, json.loads(body)["error"]) == (404, "expired_url")


# --- HTTP mode --------------------------------------------------------------------------------


async def test_the_app_checks_who_signed_and_when(slack: SlackServer, ada: User) -> None:
    async with in_http_mode(slack):
        challenge = await slack.verify_url()
        assert challenge.status == 200
        assert sample("url_verification")["challenge"] in challenge.body
        payload = sample("message_im")
        good = slack.http_mode.sign(payload)
        assert (await slack.http_mode.send(good)).status == 200
        forged = slack.http_mode.sign(payload, secret="somebody else's")
        stale = slack.http_mode.sign(payload, age_seconds=6 * 60)
        assert (await slack.http_mode.send(forged)).status == 401
        assert (await slack.http_mode.send(stale)).status == 401


@asynccontextmanager
async def http_app(
    slack: SlackServer, answer: Callable[[aiohttp.web.Request], Awaitable[aiohttp.web.Response]]
) -> AsyncIterator[None]:
    app = aiohttp.web.Application()
    app.router.add_post("/", answer)
    runner = aiohttp.web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield
    finally:
        await runner.cleanup()


async def test_an_event_that_is_not_taken_is_sent_again_with_the_reason(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        names = ("X-Slack-Retry-Num", "X-Slack-Retry-Reason")
        number, reason = (request.headers.get(name) for name in names)
        seen.append((number, reason))
        if len(seen) == 1:
            await asyncio.Event().wait()
        return aiohttp.web.Response(status=500 if len(seen) == 2 else 200)

    async with http_app(slack, answer):
        await slack.say(ada, general, "hello")
        await slack.until(lambda: len(seen) == 2)
        await slack.until(lambda: slack.deliveries.history[0].attempts[-1].failure == "http_error")
        await slack.until(lambda: slack.deliveries.history[0].waits)
        slack.retry_now()
        await slack.until(lambda: slack.deliveries.history[0].acknowledged)
    assert seen == [(None, None), ("1", "http_timeout"), ("2", "http_error")]


async def test_an_app_can_decline_retries(slack: SlackServer, ada: User, general: Channel) -> None:
    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    async with http_app(slack, answer):
        await slack.say(ada, general, "hello")
        await slack.settled()
    assert len(slack.deliveries.history[0].attempts) == 1


# --- payload files ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_every_payload_file_is_one_that_bolt_understands(path: Any) -> None:
    from slack_bolt.request.internals import extract_team_id, extract_user_id

    payload = json.loads(path.read_text("utf-8"))
    if path.stem == "url_verification":
        assert payload["type"] == "url_verification"
        return
    assert extract_team_id(payload) == "T0SAMPLE01"
    has_no_user = path.stem.startswith(("message_bot", "assistant_", "app_context_"))
    assert has_no_user or extract_user_id(payload)
