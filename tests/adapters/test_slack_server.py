"""The stand-in for Slack, driven by the real client, the real socket and a real small app."""

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
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes import FixedClock
from tests.slack_server import Channel, ImpossibleAction, Json, SlackServer, User, sample
from tests.slack_server.payloads import FOLDER


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def slack(clock: FixedClock) -> AsyncIterator[SlackServer]:
    async with SlackServer(clock=clock, ack_seconds=0.5, retry_seconds=(0.0, 60.0)) as server:
        yield server


@pytest.fixture
def ada(slack: SlackServer) -> User:
    return slack.user("ada")


@pytest.fixture
def general(slack: SlackServer, ada: User) -> Channel:
    return slack.channel("general", members=[ada])


@pytest.fixture
def client(slack: SlackServer) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


async def error_of(call: Awaitable[Any]) -> Json:
    with pytest.raises(SlackApiError) as refused:
        await call
    answer = refused.value.response.data
    assert isinstance(answer, dict)
    return answer


def section(text: str, **fields: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **fields}


def button(action_id: str, label: str = "Why?", **fields: Any) -> Json:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action_id, "text": text, **fields}


def modal(*blocks: Json, **fields: Any) -> Json:
    def plain(text: str) -> Json:
        return {"type": "plain_text", "text": text}

    made = {"type": "modal", "title": plain("In our voice"), "submit": plain("Go")}
    return made | {"callback_id": "say", "blocks": list(blocks)} | fields


def text_input(action_id: str, **fields: Any) -> Json:
    return {
        "type": "input",
        "block_id": f"{action_id}-block",
        "label": {"type": "plain_text", "text": action_id.capitalize()},
        "element": {"type": "plain_text_input", "action_id": action_id, **fields},
    }


# --- tokens and arguments ---------------------------------------------------------------------


async def test_a_token_is_known_by_its_owner_and_scopes(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == slack.bot.id
    assert answer["bot_id"] == slack.workspace.bot_id
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-1", "invalid_auth")])
async def test_a_missing_or_unknown_token_is_refused(
    slack: SlackServer, token: str, error: str
) -> None:
    client = AsyncWebClient(token, base_url=slack.api_url)
    assert (await error_of(client.auth_test()))["error"] == error


async def test_a_method_takes_its_own_kind_of_token(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    refused = await error_of(client.apps_connections_open(app_token=slack.bot_token))
    assert refused["error"] == "not_allowed_token_type"
    answer = await client.apps_connections_open(app_token=slack.app_token)
    assert answer["url"].startswith("ws://127.0.0.1:")


async def test_a_missing_scope_is_named(slack: SlackServer, general: Channel) -> None:
    client = AsyncWebClient(slack.token("users:read"), base_url=slack.api_url)
    refused = await error_of(client.chat_postMessage(channel=general.id, text="hi"))
    assert refused["error"] == "missing_scope"
    assert (refused["needed"], refused["provided"]) == ("chat:write", "users:read")


async def test_reading_a_kind_of_channel_needs_the_scope_of_that_kind(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    private = slack.channel("board", private=True)
    slack.bot_scopes -= {"groups:history"}
    refused = await error_of(client.conversations_history(channel=private.id))
    assert refused["needed"] == "groups:history"


async def test_an_unknown_method_and_a_missing_argument_are_refused(
    client: AsyncWebClient,
) -> None:
    assert (await error_of(client.api_call("chat.shout")))["error"] == "unknown_method"
    refused = await error_of(client.api_call("chat.postMessage", json={"text": "hi"}))
    assert refused["error"] == "invalid_arguments"
    assert "missing required field: channel" in refused["response_metadata"]["messages"][0]


# --- messages ---------------------------------------------------------------------------------


async def test_a_posted_message_is_in_the_thread_and_counted_at_its_parent(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "How many days of leave?")
    answer = await client.chat_postMessage(channel=general.id, text="25 days.", thread_ts=ts)
    replies = await client.conversations_replies(channel=general.id, ts=ts)
    assert [message["text"] for message in replies["messages"]] == [
        "How many days of leave?",
        "25 days.",
    ]
    assert replies["messages"][0]["reply_count"] == 1
    assert replies["messages"][1]["ts"] == answer["ts"]
    assert [message["text"] for message in slack.replies(general, ts)] == ["25 days."]


async def test_where_the_bot_is_not_it_cannot_write(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    public = slack.channel("random", with_bot=False)
    private = slack.channel("board", private=True, with_bot=False)
    old = slack.channel("old", archived=True)
    for channel, error in (
        (public.id, "not_in_channel"),
        (private.id, "channel_not_found"),
        ("C0NOWHERE", "channel_not_found"),
        (old.id, "is_archived"),
    ):
        refused = await error_of(client.chat_postMessage(channel=channel, text="hi"))
        assert refused["error"] == error
    await client.conversations_join(channel=public.id)
    await client.chat_postMessage(channel=public.id, text="hi")


async def test_a_user_id_leads_to_the_direct_conversation(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    answer = await client.chat_postMessage(channel=ada.id, text="hi")
    assert answer["channel"] == slack.dm(ada).id
    opened = await client.conversations_open(users=[ada.id])
    assert opened["channel"]["id"] == slack.dm(ada).id


async def test_only_own_messages_that_exist_can_be_changed(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    theirs = await slack.say(ada, general, "hello")
    for ts, error in ((theirs, "cant_update_message"), ("1.000001", "message_not_found")):
        refused = await error_of(client.chat_update(channel=general.id, ts=ts, text="x"))
        assert refused["error"] == error
    refused = await error_of(client.chat_delete(channel=general.id, ts=theirs))
    assert refused["error"] == "cant_delete_message"


async def test_a_new_text_replaces_the_old_blocks(
    client: AsyncWebClient, slack: SlackServer, general: Channel
) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="a", blocks=[section("old")])
    await client.chat_update(channel=general.id, ts=posted["ts"], text="new")
    assert slack.visible(slack.messages(general)[0]) == "new"
    assert slack.messages(general)[0]["edited"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": ""}, "no_text"),
        ({"text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
        ({"text": "a", "thread_ts": "12.000001"}, "thread_not_found"),
        ({"text": "a", "blocks": "{"}, "invalid_blocks_format"),
        ({"text": "a", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "a", "username": "boss"}, "missing_scope"),
    ],
)
async def test_what_cannot_be_posted_gets_the_error_of_slack(
    client: AsyncWebClient, general: Channel, content: Json, error: str
) -> None:
    call = client.api_call("chat.postMessage", json={"channel": general.id, **content})
    assert (await error_of(call))["error"] == error


async def test_an_update_takes_4000_characters(client: AsyncWebClient, general: Channel) -> None:
    posted = await client.chat_postMessage(channel=general.id, text="x" * 40_000)
    refused = await error_of(
        client.chat_update(channel=general.id, ts=posted["ts"], text="x" * 4_001)
    )
    assert refused["error"] == "msg_too_long"
    await client.chat_update(channel=general.id, ts=posted["ts"], text="x" * 4_000)


async def test_an_ephemeral_message_is_for_one_who_is_there(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    bob = slack.user("bob")
    await client.chat_postEphemeral(channel=general.id, user=ada.id, text="psst")
    refused = await error_of(
        client.chat_postEphemeral(channel=general.id, user=bob.id, text="psst")
    )
    assert refused["error"] == "user_not_in_channel"
    assert [message["text"] for message in slack.ephemerals(ada)] == ["psst"]
    assert slack.messages(general) == slack.ephemerals(bob) == []


async def test_history_comes_in_pages_newest_first(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    said = [await slack.say(ada, general, f"message {number}") for number in range(7)]
    slack.most_per_page = 3
    got: list[str] = []
    cursor = ""
    while True:
        answer = await client.conversations_history(channel=general.id, cursor=cursor)
        got += [message["ts"] for message in answer["messages"]]
        if not answer["has_more"]:
            break
        cursor = answer["response_metadata"]["next_cursor"]
    assert got == said[::-1]
    refused = await error_of(client.conversations_history(channel=general.id, cursor="nonsense"))
    assert refused["error"] == "invalid_cursor"


async def test_a_reaction_is_there_once(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "hello")
    await client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    refused = await error_of(client.reactions_add(channel=general.id, timestamp=ts, name="eyes"))
    assert refused["error"] == "already_reacted"
    assert slack.reactions(general, ts) == {"eyes": [slack.bot.id]}
    await client.reactions_remove(channel=general.id, timestamp=ts, name="eyes")
    assert slack.reactions(general, ts) == {}
    refused = await error_of(client.reactions_remove(channel=general.id, timestamp=ts, name="eyes"))
    assert refused["error"] == "no_reaction"


async def test_a_parent_with_replies_leaves_a_tombstone(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    alone, parent = [await slack.say(ada, general, text) for text in ("a", "b")]
    await client.chat_postMessage(channel=general.id, text="reply", thread_ts=parent)
    await slack.delete(general, alone)
    await slack.delete(general, parent)
    assert [message.get("subtype") for message in slack.messages(general)] == ["tombstone", None]
    subtypes = [delivery.event.get("subtype") for delivery in slack.deliveries.history]
    assert subtypes[-2:] == ["message_deleted", "message_changed"]


async def test_a_permalink_leads_into_the_thread(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "hello")
    reply = await client.chat_postMessage(channel=general.id, text="hi", thread_ts=ts)
    answer = await client.chat_getPermalink(channel=general.id, message_ts=reply["ts"])
    assert f"/p{reply['ts'].replace('.', '')}?thread_ts={ts}" in answer["permalink"]


# --- blocks -----------------------------------------------------------------------------------

FEEDBACK: Json = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "good"},
            "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "bad"},
        }
    ],
}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def options(count: int) -> Json:
    return {
        "type": "static_select",
        "action_id": "pick",
        "options": [
            {"text": {"type": "plain_text", "text": f"Option {n}"}, "value": f"o{n}"}
            for n in range(count)
        ],
    }


AT_THE_LIMIT: list[list[Json]] = [
    [{"type": "divider"}] * 50,
    [section("x" * 3000)],
    [{"type": "markdown", "text": "x" * 6000}] * 2,
    [{"type": "header", "text": {"type": "plain_text", "text": "x" * 150}}],
    [actions(button("b", "x" * 75, value="x" * 2000))],
    [actions(*(button(f"b{n}") for n in range(25)))],
    [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10}],
    [actions(options(100))],
    [FEEDBACK],
    [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100}],
]
OVER_THE_LIMIT: list[tuple[list[Json], str]] = [
    ([{"type": "divider"}] * 51, "/blocks"),
    ([section("x" * 3001)], "/blocks/0/text/text"),
    ([{"type": "markdown", "text": "x" * 6001}] * 2, "/blocks/1/text"),
    (
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        "/blocks/0/text/text",
    ),
    ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type"),
    ([actions(button("b", "x" * 76))], "/blocks/0/elements/0/text/text"),
    ([actions(button("b", value="x" * 2001))], "/blocks/0/elements/0/value"),
    ([actions(button("x" * 256))], "/blocks/0/elements/0/action_id"),
    ([actions(button("b"), button("b"))], "/blocks/0"),
    ([section("a", block_id="x"), section("b", block_id="x")], "/blocks"),
    (
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}],
        "/blocks/0/elements",
    ),
    ([actions(options(101))], "/blocks/0/elements/0/options"),
    ([section("")], "/blocks/0/text/text"),
    ([{"type": "input"}], "/blocks/0/type"),
    ([{"type": "nonsense"}], "/blocks/0/type"),
    ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}], "/blocks/0/rows/0"),
]


@pytest.mark.parametrize("blocks", AT_THE_LIMIT)
async def test_blocks_at_their_limit_are_taken(
    client: AsyncWebClient, general: Channel, blocks: list[Json]
) -> None:
    await client.chat_postMessage(channel=general.id, text="x", blocks=blocks)


@pytest.mark.parametrize(("blocks", "place"), OVER_THE_LIMIT)
async def test_blocks_over_a_limit_are_refused_with_the_place(
    client: AsyncWebClient, general: Channel, blocks: list[Json], place: str
) -> None:
    refused = await error_of(client.chat_postMessage(channel=general.id, text="x", blocks=blocks))
    assert refused["error"] == "invalid_blocks"
    assert f"[json-pointer:{place}]" in "".join(refused["response_metadata"]["messages"])


# --- streams ----------------------------------------------------------------------------------


async def test_a_stream_grows_and_ends_with_its_blocks(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, f"{slack.mention} how many days?")
    stream = await client.chat_stream(
        channel=general.id,
        thread_ts=ts,
        recipient_user_id=ada.id,
        recipient_team_id=slack.team_id,
        buffer_size=1,
    )
    await stream.append(markdown_text="You have **25**")
    assert slack.is_streaming(general, str(stream.ts))
    await stream.append(markdown_text=" days.")
    await stream.stop(blocks=[FEEDBACK])
    (reply,) = slack.replies(general, ts)
    assert slack.visible(reply) == "You have 25 days.\n\n[Good]  [Bad]"
    assert not slack.is_streaming(general, reply["ts"])
    refused = await error_of(
        client.chat_appendStream(channel=general.id, ts=reply["ts"], markdown_text="more")
    )
    assert refused["error"] == "message_not_in_streaming_state"
    await client.chat_update(channel=general.id, ts=reply["ts"], text="26 days.")


async def test_a_stream_in_a_channel_names_who_reads_it(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "hello")
    refused = await error_of(
        client.chat_startStream(channel=general.id, thread_ts=ts, recipient_team_id=slack.team_id)
    )
    assert refused["error"] == "missing_recipient_user_id"
    direct = slack.dm(ada)
    ts = await slack.say(ada, direct, "hello")
    await client.chat_startStream(channel=direct.id, thread_ts=ts)
    refused = await error_of(client.api_call("chat.startStream", json={"channel": direct.id}))
    assert refused["error"] == "invalid_arguments"


async def open_stream(slack: SlackServer, client: AsyncWebClient, user: User) -> tuple[str, str]:
    direct = slack.dm(user)
    ts = await slack.say(user, direct, "hello")
    answer = await client.chat_startStream(channel=direct.id, thread_ts=ts, markdown_text="a")
    return direct.id, str(answer["ts"])


async def test_a_stream_closes_after_a_number_of_appends_or_minutes(
    slack: SlackServer, client: AsyncWebClient, ada: User, clock: FixedClock
) -> None:
    slack.faults.stream_appends = 1
    channel, ts = await open_stream(slack, client, ada)
    await client.chat_appendStream(channel=channel, ts=ts, markdown_text="b")
    refused = await error_of(client.chat_appendStream(channel=channel, ts=ts, markdown_text="c"))
    assert refused["error"] == "message_not_in_streaming_state"
    slack.faults.stream_appends = None
    channel, ts = await open_stream(slack, client, ada)
    clock.tick(300)
    refused = await error_of(client.chat_stopStream(channel=channel, ts=ts))
    assert refused["error"] == "message_not_in_streaming_state"


async def test_a_stream_is_not_edited_and_not_endless(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    channel, ts = await open_stream(slack, client, ada)
    refused = await error_of(client.chat_update(channel=channel, ts=ts, text="x"))
    assert refused["error"] == "streaming_state_conflict"
    await client.chat_appendStream(channel=channel, ts=ts, markdown_text="x" * 10_000)
    refused = await error_of(
        client.chat_appendStream(channel=channel, ts=ts, markdown_text="x" * 2_000)
    )
    assert refused["error"] == "msg_too_long"


# --- people and files -------------------------------------------------------------------------


async def test_people_groups_and_memberships_can_be_looked_up(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    guest = slack.user("gus", is_ultra_restricted=True)
    stranger = slack.user("sam", is_stranger=True)
    people = slack.usergroup("people", [ada])
    hidden = slack.channel("board", private=True, members=[ada], with_bot=False)
    shared = slack.channel("partners", shared=True, members=[ada, stranger])
    assert (await client.users_info(user=guest.id))["user"]["is_ultra_restricted"]
    seen = (await client.users_info(user=stranger.id))["user"]
    assert seen["is_stranger"] and seen["team_id"] != slack.team_id
    assert (await client.users_info(user=ada.id))["user"]["profile"]["email"] == "ada@example.com"
    groups = await client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["users"] == [ada.id]
    assert (await client.usergroups_users_list(usergroup=people.id))["users"] == [ada.id]
    mine = await client.users_conversations(user=ada.id, types="public_channel,private_channel")
    assert {channel["id"] for channel in mine["channels"]} == {general.id, shared.id}
    assert hidden.id not in str(mine.data)
    info = await client.conversations_info(channel=shared.id)
    assert info["channel"]["is_ext_shared"]
    members = await client.conversations_members(channel=shared.id)
    assert members["members"] == [ada.id, stranger.id, slack.bot.id]
    assert (await error_of(client.users_info(user="U0NOBODY")))["error"] == "user_not_found"
    assert (await client.team_info())["team"]["id"] == slack.team_id
    assert (await client.bots_info(bot=slack.workspace.bot_id))["bot"]["user_id"] == slack.bot.id


async def test_a_file_is_given_to_the_token_only(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    await slack.say(ada, general, "see this", files=[("leave.txt", b"25 days")])
    (event,) = [delivery.event for delivery in slack.deliveries.history]
    assert event["subtype"] == "file_share"
    url = event["files"][0]["url_private_download"]
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            assert response.status == 200
            assert response.content_type == "text/html"
        bearer = {"Authorization": f"Bearer {slack.bot_token}"}
        async with session.get(url, headers=bearer) as response:
            assert await response.read() == b"25 days"


async def test_in_a_shared_channel_a_file_has_to_be_asked_for(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    partners = slack.channel("partners", shared=True, members=[ada])
    await slack.say(ada, partners, "see this", files=[("leave.txt", b"25 days")])
    (delivery,) = slack.deliveries.history
    assert delivery.payload["is_ext_shared_channel"]
    (file,) = delivery.event["files"]
    assert file["file_access"] == "check_file_info"
    assert "url_private" not in file
    assert (await client.files_info(file=file["id"]))["file"]["name"] == "leave.txt"


async def test_a_file_can_be_uploaded(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, "the transcript?")
    await client.files_upload_v2(
        channel=general.id,
        thread_ts=ts,
        filename="transcript.txt",
        content="hello",
        initial_comment="Here",
    )
    (reply,) = slack.replies(general, ts)
    assert slack.visible(reply) == "Here\n\n📎 transcript.txt"
    refused = await error_of(client.files_completeUploadExternal(files=[{"id": "F0", "title": ""}]))
    assert refused["error"] == "file_not_found"


# --- faults -----------------------------------------------------------------------------------


async def test_a_rate_limit_says_how_long_to_wait_and_passes(
    slack: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    slack.fail("chat.postMessage", status=429, retry_after=1)
    refused = await error_of(client.chat_postMessage(channel=general.id, text="hi"))
    assert refused["error"] == "ratelimited"
    slack.fail("chat.postMessage", status=429, retry_after=1)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    await client.chat_postMessage(channel=general.id, text="hi")
    assert [call.status for call in slack.called("chat.postMessage")] == [429, 429, 200]


async def test_a_limit_counts_by_the_clock(
    slack: SlackServer, client: AsyncWebClient, clock: FixedClock
) -> None:
    slack.faults.limit("users.list", 2, 60)
    await client.users_list()
    await client.users_list()
    assert (await error_of(client.users_list()))["error"] == "ratelimited"
    clock.tick(60)
    await client.users_list()


async def test_calls_can_fail_after_some_that_go_well(
    slack: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    slack.fail("chat.postMessage", error="internal_error", after=1, times=2)
    results = []
    for _ in range(4):
        try:
            await client.chat_postMessage(channel=general.id, text="hi")
            results.append("ok")
        except SlackApiError as refused:
            results.append(refused.response["error"])
    assert results == ["ok", "internal_error", "internal_error", "ok"]


async def test_an_answer_can_be_lost_after_the_deed(
    slack: SlackServer, client: AsyncWebClient, general: Channel
) -> None:
    slack.fail("chat.postMessage", lose=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=general.id, text="hi")
    assert len(slack.messages(general)) == 1


# --- Socket Mode ------------------------------------------------------------------------------


class Socket:
    """A real socket client that keeps what it gets, and acknowledges if it is meant to."""

    def __init__(self, slack: SlackServer, *, acknowledges: bool = True):
        web = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.client = SocketModeClient(slack.app_token, web_client=web, ping_interval=0.2)
        self.acknowledges = acknowledges
        self.got: list[SocketModeRequest] = []
        self.client.socket_mode_request_listeners.append(self._take)

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.got.append(request)
        if self.acknowledges:
            response = SocketModeResponse(envelope_id=request.envelope_id)
            await client.send_socket_mode_response(response)

    async def __aenter__(self) -> Socket:
        await self.client.connect()  # type: ignore[no-untyped-call]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()  # type: ignore[no-untyped-call]


async def test_each_event_goes_to_one_of_the_connections(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as first, Socket(slack) as second:
        for number in range(10):
            await slack.say(ada, general, f"message {number}")
        await slack.settled()
        assert len(first.got) == len(second.got) == 5
        assert len(slack.latencies_ms()) == 10
        assert not slack.socket_mode.protocol_errors


async def test_a_mention_comes_as_two_events_with_one_ts(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        ts = await slack.say(ada, general, f"{slack.mention} hello")
        await slack.settled()
    events = [request.payload["event"] for request in socket.got]
    assert [event["type"] for event in events] == ["message", "app_mention"]
    assert {event["ts"] for event in events} == {ts}
    assert len({request.payload["event_id"] for request in socket.got}) == 2


async def test_an_unacknowledged_event_comes_again_and_says_so(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack, acknowledges=False) as socket:
        await slack.say(ada, general, "hello")
        await slack.until(lambda: len(socket.got) == 2)
        socket.acknowledges = True
        await slack.until(lambda: len(slack.deliveries.history[0].attempts) == 2)
        await asyncio.sleep(0)
        slack.retry_now()
        await slack.until(lambda: slack.deliveries.history[0].finished)
    assert [request.retry_attempt for request in socket.got] == [0, 1, 2]
    assert [request.retry_reason for request in socket.got] == ["", "timeout", "timeout"]
    assert len({request.envelope_id for request in socket.got}) == 3
    assert len({request.payload["event_id"] for request in socket.got}) == 1


async def test_events_wait_for_a_connection(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    await slack.say(ada, general, "hello")
    async with Socket(slack) as socket:
        await slack.settled()
        assert len(socket.got) == 1


async def test_a_dropped_connection_hands_its_event_to_the_next(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack, acknowledges=False) as socket:
        await slack.say(ada, general, "hello")
        await slack.until(lambda: socket.got)
        slack.socket_mode.drop()
        async with Socket(slack) as other:
            await slack.until(lambda: other.got or len(socket.got) > 1)


async def test_the_client_follows_a_refresh(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        await slack.socket_mode.disconnect("refresh_requested")
        await slack.until(lambda: len(slack.socket_mode.connections) == 2)
        await slack.say(ada, general, "hello")
        await slack.until(lambda: socket.got)


async def test_a_silent_socket_neither_sends_nor_pongs(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        slack.socket_mode.silence()
        await slack.say(ada, general, "hello")
        await slack.until(lambda: any(a.failure for a in slack.deliveries.history[0].attempts))
        assert not socket.got
        # the client notices by itself that nobody pongs
        await slack.until(lambda: len(slack.socket_mode.connections) > 1)


async def test_every_event_can_come_twice_and_out_of_order(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    async with Socket(slack) as socket:
        async with slack.out_of_order(seed=1, copies=2):
            said = [await slack.say(ada, general, str(number)) for number in range(20)]
        await slack.settled()
    got = [request.payload["event"]["ts"] for request in socket.got]
    assert sorted(got) == sorted(said * 2)
    assert got != sorted(got)
    assert {request.retry_attempt for request in socket.got} == {0, 1}


async def test_an_eleventh_connection_is_sent_away(slack: SlackServer) -> None:
    client = AsyncWebClient(base_url=slack.api_url)
    async with aiohttp.ClientSession() as session:
        sockets, greetings = [], []
        for _ in range(11):
            opened = await client.apps_connections_open(app_token=slack.app_token)
            sockets.append(await session.ws_connect(opened["url"]))
            greetings.append(await sockets[-1].receive_json())
        assert [greeting.get("num_connections") for greeting in greetings[:10]] == [*range(1, 11)]
        assert greetings[10]["reason"] == "too_many_websockets"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])  # a ticket is good once
        for socket in sockets:
            await socket.close()


async def test_without_the_scope_or_membership_there_is_no_event(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    elsewhere = slack.channel("random", members=[ada], with_bot=False)
    await slack.say(ada, elsewhere, f"{slack.mention} hello")
    slack.bot_scopes -= {"channels:history"}
    await slack.say(ada, general, f"{slack.mention} hello")
    assert [delivery.event["type"] for delivery in slack.deliveries.history] == ["app_mention"]


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
    thread = await slack.start_assistant_thread(ada, general)
    direct = slack.dm(ada)
    await slack.until(lambda: slack.status(direct, thread) == "is thinking…")
    assert slack.title(direct, thread) == "Help"
    assert [prompt["title"] for prompt in slack.prompts(direct, thread)] == ["Leave"]


async def test_a_status_goes_with_an_answer_or_after_two_minutes(
    slack: SlackServer, client: AsyncWebClient, ada: User, clock: FixedClock
) -> None:
    direct = slack.dm(ada)
    ts = await slack.say(ada, direct, "hello")
    place: Json = {"channel_id": direct.id, "thread_ts": ts}
    await client.assistant_threads_setStatus(**place, status="is thinking…")
    assert slack.status(direct, ts)
    await client.chat_postMessage(channel=direct.id, thread_ts=ts, text="hi")
    assert not slack.status(direct, ts)
    await client.assistant_threads_setStatus(**place, status="is thinking…")
    clock.tick(121)
    assert not slack.status(direct, ts)
    refused = await error_of(
        client.assistant_threads_setStatus(
            channel_id=direct.id, thread_ts="1.000001", status="is thinking…"
        )
    )
    assert refused["error"] == "invalid_thread_ts"


async def test_a_command_that_nobody_takes_fails_visibly(
    slack: SlackServer, ada: User, general: Channel
) -> None:
    assert not (await slack.command(ada, general, "/ask", "leave?")).acknowledged
    assert "operation_timeout" in slack.ephemerals(ada)[0]["text"]


async def test_a_trigger_is_good_once_and_for_three_seconds(
    slack: SlackServer, client: AsyncWebClient, ada: User, clock: FixedClock
) -> None:
    used, late = (slack.workspace.new_trigger(ada.id) for _ in range(2))
    await client.views_open(trigger_id=used, view=modal(section("a")))
    refused = await error_of(client.views_open(trigger_id=used, view=modal(section("a"))))
    assert refused["error"] == "exchanged_trigger_id"
    clock.tick(3.1)
    refused = await error_of(client.views_open(trigger_id=late, view=modal(section("a"))))
    assert refused["error"] == "expired_trigger_id"
    refused = await error_of(client.views_open(trigger_id="1.2.a", view=modal(section("a"))))
    assert refused["error"] == "invalid_trigger_id"


@pytest.mark.parametrize(
    "view",
    [
        modal(section("a"), title={"type": "plain_text", "text": "x" * 25}),
        modal(section("a"), private_metadata="x" * 3001),
        modal(*[section("a")] * 101),
        modal({"type": "markdown", "text": "a"}),
        modal(text_input("a", max_length=3001)),
        modal(text_input("a"), submit=None),
    ],
)
async def test_an_invalid_modal_is_refused(
    slack: SlackServer, client: AsyncWebClient, ada: User, view: Json
) -> None:
    trigger = slack.workspace.new_trigger(ada.id)
    refused = await error_of(client.views_open(trigger_id=trigger, view=view))
    assert refused["error"] == "invalid_arguments"
    assert "[json-pointer:/view" in refused["response_metadata"]["messages"][0]


async def test_a_stack_holds_three_modals_and_a_stale_update_is_refused(
    slack: SlackServer, client: AsyncWebClient, ada: User
) -> None:
    async def push(method: Any) -> Any:
        trigger = slack.workspace.new_trigger(ada.id)
        return await method(trigger_id=trigger, view=modal(section("a")))

    first = await push(client.views_open)
    await push(client.views_push)
    await push(client.views_push)
    assert (await error_of(push(client.views_push)))["error"] == "push_limit_reached"
    id, hash = first["view"]["id"], first["view"]["hash"]
    await client.views_update(view_id=id, hash=hash, view=modal(section("b")))
    refused = await error_of(client.views_update(view_id=id, hash=hash, view=modal(section("c"))))
    assert refused["error"] == "hash_conflict"
    assert (await error_of(client.views_update(view_id="V0", view=modal())))["error"] == "not_found"


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
        await asyncio.sleep(0)
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


# --- reading it -------------------------------------------------------------------------------


def test_a_message_reads_as_employees_see_it() -> None:
    from tests.slack_server import visible_text

    message = {
        "text": "only the notification",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Leave"}},
            {
                "type": "markdown",
                "text": "**25 days**, see [the *policy*](https://intra.example/leave).\n\n- a\n"
                "- b\n\n```py\nx = __name__\n```\n\nfish \\*and\\* chips &amp; <@U1>",
            },
            section("*Sources*\n1. <https://intra.example/leave|Leave policy> in <#C1>"),
            actions(button("why"), button("share", "Share with channel")),
        ],
    }
    assert visible_text(message, {"U1": "ada", "C1": "general"}) == (
        "Leave\n\n"
        "25 days, see the policy (https://intra.example/leave).\n\n• a\n• b\n\n    x = __name__\n\n"
        "fish *and* chips & @ada\n\n"
        "Sources\n1. Leave policy (https://intra.example/leave) in #general\n\n"
        "[Why?]  [Share with channel]"
    )


def test_live_mentions_are_found_and_dead_ones_are_not() -> None:
    from tests.slack_server import live_mentions

    live = {"text": "", "blocks": [section("<!here> <@U123|ada> `<!channel>` &lt;!everyone&gt;")]}
    assert live_mentions(live) == ["!here", "@U123"]
    plain = {"type": "section", "text": {"type": "plain_text", "text": "<!here>"}}
    assert live_mentions({"text": "<!channel>", "blocks": [plain]}) == []
    assert live_mentions({"text": "<!subteam^S1|hr>"}) == ["!subteam^S1"]


async def test_a_transcript_tells_the_whole_conversation(
    slack: SlackServer, client: AsyncWebClient, ada: User, general: Channel
) -> None:
    ts = await slack.say(ada, general, f"{slack.mention} how many days?")
    await client.chat_postMessage(channel=general.id, thread_ts=ts, text="*25* days.")
    await client.chat_postEphemeral(channel=general.id, user=ada.id, thread_ts=ts, text="Share?")
    await client.reactions_add(channel=general.id, timestamp=ts, name="eyes")
    assert slack.transcript(general, ts, for_user=ada) == (
        "ada 09:00:00\n  @housevoice how many days?\n  :eyes: 1\n\n"
        "housevoice 09:00:00\n  25 days.\n\n"
        "housevoice 09:00:00 (only you can see this)\n  Share?"
    )


async def test_waiting_in_vain_tells_what_there_was(slack: SlackServer) -> None:
    with pytest.raises(TimeoutError, match="unacknowledged"):
        await slack.until(lambda: False, timeout=0.01)


# --- payload files ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_every_payload_file_is_one_that_bolt_understands(path: Any) -> None:
    from slack_bolt.request.internals import extract_team_id, extract_user_id

    payload = json.loads(path.read_text("utf-8"))
    if path.stem == "url_verification":
        assert payload["type"] == "url_verification"
        return
    assert extract_team_id(payload) == "T0SAMPLE01"
    has_no_user = path.stem == "message_bot" or path.stem.startswith("assistant_")
    assert has_no_user or extract_user_id(payload)
